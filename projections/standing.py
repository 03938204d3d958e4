"""What of ours stands on a calendar, and what does not get through to it: for pages about linked accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, func, or_, select

from chouseiapo.domain.links import Leaving
from chouseiapo.storage import Rows
from chouseiapo.tables import appointments, entries, holds, tasks
from projections.holds import LEDGER
from projections.placed import PRESENT


class Standing(NamedTuple):
    """How many open holds, and how many confirmed entries to come."""

    holds: int = 0
    confirmed: int = 0


class Failing(NamedTuple):
    """What does not get through to an account, and since when (UTC)."""

    reason: str
    since: datetime


def standing(rows: Rows, link: str, now: datetime) -> Standing:
    """What is wanted on the calendar behind a link; what is over counts no more."""
    to_come = or_(appointments.c.state == "proposed", appointments.c.ends_at > now)
    found = (
        select(appointments.c.state, func.count())
        .select_from(holds.join(appointments, appointments.c.id == holds.c.appointment))
        .where(holds.c.link == link, to_come)
        .group_by(appointments.c.state)
    )
    with rows.read() as connection:
        counts = {str(state): int(count) for state, count in connection.execute(found)}
    return Standing(counts.get("proposed", 0), counts.get("confirmed", 0))


def to_be_cleared(rows: Rows, link: str, leave: Leaving) -> int:
    """How many entries have still to go from a calendar that was unlinked.

    Before the worker has read of it, what was wanted there is what has to go, less what `leave` lets stay.
    """
    if leave is Leaving.KEEP:
        return 0
    key = entries.c.link + "/" + entries.c.appointment
    at_work = exists().where(tasks.c.ledger == LEDGER, tasks.c.key == key)
    unread = exists().where(
        holds.c.key == entries.c.key, holds.c.link == link, appointments.c.id == holds.c.appointment
    )
    if leave is Leaving.KEEP_CONFIRMED:
        unread = unread.where(appointments.c.state == "proposed")
    count = (
        select(func.count()).select_from(entries).where(entries.c.link == link, PRESENT, or_(at_work, unread))
    )
    with rows.read() as connection:
        return connection.scalar(count) or 0


def failing(rows: Rows, links: Iterable[str], ledger: str = LEDGER) -> dict[str, Failing]:
    """What of a ledger does not get through, by link: the failure that has lasted longest."""
    asked = list(links)
    if not asked:
        return {}
    found = (
        select(tasks.c.lane, tasks.c.error, tasks.c.failing_since)
        .where(tasks.c.ledger == ledger, tasks.c.lane.in_(asked), tasks.c.failing_since.is_not(None))
        .order_by(tasks.c.failing_since.desc())
    )
    with rows.read() as connection:
        return {lane: Failing(error, since) for lane, error, since in connection.execute(found)}
