"""What others write on a CalDAV calendar, in all its forms, and following what changes there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import vCalAddress

from chouseiapo.adapters.caldav.found import Object, Reader
from chouseiapo.ports import Changes, Counting, Found, Listed, PortError
from tests.adapters.caldav_home import CalDavHome, known_as
from tests.adapters.test_calendars import changed
from tests.product import at

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
OBJECT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//somebody//EN
{parts}
END:VCALENDAR
"""
EVENT = """BEGIN:VEVENT
UID:{uid}
DTSTAMP:20261101T000000Z
SUMMARY:予定
{lines}
END:VEVENT"""
WEEKLY = "DTSTART;TZID=Asia/Tokyo:20261103T100000\nDTEND;TZID=Asia/Tokyo:20261103T110000\nRRULE:FREQ=WEEKLY"
ZONE = """BEGIN:VTIMEZONE
TZID:Asia/Tokyo
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0900
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE
"""


def entries(home: CalDavHome, days: int = 30, calendar: str = "") -> list[Found]:
    return home.calendar.entries(home.link, at(1, 0), at(1, 0) + timedelta(days=days), calendar)


def times(home: CalDavHome, days: int = 30) -> list[tuple[datetime, datetime]]:
    return [(entry.start, entry.end) for entry in entries(home, days)]


def write(home: CalDavHome, *events: str, uid: str = "series", zone: str = "") -> str:
    parts = zone + "\n".join(EVENT.format(uid=uid, lines=lines) for lines in events)
    return home.write(f"{home.own}{uid}.ics", OBJECT.format(parts=parts).replace("\n", "\r\n"))


def follow(home: CalDavHome, since: str = "") -> Changes:
    return home.calendar.changes(home.link, "", since, at(24, 0), at(30, 0))


# Series


def test_a_series_is_taken_apart(caldav: CalDavHome) -> None:
    path = write(caldav, WEEKLY, zone=ZONE)
    found = entries(caldav)
    assert [entry.start for entry in found] == [at(day, 1) for day in (3, 10, 17, 24)]
    assert {entry.vendor_id for entry in found} == {path}
    assert all(entry.etag for entry in found)


def test_what_differs_from_a_series_stands_as_it_is(caldav: CalDavHome) -> None:
    left_out = "EXDATE;TZID=Asia/Tokyo:20261110T100000\nRDATE;TZID=Asia/Tokyo:20261112T150000"
    moved = (
        "RECURRENCE-ID;TZID=Asia/Tokyo:20261117T100000\n"
        "DTSTART;TZID=Asia/Tokyo:20261118T130000\nDTEND;TZID=Asia/Tokyo:20261118T140000\nSTATUS:TENTATIVE"
    )
    cancelled = (
        "RECURRENCE-ID;TZID=Asia/Tokyo:20261124T100000\n"
        "DTSTART;TZID=Asia/Tokyo:20261124T100000\nDTEND;TZID=Asia/Tokyo:20261124T110000\nSTATUS:CANCELLED"
    )
    write(caldav, f"{WEEKLY}\n{left_out}", moved, cancelled, zone=ZONE)
    assert [(e.start, e.confirmed) for e in entries(caldav)] == [
        (at(3, 1), True),
        (at(12, 6), True),
        (at(18, 4), False),
    ]


def test_a_series_keeps_its_wall_clock_when_clocks_change(caldav: CalDavHome) -> None:
    start = datetime(2026, 10, 29, 9, tzinfo=NEW_YORK)
    caldav.add(dtstart=start, dtend=start + timedelta(hours=1), rrule={"freq": "daily", "count": 5})
    hours = [entry.start.hour for entry in caldav.calendar.entries(caldav.link, start, at(10, 0))]
    assert hours == [13, 13, 13, 14, 14]


def test_a_series_of_whole_days(caldav: CalDavHome) -> None:
    caldav.add(dtstart=date(2026, 11, 2), dtend=date(2026, 11, 3), rrule={"freq": "weekly", "count": 2})
    found = entries(caldav)
    assert [(e.start, e.end, e.all_day) for e in found] == [
        (at(1, 15), at(2, 15), True),
        (at(8, 15), at(9, 15), True),
    ]


