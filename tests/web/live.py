"""The product over HTTP for a browser: the production server in a thread, on SQLite, at a standing time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chouseiapo.bootstrap import build
from chouseiapo.config import Settings
from chouseiapo.web import limits
from chouseiapo.web.server import Server
from tests.product import SECRET
from tests.web.api import StandingClock
from tests.web.desk import Company


class Live(Company):
    """A company at an address."""

    url = ""

    def session(self, member: str) -> dict[str, str]:
        """A cookie for a browser's context: the member is signed in."""
        token = self.services.access.open_session(member, self.clock.now)
        return {"name": "session", "value": token, "url": self.url}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    limits.forget_all()
    port = free_port()
    settings = replace(
        Settings(),
        database_url=f"sqlite:///{tmp_path}/product.db",
        secret_key=(SECRET,),
        company="株式会社サンプル",
        base_url=f"http://127.0.0.1:{port}",
    )
    clock = StandingClock()
    services = build(settings, clock)
    company = Live(services, clock)
    company.url = settings.base_url
    with serving(company, port):
        yield company
    services.close()


@contextmanager
def serving(company: Company, port: int) -> Iterator[None]:
    server = Server(company.app, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, name="live")
    thread.start()
    yield
    server.stop()
    thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
