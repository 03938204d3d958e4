"""A company for journeys: simulated vendors, members with linked accounts, processes of the product."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import read_settings
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.links import Provider
from chouseiapo.sandbox import Person, Sandbox
from chouseiapo.worker import Worker
from tests.product import BY, SECRET

COMPANY = "株式会社サンプル"

# Status, title, start and end of an entry.
Seen = tuple[str, str, datetime, datetime]


@dataclass
class Company:
    """Everything a journey talks to. `environ` is what its processes are started with."""

    sandbox: Sandbox
    services: Services
    environ: dict[str, str]
    members: list[str]
    room: str
    tokens: dict[str, str]
    http: requests.Session = field(default_factory=requests.Session)

    def state(self) -> dict[str, Any]:
        """The outside as the vendors hold it."""
        answer: dict[str, Any] = self.http.get(f"{self.sandbox.url}/state.json", timeout=60).json()
        return answer

    def fault(self, service: str, kind: str, rate: float, **more: Any) -> None:
        body = {"service": service, "kind": kind, "rate": rate, "seed": 7} | more
        self.http.post(f"{self.sandbox.url}/faults", json=body, timeout=10).raise_for_status()

    def heal(self) -> None:
        self.http.delete(f"{self.sandbox.url}/faults", timeout=10).raise_for_status()

    def client(self, url: str, email: str = "") -> Client:
        return Client(url, self.tokens[email or self.members[0]])


class Client:
    """One program that uses the API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        answer = self._session.request(
            method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=60
        )
        return answer.status_code, answer.json()

    def propose(self, **body: Any) -> dict[str, Any]:
        status, answer = self.call("POST", "/appointments", body)
        assert status == 201, answer
        proposed: dict[str, Any] = answer
        return proposed

    def confirm(self, appointment: dict[str, Any], candidate: str) -> tuple[int, Any]:
        """As the guest, by the link; a busy answer is tried again, as it asks."""
        secret = appointment["guest_url"].rpartition("/")[2]
        for _ in range(20):
            status, answer = self.call("POST", f"/guest/{secret}/confirm", {"candidate": candidate})
            if status != 503:
                return status, answer
            time.sleep(0.2)
        return status, answer


