"""Where measured programs run: a folder of its own, with our product and the bare program in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.processes import Served, serving
from chouseiapo.bootstrap import Services, build
from chouseiapo.config import read_settings

OURS = ("chouseiapo.cli", "web", "--port", "0")


def environment(folder: Path) -> dict[str, str]:
    """The settings of a product that lives in that folder."""
    return {
        "CHOUSEIAPO_DATABASE_URL": f"sqlite:///{folder}/product.db",
        "CHOUSEIAPO_SECRET_KEY": "benchmark-" + "k" * 32,
        "CHOUSEIAPO_COMPANY": "株式会社サンプル",
    }


@contextmanager
def product(folder: Path) -> Iterator[Services]:
    """The product in this process, on the folder's database."""
    with closing(build(read_settings(environment(folder)))) as services:
        yield services


@contextmanager
def both(folder: Path) -> Iterator[tuple[Served, Served]]:
    """Our `web`, with no worker, and the bare program, on databases that are there already."""
    with (
        serving(*OURS, log=folder / "web.log", environ=environment(folder)) as ours,
        serving("benchmarks.bare", str(folder / "bare.db"), log=folder / "bare.log") as bare,
    ):
        time.sleep(0.5)
        yield ours, bare
