"""Whatever order commands come in, an appointment never contradicts itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.errors import DomainError
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.domain.slots import CandidateState
from tests.domain.given import GRID, ID, NOW, SATO, SUZUKI, TANAKA, YAMADA, offer, proposal

FINAL = {State.CANCELLED, State.EXPIRED, State.DECLINED}
candidates = st.sampled_from([f"c{n}" for n in range(1, 7)])


class AnyOrder(RuleBasedStateMachine):
    """Every command at any moment; what was refused must leave no trace."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.appointment = Appointment(ID)
        self.appointment.propose(proposal(platform=Platform.ZOOM), SATO, [], self.now)
        self.past: list[Any] = list(self.appointment.collect_events())
        self.ended: State | None = None
        self.fixed: str | None = None

    def attempt(self, command: Any) -> None:
        """As the application does it: load, decide, save; a refused decision is thrown away."""
        appointment = Appointment.remember(ID, self.past)
        with suppress(DomainError):
            command(appointment)
            self.past += appointment.collect_events()
        self.appointment = Appointment.remember(ID, self.past)

    @rule(candidate=candidates)
    def confirm(self, candidate: str) -> None:
        self.attempt(lambda a: a.confirm(candidate, YAMADA, "", "", self.now))

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

    @rule(people=st.permutations([TANAKA, SUZUKI, SATO]), count=st.integers(0, 3))
    def change_attendees(self, people: list[str], count: int) -> None:
        self.attempt(lambda a: a.change_attendees(tuple(people[:count]), people[0], self.now))

    @rule(title=st.text(max_size=3))
    def edit(self, title: str) -> None:
        self.attempt(lambda a: a.edit(Edit(title=title), self.now))

    @rule()
    def issue_meeting(self) -> None:
        self.attempt(lambda a: a.issue_meeting(Meeting("https://zoom.example/1"), "zoom-1", self.now))

    @rule()
    def delay_meeting(self) -> None:
        self.attempt(lambda a: a.delay_meeting(self.now))

    @rule()
    def cancel(self) -> None:
        self.attempt(lambda a: a.cancel("", self.now))

    @rule(hours=st.integers(1, 60))
    def let_time_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.attempt(lambda a: a.observe_time(self.now))

    @invariant()
    def versions_count_up_without_a_gap(self) -> None:
        assert [e.originator_version for e in self.past] == list(range(1, len(self.past) + 1))

    @invariant()
    def an_end_is_an_end(self) -> None:
        if self.ended is not None:
            assert self.appointment.state is self.ended
        if self.appointment.state in FINAL:
            self.ended = self.appointment.state

    @invariant()
    def one_candidate_at_most_is_chosen_and_it_stays_the_one(self) -> None:
        chosen = [c.id for c in self.appointment.candidates.values() if c.state is CandidateState.CHOSEN]
        assert len(chosen) <= 1
        assert (self.appointment.state is State.CONFIRMED) <= (len(chosen) == 1)
        if self.fixed is not None:
            assert chosen == [self.fixed]
        self.fixed = chosen[0] if chosen else self.fixed

    @invariant()
    def open_candidates_never_overlap(self) -> None:
        open_ones = self.appointment.open_candidates
        assert all(not a.slot.overlaps(b.slot) for i, a in enumerate(open_ones) for b in open_ones[:i])

    @invariant()
    def the_organizer_attends(self) -> None:
        assert self.appointment.organizer in self.appointment.attendees

    @invariant()
    def a_meeting_comes_only_after_a_confirmation(self) -> None:
        if self.appointment.meeting is not None:
            assert self.fixed is not None


AnyOrder.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase
