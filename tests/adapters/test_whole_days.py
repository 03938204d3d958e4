"""Entries that last whole days, on every calendar: written as dates, read back as the instants they mean."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chouseiapo.ports import Busy, Counting, Entry
from tests.adapters.caldav_home import CalDavHome
from tests.adapters.homes import Home, LinkedHome, VendorHome
from tests.adapters.test_calendars import changed
from tests.product import at

ONE_DAY: dict[str, Any] = {"start": at(24, 15), "end": at(25, 15), "all_day": True}  # November 25 in Tokyo
THREE_DAYS: dict[str, Any] = {"start": at(24, 15), "end": at(27, 15), "all_day": True}


@pytest.mark.parametrize("days", [ONE_DAY, THREE_DAYS])
def test_days_are_read_as_they_were_written(home: Home, days: dict[str, Any]) -> None:
    (placed,) = home.put(home.entry(**days))
    (looked,) = home.look(placed)
    (listed,) = home.calendar.entries(home.link, at(20, 0), at(30, 0))
    for seen in (looked, listed):
        assert seen is not None
        assert (seen.start, seen.end, seen.all_day) == (days["start"], days["end"], True)
        assert (seen.appointment, seen.candidate) == ("appointment-1", "c1")


def test_changes_tell_days_as_they_were_written(linked: LinkedHome) -> None:
    entry = linked.entry(**THREE_DAYS)
    begun = linked.calendar.changes(linked.link, "", "", at(20, 0), at(30, 0))
    linked.put(entry)
    told = linked.calendar.changes(linked.link, "", begun.token, at(20, 0), at(30, 0))
    assert [(e.start, e.end, e.all_day) for e in told.entries] == [(entry.start, entry.end, True)]


def test_days_that_become_other_days_stay_the_same_entry(home: Home) -> None:
    entry = home.entry(**ONE_DAY)
    placed = home.put(entry)
    later = changed(entry, title="ABC株式会社:山田太郎 様", confirmed=True, **THREE_DAYS)
    (now,) = home.put(later, known=placed)
    (seen,) = home.look(now)
    assert now.vendor_id == placed[0].vendor_id
    assert seen is not None
    assert (seen.title, seen.confirmed) == (later.title, True)
    assert (seen.start, seen.end, seen.all_day) == (later.start, later.end, True)


def test_days_that_somebody_gave_a_time_are_days_again(linked: LinkedHome) -> None:
    entry = linked.entry(**ONE_DAY)
    placed = linked.put(entry)
    linked.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2))
    restored = linked.restore(entry, placed[0])
    (seen,) = linked.look(restored)
    assert seen is not None
    assert (seen.start, seen.end, seen.all_day) == (entry.start, entry.end, True)
    assert len(linked.seen()) == 1


def test_days_take_up_the_time_of_their_owner(home: Home) -> None:
    home.put(home.entry(**THREE_DAYS, confirmed=True))
    assert home.calendar.busy(home.link, at(24, 0), at(30, 0)) == [Busy(at(24, 15), at(27, 15))]


def test_our_own_days_are_no_busy_time_of_others(home: Home) -> None:
    """Our own record counts them."""
    home.put(home.entry(**ONE_DAY, confirmed=True))
    counting = Counting(tentative=False)
    assert home.calendar.busy(home.link, at(24, 0), at(30, 0), ("",), counting) == []


def test_google_and_graph_hold_dates(google: VendorHome, outlook: VendorHome) -> None:
    (at_google,), (at_graph,) = (home.put(home.entry(**THREE_DAYS)) for home in (google, outlook))
    held = google.read_by_hand(at_google.vendor_id)
    assert (held["start"], held["end"]) == ({"date": "2026-11-25"}, {"date": "2026-11-28"})
    assert outlook.read_by_hand(at_graph.vendor_id)["isAllDay"] is True


def test_a_caldav_server_holds_dates(caldav: CalDavHome) -> None:
    (placed,) = caldav.put(caldav.entry(**THREE_DAYS))
    text = caldav.text(placed.vendor_id)
    assert "DTSTART;VALUE=DATE:20261125" in text
    assert "DTEND;VALUE=DATE:20261128" in text
    assert "VTIMEZONE" not in text


def test_days_mean_those_of_the_organization_on_a_calendar_elsewhere() -> None:
    """A calendar in New York shows the same dates; what we compare them with are instants of ours."""
    from zoneinfo import ZoneInfo

    from chouseiapo.adapters.google import events

    days = {"start": {"date": "2026-11-25"}, "end": {"date": "2026-11-26"}}
    tag = {"extendedProperties": {"private": {"appointment": "appointment-1", "candidate": "c1"}}}
    event = {"id": "a", "etag": "1", **days}
    zones = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
    ours, foreign = events.found(event | tag, *zones), events.found(event, *zones)
    assert (ours.start, ours.end) == (at(24, 15), at(25, 15))
    assert (foreign.start, foreign.end) == (at(25, 5), at(26, 5))


@pytest.mark.parametrize("zone", ["America/Havana", "Africa/Cairo", "Pacific/Auckland", "Asia/Beirut"])
def test_days_begin_at_midnight_where_clocks_change_then(home: Home, zone: str) -> None:
    """In Havana the midnight of November 1 comes twice."""
    from zoneinfo import ZoneInfo

    start = datetime(2026, 11, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = (datetime(2026, 11, 2, tzinfo=ZoneInfo(zone))).astimezone(UTC)
    entry = home.entry(start=start, end=end, time_zone=zone, all_day=True)
    assert [str(day) for day in entry.days] == ["2026-11-01", "2026-11-02"]
    home.put(entry)
    assert len(home.seen()) == 1


def test_what_takes_days_with_times_stands_at_its_instants(home: Home) -> None:
    start = datetime(2026, 12, 30, 0, 30, tzinfo=UTC)
    entry = home.entry(start=start, end=start + timedelta(days=5))
    (placed,) = home.put(entry)
    (seen,) = home.look(placed)
    assert seen is not None
    assert (seen.start, seen.end, seen.all_day) == (entry.start, entry.end, False)


def test_an_upgrade_rewrites_nothing(home: Home) -> None:
    """The fingerprint of an entry with a time is the one of releases that knew no whole days."""
    entry = home.entry()
    fields = msgspec.structs.asdict(entry)
    del fields["all_day"]
    known = hashlib.sha256(msgspec.json.encode(fields)).hexdigest()[:32]
    assert entry.fingerprint() == known
    assert changed(entry, all_day=True).fingerprint() != known


def test_the_fingerprint_of_an_entry_is_what_it_was() -> None:
    entry = Entry(
        key="k", appointment="a", candidate="c", title="t", body="b", location="l",
        start=at(25, 1), end=at(25, 2), time_zone="Asia/Tokyo", confirmed=True, visibility="default",
    )  # fmt: skip
    assert entry.fingerprint() == "29277027901b4255745c71972e95327e"
