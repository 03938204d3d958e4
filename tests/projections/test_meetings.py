"""The life of a meeting: made once, followed, replaced, given up, as the appointment and its host wish."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from chouseiapo.accounts.vault import Grant
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.ids import link_id
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import PortError
from chouseiapo.tables import issued_meetings, tasks
from projections.compare_meetings import HELD_BACK, ask_to_compare, hosts_in_use
from projections.host_writes import spend, written
from projections.issue_meetings import look_at
from projections.rebuild import rebuild
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.projections.stage import Play, Stage

BY_HAND = MeetingOptions(automatic=False)


@pytest.fixture
def play(services: Services) -> Play:
    return Play(services)


class Told:
    """An appointment on Zoom, and what is known of its meeting."""

    def __init__(self, office: Office, play: Play, **changes: Any) -> None:
        self.office, self.play, self.app = office, play, office.app
        self.id = office.propose(**({"platform": Platform.ZOOM} | changes)).id

    def confirm(self) -> Told:
        self.app.confirm(self.id, "c1", YAMADA, BY, self.play.stage.now)
        self.play.settle()
        return self

    @property
    def now(self) -> Appointment:
        return self.app.appointment(self.id)

    @property
    def meeting(self) -> str:
        meeting = self.now.meeting
        return meeting.meeting_id if meeting else ""

    @property
    def standing(self) -> list[str]:
        return [held.id for held in self.play.stage.of(self.id)]

    def webhook(self) -> bool:
        return look_at(self.play.services.rows, self.play.services.meetings, self.meeting)


@pytest.fixture
def told(office: Office, play: Play) -> Told:
    return Told(office, play).confirm()


def waiting(services: Services) -> dict[str, Any]:
    """What is still to be done: error and due time of each task."""
    with services.rows.read() as connection:
        found = connection.execute(select(tasks).where(tasks.c.ledger == "meetings"))
        return {row.key: row for row in found}


def organization_host(office: Office, user: str = "user-1") -> str:
    said = (ORGANIZATION, Provider.ZOOM, user, f"{user}@example.com", BY, NOW)
    return office.app.link_account(*said, plan="licensed")


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

    def test_a_look_that_failed_is_taken_again(self, told: Told, play: Play) -> None:
        play.stage.delete_by_hand(told.meeting)
        told.webhook()
        play.stage.answers = [PortError("unavailable")]
        play.settle()
        assert not told.now.conference.asked
        play.settle(play.later(minutes=1))
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


class TestAccounts:
    def test_who_links_the_same_account_manages_its_meetings(
        self, told: Told, office: Office, play: Play
    ) -> None:
        """Zoom's account of tanaka moves to suzuki: one account, one member."""
        account = "tanaka@example.com"
        new = office.app.link_account(office.suzuki, Provider.ZOOM, account, account, BY, NOW)
        office.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
        play.settle()
        [held] = play.stage.of(told.id)
        assert held.plan.start == at(27, 3)
        assert play.services.meetings.manager(office.zoom[office.tanaka]) == new
        office.app.cancel(told.id, "", BY, NOW)
        play.settle()
        assert told.standing == []

    def test_what_its_owner_keeps_is_not_touched_any_more(
        self, told: Told, office: Office, play: Play
    ) -> None:
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        asked = len(play.stage.log)
        office.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
        play.settle()
        office.app.cancel(told.id, "", BY, NOW)
        play.settle(play.later(minutes=1))
        assert len(play.stage.log) == asked
        assert told.standing

    def test_linked_again_it_is_managed_again(self, told: Told, office: Office, play: Play) -> None:
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        office.app.move(told.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
        play.settle()
        office.app.link_account(office.tanaka, Provider.ZOOM, "tanaka@example.com", "x", BY, NOW)
        play.settle()
        [held] = play.stage.of(told.id)
        assert held.plan.start == at(27, 3)

    def test_what_its_owner_takes_away_is_deleted_and_another_follows(
        self, told: Told, office: Office, play: Play
    ) -> None:
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        play.settle()
        assert (told.standing, told.now.meeting) == ([], None)
        assert told.now.awaits_meeting
        link = office.app.link_account(office.tanaka, Provider.ZOOM, "another", "another", BY, NOW)
        play.settle()
        assert told.standing == [told.meeting] != [""]
        assert told.now.conference.host == link

    def test_the_organization_s_free_host_takes_over(self, told: Told, office: Office, play: Play) -> None:
        host = organization_host(office)
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        play.settle()
        assert told.standing == [told.meeting] != [""]
        assert (told.now.conference.host, told.now.conference.reserved) == (host, host)

    def test_what_waits_for_a_host_goes_on_when_the_organization_has_one(
        self, office: Office, play: Play
    ) -> None:
        told = Told(office, play)
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        told.confirm()
        assert (told.standing, waiting(play.services)[told.id].error) == ([], "zoom_not_linked")
        host = organization_host(office)
        play.settle()
        assert told.now.conference.host == host
        assert told.standing == [told.meeting] != [""]

    def test_what_waited_for_a_host_who_is_let_go_gets_another(self, office: Office, play: Play) -> None:
        first, second = (organization_host(office, f"user-{n}") for n in (1, 2))
        told = Told(office, play)
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        play.stage.answers = [PortError("throttled", retry_after=60)]
        told.confirm()
        assert (told.now.conference.reserved, told.standing) == (first, [])
        office.app.unlink(first, BY, NOW, Leaving.KEEP)
        play.settle()
        assert told.now.conference.reserved == second
        assert told.standing == [told.meeting] != [""]

    def test_two_that_overlap_never_share_a_host(self, office: Office, play: Play) -> None:
        hosts = {organization_host(office, f"user-{n}") for n in (1, 2)}
        for member in (office.tanaka, office.suzuki, office.sato):
            office.app.unlink_account(member, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        people = [office.tanaka, office.suzuki, office.sato]
        made = [Told(office, play, attendees=(who,), organizer=who, offers=(offer(25, 1),)) for who in people]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda each: office.app.confirm(each.id, "c1", YAMADA, BY, NOW), made))
        play.settle()
        booked = [each.now.conference.reserved for each in made]
        assert sorted(booked, key=bool)[0] == ""
        assert set(booked) - {""} == hosts
        assert sum(bool(each.standing) for each in made) == 2


