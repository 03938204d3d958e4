"""Working a projection out again from the events, with or without writing it down.

Nothing is emptied first: each stream's rows are written whole once more, so that readers see no gap, and what
was right stays untouched. What has been placed outside is another half, which no rebuild reaches.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.event_store import StoreTrouble
from chouseiapo.storage import DatabaseTrouble, Rows
from projections.catch_up import BATCH, Projection, hold_position, read_log, unpark

log = logging.getLogger(__name__)


class Report(msgspec.Struct, frozen=True):
    """How many streams were read, every row that changed (before and after), and what could not be read."""

    streams: int
    changes: list[dict[str, Any]]
    unreadable: list[str]


def rebuild(
    app: Coordination, rows: Rows, projection: Projection, dry_run: bool = False, stream: str | None = None
) -> Report:
    """Work out one stream, or all of them. What new events change meanwhile is reported, too.

    Each batch is a transaction of its own, so that the worker goes on in between; a dry run is a single one,
    in which nobody else writes, and tells what would change.
    """
    batches = [[stream]] if stream is not None else _streams(app)
    with rows.engine.connect() as connection:
        before = _tables(connection, projection)
        streams = 0
        unreadable: list[str] = []
        for ids in batches:
            streams += len(ids)
            unreadable += _work_out(app, connection, projection, ids)
            if not dry_run:
                connection.commit()
        after = _tables(connection, projection)
        connection.rollback()
    changes = [change for name in before for change in _changes(name, before[name], after[name])]
    return Report(streams, changes, unreadable)


def _work_out(
    app: Coordination, connection: Connection, projection: Projection, ids: Iterable[str]
) -> Iterator[str]:
    """Work the streams out; those that can't be are answered and stay as they are."""
    hold_position(connection, projection.name)  # nobody catches up in between
    for id in ids:
        try:
            with connection.begin_nested():
                projection.apply(connection, id, app.stream(id))
                unpark(connection, projection.name, id)
        except (StoreTrouble, DatabaseTrouble):
            raise
        except Exception:  # one stream's fault must not keep the others from being rebuilt
            log.exception("%s can't be worked out from %s", projection.name, id)
            yield id


def _streams(app: Coordination) -> Iterator[list[str]]:
    """Every stream once, in batches."""
    seen: set[str] = set()
    place = 0
    while batch := read_log(app, place, BATCH):
        place = batch[-1].place
        if fresh := list(dict.fromkeys(read.stream for read in batch if read.stream not in seen)):
            seen.update(fresh)
            yield fresh


def _tables(connection: Connection, projection: Projection) -> dict[str, dict[tuple[Any, ...], Any]]:
    return {table.name: _rows(connection, table) for table in projection.tables}


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
