"""B5: requests to vendors for one confirmation: five candidates on one Google and one Outlook calendar."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from benchmarks.fill import CANDIDATES, GUEST
from benchmarks.measure import Row, Size
from chouseiapo.domain.event import GUEST as BY_GUEST
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.proposal import Platform, Proposal
from chouseiapo.domain.slots import Offer
from chouseiapo.sandbox import Person
from chouseiapo.worker import Worker
from tests.journeys.company import Company, company

PEOPLE = [
    Person("google@example.com", "田中 一郎", "google"),
    Person("outlook@example.com", "鈴木 花子", "microsoft"),
]
# On each calendar the chosen hold becomes the booking, its siblings leave in one batch, and the meeting's
# address is written into the booking once it is there; the meeting itself is one request. Tokens are not
# counted: they live for an hour, whatever is confirmed.
LEAST = 3 * len(PEOPLE) + 1
VENDORS = ("google", "microsoft", "zoom")


def requests_for_a_confirmation(folder: Path, size: Size) -> Row:
    with company(f"sqlite:///{folder}/vendors.db", PEOPLE) as at:
        worker = Worker(at.services)
        id = _propose(at)
        worker.once()
        proposing = _since(at, 0)
        seen = int(at.state()["cursor"])
        at.services.coordination.confirm(id, "c3", GUEST, Meta(actor=BY_GUEST), at.services.clock())
        worker.once()
        confirming = _since(at, seen)
    return Row(
        name="B5",
        what="vendors' requests for a confirmation",
        unit="",
        ours=confirming.total(),
        baseline=LEAST,
        against="the least possible",
        goal=1.0,
        at_least=False,
        details={"proposing": dict(proposing), "confirming": dict(confirming)},
    )


def _propose(at: Company) -> str:
    people = [member_id(person.email) for person in PEOPLE]
    now = at.services.clock()
    first = now.replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=1)
    starts = [first + timedelta(days=n) for n in range(CANDIDATES)]
    proposal = Proposal(
        platform=Platform.ZOOM,
        attendees=tuple(people),
        organizer=people[0],
        offers=tuple(Offer(start, start + timedelta(hours=1)) for start in starts),
        guest=GUEST,
    )
    id = new_id("appointment")
    at.services.coordination.propose(id, proposal, people[0], Meta(actor=people[0]), now)
    return id


def _since(at: Company, number: int) -> Counter[str]:
    """How often each vendor was asked what, from that request on; a batch is one request."""
    answer = at.http.get(f"{at.sandbox.url}/state.json", params={"since": number}, timeout=60).json()
    asked = [row for row in answer["requests"] if row["service"] in VENDORS]
    return Counter(_worded(row["service"], row["method"], row.get("parts", 0)) for row in asked)


def _worded(service: str, method: str, parts: int) -> str:
    return f"{service} batch of {parts}" if parts else f"{service} {method}"