class TestBudget:
    def test_a_host_s_day_has_an_end_and_the_next_one_a_beginning(
        self, office: Office, services: Services
    ) -> None:
        play = Play(services, stage := Stage())
        stage.now = NOW + timedelta(hours=23)
        stage.writes_a_day = 2
        made = [Told(office, play, attendees=(office.tanaka,), offers=(offer(25 + n, 1),)) for n in range(3)]
        for each in made:
            each.confirm()
        assert [bool(each.standing) for each in made] == [True, True, False]
        assert written(services.rows, office.zoom[office.tanaka], stage.now) == 2
        assert len(stage.asked("create")) == 2, "what would be refused is not asked for"
        row = waiting(services)[made[2].id]
        assert (row.error, row.parked) == ("daily_limit", False)
        play.settle(play.later(minutes=59))
        assert made[2].standing == []
        play.settle(play.later(minutes=1, seconds=1))
        assert made[2].standing == [made[2].meeting]

    def test_what_is_cancelled_goes_even_so(self, office: Office, services: Services) -> None:
        play = Play(services, stage := Stage())
        stage.writes_a_day = 1
        first, second = (Told(office, play, offers=(offer(25 + n, 1),)).confirm() for n in range(2))
        assert (bool(first.standing), bool(second.standing)) == (True, False)
        office.app.cancel(first.id, "", BY, NOW)
        play.settle()
        assert first.standing == []

    def test_what_the_platform_counts_beside_us_counts(self, office: Office, services: Services) -> None:
        play = Play(services, stage := Stage())
        stage.answers = [PortError("daily_limit", retry_after=3600)]
        made = [Told(office, play, offers=(offer(25 + n, 1),)) for n in range(3)]
        for each in made:
            each.confirm()
        assert len(stage.asked("create")) == 1
        assert written(services.rows, office.zoom[office.tanaka], NOW) == 100

    def test_however_many_workers_count_none_is_over(self, services: Services) -> None:
        """Not even by those that are on their way."""
        link, most = "zoom-x-0123456789ab", 40

        def one(_: int) -> bool:
            try:
                spend(services.rows, link, most, NOW)
            except PortError as failure:
                return failure.retry_after != timedelta(days=1).total_seconds()
            return True

        with ThreadPoolExecutor(8) as pool:
            counted = sum(pool.map(one, range(60)))
        assert (counted, written(services.rows, link, NOW)) == (most, most)

    def test_whoever_speaks_for_the_account_has_one_budget(self, services: Services) -> None:
        a, b = (link_id("zoom", owner, "account") for owner in ("member-a", ORGANIZATION))
        spend(services.rows, a, 100, NOW)
        assert written(services.rows, b, NOW) == 1
        assert written(services.rows, b, datetime(2026, 11, 22, tzinfo=UTC)) == 0


