"""One sandbox for all these tests; everybody gets a mailbox of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, GraphMailbox, ZoomCompany, ZoomMailbox, session
from tests.sandbox.listener import Listener

NUMBERS = count(1)
SWITCHES = {
    "graph_duplicate": "same",
    "zoom_list_lag_s": 0,
    "zoom_daily_limit": None,
    "google_moved_out": "cancelled",
    "zoom_page_token_s": 900,
}
Fault = Callable[..., dict[str, Any]]
Turn = Callable[..., None]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    made = session()
    yield made
    made.close()


@pytest.fixture
def sandbox(running: Sandbox, http: requests.Session) -> Iterator[Sandbox]:
    """Without faults, switches as they are by default."""
    yield running
    http.delete(f"{running.url}/faults", timeout=10)
    http.post(f"{running.url}/switches", json=SWITCHES, timeout=10)
    http.patch(f"{running.url}/zoom-app", json={"approval": "free", "redirects": []}, timeout=10)
    http.patch(f"{running.url}/zoom-webhooks", json={"url": ""}, timeout=10)


@pytest.fixture
def fault(sandbox: Sandbox, http: requests.Session) -> Fault:
    def post(service: str, kind: str, **more: object) -> dict[str, Any]:
        answer = http.post(
            f"{sandbox.url}/faults", json={"service": service, "kind": kind, **more}, timeout=10
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return post


@pytest.fixture
def turn(sandbox: Sandbox, http: requests.Session) -> Turn:
    def post(**switches: object) -> None:
        http.post(f"{sandbox.url}/switches", json=switches, timeout=10).raise_for_status()

    return post


def new_person(sandbox: Sandbox, provider: str) -> str:
    """Somebody whom no other test knows."""
    email = f"person{next(NUMBERS)}@example.com"
    sandbox.add_person(email, "試験", provider)
    return email


@pytest.fixture
def google(sandbox: Sandbox) -> Iterator[GoogleMailbox]:
    mailbox = GoogleMailbox(sandbox, new_person(sandbox, "google"))
    yield mailbox
    mailbox.close()


@pytest.fixture
def graph(sandbox: Sandbox) -> Iterator[GraphMailbox]:
    mailbox = GraphMailbox(sandbox, new_person(sandbox, "microsoft"))
    yield mailbox
    mailbox.close()


@pytest.fixture
def zoom(sandbox: Sandbox) -> Iterator[ZoomMailbox]:
    mailbox = ZoomMailbox(sandbox, new_person(sandbox, "google"))
    yield mailbox
    mailbox.close()


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[ZoomCompany]:
    """The company's own app at Zoom."""
    made = ZoomCompany(sandbox)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Where the product would listen to webhooks."""
    made = Listener()
    yield made
    made.stop()


@pytest.fixture
def calendar(google: GoogleMailbox) -> Iterator[Any]:
    """google-api-python-client on that mailbox."""
    client = google.client()
    yield client
    client.close()