@contextmanager
def company(
    database_url: str,
    people: Sequence[Person],
    *,
    wait_s: int = 60,
    environ: Mapping[str, str] | None = None,
    calendars: bool = True,
    **options: Any,
) -> Iterator[Company]:
    """Vendors started, people registered and linked through the real clients, one API token each; without
    `calendars` they keep the built-in ones."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    sandbox = Sandbox(0, people=people, **options)
    sandbox.start()
    environ = sandbox.env | {
        "CHOUSEIAPO_DATABASE_URL": database_url,
        "CHOUSEIAPO_SECRET_KEY": SECRET,
        "CHOUSEIAPO_COMPANY": COMPANY,
        "CHOUSEIAPO_BASE_URL": "http://127.0.0.1:8000",
        "CHOUSEIAPO_MEETING_WAIT_S": str(wait_s),
        "CHOUSEIAPO_WATCH_EVERY_S": "3600",  # those who count requests do not mean these
        **(environ or {}),
    }
    services = build(read_settings({k: v for k, v in environ.items() if k.startswith("CHOUSEIAPO_")}))
    try:
        yield _furnished(sandbox, services, environ, people, calendars)
    finally:
        services.close()
        sandbox.stop()


def _furnished(
    sandbox: Sandbox,
    services: Services,
    environ: dict[str, str],
    people: Sequence[Person],
    calendars: bool,
) -> Company:
    app, now = services.coordination, services.clock()
    for person in people:
        member = app.register_member(person.email, person.name, BY, now)
        if person.provider != "none":
            provider = Provider(person.provider)
            if calendars:
                services.link(member.email, provider, sandbox.grant(provider.value, person.email), BY)
            services.link(member.email, Provider.ZOOM, sandbox.grant("zoom", person.email), BY)
    members = [person.email for person in people]
    tokens = {email: services.access.new_api_token(member_id(email), now) for email in members}
    room = app.add_room("会議室A", 6, BY, now).id
    Worker(services).read()
    return Company(sandbox, services, environ, members, room, tokens)


class Process:
    """One `chouseiapo …` process; its own output goes to a file, so that it never blocks."""

    def __init__(self, environ: dict[str, str], *arguments: str, log: Path) -> None:
        self.arguments = arguments
        self._log = log.open("ab")
        source = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chouseiapo.cli", *arguments],
            env=os.environ | environ | {"PYTHONPATH": os.pathsep.join([f"{source}/src", source])},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        """Wait for the line that a serving command prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.arguments} ended with {self.process.wait()}: {Path(self._log.name).read_text()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> int:
        """As an operator does: SIGTERM, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self._close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)
        self._close()

    def _close(self) -> None:
        if self.process.stdout:
            self.process.stdout.close()
        self._log.close()


@contextmanager
def running(environ: dict[str, str], *commands: Sequence[str], log: Path) -> Iterator[list[Process]]:
    """Processes that are stopped again at the end, each with exit code 0."""
    started = [Process(environ, *command, log=log) for command in commands]
    try:
        yield started
    finally:
        codes = [process.stop() for process in started]
    assert codes == [0] * len(codes)


def eventually(remaining: Callable[[], Sequence[object]], seconds: float = 30) -> None:
    """Wait until nothing remains, looking again and again; fail with what remains after that many seconds."""
    end = time.monotonic() + seconds
    while left := remaining():
        assert time.monotonic() < end, f"{len(left)} remain: {list(left)[:10]}"
        time.sleep(0.2)


def side_by_side(clients: int, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do the jobs in that many threads at once; results in the order of the jobs."""
    results: list[Any] = [None] * len(jobs)
    todo = iter(range(len(jobs)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                n = next(todo, None)
            if n is None:
                return
            try:
                results[n] = jobs[n]()
            except Exception as error:  # the test looks at it
                results[n] = error

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def slot(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


def differences(
    services: Services, state: dict[str, Any], ids: Sequence[str], *, alone: bool = False
) -> list[str]:
    """Where simulated calendars and meetings are not exactly what the events say; empty when all is right."""
    app = services.coordination
    accounts = {
        link.id: link.account
        for email in state["calendars"]
        if app.stream(member_id(email))
        for link in app.member(member_id(email)).links.values()
    }
    wanted: dict[tuple[str, str, str], Seen] = {}
    meetings: dict[str, str] = {}
    for id in ids:
        appointment = app.appointment(id)
        for w in services.entry_writer.wanted(appointment):
            if w.link in accounts:
                status = "confirmed" if w.entry.confirmed else "tentative"
                seen = (status, w.entry.title, w.entry.start, w.entry.end)
                wanted[accounts[w.link], id, w.entry.candidate] = seen
        if appointment.chosen and appointment.meeting:
            meetings[appointment.meeting.meeting_id] = id
    if alone:  # other appointments' entries and meetings are not looked at
        state = _only(state, set(ids), set(meetings))
    return [*_entry_differences(state, wanted), *_meeting_differences(state, meetings)]


def _only(state: dict[str, Any], ids: set[str], meetings: set[str]) -> dict[str, Any]:
    calendars = {
        email: {"entries": [e for e in calendar["entries"] if e["tag"].get("appointment") in ids]}
        for email, calendar in state["calendars"].items()
    }
    return {"calendars": calendars, "meetings": [m for m in state["meetings"] if str(m["id"]) in meetings]}


def _entry_differences(state: dict[str, Any], wanted: dict[tuple[str, str, str], Seen]) -> Iterator[str]:
    found: dict[tuple[str, str, str], list[Seen]] = {}
    for email, calendar in state["calendars"].items():
        for entry in calendar["entries"]:
            tag = entry["tag"] or {}
            if tag.get("appointment"):
                key = (email, tag["appointment"], tag["candidate"])
                times = (datetime.fromisoformat(entry["start"]), datetime.fromisoformat(entry["end"]))
                found.setdefault(key, []).append((entry["status"], entry["title"], *times))
    for key in found.keys() | wanted.keys():
        if found.get(key, []) != ([wanted[key]] if key in wanted else []):
            yield f"entry {key}: wanted {wanted.get(key)}, found {found.get(key)}"


def _meeting_differences(state: dict[str, Any], wanted: dict[str, str]) -> Iterator[str]:
    found = sorted(str(meeting["id"]) for meeting in state["meetings"])
    if found != sorted(wanted):
        yield f"meetings: {len(found)} found, {len(wanted)} wanted"
