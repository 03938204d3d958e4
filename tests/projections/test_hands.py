"""What members do by hand on their own calendars: noticed, verified, followed or asked about."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Answer, Appointment, Edit, State
from chouseiapo.domain.links import Provider
from chouseiapo.domain.slots import CandidateState, Offer
from chouseiapo.ports import PortError
from chouseiapo.tables import mails, tasks
from chouseiapo.worker import Worker
from projections.rebuild import rebuild
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.projections.board import Board
from tests.projections.test_settling import keeping, settle

LATER = timedelta(minutes=3)
OFFERS = (offer(25, 1), offer(26, 2), offer(27, 3))


class Desk:
    """Tanaka's calendar is a board; time passes only when told."""

    def __init__(self, office: Office, services: Services) -> None:
        self.office, self.services = office, services
        self.app, self.board, self.now = office.app, Board(), NOW
        self.take_foreign = False
        account = "tanaka@example.com"
        self.link = self.app.link_account(office.tanaka, Provider.GOOGLE, "1", account, BY, NOW)

    def propose(self, offers: tuple[Offer, ...] = OFFERS) -> str:
        id = self.office.propose(attendees=(self.office.tanaka,), offers=offers).id
        self.settle()
        return id

    def settle(self) -> None:
        """Read what happened and make the calendar right, until nothing is due at this moment."""
        worker = Worker(self.services)
        worker.read()
        while settle(self.services, keeping(self.services, self.board, self.take_foreign), self.now):
            worker.read()

    def wait(self, pause: timedelta = LATER) -> None:
        """Long enough for the calendar to be read, and again for what was seen to be followed."""
        for _ in range(3):
            self.now += pause
            self.settle()

    def key(self, appointment: str, candidate: str) -> str:
        return f"{self.link}/{appointment}/{candidate}"

    def state(self, id: str, candidate: str) -> CandidateState:
        return self.app.appointment(id).candidates[candidate].state

    def names(self, id: str) -> list[str]:
        return [event.NAME.partition(".")[2] for event in self.app.stream(id)]


@pytest.fixture
def desk(office: Office, services: Services) -> Desk:
    return Desk(office, services)


def confirmed(desk: Desk) -> str:
    id = desk.propose()
    desk.app.confirm(id, "c1", YAMADA, BY, desk.now)
    desk.settle()
    return id


