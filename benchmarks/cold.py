"""B6: how long `web` takes from its start to its first answer, and the memory it then holds while idle."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks import bare
from benchmarks.fill import Filler
from benchmarks.measure import Row, Size, alternate, median
from benchmarks.processes import serving
from benchmarks.stage import OURS, environment, product

SETTLE_S = 0.5


class Start(NamedTuple):
    seconds: float
    megabytes: float


def cold_start(folder: Path, size: Size) -> list[Row]:
    """The first answer is a guest's page, with all that such a page needs; file caches are warm."""
    with product(folder) as services:
        filler = Filler(services)
        id = filler.proposed()
        filler.flush()
        page = f"/g/{services.guest_links.secret(id, 1)}"
    bare.prepare(folder / "bare.db", 1)
    ours, baseline = alternate(
        size.rounds,
        _begin(page, *OURS, log=folder / "web.log", environ=environment(folder)),
        _begin("/hello", "benchmarks.bare", str(folder / "bare.db"), log=folder / "bare.log"),
    )
    return [
        _row(
            "start of web to its first answer",
            "s",
            [s.seconds for s in ours],
            [s.seconds for s in baseline],
            8,
        ),
        _row("memory, idle", "MB", [s.megabytes for s in ours], [s.megabytes for s in baseline], 4),
    ]


def _begin(
    page: str, *program: str, log: Path, environ: Mapping[str, str] | None = None
) -> Callable[[], Start]:
    def once() -> Start:
        began = time.perf_counter()
        with serving(*program, log=log, environ=environ) as served:
            with urllib.request.urlopen(f"http://127.0.0.1:{served.port}{page}", timeout=30) as answer:
                answer.read()
            seconds = time.perf_counter() - began
            time.sleep(SETTLE_S)
            return Start(seconds, served.megabytes())

    return once


def _row(what: str, unit: str, ours: list[float], baseline: list[float], goal: float) -> Row:
    return Row(
        name="B6",
        what=what,
        unit=unit,
        ours=median(ours),
        baseline=median(baseline),
        against="Flask hello",
        goal=goal,
        at_least=False,
        details={"ours": [round(v, 3) for v in ours], "baseline": [round(v, 3) for v in baseline]},
    )
