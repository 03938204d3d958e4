"""From the guest's POST to all calendars right and mails handed over: measured, bounded only by patience."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.sandbox import DEMO_PEOPLE
from tests.journeys.company import Company, company, differences, running, slot
from tests.journeys.test_many_at_once import GUEST, next_monday

CONFIRMATIONS = 20


@pytest.mark.slow
def test_a_confirmation_is_everywhere_soon_after(database_url: str, tmp_path: Path, capsys: Any) -> None:
    with (
        company(database_url, DEMO_PEOPLE) as at,
        running(at.environ, ["serve", "--port", "0"], log=tmp_path / "log") as [process],
    ):
        client = at.client(process.ready()["url"])
        took = [seconds_until_everywhere(at, client, n) for n in range(CONFIRMATIONS)]
        cuts = statistics.quantiles(took, n=100)
        with capsys.disabled():
            print(f"\nfrom POST to everywhere: p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s")
        assert max(took) < 30


def seconds_until_everywhere(at: Company, client: Any, n: int) -> float:
    first = next_monday() + timedelta(hours=n)
    starts = [first + timedelta(days=7 * week) for week in range(5)]
    proposed = client.propose(
        attendees=at.members[:2],
        platform="zoom",
        candidates=[slot(start, start + timedelta(hours=1)) for start in starts],
        guest=GUEST | {"email": f"guest{n}@example.net"},
    )
    wait(lambda: not differences(at.services, at.state(), [proposed["id"]], alone=True))
    begun = time.monotonic()
    assert client.confirm(proposed, "c1")[0] == 200
    wait(lambda: everywhere(at, proposed["id"], f"guest{n}@example.net"))
    return time.monotonic() - begun


def everywhere(at: Company, id: str, guest: str) -> bool:
    """Both calendars and the meeting as they should be, the URL in the entries, and the guest's mail."""
    state = at.state()
    meeting = at.services.coordination.appointment(id).meeting
    if meeting is None or differences(at.services, state, [id], alone=True):
        return False
    bodies = [
        entry["body"]
        for calendar in state["calendars"].values()
        for entry in calendar["entries"]
        if entry["tag"].get("appointment") == id
    ]
    told = [m for m in state["mails"] if m["to"] == guest and "確定" in m["subject"]]
    return len(bodies) == 2 and all(meeting.join_url in body for body in bodies) and bool(told)


def wait(until: Any) -> None:
    end = time.monotonic() + 30
    while not until():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)
