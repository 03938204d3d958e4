"""Mails rendered before they are due, so that at their hour nothing is left but to hand them over.

They are copies, sealed, of what would be rendered then, and thrown away freely. One is used only while every
stream that it was rendered from stands at the version it had: who cancels, moves, or changes a name or an
address makes the mail be rendered (and asked whether it should go) at the moment of sending, as any other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from sqlalchemy import delete, exists, or_, select

from chouseiapo.application import Coordination
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.mail import raw_mail
from chouseiapo.ports import RawMail
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import rendered_mails, sent_mails
from projections.composer import Composer
from projections.due_mails import Due
from projections.outbox import Mail
from projections.reminders import reminded_of
from projections.seen import Seen

# Base64 in, base64 out: the fastest level takes most of it away already.
_LEVEL = 1
_AT_ONCE = 500


class Sealing(Protocol):
    """Encrypts texts for storage."""

    def seal(self, text: bytes) -> str: ...

    def open(self, sealed: str) -> bytes:
        """The text; raises ValueError when no key of ours sealed it."""


class Basis(msgspec.Struct, frozen=True):
    """What a mail was rendered from: settings and templates, and the version of each stream that was read."""

    made_with: str
    streams: dict[str, int]


class RenderedMails:
    """Keeps them, and tells which of them are still right."""

    def __init__(self, app: Coordination, rows: Rows, composer: Composer, sealer: Sealing) -> None:
        self._app = app
        self._rows = rows
        self._composer = composer
        self._sealer = sealer

    def render(self, coming: Sequence[Mail], due: datetime) -> None:
        """Render mails that are due at `due`, and keep them: a few at a time, because each stream is read
        once for all of them."""
        if rows := list(self._rendered(coming, due)):
            with self._rows.write() as connection:
                upsert(connection, rendered_mails, rows)

    def _rendered(self, coming: Sequence[Mail], due: datetime) -> Iterator[dict[str, object]]:
        known = Seen(self._app)
        known.streams({mail.appointment for mail in coming})
        for mail in coming:
            seen = Seen(known)
            seen.stream(ORGANIZATION)  # its rules say whether there is such a reminder at all
            about = reminded_of(mail, seen.appointment(mail.appointment))
            if about is None:
                continue
            # Dated to the moment it is due: that is when it leaves, or a little later.
            raw = raw_mail(self._composer.over(seen).compose(mail, due))
            basis = Basis(self._composer.fingerprint, seen.read_versions)
            yield {
                "key": mail.key,
                "appointment": mail.appointment,
                "good_until": about.start,
                "basis": msgspec.json.encode(basis).decode(),
                "sealed": self._sealer.seal(zlib.compress(msgspec.msgpack.encode(raw), _LEVEL)),
            }

    def missing(self, coming: Sequence[Mail]) -> list[Mail]:
        """Those that are not rendered yet, or not as things stand now."""
        keys = [mail.key for mail in coming]
        found = select(rendered_mails.c.key, rendered_mails.c.basis).where(rendered_mails.c.key.in_(keys))
        with self._rows.read() as connection:
            kept = {row.key: row.basis for row in connection.execute(found)}
        right = self._standing(kept)
        return [mail for mail in coming if mail.key not in right]

    def still_right(self, due: Sequence[Due], now: datetime) -> set[str]:
        """The keys of the mails that can be handed over as they were rendered; one read tells for all."""
        return self._standing(
            {d.mail.key: d.rendered.basis for d in due if d.rendered and now < d.rendered.good_until}
        )

    def opened(self, due: Due) -> RawMail | None:
        """The mail as it was rendered; None when it was sealed with another key."""
        try:
            packed = self._sealer.open(due.rendered.sealed) if due.rendered else b""
        except ValueError:
            return None
        return msgspec.msgpack.decode(zlib.decompress(packed), type=RawMail) if packed else None

    def _standing(self, kept: Mapping[str, str]) -> set[str]:
        """Those whose every source stands as it did."""
        known = {key: msgspec.json.decode(basis, type=Basis) for key, basis in kept.items()}
        streams = self._app.versions(id for basis in known.values() for id in basis.streams)
        made_with = self._composer.fingerprint
        return {
            key
            for key, basis in known.items()
            if basis.made_with == made_with and all(streams[id] == n for id, n in basis.streams.items())
        }

    def forget(self, now: datetime) -> None:
        """Throw away what has left or is of no use any more, little by little, because writers wait."""
        left = exists().where(sent_mails.c.key == rendered_mails.c.key)
        over = or_(rendered_mails.c.good_until <= now, left)
        some, many = select(rendered_mails.c.key).where(over).limit(_AT_ONCE), _AT_ONCE
        while many == _AT_ONCE:
            with self._rows.write() as connection:
                keys = connection.scalars(some).all()
                connection.execute(delete(rendered_mails).where(rendered_mails.c.key.in_(keys)))
            many = len(keys)
