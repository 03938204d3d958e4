"""Settling the outbox: render a mail as of the event that caused it, hand it over, note what became of it.

A crash between the server's acceptance and our note sends a mail twice, then with the same Message-ID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.ledger import Task
from chouseiapo.mail import Facts, Mails, Person, Recipient, Rule
from chouseiapo.ports import Mailer, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import mails, sent_mails
from projections.outbox import GUEST, LEDGER, SIGN_IN, Mail
from projections.reminders import Reminders

SENT = "sent"


class Composer:
    """Gathers what a mail tells of and renders it; used for sending, for showing and for previews."""

    def __init__(
        self,
        app: Coordination,
        settings: Settings,
        words: Mails,
        guest_url: Callable[[str, int], str],
    ) -> None:
        self._app = app
        self._settings = settings
        self._words = words
        self._guest_url = guest_url

    def compose(self, mail: Mail, now: datetime) -> EmailMessage:
        """The mail as it leaves, from the appointment as it was at the event that caused it."""
        appointment = self._app.appointment(mail.appointment, until=mail.version)
        # The link of today: one that was reissued while the mail waited would open nothing.
        appointment.generation = self._app.appointment(mail.appointment).generation
        recipient = self.recipient(appointment, mail.recipient, mail.rule)
        return self.render(mail, appointment, recipient, now)

    def guest_address(self, appointment: str) -> str:
        """Where the guest is written to today; nowhere, once they were erased."""
        return self._app.appointment(appointment).guest.email

    def render(
        self, mail: Mail, appointment: Appointment, recipient: Recipient, now: datetime
    ) -> EmailMessage:
        return self._words.render(
            Rule(mail.rule),
            recipient,
            self._facts(appointment),
            message_id=self.message_id(mail.key),
            sequence=mail.version,
            now=now,
        )

    def compose_sign_in(
        self, member: str, address: str, life: timedelta, key: str, now: datetime
    ) -> EmailMessage:
        """The mail that brings a one-time sign-in link."""
        person = self._app.member(member)
        recipient = Recipient(
            id=member, name=person.name, email=person.email, locale=person.locale, time_zone=person.time_zone
        )
        minutes = int(life.total_seconds() // 60)
        return self._words.render_sign_in(
            recipient, address, minutes, message_id=self.message_id(key), now=now
        )

    def message_id(self, key: str) -> str:
        """The same for the same mail, whoever sends it and how often; it says nothing about anybody."""
        _, address = parseaddr(self._settings.mail_from)
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{address.rpartition('@')[2]}>"

    def recipient(self, appointment: Appointment, id: str, rule: str = "") -> Recipient:
        """Who a mail goes to; one whose calendar we write gets no invitation beside it.

        Who was removed attends no longer, but still has the event that the mail takes back.
        """
        if id == GUEST:
            guest = appointment.guest
            return Recipient(
                id=GUEST,
                name=guest.name,
                email=guest.email,
                locale=appointment.locale,
                time_zone=appointment.time_zone,
                guest=True,
                calendar_part=True,
            )
        member = self._app.member(id)
        return Recipient(
            id=id,
            name=member.name,
            email=member.email,
            locale=member.locale,
            time_zone=member.time_zone,
            text_only=member.text_only,
            calendar_part=member.calendar is None and (id in appointment.attendees or rule == Rule.REMOVED),
        )

    def _facts(self, appointment: Appointment) -> Facts:
        rooms = {c.room for c in appointment.candidates.values() if c.room}
        return Facts(
            appointment=appointment,
            organizer=self._person(appointment.organizer),
            author=self._person(appointment.author),
            attendees=tuple(self._person(m) for m in appointment.attendees),
            rooms={room: self._app.room(room).name for room in rooms},
            guest_url=self._guest_url(appointment.id, appointment.generation),
            staff_url=f"{self._settings.base_url}/appointments/{appointment.id}",
            reason=self._reason(appointment),
        )

    def _reason(self, appointment: Appointment) -> str:
        last = self._app.stream(appointment.id, until=appointment.version)[-1:]
        return next((e.reason for e in last if isinstance(e, Appointment.Cancelled)), "")

    def _person(self, member: str) -> Person:
        found = self._app.member(member)
        return Person(found.name, found.email)


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
        return ""

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
