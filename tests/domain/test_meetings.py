"""The conference of an appointment: made, made anew, changed, deleted by somebody; and what it is like."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from chouseiapo.domain import errors
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.meeting_options import (
    USUAL,
    JoinBeforeHost,
    MeetingOptions,
    check_options,
    layered,
)
from chouseiapo.domain.proposal import Meeting, Platform
from tests.domain.given import NOW, YAMADA, at, given, happened, proposed, when

A = Appointment
ZOOM = proposed(platform=Platform.ZOOM)
CONFIRMED = happened(A.Confirmed, candidate="c1", guest=YAMADA)
BY_HAND = happened(A.Confirmed, candidate="c1", guest=YAMADA, by_hand=True)
FIRST, SECOND = Meeting("https://zoom.example/1", "1", "abc"), Meeting("https://zoom.example/2", "2", "def")
WAITING_ROOM = MeetingOptions(waiting_room=True)
LINK, HOST = "zoom-tanaka-abcdef012345", "zoom-organization-0123456789ab"
ISSUED = happened(A.MeetingIssued, meeting=FIRST, host=LINK)
VANISHED = happened(A.MeetingVanished, generation=1)


def requested(generation: int = 2, host: str = "") -> Event:
    return happened(A.MeetingRequested, generation=generation, host=host)


def request(host: str = "") -> Any:
    return lambda a: a.request_meeting(host, NOW)


def issue(meeting: Meeting, generation: int = 1) -> Any:
    return lambda a: a.issue_meeting(meeting, LINK, NOW, USUAL, generation)


class TestMaking:
    def test_it_is_awaited_from_the_confirmation_on_and_holds_the_mails_back(self) -> None:
        appointment = given(ZOOM, CONFIRMED)
        assert appointment.awaits_meeting
        assert appointment.holds_confirmation_back
        assert not given(ZOOM).awaits_meeting

    def test_one_made_by_hand_is_awaited_by_nobody_until_somebody_asks(self) -> None:
        appointment = given(ZOOM, BY_HAND)
        assert appointment.lacks_meeting
        assert not appointment.awaits_meeting
        assert when(appointment, request()) == [(A.MeetingRequested, {"generation": 1, "host": ""})]
        assert appointment.awaits_meeting
        assert not appointment.holds_confirmation_back

    def test_while_it_is_being_made_asking_again_changes_nothing(self) -> None:
        assert when(given(ZOOM, CONFIRMED), request()) == []

    def test_another_host_is_news_all_the_same(self) -> None:
        [(_, fields)] = when(given(ZOOM, CONFIRMED), request(HOST))
        assert fields == {"generation": 1, "host": HOST}

    def test_it_remembers_what_it_was_made_under(self) -> None:
        appointment = given(ZOOM, CONFIRMED)
        [(_, fields)] = when(appointment, lambda a: a.issue_meeting(FIRST, LINK, NOW, WAITING_ROOM))
        assert (fields["options"], fields["generation"]) == (WAITING_ROOM, 1)
        assert appointment.conference.options == WAITING_ROOM
        assert appointment.conference.host == LINK

    def test_told_twice_it_is_one_meeting(self) -> None:
        assert when(given(ZOOM, CONFIRMED, ISSUED), issue(FIRST)) == []

    def test_one_that_comes_after_a_cancellation_concerns_nobody(self) -> None:
        assert when(given(ZOOM, CONFIRMED, happened(A.Cancelled)), issue(FIRST)) == []

    @pytest.mark.parametrize(
        ("events", "refusal"),
        [
            ([ZOOM], errors.NotConfirmed),
            ([proposed(), CONFIRMED], errors.NoConference),
            ([ZOOM, CONFIRMED, happened(A.Cancelled)], errors.Cancelled),
        ],
    )
    def test_it_is_asked_for_where_there_can_be_one(
        self, events: list[Event], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            given(*events).request_meeting("", NOW)


class TestAnotherOne:
    def test_the_one_before_stands_until_the_new_one_is_there(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED)
        assert when(appointment, request()) == [(A.MeetingRequested, {"generation": 2, "host": ""})]
        assert appointment.meeting == FIRST
        assert (appointment.conference.generation, appointment.conference.standing) == (2, 1)
        appointment.issue_meeting(SECOND, LINK, NOW, USUAL, 2)
        assert appointment.meeting == SECOND

    def test_what_is_heard_late_of_the_old_one_does_not_come_back(self) -> None:
        replaced = happened(A.MeetingIssued, meeting=SECOND, host=LINK, generation=2)
        appointment = given(ZOOM, CONFIRMED, ISSUED, requested(), replaced)
        assert when(appointment, issue(FIRST, generation=1)) == []

    def test_another_way_in_to_the_same_one_is_told(self) -> None:
        changed = Meeting(FIRST.join_url + "?pwd=new", "1", "new")
        [(kind, fields)] = when(given(ZOOM, CONFIRMED, ISSUED), issue(changed))
        assert kind is A.MeetingIssued
        assert fields["generation"] == 1


class TestDeletedBySomebody:
    def test_a_person_is_asked_and_nothing_is_made_meanwhile(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED)
        assert when(appointment, lambda a: a.note_meeting_gone(1, NOW)) == [
            (A.MeetingVanished, {"generation": 1})
        ]
        assert appointment.meeting is None
        assert appointment.conference.asked
        assert not appointment.awaits_meeting
        assert when(appointment, issue(FIRST)) == []

    def test_a_new_one_can_be_asked_for(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED, VANISHED)
        assert when(appointment, request()) == [(A.MeetingRequested, {"generation": 2, "host": ""})]
        assert not appointment.conference.asked
        assert appointment.awaits_meeting
        assert not appointment.holds_confirmation_back

    def test_or_it_goes_on_without(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED, VANISHED)
        assert when(appointment, lambda a: a.forgo_meeting(NOW)) == [(A.MeetingForgone, {})]
        assert not appointment.lacks_meeting
        assert when(appointment, lambda a: a.forgo_meeting(NOW)) == []
        assert when(appointment, request()) == [(A.MeetingRequested, {"generation": 2, "host": ""})]

    def test_what_was_replaced_may_vanish(self) -> None:
        replaced = happened(A.MeetingIssued, meeting=SECOND, host=LINK, generation=2)
        appointment = given(ZOOM, CONFIRMED, ISSUED, requested(), replaced)
        assert when(appointment, lambda a: a.note_meeting_gone(1, NOW)) == []

    def test_after_it_took_place_nobody_minds(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED)
        assert when(appointment, lambda a: a.note_meeting_gone(1, at(25, 2))) == []


class TestItsHostLeaves:
    def test_with_their_meetings_deleted_another_one_is_wanted(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED)
        assert when(appointment, lambda a: a.withdraw_meeting(LINK, NOW)) == [
            (A.MeetingWithdrawn, {"generation": 2})
        ]
        assert appointment.meeting is None
        assert appointment.awaits_meeting
        assert not appointment.holds_confirmation_back

    def test_those_of_others_stay(self) -> None:
        assert when(given(ZOOM, CONFIRMED, ISSUED), lambda a: a.withdraw_meeting(HOST, NOW)) == []


class TestOptions:
    def test_the_nearest_layer_that_says_something_counts(self) -> None:
        organization = MeetingOptions(waiting_room=True, mute_on_entry=True)
        member = MeetingOptions(mute_on_entry=False)
        appointment = MeetingOptions(passcode=True)
        options = layered(appointment, member, organization)
        assert (options.passcode, options.mute_on_entry, options.waiting_room) == (True, False, True)
        assert options.summary is False
        assert options.host_video is None

    def test_a_waiting_room_excludes_coming_in_before_the_host(self) -> None:
        early = MeetingOptions(join_before_host=JoinBeforeHost.TEN)
        assert layered(early, WAITING_ROOM).join_before_host is JoinBeforeHost.NEVER
        [problem] = check_options(early.over(WAITING_ROOM))
        assert (problem.field, problem.code) == (
            "meeting_options.join_before_host",
            "waiting_room_excludes_early",
        )

    @pytest.mark.parametrize("field", sorted(set(MeetingOptions.__struct_fields__) - {"join_before_host"}))
    def test_every_option_can_be_said_on_every_layer(self, field: str) -> None:
        values: dict[str, tuple[Any, Any]] = {"recording": ("local", "cloud")}
        one, other = values.get(field, (True, False))
        for above, below in itertools.permutations((one, other)):
            near, far = MeetingOptions(**{field: above}), MeetingOptions(**{field: below})
            assert getattr(layered(near, far), field) == above
            assert getattr(layered(MeetingOptions(), near, far), field) == above

    def test_a_meeting_keeps_those_it_was_made_under_until_that_is_asked_for(self) -> None:
        appointment = given(ZOOM, CONFIRMED, ISSUED)
        appointment.choose_meeting_options(WAITING_ROOM, NOW)
        assert appointment.conference.options == MeetingOptions()
        applied = layered(WAITING_ROOM)
        appointment.collect_events()
        assert when(appointment, lambda a: a.apply_meeting_options(applied, NOW)) == [
            (A.MeetingOptionsApplied, {"options": applied})
        ]
        assert when(appointment, lambda a: a.apply_meeting_options(applied, NOW)) == []
