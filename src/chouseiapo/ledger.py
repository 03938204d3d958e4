"""What is due to be settled, by whom and when: the part that all ledgers share.

A task names one thing whose wanted and placed halves may differ; a lane is what must not be worked on twice
at once (a mailbox, a Zoom host, a mail queue). A worker holds lanes as long as its heartbeat lives, so one
that was killed loses them within seconds, and one mailbox's trouble delays no other.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Select, and_, bindparam, delete, exists, func, not_, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import Update

from chouseiapo.storage import Rows, insert_new, upsert
from chouseiapo.tables import lanes, tasks, workers

HEARTBEAT = timedelta(seconds=2)
LIFE = timedelta(seconds=10)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
AUTH_PAUSE = timedelta(minutes=10)
# The lane, and the one task in it, that asks whether a ledger's server is back; see `trip`.
PROBE = "probe"
AT_ONCE = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Task(msgspec.Struct, frozen=True):
    """One due thing; another `version` tells that it was touched again while somebody worked on it."""

    ledger: str
    key: str
    lane: str
    version: int
    attempts: int


def touch(connection: Connection, ledger: str, key: str, lane: str, due_at: datetime = AT_ONCE) -> None:
    """Say that something may differ from what is wanted. A parked task comes back to life.

    One statement, so that a worker that finishes the task just now can't take the new work along; a version
    that never comes twice, so that one who overslept can't either.
    """
    touch_all(connection, ledger, {key: lane}, due_at)


def touch_all(
    connection: Connection, ledger: str, keys: Mapping[str, str], due_at: datetime = AT_ONCE
) -> None:
    """Touch several tasks, given with the lane of each."""
    for lane in sorted({*keys.values()}):
        insert_new(connection, lanes, {"ledger": ledger, "lane": lane, "not_before": AT_ONCE})
    anew = {"ledger": ledger, "due_at": due_at, "attempts": 0, "parked": False}
    rows = [anew | {"key": k, "lane": keys[k], "version": secrets.randbits(31)} for k in sorted(keys)]
    upsert(connection, tasks, rows)


def ensure(connection: Connection, ledger: str, key: str, lane: str, due_at: datetime) -> None:
    """Have something looked at from time to time; where that is arranged already, nothing changes."""
    insert_new(connection, lanes, {"ledger": ledger, "lane": lane, "not_before": AT_ONCE})
    row = {"ledger": ledger, "key": key, "lane": lane, "due_at": due_at, "version": secrets.randbits(31)}
    insert_new(connection, tasks, row | {"attempts": 0, "parked": False})


def finished(connection: Connection, done: Sequence[Task]) -> None:
    """They are as wanted, in the caller's transaction; what was touched meanwhile stays due."""
    if done:
        same = (tasks.c[name] == bindparam(f"of_{name}") for name in ("ledger", "key", "version"))
        given = [{"of_ledger": t.ledger, "of_key": t.key, "of_version": t.version} for t in done]
        connection.execute(delete(tasks).where(*same), given)


def trip(connection: Connection, ledger: str, now: datetime, reason: str) -> None:
    """Let every lane of a ledger rest, because the one server behind all of them is down: from now on only
    its probe is due, until that is finished."""
    ensure(connection, ledger, PROBE, PROBE, now + pause_after(0, None))
    is_probe = and_(tasks.c.ledger == ledger, tasks.c.key == PROBE, tasks.c.failing_since.is_(None))
    connection.execute(update(tasks).where(is_probe).values(error=reason, failing_since=now))


class Down(msgspec.Struct, frozen=True):
    """Why a ledger's server is taken to be down, since when, how often it was asked, when the next time."""

    reason: str
    since: datetime
    asked: int
    next_at: datetime


def down(rows: Rows, ledger: str) -> Down | None:
    """The server's trouble, while all lanes of the ledger rest because of it."""
    of_probe = select(tasks.c.error, tasks.c.failing_since, tasks.c.attempts, tasks.c.due_at).where(
        tasks.c.ledger == ledger, tasks.c.key == PROBE
    )
    with rows.read() as connection:
        row = connection.execute(of_probe).one_or_none()
    return Down(*row) if row else None


def stands(connection: Connection, ledger: str, key: str) -> bool:
    """Whether a task of that key is still to be done, or is being worked on."""
    found = select(tasks.c.key).where(tasks.c.ledger == ledger, tasks.c.key == key)
    return connection.scalar(found) is not None


def wake_lane(connection: Connection, ledger: str, lane: str) -> None:
    """Let a lane that waits (for a healed account, say) go on at once, with what has failed in it."""
    connection.execute(
        update(lanes)
        .where(lanes.c.ledger == ledger, lanes.c.lane == lane)
        .values(not_before=AT_ONCE, error="")
    )
    connection.execute(
        update(tasks)
        .where(
            tasks.c.ledger == ledger,
            tasks.c.lane == lane,
            or_(tasks.c.parked, tasks.c.failing_since.is_not(None)),
        )
        .values(due_at=AT_ONCE, parked=False, attempts=0)
    )


class Ledger:
    """One worker's view of one ledger: claim a lane, take its tasks, say how each went."""

    def __init__(self, rows: Rows, name: str, worker: str) -> None:
        self._rows = rows
        self.name = name
        self._worker = worker
        self._working: set[str] = set()

    def claim_lane(self, now: datetime) -> str | None:
        """A lane with due tasks that no living worker holds; it is ours until released."""
        with self._rows.read() as connection:
            if connection.scalar(self._claimable(now)) is None:
                return None
        with self._rows.write() as connection:
            lane = connection.scalar(self._claimable(now).with_for_update(skip_locked=True))
            if lane is not None:
                connection.execute(self._of(lane).values(holder=self._worker))
        if lane is not None:
            self._working.add(lane)
        return lane

    def holds(self, lane: str) -> bool:
        """Whether the lane is still ours; a worker that slept too long has lost it."""
        ours = select(lanes.c.holder).where(lanes.c.ledger == self.name, lanes.c.lane == lane)
        with self._rows.read() as connection:
            return connection.scalar(ours) == self._worker

    def release_lane(self, lane: str, not_before: datetime = AT_ONCE, error: str = "") -> None:
        """Give the lane back; nobody takes it before `not_before`."""
        try:
            with self._rows.write() as connection:
                connection.execute(
                    self._of(lane)
                    .where(lanes.c.holder == self._worker)
                    .values(holder=None, not_before=not_before, error=error)
                )
        finally:
            # Should the database have failed just now, we may claim the lane again as our own.
            self._working.discard(lane)

    def due(self, lane: str, now: datetime, most: int = 20) -> list[Task]:
        """The lane's due tasks, the one that waited longest first."""
        with self._rows.read() as connection:
            found = connection.execute(
                select(tasks.c.ledger, tasks.c.key, tasks.c.lane, tasks.c.version, tasks.c.attempts)
                .where(
                    tasks.c.ledger == self.name,
                    tasks.c.lane == lane,
                    tasks.c.parked.is_(False),
                    tasks.c.due_at <= now,
                )
                .order_by(tasks.c.due_at, tasks.c.key)
                .limit(most)
            )
            return [Task(*row) for row in found]

    def finish(self, task: Task) -> None:
        """It is as wanted; unless it was touched meanwhile, nothing is due any more."""
        with self._rows.write() as connection:
            connection.execute(delete(tasks).where(*self._same(task)))

    def look_again(self, task: Task, at: datetime) -> None:
        """Nothing failed, but there is more to do at that time."""
        well = {"attempts": 0, "error": "", "failing_since": None}
        with self._rows.write() as connection:
            connection.execute(update(tasks).where(*self._same(task)).values(due_at=at, **well))

    def postpone(self, task: Task, error: str, now: datetime, until: datetime) -> None:
        """It failed for now: try again at `until`."""
        self._note(task, error, now, due_at=until, parked=False)

    def park(self, task: Task, error: str, now: datetime) -> None:
        """It can't succeed as it is: show it, and wait until it is touched again."""
        self._note(task, error, now, due_at=now, parked=True)

    def _note(self, task: Task, error: str, now: datetime, **change: object) -> None:
        with self._rows.write() as connection:
            connection.execute(
                update(tasks)
                .where(*self._same(task))
                .values(
                    attempts=tasks.c.attempts + 1,
                    error=error,
                    failing_since=func.coalesce(tasks.c.failing_since, now),
                    **change,
                )
            )

    def _claimable(self, now: datetime) -> Select[str]:
        due = exists().where(
            tasks.c.ledger == lanes.c.ledger,
            tasks.c.lane == lanes.c.lane,
            tasks.c.parked.is_(False),
            tasks.c.due_at <= now,
        )
        alive = select(workers.c.id).where(workers.c.alive_until > now)
        # What we work on is never free, even when our heart missed a beat; what we failed to give back is.
        orphaned = and_(lanes.c.holder != self._worker, lanes.c.holder.not_in(alive))
        kept = and_(lanes.c.holder == self._worker, lanes.c.lane.not_in(sorted(self._working)))
        free = or_(lanes.c.holder.is_(None), orphaned, kept)
        probed = exists().where(tasks.c.ledger == lanes.c.ledger, tasks.c.key == PROBE)
        waiting = select(lanes.c.lane).where(
            lanes.c.ledger == self.name,
            lanes.c.not_before <= now,
            due,
            free,
            or_(lanes.c.lane == PROBE, not_(probed)),
        )
        return waiting.order_by(lanes.c.not_before).limit(1)

    @staticmethod
    def _same(task: Task) -> tuple[ColumnElement[bool], ...]:
        return tasks.c.ledger == task.ledger, tasks.c.key == task.key, tasks.c.version == task.version

    def _of(self, lane: str) -> Update:
        return update(lanes).where(lanes.c.ledger == self.name, lanes.c.lane == lane)


def pause_after(attempts: int, retry_after: float | None) -> timedelta:
    """How long to wait after a failure: what the other side asked for, or longer each time, with jitter."""
    if retry_after is not None:
        return min(timedelta(seconds=min(max(retry_after, 0), 1e6)), LONGEST_WAIT)
    longest: timedelta = min(FIRST_PAUSE * 2.0 ** min(attempts, 12), LONGEST_PAUSE)
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret


def beat(rows: Rows, worker: str, now: datetime) -> None:
    """Say that this worker lives; those that have been silent for long are forgotten."""
    with rows.write() as connection:
        if not insert_new(connection, workers, {"id": worker, "alive_until": now + LIFE}):
            connection.execute(update(workers).where(workers.c.id == worker).values(alive_until=now + LIFE))
        connection.execute(
            delete(workers).where(and_(workers.c.alive_until < now - LIFE * 30, workers.c.id != worker))
        )


def retire(rows: Rows, worker: str) -> None:
    """Leave in order: lanes are free at once."""
    with rows.write() as connection:
        connection.execute(update(lanes).where(lanes.c.holder == worker).values(holder=None))
        connection.execute(delete(workers).where(workers.c.id == worker))


def worker_is_alive(rows: Rows, now: datetime) -> bool:
    """Whether some worker's heart has beaten lately."""
    with rows.read() as connection:
        return connection.scalar(select(workers.c.id).where(workers.c.alive_until > now).limit(1)) is not None


def failing_tasks(rows: Rows) -> int:
    """How many tasks have failed at least once and are not done yet."""
    with rows.read() as connection:
        found = select(func.count()).select_from(tasks).where(tasks.c.failing_since.is_not(None))
        return connection.scalar(found) or 0
