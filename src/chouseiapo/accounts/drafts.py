"""What members have begun to write: sealed, because it names guests, and forgotten after a week."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from chouseiapo.accounts.secrets import Sealer
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import drafts

LIFE = timedelta(days=7)


class Drafts:
    """Every draft belongs to one member; to others it does not exist. `now` is UTC."""

    def __init__(self, rows: Rows, sealer: Sealer) -> None:
        self._rows = rows
        self._sealer = sealer

    def keep(self, id: str, member: str, content: bytes, now: datetime) -> bool:
        """Keep the content instead of what was there; False when the draft is somebody else's."""
        row = {"id": id, "member": member, "sealed": self._sealer.seal(content), "updated_at": now}
        with self._rows.write() as connection:
            owner = connection.scalar(select(drafts.c.member).where(drafts.c.id == id))
            if owner not in (None, member):
                return False
            upsert(connection, drafts, [row])
        return True

    def read(self, id: str, member: str) -> bytes | None:
        """What was kept; None when there is nothing of that member's."""
        found = select(drafts.c.sealed).where(drafts.c.id == id, drafts.c.member == member)
        with self._rows.read() as connection:
            sealed = connection.scalar(found)
        return self._opened(sealed) if sealed is not None else None

    def newest(self, member: str, prefix: str) -> list[tuple[str, datetime, bytes]]:
        """The member's drafts whose id begins so: id, when it was kept, content; the newest first."""
        found = (
            select(drafts.c.id, drafts.c.updated_at, drafts.c.sealed)
            .where(drafts.c.member == member, drafts.c.id.startswith(prefix, autoescape=True))
            .order_by(drafts.c.updated_at.desc())
        )
        with self._rows.read() as connection:
            rows = connection.execute(found).all()
        opened = [(row.id, row.updated_at, self._opened(row.sealed)) for row in rows]
        return [(id, at, content) for id, at, content in opened if content is not None]

    def forget(self, id: str, member: str) -> None:
        with self._rows.write() as connection:
            connection.execute(delete(drafts).where(drafts.c.id == id, drafts.c.member == member))

    def forget_old(self, now: datetime) -> None:
        with self._rows.write() as connection:
            connection.execute(delete(drafts).where(drafts.c.updated_at < now - LIFE))

    def _opened(self, sealed: str) -> bytes | None:
        """A draft sealed with a key that is no longer known is as good as forgotten."""
        try:
            return self._sealer.open(sealed)
        except ValueError:
            return None
