"""Where measured programs run: a folder of its own, our `web` and the bare program as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import read_settings

ROOT = Path(__file__).resolve().parent.parent
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


def start(module: str, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A Python program as a process, without whatever settings of the product the shell may have."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHOUSEIAPO_")}
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**inherited, "PYTHONPATH": path, **(environ or {})},
        stdout=subprocess.PIPE,
        text=True,
    )


def port_of(process: subprocess.Popen[str]) -> int:
    """Wait for the line by which a server says that it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    return int(urlsplit(json.loads(line)["url"]).port or 0)


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    finally:
        process.kill()
        if process.stdout:
            process.stdout.close()


@contextmanager
def serving(module: str, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[int]:
    """A server while the block runs; its port."""
    process = start(module, *arguments, environ=environ)
    try:
        yield port_of(process)
    finally:
        stop(process)


@contextmanager
def both(folder: Path) -> Iterator[tuple[int, int]]:
    """Our `web`, with no worker, and the bare program, on databases that are there already; their ports."""
    with (
        serving(*OURS, environ=environment(folder)) as ours,
        serving("benchmarks.bare", str(folder / "bare.db")) as bare,
    ):
        time.sleep(0.5)
        yield ours, bare