class TestOpenCandidates:
    def test_a_deleted_hold_withdraws_its_candidate(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN
        assert set(desk.board.times()) == {"c1", "c3"}
        [event] = [e for e in desk.app.stream(id) if isinstance(e, Appointment.CandidateWithdrawn)]
        assert event.by == desk.office.tanaka

    def test_nothing_follows_before_a_second_look_some_time_later(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.now += timedelta(seconds=90)
        desk.settle()
        assert desk.names(id)[-1] == "entry-deviated"
        assert desk.state(id, "c2") is CandidateState.OPEN
        assert set(desk.board.times()) == {"c1", "c3"}, "what a hand did stays until it is understood"

    def test_a_moved_hold_moves_its_candidate(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.move_by_hand(desk.key(id, "c2"), at(28, 1), at(28, 3))
        desk.wait()
        moved = desk.app.appointment(id).candidates["c2"]
        assert (moved.start, moved.end, moved.state) == (at(28, 1), at(28, 3), CandidateState.OPEN)
        assert desk.board.times()["c2"] == (at(28, 1), at(28, 3))

    @pytest.mark.parametrize(
        "to",
        [
            (at(28, 1, 10), at(28, 2, 10)),  # off the grid
            (at(25, 1), at(25, 2)),  # over the first candidate
            (at(20, 1), at(20, 2)),  # in the past
        ],
    )
    def test_one_moved_to_where_it_can_not_be_offered_is_withdrawn(
        self, desk: Desk, to: tuple[datetime, datetime]
    ) -> None:
        id = desk.propose()
        desk.board.move_by_hand(desk.key(id, "c2"), *to)
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN
        assert set(desk.board.times()) == {"c1", "c3"}

    def test_one_moved_over_a_booked_time_is_withdrawn(self, desk: Desk) -> None:
        booked = confirmed(desk)
        id = desk.propose((offer(28, 1), offer(28, 3)))
        desk.board.move_by_hand(desk.key(id, "c2"), at(25, 1), at(25, 2))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN
        assert desk.app.appointment(booked).state is State.CONFIRMED

    def test_the_last_candidate_is_asked_about(self, desk: Desk) -> None:
        id = desk.propose((offer(25, 1),))
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.wait()
        question = desk.app.appointment(id).question
        assert question is not None
        assert (question.owner, question.gone) == (desk.office.tanaka, True)
        assert desk.state(id, "c1") is CandidateState.OPEN

    def test_other_times_offered_instead_of_the_last_withdraw_it(self, desk: Desk) -> None:
        id = desk.propose((offer(25, 1),))
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.wait()
        desk.app.add_candidates(id, [offer(28, 1)], BY, desk.now)
        desk.settle()
        assert desk.state(id, "c1") is CandidateState.WITHDRAWN
        assert set(desk.board.times()) == {"c2"}

    def test_a_signal_that_was_wrong_is_forgotten(self, desk: Desk) -> None:
        id = desk.propose()
        desk.wait()
        kept = desk.board.standing.copy()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.now += timedelta(seconds=90)
        desk.settle()
        desk.board.standing = kept
        desk.wait()
        assert desk.names(id)[-2:] == ["entry-deviated", "entry-restored"]
        assert desk.state(id, "c2") is CandidateState.OPEN

    def test_what_the_guest_chooses_stands_whatever_was_done_to_its_hold(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.now += timedelta(seconds=90)
        desk.settle()
        desk.app.confirm(id, "c1", YAMADA, BY, desk.now)
        desk.wait()
        assert desk.board.times() == {"c1": (at(25, 1), at(25, 2))}
        assert desk.app.appointment(id).question is None

    def test_a_hand_that_comes_before_a_change_of_ours_is_not_written_over(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.board.move_by_hand(desk.key(id, "c3"), at(28, 1), at(28, 2))
        desk.app.revise(id, Edit(title="新しい件名"), BY, desk.now)
        desk.settle()
        assert set(desk.board.times()) == {"c1", "c3"}
        assert desk.board.times()["c3"] == (at(28, 1), at(28, 2))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN
        assert desk.app.appointment(id).candidates["c3"].start == at(28, 1)
        assert {e.title for e in desk.board.stands.values()} == {"【仮】新しい件名"}

    def test_not_even_where_the_second_look_fails(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.app.revise(id, Edit(title="新しい件名"), BY, desk.now)
        desk.board.blind = 1
        desk.settle()
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_nor_where_our_own_write_has_failed_before(self, desk: Desk) -> None:
        """Whether it was refused, or nobody knows whether it came through."""
        id = desk.propose()
        desk.board.answers = [PortError("throttled"), PortError("unavailable"), PortError("unavailable")]
        desk.app.revise(id, Edit(title="新しい件名"), BY, desk.now)
        desk.settle()
        desk.board.delete_by_hand(desk.key(id, "c1"), desk.key(id, "c2"))
        desk.now += timedelta(seconds=30)
        desk.settle()
        assert set(desk.board.times()) == {"c3"}
        desk.wait()
        assert {desk.state(id, c) for c in ("c1", "c2")} == {CandidateState.WITHDRAWN}
        assert {e.title for e in desk.board.stands.values()} == {"【仮】新しい件名"}

    def test_what_is_the_members_own_on_an_entry_stands_in_no_way(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.rename_by_hand(desk.key(id, "c1"), "わたしの言い方")
        desk.app.revise(id, Edit(title="新しい件名"), BY, desk.now)
        desk.wait()
        assert "entry-deviated" not in desk.names(id)
        assert {e.title for e in desk.board.stands.values()} == {"【仮】新しい件名"}

    def test_a_listing_that_is_forgotten_is_read_anew(self, desk: Desk) -> None:
        id = desk.propose()
        desk.wait()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.board.forgetful = True
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN


class TestConfirmed:
    def test_a_deleted_event_only_asks_the_organizer(self, desk: Desk) -> None:
        id = confirmed(desk)
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.wait()
        found = desk.app.appointment(id)
        assert found.state is State.CONFIRMED
        assert found.question is not None
        assert desk.board.times() == {}

    def test_to_keep_it_puts_it_back(self, desk: Desk) -> None:
        id = confirmed(desk)
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.wait()
        desk.app.answer_question(id, desk.office.tanaka, "c1", Answer.KEEP, BY, desk.now)
        desk.wait()
        assert desk.board.times() == {"c1": (at(25, 1), at(25, 2))}
        assert desk.app.appointment(id).question is None

    def test_to_keep_a_moved_one_moves_it_back(self, desk: Desk) -> None:
        id = confirmed(desk)
        desk.board.move_by_hand(desk.key(id, "c1"), at(26, 5), at(26, 6))
        desk.wait()
        question = desk.app.appointment(id).question
        assert question is not None
        assert (question.start, question.end) == (at(26, 5), at(26, 6))
        desk.app.answer_question(id, desk.office.tanaka, "c1", Answer.KEEP, BY, desk.now)
        desk.wait()
        assert desk.board.times() == {"c1": (at(25, 1), at(25, 2))}

    def test_to_cancel_ends_the_appointment(self, desk: Desk) -> None:
        id = confirmed(desk)
        desk.board.delete_by_hand(desk.key(id, "c1"))
        desk.wait()
        desk.app.answer_question(id, desk.office.tanaka, "c1", Answer.CANCEL, BY, desk.now)
        desk.wait()
        assert desk.app.appointment(id).state is State.CANCELLED
        assert desk.board.times() == {}

    def test_moved_back_by_hand_the_question_is_gone(self, desk: Desk) -> None:
        id = confirmed(desk)
        key = desk.key(id, "c1")
        desk.board.move_by_hand(key, at(26, 5), at(26, 6))
        desk.wait()
        desk.board.move_by_hand(key, at(25, 1), at(25, 2))
        desk.wait()
        assert desk.app.appointment(id).question is None
        assert desk.names(id)[-1] == "entry-restored"


class TestMassDisappearance:
    def emptied(self, desk: Desk) -> str:
        id = desk.propose(tuple(offer(25, hour) for hour in range(12)))
        desk.wait()
        desk.board.delete_by_hand(*desk.board.stands)
        desk.wait()
        return id

    def test_it_stops_and_asks(self, desk: Desk) -> None:
        id = self.emptied(desk)
        assert desk.app.owner(desk.office.tanaka).links[desk.link].vanished == 12
        assert len(desk.app.appointment(id).open_candidates) == 12
        assert "entry-deviated" not in desk.names(id)

    def test_answered_so_everything_is_put_back(self, desk: Desk) -> None:
        self.emptied(desk)
        desk.app.answer_vanished(desk.link, True, BY, desk.now)
        desk.wait()
        assert len(desk.board.times()) == 12
        assert desk.app.owner(desk.office.tanaka).links[desk.link].vanished == 0

    def test_put_back_it_is_watched_on(self, desk: Desk) -> None:
        id = self.emptied(desk)
        desk.app.answer_vanished(desk.link, True, BY, desk.now)
        desk.wait()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_a_rebuild_answers_nothing_again(self, desk: Desk, services: Services) -> None:
        id = self.emptied(desk)
        desk.app.answer_vanished(desk.link, True, BY, desk.now)
        desk.wait()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.board.asked.clear()
        [holds] = [p for p in services.projections if p.name == "holds"]
        assert rebuild(desk.app, services.rows, holds).changes == []
        desk.settle()
        assert desk.board.asked == []
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_what_was_answered_is_not_asked_again(self, desk: Desk) -> None:
        self.emptied(desk)
        desk.now += timedelta(minutes=2)  # it is time to look at the calendar again, too
        desk.app.answer_vanished(desk.link, False, BY, desk.now)
        desk.settle()
        desk.wait()
        assert desk.app.owner(desk.office.tanaka).links[desk.link].vanished == 0

    def test_or_it_was_meant_so(self, desk: Desk) -> None:
        id = self.emptied(desk)
        desk.app.answer_vanished(desk.link, False, BY, desk.now)
        desk.wait()
        found = desk.app.appointment(id)
        assert len(found.open_candidates) == 1, "the last one is asked about"
        assert found.question is not None
        assert desk.board.times() == {}


class TestForeignEntries:
    def test_they_change_nothing_unless_the_organization_says_so(self, desk: Desk) -> None:
        id = desk.propose()
        desk.wait()
        desk.board.book_by_hand("歯医者", at(25, 1), at(25, 2))
        desk.wait()
        assert desk.state(id, "c1") is CandidateState.OPEN

    def test_one_over_a_candidate_takes_it_where_it_does(self, desk: Desk) -> None:
        desk.take_foreign = True
        id = desk.propose()
        desk.wait()
        desk.board.book_by_hand("空き", at(25, 1), at(25, 2), free=True)
        desk.wait()
        assert desk.state(id, "c1") is CandidateState.OPEN
        desk.board.book_by_hand("歯医者", at(25, 1), at(25, 2))
        desk.wait()
        assert desk.state(id, "c1") is CandidateState.TAKEN
        assert set(desk.board.times()) == {"c2", "c3"}

    def test_a_busy_calendar_that_is_not_for_us_to_read_stops_nothing(self, desk: Desk) -> None:
        desk.take_foreign = True
        desk.app.choose_calendar(desk.link, BY, desk.now, calendar="", busy=("", "theirs"))
        id = desk.propose()
        desk.board.closed_calendars["theirs"] = PortError("no_permission", permanent=True, auth=True)
        desk.wait()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.wait()
        assert not desk.app.is_broken(desk.link)
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_what_stood_there_before_was_offered_knowingly(self, desk: Desk) -> None:
        desk.take_foreign = True
        desk.board.book_by_hand("歯医者", at(25, 1), at(25, 2))
        id = desk.propose()
        desk.wait()
        assert desk.state(id, "c1") is CandidateState.OPEN


class TestWatching:
    def test_a_calendar_without_anything_to_come_is_left_alone(self, desk: Desk, services: Services) -> None:
        id = desk.propose((offer(25, 1),))
        desk.wait()
        desk.app.cancel(id, "", BY, desk.now)
        desk.settle()
        desk.board.asked.clear()
        desk.wait()
        assert desk.board.asked == []
        with services.rows.read() as connection:
            assert list(connection.execute(select(tasks).where(tasks.c.ledger == "holds"))) == []

    def test_it_is_read_about_once_a_minute(self, desk: Desk) -> None:
        desk.propose()
        desk.board.asked.clear()
        for _ in range(60):
            desk.now += timedelta(seconds=10)
            desk.settle()
        assert 7 <= desk.board.asked.count("changes") <= 11

    def test_one_failure_is_forgotten_once_it_works_again(self, desk: Desk, services: Services) -> None:
        desk.propose()
        desk.board.unreadable = [PortError("unavailable")]
        desk.wait()
        with services.rows.read() as connection:
            [watch] = connection.execute(select(tasks).where(tasks.c.ledger == "holds"))
        assert (watch.failing_since, watch.error, watch.attempts) == (None, "", 0)

    def test_a_final_refusal_ends_no_watching(self, desk: Desk) -> None:
        id = desk.propose()
        desk.board.unreadable = [PortError("rejected_400", permanent=True)]
        desk.wait()
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_what_is_placed_late_is_watched_as_well(self, desk: Desk) -> None:
        desk.board.answers = [PortError("conflict")] * 12
        id = desk.propose()
        for _ in range(8):
            desk.wait(timedelta(minutes=1))
        assert set(desk.board.times()) == {"c1", "c2", "c3"}
        desk.board.delete_by_hand(desk.key(id, "c2"))
        desk.wait()
        assert desk.state(id, "c2") is CandidateState.WITHDRAWN

    def test_a_listing_that_lags_behind_undoes_no_hand(self, desk: Desk) -> None:
        id = desk.propose()
        desk.wait()
        stale = desk.board.standing[next(i for i in desk.board.standing if "/c2" in i)].found
        desk.board.move_by_hand(desk.key(id, "c2"), at(28, 1), at(28, 2))
        desk.now += timedelta(seconds=90)
        desk.settle()
        desk.board.stale = [stale]
        desk.wait()
        assert desk.app.appointment(id).candidates["c2"].start == at(28, 1)
        assert "entry-restored" not in desk.names(id)


class TestBrokenLinks:
    def test_they_heal_by_the_vendors_word_alone(self, desk: Desk) -> None:
        """Not because there was nothing left to ask it."""
        id = desk.propose()
        desk.board.answers = [PortError("token_refused", permanent=True, auth=True)] * 3
        desk.app.revise(id, Edit(title="新しい件名"), BY, desk.now)
        desk.settle()
        assert desk.app.is_broken(desk.link)
        desk.app.cancel(id, "", BY, desk.now)
        desk.board.answers = []
        desk.board.closed = PortError("token_refused", permanent=True, auth=True)
        desk.wait(timedelta(minutes=11))
        assert desk.app.is_broken(desk.link)
        desk.board.closed = None
        desk.wait(timedelta(minutes=11))
        assert not desk.app.is_broken(desk.link)
        assert desk.board.times() == {}
        broken = [e for e in desk.app.stream(desk.office.tanaka) if e.NAME == "member.link-broken"]
        assert len(broken) == 1


class TestAnotherCalendar:
    def test_entries_move_to_the_calendar_that_is_chosen(self, desk: Desk) -> None:
        id = desk.propose()
        desk.app.choose_calendar(desk.link, BY, desk.now, calendar="team", name="チーム")
        desk.wait()
        assert {s.calendar for s in desk.board.standing.values()} == {"team"}
        assert set(desk.board.times()) == {"c1", "c2", "c3"}
        assert desk.app.appointment(id).deviations == []


def test_the_outbox_asks_the_organizer_once(desk: Desk, services: Services) -> None:
    id = confirmed(desk)
    desk.board.delete_by_hand(desk.key(id, "c1"))
    desk.wait()
    desk.wait()
    with services.rows.read() as connection:
        asked = list(connection.scalars(select(mails.c.recipient).where(mails.c.rule == "question")))
    assert asked == [desk.office.tanaka]
