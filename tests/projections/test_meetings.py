"""The life of a meeting: made once, followed, replaced, given up, as the appointment wishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Edit
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import PortError
from chouseiapo.tables import issued_meetings
from projections.compare_meetings import ask_to_compare
from projections.host_writes import written
from projections.issue_meetings import look_at
from projections.rebuild import rebuild
from tests.product import BY, NOW, Office, at, offer
from tests.projections.stage import Play, Told, waiting

LAG = timedelta(seconds=30)
BY_HAND = MeetingOptions(automatic=False)


@pytest.fixture
def play(services: Services) -> Play:
    return Play(services)


@pytest.fixture
def told(office: Office, play: Play) -> Told:
    return Told(office, play).confirm()


def test_it_is_made_when_the_time_is_fixed_and_not_before(office: Office, play: Play) -> None:
    told = Told(office, play)
    play.settle()
    assert play.stage.log == []
    told.confirm()
    assert told.standing == [told.meeting] != [""]
    assert told.now.conference.host == office.zoom[office.tanaka]
    assert [held.plan.start for held in play.stage.held.values()] == [at(25, 1)]


def test_by_hand_it_is_made_when_somebody_asks(office: Office, play: Play) -> None:
    told = Told(office, play, meeting_options=BY_HAND).confirm()
    assert (told.standing, told.now.lacks_meeting) == ([], True)
    office.app.request_meeting(told.id, BY, NOW)
    play.settle()
    assert told.standing == [told.meeting] != [""]


def test_it_follows_in_place(told: Told, office: Office, play: Play) -> None:
    before = told.meeting
    office.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
    office.app.revise(told.id, Edit(title="契約の件"), BY, NOW)
    play.settle()
    [held] = play.stage.of(told.id)
    assert (held.id, held.plan.start, held.plan.topic) == (before, at(27, 3), "契約の件")
    assert told.meeting == before
    assert (len(play.stage.asked("create")), len(play.stage.asked("update"))) == (1, 1)


def test_what_does_not_concern_it_costs_no_request(told: Told, office: Office, play: Play) -> None:
    asked = len(play.stage.log)
    office.app.revise(told.id, Edit(note="社内", message="よろしく"), BY, NOW)
    play.settle()
    assert len(play.stage.log) == asked


def test_it_is_deleted_when_the_appointment_is_cancelled(told: Told, office: Office, play: Play) -> None:
    office.app.cancel(told.id, "", BY, NOW)
    play.settle()
    assert told.standing == []
    assert waiting(play.services) == {}


def test_a_new_one_is_there_before_the_old_one_goes(told: Told, office: Office, play: Play) -> None:
    old = told.meeting
    office.app.request_meeting(told.id, BY, NOW)
    play.stage.answers = [PortError("unavailable")]
    play.settle()
    assert (told.standing, told.meeting) == ([old], old), "people still have the one before"
    play.settle(play.later(seconds=50))
    assert told.standing == [told.meeting]
    assert told.meeting != old
    assert [what for what, _ in play.stage.log[-2:]] == ["create", "delete"]
    assert told.now.conference.times_issued == 2


def test_a_cancellation_while_a_new_one_is_made_leaves_neither(
    told: Told, office: Office, play: Play
) -> None:
    def cancel() -> None:
        office.app.cancel(told.id, "", BY, NOW)

    office.app.request_meeting(told.id, BY, NOW)
    play.stage.answers = [cancel]
    play.settle()
    play.settle()
    assert told.standing == []
    assert waiting(play.services) == {}


def lose() -> None:
    """It is carried out, and the answer never comes."""
    raise PortError("unreachable")


class Killed(BaseException):
    """The worker was killed just now."""


class TestWhatIsFoundLater:
    """It was made of what was planned then."""

    def later(self, told: Told, play: Play) -> None:
        told.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
        play.settle(play.later(minutes=1))
        [held] = play.stage.of(told.id)
        assert (held.id, held.plan.start) == (told.meeting, at(27, 3))

    def test_follows_what_was_changed_meanwhile(self, office: Office, play: Play) -> None:
        play.stage.answers = [lose]
        told = Told(office, play).confirm()
        assert (told.meeting, len(told.standing)) == ("", 1)
        self.later(told, play)

    def test_follows_as_well_when_its_worker_was_killed_before_it_had_noted_it(
        self, office: Office, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issue = office.app.issue_meeting

        def issue_and_die(*args: Any, **more: Any) -> None:
            issue(*args, **more)
            raise Killed

        monkeypatch.setattr(office.app, "issue_meeting", issue_and_die)
        told = Told(office, play)
        with pytest.raises(Killed):
            told.confirm()
        monkeypatch.undo()
        self.later(told, play)

    def test_costs_nothing_more_where_nothing_was_changed(self, office: Office, play: Play) -> None:
        play.stage.answers = [lose]
        told = Told(office, play).confirm()
        play.settle(play.later(minutes=1))
        assert told.standing == [told.meeting]
        assert play.stage.asked("update") == []


class TestLostAnswers:
    """It may have been made all the same."""

    def made_once(self, office: Office, play: Play, answer: Callable[[], None]) -> None:
        play.stage.lag, play.stage.answers = LAG, [answer]
        told = Told(office, play).confirm()
        for _ in range(8):
            play.settle(play.later(seconds=5))
        assert play.stage.twice == []
        assert told.standing == [told.meeting]

    @pytest.mark.parametrize("failure", [PortError("unavailable", retry_after=2), PortError("unreachable")])
    def test_whatever_the_failure_says_it_is_looked_for(
        self, failure: PortError, office: Office, play: Play
    ) -> None:
        def lose() -> None:
            raise failure

        self.made_once(office, play, lose)

    def test_however_long_the_request_took(self, office: Office, play: Play) -> None:
        def lose_late() -> None:
            [held] = play.stage.held.values()
            play.later(seconds=55)
            held.made_at = play.stage.now - timedelta(seconds=5)
            raise PortError("unreachable")

        self.made_once(office, play, lose_late)

    def test_a_guest_who_can_t_be_registered_yet_makes_nobody_make_another(
        self, office: Office, play: Play
    ) -> None:
        play.stage.lag = timedelta(minutes=10)
        play.stage.answers = [None, *[PortError("unavailable")] * 3]
        told = Told(office, play, meeting_options=MeetingOptions(registration=True)).confirm()
        assert (told.meeting, len(told.standing)) == ("", 1)
        for _ in range(6):
            play.settle(play.later(minutes=1))
        assert len(play.stage.asked("create")) == 1
        assert told.standing == [told.meeting]
        assert told.now.meeting
        assert told.now.meeting.guest_url

    def test_found_in_a_list_and_gone_it_is_made_elsewhere(self, office: Office, play: Play) -> None:
        play.stage.answers = [lose]
        told = Told(office, play).confirm()
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        office.app.link_account(office.tanaka, Provider.ZOOM, "another", "another", BY, NOW)
        play.stage.answers = [None, lose]
        for _ in range(6):
            play.settle(play.later(minutes=1))
        assert told.standing == [told.meeting]

    def test_what_nobody_was_told_of_goes_when_the_time_is_over(self, office: Office, play: Play) -> None:
        play.stage.answers = [lose, *[PortError("unavailable")] * 2]
        told = Told(office, play).confirm()
        assert len(told.standing) == 1
        play.settle(at(25, 2))
        for _ in range(3):
            play.settle(play.later(hours=1))
        assert (told.standing, told.meeting, waiting(play.services)) == ([], "", {})

    def test_the_next_try_is_not_counted_once_more(self, office: Office, play: Play) -> None:
        play.stage.answers = [PortError("unavailable")]
        told = Told(office, play).confirm()
        link = office.zoom[office.tanaka]
        for _ in range(20):
            assert written(play.services.rows, link, play.stage.now) == 1
            play.stage.answers = [None, PortError("unavailable")]
            play.settle(play.later(minutes=2))
        assert len(play.stage.asked("create")) > 10
        play.stage.answers = []
        play.settle(play.later(hours=1))
        assert told.standing == [told.meeting]

    def test_a_change_that_failed_is_not_counted(self, told: Told, office: Office, play: Play) -> None:
        office.app.revise(told.id, Edit(title="別の件名"), BY, NOW)
        play.stage.answers = [PortError("unavailable")]
        play.settle()
        assert play.stage.asked("update") == [told.meeting]
        assert written(play.services.rows, office.zoom[office.tanaka], NOW) == 1


class TestWhatSomebodyDeleted:
    def vanish(self, how: str, told: Told, office: Office, play: Play) -> None:
        play.stage.delete_by_hand(told.meeting)
        if how == "an update":
            office.app.revise(told.id, Edit(title="別の件"), BY, NOW)
        elif how == "a webhook":
            assert told.webhook()
        else:
            ask_to_compare(play.services.rows, office.zoom[office.tanaka], NOW)
        play.settle()

    @pytest.mark.parametrize("how", ["an update", "a webhook", "a comparison at night"])
    def test_is_asked_about_and_made_anew_when_somebody_says_so(
        self, told: Told, office: Office, play: Play, how: str
    ) -> None:
        self.vanish(how, told, office, play)
        assert told.now.conference.asked
        assert (told.now.meeting, told.standing) == (None, [])
        office.app.request_meeting(told.id, BY, NOW)
        play.settle()
        assert told.standing == [told.meeting] != [""]
        assert not told.now.conference.asked
        assert told.now.conference.times_issued == 2

    def test_stays_away_when_it_is_not_needed(self, told: Told, office: Office, play: Play) -> None:
        self.vanish("a webhook", told, office, play)
        office.app.forgo_meeting(told.id, BY, NOW)
        office.app.revise(told.id, Edit(title="別の件"), BY, NOW)
        play.settle(play.later(hours=1))
        assert (told.standing, told.now.lacks_meeting) == ([], False)
        assert waiting(play.services) == {}

    def test_a_false_alarm_changes_nothing(self, told: Told, play: Play) -> None:
        version = told.now.version
        assert told.webhook()
        play.settle()
        assert told.now.version == version
        assert play.stage.asked("update") == []

    def test_a_list_that_lies_is_not_believed(self, told: Told, office: Office, play: Play) -> None:
        play.stage.lag = timedelta(days=1)
        version = told.now.version
        ask_to_compare(play.services.rows, office.zoom[office.tanaka], NOW)
        play.settle()
        assert told.now.version == version

    def test_nobody_asks_about_what_is_over(self, told: Told, office: Office, play: Play) -> None:
        play.stage.delete_by_hand(told.meeting)
        told.webhook()
        ask_to_compare(play.services.rows, office.zoom[office.tanaka], NOW)
        play.settle(at(30, 0))
        assert not told.now.conference.asked


class TestWhatSomebodyChanged:
    def test_another_way_in_is_told(self, told: Told, play: Play) -> None:
        play.stage.change_by_hand(told.meeting, passcode="secret")
        told.webhook()
        play.settle()
        meeting = told.now.meeting
        assert meeting is not None
        assert (meeting.passcode, told.now.conference.times_issued) == ("secret", 2)

    def test_another_time_is_put_right(self, told: Told, play: Play) -> None:
        play.stage.change_by_hand(told.meeting, start=at(28, 0))
        told.webhook()
        play.settle()
        [held] = play.stage.of(told.id)
        assert held.plan.start == at(25, 1)
        assert told.now.conference.times_issued == 1

    def test_what_the_platform_does_not_take_is_written_once(self, told: Told, play: Play) -> None:
        play.stage.change_by_hand(told.meeting, start=at(28, 0))
        play.stage.stubborn = True
        for _ in range(5):
            told.webhook()
            play.settle()
        assert len(play.stage.asked("update")) == 1

    def test_a_look_that_fails_after_a_change_makes_nobody_change_it_again(
        self, office: Office, play: Play
    ) -> None:
        told = Told(office, play, meeting_options=MeetingOptions(passcode=True)).confirm()
        office.app.revise(told.id, Edit(title="別の件"), BY, NOW)
        play.stage.answers = [None, PortError("unavailable")]
        play.settle()
        play.settle(play.later(minutes=1))
        assert (len(play.stage.asked("update")), len(play.stage.asked("look"))) == (1, 2)

    def test_a_look_that_failed_is_taken_again(self, told: Told, play: Play) -> None:
        play.stage.delete_by_hand(told.meeting)
        told.webhook()
        play.stage.answers = [PortError("unavailable")]
        play.settle()
        assert not told.now.conference.asked
        play.settle(play.later(minutes=1))
        assert told.now.conference.asked

    def test_what_is_said_during_a_look_is_looked_at_again(self, told: Told, play: Play) -> None:
        def hear() -> None:
            told.webhook()

        hear()
        play.stage.answers = [hear]
        play.settle()
        assert len(play.stage.asked("look")) == 2

    def test_a_worker_that_is_killed_while_it_looks_leaves_the_look_to_another(
        self, told: Told, play: Play
    ) -> None:
        def die() -> None:
            raise Killed

        play.stage.delete_by_hand(told.meeting)
        told.webhook()
        play.stage.answers = [die]
        with pytest.raises(Killed):
            play.settle()
        play.settle(play.later(hours=1))
        assert told.now.conference.asked

    def test_a_meeting_of_nobody_s_is_none_of_our_business(self, told: Told, play: Play) -> None:
        assert not look_at(play.services.rows, play.services.meetings, "1")


class TestOptions:
    def test_a_meeting_keeps_those_that_it_was_made_under(
        self, told: Told, office: Office, play: Play
    ) -> None:
        options = MeetingOptions(passcode=False, waiting_room=True)
        office.app.choose_meeting_options(ORGANIZATION, options, BY, NOW)
        office.app.revise(told.id, Edit(note="別件"), BY, NOW)
        play.settle()
        assert play.stage.asked("update") == []
        office.app.apply_meeting_options(told.id, BY, NOW)
        play.settle()
        [held] = play.stage.of(told.id)
        assert held.plan.settings.waiting_room is True
        meeting = told.now.meeting
        assert meeting is not None
        assert (meeting.passcode, told.now.conference.times_issued) == ("", 2), "the way in is another one"

    def test_who_is_registered_gets_an_own_way_in(self, office: Office, play: Play) -> None:
        options = MeetingOptions(registration=True)
        told = Told(office, play, meeting_options=options).confirm()
        meeting = told.now.meeting
        assert meeting is not None
        assert meeting.guest_url.startswith("https://zoom.example/w/")
        office.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
        play.settle()
        assert len(play.stage.asked("register")) == 1, "Zoom takes three a day"
        assert told.now.meeting == meeting

    def test_where_nobody_can_be_registered_the_meeting_stands(self, office: Office, play: Play) -> None:
        refused = PortError("rejected_400_200", permanent=True)
        play.stage.answers = [None, refused]
        told = Told(office, play, meeting_options=MeetingOptions(registration=True)).confirm()
        meeting = told.now.meeting
        assert meeting is not None
        assert meeting.guest_url == ""

    def test_registration_that_comes_later_brings_the_guest_s_own_way_in(
        self, told: Told, office: Office, play: Play
    ) -> None:
        office.app.choose_appointment_options(told.id, MeetingOptions(registration=True), BY, NOW)
        office.app.apply_meeting_options(told.id, BY, NOW)
        play.settle()
        meeting = told.now.meeting
        assert meeting is not None
        assert meeting.guest_url


def test_on_a_settled_system_a_rebuild_stirs_nothing(told: Told, office: Office, play: Play) -> None:
    moved = Told(office, play, offers=(offer(26, 1),)).confirm()
    office.app.request_meeting(moved.id, BY, NOW)
    gone = Told(office, play, offers=(offer(27, 1),)).confirm()
    office.app.cancel(gone.id, "", BY, NOW)
    play.settle()
    asked = len(play.stage.log)
    [meetings] = [p for p in play.services.projections if p.name == "meetings"]
    report = rebuild(office.app, play.services.rows, meetings)
    assert report.changes == []
    play.settle()
    assert (len(play.stage.log), waiting(play.services)) == (asked, {})
    with play.services.rows.read() as connection:
        assert len(connection.execute(select(issued_meetings)).all()) == 2
