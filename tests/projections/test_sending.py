"""The outbox under way: each mail once, in order, noted; a server that is down is asked by one alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chouseiapo import storage, worker
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Guest
from chouseiapo.ledger import LIFE, PROBE, Down, Ledger, down, worker_is_alive
from chouseiapo.ports import PortError
from chouseiapo.storage import DatabaseTrouble, upsert
from chouseiapo.tables import lanes, sent_mails, tasks
from chouseiapo.worker import Worker
from projections import send_mails
from projections.mail_log import Logged, latest_mails, mails_about
from projections.outbox import again, want
from projections.settle import work_lane
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.projections.post import Post, send_due, sending

SEVEN = at(24, 22)
SOON = NOW + timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def post() -> Post:
    return Post()


def propose(office: Office, services: Services, guests: int = 1) -> list[Appointment]:
    made = [office.propose(guest=Guest("ABC", f"客{n}", f"guest{n}@example.net")) for n in range(guests)]
    Worker(services).read()
    return made


def due(services: Services) -> list[Any]:
    with services.rows.read() as connection:
        return list(connection.execute(select(tasks).where(tasks.c.ledger == "outbox")))


def fates(services: Services) -> dict[str, str]:
    return {each.mail.recipient: each.outcome for each in latest_mails(services.rows)}


def to_guest(services: Services, made: Appointment) -> list[Logged]:
    return [each for each in mails_about(services.rows, made.id) if each.mail.recipient == "guest"]


class TestOneMail:
    def test_each_is_sent_once_and_noted(self, office: Office, services: Services, post: Post) -> None:
        [made] = propose(office, services)
        assert send_due(services, post, SOON) == 3
        assert send_due(services, post, SOON) == 0
        assert post.recipients == ["guest0@example.net", "suzuki@example.com", "tanaka@example.com"]
        assert {each.outcome for each in mails_about(services.rows, made.id)} == {"sent"}
        assert due(services) == []

    def test_a_refusal_for_good_concerns_its_recipient_alone(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services)
        post.refuses["guest0@example.net"] = PortError("refused_550", permanent=True)
        send_due(services, post, SOON)
        outcomes = fates(services)
        assert outcomes.pop("guest") == "refused_550"
        assert set(outcomes.values()) == {"sent"}
        post.refuses.clear()
        assert send_due(services, post, SOON + timedelta(days=1)) == 0

    def test_one_for_now_is_tried_again_later_and_later(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services)
        post.refuses["guest0@example.net"] = PortError("refused_451")
        now, pauses = SOON, []
        for _ in range(6):
            send_due(services, post, now)
            [task] = due(services)
            pauses.append(task.due_at - now)
            now = task.due_at
        assert (task.error, task.attempts) == ("refused_451", 6)
        assert pauses[0] < timedelta(seconds=1.1)
        assert timedelta(seconds=16) <= pauses[5] <= timedelta(seconds=32)
        post.refuses.clear()
        send_due(services, post, now)
        assert due(services) == []
        assert post.recipients.count("guest0@example.net") == 1

    def test_a_later_mail_waits_for_an_earlier_one_to_the_same_recipient(
        self, office: Office, services: Services, post: Post
    ) -> None:
        [made] = propose(office, services)
        office.app.confirm(made.id, "c1", Guest(), BY, NOW)
        Worker(services).read()
        post.refuses["guest0@example.net"] = PortError("refused_451")
        send_due(services, post, SOON)
        assert "guest0@example.net" not in post.recipients
        post.refuses.clear()
        for minutes in range(1, 4):
            send_due(services, post, SOON + timedelta(minutes=minutes))
        to_guest = [m["Subject"] for m in post.taken if "guest0" in m["To"]]
        assert ["お願い" in to_guest[0], "確定" in to_guest[1], len(to_guest)] == [True, True, 2]

    def test_several_mails_to_one_recipient_leave_at_once_in_their_order(
        self, office: Office, services: Services, post: Post
    ) -> None:
        [made] = propose(office, services)
        office.app.confirm(made.id, "c1", Guest(), BY, NOW)
        office.app.cancel(made.id, "", BY, NOW)
        Worker(services).read()
        send_due(services, post, SOON)
        assert due(services) == []
        to_guest = [str(m["Subject"]) for m in post.taken if "guest0" in m["To"]]
        assert len(to_guest) == 3
        assert ["お願い" in to_guest[0], "確定しました" in to_guest[1]] == [True, True]

    def test_a_fault_of_ours_holds_no_other_mail_up(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        propose(office, services)
        compose = services.composer.compose

        def failing(mail: Any, now: Any) -> Any:
            if mail.recipient == "guest":
                raise RuntimeError("cannot be rendered")
            return compose(mail, now)

        monkeypatch.setattr(services.composer, "compose", failing)
        send_due(services, post, SOON)
        assert len(post.taken) == 2
        [task] = due(services)
        assert task.error == "internal_error"


class TestGivenUp:
    """What could not be sent for five days since it was first tried is as good as refused."""

    def held_back(self, office: Office, services: Services, post: Post) -> Appointment:
        """A request that the guest's server does not take for now, and a confirmation behind it."""
        [made] = propose(office, services)
        office.app.confirm(made.id, "c1", Guest(), BY, NOW)
        Worker(services).read()
        post.refuses["guest0@example.net"] = PortError("refused_451")
        send_due(services, post, SOON)
        return made

    def test_it_is_tried_for_five_days_and_then_refused_with_the_last_reason(
        self, office: Office, services: Services, post: Post
    ) -> None:
        made = self.held_back(office, services, post)
        send_due(services, post, SOON + send_mails.GIVEN_UP_AFTER - SECOND)
        assert to_guest(services, made)[0].state == "queued"
        post.refuses["guest0@example.net"] = PortError("refused_452")
        given_up = SOON + send_mails.GIVEN_UP_AFTER + timedelta(minutes=10)
        send_due(services, post, given_up)
        first = to_guest(services, made)[0]
        assert (first.state, first.outcome, first.given_up_at) == ("refused", "refused_452", given_up)
        assert first.mail.key not in {task.key for task in due(services)}

    def test_it_holds_later_mails_back_no_more_and_these_have_five_days_of_their_own(
        self, office: Office, services: Services, post: Post
    ) -> None:
        made = self.held_back(office, services, post)
        given_up = SOON + send_mails.GIVEN_UP_AFTER + timedelta(minutes=10)
        send_due(services, post, given_up)
        send_due(services, post, given_up + 2 * SECOND)
        request, confirmation = to_guest(services, made)
        assert (request.state, confirmation.state, confirmation.error) == ("refused", "queued", "refused_451")
        post.refuses.clear()
        send_due(services, post, given_up + timedelta(minutes=10))
        assert [each.state for each in to_guest(services, made)] == ["refused", "sent"]

    def test_one_that_cannot_be_rendered_is_given_up_too(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [made] = propose(office, services)

        def failing(mail: Any, now: Any) -> Any:
            raise RuntimeError("cannot be rendered")

        monkeypatch.setattr(services.composer, "compose", failing)
        send_due(services, post, SOON)
        send_due(services, post, SOON + send_mails.GIVEN_UP_AFTER)
        assert {each.outcome for each in mails_about(services.rows, made.id)} == {"internal_error"}
        assert due(services) == []

    def test_a_server_that_is_down_for_longer_costs_no_mail(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services)
        post.down = "smtp_unreachable"
        send_due(services, post, SOON)
        later = SOON + 2 * send_mails.GIVEN_UP_AFTER
        send_due(services, post, later)
        post.down = ""
        send_due(services, post, later + timedelta(minutes=1))
        assert set(fates(services).values()) == {"sent"}

    def test_it_can_be_sent_once_more_by_hand(self, office: Office, services: Services, post: Post) -> None:
        made = self.held_back(office, services, post)
        given_up = SOON + send_mails.GIVEN_UP_AFTER
        send_due(services, post, given_up)
        post.refuses.clear()
        with services.rows.write() as connection:
            want(connection, again(to_guest(services, made)[0].mail, 1, given_up), asked_by=office.suzuki)
        send_due(services, post, given_up + 2 * SECOND)
        assert [each.state for each in to_guest(services, made)] == ["refused", "sent", "sent"]


class TestInOrder:
    def test_nobody_is_reminded_of_what_they_have_yet_to_hear(
        self, office: Office, services: Services, post: Post
    ) -> None:
        """Also where nothing has happened since the confirmation, which leaves by another lane."""
        made = office.propose()
        Worker(services).read()
        send_due(services, post, SOON)
        office.app.confirm(made.id, "c1", YAMADA, BY, SOON)
        Worker(services).read()
        post.refuses["yamada@example.net"] = PortError("refused_451")
        send_due(services, post, SOON)
        services.reminders.sweep(SEVEN)
        post.refuses.clear()
        with services.rows.write() as connection:
            connection.execute(tasks.update().where(tasks.c.attempts > 0).values(due_at=SEVEN + SECOND))
        send_due(services, post, SEVEN)
        assert post.recipients.count("yamada@example.net") == 1, "the confirmation is still to come"
        for seconds in (2, 4):
            send_due(services, post, SEVEN + seconds * SECOND)
        to_guest = [str(m["Subject"]) for m in post.taken if "yamada" in m["To"]]
        assert ["お願い" in to_guest[0], "確定" in to_guest[1], len(to_guest)] == [True, True, 3]

    def test_many_that_wait_for_one_refused_for_now_hold_nobody_up(
        self, office: Office, services: Services, post: Post
    ) -> None:
        made = propose(office, services, 8)
        for n, appointment in enumerate(made):
            post.refuses[f"guest{n}@example.net"] = PortError("refused_451")
            office.app.cancel(appointment.id, "", BY, NOW)
        Worker(services).read()
        send_due(services, post, SOON)
        waiting = [task for task in due(services) if task.attempts == 0]
        assert (len(waiting), len(post.taken)) == (8, 32)
        assert all(task.due_at > SOON for task in waiting)
        knocks = len(post.knocks)
        send_due(services, post, SOON + timedelta(milliseconds=1))
        assert len(post.knocks) == knocks


def remind(office: Office, services: Services, post: Post, appointments: int) -> None:
    """All of one hour are to be reminded: three people each, at seven."""
    for n in range(appointments):
        made = office.propose(offers=(offer(25, 0.5 + n),))
        office.app.confirm(made.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    for turn in range(3):  # a confirmation leaves after the request
        send_due(services, post, SOON + turn * SECOND)
    assert len(post.taken) == len(_outcomes(services)) == 6 * appointments
    post.taken.clear()
    services.reminders.sweep(SEVEN)


class TestTogether:
    """Reminders, thousands of which leave at one moment, are noted a handful at a time."""

    def test_what_was_sent_is_noted_although_the_next_one_ends_the_work(
        self, office: Office, services: Services, post: Post
    ) -> None:
        """As when the process is told to end: nothing that the server has accepted is forgotten."""
        remind(office, services, post, 10)
        before = len(_outcomes(services))

        def killed() -> None:
            if len(post.taken) == 4:
                raise KeyboardInterrupt

        post.meanwhile = killed
        with pytest.raises(KeyboardInterrupt):
            send_due(services, post, SEVEN)
        assert len(_outcomes(services)) == before + 4

    def test_few_are_repeated_after_a_crash_and_with_the_same_message_id(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remind(office, services, post, 10)
        with monkeypatch.context() as crashing:
            crashing.setattr("projections.send_mails.upsert", _crash)
            with pytest.raises(MemoryError):
                send_due(services, post, SEVEN)
        in_flight = len(post.taken)
        assert 2 < in_flight <= send_mails.GROUP
        send_due(services, post, SEVEN + timedelta(minutes=1))
        ids = [mail["Message-ID"] for mail in post.taken]
        assert (len(set(ids)), len(ids)) == (30, 30 + in_flight)

    def test_a_slow_server_keeps_no_more_in_flight_than_a_moments_worth(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remind(office, services, post, 10)
        monkeypatch.setattr(send_mails, "GROUP_S", 0.0)
        noted = len(_outcomes(services))
        seen: list[int] = []
        post.meanwhile = lambda: seen.append(len(post.taken) - len(_outcomes(services)) + noted)
        send_due(services, post, SEVEN)
        assert (len(post.taken), max(seen)) == (30, 0)

    def test_whoever_lost_the_lane_sends_nothing_more(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remind(office, services, post, 10)
        monkeypatch.setattr(send_mails, "GROUP_S", 0.0)
        ledger = Ledger(services.rows, "outbox", "sleeper")
        lane = ledger.claim_lane(SEVEN)
        assert lane is not None

        def lose() -> None:
            with services.rows.write() as connection:
                connection.execute(lanes.update().values(holder="heir"))

        post.meanwhile = lose
        work_lane(ledger, sending(services, post), services.coordination, lane, lambda: SEVEN)
        assert len(post.taken) == 1

    def test_a_database_that_is_away_for_a_moment_has_nothing_sent_again(
        self, office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        propose(office, services, 5)
        failures = [0.0] * 3

        def away(*given: Any) -> None:
            if failures:
                failures.pop()
                raise DatabaseTrouble("away")
            upsert(*given)

        monkeypatch.setattr("projections.send_mails.upsert", away)
        monkeypatch.setattr(storage, "TRIED_AGAIN_S", (0.0,) * 5)
        send_due(services, post, SOON)
        assert (len(post.taken), len(_outcomes(services))) == (15, 15)


def test_a_worker_that_works_once_is_alive_until_it_ends(
    office: Office, services: Services, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes its time over one mail: nobody else takes the lane over and sends it too."""
    propose(office, services)
    monkeypatch.setattr(worker, "HEARTBEAT", timedelta(seconds=0.01))
    now = [SOON]
    once = Worker(replace(services, clock=lambda: now[0], settlers=[sending(services, post)]))
    other = Ledger(services.rows, "outbox", "another")
    claimed: list[str | None] = []

    def slow() -> None:
        now[0] += LIFE * 2
        end = time.monotonic() + 5
        while not worker_is_alive(services.rows, now[0]) and time.monotonic() < end:
            time.sleep(0.01)
        claimed.append(other.claim_lane(now[0]))

    post.meanwhile = slow
    assert (once.once(), claimed) == (3, [None] * 3)


class TestServerDown:
    def test_no_lane_knocks_any_more_and_one_probe_asks(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services, 20)
        post.down = "smtp_unreachable"
        send_due(services, post, SOON)
        assert post.knocks == ["send"]
        trouble = trouble_of(services)
        assert (trouble.reason, trouble.since) == ("smtp_unreachable", SOON)
        for _ in range(3):
            send_due(services, post, trouble_of(services).next_at)
        assert post.knocks == ["send", "check", "check", "check"]

    def test_it_is_healed_at_once_and_every_mail_leaves_once(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services, 20)
        post.down = "smtp_login_refused_535"
        send_due(services, post, SOON)
        post.down = ""
        send_due(services, post, trouble_of(services).next_at)
        assert down(services.rows, "outbox") is None
        assert len(post.taken) == 60
        assert len({mail["Message-ID"] for mail in post.taken}) == 60
        assert due(services) == []

    def test_what_met_the_closed_door_was_not_tried(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services)
        post.down = "smtp_unreachable"
        send_due(services, post, SOON)
        assert {t.attempts for t in due(services) if t.key != PROBE} == {0}

    def test_it_is_never_asked_less_than_every_sixteen_seconds(
        self, office: Office, services: Services, post: Post
    ) -> None:
        propose(office, services)
        post.down, now = "smtp_unreachable", SOON
        send_due(services, post, now)
        for _ in range(10):
            trouble = trouble_of(services)
            assert timedelta(0) < trouble.next_at - now <= timedelta(seconds=16)
            now = trouble.next_at
            send_due(services, post, now)
        assert trouble.asked == 9

    @pytest.mark.parametrize("reason", ["refused_421", "smtp_dropped", "smtp_sender_refused_530"])
    def test_a_mail_that_always_ends_the_conversation_is_put_off_itself(
        self, office: Office, services: Services, post: Post, reason: str
    ) -> None:
        propose(office, services, 3)
        post.refuses["guest1@example.net"] = PortError(reason)
        now = SOON
        for _ in range(20):
            send_due(services, post, now)
            now += timedelta(seconds=2)
        assert len(post.taken) == 8
        assert post.knocks.count("send") - 8 <= 6

    def test_other_ledgers_go_on(self, office: Office, services: Services, post: Post) -> None:
        propose(office, services)
        post.down = "smtp_unreachable"
        send_due(services, post, SOON)
        assert Ledger(services.rows, "holds", "worker-1").claim_lane(SOON) is not None
        assert Ledger(services.rows, "outbox", "worker-2").claim_lane(SOON) is None


class TestOnceMore:
    def test_it_is_a_mail_of_its_own(self, office: Office, services: Services, post: Post) -> None:
        [made] = propose(office, services)
        send_due(services, post, SOON)
        first = next(m for m in mails_about(services.rows, made.id) if m.mail.recipient == "guest")
        with services.rows.write() as connection:
            assert want(connection, again(first.mail, 1, SOON), asked_by=office.suzuki)
            assert not want(connection, again(first.mail, 1, SOON), asked_by=office.tanaka)
        assert send_due(services, post, SOON) == 1
        once, twice = (m for m in post.taken if "guest0" in m["To"])
        assert once["Message-ID"] != twice["Message-ID"]
        assert once["Subject"] == twice["Subject"]

    def test_a_reminder_of_what_was_cancelled_is_not_sent_again(
        self, office: Office, services: Services, post: Post
    ) -> None:
        [made] = propose(office, services)
        office.app.confirm(made.id, "c1", Guest(), BY, NOW)
        Worker(services).read()
        services.reminders.sweep(SEVEN)
        send_due(services, post, SEVEN)
        post.taken.clear()
        reminder = next(m for m in mails_about(services.rows, made.id) if m.mail.rule == "reminder")
        with services.rows.write() as connection:
            want(connection, again(reminder.mail, 1, SEVEN), asked_by=office.suzuki)
        send_due(services, post, SEVEN)
        assert len(post.taken) == 1, "while it stands, it goes"
        office.app.cancel(made.id, "", BY, SEVEN)
        with services.rows.write() as connection:
            want(connection, again(reminder.mail, 2, SEVEN), asked_by=office.suzuki)
        send_due(services, post, SEVEN)
        assert len(post.taken) == 1


def trouble_of(services: Services) -> Down:
    trouble = down(services.rows, "outbox")
    assert trouble is not None
    return trouble


def _outcomes(services: Services) -> list[str]:
    with services.rows.read() as connection:
        return list(connection.scalars(select(sent_mails.c.outcome)))


def _crash(*_: object) -> None:
    raise MemoryError
