"""Overlap, grid, UTC midnights and DST days: rules with many cases, checked by properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chouseiapo.domain.agenda import Agenda, agenda_id
from chouseiapo.domain.errors import CandidateTaken
from chouseiapo.domain.slots import Candidate, Grid, Offer, Slot, check_offers

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOW = EPOCH - timedelta(days=1)
minutes = st.integers(0, 60 * 24 * 400)
slots = st.builds(
    lambda start, length: Slot(EPOCH + timedelta(minutes=start), EPOCH + timedelta(minutes=start + length)),
    minutes,
    st.integers(1, 24 * 60),
)


def shared_minutes(a: Slot, b: Slot) -> int:
    """The definition that needs no cleverness: count the minutes both contain."""
    span = min(a.end, b.end) - max(a.start, b.start)
    return max(0, int(span.total_seconds() // 60))


@given(slots, slots)
def test_slots_overlap_when_they_share_a_minute(a: Slot, b: Slot) -> None:
    assert a.overlaps(b) == b.overlaps(a) == (shared_minutes(a, b) > 0)


@given(slots)
def test_a_slot_touches_each_utc_day_that_holds_one_of_its_minutes(slot: Slot) -> None:
    length = int((slot.end - slot.start).total_seconds() // 60)
    days = {(slot.start + timedelta(minutes=n)).date() for n in range(length)}
    assert slot.utc_days() == sorted(days)


@given(st.lists(slots, max_size=12))
def test_an_agenda_never_holds_two_that_overlap(wanted: list[Slot]) -> None:
    agenda = Agenda("agenda-member-1-2026-01-01")
    for n, slot in enumerate(wanted):
        free = all(not slot.overlaps(held) for held in agenda.reservations.values())
        if free:
            agenda.reserve(f"appointment-{n}", slot, NOW)
        else:
            with pytest.raises(CandidateTaken):
                agenda.reserve(f"appointment-{n}", slot, NOW)
    held = list(agenda.reservations.values())
    assert all(not a.overlaps(b) for i, a in enumerate(held) for b in held[:i])


@given(slots)
def test_released_time_is_free_again(slot: Slot) -> None:
    agenda = Agenda("agenda-member-1-2026-01-01")
    agenda.reserve("appointment-1", slot, NOW)
    agenda.release("appointment-1", NOW)
    agenda.reserve("appointment-2", slot, NOW)
    assert agenda.taken_by(slot) == "appointment-2"


@given(slots, slots)
def test_two_overlapping_slots_meet_in_at_least_one_agenda(a: Slot, b: Slot) -> None:
    """What makes double booking impossible: both write to a stream of a day that they share."""
    if a.overlaps(b):
        assert set(a.utc_days()) & set(b.utc_days())


def test_a_morning_in_tokyo_touches_two_utc_days() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    slot = Slot(datetime(2026, 11, 25, 8, 30, tzinfo=tokyo), datetime(2026, 11, 25, 9, 30, tzinfo=tokyo))
    assert slot.utc_days() == [date(2026, 11, 24), date(2026, 11, 25)]
    assert agenda_id("member-1", slot.utc_days()[0]) == "agenda-member-1-2026-11-24"


def test_an_interval_that_ends_at_midnight_does_not_touch_the_next_day() -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    assert Slot(midnight - timedelta(hours=1), midnight).utc_days() == [date(2026, 11, 24)]


@given(minutes, st.sampled_from([15, 30, 60]), st.sampled_from(["Asia/Tokyo", "Asia/Kathmandu", "UTC"]))
def test_the_grid_counts_from_local_midnight(minute: int, step: int, zone: str) -> None:
    instant = EPOCH + timedelta(minutes=minute)
    local = instant.astimezone(ZoneInfo(zone))
    assert Grid(step, zone).holds(instant) == ((local.hour * 60 + local.minute) % step == 0)


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 3, 30)),  # noqa: DTZ001 - the hour before does not exist
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 30)),  # noqa: DTZ001 - this hour comes twice
        ("America/New_York", datetime(2026, 3, 8, 3, 0)),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 2, 0)),  # noqa: DTZ001 - moves by half an hour
    ],
)
def test_the_wall_clock_decides_on_days_that_change_their_offset(zone: str, local: datetime) -> None:
    for fold in (0, 1):
        instant = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
        assert Grid(30, zone).holds(instant)
        assert not Grid(30, zone).holds(instant + timedelta(minutes=10))


@given(st.lists(slots, min_size=1, max_size=8))
def test_offers_are_accepted_exactly_when_none_overlaps(wanted: list[Slot]) -> None:
    grid = Grid(1, "UTC")
    offers = [Offer(s.start, s.end) for s in wanted]
    overlapping = any(a.overlaps(b) for i, a in enumerate(wanted) for b in wanted[:i])
    problems = check_offers(offers, [], grid, NOW)
    assert bool(problems) == overlapping
    assert all(p.code == "candidate_overlaps" for p in problems)


@given(slots, slots)
def test_an_offer_is_held_against_the_candidates_that_stand(standing: Slot, offered: Slot) -> None:
    candidate = Candidate("c1", standing.start, standing.end)
    problems = check_offers([Offer(offered.start, offered.end)], [candidate], Grid(1, "UTC"), NOW)
    assert bool(problems) == standing.overlaps(offered)
