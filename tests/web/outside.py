"""A company whose members have accounts at the simulated vendors, none of them linked yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from chouseiapo.bootstrap import build
from chouseiapo.config import Settings, read_settings
from chouseiapo.sandbox import Person, Sandbox
from chouseiapo.web import limits
from tests.product import SECRET
from tests.web.api import StandingClock
from tests.web.desk import Company, Desk
from tests.web.live import Live, free_port, serving
from tests.web.pages import Form, Page

PEOPLE = (
    Person("tanaka@example.com", "田中", "google"),
    Person("suzuki@example.com", "鈴木", "microsoft"),
    Person("sato@example.com", "佐藤", "google"),
    Person("boss@example.com", "社長", "google"),
)


class Abroad(Company):
    """With the vendors beside it; what a browser does there is done by plain HTTP."""

    sandbox: Sandbox

    def vendor_page(self, desk: Desk, form: Form) -> str:
        """Send the form that begins; answers the address of the vendor's page."""
        page = desk.send(form)
        assert desk.status == 200, page.text
        found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.html)
        assert found, page.text
        return unescape(found[1])

    def consent(self, url: str, email: str, refused: Sequence[str] = ()) -> str:
        """Consent at the vendor (nobody's address says no); answers where the vendor leads, host left out."""
        sent = {"email": email, "shown": [f"https://www.googleapis.com/auth/{scope}" for scope in refused]}
        back = requests.post(url, data=sent, allow_redirects=False, timeout=10).headers["Location"]
        parts = urlsplit(back)
        return f"{parts.path}?{parts.query}"

    def link(self, desk: Desk, email: str, provider: str = "google", page: str = "/settings") -> Page:
        """The whole way, to the page on which calendars are chosen."""
        url = self.vendor_page(desk, desk.open(page).form(f"/link/{provider}"))
        return desk.open(self.consent(url, email))

    def entries(self, email: str) -> list[str]:
        """The status of every entry of ours on somebody's own calendar."""
        found = state(self.sandbox)["calendars"][email]["entries"]
        return [entry["status"] for entry in found if (entry["tag"] or {}).get("appointment")]


@pytest.fixture(scope="session")
def vendors() -> Iterator[Sandbox]:
    with Sandbox(people=PEOPLE, token_life_s=3600) as sandbox:
        yield sandbox


def state(vendors: Sandbox) -> dict[str, Any]:
    """What the vendors hold."""
    found: dict[str, Any] = requests.get(f"{vendors.url}/state.json", timeout=10).json()
    return found


def settings_at(vendors: Sandbox, folder: Path, base_url: str) -> Settings:
    named = {name: value for name, value in vendors.env.items() if name.startswith("CHOUSEIAPO_")}
    return replace(
        read_settings(named),
        database_url=f"sqlite:///{folder}/product.db",
        secret_key=(SECRET,),
        company="株式会社サンプル",
        base_url=base_url,
        smtp_url="",
        caldav_hosts=("127.0.0.1",),
    )


@pytest.fixture
def consents(vendors: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The vendors, with nobody's consent left from another test, and none afterwards."""
    limits.forget_all()
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    yield vendors
    vendors.world.faults.clear()
    vendors.world.switches.turn({"google_testing": False})
    vendors.world.journal.clear()
    for person in PEOPLE:
        vendors.revoke(person.provider, person.email)
    for id, calendar in state(vendors)["calendars"].items():
        for entry in calendar["entries"]:
            requests.delete(f"{vendors.url}/entries/{id}/{entry['id']}", timeout=10)
    for id, calendar in vendors.world.calendars.items():
        if id not in vendors.world.people:
            calendar.shares.clear()  # a room or team of one test is in nobody's list in the next


@pytest.fixture
def abroad(consents: Sandbox, tmp_path: Path) -> Iterator[Abroad]:
    clock = StandingClock()
    services = build(settings_at(consents, tmp_path, "http://localhost"), clock)
    company = Abroad(services, clock)
    company.sandbox = consents
    yield company
    services.close()


class LiveAbroad(Abroad, Live):
    """At an address, for a browser."""


@pytest.fixture
def live_abroad(consents: Sandbox, tmp_path: Path) -> Iterator[LiveAbroad]:
    port, clock = free_port(), StandingClock()
    services = build(settings_at(consents, tmp_path, f"http://127.0.0.1:{port}"), clock)
    company = LiveAbroad(services, clock)
    company.sandbox, company.url = consents, services.settings.base_url
    with serving(company, port):
        yield company
    services.close()
