"""Mails rendered before they are due, so that at their hour nothing is left but to hand them over.

They are copies of what would be rendered then, and thrown away freely. One is used only while every stream
that it was rendered from, and that says whether it should go, stands at the version it had: who cancels,
moves, or changes a name or an address makes the mail be rendered (and asked whether it should go) at the
moment of sending, as any other. So does whoever comes late: what says "today" is wrong tomorrow. Each is
sealed under the key of its appointment: when the guest is erased, nobody can open it any more.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from sqlalchemy import delete, exists, or_, select

from chouseiapo.application import Coordination
from chouseiapo.event_store import StoreTrouble
from chouseiapo.ledger import Task, ensure
from chouseiapo.mail import raw_mail
from chouseiapo.ports import RawMail
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import rendered_mails, sent_mails
from projections.composer import Composer
from projections.due_mails import Due, why_not
from projections.outbox import Mail
from projections.reminders import Reminders, reminded_of
from projections.seen import Seen

LEDGER = "rendering"
# How long before their hour reminders are looked for, and how often.
LEAD = timedelta(hours=1)
EVERY = timedelta(minutes=10)
# How long after its hour a mail may leave as it was rendered, dated to that hour.
GOOD_FOR = timedelta(hours=1)
# Half of the time is everybody else's: people who wait for a page, and mails that are due now.
SPELL_S = 0.5
REST = timedelta(seconds=0.5)
_FEW = 20
# Base64 in, base64 out: the fastest level takes most of it away already.
_LEVEL = 1
_AT_ONCE = 500

log = logging.getLogger(__name__)


class Sealing(Protocol):
    """Encrypts texts about a subject for storage."""

    def expect(self, subjects: AbstractSet[str]) -> None:
        """What is sealed about all these is opened in a moment."""

    def seal(self, subject: str, text: bytes) -> bytes:
        """Raises KeyError once the subject was erased."""

    def open(self, subject: str, sealed: bytes) -> bytes:
        """The text; raises ValueError when the subject's key does not open it, or is destroyed."""


class Basis(msgspec.Struct, frozen=True):
    """What a mail was rendered from: settings and templates, and the version of each stream that was read."""

    made_with: str
    streams: dict[str, int]


_BASIS, _RAW_MAIL = msgspec.json.Decoder(Basis), msgspec.msgpack.Decoder(RawMail)


