"""Where the built-in calendar keeps its entries: rows of our own database."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, select

from chouseiapo.ports import Entry
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import builtin_entries

_ENTRY = msgspec.json.Decoder(Entry)


class BuiltinShelf:
    """Implements the built-in calendar's Shelf; every change is committed when the method returns."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def put(self, link: str, id: str, entry: Entry) -> None:
        """Keep the entry under the id, instead of what was there."""
        row = {
            "link": link,
            "id": id,
            "starts_at": entry.start,
            "ends_at": entry.end,
            "entry": msgspec.json.encode(entry).decode(),
        }
        with self._rows.write() as connection:
            upsert(connection, builtin_entries, [row])

    def remove(self, link: str, id: str) -> None:
        with self._rows.write() as connection:
            connection.execute(
                delete(builtin_entries).where(builtin_entries.c.link == link, builtin_entries.c.id == id)
            )

    def read(self, link: str, id: str) -> Entry | None:
        """What is kept under the id."""
        rows = builtin_entries.c
        kept = select(rows.entry).where(rows.link == link, rows.id == id)
        with self._rows.read() as connection:
            entry = connection.scalar(kept)
        return None if entry is None else _ENTRY.decode(entry)

    def between(self, link: str, start: datetime, end: datetime) -> list[tuple[str, Entry]]:
        """Ids and entries that overlap [start, end), in order of time."""
        found = (
            select(builtin_entries.c.id, builtin_entries.c.entry)
            .where(
                builtin_entries.c.link == link,
                builtin_entries.c.starts_at < end,
                builtin_entries.c.ends_at > start,
            )
            .order_by(builtin_entries.c.starts_at, builtin_entries.c.id)
        )
        with self._rows.read() as connection:
            return [(row.id, _ENTRY.decode(row.entry)) for row in connection.execute(found)]
