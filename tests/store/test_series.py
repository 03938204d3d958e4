"""Series against a real store: every time of them reserved in one save, each released alone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chouseiapo.domain.appointment import Answer, Appointment, Edit, State
from chouseiapo.domain.errors import CandidateTaken, Invalid
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import CandidateState, Offer
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.store.test_commands import together

WEEKLY = Recurrence(Frequency.WEEKLY, 4)


def register(office: Office, **changes: Any) -> Appointment:
    standing: dict[str, Any] = {"direct": True, "offers": (offer(25, 1),), "recurrence": WEEKLY}
    return office.propose(**(standing | changes))


def reserved(office: Office, appointment: Appointment) -> set[str]:
    """Under which names the appointment has time in the agendas of its days."""
    days = {day for c in appointment.candidates.values() for day in c.slot.utc_days()}
    found = (office.app.agenda(f"agenda-{office.tanaka}-{day}").reservations for day in days)
    return {name for names in found for name in names if name.startswith(appointment.id)}


def test_every_time_is_reserved_for_everybody(office: Office) -> None:
    appointment = register(office, offers=(offer(25, 1, room=office.room),))
    assert appointment.state is State.CONFIRMED
    assert reserved(office, appointment) == {f"{appointment.id}/c{n}" for n in range(1, 5)}
    for occurrence in appointment.occurrences:
        day = occurrence.start.date()
        for resource in (office.tanaka, office.suzuki, office.room):
            agenda = office.app.agenda(f"agenda-{resource}-{day}")
            assert list(agenda.reservations.values()) == [occurrence.slot]


def test_one_that_meets_another_s_time_is_refused_whole(office: Office) -> None:
    register(office, recurrence=None, offers=(later(2),))
    with pytest.raises(Invalid) as refused:
        register(office, attendees=(office.suzuki,), organizer=office.suzuki)
    [problem] = refused.value.problems
    assert (problem.field, problem.code) == ("candidates.0.start", "occurrence_reserved")
    assert problem.values == {"who": office.suzuki, "day": "2026-12-09"}
    day = office.app.agenda(f"agenda-{office.suzuki}-2026-11-25")
    assert not day.reservations


def later(weeks: int, hour: int = 1) -> Offer:
    """What a series that begins on the 25th has so many weeks later."""
    first = offer(25, hour)
    return Offer(first.start + timedelta(weeks=weeks), first.end + timedelta(weeks=weeks))


def test_of_two_series_that_share_one_date_one_is_registered(office: Office) -> None:
    """One begins where the other ends."""
    for round in range(3):
        hour = 2 + round
        rivals = [
            office.proposal(direct=True, offers=(offer(25, hour),), recurrence=WEEKLY),
            office.proposal(direct=True, offers=(later(3, hour),), recurrence=WEEKLY),
        ]
        results = together(
            [partial(office.app.propose, new_id("appointment"), r, office.tanaka, BY, NOW) for r in rivals]
        )
        assert sum(isinstance(r, Appointment) for r in results) == 1
        assert sum(isinstance(r, Invalid | CandidateTaken) for r in results) == 1
        [winner] = [r for r in results if isinstance(r, Appointment)]
        assert len(reserved(office, winner)) == 4


def test_one_that_is_cancelled_gives_its_time_back_and_keeps_the_others(office: Office) -> None:
    appointment = register(office)
    after = office.app.cancel_occurrence(appointment.id, "c2", "休業日", BY, NOW)
    assert reserved(office, appointment) == {f"{appointment.id}/c{n}" for n in (1, 3, 4)}
    assert after.candidates["c2"].state is CandidateState.WITHDRAWN
    register(office, recurrence=None, offers=(later(1),))  # its time is free


def test_a_series_that_is_cancelled_gives_all_back(office: Office) -> None:
    appointment = register(office)
    office.app.cancel(appointment.id, "", BY, NOW)
    assert reserved(office, appointment) == set()


def test_who_joins_a_series_is_reserved_for_all_of_it(office: Office) -> None:
    appointment = register(office, attendees=(office.tanaka,))
    office.app.cancel_occurrence(appointment.id, "c2", "", BY, NOW)
    office.app.revise(appointment.id, Edit(), BY, NOW, [office.tanaka, office.sato])
    days = [c.start.date() for c in appointment.candidates.values()]
    held = [list(office.app.agenda(f"agenda-{office.sato}-{day}").reservations) for day in days]
    assert held == [[f"{appointment.id}/c1"], [], [f"{appointment.id}/c3"], [f"{appointment.id}/c4"]]


def test_who_joins_a_series_need_not_have_been_free_when_it_began(office: Office) -> None:
    appointment = register(office, attendees=(office.tanaka,))
    register(office, attendees=(office.sato,), organizer=office.sato, recurrence=None)
    with pytest.raises(CandidateTaken):
        office.app.revise(appointment.id, Edit(), BY, NOW, [office.tanaka, office.sato])
    after_the_first = appointment.occurrences[0].end
    joined = office.app.revise(appointment.id, Edit(), BY, after_the_first, [office.tanaka, office.sato])
    assert office.sato in joined.attendees
    days = [c.start.date() for c in appointment.candidates.values()]
    held = [list(office.app.agenda(f"agenda-{office.sato}-{day}").reservations) for day in days[1:]]
    assert held == [[f"{appointment.id}/c{n}"] for n in (2, 3, 4)]


def test_three_days_are_reserved_on_every_day_they_touch(office: Office) -> None:
    appointment = register(
        office, recurrence=None, offers=(Offer(at(24, 15), at(27, 15), None, all_day=True),)
    )
    for day in ("24", "25", "26", "27"):
        agenda = office.app.agenda(f"agenda-{office.tanaka}-2026-11-{day}")
        assert list(agenda.reservations) == [appointment.id]
    with pytest.raises(Invalid):
        office.propose(offers=(offer(26, 5),))


def test_a_question_about_one_time_can_end_that_one_alone(office: Office) -> None:
    appointment = register(office)
    place = (appointment.id, office.tanaka, "c3")
    office.app.note_deviation(*place, None, NOW)
    asked = office.app.follow_deviation(*place, None, NOW).question
    assert asked is not None
    after = office.app.answer_question(*place, Answer.CANCEL_OCCURRENCE, BY, NOW)
    assert after.question is None
    assert [c.id for c in after.occurrences] == ["c1", "c2", "c4"]
    assert f"{appointment.id}/c3" not in reserved(office, appointment)


def test_a_question_that_somebody_has_answered_ends_nothing_although_another_waits(office: Office) -> None:
    appointment = register(office)
    for candidate in ("c1", "c2"):
        place = (appointment.id, office.tanaka, candidate)
        office.app.note_deviation(*place, None, NOW)
        office.app.follow_deviation(*place, None, NOW)
    first = (appointment.id, office.tanaka, "c1")
    office.app.answer_question(*first, Answer.KEEP, BY, NOW)
    after = office.app.answer_question(*first, Answer.CANCEL, BY, NOW)
    assert (after.state, len(after.occurrences)) == (State.CONFIRMED, 4)


def test_registered_in_another_s_place_it_gets_the_other_s_time(office: Office) -> None:
    before = office.propose(offers=(offer(25, 1),))
    office.app.confirm(before.id, "c1", YAMADA, BY, NOW)
    after = register(office, recurrence=None, instead_of=before.id)
    assert after.state is State.CONFIRMED
    assert reserved(office, after) == {after.id}
