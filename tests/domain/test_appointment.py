"""One coordination, told as given / when / then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.domain import errors
from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Meeting, Platform, Visibility, check_proposal
from chouseiapo.domain.slots import CandidateState
from tests.domain.given import (
    GRID,
    ID,
    NOW,
    ROOM,
    SATO,
    SUZUKI,
    TANAKA,
    YAMADA,
    at,
    candidate,
    given,
    happened,
    offer,
    proposal,
    proposed,
    when,
)

A = Appointment
CONFIRMED = happened(A.Confirmed, candidate="c1", guest=YAMADA)
CANCELLED = happened(A.Cancelled)
EXPIRED = happened(A.Expired)


MOVED = happened(A.CandidateMoved, candidate="c1", start=at(27, 1), end=at(27, 2), by=TANAKA)


def confirm(candidate: str = "c1", guest: Guest = YAMADA, now: Any = NOW, start: Any = None) -> Any:
    return lambda a: a.confirm(candidate, guest, "", "", now, start)


def names(events: list[tuple[type[Event], dict[str, Any]]]) -> list[type[Event]]:
    return [kind for kind, _ in events]


class TestProposing:
    def test_offers_become_numbered_candidates_in_order_of_time(self) -> None:
        late_first = proposal(offers=(offer(26, 2), offer(25, 1, room=ROOM)))
        [(kind, fields)] = when(A(ID), lambda a: a.propose(late_first, SATO, [], NOW))
        assert kind is A.Proposed
        assert fields["candidates"] == (candidate("c1", 25, 1, ROOM), candidate("c2", 26, 2))
        assert fields["author"] == SATO
        assert fields["guest"] == YAMADA

    def test_problems_refuse_it_all_at_once(self) -> None:
        problems = [errors.Problem("title", "too_long"), errors.Problem("guest.email", "email_invalid")]
        with pytest.raises(errors.Invalid) as refused:
            A(ID).propose(proposal(), SATO, problems, NOW)
        assert [p.field for p in refused.value.problems] == ["title", "guest.email"]

    def test_the_author_attends_only_if_named(self) -> None:
        appointment = given(proposed(author=SATO))
        assert SATO not in appointment.attendees
        assert appointment.concerns(SATO)
        assert not appointment.concerns("member-other")

    def test_a_room_is_a_resource_beside_the_attendees(self) -> None:
        appointment = given(proposed(candidates=(candidate("c1", 25, 1, ROOM), candidate("c2", 26, 2))))
        assert appointment.resources(appointment.candidates["c1"]) == (TANAKA, SUZUKI, ROOM)
        assert appointment.resources(appointment.candidates["c2"]) == (TANAKA, SUZUKI)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"attendees": ()}, "attendees", "attendees_missing"),
        ({"attendees": (TANAKA, TANAKA)}, "attendees", "attendee_twice"),
        ({"organizer": SATO}, "organizer", "organizer_not_attending"),
        ({"offers": ()}, "candidates", "candidates_missing"),
        ({"offers": (offer(20, 1),)}, "candidates.0.start", "candidate_in_past"),
        ({"offers": (offer(25, 2, hours=-1),)}, "candidates.0.end", "candidate_reversed"),
        ({"offers": (offer(25, 2, hours=0),)}, "candidates.0.end", "candidate_reversed"),
        ({"offers": (offer(25, 2, hours=24.5),)}, "candidates.0.end", "candidate_too_long"),
        ({"offers": (offer(25, 2, hours=0.75),)}, "candidates.0.end", "candidate_off_grid"),
        ({"offers": (offer(25, 1), offer(25, 1, hours=2))}, "candidates.1.start", "candidate_overlaps"),
        ({"offers": tuple(offer(25, 0) for _ in range(51))}, "candidates", "candidates_too_many"),
        ({"kind": Kind.VISIT_THEM}, "place", "place_missing"),
        (
            {"kind": Kind.VISIT_US, "platform": Platform.ZOOM},
            "platform",
            "reception_excludes_meeting",
        ),
        ({"kind": Kind.PHONE, "platform": Platform.ZOOM}, "platform", "platform_needs_web"),
        ({"platform": Platform.ZOOM}, "platform", "zoom_not_linked"),
        ({"platform": Platform.MEET}, "platform", "platform_not_available"),
        ({"platform": Platform.TEAMS}, "platform", "platform_not_available"),
        ({"platform": Platform.URL}, "url", "url_missing"),
        ({"platform": Platform.URL, "url": "javascript:alert(1)"}, "url", "url_invalid"),
        ({"platform": Platform.URL, "url": "https://user@evil.example/"}, "url", "url_invalid"),
        ({"url": "https://meet.example/1"}, "url", "url_not_expected"),
        ({"title": "題" * 252}, "title", "too_long"),
        ({"title": "a\r\nBcc: x@example.org"}, "title", "control_character"),
        ({"message": "文" * 100_001}, "message", "too_long"),
        ({"guest": Guest(name="山田", email="a@b")}, "guest.email", "email_invalid"),
        ({"guest": Guest(name="山" * 256, email="a@b.example")}, "guest.name", "too_long"),
        ({"guest": Guest(name="山\n田", email="a@b.example")}, "guest.name", "control_character"),
        ({"guest": Guest(name="山田")}, "guest.email", "email_needed_for_mail"),
        (
            {"guest": Guest(company="ABC"), "delivery": Delivery.LINK},
            "guest.name",
            "name_needed_for_link",
        ),
        ({"time_zone": "../../etc/passwd"}, "guest.time_zone", "time_zone_unknown"),
        ({"locale": "fr"}, "guest.locale", "locale_unknown"),
        ({"deadline": NOW}, "deadline", "deadline_in_past"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(changes: dict[str, Any], field: str, code: str) -> None:
    problems = check_proposal(proposal(**changes), GRID, zoom_ready=False, now=NOW)
    assert (field, code) in {(p.field, p.code) for p in problems}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "題" * 251, "message": "文" * 50_001, "note": "記" * 50_001},
        {"guest": Guest(name="山田"), "delivery": Delivery.LINK},
        {"guest": Guest(company="社" * 255, name="名" * 255, email="a@b.example", phone="0" * 255)},
        {"platform": Platform.ZOOM},
        {"platform": Platform.URL, "url": "https://meet.example/abc?x=1#y"},
        {"kind": Kind.VISIT_THEM, "place": "東京都千代田区1-1"},
        {"kind": Kind.VISIT_US},
        {"kind": Kind.PHONE},
        {"offers": (offer(25, 1, hours=24),)},
        {"offers": (offer(25, 1), offer(25, 2))},
        {"time_zone": "America/New_York", "locale": "en"},
    ],
)
def test_what_is_right_is_accepted(changes: dict[str, Any]) -> None:
    assert check_proposal(proposal(**changes), GRID, zoom_ready=True, now=NOW) == []


class TestConfirming:
    def test_the_picked_candidate_is_chosen(self) -> None:
        appointment = given(proposed())
        [(kind, fields)] = when(appointment, confirm("c2"))
        assert (kind, fields["candidate"]) == (A.Confirmed, "c2")
        assert appointment.state is State.CONFIRMED
        assert appointment.chosen is not None
        assert appointment.chosen.start == at(26, 2)

    def test_the_same_choice_again_changes_nothing(self) -> None:
        assert when(given(proposed(), CONFIRMED), confirm("c1")) == []

    def test_another_choice_afterwards_is_told_what_stands(self) -> None:
        with pytest.raises(errors.AlreadyConfirmed):
            when(given(proposed(), CONFIRMED), confirm("c2"))

    def test_what_the_guest_types_completes_what_was_known(self) -> None:
        known = Guest(company="ABC", name="山田", email="known@example.net", phone="03")
        typed = Guest(company="ABC株式会社", name="山田太郎", email="other@example.org")
        [(_, fields)] = when(given(proposed(guest=known)), confirm(guest=typed))
        assert fields["guest"] == Guest("ABC株式会社", "山田太郎", "known@example.net", "03")

    def test_a_name_and_an_address_are_needed_by_now(self) -> None:
        nobody = given(proposed(guest=Guest(), delivery=Delivery.LINK))
        with pytest.raises(errors.Invalid) as refused:
            when(nobody, confirm(guest=Guest()))
        assert {p.field for p in refused.value.problems} == {"guest.name", "guest.email"}

    def test_the_guests_zone_and_language_are_kept(self) -> None:
        appointment = given(proposed())
        when(appointment, lambda a: a.confirm("c1", YAMADA, "America/New_York", "en", NOW))
        assert (appointment.time_zone, appointment.locale) == ("America/New_York", "en")

    @pytest.mark.parametrize(
        ("past", "refusal"),
        [
            (happened(A.CandidateTaken, candidate="c1", by="appointment-x"), errors.CandidateTaken),
            (happened(A.CandidateWithdrawn, candidate="c1"), errors.CandidateWithdrawn),
            (happened(A.CandidatePassed, candidate="c1"), errors.CandidatePassed),
            (CANCELLED, errors.Cancelled),
            (EXPIRED, errors.Expired),
        ],
    )
    def test_what_is_no_longer_open_is_refused(self, past: Event, refusal: type[errors.DomainError]) -> None:
        with pytest.raises(refusal):
            when(given(proposed(), past), confirm("c1"))

    def test_a_time_that_the_guest_never_saw_is_refused(self) -> None:
        moved = given(proposed(), MOVED)
        with pytest.raises(errors.CandidateMoved):
            when(moved, confirm("c1", start=at(25, 1)))
        assert names(when(moved, confirm("c1", start=at(27, 1)))) == [A.Confirmed]

    def test_the_same_time_again_changes_nothing_and_an_earlier_one_of_it_is_another(self) -> None:
        confirmed = given(proposed(), MOVED, CONFIRMED)
        assert when(confirmed, confirm("c1", start=at(27, 1))) == []
        with pytest.raises(errors.AlreadyConfirmed):
            when(confirmed, confirm("c1", start=at(25, 1)))

    def test_who_does_not_say_what_they_saw_picks_by_name_alone(self) -> None:
        assert names(when(given(proposed(), MOVED), confirm("c1"))) == [A.Confirmed]

    def test_an_unknown_candidate_is_wrong_input(self) -> None:
        with pytest.raises(errors.Invalid):
            when(given(proposed()), confirm("c9"))

    def test_a_candidate_that_has_started_is_past_before_any_sweep(self) -> None:
        with pytest.raises(errors.CandidatePassed):
            when(given(proposed()), confirm("c1", now=at(25, 1)))

    def test_after_the_deadline_it_is_expired_before_any_sweep(self) -> None:
        with pytest.raises(errors.Expired):
            when(given(proposed(deadline=at(24, 0))), confirm("c1", now=at(24, 0)))
        with pytest.raises(errors.Expired):
            when(given(proposed()), confirm("c2", now=at(26, 2)))


class TestCandidates:
    def test_more_can_be_added_with_numbers_of_their_own(self) -> None:
        [(kind, fields)] = when(given(proposed()), lambda a: a.add_candidates([offer(27, 3)], GRID, NOW))
        assert (kind, fields["candidates"]) == (A.CandidatesAdded, (candidate("c3", 27, 3),))

    def test_a_withdrawn_slot_may_be_offered_again(self) -> None:
        appointment = given(proposed(), happened(A.CandidateWithdrawn, candidate="c1"))
        assert names(when(appointment, lambda a: a.add_candidates([offer(25, 1)], GRID, NOW))) == [
            A.CandidatesAdded
        ]

    def test_one_that_overlaps_a_standing_one_is_refused(self) -> None:
        with pytest.raises(errors.Invalid):
            given(proposed()).add_candidates([offer(25, 0, hours=2)], GRID, NOW)

    def test_one_can_be_withdrawn_and_again_without_harm(self) -> None:
        appointment = given(proposed())
        assert names(when(appointment, lambda a: a.withdraw_candidate("c1", NOW))) == [A.CandidateWithdrawn]
        assert when(appointment, lambda a: a.withdraw_candidate("c1", NOW)) == []

    def test_the_last_open_one_cannot_be_withdrawn(self) -> None:
        appointment = given(proposed(), happened(A.CandidateWithdrawn, candidate="c1"))
        with pytest.raises(errors.LastCandidate):
            appointment.withdraw_candidate("c2", NOW)

    def test_one_is_taken_for_good(self) -> None:
        appointment = given(proposed())
        [(kind, _)] = when(appointment, lambda a: a.take_candidate("c1", "appointment-x", NOW))
        assert kind is A.CandidateTaken
        assert when(appointment, lambda a: a.take_candidate("c1", "appointment-y", NOW)) == []
        assert appointment.candidates["c1"].state is CandidateState.TAKEN

    def test_nothing_is_taken_from_an_appointment_that_is_decided(self) -> None:
        assert when(given(proposed(), CONFIRMED), lambda a: a.take_candidate("c2", "x", NOW)) == []

    def test_nothing_is_added_or_withdrawn_once_confirmed(self) -> None:
        appointment = given(proposed(), CONFIRMED)
        with pytest.raises(errors.NotProposed):
            appointment.add_candidates([offer(27, 3)], GRID, NOW)
        with pytest.raises(errors.NotProposed):
            appointment.withdraw_candidate("c2", NOW)


class TestTime:
    def test_a_candidate_passes_when_it_starts(self) -> None:
        appointment = given(proposed())
        assert when(appointment, lambda a: a.observe_time(at(25, 0, 59))) == []
        assert names(when(appointment, lambda a: a.observe_time(at(25, 1)))) == [A.CandidatePassed]
        assert appointment.state is State.PROPOSED

    def test_it_expires_with_its_last_candidate(self) -> None:
        appointment = given(proposed())
        passed = names(when(appointment, lambda a: a.observe_time(at(26, 2))))
        assert passed == [A.CandidatePassed, A.CandidatePassed, A.Expired]

    def test_a_deadline_set_comes_first(self) -> None:
        appointment = given(proposed(deadline=at(24, 3)))
        assert appointment.deadline == at(24, 3)
        assert names(when(appointment, lambda a: a.observe_time(at(24, 3)))) == [A.Expired]

    def test_a_deadline_after_the_last_start_is_that_start(self) -> None:
        assert given(proposed(deadline=at(30, 0))).deadline == at(26, 2)

    def test_when_all_are_taken_it_waits_for_new_ones_until_its_deadline(self) -> None:
        taken = [happened(A.CandidateTaken, candidate=c, by="x") for c in ("c1", "c2")]
        appointment = given(proposed(), *taken)
        assert appointment.deadline == at(26, 2)
        assert when(appointment, lambda a: a.observe_time(at(25, 5))) == []
        assert names(when(appointment, lambda a: a.observe_time(at(26, 2)))) == [A.Expired]

    def test_new_candidates_move_the_end(self) -> None:
        appointment = given(proposed())
        appointment.add_candidates([offer(28, 3)], GRID, NOW)
        assert appointment.deadline == at(28, 3)

    def test_the_clock_leaves_a_confirmed_one_alone(self) -> None:
        assert when(given(proposed(), CONFIRMED), lambda a: a.observe_time(at(30, 0))) == []


class TestMeeting:
    ZOOM = proposed(platform=Platform.ZOOM)
    ISSUED = Meeting("https://zoom.example/j/1", "123", "abc")

    def test_one_is_awaited_from_the_confirmation(self) -> None:
        assert not given(self.ZOOM).awaits_meeting
        assert given(self.ZOOM, CONFIRMED).awaits_meeting
        assert not given(proposed(), CONFIRMED).awaits_meeting

    def test_it_is_taken_once(self) -> None:
        appointment = given(self.ZOOM, CONFIRMED)
        [(kind, _)] = when(appointment, lambda a: a.issue_meeting(self.ISSUED, "zoom-1", NOW))
        assert kind is A.MeetingIssued
        assert when(appointment, lambda a: a.issue_meeting(self.ISSUED, "zoom-1", NOW)) == []
        assert not appointment.awaits_meeting

    def test_waiting_ends_once_and_never_after_it_came(self) -> None:
        appointment = given(self.ZOOM, CONFIRMED)
        assert names(when(appointment, lambda a: a.delay_meeting(NOW))) == [A.MeetingDelayed]
        assert when(appointment, lambda a: a.delay_meeting(NOW)) == []
        issued = given(self.ZOOM, CONFIRMED, happened(A.MeetingIssued, meeting=self.ISSUED, host="z"))
        assert when(issued, lambda a: a.delay_meeting(NOW)) == []

    def test_one_that_comes_after_the_cancellation_concerns_nobody(self) -> None:
        late = given(self.ZOOM, CONFIRMED, CANCELLED)
        assert when(late, lambda a: a.issue_meeting(self.ISSUED, "zoom-1", NOW)) == []

    def test_a_fixed_address_is_known_from_the_start(self) -> None:
        fixed = given(proposed(platform=Platform.URL, url="https://meet.example/1"))
        assert fixed.meeting == Meeting("https://meet.example/1")


class TestChanging:
    def test_only_what_differs_is_recorded(self) -> None:
        appointment = given(proposed(title="前の件名", note="メモ"))
        edit = Edit(title="新しい件名", note="メモ", visibility=Visibility.PRIVATE)
        [(_, fields)] = when(appointment, lambda a: a.edit(edit, NOW))
        assert fields["title"] == "新しい件名"
        assert fields["note"] is None
        assert fields["visibility"] is Visibility.PRIVATE
        assert when(appointment, lambda a: a.edit(edit, NOW)) == []

    @pytest.mark.parametrize("blank", ["", "  ", "\u3000"])
    def test_a_title_can_be_emptied(self, blank: str) -> None:
        appointment = given(proposed(title="件名"))
        when(appointment, lambda a: a.edit(Edit(title=blank), NOW))
        assert appointment.title == ""

    def test_a_confirmed_one_keeps_its_organizer(self) -> None:
        appointment = given(proposed(), CONFIRMED)
        with pytest.raises(errors.Invalid):
            appointment.change_attendees((SUZUKI,), SUZUKI, NOW)
        assert names(when(appointment, lambda a: a.change_attendees((TANAKA,), TANAKA, NOW))) == [
            A.AttendeesChanged
        ]

    def test_an_older_link_is_outdone(self) -> None:
        appointment = given(proposed())
        when(appointment, lambda a: a.reissue_link(NOW))
        assert appointment.generation == 2

    def test_a_request_needs_an_address_to_be_sent_again(self) -> None:
        assert names(when(given(proposed()), lambda a: a.resend_request(NOW))) == [A.RequestResent]
        with pytest.raises(errors.Invalid):
            given(proposed(guest=Guest(name="山田"), delivery=Delivery.LINK)).resend_request(NOW)


class TestCancelling:
    @pytest.mark.parametrize("past", [(), (CONFIRMED,)])
    def test_it_ends_before_it_took_place(self, past: tuple[Event, ...]) -> None:
        appointment = given(proposed(), *past)
        assert names(when(appointment, lambda a: a.cancel("都合により", NOW))) == [A.Cancelled]
        assert when(appointment, lambda a: a.cancel("", NOW)) == []
        assert appointment.chosen is None

    def test_what_took_place_stays(self) -> None:
        with pytest.raises(errors.Over):
            given(proposed(), CONFIRMED).cancel("", at(25, 2))

    def test_an_expired_one_is_over_already(self) -> None:
        with pytest.raises(errors.Expired):
            given(proposed(), EXPIRED).cancel("", NOW)


def test_a_longest_candidate_is_a_day() -> None:
    assert offer(25, 1, hours=24).end - offer(25, 1).start == timedelta(hours=24)
