"""The mail server is killed half way through a morning's reminders and comes back: each goes out once."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.morning import Morning
from benchmarks.processes import Served, command, surroundings
from chouseiapo.ledger import Ledger, beat, down
from chouseiapo.tables import sent_mails, tasks
from projections.outbox import LANES, LEDGER
from projections.settle import work_lane

REMINDERS = 1_500
PATIENCE_S = 120


class Server:
    """The sink on a fixed port; it writes down what it accepts."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self._log = port, log
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            command("benchmarks.sink", str(self.port), str(self._log)),
            env=surroundings(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=30)

    def accepted(self) -> list[str]:
        """Recipient and Message-ID of each mail that was taken."""
        return self._log.read_text().splitlines() if self._log.exists() else []


class Lanes:
    """What a worker does with the outbox, by a clock that begins at seven."""

    def __init__(self, morning: Morning) -> None:
        self._morning, self._began = morning, time.monotonic()
        self._ledger = Ledger(morning.services.rows, LEDGER, "worker-1")
        [self._settler] = [s for s in morning.services.settlers if s.ledger == LEDGER]
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(LANES)]

    def now(self) -> datetime:
        return self._morning.seven + timedelta(seconds=time.monotonic() - self._began)

    def _work(self) -> None:
        services = self._morning.services
        while not self._stopping.wait(0.01):
            beat(services.rows, "worker-1", self.now())
            while lane := self._ledger.claim_lane(self.now()):
                work_lane(
                    self._ledger,
                    self._settler,
                    services.coordination,
                    lane,
                    self.now,
                    self._stopping.is_set,
                )

    def __enter__(self) -> Lanes:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


@pytest.mark.slow
def test_killed_half_way_and_restarted_none_is_lost_and_none_doubled(
    tmp_path: Path, unused_port: int
) -> None:
    server = Server(unused_port, tmp_path / "accepted")
    with closing(Morning(tmp_path, Served(unused_port, 0), REMINDERS)) as morning:
        morning.render()
        morning.sweep()
        server.start()
        try:
            with Lanes(morning):
                wait(lambda: len(server.accepted()) > REMINDERS // 3)
                server.kill()
                wait(lambda: down(morning.services.rows, LEDGER) is not None)
                assert len(server.accepted()) < morning.reminders
                server.start()
                wait(lambda: morning.count(tasks) == 0)
        finally:
            server.kill()
        assert morning.count(sent_mails) == morning.reminders
    taken = Counter(server.accepted())
    assert len(taken) == morning.reminders, "none is lost"
    doubled = sum(taken.values()) - len(taken)
    assert doubled <= LANES, "but for those whose acceptance the kill has swallowed, one a lane"


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)
