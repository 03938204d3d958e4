"""Entries on another calendar of the account, and on a room's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chouseiapo.ports import Busy, Counting, Entry, Placed, PortError
from tests.adapters.homes import LinkedHome, VendorHome
from tests.adapters.test_calendars import changed
from tests.product import at

Place = Callable[[VendorHome], str]


def beside(home: VendorHome) -> str:
    """Another calendar of the same account."""
    return home.add_calendar("出張")


def room(home: VendorHome) -> str:
    return home.add_room()


@pytest.fixture(params=[beside, room], ids=["another calendar", "a room"])
def place(request: pytest.FixtureRequest) -> Place:
    where: Place = request.param
    return where


def entries_on(home: LinkedHome, calendar: str, count: int) -> list[Entry]:
    return [changed(entry, calendar=calendar, key=f"{entry.key}@{calendar}") for entry in home.several(count)]


def test_an_entry_lives_there_from_hold_to_removal(vendor: VendorHome, place: Place) -> None:
    calendar = place(vendor)
    (entry,) = entries_on(vendor, calendar, 1)
    (placed,) = vendor.put(entry)
    assert placed.calendar == calendar
    assert vendor.seen() == []
    assert [(s.id, s.confirmed) for s in vendor.seen(calendar)] == [(placed.vendor_id, False)]
    (now,) = vendor.put(changed(entry, confirmed=True), known=[placed])
    assert (now.vendor_id, now.calendar) == (placed.vendor_id, calendar)
    assert [s.confirmed for s in vendor.seen(calendar)] == [True]
    (seen,) = vendor.look(now)
    assert seen is not None
    assert (seen.vendor_id, seen.etag, seen.candidate) == (now.vendor_id, now.etag, "c1")
    (gone,) = vendor.remove(now)
    assert (gone.present, gone.calendar) == (False, calendar)
    assert vendor.seen(calendar) == []
    assert vendor.look(now) == [None]


def test_hands_are_noticed_there(vendor: VendorHome, place: Place) -> None:
    calendar = place(vendor)
    entries = entries_on(vendor, calendar, 3)
    placed = vendor.put(*entries)
    vendor.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2), calendar)
    vendor.delete_by_hand(placed[1].vendor_id, calendar)
    results = vendor.try_put([changed(entry, confirmed=True) for entry in entries], placed)
    assert [isinstance(r, PortError) and r.reason for r in results] == ["touched", "touched", False]
    moved, gone, stands = vendor.look(*placed)
    assert moved is not None
    assert moved.start == at(28, 1)
    assert gone is None
    assert stands is not None
    back = vendor.restore(entries[1], placed[1])
    assert [s.id for s in vendor.seen(calendar) if s.candidate == "c2"] == [back.vendor_id]


def test_a_lost_answer_leaves_one_entry_there(vendor: VendorHome, place: Place) -> None:
    calendar = place(vendor)
    entries = entries_on(vendor, calendar, 2)
    vendor.outside.fault(vendor.service, "drop_after")
    with pytest.raises(PortError):
        vendor.put(*entries)
    vendor.outside.calm()
    unsure = [Placed(e.key, e.appointment, e.candidate, unsure=True, calendar=calendar) for e in entries]
    placed = vendor.put(*entries, known=unsure)
    assert [s.id for s in vendor.seen(calendar)] == [p.vendor_id for p in placed]
    assert not any(p.present for p in vendor.remove(*(changed(p, unsure=True) for p in placed)))
    assert vendor.seen(calendar) == []


def test_its_entries_changes_and_busy_times_are_read(vendor: VendorHome, place: Place) -> None:
    calendar = place(vendor)
    window = at(24, 0), at(30, 0)
    begun = vendor.calendar.changes(vendor.link, calendar, "", *window)
    (placed,) = vendor.put(*entries_on(vendor, calendar, 1))
    vendor.add_foreign("定例", at(26, 1), at(26, 2), calendar)
    ours, foreign = vendor.calendar.entries(vendor.link, *window, calendar)
    assert (ours.vendor_id, ours.appointment) == (placed.vendor_id, "appointment-1")
    assert (foreign.title, foreign.appointment) == ("定例", "")
    later = vendor.calendar.changes(vendor.link, calendar, begun.token, *window)
    assert [e.vendor_id for e in later.entries] == [placed.vendor_id, foreign.vendor_id]
    rules = Counting(tentative=False)
    assert vendor.calendar.busy(vendor.link, *window, [calendar], rules) == [Busy(at(26, 1), at(26, 2))]


def test_one_call_may_concern_several_calendars(vendor: VendorHome) -> None:
    room, other = vendor.add_room(), vendor.add_calendar("出張")
    wanted = [vendor.entry("c1"), *entries_on(vendor, other, 1), *entries_on(vendor, room, 1)]
    vendor.requests()
    placed = vendor.put(*wanted)
    assert [p.calendar for p in placed] == ["", other, room]
    assert [len(vendor.seen(calendar)) for calendar in ("", other, room)] == [1, 1, 1]
    assert [seen and seen.vendor_id for seen in vendor.look(*placed)] == [p.vendor_id for p in placed]
    vendor.remove(*placed)
    assert [r["parts"] for r in vendor.requests()] == [3, 3, 3]
    assert [len(vendor.seen(calendar)) for calendar in ("", other, room)] == [0, 0, 0]


def test_whether_we_may_write_there_is_the_vendor_s_word(vendor: VendorHome, place: Place) -> None:
    where, colleague = place(vendor), vendor.add_colleagues(1)[0]
    assert vendor.calendar.may_write(vendor.link, "")
    assert vendor.calendar.may_write(vendor.link, where)
    vendor.grant(vendor.room_scopes)
    with pytest.raises(PortError) as caught:
        vendor.calendar.may_write(vendor.link, colleague)
    assert (caught.value.reason, caught.value.permanent) == ("calendar_not_found", True)
    vendor.share("同僚", "reader", colleague)
    assert not vendor.calendar.may_write(vendor.link, colleague)
    assert vendor.calendar.entries(vendor.link, at(24, 0), at(25, 0), colleague) == []
    vendor.share("同僚", "writer", colleague)
    assert vendor.calendar.may_write(vendor.link, colleague)


def test_a_room_needs_a_consent_of_its_own(vendor: VendorHome) -> None:
    room = vendor.add_room()
    vendor.grant()
    with pytest.raises(PortError) as caught:
        vendor.put(*entries_on(vendor, room, 1))
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)
    with pytest.raises(PortError) as caught:
        vendor.calendar.may_write(vendor.link, room)
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


def test_a_room_that_signs_in_itself_is_like_anybody(outlook: VendorHome) -> None:
    """Its own calendar has no name then."""
    outlook.email = outlook.add_room()
    outlook.grant()
    (placed,) = outlook.put(outlook.entry())
    assert [s.id for s in outlook.seen()] == [placed.vendor_id]
