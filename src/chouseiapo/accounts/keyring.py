"""Keys for guests' personal data: one an appointment, sealed under SECRET_KEY, destroyed on erasure."""

from __future__ import annotations

import os
import time
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, select, update

from chouseiapo.accounts.secrets import Sealer
from chouseiapo.storage import Rows, insert_new, upsert
from chouseiapo.tables import keys

KEY_BYTES = 32
REMEMBERED_S = 2.0
_MOST_REMEMBERED = 5000
_NONCE_BYTES = 12
# Bound to what is sealed beside the events, so that neither can be taken for the other.
_BESIDE_EVENTS = b"beside the events"
_SEALED = select(keys.c.sealed).where(keys.c.subject == bindparam("subject"))
_ANY = select(keys.c.sealed).where(keys.c.sealed != "").limit(1)
# The subject of a value that protects nothing: whether it opens tells whether SECRET_KEY is the right one.
PROBE = "secret-key"


class StoredKeyring:
    """Kept in the rows, outside the event store and its copies.

    One request asks for the same key several times, so keys are remembered for two seconds, counted from the
    first and never prolonged. After that time at the latest an erasure has taken effect in every process, and
    whatever one of them still encrypted under the destroyed key reads as erased, too.
    """

    def __init__(self, rows: Rows, sealer: Sealer) -> None:
        self._rows = rows
        self._sealer = sealer
        self._known: dict[str, bytes] = {}
        self._known_until = 0.0

    def key(self, subject: str) -> bytes | None:
        known = self._remembered().get(subject)
        return self._read(subject) if known is None else known

    def expect(self, subjects: AbstractSet[str]) -> None:
        """The keys of all these are asked for in a moment: read them together."""
        if not (new := subjects - self._remembered().keys()):
            return
        asked = select(keys.c.subject, keys.c.sealed).where(keys.c.subject.in_(new), keys.c.sealed != "")
        with self._rows.read() as connection:
            found = connection.execute(asked).all()
        for subject, sealed in found:
            with suppress(ValueError):  # told to whoever asks for that one
                self._remember(subject, self._sealer.open(sealed))

    def new_key(self, subject: str) -> bytes:
        """The subject's key, made if it never had one; raises KeyError when it was destroyed."""
        if (standing := self.key(subject)) is not None:
            return standing
        key = os.urandom(KEY_BYTES)
        with self._rows.write() as connection:
            made = insert_new(connection, keys, {"subject": subject, "sealed": self._sealer.seal(key)})
        found = self._remember(subject, key) if made else self._read(subject)
        if found is None:
            raise KeyError(subject)
        return found

    def destroy(self, subject: str, now: datetime) -> None:
        """Erase: from now on everything sealed under this key reads as erased, for ever."""
        with self._rows.write() as connection:
            connection.execute(
                update(keys).where(keys.c.subject == subject).values(sealed="", destroyed_at=now)
            )
        self._known.pop(subject, None)

    def seal(self, subject: str, text: bytes) -> bytes:
        """Encrypt something that is told of the subject beside its events; raises KeyError once it is
        erased."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.new_key(subject)).encrypt(nonce, text, _BESIDE_EVENTS)

    def open(self, subject: str, sealed: bytes) -> bytes:
        """The text; raises ValueError when the subject's key does not open it, or is destroyed."""
        if (key := self.key(subject)) is None:
            raise ValueError("erased")
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _BESIDE_EVENTS)
        except InvalidTag:
            raise ValueError("sealed with another key") from None

    def fits(self) -> bool:
        """Whether SECRET_KEY opens what this database holds."""
        sealed = self._rows.look_up(_SEALED, subject=PROBE) or self._rows.look_up(_ANY)
        if sealed is None:
            return True
        try:
            self._sealer.open(sealed)
        except ValueError:
            return False
        return True

    def keep_probe(self) -> None:
        """Seal the value that `fits` opens, unless an earlier start has done so."""
        if not self._rows.look_up(_SEALED, subject=PROBE):
            with self._rows.write() as connection:
                upsert(connection, keys, [{"subject": PROBE, "sealed": self._sealer.seal(PROBE.encode())}])

    def _read(self, subject: str) -> bytes | None:
        sealed = self._rows.look_up(_SEALED, subject=subject)
        return self._remember(subject, self._sealer.open(sealed)) if sealed else None

    def _remember(self, subject: str, key: bytes) -> bytes:
        known = self._remembered()
        if len(known) < _MOST_REMEMBERED:
            known[subject] = key
        return key

    def _remembered(self) -> dict[str, bytes]:
        """All are forgotten together: so nothing is kept longer, however many keys are asked for."""
        now = time.monotonic()
        if now >= self._known_until:
            self._known, self._known_until = {}, now + REMEMBERED_S
        return self._known
