"""B12: the week with everybody's busy time, for eight attendees and for one; both read from what is fresh."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from flask.testing import FlaskClient

from benchmarks.load import Failed
from benchmarks.measure import Row, Size, alternate, median
from chouseiapo.accounts.drafts import Drafts
from chouseiapo.domain.ids import member_id
from chouseiapo.sandbox import Person
from chouseiapo.web import create_app
from chouseiapo.web.staff.draft import Draft
from chouseiapo.web.staff.new import PREFIX
from chouseiapo.web.staff.picking import Picking
from tests.journeys.company import Company, company

ATTENDEES = 8
PEOPLE = [Person(f"p{n}@example.com", f"担当 {n}", ("google", "microsoft")[n % 2]) for n in range(ATTENDEES)]
PAGES = 20  # a round, which is over before what was read is asked for anew
COOKIE = "session"


def week_page(folder: Path, size: Size) -> Row:
    with company(f"sqlite:///{folder}/week.db", PEOPLE) as at:
        monday = _next_monday(at.services.clock())
        for person in PEOPLE:
            _fill(at, person.email, monday)
        http, pages = create_app(at.services).test_client(), min(PAGES, size.requests)
        http.set_cookie(
            COOKIE, at.services.access.open_session(member_id(PEOPLE[0].email), at.services.clock())
        )
        many, one = (_round(http, _draft(at, people, monday), pages) for people in (PEOPLE, PEOPLE[:1]))
        slow, quick = alternate(size.rounds, many, one)
    return Row(
        name="B12",
        what=f"week page, {ATTENDEES} attendees",
        unit="ms",
        ours=median(slow),
        baseline=median(quick),
        against="the same for 1",
        goal=2.0,
        at_least=False,
        details={"ours": {"ms": _rounded(slow)}, "baseline": {"ms": _rounded(quick)}},
    )


def _round(http: FlaskClient, address: str, pages: int) -> Callable[[], float]:
    """The median time of a page, in milliseconds, once its calendars were read."""

    def page() -> float:
        began = time.perf_counter()
        answer = http.get(address)
        if answer.status_code != 200 or "読み取れません" in answer.get_data(as_text=True):
            raise Failed(f"the week page answered {answer.status_code}, or not every calendar was read")
        return (time.perf_counter() - began) * 1000

    def once() -> float:
        page()
        return median([page() for _ in range(pages)])

    return once


def _draft(at: Company, people: list[Person], monday: datetime) -> str:
    """The address of a form that these people attend, and that shows that week."""
    id, attendees = f"{len(people):032}", tuple(member_id(person.email) for person in people)
    draft = Draft(attendees=attendees, picking=Picking(week=monday.date().isoformat()))
    kept, now = Drafts(at.services.rows, at.services.sealer), at.services.clock()
    kept.keep(PREFIX + id, attendees[0], msgspec.json.encode(draft), now)
    return f"/appointments/new/{id}"


def _fill(at: Company, email: str, monday: datetime) -> None:
    """Three things a day."""
    for start in (monday + timedelta(days=day, hours=hour) for day in range(5) for hour in (1, 4, 7)):
        entry = {"title": "別件", "start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        at.http.post(f"{at.sandbox.url}/entries/{email}", json=entry, timeout=60).raise_for_status()


def _next_monday(now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - midnight.weekday())


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 3) for value in values]
