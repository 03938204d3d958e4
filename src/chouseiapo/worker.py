"""The worker: catches projections up, runs policies, settles ledgers, and keeps the alarm clock.

Any number of workers may run, in any number of processes: positions move by compare-and-set, lanes are held
by one worker at a time, commands and rows are idempotent.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.cron import CronTrigger

from chouseiapo.bootstrap import Services
from chouseiapo.database import AHEAD, WrongDatabase
from chouseiapo.forgetting import Forgetting
from chouseiapo.ledger import HEARTBEAT, Ledger, beat, retire
from projections.audit import ask, calendars_in_use
from projections.catch_up import ahead_of_log, catch_up
from projections.compare_meetings import ask_to_compare, hosts_in_use
from projections.rendered import arrange
from projections.settle import Settler, work_lane

# Of each ledger: calendars that do not answer take no turn from mails.
LANES_AT_ONCE = 8
# How often another process's events are looked for; an own save wakes the loop at once.
POLL = timedelta(milliseconds=100)
SWEEP = timedelta(seconds=1)
# The hour, in the organization's zone, from which all calendars are compared with the events.
NIGHT = 3

log = logging.getLogger(__name__)


class Worker:
    """One worker of this process: `start`, `stop`; `once` for all that is due, `settle` for some."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.id = f"worker-{secrets.token_hex(8)}"
        self._ledgers = [(Ledger(services.rows, s.ledger, self.id), s) for s in services.settlers]
        self._seen: int | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._sweeping = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._busy: dict[str, set[Future[int]]] = {ledger.name: set() for ledger, _ in self._ledgers}
        lanes = LANES_AT_ONCE * len(self._ledgers)
        self._pool = ThreadPoolExecutor(max(lanes, 1), thread_name_prefix="lane")
        self._alarm = _alarm_clock(services, self.sweep)

    def start(self) -> None:
        """Begin in threads of its own; returns at once. Raises WrongDatabase."""
        self._must_follow_the_log()
        self._beat()
        self._services.coordination.on_saved.append(self._wake.set)
        # The heart beats until the last lane is given back, so that nobody takes it over meanwhile.
        loops = (
            (self._beat, HEARTBEAT, self._ended),
            (self._read_and_settle, POLL, self._stopping),
            (self._observe_time, SWEEP, self._stopping),
        )
        for loop in loops:
            thread = threading.Thread(target=self._repeat, args=loop, name=loop[0].__name__, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._alarm.start()
        self._guarded(self.sweep)

    def stop(self) -> None:
        """Finish what is under way, give lanes back, and return."""
        self._stopping.set()
        self._wake.set()
        if self._alarm.running:
            self._alarm.shutdown(wait=False)
        for thread in self._threads[1:]:
            thread.join()
        self._pool.shutdown(wait=True)
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._wake.set in self._services.coordination.on_saved:
            self._services.coordination.on_saved.remove(self._wake.set)
        retire(self._services.rows, self.id)

    def once(self) -> int:
        """Do everything that is due now, then return; answers how many things were settled."""
        with self._at_work():
            self.read()
            self._observe_time()
            self.read()
            self.sweep()
            settled = 0
            while done := self._settle_each(self._ledgers):
                settled += done
                self.read()
        return settled

    def settle(self, *names: str) -> None:
        """Do what is due in the ledgers of these names, and nothing else: no mail leaves because an operator
        has calendars compared, and no proposal ends. Raises WrongDatabase."""
        with self._at_work():
            self.read()
            self._settle_each(
                [(ledger, settler) for ledger, settler in self._ledgers if ledger.name in names]
            )

    def read(self) -> int:
        """Catch every projection and the policies up with the log; answers how many events were read."""
        services, total = self._services, 0
        newest = services.coordination.recorder.max_notification_id()
        if newest == self._seen:
            return 0
        while read := self._read_batches():
            total += read
        self._seen = newest
        return total

    def _must_follow_the_log(self) -> None:
        if ahead_of_log(self._services.coordination, self._services.rows):
            raise WrongDatabase(AHEAD)

    def _read_batches(self) -> int:
        services, now = self._services, self._services.clock()
        read = sum(catch_up(services.coordination, services.rows, p, now) for p in services.projections)
        return read + services.policies.catch_up(now)

    def sweep(self) -> None:
        """Put due reminders into the outbox, and see that those to come are rendered beforehand; of several
        alarms at one moment the first does the work."""
        with self._sweeping:
            self._services.reminders.sweep(self._services.clock())
        if self._services.mailer is not None:
            arrange(self._services.rows, self._services.clock())

    def _read_and_settle(self) -> None:
        self._guarded(self.read)
        for ledger, settler in self._ledgers:
            busy = self._busy[ledger.name] = {f for f in self._busy[ledger.name] if not f.done()}
            while len(busy) < LANES_AT_ONCE and (lane := ledger.claim_lane(self._services.clock())):
                busy.add(self._pool.submit(self._guarded_lane, ledger, settler, lane))

    def _settle_each(self, ledgers: Sequence[tuple[Ledger, Settler]]) -> int:
        done = 0
        for ledger, settler in ledgers:
            while lane := ledger.claim_lane(self._services.clock()):
                done += work_lane(ledger, settler, self._services.coordination, lane, self._services.clock)
        return done

    def _guarded_lane(self, ledger: Ledger, settler: Settler, lane: str) -> int:
        done = 0

        def work() -> None:
            nonlocal done
            done = work_lane(
                ledger,
                settler,
                self._services.coordination,
                lane,
                self._services.clock,
                self._stopping.is_set,
            )

        self._guarded(work)
        self._wake.set()
        return done

    def _observe_time(self) -> None:
        self._services.policies.observe_time(self._services.clock())

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """The heart beats however long one lane takes: nobody else takes it over meanwhile."""
        self._must_follow_the_log()
        self._beat()
        ended = threading.Event()
        heart = threading.Thread(target=self._repeat, args=(self._beat, HEARTBEAT, ended), daemon=True)
        heart.start()
        try:
            yield
        finally:
            ended.set()
            heart.join()
        retire(self._services.rows, self.id)

    def _beat(self) -> None:
        beat(self._services.rows, self.id, self._services.clock())

    def _repeat(self, step: Callable[[], None], every: timedelta, ended: threading.Event) -> None:
        """Run a step again and again until it is ended; the reading step is also woken by saves."""
        woken = step == self._read_and_settle
        while not ended.is_set():
            self._guarded(step)
            waiting = self._wake if woken else ended
            waiting.wait(every.total_seconds())
            if woken:
                self._wake.clear()

    def _guarded(self, step: Callable[[], object]) -> None:
        """The outermost loop: a failure is logged, and the work goes on with the next turn."""
        try:
            step()
        except Exception:  # nothing that happens in one turn may end the worker
            log.exception("the worker goes on after a failure")


def _alarm_clock(services: Services, sweep: Callable[[], None]) -> BackgroundScheduler:
    """APScheduler rings at the reminders' hour in each zone in use, and every minute; both call one sweep.

    It is an alarm clock only: that a reminder exists once is the unique key of its row.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True}
    )

    def compare_calendars() -> None:
        """Spread over an hour, so that vendors are not asked for everybody's year at one moment."""
        now = services.clock()
        for link in calendars_in_use(services.coordination, services.rows):
            later = timedelta(seconds=random.randrange(3600))  # noqa: S311 - spread, no secret
            ask(services.rows, [link], due_at=now + later)

    def compare_meetings() -> None:
        """Likewise, what each host has to come."""
        now = services.clock()
        for link in hosts_in_use(services.coordination, services.rows):
            later = timedelta(seconds=random.randrange(3600))  # noqa: S311 - spread, no secret
            ask_to_compare(services.rows, link, due_at=now + later)

    # On the minute: that is when what goes so long before a start is due.
    scheduler.add_job(sweep, CronTrigger(second=0, timezone="UTC"), id="sweep")
    night = CronTrigger(hour=NIGHT, timezone=services.settings.zone)
    scheduler.add_job(compare_calendars, night, id="compare calendars")
    scheduler.add_job(compare_meetings, night, id="compare meetings")
    scheduler.add_job(Forgetting(services).once, "interval", hours=1, id="forget")
    scheduler.add_job(
        set_alarms,
        "interval",
        (scheduler, services, sweep),
        minutes=1,
        id="zones",
        next_run_time=services.clock(),
    )
    return scheduler


def set_alarms(scheduler: BaseScheduler, services: Services, sweep: Callable[[], None]) -> None:
    """Have an alarm in each zone in use, at the hour of the organization's rule on the day, and no others."""
    wanted = _alarms(services)
    standing = {job.id for job in scheduler.get_jobs() if job.id.startswith("reminder-")}
    for id in standing - wanted.keys():
        scheduler.remove_job(id)
    for id in sorted(wanted.keys() - standing):
        scheduler.add_job(sweep, wanted[id], id=id, name=id.partition(" ")[0])


def _alarms(services: Services) -> dict[str, CronTrigger]:
    hour = services.reminders.hour()
    if hour is None:
        return {}
    return {
        f"reminder-{hour:%H:%M} {zone}": CronTrigger(
            hour=hour.hour, minute=hour.minute, timezone=ZoneInfo(zone)
        )
        for zone in services.reminders.zones(services.clock())
    }