def test_a_window_cuts_a_series_at_its_very_edges(caldav: CalDavHome) -> None:
    write(caldav, WEEKLY, zone=ZONE)
    between = caldav.calendar.entries
    assert between(caldav.link, at(3, 2), at(10, 1)) == []
    assert len(between(caldav.link, at(3, 1) + timedelta(minutes=59), at(10, 1))) == 1
    assert len(between(caldav.link, at(3, 2), at(10, 1) + timedelta(minutes=1))) == 1


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("20261102T010000Z\nRRULE:FREQ=SECONDLY", 0),
        ("19000101T000000Z\nRRULE:FREQ=HOURLY", 0),
        (
            "20200101T000000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,1,2,3,4,5;BYSECOND=0,1,2,3,4,5,6,7",
            0,
        ),
        ("19900101T000000Z\nRRULE:FREQ=DAILY", 29),
        ("20261102T010000Z\nRRULE:FREQ=HOURLY;COUNT=5", 5),
    ],
)
def test_what_repeats_too_often_holds_nobody_up(rule: str, found: int) -> None:
    """Not by way of Radicale, which would be held up itself."""
    text = OBJECT.format(parts=EVENT.format(uid="often", lines=f"DURATION:PT1S\nDTSTART:{rule}"))
    reader = Reader(TOKYO, ())
    assert len(reader.between(Object("/often.ics", "1", text), at(1, 0), at(30, 0))) == found


# Single entries


def test_times_in_all_their_forms(caldav: CalDavHome) -> None:
    write(caldav, "DTSTART:20261102T010000Z\nDURATION:PT90M", uid="a")
    write(caldav, "DTSTART:20261103T100000\nDTEND:20261103T110000", uid="b")  # wherever one is
    write(caldav, "DTSTART;VALUE=DATE:20261104", uid="c")
    write(caldav, 'DTSTART;TZID="Tokyo Standard Time":20261105T100000\nDURATION:PT1H', uid="d")
    assert times(caldav) == [
        (at(2, 1), at(2, 2, 30)),
        (at(3, 1), at(3, 2)),
        (at(3, 15), at(4, 15)),
        (at(5, 1), at(5, 2)),
    ]


def test_a_zone_of_somebody_s_own_making(caldav: CalDavHome) -> None:
    own = ZONE.replace("Asia/Tokyo", "社内時間").replace("+0900", "+0200")
    write(caldav, "DTSTART;TZID=社内時間:20261102T100000\nDTEND;TZID=社内時間:20261102T110000", zone=own)
    assert times(caldav) == [(at(2, 8), at(2, 9))]


def test_what_can_t_be_read_hides_nothing_else(caldav: CalDavHome) -> None:
    broken = write(caldav, "DTSTART:20261102T010000Z\nDURATION:PT1H", uid="broken")
    good = caldav.add(summary="会議", dtstart=at(3, 1), dtend=at(3, 2))
    for text in ("SUMMARY:予定", "DTSTART:20261102T010000Z", "DURATION:PT1H"):
        for other in (
            "",
            "DTSTART:soon",
            "RRULE:FREQ=NEVER",
            "DTSTART:20261399T990000Z\nRRULE:FREQ=DAILY;COUNT=x",
        ):
            caldav.calm()
            caldav.fault("edit", method="REPORT", edit=lambda said, a=text, b=other: said.replace(a, b))
            assert good in [entry.vendor_id for entry in entries(caldav)]
    caldav.fault("edit", method="REPORT", edit=lambda said: said.replace("BEGIN:VEVENT", "BEGIN:", 1))
    assert broken not in [entry.vendor_id for entry in entries(caldav)]


def test_invitations_count_as_they_are_answered(caldav: CalDavHome) -> None:
    token = caldav.vault.access_token(caldav.link)
    assert caldav.email not in token.partition("addresses")[2]
    caldav.fault("edit", edit=known_as(f"mailto:{caldav.email}"))
    caldav.grant()
    for number, answer in enumerate(("ACCEPTED", "TENTATIVE", "NEEDS-ACTION", "DECLINED"), start=2):
        me = vCalAddress(f"MAILTO:{caldav.email.upper()}")
        me.params["PARTSTAT"] = answer
        other = vCalAddress("mailto:other@example.com")
        other.params["PARTSTAT"] = "DECLINED"
        caldav.add(summary=answer, dtstart=at(number, 1), dtend=at(number, 2), attendee=[other, me])
    assert [(e.title, e.confirmed, e.free) for e in entries(caldav)] == [
        ("ACCEPTED", True, False),
        ("TENTATIVE", False, False),
        ("NEEDS-ACTION", False, False),
        ("DECLINED", True, True),
    ]


def test_a_cancelled_entry_leaves_the_time_free(caldav: CalDavHome) -> None:
    caldav.add(dtstart=at(2, 1), dtend=at(2, 2), status="CANCELLED")
    assert entries(caldav) == []
    assert caldav.calendar.busy(caldav.link, at(1, 0), at(30, 0)) == []


# Several calendars


def test_each_calendar_is_listed_with_what_may_be_done_there(caldav: CalDavHome) -> None:
    trips = caldav.add_calendar("出張")
    caldav.add_calendar("やること", "VTODO")
    assert caldav.calendar.calendars(caldav.link) == [
        Listed("", "仕事", writable=True),
        Listed(trips, "出張", writable=True),
    ]
    caldav.fault("edit", edit=lambda said: re.sub(r"<(\w+:)?(write|all|bind)[a-z-]*", r"<\1read", said))
    assert [each.writable for each in caldav.calendar.calendars(caldav.link)] == [False, False]


def test_an_entry_lives_on_the_calendar_that_was_chosen(caldav: CalDavHome) -> None:
    trips = caldav.add_calendar("出張")
    entry = changed(caldav.entry(), calendar=trips)
    (placed,) = caldav.put(entry)
    assert (placed.calendar, caldav.seen()) == (trips, [])
    assert [seen.id for seen in caldav.seen(trips)] == [placed.vendor_id]
    (placed,) = caldav.put(changed(entry, confirmed=True), known=[placed])
    assert [entry.appointment for entry in entries(caldav, calendar=trips)] == ["appointment-1"]
    both = caldav.put(caldav.entry())
    seen = caldav.look(placed, *both)
    assert [s and s.confirmed for s in seen] == [True, False]
    assert [gone.calendar for gone in caldav.remove(placed, *both)] == [trips, ""]
    assert caldav.seen() == caldav.seen(trips) == []


@pytest.mark.parametrize("calendar", ["/no/such/calendar/", "//evil.example/", "https://evil.example/", "x"])
def test_a_calendar_that_is_not_there(caldav: CalDavHome, calendar: str) -> None:
    caldav.requests()
    with pytest.raises(PortError) as caught:
        entries(caldav, calendar=calendar)
    assert caught.value.permanent
    assert not caught.value.auth
    assert caught.value.reason in ("calendar_not_found", "no_permission")
    assert all(passed.headers["host"] == caldav.proxy.host for passed in caldav.requests())


def test_nobody_else_is_asked_about(caldav: CalDavHome) -> None:
    caldav.requests()
    found = caldav.calendar.schedules(caldav.link, ["a@example.com"], at(1, 0), at(2, 0))
    assert found == {"a@example.com": None}
    assert caldav.requests() == []


def test_free_time_is_counted_as_its_owner_wants(caldav: CalDavHome) -> None:
    caldav.put(caldav.entry())
    caldav.add_day("休暇", date(2026, 11, 26), date(2026, 11, 27))
    busy = caldav.calendar.busy(caldav.link, at(24, 0), at(30, 0), ("",), Counting(all_day=False))
    assert busy == []


# Following what changes


