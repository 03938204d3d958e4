"""What stands on calendars, and whose it is, by our own notes: a vendor's listing may leave our tag out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from chouseiapo.storage import Rows
from chouseiapo.tables import entries

# Stands there, or may: a write was begun whose answer never came.
PRESENT = or_(entries.c.vendor_id != "", entries.c.unsure)


def ours_among(rows: Rows, link: str, vendor_ids: Collection[str]) -> set[str]:
    """Those of the vendor's ids under which we have placed an entry of ours through that link."""
    found = select(entries.c.vendor_id).where(
        entries.c.link == link, entries.c.vendor_id.in_(vendor_ids), entries.c.vendor_id != ""
    )
    if not vendor_ids:
        return set()
    with rows.read() as connection:
        return set(connection.scalars(found))


def note_differing(rows: Rows, keys: Sequence[str]) -> None:
    """They are not as wanted; once they are to be made so again, then whatever stands there."""
    with rows.write() as connection:
        mark_differing(connection, entries.c.key.in_(keys))


def mark_differing(connection: Connection, which: ColumnElement[bool], *, gone: bool = False) -> None:
    """The same in a transaction; `gone`: for good. Vendors keep the ids of deleted entries taken, so that the
    next is of another generation."""
    differing: dict[str, Any] = {"fingerprint": "", "etag": ""}
    if gone:
        differing |= {"vendor_id": "", "generation": entries.c.generation + 1}
    connection.execute(update(entries).where(which).values(differing))