class RenderedMails:
    """Keeps them, and tells which of them are still right."""

    def __init__(
        self, app: Coordination, rows: Rows, composer: Composer, reminders: Reminders, sealing: Sealing
    ) -> None:
        self._app = app
        self._rows = rows
        self._composer = composer
        self._reminders = reminders
        self._sealing = sealing

    def render(self, coming: Sequence[Mail], due: datetime) -> None:
        """Render mails that are due at `due`, and keep them: a few at a time, because each stream is read
        once for all of them."""
        if found := list(self._rendered(coming, due)):
            with self._rows.write() as connection:
                upsert(connection, rendered_mails, found)
            # What was changed or erased while we rendered has been thrown away before we kept it.
            bases = {str(row["key"]): _BASIS.decode(str(row["basis"])) for row in found}
            self._drop(bases.keys() - self._standing(bases))

    def _rendered(self, coming: Sequence[Mail], due: datetime) -> Iterator[dict[str, object]]:
        known = Seen(self._app)
        known.streams({mail.appointment for mail in coming})
        for mail in coming:
            try:
                row = self._row(mail, due, Seen(known))
            except StoreTrouble:
                raise
            except Exception:  # it is tried again when it leaves; the others of its hour need not suffer
                log.exception("%s can't be rendered beforehand", mail.key)
            else:
                if row:
                    yield row

    def _row(self, mail: Mail, due: datetime, seen: Seen) -> dict[str, object]:
        """The mail as it would leave, to be kept; empty where it should not go. What `mail` says of the
        version is as old as the list that it stood in."""
        composer, reminders = self._composer.over(seen), self._reminders.over(seen)
        appointment = seen.appointment(mail.appointment)
        about = reminded_of(mail, appointment)
        if about is None or why_not(composer, reminders, mail, due):
            return {}
        # Dated to the moment it is due: that is when it leaves, or a little later.
        mail = msgspec.structs.replace(mail, version=appointment.version)
        raw = raw_mail(composer.compose(mail, due))
        until = reminders.until(mail, appointment, about)
        good_until = min(due + GOOD_FOR, until, composer.day_ends(mail, due))
        basis = Basis(self._composer.fingerprint, seen.read_versions)
        packed = zlib.compress(msgspec.msgpack.encode(raw), _LEVEL)
        return {
            "key": mail.key,
            "appointment": mail.appointment,
            "good_until": good_until,
            "basis": msgspec.json.encode(basis).decode(),
            "sealed": self._sealing.seal(mail.appointment, packed),
        }

    def missing(self, coming: Sequence[Mail]) -> list[Mail]:
        """Those that are not rendered yet, or not as things stand now."""
        keys = [mail.key for mail in coming]
        found = select(rendered_mails.c.key, rendered_mails.c.basis).where(rendered_mails.c.key.in_(keys))
        with self._rows.read() as connection:
            rows = connection.execute(found).all()
        kept = {row.key: basis for row in rows if (basis := _basis(row.basis))}
        right = self._standing(kept)
        return [mail for mail in coming if mail.key not in right]

    def still_right(self, due: Sequence[Due], now: datetime) -> set[str]:
        """The keys of the mails that can be handed over as they were rendered; one read tells for all."""
        self._sealing.expect({d.mail.appointment for d in due if d.rendered})
        return self._standing({d.mail.key: basis for d in due if (basis := _usable(d, now))})

    def opened(self, due: Due) -> RawMail | None:
        """The mail as it was rendered; None where nobody can open it any more."""
        if due.rendered is None:
            return None
        try:
            packed = self._sealing.open(due.mail.appointment, due.rendered.sealed)
            return _RAW_MAIL.decode(zlib.decompress(packed))
        except (ValueError, zlib.error, msgspec.DecodeError):
            return None

    def _standing(self, kept: Mapping[str, Basis]) -> set[str]:
        """Those whose every source stands as it did."""
        streams = self._app.versions(id for basis in kept.values() for id in basis.streams)
        made_with = self._composer.fingerprint
        return {
            key
            for key, basis in kept.items()
            if basis.made_with == made_with and all(streams[id] == n for id, n in basis.streams.items())
        }

    def forget(self, now: datetime) -> None:
        """Throw away what has left or is of no use any more, little by little, because writers wait."""
        left = exists().where(sent_mails.c.key == rendered_mails.c.key)
        over = or_(rendered_mails.c.good_until <= now, left)
        some, many = select(rendered_mails.c.key).where(over).limit(_AT_ONCE), _AT_ONCE
        while many == _AT_ONCE:
            with self._rows.read() as connection:
                keys = connection.scalars(some).all()
            self._drop(keys)
            many = len(keys)

    def _drop(self, keys: Collection[str]) -> None:
        if keys:
            with self._rows.write() as connection:
                connection.execute(delete(rendered_mails).where(rendered_mails.c.key.in_(keys)))


def _basis(text: str) -> Basis | None:
    """What a mail was rendered from; None where that was written in another way than today."""
    try:
        return _BASIS.decode(text)
    except msgspec.DecodeError:
        return None


def _usable(due: Due, now: datetime) -> Basis | None:
    """What the mail was rendered from, where that may be used now. It must show the version that the mail's
    row names, because whoever looks at it afterwards is shown that one."""
    if due.rendered is None or now >= due.rendered.good_until:
        return None
    basis = _basis(due.rendered.basis)
    return basis if basis and basis.streams.get(due.mail.appointment) == due.mail.version else None


class RenderAhead:
    """Renders the reminders to come before their hour, one worker for all: one task, which is taken up again
    and again, and kept short each time."""

    ledger = LEDGER

    def __init__(self, reminders: Reminders, rendered: RenderedMails) -> None:
        self._reminders = reminders
        self._rendered = rendered
        self._left: Iterator[tuple[datetime, Sequence[Mail]]] | None = None
        self._found_at = 0.0

    def settle(self, task: Task, now: datetime) -> datetime:
        """Render for a moment; answers when to go on, or to look again."""
        began, left = time.monotonic(), self._left
        self._left = None  # what fails begins anew
        if left is None or began - self._found_at > EVERY.total_seconds():
            self._rendered.forget(now)
            left, self._found_at = self._coming(now), began
        for due, mails in left:
            self._rendered.render(self._rendered.missing(mails), due)
            if time.monotonic() - began > SPELL_S:
                self._left = left
                return now + REST
        return now + EVERY

    def _coming(self, now: datetime) -> Iterator[tuple[datetime, Sequence[Mail]]]:
        """What is to come, hour by hour, a few at a time."""
        due = now
        while (found := self._reminders.upcoming(due)) and found[0] <= now + LEAD:
            due, _ = found
            for mails in self._reminders.due_mails(due):
                for first in range(0, len(mails), _FEW):
                    yield due, mails[first : first + _FEW]

    def probe(self, lane: str, now: datetime) -> None:
        """No account of anybody's stands behind it."""


def arrange(rows: Rows, now: datetime) -> None:
    """See that somebody renders the reminders to come."""
    with rows.write() as connection:
        ensure(connection, LEDGER, "reminders", "reminders", now)
