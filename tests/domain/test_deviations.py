"""What somebody's hand did to an entry, told as given / when / then."""

from __future__ import annotations

from typing import Any

import pytest

from chouseiapo.domain.appointment import Answer, Appointment
from chouseiapo.domain.slots import Slot
from tests.domain.given import GRID, NOW, SUZUKI, TANAKA, YAMADA, at, given, happened, offer, proposed, when

A = Appointment
PLACE = {"owner": TANAKA, "candidate": "c1"}
NOWHERE = {"start": None, "end": None}
ELSEWHERE = Slot(at(27, 1), at(27, 2))


def confirmed() -> A.Confirmed:
    event: Any = happened(A.Confirmed, candidate="c1", guest=YAMADA)
    return event  # type: ignore[no-any-return]


def deviated(**changes: Any) -> Any:
    return happened(A.EntryDeviated, **(PLACE | {"gone": True} | changes))


def asked() -> Any:
    return happened(A.OrganizerAsked, **PLACE, gone=True)


def follow(to: Slot | None, free: bool = True) -> Any:
    return lambda a: a.follow_deviation(TANAKA, "c1", to, free, GRID, NOW)


def test_a_signal_is_noted_once_and_again_when_it_says_something_else() -> None:
    def note(appointment: Appointment) -> None:
        appointment.note_deviation(TANAKA, "c1", True, None, NOW)
        appointment.note_deviation(TANAKA, "c1", True, None, NOW)
        appointment.note_deviation(TANAKA, "c1", False, ELSEWHERE, NOW)

    assert when(given(proposed()), note) == [
        (A.EntryDeviated, PLACE | {"gone": True} | NOWHERE),
        (A.EntryDeviated, PLACE | {"gone": False, "start": at(27, 1), "end": at(27, 2)}),
    ]


@pytest.mark.parametrize(("owner", "candidate"), [("member-other", "c1"), (TANAKA, "c9"), (TANAKA, "c2")])
def test_what_does_not_stand_for_somebody_can_not_deviate(owner: str, candidate: str) -> None:
    appointment = given(proposed(), happened(A.CandidateWithdrawn, candidate="c2"))
    assert when(appointment, lambda a: a.note_deviation(owner, candidate, True, None, NOW)) == []


def test_a_deleted_hold_withdraws_its_candidate() -> None:
    assert when(given(proposed(), deviated()), follow(None)) == [
        (A.CandidateWithdrawn, {"candidate": "c1", "by": TANAKA})
    ]


def test_a_moved_hold_moves_its_candidate_where_nobody_is_booked() -> None:
    appointment = given(proposed(), deviated(gone=False))
    assert when(appointment, follow(ELSEWHERE)) == [
        (A.CandidateMoved, {"candidate": "c1", "start": at(27, 1), "end": at(27, 2), "by": TANAKA})
    ]
    assert appointment.deviations == []


def test_where_somebody_is_booked_it_is_withdrawn() -> None:
    found = when(given(proposed(), deviated(gone=False)), follow(ELSEWHERE, free=False))
    assert found == [(A.CandidateWithdrawn, {"candidate": "c1", "by": TANAKA})]


def test_a_confirmed_time_is_asked_about_and_nothing_else() -> None:
    found = when(given(proposed(), confirmed(), deviated(gone=False)), follow(ELSEWHERE))
    told = {"gone": False, "start": at(27, 1), "end": at(27, 2)}
    assert found == [(A.OrganizerAsked, PLACE | told)]


def test_what_was_never_noted_or_is_asked_already_is_not_followed() -> None:
    assert when(given(proposed()), follow(None)) == []
    assert when(given(proposed(), confirmed(), asked()), follow(None)) == []


def test_a_question_is_answered_once() -> None:
    appointment = given(proposed(), confirmed(), asked())
    assert appointment.question is not None

    def answer(a: Appointment) -> None:
        a.answer_question(TANAKA, "c1", Answer.KEEP, NOW)
        a.answer_question(TANAKA, "c1", Answer.CANCEL, NOW)

    assert when(appointment, answer) == [(A.OrganizerAnswered, PLACE | {"answer": Answer.KEEP})]
    assert appointment.question is None


def test_the_guests_choice_ends_what_was_noted_about_holds() -> None:
    assert given(proposed(), deviated(), confirmed()).deviations == []


@pytest.mark.parametrize(
    "event",
    [
        happened(A.CandidateWithdrawn, candidate="c1"),
        happened(A.CandidateTaken, candidate="c1", by="calendar"),
        happened(A.AttendeesChanged, attendees=(SUZUKI,), organizer=SUZUKI),
        happened(A.Cancelled),
        happened(A.EntryRestored, **PLACE),
    ],
)
def test_what_no_longer_stands_deviates_no_more(event: Any) -> None:
    assert given(proposed(), deviated(), event).deviations == []


def test_others_offered_instead_of_the_last_candidate_withdraw_it() -> None:
    appointment = given(proposed(), happened(A.CandidateWithdrawn, candidate="c2"), asked())
    found = when(appointment, lambda a: a.add_candidates([offer(28, 1)], GRID, NOW))
    assert [kind for kind, _ in found] == [A.CandidatesAdded, A.CandidateWithdrawn]
    assert [c.id for c in appointment.open_candidates] == ["c3"]


def test_an_overlap_is_noticed_once() -> None:
    def notice(a: Appointment) -> None:
        a.notice_overlap("c1", (TANAKA,), NOW)
        a.notice_overlap("c1", (TANAKA,), NOW)
        a.notice_overlap("c2", (SUZUKI,), NOW)

    appointment = given(proposed(), confirmed())
    assert when(appointment, notice) == [(A.OverlapNoticed, {"candidate": "c1", "owners": (TANAKA,)})]
    assert appointment.overlaps == (TANAKA,)
