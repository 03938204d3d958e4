"""Settling the outbox: render a mail as of the event that caused it, hand it over, note what became of it.

A crash between the server's acceptance and our note sends a mail twice, then with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from chouseiapo.ledger import Task
from chouseiapo.mail_facts import SIGN_IN, Rule
from chouseiapo.ports import Mailer, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import mails, sent_mails
from projections.composer import Composer
from projections.outbox import GUEST, LEDGER, Mail
from projections.reminders import Reminders

SENT = "sent"


class SendMails:
    """One task is one mail to one recipient; mails of one appointment to one recipient keep their order."""

    ledger = LEDGER

    def __init__(
        self,
        rows: Rows,
        composer: Composer,
        reminders: Reminders,
        mailer: Mailer,
        open_sealed: Callable[[str], bytes],
    ) -> None:
        self._rows = rows
        self._composer = composer
        self._reminders = reminders
        self._mailer = mailer
        self._open_sealed = open_sealed

    def probe(self, lane: str, now: datetime) -> None:
        """No account of anybody's stands behind a lane of mails."""

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Send one mail; raises PortError, after noting a refusal that is final."""
        mail, sealed, sent, waits = self._read(task.key)
        if sent:
            return None
        if waits:
            return now + timedelta(seconds=1)
        if why_not := self._skipped(mail, sealed, now):
            self._note(mail, now, why_not)
            return None
        try:
            self._mailer.send(self._render(mail, sealed, now))
        except PortError as refusal:
            if refusal.permanent:
                self._note(mail, now, refusal.reason)
            raise
        self._note(mail, now, SENT)
        return None

    def _render(self, mail: Mail, sealed: str, now: datetime) -> EmailMessage:
        if mail.rule != SIGN_IN:
            return self._composer.compose(mail, now)
        content = msgspec.json.decode(self._open_sealed(sealed), type=SealedSignIn)
        life = content.expires_at - mail.created_at
        return self._composer.compose_sign_in(mail.recipient, content.url, life, mail.key, now)

    def _skipped(self, mail: Mail, sealed: str, now: datetime) -> str:
        """Why a mail no longer goes; asked at the moment of sending."""
        if mail.recipient == GUEST and not self._composer.guest_address(mail.appointment):
            return "skipped_erased"
        if mail.rule == Rule.REMINDER:
            reason = self._reminders.still_due(mail, now)
            return f"skipped_{reason}" if reason else ""
        if mail.rule == SIGN_IN:
            content = msgspec.json.decode(self._open_sealed(sealed), type=SealedSignIn)
            return "skipped_expired" if content.expires_at <= now else ""
        reason = self._composer.why_pointless(mail, now)
        return f"skipped_{reason}" if reason else ""

    def _read(self, key: str) -> tuple[Mail, str, bool, bool]:
        """The mail, what is sealed in it, whether it has left, whether an earlier one has still to go."""
        with self._rows.read() as connection:
            row = connection.execute(select(mails).where(mails.c.key == key)).one()
            mail = Mail(*(getattr(row, field) for field in Mail.__struct_fields__))
            left = select(sent_mails.c.sent_at).where(sent_mails.c.key == key)
            return mail, row.sealed, connection.scalar(left) is not None, _earlier_one_waits(connection, mail)

    def _note(self, mail: Mail, now: datetime, outcome: str) -> None:
        row = {
            "key": mail.key,
            "message_id": self._composer.message_id(mail.key),
            "sent_at": now if outcome == SENT else None,
            "given_up_at": None if outcome == SENT else now,
            "outcome": outcome,
        }
        with self._rows.write() as connection:
            upsert(connection, sent_mails, [row])


class SealedSignIn(msgspec.Struct, frozen=True):
    """What a sign-in mail carries: it is sealed in the outbox, because it opens a door."""

    url: str
    expires_at: datetime


def _earlier_one_waits(connection: Connection, mail: Mail) -> bool:
    if not mail.appointment:
        return False
    earlier = (
        select(mails.c.key)
        .outerjoin(sent_mails, sent_mails.c.key == mails.c.key)
        .where(
            mails.c.appointment == mail.appointment,
            mails.c.recipient == mail.recipient,
            mails.c.version < mail.version,
            sent_mails.c.key.is_(None),
        )
    )
    return connection.scalar(earlier.limit(1)) is not None
