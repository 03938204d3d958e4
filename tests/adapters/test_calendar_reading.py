"""Looking at single entries, reading what stands in a window, and which calendars there are."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from chouseiapo.adapters.google import events as google_events
from chouseiapo.adapters.outlook import events as outlook_events
from chouseiapo.ports import Found, Listed, Placed, PortError
from tests.adapters.homes import Home, LinkedHome, VendorHome
from tests.adapters.test_calendars import changed
from tests.product import at

# Looking at single entries


def test_entries_are_seen_as_they_stand(home: Home) -> None:
    placed = home.put(*home.several(3))
    seen = home.look(*placed)
    assert [s and (s.vendor_id, s.etag, s.candidate) for s in seen] == [
        (p.vendor_id, p.etag, p.candidate) for p in placed
    ]
    assert seen[0] is not None
    assert (seen[0].start, seen[0].end, seen[0].confirmed) == (at(25, 1), at(25, 2), False)
    assert seen[0].appointment == "appointment-1"
    assert not seen[0].all_day
    assert not seen[0].free


def test_what_is_gone_is_seen_as_gone(home: Home) -> None:
    first, second, third = home.put(*home.several(3))
    home.delete_by_hand(second.vendor_id)
    never = Placed("never", "appointment-1", "c9")
    seen = home.look(third, never, second, first)
    assert [s and s.vendor_id for s in seen] == [third.vendor_id, None, None, first.vendor_id]
    (gone,) = home.remove(first)
    assert home.look(first, gone) == [None, None]
    assert home.look() == []


def test_what_somebody_moved_is_seen_where_it_is(linked: LinkedHome) -> None:
    (placed,) = linked.put(linked.entry())
    linked.move_by_hand(placed.vendor_id, at(28, 1), at(28, 3))
    (seen,) = linked.look(placed)
    assert seen is not None
    assert (seen.start, seen.end) == (at(28, 1), at(28, 3))
    assert seen.etag not in ("", placed.etag)


def test_one_that_may_or_may_not_stand_is_looked_for(linked: LinkedHome) -> None:
    entry = linked.entry()
    unsure = Placed(entry.key, entry.appointment, entry.candidate, unsure=True)
    assert linked.look(unsure) == [None]
    (placed,) = linked.put(entry)
    (seen,) = linked.look(unsure)
    assert seen is not None
    assert seen.vendor_id == placed.vendor_id


def test_what_bears_our_tag_no_more_is_gone_for_us(google: VendorHome, outlook: VendorHome) -> None:
    tag = {"id": outlook_events.CANDIDATE, "value": "?"}
    bodies: dict[VendorHome, dict[str, Any]] = {
        google: {"extendedProperties": {"private": {"candidate": "?"}}},
        outlook: {"singleValueExtendedProperties": [tag]},
    }
    for home, body in bodies.items():
        (placed,) = home.put(home.entry())
        home.edit_by_hand(placed.vendor_id, body)
        assert home.look(placed) == [None]


def test_a_whole_day_is_seen_as_one(google: VendorHome, outlook: VendorHome) -> None:
    midnight = {"dateTime": "2026-11-25T00:00:00", "timeZone": "Asia/Tokyo"}
    bodies: dict[VendorHome, dict[str, Any]] = {
        google: {
            "start": {"date": "2026-11-25", "dateTime": None, "timeZone": None},
            "end": {"date": "2026-11-26", "dateTime": None, "timeZone": None},
        },
        outlook: {
            "isAllDay": True,
            "start": midnight,
            "end": midnight | {"dateTime": "2026-11-26T00:00:00"},
        },
    }
    for home, body in bodies.items():
        (placed,) = home.put(home.entry())
        home.edit_by_hand(placed.vendor_id, body)
        (seen,) = home.look(placed)
        assert seen is not None
        assert (seen.start, seen.end, seen.all_day) == (at(24, 15), at(25, 15), True)


def test_a_calendar_out_of_reach_is_no_calendar_whose_entries_are_gone(vendor: VendorHome) -> None:
    calendar = vendor.add_calendar("出張")
    entries = [changed(entry, calendar=calendar) for entry in vendor.several(2)]
    placed = vendor.put(*entries)
    vendor.share("出張", "none", calendar)
    for result in vendor.calendar.look(vendor.link, placed):
        assert isinstance(result, PortError)
        assert (result.reason, result.permanent, result.auth) == ("calendar_not_found", True, False)


def test_several_are_looked_at_in_one_request(vendor: VendorHome) -> None:
    placed = vendor.put(*vendor.several(15))
    vendor.requests()
    assert None not in vendor.look(*placed)
    assert len(vendor.requests()) == 1


def test_a_vendor_in_trouble_says_nothing_of_entries(vendor: VendorHome) -> None:
    placed = vendor.put(*vendor.several(2))
    vendor.fault("status", status=503, retry_after_s=9)
    with pytest.raises(PortError) as caught:
        vendor.look(*placed)
    assert (caught.value.reason, caught.value.retry_after) == ("unavailable", 9)


# What stands in a window


def test_entries_tell_whether_their_owner_can_be_booked_meanwhile(linked: LinkedHome) -> None:
    linked.add_foreign("仮の予定", at(25, 1), at(25, 2), tentative=True)
    linked.add_free("移動可", at(25, 3), at(25, 4))
    linked.add_day("休暇", date(2026, 11, 26), date(2026, 11, 28))
    tentative, free, day = linked.calendar.entries(linked.link, at(24, 0), at(30, 0))
    assert (tentative.title, tentative.confirmed, tentative.free) == ("仮の予定", False, False)
    assert (free.title, free.confirmed, free.free) == ("移動可", True, True)
    assert (day.title, day.all_day, day.free) == ("休暇", True, False)
    assert (day.start, day.end) == (at(25, 15), at(27, 15))
    assert all(entry.etag for entry in (tentative, free, day))


def google_event(**more: Any) -> Found:
    times = {name: {"dateTime": f"2026-11-25T{hour}:00:00Z"} for name, hour in (("start", 10), ("end", 11))}
    return google_events.found({"id": "a", "etag": "1", **times, **more}, UTC, UTC)


def test_google_s_words_for_free_time() -> None:
    def answered(how: str, **more: Any) -> bool:
        return google_event(attendees=[{"email": "a@example.com", "responseStatus": how, **more}]).free

    assert not google_event().free
    assert google_event(transparency="transparent").free
    assert answered("declined", self=True)
    assert not answered("declined")
    assert not answered("needsAction", self=True)
    assert google_event(eventType="workingLocation").free
    assert not google_event(eventType="outOfOffice").free


def graph_event(start: str = "2026-11-25T10:00:00.0000000", **more: Any) -> Found:
    end = start.replace("T10", "T11").replace("-25T00", "-26T00").replace("-24T15", "-25T15")
    times = {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
    return outlook_events.found({"id": "a", "@odata.etag": "1", **times, **more})


def test_graph_s_words_for_free_time() -> None:
    free = {"free", "workingElsewhere", "unknown"}
    for shown in (*free, "tentative", "busy", "oof"):
        assert graph_event(showAs=shown).free == (shown in free)
    assert graph_event(showAs="busy", responseStatus={"response": "declined"}).free
    assert not graph_event(showAs="busy", responseStatus={"response": "notResponded"}).free
    assert graph_event(showAs="busy", isCancelled=True).free


@pytest.mark.parametrize(
    ("start", "zone", "begins"),
    [
        ("2026-11-25T00:00:00.0000000", "Tokyo Standard Time", at(24, 15)),  # the day floats
        ("2026-11-24T15:00:00.0000000", "Tokyo Standard Time", at(24, 15)),  # the instant is told
        ("2026-11-25T00:00:00.0000000", "America/New_York", at(25, 5)),
        ("2026-11-25T00:00:00.0000000", "UTC", at(25, 0)),
        ("2026-11-25T00:00:00.0000000", "tzone://Microsoft/Custom", at(25, 0)),
        ("2026-11-25T00:00:00.0000000", "", at(25, 0)),
    ],
)
def test_graph_s_whole_days_are_meant_where_they_were_made(start: str, zone: str, begins: Any) -> None:
    day = graph_event(start, isAllDay=True, originalStartTimeZone=zone)
    assert (day.start, (day.end - day.start).days) == (begins, 1)


# Which calendars there are


def test_the_account_s_own_calendar_comes_first(linked: LinkedHome) -> None:
    other = linked.add_calendar("出張")
    own, second = linked.calendar.calendars(linked.link)
    assert (own.id, own.writable) == ("", True)
    assert second == Listed(other, "出張", writable=True)


def test_google_lets_us_write_what_the_consent_reaches(google: VendorHome) -> None:
    mine = google.add_calendar("出張")
    team = google.share("営業部", "writer")
    google.share("祝日", "reader")
    google.share("社長", "freeBusyReader")
    names = {each.name: each.writable for each in google.calendar.calendars(google.link)[1:]}
    assert names == {"出張": True, "営業部": False, "祝日": False, "社長": False}
    google.grant(google.room_scopes)
    writable = [each.id for each in google.calendar.calendars(google.link) if each.writable]
    assert writable == ["", mine, team]


def test_at_microsoft_what_others_share_is_not_written_as_one_s_own(outlook: VendorHome) -> None:
    (colleague,) = outlook.add_colleagues(1)
    outlook.add_calendar("出張")
    outlook.share("同僚", "writer", colleague)
    listed = outlook.calendar.calendars(outlook.link)
    assert listed[0].id == ""
    assert sorted((each.name, each.writable) for each in listed[1:]) == [("出張", True), ("同僚", False)]


def test_long_lists_of_calendars_are_read_to_their_end(linked: LinkedHome) -> None:
    for number in range(101):
        linked.add_calendar(f"第{number}")
    assert len(linked.calendar.calendars(linked.link)) == 102


def test_who_has_no_account_has_one_calendar(builtin: Home) -> None:
    assert builtin.calendar.calendars(builtin.link) == [Listed("", "", writable=True)]
