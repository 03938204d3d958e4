"""Whose the entries on a calendar are, by our own notes: a vendor's listing may leave our tag out."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from chouseiapo.storage import Rows
from chouseiapo.tables import entries


def ours_among(rows: Rows, link: str, vendor_ids: Collection[str]) -> set[str]:
    """Those of the vendor's ids under which we have placed an entry of ours through that link."""
    found = select(entries.c.vendor_id).where(
        entries.c.link == link, entries.c.vendor_id.in_(vendor_ids), entries.c.vendor_id != ""
    )
    if not vendor_ids:
        return set()
    with rows.read() as connection:
        return set(connection.scalars(found))
