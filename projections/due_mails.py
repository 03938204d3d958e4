"""What is due in a lane of the outbox, with all that is known of it, in one read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, exists, not_, select
from sqlalchemy.sql import ColumnElement

from chouseiapo.ledger import Task
from chouseiapo.mail_facts import Rule
from chouseiapo.storage import Rows
from chouseiapo.tables import mails, rendered_mails, sent_mails, tasks
from projections.outbox import LEDGER, Mail


class Rendered(msgspec.Struct, frozen=True):
    """A mail as it was rendered beforehand, sealed, and what it was made from: see RenderedMails."""

    sealed: str
    basis: str
    good_until: datetime


class Due(msgspec.Struct, frozen=True):
    """A mail to be sent. outcome: what became of it already. waits: an earlier one has to go first."""

    task: Task
    mail: Mail
    sealed: str
    asked_by: str
    outcome: str
    waits: bool
    rendered: Rendered | None


def _waits(ours: Any) -> ColumnElement[bool]:
    """A mail of an earlier event has still to go to the same recipient. A reminder holds nothing up: sent
    later than what changes the time, it is skipped."""
    earlier = mails.alias("earlier")
    left = exists().where(sent_mails.c.key == earlier.c.key)
    return exists().where(
        ours.appointment != "",
        earlier.c.appointment == ours.appointment,
        earlier.c.recipient == ours.recipient,
        earlier.c.version < ours.version,
        not_(earlier.c.rule.startswith(Rule.REMINDER.value)),
        not_(left),
    )


def _due_query() -> Select[Any]:
    outcome = sent_mails.alias("outcome")
    return (
        select(
            tasks.c.key,
            tasks.c.version,
            tasks.c.attempts,
            *(mails.c[field] for field in Mail.__struct_fields__),
            mails.c.sealed,
            mails.c.asked_by,
            outcome.c.outcome,
            _waits(mails.c),
            rendered_mails.c.sealed,
            rendered_mails.c.basis,
            rendered_mails.c.good_until,
        )
        .join(mails, mails.c.key == tasks.c.key)
        .outerjoin(outcome, outcome.c.key == tasks.c.key)
        .outerjoin(rendered_mails, rendered_mails.c.key == tasks.c.key)
        .where(
            tasks.c.ledger == LEDGER,
            tasks.c.lane == bindparam("lane"),
            tasks.c.parked.is_(False),
            tasks.c.due_at <= bindparam("now"),
        )
        .order_by(tasks.c.due_at, tasks.c.key)
        .limit(bindparam("most"))
    )


# Built once: putting the statement together takes longer than carrying it out.
_DUE = _due_query()
_FIELDS = len(Mail.__struct_fields__)


def due_mails(rows: Rows, lane: str, now: datetime, most: int) -> list[Due]:
    """The lane's due mails, the one that waited longest first."""
    with rows.read() as connection:
        found = connection.execute(_DUE, {"lane": lane, "now": now, "most": most}).all()
    return [_due(lane, row) for row in found]


def _due(lane: str, row: Any) -> Due:
    key, version, attempts, *rest = row
    sealed, asked_by, outcome, waits, *rendered = rest[_FIELDS:]
    return Due(
        task=Task(LEDGER, key, lane, version, attempts),
        mail=Mail(*rest[:_FIELDS]),
        sealed=sealed,
        asked_by=asked_by,
        outcome=outcome or "",
        waits=bool(waits),
        rendered=Rendered(*rendered) if rendered[0] else None,
    )


def mail_of(rows: Rows, key: str) -> Mail:
    """The mail of that key."""
    with rows.read() as connection:
        found = select(*(mails.c[field] for field in Mail.__struct_fields__)).where(mails.c.key == key)
        return Mail(*connection.execute(found).one())
