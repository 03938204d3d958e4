"""Whatever order commands come in, an appointment never contradicts itself: offered to a guest, or direct."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chouseiapo.domain.appointment import Appointment, Booking, Edit, State
from chouseiapo.domain.appointment_state import ENDED
from chouseiapo.domain.errors import DomainError
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence, occurring
from chouseiapo.domain.slots import CandidateState, Offer, Slot
from tests.domain.given import GRID, ID, NOW, SATO, SUZUKI, TANAKA, YAMADA, at, offer, proposal

COUNT = 4
candidates = st.sampled_from([f"c{n}" for n in range(1, 7)])
hosts = st.sampled_from(["zoom-1", "zoom-2"])


class AnyOrder(RuleBasedStateMachine):
    """Every command at any moment; what was refused must leave no trace."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.past: list[Any] = []
        self.ended: State | None = None
        self.fixed: set[str] = set()

    @initialize(direct=st.booleans(), frequency=st.sampled_from([None, *Frequency]), by_hand=st.booleans())
    def begin(self, direct: bool, frequency: Frequency | None, by_hand: bool) -> None:
        recurrence = Recurrence(frequency, COUNT) if direct and frequency else None
        offers: tuple[Offer, ...] = (offer(25, 1),) if direct else (offer(25, 1), offer(26, 2))
        if recurrence:
            offers = tuple(occurring(offers[0], recurrence, GRID.zone))
        wanted = proposal(platform=Platform.ZOOM, direct=direct, recurrence=recurrence, offers=offers)
        self.appointment = Appointment(ID)
        self.appointment.propose(wanted, SATO, [], self.now)
        self.appointment.register(Booking("zoom-1", by_hand), self.now)
        self.past = list(self.appointment.collect_events())

    def attempt(self, command: Any) -> None:
        """As the application does it: load, decide, save; a refused decision is thrown away."""
        appointment = Appointment.remember(ID, self.past)
        with suppress(DomainError):
            command(appointment)
            self.past += appointment.collect_events()
        self.appointment = Appointment.remember(ID, self.past)

    # What the guest and the staff do

    @rule(candidate=candidates)
    def confirm(self, candidate: str) -> None:
        self.attempt(lambda a: a.confirm(candidate, YAMADA, "", "", self.now))

    @rule()
    def register(self) -> None:
        self.attempt(lambda a: a.register(Booking(), self.now))

    @rule(candidate=candidates)
    def withdraw(self, candidate: str) -> None:
        self.attempt(lambda a: a.withdraw_candidate(candidate, self.now))

    @rule(candidate=candidates)
    def take(self, candidate: str) -> None:
        self.attempt(lambda a: a.take_candidate(candidate, "appointment-x", self.now))

    @rule(day=st.integers(22, 30), hour=st.integers(0, 22))
    @precondition(lambda self: len(self.appointment.candidates) < 6)
    def add(self, day: int, hour: int) -> None:
        self.attempt(lambda a: a.add_candidates([offer(day, hour)], GRID, self.now))

    @rule(day=st.integers(22, 30), hour=st.integers(0, 21), hours=st.integers(1, 2))
    def move(self, day: int, hour: int, hours: int) -> None:
        to = Slot(at(day, hour), at(day, hour + hours))
        self.attempt(lambda a: a.move(to, GRID, self.now))

    @rule(candidate=candidates)
    def cancel_occurrence(self, candidate: str) -> None:
        self.attempt(lambda a: a.cancel_occurrence(candidate, "", self.now))

    @rule(people=st.permutations([TANAKA, SUZUKI, SATO]), count=st.integers(0, 3))
    def change_attendees(self, people: list[str], count: int) -> None:
        self.attempt(lambda a: a.change_attendees(tuple(people[:count]), people[0], self.now))

    @rule(title=st.text(max_size=3))
    def edit(self, title: str) -> None:
        self.attempt(lambda a: a.edit(Edit(title=title), self.now))

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda a: a.cancel("", self.now))

    @rule()
    def erase(self) -> None:
        self.attempt(lambda a: a.erase_guest(self.now))

    @rule(hours=st.integers(1, 60))
    def let_time_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.attempt(lambda a: a.observe_time(self.now))

    # What becomes of the meeting

    @rule(host=hosts)
    def request_meeting(self, host: str) -> None:
        self.attempt(lambda a: a.request_meeting(host, self.now))

    @rule(host=hosts, late=st.booleans(), number=st.integers(1, 2))
    def issue_meeting(self, host: str, late: bool, number: int) -> None:
        """Of the generation that is wanted, or a late answer for the one before."""
        meeting = Meeting(f"https://zoom.example/{number}")
        generation = max(1, self.appointment.conference.generation - late)
        self.attempt(lambda a: a.issue_meeting(meeting, host, self.now, generation=generation))

    @rule()
    def delay_meeting(self) -> None:
        self.attempt(lambda a: a.delay_meeting(self.now))

    @rule(waiting_room=st.booleans())
    def choose_options(self, waiting_room: bool) -> None:
        options = MeetingOptions(waiting_room=waiting_room)
        self.attempt(lambda a: a.choose_meeting_options(options, self.now))

    @rule(waiting_room=st.booleans())
    def apply_options(self, waiting_room: bool) -> None:
        options = MeetingOptions(waiting_room=waiting_room)
        self.attempt(lambda a: a.apply_meeting_options(options, self.now))

    @rule(generation=st.integers(1, 3))
    def note_meeting_gone(self, generation: int) -> None:
        self.attempt(lambda a: a.note_meeting_gone(generation, self.now))

    @rule()
    def forgo_meeting(self) -> None:
        self.attempt(lambda a: a.forgo_meeting(self.now))

    @rule(host=hosts)
    def withdraw_meeting(self, host: str) -> None:
        self.attempt(lambda a: a.withdraw_meeting(host, self.now))

    # What holds all the same

    @invariant()
    def versions_count_up_without_a_gap(self) -> None:
        assert [e.originator_version for e in self.past] == list(range(1, len(self.past) + 1))

    @invariant()
    def an_end_is_an_end(self) -> None:
        if self.ended is not None:
            assert self.appointment.state is self.ended
        if self.appointment.state in ENDED:
            self.ended = self.appointment.state

    @invariant()
    def what_was_fixed_stays_fixed_but_for_times_that_are_left_out(self) -> None:
        chosen = {c.id for c in self.appointment.candidates.values() if c.state is CandidateState.CHOSEN}
        assert (self.appointment.state is State.CONFIRMED) <= bool(chosen)
        if self.fixed:
            assert chosen <= self.fixed
        left_out = {e.candidate for e in self.past if isinstance(e, Appointment.OccurrenceCancelled)}
        assert not left_out & chosen
        assert len(chosen | left_out) <= (COUNT if self.appointment.is_series else 1)
        self.fixed = chosen

    @invariant()
    def only_times_of_a_series_are_left_out_and_no_series_moves(self) -> None:
        kinds = {type(event) for event in self.past}
        assert (Appointment.OccurrenceCancelled in kinds) <= self.appointment.is_series
        assert not (Appointment.Moved in kinds and self.appointment.is_series)

    @invariant()
    def what_is_registered_is_never_to_be_picked(self) -> None:
        if self.appointment.direct:
            assert not self.appointment.open_candidates
            assert self.appointment.state in (State.CONFIRMED, State.CANCELLED)

    @invariant()
    def times_never_overlap_and_those_fixed_are_in_order(self) -> None:
        open_ones = self.appointment.open_candidates
        assert all(not a.slot.overlaps(b.slot) for i, a in enumerate(open_ones) for b in open_ones[:i])
        assert all(a.end <= b.start for a, b in pairwise(self.appointment.occurrences))

    @invariant()
    def each_time_has_an_agenda_s_name_of_its_own(self) -> None:
        names = [self.appointment.reservation(c) for c in self.appointment.occurrences]
        assert len(set(names)) == len(names)

    @invariant()
    def it_is_over_when_the_last_time_is(self) -> None:
        if occurrences := self.appointment.occurrences:
            assert self.appointment.is_over(self.now) == (max(c.end for c in occurrences) <= self.now)

    @invariant()
    def the_organizer_attends(self) -> None:
        assert self.appointment.organizer in self.appointment.attendees

    @invariant()
    def a_meeting_comes_only_after_a_confirmation(self) -> None:
        if self.appointment.meeting is not None:
            assert self.fixed

    @invariant()
    def a_meeting_is_there_awaited_or_given_up_but_not_two_of_these(self) -> None:
        standing, conference = self.appointment, self.appointment.conference
        assert not (standing.awaits_meeting and standing.meeting)
        assert not (conference.asked and conference.wanted)
        assert not (conference.asked and conference.forgone)
        if standing.meeting is not None and not standing.erased:
            assert 1 <= conference.standing <= conference.generation

    @invariant()
    def who_was_forgotten_is_nowhere(self) -> None:
        if self.appointment.erased:
            assert self.appointment.meeting is None
            assert self.appointment.guest.email == ""


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase
