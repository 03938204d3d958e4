"""How every ledger is settled: claim a lane, take what is due in it, and say how each task went."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from chouseiapo.clock import Clock
from chouseiapo.ledger import AT_ONCE, AUTH_PAUSE, FIRST_PAUSE, Ledger, Task, pause_after
from chouseiapo.ports import PortError

# How reasons begin for which waiting out one timeout is enough.
NOBODY_THERE = ("unreachable", "unavailable")

# A host that may have no more conferences made or changed today can still have them deleted and read.
OF_THE_TASK_ALONE = "daily_limit"

# A lane rests longer each time nobody answers, so that it takes no turn from others; at most about a minute.
SILENCES = 6

log = logging.getLogger(__name__)


class Worked(NamedTuple):
    """Until when a lane should rest, why, and how many tasks were worked on."""

    not_before: datetime
    error: str
    done: int


class OneByOne(Protocol):
    """Makes one ledger true outside, a task at a time."""

    ledger: str

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Make the task's thing as wanted; raises PortError. Answers when to look again, if ever."""

    def probe(self, lane: str, now: datetime) -> None:
        """Ask the account behind a lane for as little as needs a live token; raises PortError."""


@runtime_checkable
class ByLane(Protocol):
    """Makes one ledger true outside; what is due in a lane is its own business."""

    ledger: str

    def work(self, ledger: Ledger, lane: str, clock: Clock, stopping: Callable[[], bool]) -> Worked:
        """Settle what is due in a lane that we hold, until nothing is, or `stopping`."""


Settler = OneByOne | ByLane


class Health(Protocol):
    """Where it is noted whether the accounts behind lanes work."""

    def break_link(self, link: str, reason: str, now: datetime) -> None: ...

    def heal_link(self, link: str, now: datetime) -> None: ...

    def is_broken(self, link: str) -> bool: ...

    def is_linked(self, link: str) -> bool: ...


def work_lane(
    ledger: Ledger,
    settler: Settler,
    health: Health,
    lane: str,
    clock: Clock,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Settle what is due in a lane that we hold, then give it back; answers how many tasks were worked on.

    One request at a time goes to a mailbox. What the vendor asks of the whole account (wait, sign in anew)
    stops this lane and no other.
    """
    # What stands here when something unforeseen ends the work: the lane rests for a moment.
    worked = Worked(clock() + FIRST_PAUSE, "interrupted", 0)
    try:
        if isinstance(settler, ByLane):
            worked = settler.work(ledger, lane, clock, stopping)
        else:
            worked = _work(ledger, settler, health, lane, clock, stopping)
    finally:
        ledger.release_lane(lane, worked.not_before, worked.error)
    return worked.done


def _work(
    ledger: Ledger, settler: OneByOne, health: Health, lane: str, clock: Clock, stopping: Callable[[], bool]
) -> Worked:
    if refused := _still_refused(settler, health, lane, clock):
        pause = AUTH_PAUSE if refused.auth else pause_after(0, refused.retry_after)
        return Worked(clock() + pause, refused.reason, 0)
    not_before, error, done = AT_ONCE, "", 0
    for task in ledger.due(lane, clock()):
        if stopping() or not ledger.holds(lane):
            break
        done += 1
        began = clock()
        failure = _attempt(ledger, settler, task, clock)
        if failure is not None and failure.auth and not health.is_linked(lane):
            ledger.finish(task)  # unlinked meanwhile: what stands there is out of our hands
            continue
        if failure is not None and failure.auth:
            health.break_link(lane, failure.reason, began)
            if not health.is_broken(lane):
                continue  # linked anew meanwhile
            not_before, error = clock() + AUTH_PAUSE, failure.reason
            break
        if failure is not None and _concerns_lane(failure):
            pause = pause_after(min(task.attempts, SILENCES), failure.retry_after)
            not_before, error = clock() + pause, failure.reason
            break
    return Worked(not_before, error, done)


def _still_refused(settler: OneByOne, health: Health, lane: str, clock: Clock) -> PortError | None:
    """A broken account heals when its vendor says so, and not because there was nothing to ask."""
    if not health.is_broken(lane):
        return None
    try:
        settler.probe(lane, clock())
    except PortError as failure:
        return failure
    health.heal_link(lane, clock())
    return None


def _concerns_lane(failure: PortError) -> bool:
    """Whether the lane's next task would only meet the same again."""
    if failure.reason == OF_THE_TASK_ALONE:
        return False
    return failure.retry_after is not None or failure.reason.startswith(NOBODY_THERE)


def _attempt(ledger: Ledger, settler: OneByOne, task: Task, clock: Clock) -> PortError | None:
    """One try at one task; what it stumbled over is noted on the task and answered."""
    try:
        again = settler.settle(task, clock())
    except PortError as failure:
        log.info("%s %s: %s", ledger.name, task.key, failure.reason)
        _note(ledger, task, failure, clock())
        return failure
    except Exception:  # a fault of ours in one task must not hold up the others of its lane
        log.exception("%s %s", ledger.name, task.key)
        unexpected = PortError("internal_error")
        _note(ledger, task, unexpected, clock())
        return unexpected
    if again is None:
        ledger.finish(task)
    else:
        ledger.look_again(task, again)
    return None


def _note(ledger: Ledger, task: Task, failure: PortError, now: datetime) -> None:
    if failure.permanent and not failure.auth:
        ledger.park(task, failure.reason, now)
    else:
        ledger.postpone(task, failure.reason, now, now + pause_after(task.attempts, failure.retry_after))