class TestComparing:
    def left_over(self, play: Play, office: Office, count: int, appointment: str) -> None:
        link = office.zoom[office.tanaka]
        [standing] = play.stage.of(appointment)
        for _ in range(count):
            play.stage.create(link, standing.plan)
        play.stage.twice.clear()

    def compare(self, play: Play, office: Office, now: datetime = NOW) -> None:
        ask_to_compare(play.services.rows, office.zoom[office.tanaka], now)
        play.settle(now)

    def test_what_nobody_knows_of_is_deleted(self, told: Told, office: Office, play: Play) -> None:
        self.left_over(play, office, 2, told.id)
        self.compare(play, office)
        assert told.standing == [told.meeting]
        assert waiting(play.services) == {}

    def test_so_much_that_nobody_can_have_meant_it_is_said(
        self, told: Told, office: Office, play: Play
    ) -> None:
        self.left_over(play, office, 11, told.id)
        self.compare(play, office)
        assert len(told.standing) == 12
        [row] = waiting(play.services).values()
        assert (row.error, row.parked) == (HELD_BACK, True)

    def test_another_installation_s_meetings_are_none_of_ours(
        self, told: Told, office: Office, play: Play
    ) -> None:
        [standing] = play.stage.of(told.id)
        for tag in ("appointment-" + "f" * 32, "appointment-x/2", "nonsense"):
            play.stage.create(office.zoom[office.tanaka], msgspec.structs.replace(standing.plan, tag=tag))
        self.compare(play, office)
        assert len(play.stage.held) == 4

    def test_what_is_being_looked_for_is_left_alone(self, office: Office, play: Play) -> None:
        def lose() -> None:
            raise PortError("unreachable")

        play.stage.lag = timedelta(seconds=20)
        play.stage.answers = [lose]
        told = Told(office, play).confirm()
        play.stage.lag = timedelta()
        self.compare(play, office)
        assert len(told.standing) == 1
        play.settle(play.later(minutes=2))
        assert told.standing == [told.meeting]

    def test_another_plan_is_noted(self, told: Told, office: Office, play: Play) -> None:
        play.stage.plans = dict.fromkeys([office.zoom[office.tanaka].rpartition("-")[2]], "basic")
        self.compare(play, office)
        link = office.app.linked(office.zoom[office.tanaka])
        assert link is not None
        assert (link.plan, link.linked_at) == ("basic", NOW)

    def test_everyone_who_can_be_asked_is_compared(self, office: Office, services: Services) -> None:
        tanaka, suzuki = office.zoom[office.tanaka], office.zoom[office.suzuki]
        for link in (tanaka, suzuki):
            services.vault.store(link, "member", "zoom", Grant("x"))
        office.app.unlink_account(office.suzuki, Provider.ZOOM, BY, NOW)
        assert hosts_in_use(office.app, services.rows) == [tanaka]

    def test_an_account_that_was_unlinked_meanwhile_is_left(
        self, told: Told, office: Office, play: Play
    ) -> None:
        asked = len(play.stage.log)
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        self.compare(play, office)
        assert len(play.stage.log) == asked
        assert waiting(play.services) == {}


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
