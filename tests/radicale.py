"""A real Radicale for the tests, on loopback, files in a temporary folder: `radicale_server`, one a session.

CHOUSEIAPO_CALDAV_SERVER=/path/to/xandikos runs the same tests against that server, which knows no passwords.
"""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest

from tests.postgres import free_port

CONFIGURATION = """
[auth]
type = htpasswd
htpasswd_filename = {folder}/people
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = {folder}/data
[logging]
level = error
"""
MAKE = """<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>
<displayname>{name}</displayname>
<C:supported-calendar-component-set><C:comp name="{kind}"/></C:supported-calendar-component-set>
</prop></set></C:mkcalendar>"""


class Said(NamedTuple):
    """An answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str


class CalDavServer:
    """A server process, and what anybody with a password can do to it."""

    has_passwords = True

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chouseiapo-caldav-"))
        self.port = free_port()
        (self.folder / "people").touch()
        (self.folder / "data").mkdir()
        setpriv = shutil.which("setpriv")
        guard = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*guard, *self._command()], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        (self.folder / "config").write_text(CONFIGURATION.format(folder=self.folder))
        place = ["--config", str(self.folder / "config"), "--hosts", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "radicale", *place]

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                self.ask("GET", "/")
                return
            time.sleep(0.05)
        said = (self.folder / "log").read_text()
        self.stop()
        pytest.fail(f"the CalDAV server did not start:\n{said}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_person(self, user: str, password: str) -> str:
        """Somebody without a calendar yet; the path of what is theirs."""
        with (self.folder / "people").open("a") as people:
            people.write(f"{user}:{password}\n")
        return f"/{user}/"

    def forget_person(self, user: str) -> None:
        lines = (self.folder / "people").read_text().splitlines(keepends=True)
        (self.folder / "people").write_text("".join(x for x in lines if not x.startswith(f"{user}:")))

    def forget_tokens(self, user: str) -> None:
        """As after many days: no sync token is known any more."""
        for kept in (self.folder / "data").glob(f"**/{user}/**/sync-token"):
            shutil.rmtree(kept)

    def add_calendar(self, path: str, name: str, user: str, password: str, kind: str = "VEVENT") -> None:
        body = MAKE.format(name=name, kind=kind)
        said = self.ask("MKCALENDAR", path, body, user=user, password=password)
        assert said.status == 201, said

    def ask(
        self,
        method: str,
        path: str,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        user: str = "",
        password: str = "",
    ) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Content-Type": "text/xml; charset=utf-8", **(headers or {})}
        if user:
            name = base64.b64encode(f"{user}:{password}".encode()).decode()
            sent["Authorization"] = f"Basic {name}"
        try:
            connection.request(method, path, body.encode(), sent)
            answer = connection.getresponse()
            lowered = {name.lower(): value for name, value in answer.getheaders()}
            return Said(answer.status, lowered, answer.read().decode())
        finally:
            connection.close()


class Xandikos(CalDavServer):
    """One person, whoever they say that they are: each time somebody new comes, all calendars go."""

    has_passwords = False
    _calendars: ClassVar[list[str]] = []

    def _command(self) -> list[str]:
        program = os.environ["CHOUSEIAPO_CALDAV_SERVER"]
        place = ["-d", str(self.folder / "data"), "-l", "127.0.0.1", "-p", str(self.port)]
        return [program, "serve", *place, "--current-user-principal", "/one/", "--autocreate"]

    def add_person(self, user: str, password: str) -> str:
        while self._calendars:
            self.ask("DELETE", self._calendars.pop())
        return "/one/calendars/"

    def add_calendar(self, path: str, name: str, user: str, password: str, kind: str = "VEVENT") -> None:
        super().add_calendar(path, name, user, password, kind)
        self._calendars.append(path)


@pytest.fixture(scope="session")
def radicale_server() -> Iterator[CalDavServer]:
    server = Xandikos() if os.environ.get("CHOUSEIAPO_CALDAV_SERVER") else CalDavServer()
    yield server
    server.stop()
