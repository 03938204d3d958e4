"""Commands against a real store: one atomic save, idempotent, conflict and busy told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError

from chouseiapo.application import Coordination
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.errors import Busy, CandidateTaken, DomainError, Invalid, NotFound, Over, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Platform
from tests.product import BY, NOW, YAMADA, Office, at, offer


def confirm(app: Coordination, id: str, candidate: str = "c1", command: str = "") -> Appointment:
    return app.confirm(
        id, candidate, YAMADA, Meta(actor="guest", command=command or f"{id}/{candidate}"), NOW
    )


def reservations(app: Coordination, resource: str) -> set[str]:
    """Appointments that hold time of a resource in the week of the tests."""
    agendas = [app.agenda(f"agenda-{resource}-2026-11-{day:02}") for day in range(22, 31)]
    return {appointment for agenda in agendas for appointment in agenda.reservations}


def together(actions: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment; a domain error is a result."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return action()
        except DomainError as refused:
            return refused

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


class TestConfirming:
    def test_every_attendee_and_the_room_are_reserved_with_it(self, office: Office) -> None:
        appointment = office.propose(offers=(offer(25, 1, room=office.room),))
        confirm(office.app, appointment.id)
        for resource in (office.tanaka, office.suzuki, office.room):
            assert reservations(office.app, resource) == {appointment.id}

    def test_a_morning_in_tokyo_is_reserved_on_both_utc_days(self, office: Office) -> None:
        appointment = office.propose(offers=(offer(24, 23, hours=2),))
        confirm(office.app, appointment.id)
        for day in ("2026-11-24", "2026-11-25"):
            assert office.app.agenda(f"agenda-{office.tanaka}-{day}").reservations.keys() == {appointment.id}

    def test_an_overlapping_one_is_taken_and_leaves_no_trace(self, office: Office) -> None:
        first, second = office.propose(), office.propose(attendees=(office.suzuki,), organizer=office.suzuki)
        confirm(office.app, first.id)
        with pytest.raises(CandidateTaken):
            confirm(office.app, second.id)
        assert office.app.appointment(second.id).state is State.PROPOSED
        assert reservations(office.app, office.suzuki) == {first.id}

    def test_the_same_command_again_adds_nothing(self, office: Office) -> None:
        appointment = office.propose()
        once = confirm(office.app, appointment.id)
        assert confirm(office.app, appointment.id).version == once.version

    def test_of_rivals_for_one_time_exactly_one_wins(self, office: Office) -> None:
        for hour in range(4):
            rivals = [office.propose(offers=(offer(27, hour),)) for _ in range(6)]
            results = together([partial(confirm, office.app, r.id) for r in rivals])
            assert sum(isinstance(r, Appointment) for r in results) == 1
            assert sum(isinstance(r, CandidateTaken) for r in results) == 5
        assert len(reservations(office.app, office.tanaka)) == 4

    def test_of_rivals_for_one_appointment_one_choice_stands(self, office: Office) -> None:
        appointment = office.propose()
        together([partial(confirm, office.app, appointment.id, c) for c in ("c1", "c2") * 3])
        standing = office.app.appointment(appointment.id)
        assert standing.chosen is not None
        agenda = office.app.agenda(f"agenda-{office.tanaka}-{standing.chosen.start.date()}")
        assert list(agenda.reservations) == [appointment.id]
        assert reservations(office.app, office.tanaka) == {appointment.id}

    def test_neighbours_on_one_day_all_succeed(self, office: Office) -> None:
        offered = [office.propose(offers=(offer(27, hour),)) for hour in range(8)]
        results = together([partial(confirm, office.app, a.id) for a in offered])
        # Eight at once on one agenda: some may be asked to try again, none may be told "taken".
        assert not [r for r in results if isinstance(r, CandidateTaken)]
        for appointment in offered:
            confirm(office.app, appointment.id)
        assert len(reservations(office.app, office.tanaka)) == 8


class TestConflicts:
    def test_a_lost_commit_reply_is_recognized_as_our_own_success(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        appointment = office.propose()
        really_save = office.app.save

        def save_and_lose_the_reply(*events: Any) -> Any:
            really_save(*events)
            monkeypatch.undo()
            raise IntegrityError

        monkeypatch.setattr(office.app, "save", save_and_lose_the_reply)
        confirmed = confirm(office.app, appointment.id)
        assert confirmed.state is State.CONFIRMED
        assert len(office.app.stream(appointment.id)) == 2

    def test_used_up_tries_are_busy_and_never_taken(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        appointment = office.propose()

        def always_conflict(*_: Any) -> Any:
            raise IntegrityError

        monkeypatch.setattr(office.app, "save", always_conflict)
        monkeypatch.setattr(office.app, "_pause", lambda _: None)
        with pytest.raises(Busy):
            confirm(office.app, appointment.id)
        monkeypatch.undo()
        assert confirm(office.app, appointment.id).state is State.CONFIRMED


class TestProposing:
    def test_the_same_command_names_the_same_appointment(self, office: Office) -> None:
        id, cause = new_id("appointment", "key-1"), Meta(actor=office.tanaka, command="key-1")
        for _ in range(2):
            office.app.propose(id, office.proposal(), office.tanaka, cause, NOW)
        assert len(office.app.stream(id)) == 1

    def test_a_time_that_is_reserved_is_refused_at_its_field(self, office: Office) -> None:
        confirm(office.app, office.propose().id)
        with pytest.raises(Invalid) as refused:
            office.propose(offers=(offer(26, 5), offer(25, 1, hours=0.5)))
        assert refused.value.problems == tuple(
            Problem("candidates.1.start", "candidate_reserved", {"who": member})
            for member in (office.tanaka, office.suzuki)
        )

    def test_a_time_under_another_open_hold_is_allowed(self, office: Office) -> None:
        assert office.propose().candidates.keys() == office.propose().candidates.keys()

    def test_people_and_rooms_must_exist(self, office: Office) -> None:
        with pytest.raises(Invalid) as refused:
            office.propose(
                attendees=("member-x",), organizer="member-x", offers=(offer(25, 1, room="room-x"),)
            )
        assert {p.field for p in refused.value.problems} == {"attendees", "candidates.0.room"}

    def test_zoom_needs_an_organizer_whose_zoom_works(self, office: Office) -> None:
        office.propose(platform=Platform.ZOOM)
        office.app.break_link(office.zoom[office.tanaka], "invalid_grant", NOW)
        with pytest.raises(Invalid) as refused:
            office.propose(platform=Platform.ZOOM)
        assert [(p.field, p.code) for p in refused.value.problems] == [("platform", "zoom_not_linked")]

    def test_absurd_lengths_are_refused_without_reading_their_agendas(self, office: Office) -> None:
        with pytest.raises(Invalid):
            office.propose(offers=(offer(25, 1, hours=24 * 365 * 1000),))


class TestChangingAndCancelling:
    def test_cancelling_frees_everybody_in_the_same_save(self, office: Office) -> None:
        appointment = office.propose(offers=(offer(24, 23, hours=2, room=office.room),))
        confirm(office.app, appointment.id)
        office.app.cancel(appointment.id, "", BY, NOW)
        for resource in (office.tanaka, office.suzuki, office.room):
            assert reservations(office.app, resource) == set()

    def test_who_joins_a_confirmed_one_must_be_free_and_who_leaves_is_freed(self, office: Office) -> None:
        appointment = office.propose()
        confirm(office.app, appointment.id)
        alone = office.propose(attendees=(office.sato,), organizer=office.sato)
        confirm(office.app, alone.id)
        with pytest.raises(CandidateTaken):
            office.app.revise(appointment.id, Edit(), BY, NOW, attendees=[office.tanaka, office.sato])
        office.app.revise(appointment.id, Edit(), BY, NOW, attendees=[office.tanaka])
        assert reservations(office.app, office.suzuki) == set()

    def test_who_joins_a_proposed_one_must_be_free_at_its_candidates(self, office: Office) -> None:
        appointment = office.propose(attendees=(office.tanaka,))
        confirm(office.app, office.propose(attendees=(office.sato,), organizer=office.sato).id)
        with pytest.raises(Invalid) as refused:
            office.app.revise(appointment.id, Edit(), BY, NOW, attendees=[office.tanaka, office.sato])
        assert [p.code for p in refused.value.problems] == ["attendee_reserved"]

    def test_an_unknown_appointment_is_not_found(self, office: Office) -> None:
        with pytest.raises(NotFound):
            office.app.cancel("appointment-none", "", BY, NOW)


def test_a_member_is_registered_once_whatever_the_case_of_the_address(
    office: Office, services: Services
) -> None:
    results = together(
        [
            partial(services.coordination.register_member, name, "高橋", BY, NOW)
            for name in ("New@Example.com", "new@example.com", " new@example.com ")
        ]
    )
    assert sum(not isinstance(r, DomainError) for r in results) == 1


def test_the_past_can_be_viewed(office: Office) -> None:
    appointment = office.propose()
    confirm(office.app, appointment.id)
    assert office.app.appointment(appointment.id, until=1).state is State.PROPOSED
    assert office.app.appointment(appointment.id).confirmed_at == NOW


def test_times_are_plain_utc_after_a_round_trip(office: Office) -> None:
    stored = office.app.appointment(office.propose().id)
    assert stored.candidates["c1"].start == at(25, 1)
    assert stored.candidates["c1"].start.utcoffset() == at(25, 1).utcoffset()


class TestAttendees:
    def test_who_leads_a_zoom_meeting_needs_zoom(self, office: Office) -> None:
        appointment = office.propose(platform=Platform.ZOOM)
        office.app.unlink_account(office.suzuki, Provider.ZOOM, BY, NOW)
        for people, lead in (((office.tanaka, office.suzuki), office.suzuki), ((office.suzuki,), "")):
            with pytest.raises(Invalid) as refused:
                office.app.revise(appointment.id, Edit(), BY, NOW, people, lead)
            assert [(p.field, p.code) for p in refused.value.problems] == [("organizer", "zoom_not_linked")]

    def test_nobody_joins_or_leaves_what_took_place(self, office: Office) -> None:
        appointment = office.propose()
        office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        with pytest.raises(Over):
            office.app.revise(appointment.id, Edit(), BY, at(25, 3), (office.tanaka,))
