"""Measured programs and the load generator run as processes of their own, on what this process imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Served(NamedTuple):
    """A server that runs."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time it has used so far, its own and the kernel's for it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def megabytes(self) -> float:
        """How much of it is in memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def surroundings() -> dict[str, str]:
    """This environment, without whatever settings of the product it may hold."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHOUSEIAPO_")}
    return inherited | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@contextmanager
def serving(
    module: str, *arguments: str, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A server while the block runs, once it says that it is ready; it is stopped as an operator does it."""
    with (
        log.open("a") as errors,
        subprocess.Popen(
            command(module, *arguments),
            env=surroundings() | dict(environ or {}),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Served(_port_of(process, log), process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            finally:
                process.kill()


def _port_of(process: subprocess.Popen[str], log: Path) -> int:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}: {log.read_text()}")
    return int(urlsplit(json.loads(line)["url"]).port or 0)
