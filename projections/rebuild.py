"""Working a projection out again from the events, with or without writing it down.

Nothing is emptied first: each stream's rows are written whole once more, so that readers see no gap, and what
was right stays untouched. What has been placed outside is another half, which no rebuild reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.storage import Rows
from projections.catch_up import BATCH, Projection, by_stream, hold_position, read_log, unpark


class Report(msgspec.Struct, frozen=True):
    """How many streams were read, and every row that changed: before and after."""

    streams: int
    changes: list[dict[str, Any]]


def rebuild(
    app: Coordination, rows: Rows, projection: Projection, dry_run: bool = False, stream: str | None = None
) -> Report:
    """Work out one stream, or all of them; a dry run writes nothing and tells what would change."""
    with rows.engine.connect() as connection:
        hold_position(connection, projection.name)  # nobody catches up in between
        before = {table.name: _rows(connection, table) for table in projection.tables}
        streams = 0
        for id, events in _streams(app, stream):
            projection.apply(connection, id, events)
            if not dry_run:
                unpark(connection, projection.name, id)
            streams += 1
        after = {table.name: _rows(connection, table) for table in projection.tables}
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
    return Report(
        streams, [change for name in before for change in _changes(name, before[name], after[name])]
    )


def _streams(app: Coordination, only: str | None) -> Iterator[tuple[str, list[Any]]]:
    """Every stream once, with its newest batch of events: folds work from the stream's present state."""
    if only is not None:
        yield only, app.stream(only)
        return
    seen: dict[str, list[Any]] = {}
    place = 0
    while batch := read_log(app, place, BATCH):
        place = batch[-1].place
        for id, read in by_stream(batch):
            seen.setdefault(id, []).extend(r.event() for r in read)
    yield from seen.items()


def _rows(connection: Connection, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = [column.name for column in table.primary_key]
    return {
        tuple(row._mapping[key] for key in keys): dict(row._mapping)
        for row in connection.execute(select(table))
    }


def _changes(
    table: str, before: dict[tuple[Any, ...], dict[str, Any]], after: dict[tuple[Any, ...], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for key in sorted(before.keys() | after.keys(), key=str):
        if before.get(key) != after.get(key):
            yield {"table": table, "key": list(key), "before": before.get(key), "after": after.get(key)}
