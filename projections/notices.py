"""What we were told, or have done, lately, as digests: the same again is no news."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from chouseiapo.storage import Rows, insert_new
from chouseiapo.tables import notices

REMEMBERED = timedelta(days=1)


def is_known(rows: Rows, text: str | bytes) -> bool:
    with rows.read() as connection:
        return (
            connection.scalar(select(notices.c.digest).where(notices.c.digest == _digest(text))) is not None
        )


def note(rows: Rows, text: str | bytes, now: datetime) -> None:
    with rows.write() as connection:
        insert_new(connection, notices, {"digest": _digest(text), "seen_at": now})


def forget_notices(rows: Rows, now: datetime) -> None:
    """What was told a day ago would be news again."""
    with rows.write() as connection:
        connection.execute(delete(notices).where(notices.c.seen_at <= now - REMEMBERED))


def _digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
