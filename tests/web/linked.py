"""A company whose members have calendars at simulated vendors: what pages and API make of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings, read_settings
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.links import Link, Provider
from chouseiapo.sandbox import Sandbox
from chouseiapo.sandbox.tokens import SCOPES
from chouseiapo.web import create_app, limits
from tests.adapters.outside import Outside
from tests.product import BY, NOW, SECRET
from tests.web.api import Program, StandingClock

FOR_ROOMS = {
    "google": "https://www.googleapis.com/auth/calendar.events",
    "microsoft": "Calendars.ReadWrite.Shared",
}


class Linked:
    """The product beside its vendors; nobody is there yet. The clock stands still until it is moved."""

    def __init__(self, services: Services, clock: StandingClock, sandbox: Sandbox) -> None:
        self.services, self.clock, self.sandbox = services, clock, sandbox
        self.app = create_app(services)
        self.http = self.app.test_client()
        self.outside = Outside(sandbox)
        self.guest = Program(self.http)
        self._seen = 0
        self._of_others = set(threading.enumerate())  # those of tests before this one may still be ending

    def person(self, name: str, provider: str = "", zoom: bool = False) -> str:
        """Somebody new with a calendar there, or just the built-in one; answers the member's id."""
        email = f"{name}@example.com"
        member = self.services.coordination.register_member(email, name, BY, NOW).id
        if provider or zoom:
            self.sandbox.add_person(email, name, provider or "google")
        for each in filter(None, (provider, "zoom" if zoom else "")):
            self.services.link_to(member, Provider(each), self.sandbox.grant(each, email), BY)
        return member

    def room(self, name: str, provider: str, keeper: str) -> tuple[str, str]:
        """A room whose calendar `keeper` may write; answers our id and the calendar's address."""
        kept = self.outside.ask(
            "POST", "/rooms", {"name": name, "provider": provider, "writers": [f"{keeper}@example.com"]}
        )
        id = self.services.coordination.add_room(name, 6, BY, NOW).id
        scopes = SCOPES[provider] | {FOR_ROOMS[provider]}
        token = self.sandbox.grant(provider, f"{keeper}@example.com", scopes)
        link = self.services.link_to(id, Provider(provider), token, BY)
        self.services.coordination.choose_calendar(link, BY, NOW, calendar=kept["id"], name=name)
        return id, kept["id"]

    def link(self, owner: str) -> Link:
        found = self.services.coordination.owner(owner).calendar
        assert found is not None
        return found

    def program(self, name: str) -> Program:
        token = self.services.access.new_api_token(member_id(f"{name}@example.com"), NOW)
        return Program(self.http, token)

    def busy(self, calendar: str, start: datetime, end: datetime, **more: str) -> str:
        """Something else on somebody's calendar; answers the entry's id."""
        name = calendar if "@" in calendar else f"{calendar}@example.com"
        wish = {"title": "別件", "start": start.isoformat(), "end": end.isoformat()} | more
        return str(self.outside.ask("POST", f"/entries/{name}", wish)["id"])

    def threads(self) -> list[str]:
        """Those that ask calendars."""
        ours = set(threading.enumerate()) - self._of_others
        return [thread.name for thread in ours if thread.name.startswith("asking")]

    def requests(self) -> list[tuple[str, str, str]]:
        """Who was asked for what at the vendors since this was last asked."""
        state = self.outside.state(self._seen)
        self._seen = state["cursor"]
        asked = [row for row in state["requests"] if row["service"] in FOR_ROOMS]
        return [(row["mailbox"].partition("@")[0], row["method"], row["path"]) for row in asked]


def settings_beside(sandbox: Sandbox, database_url: str, **changes: Any) -> Settings:
    named = {name: value for name, value in sandbox.env.items() if name.startswith("CHOUSEIAPO_")}
    settings = read_settings(named)
    return replace(settings, database_url=database_url, secret_key=(SECRET,), **changes)


@contextmanager
def opened(sandbox: Sandbox, database_url: str, **changes: Any) -> Iterator[Linked]:
    """The product once more on those rows, with other settings."""
    clock = StandingClock()
    services = build(settings_beside(sandbox, database_url, **changes), clock)
    company = Linked(services, clock, sandbox)
    try:
        yield company
    finally:
        company.app.extensions["asking"].close()  # what nobody waits for any more may be under way still
        services.close()


@pytest.fixture
def linked_vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Simulated vendors without anybody."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    sandbox = Sandbox(people=())
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def linked(linked_vendors: Sandbox, database_url: str) -> Iterator[Linked]:
    limits.forget_all()
    with opened(linked_vendors, database_url) as company:
        yield company
