"""Settling under bad luck: changes while a worker writes, failures for now and for good, poison."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Platform
from chouseiapo.ledger import Ledger, beat, pause_after, touch
from chouseiapo.ports import Calendar, Issued, Looked, MeetingPlan, PortError
from chouseiapo.tables import entries, issued_meetings, parked, tasks
from chouseiapo.worker import Worker
from projections.audit import Audit
from projections.calendars import KeepCalendars
from projections.catch_up import catch_up
from projections.issue_meetings import LIST_LAG, IssueMeetings
from projections.place_holds import PlaceHolds
from projections.rebuild import rebuild
from projections.settle import work_lane
from projections.watch import Watch
from tests.product import BY, NOW, YAMADA, Office, at
from tests.projections.board import Board


class Platforms:
    """A meeting platform in memory; `create` may lose its answer."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.hosts: list[str] = []
        self.deleted: list[str] = []
        self.listed = True
        self.lose_answer = False
        self.refuse: PortError | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.writes_a_day = 100
        self.updated: list[MeetingPlan] = []
        self.stands: Looked | None = None

    def find(self, link: str, tag: str) -> Issued | None:
        return Issued(tag, "https://zoom.example/1") if self.listed and tag in self.made else None

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        return self.stands

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        if self.refuse:
            raise self.refuse
        self.made.append(plan.tag)
        self.hosts.append(link)
        self.meanwhile()
        if self.lose_answer:
            raise PortError("unreachable")
        return Issued(plan.tag, "https://zoom.example/1")

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        self.updated.append(plan)

    def delete(self, link: str, meeting_id: str) -> None:
        self.deleted.append(meeting_id)


def settle_holds(services: Services, board: Board, now: Any = NOW) -> int:
    return settle(services, keeping(services, board), now)


def keeping(services: Services, board: Board, take_foreign: bool = False) -> KeepCalendars:
    """What settles calendars, all of them on one board; hands are followed after two minutes."""
    app, rows = services.coordination, services.rows
    calendar: Calendar = board
    return KeepCalendars(
        PlaceHolds(
            app,
            rows,
            services.entry_writer,
            lambda _: calendar,
            timedelta(minutes=2),
            timedelta(minutes=1),
        ),
        Watch(app, rows, lambda _: calendar, timedelta(minutes=1), take_foreign),
        Audit(app, rows, services.entry_writer, lambda _: calendar),
    )


def settle_meetings(services: Services, platform: Platforms, now: Any = NOW) -> int:
    [wanted] = [p for p in services.projections if p.name == "meetings"]
    settler: Any = IssueMeetings(services.coordination, services.rows, wanted, platform, lambda: now)  # type: ignore[arg-type]
    return settle(services, settler, now)


def settle(services: Services, settler: Any, now: Any) -> int:
    """Everything that is due, as one worker would do it at that moment."""
    ledger, done = Ledger(services.rows, settler.ledger, "worker-1"), 0
    beat(services.rows, "worker-1", now)
    while lane := ledger.claim_lane(now):
        done += work_lane(ledger, settler, services.coordination, lane, lambda: now)
    return done


def left(services: Services, ledger: str) -> list[Any]:
    with services.rows.read() as connection:
        return list(connection.execute(select(tasks).where(tasks.c.ledger == ledger)))


class TestHolds:
    def test_a_cancellation_that_comes_while_holds_are_written_leaves_none(
        self, office: Office, services: Services
    ) -> None:
        appointment, board = office.propose(attendees=(office.tanaka,)), Board()
        Worker(services).read()

        def cancel() -> None:
            board.meanwhile = lambda: None
            office.app.cancel(appointment.id, "", BY, NOW)
            Worker(services).read()

        board.meanwhile = cancel
        settle_holds(services, board)
        assert board.stands == {}
        assert left(services, "holds") == []

    def test_a_final_refusal_does_not_hide_one_that_passes(self, office: Office, services: Services) -> None:
        office.propose(attendees=(office.tanaka,))
        Worker(services).read()
        board = Board()
        board.answers = [PortError("rejected_400", permanent=True), PortError("conflict")]
        settle_holds(services, board)
        [task] = left(services, "holds")
        assert (task.parked, task.error) == (False, "conflict")
        board.answers = [PortError("rejected_400", permanent=True)]
        settle_holds(services, board, NOW + timedelta(minutes=1))
        [task] = left(services, "holds")
        assert (task.parked, len(board.stands)) == (True, 1)

    def test_the_booking_is_written_before_anything_is_removed(
        self, office: Office, services: Services
    ) -> None:
        appointment, board = office.propose(attendees=(office.tanaka,)), Board()
        Worker(services).read()
        settle_holds(services, board)
        office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        board.answers = [PortError("unavailable")]
        settle_holds(services, board)
        assert len(board.stands) == 2, "as long as the booking could not be written, its siblings stay"
        settle_holds(services, board, NOW + timedelta(minutes=1))
        [entry] = board.stands.values()
        assert entry.confirmed

    def test_an_attempt_is_noted_before_it_is_made(self, office: Office, services: Services) -> None:
        office.propose(attendees=(office.tanaka,))
        Worker(services).read()
        board = Board()

        def look() -> None:
            with services.rows.read() as connection:
                assert list(connection.scalars(select(entries.c.unsure))) == [True, True]

        board.meanwhile = look
        settle_holds(services, board)
        assert len(board.stands) == 2


