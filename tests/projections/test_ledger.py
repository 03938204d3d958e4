"""Tasks and lanes under races: no work is lost, nobody waits for another's trouble."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.clock import utc_now
from chouseiapo.domain.links import Provider
from chouseiapo.ledger import Ledger, Task, beat, touch
from chouseiapo.ports import PortError
from chouseiapo.tables import lanes, tasks
from chouseiapo.worker import LANES_AT_ONCE, Worker
from projections.settle import work_lane
from tests.product import BY, NOW, YAMADA, Office


def touched(
    services: Services, key: str = "google-1/a", lane: str = "google-1", ledger: str = "holds"
) -> None:
    with services.rows.write() as connection:
        touch(connection, ledger, key, lane)


def keys(services: Services, ledger: str = "holds") -> list[str]:
    with services.rows.read() as connection:
        return list(connection.scalars(select(tasks.c.key).where(tasks.c.ledger == ledger)))


def test_work_that_comes_while_a_task_is_finished_is_never_taken_along(services: Services) -> None:
    ledger = Ledger(services.rows, "holds", "worker-1")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(200):
            touched(services)
            [task] = ledger.due("google-1", NOW)
            both = threading.Barrier(2)

            def finish(task: Task = task, both: threading.Barrier = both) -> None:
                both.wait()
                ledger.finish(task)

            def touch_again(both: threading.Barrier = both) -> None:
                both.wait()
                touched(services)

            for done in [pool.submit(finish), pool.submit(touch_again)]:
                done.result()
            assert keys(services) == ["google-1/a"]
            ledger.finish(ledger.due("google-1", NOW)[0])
            assert keys(services) == []


def test_who_overslept_takes_no_new_work_along(services: Services) -> None:
    sleeper, heir = (Ledger(services.rows, "holds", name) for name in ("sleeper", "heir"))
    touched(services)
    [old] = sleeper.due("google-1", NOW)
    heir.finish(heir.due("google-1", NOW)[0])
    touched(services)
    sleeper.finish(old)
    assert keys(services) == ["google-1/a"]


class Silent:
    """A ledger whose outside never answers until it is told to."""

    ledger = "holds"

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.answer = threading.Event()

    def settle(self, task: Task, now: datetime) -> datetime | None:
        self.tried.append(task.key)
        self.answer.wait(30)
        raise PortError("unreachable")

    def probe(self, lane: str, now: datetime) -> None:
        """Nobody's account stands behind it."""


class Prompt:
    """Another ledger, whose outside answers at once."""

    ledger = "outbox"

    def __init__(self) -> None:
        self.done = threading.Event()

    def settle(self, task: Task, now: datetime) -> datetime | None:
        self.done.set()
        return None

    def probe(self, lane: str, now: datetime) -> None:
        """Nobody's account stands behind it."""


def test_calendars_that_do_not_answer_take_no_turn_from_mails(services: Services) -> None:
    silent, prompt = Silent(), Prompt()
    worker = Worker(dataclasses.replace(services, clock=utc_now, settlers=[silent, prompt]))
    for n in range(3 * LANES_AT_ONCE):
        touched(services, f"google-{n}/a", f"google-{n}")
    worker.start()
    try:
        touched(services, "mail", "mails-1", "outbox")
        assert prompt.done.wait(20)
    finally:
        silent.answer.set()
        worker.stop()


def test_a_worker_that_is_told_to_stop_finishes_the_call_under_way_and_no_other(services: Services) -> None:
    silent = Silent()
    worker = Worker(dataclasses.replace(services, clock=utc_now, settlers=[silent]))
    for n in range(10):
        touched(services, f"google-1/{n}")
    worker.start()
    while not silent.tried:
        threading.Event().wait(0.01)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    while not worker._stopping.is_set():
        threading.Event().wait(0.01)
    silent.answer.set()
    stopping.join(20)
    assert not stopping.is_alive()
    assert len(silent.tried) == 1
    assert len(keys(services)) == 10
    with services.rows.read() as connection:
        assert list(connection.scalars(select(lanes.c.holder))) == [None]


def test_a_lane_rests_longer_each_time_nobody_answers(services: Services) -> None:
    silent, ledger, now = Silent(), Ledger(services.rows, "holds", "worker-1"), NOW
    silent.answer.set()
    rests = []
    for _ in range(8):
        touched_at = now
        beat(services.rows, "worker-1", now)
        if not keys(services):
            touched(services)
        assert ledger.claim_lane(now) == "google-1"
        work_lane(ledger, silent, services.coordination, "google-1", lambda at=touched_at: at)  # type: ignore[misc]
        with services.rows.read() as connection:
            [rest] = connection.scalars(select(lanes.c.not_before))
            [due] = connection.scalars(select(tasks.c.due_at))
        rests.append(rest - now)
        now = max(rest, due)
    assert rests[-1] > 8 * rests[0]
    assert max(rests) <= timedelta(seconds=64)


def test_linking_a_calendar_moves_what_is_to_come_and_leaves_what_took_place(
    office: Office, services: Services
) -> None:
    past, coming = office.propose(), office.propose()
    office.app.confirm(past.id, "c1", YAMADA, BY, NOW)  # on the 25th
    office.app.confirm(coming.id, "c2", YAMADA, BY, NOW)  # on the 26th
    worker = Worker(services)
    worker.once()
    assert keys(services) == []
    between = NOW + timedelta(days=4, hours=12)
    link = office.app.link_account(office.tanaka, Provider.GOOGLE, "g", "tanaka@example.com", BY, between)
    office.app.choose_locality(office.tanaka, "en", "", BY, between)
    worker.read()
    assert sorted(keys(services)) == sorted([f"builtin-{office.tanaka}/{coming.id}", f"{link}/{coming.id}"])
