"""Answers that never came, with a vendor's own client between: what may stand is looked for, and goes."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from chouseiapo.domain.ids import new_id
from chouseiapo.domain.proposal import Proposal
from chouseiapo.worker import Worker
from tests.product import BY, NOW, YAMADA, offer
from tests.web.linked import Linked, linked, linked_vendors

__all__ = ["linked", "linked_vendors"]

RATE = 0.5


def striking(*pattern: bool) -> int:
    """A seed whose dice strike just so."""

    def thrown(seed: int) -> tuple[bool, ...]:
        dice = random.Random(seed)
        return tuple(dice.random() < RATE for _ in pattern)

    return next(seed for seed in range(10_000) if thrown(seed) == pattern)


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_an_entry_made_without_an_answer_and_then_throttled_leaves_no_orphan(
    linked: Linked, provider: str
) -> None:
    """Google's client sends an insert again when no answer came; what that one is told (it stands, it may not
    be changed just now) says nothing against the first."""
    person = linked.person("tanaka", provider)
    app = linked.services.coordination
    linked.outside.fault(provider, "drop_after", limit=1)
    seed = striking(False, False, True, True, True, True)
    linked.outside.fault(provider, "status", status=429, rate=RATE, seed=seed, retry_after_s=1)
    id = propose(linked, person)
    Worker(linked.services).once()
    assert len(linked.outside.state(0)["calendars"]["tanaka@example.com"]["entries"]) == 1, "carried out"
    app.cancel(id, "", BY, NOW)
    linked.outside.calm()
    linked.clock.now = NOW + timedelta(minutes=20)
    Worker(linked.services).once()
    assert linked.outside.state(0)["calendars"]["tanaka@example.com"]["entries"] == []


def propose(linked: Linked, person: str) -> str:
    proposal = Proposal(attendees=(person,), organizer=person, offers=(offer(25, 1),), guest=YAMADA)
    id = new_id("appointment")
    linked.services.coordination.propose(id, proposal, person, BY, NOW)
    return id
