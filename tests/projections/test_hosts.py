"""Who hosts: accounts that move, end and come, the organization's hosts, their days and their lists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from chouseiapo.accounts.vault import Grant
from chouseiapo.bootstrap import Services
from chouseiapo.domain.agenda import Agendas
from chouseiapo.domain.ids import link_id
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import PortError
from chouseiapo.worker import Worker
from projections.compare_meetings import HELD_BACK, ask_to_compare, hosts_in_use
from projections.host_writes import spend, written
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.projections.stage import Play, Stage, Told, organization_host, waiting


@pytest.fixture
def play(services: Services) -> Play:
    return Play(services)


@pytest.fixture
def told(office: Office, play: Play) -> Told:
    return Told(office, play).confirm()


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

    def test_what_is_over_is_left_as_it_was(
        self, told: Told, office: Office, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = play.later(days=30)
        seen: list[str] = []
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, later, Leaving.KEEP)
        office.app.link_account(office.tanaka, Provider.ZOOM, "tanaka@example.com", "x", BY, later)
        monkeypatch.setattr(office.app, "appointment", seen.append)
        play.settle()
        assert seen == []

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

    def test_a_token_that_died_keeps_nobody_from_another_meeting(
        self, told: Told, office: Office, play: Play
    ) -> None:
        play.stage.answers = [PortError("not_linked", permanent=True, auth=True)]
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        play.settle()
        old = told.standing
        link = office.app.link_account(office.tanaka, Provider.ZOOM, "another", "another", BY, NOW)
        play.settle()
        assert told.now.conference.host == link
        assert told.standing == [*old, told.meeting]

    def test_what_may_stand_is_taken_away_before_another_is_made_elsewhere(
        self, office: Office, play: Play
    ) -> None:
        def lose() -> None:
            raise PortError("unreachable")

        play.stage.answers = [lose]
        told = Told(office, play).confirm()
        assert (told.meeting, len(told.standing)) == ("", 1)
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        link = office.app.link_account(office.tanaka, Provider.ZOOM, "another", "another", BY, NOW)
        play.settle(play.later(minutes=1))
        assert told.standing == [told.meeting] != [""]
        assert told.now.conference.host == link

    def test_what_is_made_while_its_owner_takes_all_away_goes_too(self, office: Office, play: Play) -> None:
        def unlink() -> None:
            office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
            Worker(play.services).read()

        play.stage.answers = [unlink]
        told = Told(office, play).confirm()
        play.settle(play.later(minutes=1))
        assert (told.standing, told.now.meeting) == ([], None)
        link = office.app.link_account(office.tanaka, Provider.ZOOM, "another", "another", BY, NOW)
        play.settle()
        assert told.now.conference.host == link
        assert told.standing == [told.meeting] != [""]

    def test_once_it_is_linked_again_nobody_remembers_that_it_was_taken_away(
        self, told: Told, office: Office, play: Play
    ) -> None:
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        play.settle()
        office.app.link_account(office.tanaka, Provider.ZOOM, "tanaka@example.com", "x", BY, NOW)
        play.settle()
        before = told.standing
        play.services.policies.take_up(office.tanaka, NOW)
        play.settle()
        assert told.standing == before == [told.meeting] != [""]

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

    @pytest.mark.parametrize("how", ["taken away", "not needed"])
    def test_a_host_is_free_again_when_it_hosts_nothing(self, office: Office, play: Play, how: str) -> None:
        host = organization_host(office)
        for member in (office.tanaka, office.suzuki):
            office.app.unlink_account(member, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        told = Told(office, play).confirm()
        assert told.now.conference.reserved == host
        if how == "taken away":
            office.app.withdraw_meeting(told.id, host, BY, NOW)
        else:
            office.app.note_meeting_gone(told.id, 1, NOW)
            office.app.forgo_meeting(told.id, BY, NOW)
        [chosen] = told.now.occurrences
        assert not Agendas(office.app.agenda).taken_by([host], chosen.slot)
        assert Agendas(office.app.agenda).taken_by([office.tanaka], chosen.slot) == told.id

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

    def test_what_begins_soon_is_read_where_no_webhook_told_of_a_change(
        self, office: Office, play: Play
    ) -> None:
        soon, later = (Told(office, play, offers=(offer(day, 1),)).confirm() for day in (24, 26))
        for each in (soon, later):
            play.stage.change_by_hand(each.meeting, passcode="by hand")
        self.compare(play, office, at(23, 1))
        assert play.stage.asked("look") == [soon.meeting]
        assert [each.now.meeting and each.now.meeting.passcode for each in (soon, later)] == [
            "by hand",
            f"p{later.meeting[-4:]}",
        ]

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
