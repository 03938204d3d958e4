"""B8: fifty thousand reminders at seven: the rows in one sweep, then sent through one SMTP server.

Ours reads what is due, checks that nothing has changed since it was rendered, sends and notes; the baseline
sends mails of the same size from memory. Both have four connections, in this process.
"""

from __future__ import annotations

import os
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from benchmarks.fill import ATTENDEES, Filler
from benchmarks.load import Failed
from benchmarks.measure import Row, Size, alternate, median
from benchmarks.processes import Served, serving
from benchmarks.stage import environment
from chouseiapo.bootstrap import build
from chouseiapo.clock import utc_now
from chouseiapo.config import read_settings
from chouseiapo.ledger import Ledger, Task, beat
from chouseiapo.mail import raw_mail
from chouseiapo.ports import RawMail
from chouseiapo.tables import mails, sent_mails, tasks
from projections.catch_up import catch_up
from projections.outbox import LANES, LEDGER, SENT
from projections.rendered import RenderAhead
from projections.settle import work_lane

TOKYO_SEVEN = 22  # o'clock UTC, the day before
NEEDED = ("offers", "people", "appointments")
# As many different ones as the baseline goes through again and again.
SAMPLES = 200


class Morning:
    """A company whose appointments of one day are confirmed, on the evening before; `now` is its clock."""

    def __init__(self, folder: Path, sink: Served, reminders: int) -> None:
        self.now = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        settings = environment(folder) | {"CHOUSEIAPO_SMTP_URL": f"smtp://127.0.0.1:{sink.port}"}
        self.services = build(read_settings(settings), lambda: self.now)
        self.reminders = reminders
        self._fill()

    def _fill(self) -> None:
        filler = Filler(self.services)
        made = 0
        while made < self.reminders:
            made += 1 + ATTENDEES
            filler.confirmed()
        filler.flush()
        self.reminders = made
        wanted = [p for p in self.services.projections if p.name in NEEDED]
        while sum(catch_up(self.services.coordination, self.services.rows, p, self.now) for p in wanted):
            pass
        self.seven = self.now.replace(hour=TOKYO_SEVEN)

    def render(self) -> float:
        """Everything beforehand; answers the seconds."""
        [ahead] = [s for s in self.services.settlers if isinstance(s, RenderAhead)]
        began, at = time.perf_counter(), self.seven - timedelta(minutes=55)
        while ahead.settle(Task("", "", "", 0, 0), at) < at + timedelta(minutes=1):
            pass
        return time.perf_counter() - began

    def sweep(self) -> float:
        """The rows of all reminders, anew; answers the seconds."""
        with self.services.rows.write() as connection:
            for table in (mails, sent_mails, tasks):
                connection.execute(delete(table))
        began, self.now = time.perf_counter(), self.seven
        self.services.reminders.sweep(self.now)
        return time.perf_counter() - began

    def send(self) -> float:
        """Send all that is due; answers mails a second."""
        [settler] = [s for s in self.services.settlers if s.ledger == LEDGER]
        beat(self.services.rows, "benchmark", self.now)

        ledger = Ledger(self.services.rows, LEDGER, "benchmark")

        def work() -> None:
            while lane := ledger.claim_lane(self.now):
                work_lane(ledger, settler, self.services.coordination, lane, lambda: self.now)

        seconds = side_by_side([work] * LANES)
        left, sent = self.count(tasks), self.count(sent_mails, sent_mails.c.outcome == SENT)
        if left or sent != self.reminders:
            raise Failed(f"{self.reminders} mails, {sent} sent, {left} left")
        return self.reminders / seconds

    def samples(self) -> list[RawMail]:
        """Some of the mails, for whoever sends them without us."""
        some = islice(
            (mail for batch in self.services.reminders.due_mails(self.seven) for mail in batch), SAMPLES
        )
        return [raw_mail(self.services.composer.compose(mail, self.seven)) for mail in some]

    def close(self) -> None:
        self.services.close()

    def count(self, table: Any, *which: Any) -> int:
        with self.services.rows.read() as connection:
            return connection.scalar(select(func.count()).select_from(table).where(*which)) or 0


def reminders(folder: Path, size: Size) -> Row:
    """Rows and bodies are there before the measured part; how long they took is told beside it."""
    with (
        serving("benchmarks.sink", log=folder / "sink.log") as sink,
        closing(Morning(folder, sink, size.reminders)) as morning,
    ):
        samples, rendering = morning.samples(), morning.render()
        swept: list[float] = []
        resident: list[float] = []

        def ours() -> float:
            swept.append(morning.sweep())
            rate = morning.send()
            resident.append(Served(0, os.getpid()).megabytes())
            return rate

        measured, baseline = alternate(size.rounds, ours, lambda: bare(sink.port, samples, morning.reminders))
    return Row(
        name="B8",
        what=f"send {morning.reminders:,} reminders",
        unit="/s",
        ours=median(measured),
        baseline=median(baseline),
        against="bare smtplib loop",
        goal=0.8,
        details={
            "ours": {"rates": measured},
            "baseline": {"rates": baseline},
            "bytes_each": sum(len(raw.content) for raw in samples) // len(samples),
            "sweep_s": median(swept),
            "rendered_beforehand_per_s": morning.reminders / rendering,
            "resident_mb_after_each_round": resident,
        },
    )


def side_by_side(jobs: Sequence[Callable[[], None]]) -> float:
    """Do the jobs in a thread each; answers the seconds until the last has ended."""
    threads = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def bare(port: int, samples: Sequence[RawMail], count: int) -> float:
    """The baseline: as many connections, each kept open, mail after mail; answers mails a second."""

    def send() -> None:
        server = smtplib.SMTP("127.0.0.1", port)
        for n in range(count // LANES):
            raw = samples[n % len(samples)]
            server.sendmail(raw.sender, [raw.recipient], raw.content)
        server.quit()

    return count // LANES * LANES / side_by_side([send] * LANES)
