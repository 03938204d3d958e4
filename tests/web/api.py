"""The API as a program uses it, in-process; the clock stands still at NOW until it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.domain.ids import member_id
from chouseiapo.web import create_app
from tests.product import NOW, Office


class StandingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Program:
    """A client of the API in the name of one member (or of nobody)."""

    def __init__(self, http: FlaskClient, token: str = "") -> None:
        self._http = http
        self._token = token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token:
            given.setdefault("Authorization", f"Bearer {self._token}")
        answer = self._http.open(f"/api/v1{path}", method=method, json=body, headers=given)
        return answer.status_code, answer.get_json()

    def propose(self, **changes: Any) -> dict[str, Any]:
        status, answer = self.call("POST", "/appointments", proposal(**changes))
        assert status == 201, answer
        proposed: dict[str, Any] = answer
        return proposed

    def confirm(self, appointment: dict[str, Any], candidate: str, **guest: str) -> tuple[int, Any]:
        secret = appointment["guest_url"].rpartition("/")[2]
        return self.call("POST", f"/guest/{secret}/confirm", {"candidate": candidate, "guest": guest})


def proposal(**changes: Any) -> dict[str, Any]:
    """A proposal as interfaces describe it: two candidates for Tanaka and Suzuki."""
    return {
        "kind": "web",
        "title": "",
        "attendees": ["tanaka@example.com", "suzuki@example.com"],
        "organizer": "tanaka@example.com",
        "candidates": [
            {"start": "2026-11-25T10:00:00+09:00", "end": "2026-11-25T11:00:00+09:00", "room": None},
            {"start": "2026-11-26T11:00:00+09:00", "end": "2026-11-26T12:00:00+09:00", "room": None},
        ],
        "guest": {"company": "ABC株式会社", "name": "山田太郎", "email": "yamada@example.net"},
        "delivery": "mail",
        "platform": "none",
    } | changes


class Api:
    """The application with its office, and a program for each member."""

    def __init__(self, services: Services, clock: StandingClock) -> None:
        self.services = services
        self.clock = clock
        self.office = Office(services)
        self.app = create_app(services)
        self.app.testing = False
        self.http = self.app.test_client()
        self.tanaka, self.suzuki, self.sato = (
            self.of(f"{name}@example.com") for name in ("tanaka", "suzuki", "sato")
        )
        self.guest = Program(self.http)

    def of(self, email: str) -> Program:
        token = self.services.access.new_api_token(member_id(email), NOW)
        return Program(self.http, token)


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    clock = StandingClock()
    services = build(settings, clock)
    yield Api(services, clock)
    services.close()
