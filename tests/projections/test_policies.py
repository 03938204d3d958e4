"""What follows by itself: overtaken candidates close, appointments expire, waiting for a meeting ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chouseiapo.bootstrap import Services
from chouseiapo.domain.agenda import Agendas
from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.slots import CandidateState
from chouseiapo.worker import Worker
from tests.product import BY, NOW, YAMADA, Office, at, offer


def states(office: Office, appointment: Appointment) -> dict[str, str]:
    return {c.id: c.state.value for c in office.app.appointment(appointment.id).candidates.values()}


def confirm(office: Office, appointment: Appointment, candidate: str = "c1") -> None:
    office.app.confirm(appointment.id, candidate, YAMADA, BY, NOW)


class TestClosingOverlapped:
    def test_candidates_of_others_for_a_shared_attendee_are_taken(
        self, office: Office, services: Services
    ) -> None:
        winner = office.propose()
        loser = office.propose(attendees=(office.suzuki, office.sato), organizer=office.suzuki)
        bystander = office.propose(attendees=(office.sato,), organizer=office.sato)
        confirm(office, winner)
        Worker(services).read()
        assert states(office, loser) == {"c1": "taken", "c2": "open"}
        assert states(office, bystander) == {"c1": "open", "c2": "open"}

    def test_the_reason_is_kept(self, office: Office, services: Services) -> None:
        winner, loser = office.propose(), office.propose()
        Worker(services).read()
        confirm(office, winner)
        Worker(services).read()
        taken = office.app.stream(loser.id)[-1]
        assert isinstance(taken, Appointment.CandidateTaken)
        assert taken.by == winner.id
        assert taken.meta.causation == f"{winner.id}/2"
        assert taken.meta.actor == "system"

    def test_a_shared_room_closes_them_too(self, office: Office, services: Services) -> None:
        winner = office.propose(attendees=(office.tanaka,), offers=(offer(25, 1, room=office.room),))
        loser = office.propose(
            attendees=(office.sato,),
            organizer=office.sato,
            offers=(offer(25, 1, room=office.room), offer(26, 1)),
        )
        confirm(office, winner)
        Worker(services).read()
        assert states(office, loser) == {"c1": "taken", "c2": "open"}

    def test_one_proposed_while_the_other_was_being_confirmed_is_closed_as_well(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The race: it was held against the agendas before the other's reservation stood there."""
        winner = office.propose()
        monkeypatch.setattr(office.app, "_reserved", lambda *_, **__: [])
        confirm(office, winner)
        late = office.propose()
        monkeypatch.undo()
        Worker(services).read()
        assert states(office, late) == {"c1": "taken", "c2": "open"}

    def test_who_joins_a_confirmed_appointment_is_no_longer_free_elsewhere(
        self, office: Office, services: Services
    ) -> None:
        winner = office.propose(attendees=(office.tanaka,))
        other = office.propose(attendees=(office.sato,), organizer=office.sato)
        confirm(office, winner)
        office.app.revise(winner.id, Edit(), BY, NOW, attendees=[office.tanaka, office.sato])
        Worker(services).read()
        assert states(office, other) == {"c1": "taken", "c2": "open"}

    def test_taken_is_final_even_when_the_winner_is_cancelled(
        self, office: Office, services: Services
    ) -> None:
        winner, loser = office.propose(), office.propose()
        confirm(office, winner)
        Worker(services).read()
        office.app.cancel(winner.id, "", BY, NOW)
        Worker(services).read()
        assert states(office, loser)["c1"] == "taken"

    def test_doing_it_all_again_adds_nothing(self, office: Office, services: Services) -> None:
        winner, loser = office.propose(), office.propose()
        confirm(office, winner)
        Worker(services).read()
        before = len(office.app.stream(loser.id))
        [event] = [e for e in office.app.stream(winner.id) if isinstance(e, Appointment.Confirmed)]
        services.policies._react(event, NOW)
        assert len(office.app.stream(loser.id)) == before


class TestTheClock:
    def test_candidates_pass_and_appointments_expire(self, office: Office, services: Services) -> None:
        appointment = office.propose()
        Worker(services).read()
        services.policies.observe_time(at(25, 1))
        assert states(office, appointment) == {"c1": "passed", "c2": "open"}
        Worker(services).read()
        services.policies.observe_time(at(26, 2))
        assert office.app.appointment(appointment.id).state is State.EXPIRED
        Worker(services).read()
        assert services.policies.observe_time(at(27, 0)) == 0

    def test_nothing_happens_before_its_time(self, office: Office, services: Services) -> None:
        appointment = office.propose()
        Worker(services).read()
        assert services.policies.observe_time(at(25, 0, 59)) == 0
        assert len(office.app.stream(appointment.id)) == 1

    def test_waiting_for_a_meeting_ends_after_a_minute(self, office: Office, services: Services) -> None:
        appointment = office.propose(platform=Platform.ZOOM)
        confirm(office, appointment)
        Worker(services).read()
        services.policies.observe_time(NOW + timedelta(seconds=59))
        assert not office.app.appointment(appointment.id).meeting_delayed
        services.policies.observe_time(NOW + timedelta(seconds=60))
        assert office.app.appointment(appointment.id).meeting_delayed
        assert office.app.appointment(appointment.id).candidates["c1"].state is CandidateState.CHOSEN

    def test_one_that_was_moved_while_another_was_being_confirmed_is_closed_as_well(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        winner, loser = office.propose(), office.propose(offers=(offer(27, 1), offer(28, 1)))
        confirm(office, winner)
        slot = offer(25, 1).slot
        office.app.note_deviation(loser.id, office.tanaka, "c1", slot, NOW)
        with monkeypatch.context() as unseen:
            unseen.setattr(Agendas, "taken_by", lambda *_, **__: None)
            office.app.follow_deviation(loser.id, office.tanaka, "c1", slot, NOW)
        assert office.app.appointment(loser.id).candidates["c1"].slot == slot
        Worker(services).read()
        assert states(office, loser) == {"c1": "taken", "c2": "open"}


class TestReplacing:
    def test_a_time_agreed_on_instead_ends_the_one_before(self, office: Office, services: Services) -> None:
        """Even where the new time overlaps the old one, for the same people."""
        app = services.coordination
        old = office.propose()
        app.confirm(old.id, "c1", YAMADA, BY, NOW)
        new = office.propose(offers=(offer(25, 1.5),), instead_of=old.id)
        Worker(services).read()
        assert app.appointment(old.id).state is State.CONFIRMED, "until the guest has chosen"
        assert app.appointment(new.id).open_candidates
        app.confirm(new.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        assert app.appointment(old.id).state is State.CANCELLED
        assert app.appointment(new.id).state is State.CONFIRMED
        assert app.check(office.proposal(offers=(offer(25, 1, 0.5),)), NOW) == [], "the old time is free"
        assert app.check(office.proposal(offers=(offer(25, 1.5),)), NOW) != []

    def test_new_times_are_the_answer_to_what_was_asked(self, office: Office, services: Services) -> None:
        app = services.coordination
        old = office.propose()
        app.confirm(old.id, "c1", YAMADA, BY, NOW)
        app.note_deviation(old.id, office.tanaka, "c1", None, NOW)
        app.follow_deviation(old.id, office.tanaka, "c1", None, NOW)
        assert app.appointment(old.id).question
        office.propose(offers=(offer(27, 1),), instead_of=old.id)
        Worker(services).read()
        assert app.appointment(old.id).question is None