class TestMeetings:
    @pytest.fixture
    def confirmed(self, office: Office, services: Services) -> str:
        appointment = office.propose(platform=Platform.ZOOM)
        office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        return appointment.id

    def test_a_cancellation_that_comes_while_one_is_made_deletes_it(
        self, confirmed: str, office: Office, services: Services
    ) -> None:
        platform = Platforms()

        def cancel() -> None:
            office.app.cancel(confirmed, "", BY, NOW)
            Worker(services).read()

        platform.meanwhile = cancel
        settle_meetings(services, platform)
        settle_meetings(services, platform)
        assert (len(platform.made), len(platform.deleted)) == (1, 1)

    def test_a_lost_answer_is_looked_for_and_never_made_twice(
        self, confirmed: str, services: Services
    ) -> None:
        platform = Platforms()
        platform.lose_answer = True
        platform.listed = False
        settle_meetings(services, platform)
        platform.lose_answer = False
        for seconds in (2, 10, 30, 39):
            settle_meetings(services, platform, NOW + timedelta(seconds=seconds))
        assert len(platform.made) == 1, "as long as the list may lag, nothing is made again"
        platform.listed = True
        settle_meetings(services, platform, NOW + LIST_LAG + timedelta(seconds=1))
        assert len(platform.made) == 1
        assert services.coordination.appointment(confirmed).meeting is not None

    def test_what_was_plainly_refused_is_made_at_the_next_try(
        self, confirmed: str, services: Services
    ) -> None:
        platform = Platforms()
        platform.refuse = PortError("throttled", retry_after=2)
        settle_meetings(services, platform)
        with services.rows.read() as connection:
            assert list(connection.scalars(select(issued_meetings.c.unsure_since))) == []
        platform.refuse = None
        settle_meetings(services, platform, NOW + timedelta(seconds=3))
        assert len(platform.made) == 1

    @pytest.mark.parametrize("account", ["tanaka@example.com", "another"], ids=["the same", "another"])
    def test_what_was_refused_is_made_once_an_account_is_linked_anew(
        self, confirmed: str, office: Office, services: Services, account: str
    ) -> None:
        platform, later = Platforms(), NOW + timedelta(minutes=1)
        platform.refuse = PortError("no_permission", permanent=True)
        settle_meetings(services, platform)
        platform.refuse = None
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, later)
        settle_meetings(services, platform, later)
        Worker(services).read()
        settle_meetings(services, platform, later)
        assert platform.made == []
        link = office.app.link_account(office.tanaka, Provider.ZOOM, account, account, BY, later)
        Worker(services).read()
        settle_meetings(services, platform, later)
        assert platform.hosts == [link]
        assert services.coordination.appointment(confirmed).meeting is not None

    def test_none_is_made_for_what_is_over(self, confirmed: str, services: Services) -> None:
        platform = Platforms()
        settle_meetings(services, platform, NOW + timedelta(days=30))
        assert platform.made == []
        assert left(services, "meetings") == []


