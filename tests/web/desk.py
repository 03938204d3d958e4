"""The staff's pages as members use them without a script, in-process; the clock stands still until moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.member import Role
from chouseiapo.domain.proposal import Platform
from chouseiapo.storage import upsert
from chouseiapo.tables import sent_mails
from chouseiapo.web import create_app, limits
from chouseiapo.worker import Worker
from tests.product import BY, NOW, Office
from tests.web.api import StandingClock
from tests.web.pages import Form, Page

SESSION = "session"


class Desk:
    """One member's browser."""

    def __init__(self, http: FlaskClient, token: str = "") -> None:
        self.http = http
        self.status = 0
        self.path = ""
        if token:
            http.set_cookie(SESSION, token)

    def open(self, path: str, **headers: str) -> Page:
        """The page at that address, after whatever redirects."""
        answer = self.http.get(path, headers=headers, follow_redirects=True)
        self.status, self.path = answer.status_code, answer.request.path
        return Page(answer.get_data(as_text=True))

    def post(self, path: str, sent: Any, **headers: str) -> Any:
        """The bare answer; redirects are not followed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.post(path, data=sent, headers=named)
        self.status = answer.status_code
        return answer

    def send(self, form: Form, **typed: str | list[str]) -> Page:
        """Send a form as it stands, with what is typed; answers the page it leads to."""
        answer = self.http.post(form.action, data=form.filled(**typed), follow_redirects=True)
        self.status, self.path = answer.status_code, answer.request.full_path.rstrip("?")
        return Page(answer.get_data(as_text=True))

    def write(self, page: Page | None = None, **typed: str | list[str]) -> Page:
        """Send the form of a new proposal (a fresh one by default) with what is typed."""
        return self.send((page or self.open("/appointments/new")).form("/appointments/new/"), **typed)


class Company:
    """The product with its office and a browser for each member; Boss is an administrator."""

    def __init__(self, services: Services, clock: StandingClock) -> None:
        self.services, self.clock = services, clock
        self.office = Office(services)
        self.boss = services.coordination.register_member(
            "boss@example.com", "社長", BY, NOW, role=Role.ADMINISTRATOR
        ).id
        self.app = create_app(services)
        self.tanaka, self.suzuki, self.sato = (
            self.desk(m) for m in (self.office.tanaka, self.office.suzuki, self.office.sato)
        )
        self.chief, self.stranger = self.desk(self.boss), Desk(self.app.test_client())
        self.read()

    def desk(self, member: str) -> Desk:
        return Desk(self.app.test_client(), self.services.access.open_session(member, self.clock.now))

    def read(self) -> None:
        """Let the lists catch up with what has happened."""
        Worker(self.services).once()

    def propose(self, **changes: Any) -> Appointment:
        made = self.office.propose(**changes)
        self.read()
        return made

    def appointment(self, id: str) -> Appointment:
        return self.services.coordination.appointment(id)


def of_draft(path: str) -> str:
    """The appointment that the draft at that address becomes."""
    return new_id("appointment", path.split("/")[3])


def local(day: int, hour: int, minute: int = 0) -> str:
    """A time in November 2026 in Tokyo, as cells name it."""
    return f"2026-11-{day:02}T{hour:02}:{minute:02}+09:00"


def slot(day: int, hour: int, hours: int = 1) -> str:
    return f"{local(day, hour)}|{local(day, hour + hours)}"


def page_of(appointment: Appointment, rest: str = "") -> str:
    return f"/appointments/{appointment.id}{rest}"


def confirmed(company: Company, **changes: Any) -> Appointment:
    made = company.propose(platform=Platform.NONE, **changes)
    company.services.coordination.confirm(made.id, "c1", made.guest, BY, company.clock.now)
    company.read()
    return company.appointment(made.id)


def refuse(company: Company, key: str, outcome: str) -> None:
    row = {
        "key": key,
        "message_id": "<x@example.com>",
        "sent_at": None,
        "given_up_at": NOW,
        "outcome": outcome,
    }
    with company.services.rows.write() as connection:
        upsert(connection, sent_mails, [row])


@pytest.fixture
def company(settings: Settings) -> Iterator[Company]:
    limits.forget_all()
    clock = StandingClock()
    services = build(settings, clock)
    yield Company(services, clock)
    services.close()
