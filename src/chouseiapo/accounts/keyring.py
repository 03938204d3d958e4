"""Keys for guests' personal data: one an appointment, sealed under SECRET_KEY, destroyed on erasure."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import select, update

from chouseiapo.accounts.secrets import Sealer
from chouseiapo.storage import Rows, insert_new, keys

KEY_BYTES = 32


class StoredKeyring:
    """Kept in the rows, outside the event store and its copies. Nothing is cached: what is gone is gone."""

    def __init__(self, rows: Rows, sealer: Sealer) -> None:
        self._rows = rows
        self._sealer = sealer

    def key(self, subject: str) -> bytes | None:
        with self._rows.read() as connection:
            sealed = connection.scalar(select(keys.c.sealed).where(keys.c.subject == subject))
        return self._sealer.open(sealed) if sealed else None

    def new_key(self, subject: str) -> bytes:
        """The subject's key, made if it never had one; raises KeyError when it was destroyed."""
        if (standing := self.key(subject)) is not None:
            return standing
        with self._rows.write() as connection:
            insert_new(
                connection, keys, {"subject": subject, "sealed": self._sealer.seal(os.urandom(KEY_BYTES))}
            )
        key = self.key(subject)
        if key is None:
            raise KeyError(subject)
        return key

    def destroy(self, subject: str, now: datetime) -> None:
        """Erase: from now on everything sealed under this key reads as erased, for ever."""
        with self._rows.write() as connection:
            connection.execute(
                update(keys).where(keys.c.subject == subject).values(sealed="", destroyed_at=now)
            )
