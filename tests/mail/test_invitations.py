"""The calendar part: what Gmail and Outlook need to enter, change and remove the event by themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Guest, Platform, Visibility
from chouseiapo.invitation import Invitation, time_zone_definition
from chouseiapo.mail import Rule
from tests.domain.given import ID, given, happened, proposed
from tests.mail import libical
from tests.mail.reading import Mail, read
from tests.mail.stories import (
    FIXED_URL,
    GUEST_URL,
    IN_ROOM,
    LONG_TITLE,
    NEW_YORK,
    NO_COMPANY,
    NOTE,
    SETTINGS,
    SIDES,
    STAFF_URL,
    VISIT_THEM,
    VISIT_US,
    ZOOM,
    rendered,
    utc,
)

REQUESTS = (
    Rule.CONFIRMATION,
    Rule.CONFIRMATION_PENDING,
    Rule.MEETING_URL,
    Rule.MEETING_CHANGED,
    Rule.MEETING_WITHDRAWN,
    Rule.MEETING_FORGONE,
    Rule.MOVED,
    Rule.OCCURRENCE_CANCELLED,
)
CANCELS = (Rule.CANCELLED, Rule.REMOVED)
CARRYING = (*REQUESTS, *CANCELS)
CARRIED = [(rule, side) for rule, side in SIDES if rule in CARRYING]
ZONES = ("Asia/Tokyo", "America/New_York", "UTC", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca")


def mail(rule: Rule, side: str, locale: str = "ja", **changes: Any) -> Mail:
    return read(rendered(rule, side, locale, **changes))


both_sides = pytest.mark.parametrize("side", ["guest", "member"])


class TestWhichMails:
    @pytest.mark.parametrize(("rule", "side"), SIDES)
    def test_only_news_about_a_fixed_time_carry_an_event(self, rule: Rule, side: str) -> None:
        it = mail(rule, side)
        assert it.structure == (
            "mixed(alternative(plain, html, calendar), ics)"
            if rule in CARRYING
            else "alternative(plain, html)"
        )

    @pytest.mark.parametrize(("rule", "side"), SIDES)
    def test_nobody_whose_calendar_we_write_gets_an_event_by_mail(self, rule: Rule, side: str) -> None:
        assert mail(rule, side, reading={"calendar_part": False}).structure == "alternative(plain, html)"

    @both_sides
    def test_a_request_that_nobody_answered_is_cancelled_without_one(self, side: str) -> None:
        withdrawn = given(proposed(), happened(Appointment.Cancelled))
        assert mail(Rule.CANCELLED, side, appointment=withdrawn).calendar == b""


class TestTheEvent:
    @pytest.mark.parametrize(("rule", "side"), CARRIED)
    def test_method_status_and_sequence(self, rule: Rule, side: str) -> None:
        it = mail(rule, side)
        cancelled = rule in CANCELS
        assert it.method == ("CANCEL" if cancelled else "REQUEST")
        assert f"METHOD:{it.method}".encode() in it.calendar.splitlines()
        assert it.event["STATUS"] == ("CANCELLED" if cancelled else "CONFIRMED")
        assert it.event["SEQUENCE"] == (2 if cancelled else 1)
        assert it.event["UID"] == f"{ID}@appo.sample.example"
        assert it.event["DTSTAMP"].dt == utc(2026, 11, 21)
        assert it.event["TRANSP"] == "OPAQUE"

    @pytest.mark.parametrize(("rule", "side"), CARRIED)
    def test_the_organizer_is_who_the_mail_is_from(self, rule: Rule, side: str) -> None:
        it = mail(rule, side)
        assert it.event["ORGANIZER"] == f"mailto:{it.addresses('From')[0]}"
        name = "鈴木 花子" if rule is Rule.REMOVED else "田中 一郎"
        shown = f"{name}（株式会社サンプル）" if side == "guest" else name
        assert it.event["ORGANIZER"].params["CN"] == shown

    @both_sides
    def test_the_recipient_is_the_only_attendee(self, side: str) -> None:
        it = mail(Rule.CONFIRMATION, side)
        attendee = it.event["ATTENDEE"]
        assert attendee == f"mailto:{it.addresses('To')[0]}"
        assert (attendee.params["PARTSTAT"], attendee.params["RSVP"]) == ("ACCEPTED", "FALSE")
        assert it.calendar.count(b"mailto:") == 2

    @both_sides
    @pytest.mark.parametrize("zone", ZONES)
    def test_times_are_those_chosen_in_the_readers_zone(self, side: str, zone: str) -> None:
        it = mail(Rule.CONFIRMATION, side, reading={"time_zone": zone})
        start, end = it.event["DTSTART"], it.event["DTEND"]
        assert (start.dt, end.dt) == (utc(2026, 11, 25, 1), utc(2026, 11, 25, 2))
        if zone == "UTC":
            assert b"DTSTART:20261125T010000Z" in it.calendar
            assert b"VTIMEZONE" not in it.calendar
        else:
            assert start.params["TZID"] == end.params["TZID"] == zone
            assert f"TZID:{zone}\r\n".encode() in it.calendar

    def test_it_is_named_so_that_it_can_stand_in_a_calendar(self) -> None:
        def title(side: str, **changes: Any) -> str:
            return str(mail(Rule.CONFIRMATION, side, **changes).event["SUMMARY"])

        assert title("guest") == "株式会社サンプルとのWeb会議"
        assert title("guest", **VISIT_US) == "株式会社サンプルへの往訪"
        assert title("guest", **VISIT_THEM) == "株式会社サンプルとのアポイントメント"
        assert title("guest", settings=NO_COMPANY) == "田中 一郎とのWeb会議"
        forgone = mail(Rule.MEETING_FORGONE, "guest").event["SUMMARY"]
        assert forgone == "株式会社サンプルとのアポイントメント", "nobody has said how they meet instead"
        assert title("guest", title="導入のご相談") == title("member", title="導入のご相談") == "導入のご相談"
        assert title("member") == "ABC株式会社:山田太郎 様"
        assert title("member", title=LONG_TITLE[:251]) == LONG_TITLE[:251]

    def test_where_it_is(self) -> None:
        def where(side: str, **changes: Any) -> str:
            return str(mail(Rule.CONFIRMATION, side, **changes).event.get("LOCATION", ""))

        assert where("guest") == ZOOM.join_url
        assert where("guest", **FIXED_URL) == FIXED_URL["url"]
        assert where("guest", **VISIT_US, candidates=IN_ROOM) == f"{VISIT_US['place']} 会議室A"
        assert where("guest", candidates=IN_ROOM, platform=Platform.NONE) == ""
        assert where("member", candidates=IN_ROOM, platform=Platform.NONE) == "会議室A"

    @both_sides
    def test_it_tells_how_to_join_and_where_to_look(self, side: str) -> None:
        description = str(mail(Rule.CONFIRMATION, side).event["DESCRIPTION"])
        for word in (ZOOM.join_url, ZOOM.meeting_id, ZOOM.passcode):
            assert word in description
        assert (GUEST_URL in description, STAFF_URL in description) == (side == "guest", side == "member")
        assert (NOTE in description) == (side == "member")

    @pytest.mark.parametrize("rule", CANCELS)
    def test_a_cancel_names_the_event_and_tells_nothing_more(self, rule: Rule) -> None:
        event = mail(rule, "member").event
        assert event["UID"] == mail(Rule.CONFIRMATION, "member").event["UID"]
        assert not {"DESCRIPTION", "LOCATION"} & set(event)

    def test_a_long_note_is_cut_and_the_way_to_all_of_it_stays(self) -> None:
        description = str(mail(Rule.CONFIRMATION, "member", note="覚え書き。" * 20_000).event["DESCRIPTION"])
        assert len(description) <= 8192
        assert description.endswith(f"…\n{STAFF_URL}")
        assert ZOOM.join_url in description

    def test_a_blank_title_is_worded_in_the_members_language(self) -> None:
        assert mail(Rule.CONFIRMATION, "member", "en").event["SUMMARY"] == "ABC株式会社: 山田太郎"

    def test_visibility_is_for_members(self) -> None:
        private = {"visibility": Visibility.PRIVATE}
        assert mail(Rule.CONFIRMATION, "member", **private).event["CLASS"] == "PRIVATE"
        assert "CLASS" not in mail(Rule.CONFIRMATION, "guest", **private).event
        assert "CLASS" not in mail(Rule.CONFIRMATION, "member").event

    @pytest.mark.parametrize("name", ['O"Neil; Bob', "山田:太郎, 様", "a\\nb", "^n^'", "=?utf-8?b?eA==?="])
    def test_a_name_cannot_end_its_property(self, name: str) -> None:
        guest = Guest("", name, "yamada@example.net")
        it = mail(Rule.CONFIRMATION, "guest", guest=guest)
        assert it.event["ATTENDEE"].params["CN"] == name.replace('"', "'")
        assert it.event["ATTENDEE"] == "mailto:yamada@example.net"


class TestTheWire:
    @pytest.mark.parametrize(("rule", "side"), CARRIED)
    def test_libical_finds_nothing_wrong(self, rule: Rule, side: str) -> None:
        for changes in ({}, VISIT_US, {"title": LONG_TITLE[:251]}, {"guest": Guest("", "山", "a@b.example")}):
            for zone in ZONES:
                it = mail(rule, side, reading={"time_zone": zone}, **changes)
                assert libical.complaints(it.calendar) == []

    @pytest.mark.parametrize(
        ("rule", "missing"),
        [
            (Rule.CONFIRMATION, "ATTENDEE"),
            (Rule.CONFIRMATION, "DTSTART"),
            (Rule.CONFIRMATION, "ORGANIZER"),
            (Rule.CONFIRMATION, "SUMMARY"),
            (Rule.CONFIRMATION, "UID"),
            (Rule.CANCELLED, "SEQUENCE"),
            (Rule.CANCELLED, "ORGANIZER"),
            (Rule.CANCELLED, "DTSTAMP"),
        ],
    )
    def test_libical_would_find_it(self, rule: Rule, missing: str) -> None:
        """The check bites: without a property that the method needs, it complains."""
        event = mail(rule, "guest").calendar.replace(b"\r\n ", b"").splitlines(keepends=True)
        inside = event.index(b"BEGIN:VEVENT\r\n")
        kept = [line for n, line in enumerate(event) if n < inside or not line.startswith(missing.encode())]
        assert libical.complaints(b"".join(kept)) != []

    @both_sides
    @pytest.mark.parametrize("title", [LONG_TITLE[:251], "あ" * 251, "👩‍👩‍👧‍👦" * 35, "x" * 251])
    def test_lines_are_short_and_characters_whole(self, side: str, title: str) -> None:
        it = mail(Rule.CONFIRMATION, side, title=title)
        lines = it.calendar.split(b"\r\n")
        assert max(map(len, lines)) <= 75
        assert all(line.decode() or n == len(lines) - 1 for n, line in enumerate(lines))
        assert b"\n" not in it.calendar.replace(b"\r\n", b"")
        assert it.event["SUMMARY"] == title

    def test_control_characters_in_a_note_leave_it_readable(self) -> None:
        it = mail(Rule.CONFIRMATION, "member", note="一\x00二\x0b三\r\n四")
        assert not any(byte < 32 and byte not in b"\r\n\t" for byte in it.calendar)
        assert libical.complaints(it.calendar) == []


ONCE: dict[str, Any] = {
    "method": "REQUEST",
    "uid": "a@b.example",
    "sequence": 1,
    "start": utc(2026, 11, 25, 1),
    "end": utc(2026, 11, 25, 2),
    "time_zone": "Asia/Tokyo",
    "summary": "x",
    "description": "",
    "location": "",
    "organizer": ("", "a@b.example"),
    "attendee": ("", "c@d.example"),
}
TWO_DAYS: dict[str, Any] = {"all_day": True, "start": utc(2026, 11, 24, 15), "end": utc(2026, 11, 26, 15)}
NEW_YORK_EVENINGS: dict[str, Any] = {
    "time_zone": "America/New_York",
    "start": utc(2026, 10, 29, 0),
    "end": utc(2026, 10, 29, 1),
}
REPEATED: list[dict[str, Any]] = [
    {"rule": "FREQ=WEEKLY;COUNT=5", "last": utc(2026, 12, 23, 1), "exdates": (utc(2026, 12, 2, 1),)},
    {"rule": "FREQ=WEEKLY;COUNT=5;BYDAY=MO,TU,WE,TH,FR"},
    {"rule": "FREQ=MONTHLY;UNTIL=20270601T000000Z;INTERVAL=2", "last": utc(2027, 5, 25, 1)},
    {**TWO_DAYS},
    {**TWO_DAYS, "rule": "FREQ=WEEKLY;COUNT=3", "exdates": (utc(2026, 12, 1, 15), utc(2026, 12, 8, 15))},
    {**NEW_YORK_EVENINGS, "rule": "FREQ=WEEKLY;COUNT=30", "last": utc(2027, 5, 20)},
]


class TestSeriesAndWholeDays:
    @staticmethod
    def written(**changes: Any) -> str:
        return Invitation(**ONCE | changes).render(utc(2026, 11, 21)).replace(b"\r\n ", b"").decode()

    @pytest.mark.parametrize("changes", REPEATED)
    @pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
    def test_libical_finds_nothing_wrong(self, changes: dict[str, Any], method: str) -> None:
        assert libical.complaints(self.written(**changes, method=method).encode()) == []

    def test_a_series_is_its_rule_without_the_dates_called_off(self) -> None:
        lines = self.written(**REPEATED[0]).splitlines()
        assert "RRULE:FREQ=WEEKLY;COUNT=5" in lines
        assert "EXDATE;TZID=Asia/Tokyo:20261202T100000" in lines

    @pytest.mark.parametrize("changes", [c for c in REPEATED if "rule" in c])
    def test_the_rule_is_written_as_given(self, changes: dict[str, Any]) -> None:
        assert f"RRULE:{changes['rule']}" in self.written(**changes).splitlines()

    def test_whole_days_are_dates_and_end_on_the_day_after(self) -> None:
        lines = self.written(**REPEATED[4]).splitlines()
        assert {"DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261127"} <= set(lines)
        assert [line for line in lines if line.startswith("EXDATE")] == [
            "EXDATE;VALUE=DATE:20261202",
            "EXDATE;VALUE=DATE:20261209",
        ]
        assert "VTIMEZONE" not in self.written(**REPEATED[4])

    def test_the_zone_is_defined_until_the_last_of_a_series(self) -> None:
        told = self.written(**NEW_YORK_EVENINGS, rule="FREQ=WEEKLY;COUNT=30", last=utc(2027, 5, 20))
        assert "DTSTART:20270314T020000" in told, "the clocks that change before the last one"
        assert "DTSTART:20270314T020000" not in self.written(**NEW_YORK_EVENINGS)

    def test_something_that_happens_once_has_no_rule(self) -> None:
        assert not re.search("RRULE|EXDATE", self.written())


class TestTimeZoneDefinitions:
    """Read as RFC 5545 says: an observance starts at DTSTART of its TZOFFSETFROM."""

    @pytest.mark.parametrize("zone", [*ZONES, "America/St_Johns", "Asia/Kathmandu", "America/Sao_Paulo"])
    @pytest.mark.parametrize("year", [2024, 2026, 2027])
    def test_offsets_are_those_of_the_zone_every_half_hour(self, zone: str, year: int) -> None:
        if zone == "UTC":
            assert time_zone_definition(zone, year) == b""
            return
        observances = sorted(self.observances(time_zone_definition(zone, year).decode()))
        at = datetime(year, 1, 1, tzinfo=UTC)
        while at < datetime(year + 1, 1, 2, tzinfo=UTC):
            offset = [offset for since, offset in observances if since <= at][-1]
            assert offset == at.astimezone(ZoneInfo(zone)).utcoffset(), at
            at += timedelta(minutes=30)

    @staticmethod
    def observances(definition: str) -> list[tuple[datetime, timedelta]]:
        found = []
        for block in definition.split("BEGIN:")[2:]:
            lines = dict(line.split(":", 1) for line in block.splitlines() if ":" in line)
            before, since = (
                datetime.strptime(lines[name], "%z").utcoffset() or timedelta()
                for name in ("TZOFFSETFROM", "TZOFFSETTO")
            )
            onset = datetime.strptime(lines["DTSTART"] + "Z", "%Y%m%dT%H%M%S%z") - before
            found.append((onset, since))
        return found

    def test_every_zone_is_defined_under_the_name_that_the_times_use(self) -> None:
        told = Invitation(**ONCE | {"start": utc(2026, 3, 8, 7, 30), "end": utc(2026, 3, 8, 9)})
        for zone in available_timezones() - {"localtime"}:
            calendar = replace(told, time_zone=zone).render(utc(2026, 1, 1)).replace(b"\r\n ", b"").decode()
            named = set(re.findall(r'TZID[=:]"?([^:"\r]+)', calendar))
            assert named == ({zone} if "BEGIN:VTIMEZONE" in calendar else set())
            assert bool(named) or "DTSTART:20260308T073000Z" in calendar

    def test_summer_time_starts_by_the_clock_that_it_ends(self) -> None:
        lines = time_zone_definition("America/New_York", 2026).decode().split("\r\n")
        daylight = lines.index("BEGIN:DAYLIGHT")
        assert lines[daylight + 1] == "DTSTART:20260308T020000"

    def test_a_mail_from_an_operators_own_name_keeps_organizer_and_uid_plain(self) -> None:
        named = replace(SETTINGS, mail_from="日程調整係 <appo@sample.example>")
        event = mail(Rule.CONFIRMATION, "member", settings=named, reading=NEW_YORK).event
        assert event["ORGANIZER"] == "mailto:appo@sample.example"
        assert event["UID"] == f"{ID}@sample.example"