def test_a_server_without_sync_collection_is_followed_by_its_state(caldav: CalDavHome) -> None:
    caldav.fault("edit", method="PROPFIND", edit=lambda said: said.replace("sync-", "no-"))
    (placed,) = caldav.put(caldav.entry())
    first = follow(caldav)
    assert (first.whole, [e.vendor_id for e in first.entries]) == (True, [placed.vendor_id])
    assert not follow(caldav, first.token).whole
    foreign = caldav.add_foreign("歯医者", at(26, 1), at(26, 2))
    caldav.delete_by_hand(placed.vendor_id)
    later = follow(caldav, first.token)
    assert (later.whole, [e.vendor_id for e in later.entries]) == (True, [foreign])
    assert follow(caldav, later.token) == Changes([], [], later.token, whole=False)


def test_a_server_that_does_not_even_say_its_state_is_followed_by_its_etags(caldav: CalDavHome) -> None:
    caldav.fault(
        "edit",
        method="PROPFIND",
        edit=lambda said: said.replace("sync-", "no-").replace("getctag", "nothing"),
    )
    (placed,) = caldav.put(caldav.entry())
    token = follow(caldav).token
    assert not follow(caldav, token).whole
    caldav.move_by_hand(placed.vendor_id, at(28, 1), at(28, 2))
    [moved] = follow(caldav, token).entries
    assert moved.start == at(28, 1)


def test_changes_that_come_in_pieces_are_read_to_their_end(caldav: CalDavHome) -> None:
    token = follow(caldav).token
    placed = caldav.put(*caldav.several(2))
    status = "<status>HTTP/1.1 507 Insufficient Storage</status>"
    cut = f'<response xmlns="DAV:"><href>{caldav.own}</href>{status}</response>'
    caldav.requests()
    caldav.fault(
        "edit",
        method="REPORT",
        limit=1,
        edit=lambda said: re.sub(r"</(\w+:)?multistatus>", rf"{cut}\g<0>", said),
    )
    later = follow(caldav, token)
    assert [entry.vendor_id for entry in later.entries] == [p.vendor_id for p in placed]
    assert [passed.method for passed in caldav.requests()] == ["REPORT"] * 3
    assert follow(caldav, later.token).entries == []


@pytest.mark.parametrize("status", [400, 403, 409, 410, 412, 501])
def test_a_token_that_the_server_no_longer_takes(caldav: CalDavHome, status: int) -> None:
    token = follow(caldav).token
    body = '<error xmlns="DAV:"><valid-sync-token/></error>'
    caldav.fault("status", method="REPORT", status=status, body=body)
    with pytest.raises(PortError) as caught:
        follow(caldav, token)
    assert (caught.value.reason, caught.value.permanent, caught.value.auth) == ("resync", False, False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "throttled"), (403, "no_permission"), (404, "calendar_not_found"), (500, "unavailable")],
)
def test_other_trouble_leaves_the_token_good(caldav: CalDavHome, status: int, reason: str) -> None:
    token = follow(caldav).token
    caldav.fault("status", method="REPORT", status=status)
    with pytest.raises(PortError) as caught:
        follow(caldav, token)
    assert caught.value.reason == reason
    caldav.calm()
    assert not follow(caldav, token).whole


def test_what_moves_out_of_the_window_is_told(caldav: CalDavHome) -> None:
    """A single entry where it is now; a series that has nothing there any more, as gone."""
    single = caldav.add_foreign("歯医者", at(26, 1), at(26, 2))
    series = write(caldav, WEEKLY, zone=ZONE)
    token = follow(caldav).token
    far = at(26, 1) + timedelta(days=60)
    caldav.move_by_hand(single, far, far + timedelta(hours=1))
    write(caldav, f"{WEEKLY};COUNT=2", zone=ZONE)
    later = follow(caldav, token)
    assert [(e.vendor_id, e.start) for e in later.entries] == [(single, far)]
    assert later.gone == [series]


def test_the_clock_of_the_account_is_the_organization_s(caldav: CalDavHome) -> None:
    caldav.add_day("休暇", date(2026, 11, 2), date(2026, 11, 3))
    [day] = entries(caldav)
    assert day.start.astimezone(TOKYO) == datetime(2026, 11, 2, tzinfo=TOKYO)
    assert day.start.tzinfo is UTC
