"""What became of each mail: sent, refused, skipped or queued. Sign-in mails open doors and stay out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, and_, func, or_, select

from chouseiapo.mail_facts import SIGN_IN
from chouseiapo.storage import Rows
from chouseiapo.tables import mails, sent_mails, tasks
from projections.mails_of_links import RULES as OF_LINKS
from projections.outbox import AGAIN, LEDGER, SENT, SKIPPED, Mail, original


class Logged(msgspec.Struct, frozen=True):
    """A mail and its fate: `outcome` is empty while it waits; `error` is what the last try stumbled over, and
    `next_at` when it is tried again. `asked_by`: who had it sent once more by hand."""

    mail: Mail
    sent_at: datetime | None
    given_up_at: datetime | None
    outcome: str
    error: str
    attempts: int
    next_at: datetime | None
    asked_by: str

    @property
    def id(self) -> str:
        """Short name for addresses; it says nothing about anybody."""
        return short_name(self.mail.key)

    @property
    def state(self) -> str:
        """queued, sent, skipped or refused."""
        if not self.outcome:
            return "queued"
        if self.outcome == SENT:
            return "sent"
        return "skipped" if self.outcome.startswith(SKIPPED) else "refused"


def short_name(key: str) -> str:
    """What pages call the mail of that key."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def times_again(rows: Rows, key: str) -> int:
    """How often a mail was sent once more by hand."""
    more = mails.c.key.startswith(f"{original(key)}{AGAIN}", autoescape=True)
    with rows.read() as connection:
        return connection.scalar(select(func.count()).select_from(mails).where(more)) or 0


def mails_about(rows: Rows, appointment: str) -> list[Logged]:
    """Every mail of one appointment, in the order of what caused it."""
    found = _logged().where(mails.c.appointment == appointment)
    return _read(rows, found.order_by(mails.c.version, mails.c.created_at, mails.c.key))


def unreached(logged: Sequence[Logged]) -> list[Logged]:
    """The refused mail of each recipient whom none has reached since."""
    last = {each.mail.recipient: each for each in logged if each.state in ("sent", "refused")}
    return [each for each in last.values() if each.state == "refused"]


def mails_about_accounts(rows: Rows) -> list[Logged]:
    """Every mail that is about somebody's account and no appointment."""
    return _read(rows, _logged().where(mails.c.rule.in_(OF_LINKS)))


def latest_mails(rows: Rows, state: str = "", after: str = "", most: int = 50) -> list[Logged]:
    """All mails, the newest first; `after` is the key of the last one of the page before."""
    found = _logged()
    if state:
        found = found.where(_STATES[state])
    if after:
        last = select(mails.c.created_at).where(mails.c.key == after).scalar_subquery()
        same_moment = and_(mails.c.created_at == last, mails.c.key < after)
        found = found.where(or_(mails.c.created_at < last, same_moment))
    return _read(rows, found.order_by(mails.c.created_at.desc(), mails.c.key.desc()).limit(most))


_skipped = sent_mails.c.outcome.like(f"{SKIPPED}%")
_STATES = {
    "queued": sent_mails.c.key.is_(None),
    "sent": sent_mails.c.outcome == SENT,
    "skipped": _skipped,
    "refused": and_(sent_mails.c.outcome != SENT, ~_skipped),
}
STATES = tuple(_STATES)


def _logged() -> Select[Any]:
    columns = (mails.c[field] for field in Mail.__struct_fields__)
    return (
        select(
            *columns,
            sent_mails.c.sent_at,
            sent_mails.c.given_up_at,
            sent_mails.c.outcome,
            tasks.c.error,
            tasks.c.attempts,
            tasks.c.due_at,
            mails.c.asked_by,
        )
        .outerjoin(sent_mails, sent_mails.c.key == mails.c.key)
        .outerjoin(tasks, and_(tasks.c.ledger == LEDGER, tasks.c.key == mails.c.key))
        .where(mails.c.rule != SIGN_IN)
    )


def _read(rows: Rows, found: Select[Any]) -> list[Logged]:
    with rows.read() as connection:
        return [_of(row) for row in connection.execute(found)]


def _of(row: Any) -> Logged:
    *mail, sent_at, given_up_at, outcome, error, attempts, next_at, asked_by = row
    return Logged(
        Mail(*mail),
        sent_at=sent_at,
        given_up_at=given_up_at,
        outcome=outcome or "",
        error=error or "",
        attempts=attempts or 0,
        next_at=next_at,
        asked_by=asked_by,
    )
