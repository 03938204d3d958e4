"""What is due in a lane of the outbox, with all that is known of it in one read; and what should still go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Select, and_, bindparam, exists, not_, or_, select, update
from sqlalchemy.sql import ColumnElement

from chouseiapo.ledger import Task
from chouseiapo.mail_facts import Rule
from chouseiapo.storage import Rows
from chouseiapo.tables import mails, rendered_mails, sent_mails, tasks
from projections.composer import Composer
from projections.outbox import GUEST, LEDGER, Mail, is_reminder
from projections.reminders import Reminders

_MOMENT = timedelta(seconds=1)


class Rendered(msgspec.Struct, frozen=True):
    """A mail as it was rendered beforehand, sealed, and what it was made from: see RenderedMails."""

    sealed: bytes
    basis: str
    good_until: datetime


class Due(msgspec.Struct, frozen=True):
    """A mail that can be sent now. failing_since: when it was first tried in vain; outcome: what became of it
    already."""

    task: Task
    failing_since: datetime | None
    mail: Mail
    sealed: str
    asked_by: str
    outcome: str
    rendered: Rendered | None


def _waits() -> ColumnElement[bool]:
    """A mail of an earlier event has still to go to the same recipient; a reminder waits for that of the last
    event, too. It holds nothing up itself: sent later than what changes the time, it is skipped."""
    earlier = mails.alias("earlier")
    left = exists().where(sent_mails.c.key == earlier.c.key)
    reminds = mails.c.rule.startswith(Rule.REMINDER.value)
    return exists().where(
        mails.c.appointment != "",
        earlier.c.appointment == mails.c.appointment,
        earlier.c.recipient == mails.c.recipient,
        or_(earlier.c.version < mails.c.version, and_(reminds, earlier.c.version == mails.c.version)),
        not_(earlier.c.rule.startswith(Rule.REMINDER.value)),
        not_(left),
    )


def _is_due() -> ColumnElement[bool]:
    return and_(
        tasks.c.ledger == LEDGER,
        tasks.c.lane == bindparam("of_lane"),
        tasks.c.parked.is_(False),
        tasks.c.due_at <= bindparam("now"),
    )


def _due_query() -> Select[Any]:
    outcome = sent_mails.alias("outcome")
    return (
        select(
            tasks.c.key,
            tasks.c.version,
            tasks.c.attempts,
            tasks.c.failing_since,
            *(mails.c[field] for field in Mail.__struct_fields__),
            mails.c.sealed,
            mails.c.asked_by,
            outcome.c.outcome,
            rendered_mails.c.sealed,
            rendered_mails.c.basis,
            rendered_mails.c.good_until,
        )
        .join(mails, mails.c.key == tasks.c.key)
        .outerjoin(outcome, outcome.c.key == tasks.c.key)
        .outerjoin(rendered_mails, rendered_mails.c.key == tasks.c.key)
        .where(_is_due(), not_(_waits()))
        .order_by(tasks.c.due_at, tasks.c.key)
        .limit(bindparam("most"))
    )


# Built once: putting the statement together takes longer than carrying it out.
_DUE = _due_query()
_WAITING = update(tasks).where(_is_due(), exists().where(mails.c.key == tasks.c.key, _waits()))
_FIELDS = len(Mail.__struct_fields__)


def due_mails(rows: Rows, lane: str, now: datetime, most: int) -> list[Due]:
    """The lane's due mails, the one that waited longest first; without those that wait for an earlier one."""
    with rows.read() as connection:
        found = connection.execute(_DUE, {"of_lane": lane, "now": now, "most": most}).all()
    return [_due(lane, row) for row in found]


def let_wait(rows: Rows, lane: str, now: datetime) -> None:
    """Look in a moment at what is due in the lane and waits for an earlier mail."""
    with rows.write() as connection:
        connection.execute(_WAITING.values(due_at=now + _MOMENT), {"of_lane": lane, "now": now})


def _due(lane: str, row: Any) -> Due:
    key, version, attempts, failing_since, *rest = row
    sealed, asked_by, outcome, *rendered = rest[_FIELDS:]
    return Due(
        task=Task(LEDGER, key, lane, version, attempts),
        failing_since=failing_since,
        mail=Mail(*rest[:_FIELDS]),
        sealed=sealed,
        asked_by=asked_by,
        outcome=outcome or "",
        rendered=Rendered(*rendered) if rendered[0] else None,
    )


def mail_of(rows: Rows, key: str) -> Mail:
    """The mail of that key."""
    with rows.read() as connection:
        found = select(*(mails.c[field] for field in Mail.__struct_fields__)).where(mails.c.key == key)
        return Mail(*connection.execute(found).one())


def why_not(composer: Composer, reminders: Reminders, mail: Mail, now: datetime) -> str:
    """Why a mail should no longer go, in a word (cancelled, moved, started, …); empty while it should.

    `mail` is the one that was first asked for, also when it is sent once more.
    """
    if mail.recipient == GUEST and not composer.guest_address(mail.appointment):
        return "erased"
    return reminders.still_due(mail, now) if is_reminder(mail.rule) else composer.why_pointless(mail, now)
