"""What every calendar does, whoever keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chouseiapo.ports import Busy, Placed
from tests.adapters.homes import LINK_LINE, Home, LinkedHome
from tests.product import at

FAMILY = "👨‍👩‍👧‍👦"


def changed(struct: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(struct, **changes)


def test_a_hold_stands_as_wanted(home: Home) -> None:
    entry = home.entry()
    (placed,) = home.put(entry)
    (seen,) = home.seen()
    assert (seen.title, seen.body) == (entry.title, entry.body)
    assert (seen.start, seen.end) == (entry.start, entry.end)
    assert not seen.confirmed
    assert (seen.appointment, seen.candidate) == ("appointment-1", "c1")
    assert placed.vendor_id == seen.id
    assert (placed.key, placed.generation, placed.unsure) == (entry.key, 1, False)


def test_putting_it_again_changes_nothing(home: Home) -> None:
    entry = home.entry()
    first = home.put(entry)
    (again,) = home.put(entry, known=first)
    assert again.vendor_id == first[0].vendor_id
    assert len(home.seen()) == 1


def test_a_hold_becomes_the_confirmed_event_in_place(home: Home) -> None:
    hold = home.entry()
    placed = home.put(hold)
    event = changed(hold, title="ABC株式会社:山田太郎 様", confirmed=True, body=f"確定\n{LINK_LINE}")
    (now,) = home.put(event, known=placed)
    (seen,) = home.seen()
    assert seen.id == now.vendor_id == placed[0].vendor_id
    assert seen.confirmed
    assert seen.title == event.title
    assert seen.body == event.body


def test_a_moved_entry_stays_the_same_entry(home: Home) -> None:
    entry = home.entry()
    placed = home.put(entry)
    (now,) = home.put(changed(entry, start=at(27, 3), end=at(27, 5)), known=placed)
    (seen,) = home.seen()
    assert (seen.id, seen.start, seen.end) == (now.vendor_id, at(27, 3), at(27, 5))
    assert now.vendor_id == placed[0].vendor_id


def test_a_removed_entry_is_gone_and_may_be_removed_again(home: Home) -> None:
    placed = home.put(home.entry())
    (gone,) = home.remove(*placed)
    assert home.seen() == []
    assert (gone.present, gone.generation) == (False, 2)
    assert home.remove(gone)
    assert home.remove(*placed)  # as after a crash: what we know is old


def test_it_can_come_back_after_its_removal(home: Home) -> None:
    entry = home.entry()
    gone = home.remove(*home.put(entry))
    (back,) = home.put(entry, known=gone)
    assert [seen.id for seen in home.seen()] == [back.vendor_id]
    assert back.generation >= 2


def test_several_are_answered_in_their_order(home: Home) -> None:
    entries = home.several(7)
    placed = home.put(*entries)
    assert [p.key for p in placed] == [e.key for e in entries]
    assert [s.candidate for s in home.seen()] == [p.candidate for p in placed]
    turned = changed(entries[2], confirmed=True)
    kept = home.put(turned, known=placed[2:3])
    gone = home.remove(*placed[:2], *placed[3:])
    assert [g.candidate for g in gone] == ["c1", "c2", "c4", "c5", "c6", "c7"]
    assert [(s.id, s.confirmed) for s in home.seen()] == [(kept[0].vendor_id, True)]


def test_those_of_one_key_are_answered_one_by_one(linked: LinkedHome) -> None:
    """As what is left over is called by whoever no longer knows what it was."""
    placed = [changed(each, key="left over") for each in linked.put(*linked.several(3))]
    never = Placed("left over", "appointment-1", "c9")
    gone = linked.remove(placed[0], never, *placed[1:])
    assert [(g.candidate, g.present, g.generation) for g in gone] == [
        ("c1", False, 2),
        ("c9", False, 1),
        ("c2", False, 2),
        ("c3", False, 2),
    ]
    assert linked.seen() == []


def test_what_somebody_deleted_is_put_back(home: Home) -> None:
    entry = home.entry()
    placed = home.put(entry)
    home.delete_by_hand(placed[0].vendor_id)
    back = home.restore(changed(entry, confirmed=True), placed[0])
    assert [(s.id, s.confirmed) for s in home.seen()] == [(back.vendor_id, True)]


def test_what_somebody_deleted_may_be_removed(home: Home) -> None:
    placed = home.put(home.entry())
    home.delete_by_hand(placed[0].vendor_id)
    assert not home.remove(*placed)[0].present


def test_foreign_entries_are_left_alone(home: Home) -> None:
    home.add_foreign("歯医者", at(25, 1), at(25, 2))
    placed = home.put(home.entry())
    home.remove(*placed)
    home.remove(changed(placed[0], unsure=True))
    home.remove(Placed(placed[0].key, "appointment-1", "c1", unsure=True))
    assert [(s.title, s.appointment) for s in home.seen()] == [("歯医者", None)]


def test_nothing_is_asked_for_nothing(home: Home) -> None:
    assert home.put() == []
    assert home.remove() == []
    never = Placed("k", "appointment-1", "c1")
    assert not home.remove(never)[0].present


@pytest.mark.parametrize("title", ["O'Brien & 髙橋 <様>", f'{FAMILY}と"引用"', "𠮷野家 \\ 100%"])
def test_any_text_arrives_as_it_is(home: Home, title: str) -> None:
    body = f"{title}\n\n  字下げ\tタブ\n{LINK_LINE}"
    home.put(home.entry(title=title, body=body))
    (seen,) = home.seen()
    assert (seen.title, seen.body) == (title, body)


def test_a_text_that_is_too_long_keeps_its_link(home: Home) -> None:
    body = f"{FAMILY * 20_000}\n\n{LINK_LINE}"
    home.put(home.entry(body=body, title=f"【仮】{'長' * 251}"))
    (seen,) = home.seen()
    assert seen.title == f"【仮】{'長' * 251}"
    assert seen.body.endswith(f"\n{LINK_LINE}")
    assert seen.body.startswith(FAMILY)
    cut = seen.body.removesuffix(f"\n{LINK_LINE}")
    assert cut.rstrip("…\n").replace(FAMILY, "") == ""


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Asia/Tokyo", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), 1),  # 08:30: two UTC days
        ("Asia/Kolkata", datetime(2026, 11, 25, 4, 0, tzinfo=UTC), 0.5),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), 1),  # 01:30, the first one
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), 1),  # 01:30, the second one
        ("America/New_York", datetime(2027, 3, 14, 6, 30, tzinfo=UTC), 1),  # over the hour that is not
        ("Europe/London", datetime(2027, 3, 28, 0, 0, tzinfo=UTC), 2),
        ("Pacific/Auckland", datetime(2026, 12, 31, 11, 0, tzinfo=UTC), 24),
    ],
)
def test_an_entry_stands_at_its_instant_in_any_zone(
    home: Home, zone: str, start: datetime, hours: float
) -> None:
    end = start + timedelta(hours=hours)
    home.put(home.entry(start=start, end=end, time_zone=zone))
    (seen,) = home.seen()
    assert (seen.start, seen.end) == (start, end)


@pytest.mark.parametrize("visibility", ["default", "public", "private"])
def test_visibility_is_carried_over(home: Home, visibility: str) -> None:
    home.put(home.entry(visibility=visibility))
    (seen,) = home.seen()
    assert (seen.visibility == "private") == (visibility == "private")


def test_free_busy_tells_holds_events_and_foreign_ones(home: Home) -> None:
    home.put(home.entry(), home.entry("c2", start=at(25, 4), end=at(25, 5), confirmed=True))
    home.add_foreign("歯医者", at(26, 1), at(26, 2))
    home.add_foreign("来年", at(26, 1) + timedelta(days=80), at(26, 2) + timedelta(days=80))
    busy = home.calendar.busy(home.link, at(25, 0), at(25, 0) + timedelta(days=100))
    expected = [(at(25, 1), at(25, 2)), (at(25, 4), at(25, 5)), (at(26, 1), at(26, 2))]
    later = (at(26, 1) + timedelta(days=80), at(26, 2) + timedelta(days=80))
    assert busy == [Busy(*each) for each in [*expected, later]]
    assert home.calendar.busy(home.link, at(28, 0), at(29, 0)) == []


def test_entries_tell_ours_from_foreign_ones(home: Home) -> None:
    (placed,) = home.put(home.entry())
    home.add_foreign("歯医者", at(26, 1), at(26, 2))
    ours, foreign = home.calendar.entries(home.link, at(25, 0), at(27, 0))
    assert (ours.vendor_id, ours.appointment, ours.candidate) == (placed.vendor_id, "appointment-1", "c1")
    assert (ours.start, ours.end, ours.confirmed) == (at(25, 1), at(25, 2), False)
    assert (foreign.title, foreign.appointment, foreign.confirmed) == ("歯医者", "", True)
    assert home.calendar.entries(home.link, at(27, 0), at(28, 0)) == []


def test_one_that_may_or_may_not_stand_is_put_once(home: Home) -> None:
    entry = home.entry()
    home.put(entry, unsure=True)  # it did not
    home.put(changed(entry, confirmed=True), unsure=True)  # it did
    assert [seen.confirmed for seen in home.seen()] == [True]


def test_one_that_may_or_may_not_stand_is_removed(home: Home) -> None:
    entry = home.entry()
    unsure = Placed(entry.key, entry.appointment, entry.candidate, unsure=True)
    home.remove(unsure)
    home.put(entry)
    (gone,) = home.remove(unsure)
    assert home.seen() == []
    (back,) = home.put(entry, known=[gone])
    assert [seen.id for seen in home.seen()] == [back.vendor_id]