class TestLanes:
    def test_a_lane_is_given_back_whatever_ends_the_work(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office.propose(attendees=(office.tanaka,))
        Worker(services).read()
        broken = pytest.MonkeyPatch()

        def fail(*_: Any) -> None:
            raise ArithmeticError

        broken.setattr(Ledger, "finish", fail)
        with pytest.raises(ArithmeticError):
            settle_holds(services, Board())
        broken.undo()
        assert settle_holds(services, Board(), NOW + timedelta(seconds=5)) == 1

    def test_a_lane_of_a_dead_worker_is_taken_over(self, services: Services) -> None:
        with services.rows.write() as connection:
            touch(connection, "holds", "key", "lane")
        beat(services.rows, "dead", NOW)
        assert Ledger(services.rows, "holds", "dead").claim_lane(NOW) == "lane"
        later = NOW + timedelta(seconds=5)
        beat(services.rows, "heir", later)
        heir = Ledger(services.rows, "holds", "heir")
        assert heir.claim_lane(later) is None
        assert heir.claim_lane(NOW + timedelta(seconds=11)) == "lane"

    def test_one_that_works_in_it_never_takes_it_twice(self, services: Services) -> None:
        with services.rows.write() as connection:
            touch(connection, "holds", "key", "lane")
        ledger = Ledger(services.rows, "holds", "slow")
        beat(services.rows, "slow", NOW)
        assert ledger.claim_lane(NOW) == "lane"
        assert ledger.claim_lane(NOW + timedelta(minutes=1)) is None, "even when its heart missed its beats"

    @pytest.mark.parametrize("asked", [-1.0, 1e300, float("inf")])
    def test_absurd_waits_are_bounded(self, asked: float) -> None:
        assert timedelta() <= pause_after(0, asked) <= timedelta(days=1)


class TestPoison:
    def test_an_event_that_cannot_be_read_parks_its_stream_only(
        self, office: Office, services: Services
    ) -> None:
        bad, good = office.propose(), office.propose()
        stored = StoredEvent(bad.id, 2, "appointment.from-the-future", b"{}")
        services.coordination.recorder.insert_events([stored])
        Worker(services).read()
        with services.rows.read() as connection:
            waiting = set(connection.scalars(select(parked.c.stream)))
            known = set(connection.scalars(select(tasks.c.key).where(tasks.c.ledger == "holds")))
        assert waiting == {bad.id}
        assert {key.partition("/")[2] for key in known} >= {good.id}

    def test_it_keeps_nobody_else_from_being_reminded_and_no_projection_from_being_rebuilt(
        self, office: Office, services: Services
    ) -> None:
        bad, good = office.propose(), office.propose(attendees=(office.sato,), organizer=office.sato)
        for each in (bad, good):
            office.app.confirm(each.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        stored = StoredEvent(bad.id, 3, "appointment.from-the-future", b"{}")
        services.coordination.recorder.insert_events([stored])
        Worker(services).read()
        decisions = services.reminders.decide(at(24, 22))
        assert {d.appointment for d in decisions if d.sent} == {good.id}
        assert services.reminders.zones(at(24, 22)) == {"Asia/Tokyo"}
        for projection in services.projections:
            report = rebuild(services.coordination, services.rows, projection)
            assert set(report.unreadable) <= {bad.id}
            assert report.changes == []

    def test_a_store_in_trouble_parks_nothing(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office.propose()
        [offers] = [p for p in services.projections if p.name == "offers"]

        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError

        monkeypatch.setattr(services.coordination, "appointment", fail)
        with pytest.raises(OperationalError):
            catch_up(services.coordination, services.rows, offers, NOW)
        monkeypatch.undo()
        while catch_up(services.coordination, services.rows, offers, NOW):
            pass
        with services.rows.read() as connection:
            assert list(connection.execute(select(parked))) == []

    def test_one_appointment_that_fails_does_not_keep_the_others_from_expiring(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = office.propose(), office.propose()
        Worker(services).read()
        really = services.coordination.observe_time

        def fail_for_first(id: str, now: Any) -> None:
            if id == first.id:
                raise ArithmeticError
            really(id, now)

        monkeypatch.setattr(services.coordination, "observe_time", fail_for_first)
        services.policies.observe_time(NOW + timedelta(days=30))
        assert office.app.appointment(second.id).state.value == "expired"


def test_ids_of_other_streams_name_no_appointment(office: Office) -> None:
    for id in (office.tanaka, office.room, "agenda-x-2026-11-25", "appointment-\x00", ""):
        with pytest.raises(NotFound):
            office.app.cancel(id, "", Meta(actor=office.tanaka), NOW)
    assert len(office.app.stream(office.tanaka)) == 2


def test_a_mail_that_waited_bears_the_link_of_today(office: Office, services: Services) -> None:
    appointment = office.propose()
    Worker(services).read()
    office.app.reissue_link(appointment.id, BY, NOW)
    from projections.outbox import mails_of

    [mail] = [m for m in mails_of(office.app.stream(appointment.id)) if m.recipient == "guest"]
    body = services.composer.compose(mail, NOW).get_body(("plain",))
    assert body is not None
    assert services.guest_url(office.app.appointment(appointment.id)) in body.get_content()
