"""Appointments whose time is fixed from the start: once, for whole days, or again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from chouseiapo.domain import errors
from chouseiapo.domain.appointment import Appointment, Booking, State
from chouseiapo.domain.proposal import Delivery, Guest, Proposal, check_proposal
from chouseiapo.domain.recurrence import (
    LONGEST_SERIES,
    MOST_OCCURRENCES,
    Frequency,
    Recurrence,
    check_recurrence,
    count_until,
    occurring,
)
from chouseiapo.domain.slots import Grid, Offer, Slot
from tests.domain.given import GRID, ID, NOW, SATO, TANAKA, YAMADA, at, offer, proposal, when

A = Appointment
TOKYO = ZoneInfo("Asia/Tokyo")
WEEKLY = Recurrence(Frequency.WEEKLY, 4)


def direct(**changes: Any) -> Proposal:
    return proposal(**({"direct": True, "offers": (offer(25, 1),)} | changes))


def registered(proposal: Proposal) -> Appointment:
    """A direct one as the application makes it: repeated, proposed and fixed."""
    appointment = A(ID)
    offers = (
        tuple(occurring(proposal.offers[0], proposal.recurrence, GRID.zone))
        if proposal.recurrence
        else proposal.offers
    )
    appointment.propose(msgspec.structs.replace(proposal, offers=offers), SATO, [], NOW)
    appointment.register(Booking(), NOW)
    appointment.collect_events()
    return appointment


def series() -> Appointment:
    return registered(direct(recurrence=WEEKLY))


def test_what_would_go_on_beyond_any_calendar_is_refused_and_not_counted() -> None:
    for_ever = Recurrence(Frequency.WEEKLY, 3, 1_000_000)
    assert "recurrence_too_long" in codes_of(for_ever, date(2026, 11, 25))
    for frequency in Frequency:
        assert "recurrence_too_long" in codes_of(Recurrence(frequency, 60), date(9999, 12, 3))
        assert 0 < count_until(frequency, 1, date(9999, 12, 3), date(9999, 12, 31)) < 30


def codes_of(recurrence: Recurrence, first: date) -> set[str]:
    return {problem.code for problem in check_recurrence(recurrence, first)}


def codes(proposal: Proposal, grid: Grid = GRID) -> list[tuple[str, str]]:
    return [(p.field, p.code) for p in check_proposal(proposal, grid, True, NOW)]


class TestRegistering:
    def test_one_time_is_confirmed_at_once_without_anybody_s_picking(self) -> None:
        appointment = A(ID)
        appointment.propose(direct(), SATO, [], NOW)
        assert [kind for kind, _ in when(appointment, lambda a: a.register(Booking("host"), NOW))] == [
            A.Proposed,
            A.Confirmed,
        ]
        assert appointment.state is State.CONFIRMED
        assert appointment.conference.reserved == "host"

    def test_registering_again_changes_nothing(self) -> None:
        assert when(series(), lambda a: a.register(Booking(), NOW)) == []

    def test_what_was_offered_to_a_guest_is_not_registered(self) -> None:
        appointment = A(ID)
        appointment.propose(proposal(), SATO, [], NOW)
        appointment.collect_events()
        assert when(appointment, lambda a: a.register(Booking(), NOW)) == []

    def test_every_repetition_is_fixed(self) -> None:
        appointment = series()
        assert [c.start for c in appointment.occurrences] == [
            at(25, 1) + timedelta(weeks=n) for n in range(4)
        ]
        assert appointment.is_series
        assert [appointment.reservation(c) for c in appointment.occurrences] == [
            f"{ID}/c{n}" for n in range(1, 5)
        ]

    def test_it_is_over_after_the_last_one(self) -> None:
        appointment = series()
        last = appointment.occurrences[-1]
        assert not appointment.is_over(last.end - timedelta(minutes=1))
        assert appointment.is_over(last.end)

    def test_a_guest_without_an_address_can_be_registered_for(self) -> None:
        unreachable = direct(delivery=Delivery.LINK, guest=Guest(name="山田太郎"))
        assert codes(unreachable) == []
        assert registered(unreachable).state is State.CONFIRMED


class TestRules:
    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"offers": ()}, ("candidates", "candidates_missing")),
            ({"offers": (offer(25, 1), offer(26, 1))}, ("candidates", "direct_needs_one_time")),
            ({"offers": (offer(20, 1),)}, ("candidates.0.start", "candidate_in_past")),
            ({"offers": (offer(25, 1, 24 * 32),)}, ("candidates.0.end", "candidate_too_long")),
            (
                {"offers": (Offer(at(25, 1), at(26, 1), None, True),)},
                ("candidates.0.start", "candidate_no_midnight"),
            ),
            (
                {"recurrence": Recurrence(Frequency.DAILY, 1)},
                ("recurrence.count", "occurrences_out_of_range"),
            ),
            (
                {"recurrence": Recurrence(Frequency.DAILY, MOST_OCCURRENCES + 1)},
                ("recurrence.count", "occurrences_out_of_range"),
            ),
            (
                {"recurrence": Recurrence(Frequency.DAILY, 2, 0)},
                ("recurrence.interval", "interval_out_of_range"),
            ),
            (
                {"recurrence": Recurrence(Frequency.WEEKLY, 2, 13)},
                ("recurrence.interval", "interval_out_of_range"),
            ),
            (
                {"recurrence": Recurrence(Frequency.MONTHLY, 60, 12)},
                ("recurrence.count", "recurrence_too_long"),
            ),
            (
                {"recurrence": Recurrence(Frequency.DAILY, 3), "offers": (offer(25, 1, 25),)},
                ("recurrence.frequency", "occurrences_overlap"),
            ),
            (
                {"recurrence": Recurrence(Frequency.WEEKDAYS, 3), "offers": (offer(28, 1),)},
                ("recurrence.frequency", "recurrence_starts_on_weekend"),
            ),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(
        self, changes: dict[str, Any], problem: tuple[str, str]
    ) -> None:
        assert problem in codes(direct(**changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"offers": (offer(25, 1, 24 * 31),)},
            {"offers": (Offer(at(24, 15), at(27, 15), None, True),)},
            {"recurrence": Recurrence(Frequency.DAILY, 3), "offers": (offer(25, 1, 24),)},
            {"recurrence": Recurrence(Frequency.WEEKDAYS, 60)},
            {"recurrence": Recurrence(Frequency.MONTHLY, 36)},
        ],
    )
    def test_what_can_be_registered(self, changes: dict[str, Any]) -> None:
        assert codes(direct(**changes)) == []

    def test_days_and_repetitions_are_not_for_a_guest_to_pick(self) -> None:
        days = Offer(at(24, 15), at(25, 15), None, True)
        found = codes(proposal(offers=(days,), recurrence=WEEKLY))
        assert ("candidates.0.start", "candidate_all_day") in found
        assert ("recurrence.frequency", "recurrence_needs_direct") in found


class TestCancellingOne:
    def test_one_goes_and_the_others_stand(self) -> None:
        appointment = series()
        [(kind, fields)] = when(appointment, lambda a: a.cancel_occurrence("c2", "休業日", NOW))
        assert (kind, fields) == (A.OccurrenceCancelled, {"candidate": "c2", "reason": "休業日"})
        assert [c.id for c in appointment.occurrences] == ["c1", "c3", "c4"]
        assert appointment.state is State.CONFIRMED

    def test_cancelling_it_again_changes_nothing(self) -> None:
        appointment = series()
        appointment.cancel_occurrence("c2", "", NOW)
        appointment.collect_events()
        assert when(appointment, lambda a: a.cancel_occurrence("c2", "", NOW)) == []

    def test_what_the_guest_did_not_pick_is_no_time_to_leave_out(self) -> None:
        appointment = A(ID)
        appointment.propose(proposal(), SATO, [], NOW)
        with pytest.raises(errors.NotConfirmed):
            appointment.cancel_occurrence("c2", "", NOW)
        appointment.confirm("c1", YAMADA, "", "", NOW)
        with pytest.raises(errors.NotConfirmed):
            appointment.cancel_occurrence("c2", "", NOW)

    def test_the_last_one_left_can_only_go_with_the_appointment(self) -> None:
        appointment = series()
        for id in ("c1", "c2", "c3"):
            appointment.cancel_occurrence(id, "", NOW)
        with pytest.raises(errors.LastOccurrence):
            appointment.cancel_occurrence("c4", "", NOW)

    def test_the_last_one_to_come_can_only_go_with_the_appointment(self) -> None:
        appointment = series()
        now = appointment.occurrences[-2].end
        with pytest.raises(errors.LastOccurrence):
            appointment.cancel_occurrence("c4", "", now)

    def test_what_has_taken_place_is_not_cancelled(self) -> None:
        appointment = series()
        with pytest.raises(errors.Over):
            appointment.cancel_occurrence("c1", "", appointment.occurrences[0].end)

    def test_nobody_is_asked_about_one_that_has_taken_place(self) -> None:
        def seen(candidate: str) -> Any:
            return lambda a: a.note_deviation(TANAKA, candidate, True, None, at(26, 0))

        assert when(series(), seen("c1")) == []
        assert len(when(series(), seen("c2"))) == 1

    def test_a_series_is_not_moved(self) -> None:
        with pytest.raises(errors.SeriesStands):
            series().move(Slot(at(26, 1), at(26, 2)), GRID, NOW)

    def test_days_are_moved_by_days(self) -> None:
        appointment = registered(direct(offers=(Offer(at(24, 15), at(25, 15), None, True),)))
        with pytest.raises(errors.Invalid):
            appointment.move(Slot(at(26, 1), at(26, 2)), GRID, NOW)
        appointment.move(Slot(at(25, 15), at(27, 15)), GRID, NOW)
        assert appointment.occurrences[0].all_day
        assert appointment.occurrences[0].slot == Slot(at(25, 15), at(27, 15))


class TestHands:
    def test_a_deleted_entry_of_one_time_is_asked_about(self) -> None:
        appointment = series()
        appointment.note_deviation(TANAKA, "c2", True, None, NOW)
        appointment.follow_deviation(TANAKA, "c2", None, True, GRID, NOW)
        assert appointment.question is not None
        assert appointment.question.candidate == "c2"

    def test_nothing_is_asked_any_more_about_one_that_was_cancelled(self) -> None:
        appointment = series()
        appointment.note_deviation(TANAKA, "c2", True, None, NOW)
        appointment.follow_deviation(TANAKA, "c2", None, True, GRID, NOW)
        appointment.cancel_occurrence("c2", "", NOW)
        assert appointment.question is None


def starting(local: datetime, zone: str, hours: float = 1) -> Offer:
    start = local.replace(tzinfo=ZoneInfo(zone))
    return Offer(start, (start.astimezone(UTC) + timedelta(hours=hours)).astimezone(ZoneInfo(zone)))


class TestWhen:
    def test_the_wall_clock_stays_where_clocks_change(self) -> None:
        first = starting(datetime(2026, 10, 19, 10), "Europe/Berlin")  # noqa: DTZ001
        found = occurring(first, Recurrence(Frequency.WEEKLY, 2), "Europe/Berlin")
        assert [o.start.astimezone(UTC).hour for o in found] == [8, 9]

    def test_a_time_that_does_not_exist_that_day_is_later_and_as_long(self) -> None:
        first = starting(datetime(2027, 3, 27, 2, 30), "Europe/Berlin", 0.5)  # noqa: DTZ001
        found = occurring(first, Recurrence(Frequency.DAILY, 3), "Europe/Berlin")
        walls = [f"{o.start.astimezone(ZoneInfo('Europe/Berlin')):%d %H:%M}" for o in found]
        assert walls == ["27 02:30", "28 03:30", "29 02:30"]
        assert {o.slot.end - o.slot.start for o in found} == {timedelta(minutes=30)}

    def test_days_are_from_midnight_to_midnight_where_clocks_change(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        first = Offer(datetime(2026, 10, 24, tzinfo=zone), datetime(2026, 10, 25, tzinfo=zone), None, True)
        found = occurring(first, Recurrence(Frequency.DAILY, 3), "Europe/Berlin")
        assert [o.slot.end - o.slot.start for o in found] == [timedelta(hours=h) for h in (24, 25, 24)]
        assert not any(a.slot.overlaps(b.slot) for a, b in pairwise(found))

    def test_the_31st_is_where_a_month_has_one(self) -> None:
        first = Offer(datetime(2027, 1, 31, 1, tzinfo=UTC), datetime(2027, 1, 31, 2, tzinfo=UTC))
        found = occurring(first, Recurrence(Frequency.MONTHLY, 4), "Asia/Tokyo")
        assert [f"{o.start:%m-%d}" for o in found] == ["01-31", "03-31", "05-31", "07-31"]

    def test_weekdays_leave_weekends_out(self) -> None:
        found = occurring(offer(26, 1), Recurrence(Frequency.WEEKDAYS, 4), "Asia/Tokyo")  # a Thursday
        assert [o.start.day for o in found] == [26, 27, 30, 1]

    def test_the_day_is_the_organization_s(self) -> None:
        """Friday 08:00 in Tokyo is Thursday in UTC; weekdays are counted where the people are."""
        friday = Offer(at(26, 23), at(27, 0))
        found = occurring(friday, Recurrence(Frequency.WEEKDAYS, 2), "Asia/Tokyo")
        assert found[1].start == at(29, 23)  # Monday 08:00 in Tokyo


firsts = st.builds(
    lambda day, hour, hours: Offer(
        (start := datetime.combine(date(2026, 12, 1) + timedelta(days=day), time(hour), TOKYO)),
        start + timedelta(hours=hours),
    ),
    st.integers(0, 400),
    st.integers(0, 23),
    st.integers(1, 24 * 40),
)
recurrences = st.builds(
    Recurrence, st.sampled_from(Frequency), st.integers(2, MOST_OCCURRENCES), st.integers(1, 12)
)


@example(firsts, recurrences)
def test_what_is_accepted_lies_ahead_and_never_meets_itself(first: Offer, recurrence: Recurrence) -> None:
    wanted = direct(offers=(first,), recurrence=recurrence)
    if check_proposal(wanted, GRID, True, NOW):
        return
    appointment = registered(wanted)
    times = [c.slot for c in appointment.occurrences]
    assert len(times) == recurrence.count
    assert times == sorted(times)
    assert not any(a.overlaps(b) for a, b in pairwise(times))
    assert times[0].start > NOW
    assert times[-1].start - times[0].start <= LONGEST_SERIES


@example(firsts, recurrences)
def test_every_time_has_the_clock_and_the_length_of_the_first(first: Offer, recurrence: Recurrence) -> None:
    found = occurring(first, recurrence, "Asia/Tokyo")
    assert found[0].slot == first.slot
    assert {o.start.astimezone(TOKYO).time() for o in found} == {first.start.astimezone(TOKYO).time()}
    assert {o.slot.end - o.slot.start for o in found} == {first.slot.end - first.slot.start}
    days = [o.start.astimezone(TOKYO).date() for o in found]
    if recurrence.frequency is Frequency.MONTHLY:
        assert {day.day for day in days} == {first.start.astimezone(TOKYO).day}
    if recurrence.frequency is Frequency.WEEKDAYS and not list(check_recurrence(recurrence, days[0])):
        assert all(day.weekday() < 5 for day in days)


@example(firsts, recurrences)
def test_until_its_last_day_it_takes_place_as_often(first: Offer, recurrence: Recurrence) -> None:
    days = [o.start.astimezone(TOKYO).date() for o in occurring(first, recurrence, "Asia/Tokyo")]
    how = (recurrence.frequency, recurrence.interval, days[0])
    assert count_until(*how, days[-1]) == recurrence.count
    assert count_until(*how, days[-1] - timedelta(days=1)) == recurrence.count - 1


def test_counting_far_ahead_ends_soon() -> None:
    assert count_until(Frequency.DAILY, 1, date(2026, 12, 1), date(9000, 1, 1)) == MOST_OCCURRENCES + 1
    assert count_until(Frequency.DAILY, 1, date(2026, 12, 1), date(2026, 11, 1)) == 0
