"""Many guests at the same moment: nobody is booked twice, and losers are told so."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.sandbox import Person
from tests.journeys.company import Company, company, differences, eventually, running, side_by_side, slot

CLIENTS = 32
APPOINTMENTS = int(os.environ.get("CHOUSEIAPO_AT_ONCE", "100"))
PEOPLE = [Person(f"member{n}@example.com", f"担当 {n}", "google" if n % 2 else "microsoft") for n in range(6)]
GUEST = {"company": "ABC株式会社", "name": "山田太郎", "email": "yamada@example.net"}


def next_monday() -> datetime:
    """Midnight UTC of a Monday at least a week ahead."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


@pytest.fixture
def commands(database_url: str) -> list[list[str]]:
    """Two web processes and a worker on PostgreSQL; one process for all on SQLite."""
    if database_url.startswith("sqlite"):
        return [["serve", "--port", "0"]]
    return [["web", "--port", "0"], ["web", "--port", "0"], ["worker"]]


def unsettled(at: Company, ids: list[str]) -> list[str]:
    return differences(at.services, at.state(), ids)


@pytest.mark.slow
def test_overlapping_appointments_never_book_anybody_twice(
    database_url: str, commands: list[list[str]], tmp_path: Path
) -> None:
    dice = random.Random(20261121)
    monday = next_monday()
    starts = [monday + timedelta(hours=hour, minutes=30 * half) for hour in range(1, 8) for half in (0, 1)]
    with (
        company(database_url, PEOPLE) as at,
        running(at.environ, *commands, log=tmp_path / "log") as processes,
    ):
        urls = [p.ready()["url"] for p in processes if p.arguments[0] != "worker"]
        clients = [at.client(url) for url in urls * CLIENTS][:CLIENTS]

        def propose(n: int) -> dict[str, Any]:
            begin = sorted(dice.sample(range(0, len(starts), 2), 3))
            half = dice.choice((0, 1))
            offered = [starts[i + half] for i in begin]
            return clients[n % CLIENTS].propose(
                attendees=dice.sample(at.members, 2),
                platform="none",
                candidates=[slot(s, s + timedelta(hours=1)) for s in offered],
                guest=GUEST,
            )

        proposed = [propose(n) for n in range(APPOINTMENTS)]

        def confirm(n: int) -> list[tuple[int, str]]:
            """As a persistent guest: the next candidate whenever one is taken."""
            told = []
            for candidate in ("c1", "c2", "c3"):
                status, answer = clients[n % CLIENTS].confirm(proposed[n], candidate)
                told.append((status, answer.get("code", "")))
                if status == 200:
                    break
            return told

        told = side_by_side(CLIENTS, [partial(confirm, n) for n in range(APPOINTMENTS)])
        assert not [t for t in told if isinstance(t, Exception)]
        assert {answer for answers in told for answer in answers} <= {(200, ""), (409, "candidate_taken")}
        assert_nobody_is_booked_twice(at, [p["id"] for p in proposed])
        won = sum(answers[-1][0] == 200 for answers in told)
        assert 10 < won < APPOINTMENTS
        eventually(lambda: unsettled(at, [p["id"] for p in proposed]), 120)


def assert_nobody_is_booked_twice(at: Company, ids: list[str]) -> None:
    booked: dict[str, list[tuple[datetime, datetime]]] = {}
    for id in ids:
        appointment = at.services.coordination.appointment(id)
        if chosen := appointment.chosen:
            for member in appointment.attendees:
                booked.setdefault(member, []).append((chosen.start, chosen.end))
    for times in booked.values():
        times.sort()
        assert all(end <= start for (_, end), (start, _) in pairwise(times))


@pytest.mark.slow
def test_neighbours_on_one_day_all_succeed(
    database_url: str, commands: list[list[str]], tmp_path: Path
) -> None:
    """Many that do not overlap, all on one UTC day of one member: none is told "taken"."""
    monday = next_monday()
    environ = {"CHOUSEIAPO_GRID_MINUTES": "5"}
    with (
        company(database_url, PEOPLE[:2]) as at,
        running(at.environ | environ, *commands, log=tmp_path / "log") as processes,
    ):
        urls = [p.ready()["url"] for p in processes if p.arguments[0] != "worker"]
        clients = [at.client(url) for url in urls * CLIENTS][:CLIENTS]
        starts = [monday + timedelta(minutes=5 * n) for n in range(APPOINTMENTS)]

        def propose(n: int) -> dict[str, Any]:
            return clients[n % CLIENTS].propose(
                attendees=[at.members[0]],
                platform="none",
                candidates=[slot(starts[n], starts[n] + timedelta(minutes=5))],
                guest=GUEST,
            )

        proposed = side_by_side(8, [partial(propose, n) for n in range(APPOINTMENTS)])
        told = side_by_side(
            CLIENTS, [partial(clients[n % CLIENTS].confirm, proposed[n], "c1") for n in range(APPOINTMENTS)]
        )
        assert [status for status, _ in told] == [200] * APPOINTMENTS
        eventually(lambda: unsettled(at, [p["id"] for p in proposed]), 120)
