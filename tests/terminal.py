"""The commands as an operator runs them; for every test that needs a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.bootstrap import Services, build
from chouseiapo.cli import main
from chouseiapo.config import read_settings
from chouseiapo.storage import Rows
from tests.product import SECRET

ROOT = Path(__file__).parents[1]


class Operator:
    """Somebody at a terminal: each command is a process of its own."""

    def __init__(self, database_url: str) -> None:
        self.environ = {
            "CHOUSEIAPO_DATABASE_URL": database_url,
            "CHOUSEIAPO_SECRET_KEY": SECRET,
            "CHOUSEIAPO_COMPANY": "株式会社サンプル",
        }

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        given = os.environ | self.environ | environ | {"PYTHONPATH": f"{ROOT}/src{os.pathsep}{ROOT}"}
        return subprocess.run(
            [sys.executable, "-m", "chouseiapo.cli", *arguments],
            env=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def services(self) -> Services:
        return build(read_settings({k: v for k, v in self.environ.items() if k.startswith("CHOUSEIAPO_")}))

    def lines(self, *arguments: str) -> list[Any]:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


class OperatorInside(Operator):
    """The same in this process, which takes a tenth of the time: for what needs no process of its own."""

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name, value in (self.environ | environ).items():
                patch.setenv(name, value)
            try:
                code = main(arguments)
            except SystemExit as ended:  # how a command line that can't be read is refused
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture
def operator(database_url: str) -> Operator:
    return OperatorInside(database_url)


@pytest.fixture
def outside(database_url: str) -> Operator:
    """For what a command does as a process: its exit, its files, and others beside it."""
    return Operator(database_url)


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    opened = Rows(database_url)
    yield opened
    opened.close()
