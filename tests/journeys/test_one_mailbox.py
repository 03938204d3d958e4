"""What one mailbox goes through delays no other, and no mailbox is ever asked too much at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.sandbox import Person
from tests.journeys.company import Client, Company, company, eventually, running, side_by_side, slot
from tests.journeys.test_many_at_once import GUEST, next_monday

PEOPLE = [
    Person("google1@example.com", "田中", "google"),
    Person("google2@example.com", "佐藤", "google"),
    Person("outlook1@example.com", "鈴木", "microsoft"),
    Person("outlook2@example.com", "高橋", "microsoft"),
]
WATCHED = {"CHOUSEIAPO_WATCH_EVERY_S": "1"}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Company]:
    with company(f"sqlite:///{tmp_path}/one.db", PEOPLE, environ=WATCHED) as made:
        yield made


def propose(client: Client, attendees: list[str], n: int = 0, candidates: int = 5) -> dict[str, Any]:
    first = next_monday() + timedelta(hours=n)
    starts = [first + timedelta(days=day) for day in range(candidates)]
    return client.propose(
        attendees=attendees,
        candidates=[slot(start, start + timedelta(hours=1)) for start in starts],
        platform="none",
        guest=GUEST | {"email": f"guest{n}@example.net"},
    )


def held(at: Company, email: str) -> int:
    return sum(bool(entry["tag"]) for entry in at.state()["calendars"][email]["entries"])


@pytest.mark.slow
@pytest.mark.parametrize(("throttled", "others"), [(0, (1, 2, 3)), (2, (0, 1, 3))])
def test_one_that_is_asked_to_wait_delays_no_other(
    at: Company, tmp_path: Path, throttled: int, others: tuple[int, ...]
) -> None:
    waiting = at.members[throttled]
    with running(at.environ, ["serve", "--port", "0"], log=tmp_path / "log") as [process]:
        client = at.client(process.ready()["url"])
        service = PEOPLE[throttled].provider
        at.fault(service, "status", 1, status=429, retry_after_s=600, mailbox=waiting)
        begun = time.monotonic()
        for n in range(10):
            propose(client, at.members, n)
        eventually(lambda: [e for m in others if held(at, e := at.members[m]) < 50], 30)
        assert time.monotonic() - begun < 30
        assert held(at, waiting) == 0
        asked = [r for r in at.state()["requests"] if r["mailbox"] == waiting and r["service"] == service]
        assert len(asked) <= 3, "what the vendor asks to wait for is waited for"


@pytest.mark.slow
def test_no_mailbox_is_asked_more_than_four_things_at_once(at: Company, tmp_path: Path) -> None:
    """The worker writes and watches, while pages read free and busy times, all of it slowly."""
    with running(at.environ, ["serve", "--port", "0"], log=tmp_path / "log") as [process]:
        url = process.ready()["url"]
        client = at.client(url)
        for service in ("google", "microsoft"):
            at.fault(service, "slow", 1, delay_s=0.3)
        at.http.delete(f"{at.sandbox.url}/state.json/in_flight", timeout=10).raise_for_status()
        made = [propose(client, at.members, n) for n in range(8)]
        window = {"start": next_monday().isoformat(), "end": (next_monday() + timedelta(days=7)).isoformat()}

        def read(email: str) -> int:
            query = "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in window.items())
            people = ",".join(at.members)
            status, _ = at.client(url, email).call("GET", f"/freebusy?{query}&members={people}")
            return status

        jobs = [lambda email=email: read(email) for email in at.members * 6]
        confirming = [lambda a=a: client.confirm(a, "c1")[0] for a in made[:4]]
        assert set(side_by_side(12, [*jobs, *confirming])) == {200}
        eventually(lambda: [e for e in at.members if held(at, e) != 4 + 4 * 5], 120)
        most = at.state()["in_flight"]
        assert {email: most.get(email, 0) for email in at.members if not 0 < most.get(email, 0) <= 4} == {}
