"""Reads new events into a projection: any number of workers, each event applied exactly once.

Rows and position are written in one transaction, and the position moves by compare-and-set: whoever comes
second finds it moved, writes nothing and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Table, delete, select, update
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.event import Event
from chouseiapo.storage import Rows, insert_new, parked, positions

BATCH = 200

log = logging.getLogger(__name__)


class Projection(Protocol):
    """Folds events into rows. Whatever it writes about a stream, it writes whole, from the stream's present
    state: applying the same events twice, or in a larger batch, gives the same rows.
    """

    name: str
    tables: Sequence[Table]

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        """Write what `events`, all of one stream, change. Never talks to the network."""


class LostRace(Exception):
    """Another worker has moved the position meanwhile."""


class Read(NamedTuple):
    """An event with its place in the log."""

    place: int
    event: Event


def position(rows: Rows, projection: str) -> int:
    """The last place in the log that the projection has read; 0 before the first."""
    with rows.read() as connection:
        return _position(connection, projection)


def read_log(app: Coordination, after: int, most: int = BATCH, until: int | None = None) -> list[Read]:
    """The next events of all streams in their order; ids may have gaps, never a late arrival below them."""
    found = app.recorder.select_notifications(after, most, stop=until, inclusive_of_start=False)
    mapper: Any = app.mapper
    return [Read(n.id, mapper.to_domain_event(n)) for n in found]


def catch_up(app: Coordination, rows: Rows, projection: Projection, now: datetime) -> int:
    """Read one batch into the projection; answers how many events it had, 0 when there is nothing new."""
    before = position(rows, projection.name)
    batch = read_log(app, before)
    if not batch:
        return 0
    try:
        with rows.write() as connection:
            move(connection, projection.name, before, batch[-1].place)
            for stream, read in by_stream(batch):
                _apply(connection, projection, stream, read, now)
    except LostRace:
        log.debug("another worker was ahead in %s", projection.name)
    return len(batch)


def by_stream(batch: Iterable[Read]) -> list[tuple[str, list[Read]]]:
    """The batch grouped by stream, each in its order."""
    ordered = sorted(batch, key=lambda read: (read.event.originator_id, read.place))
    return [(id, list(group)) for id, group in groupby(ordered, lambda read: read.event.originator_id)]


def move(connection: Connection, projection: str, before: int, after: int) -> None:
    """Move the position from `before` to `after`; raises LostRace when it stands elsewhere."""
    insert_new(connection, positions, {"projection": projection, "position": 0})
    moved = connection.execute(
        update(positions)
        .where(positions.c.projection == projection, positions.c.position == before)
        .values(position=after)
    )
    if moved.rowcount != 1:
        raise LostRace


def parked_streams(rows: Rows) -> list[tuple[str, str]]:
    """Projection and stream of everything that waits because one of its events failed."""
    with rows.read() as connection:
        found = select(parked.c.projection, parked.c.stream).order_by(parked.c.since)
        return [(row.projection, row.stream) for row in connection.execute(found)]


def unpark(connection: Connection, projection: str, stream: str) -> None:
    connection.execute(delete(parked).where(parked.c.projection == projection, parked.c.stream == stream))


def _apply(
    connection: Connection, projection: Projection, stream: str, read: Sequence[Read], now: datetime
) -> None:
    """Apply one stream's events; a failure parks the stream, and the rest of the log goes on."""
    waiting = select(parked.c.stream).where(parked.c.projection == projection.name, parked.c.stream == stream)
    if connection.scalar(waiting) is not None:
        return
    try:
        with connection.begin_nested():
            projection.apply(connection, stream, [r.event for r in read])
    except Exception as error:  # whatever a fold trips over must stop its own stream only
        log.exception("%s can't read %s; the stream is parked", projection.name, stream)
        insert_new(
            connection,
            parked,
            {
                "projection": projection.name,
                "stream": stream,
                "position": read[0].place,
                "error": type(error).__name__,
                "since": now,
            },
        )


def _position(connection: Connection, projection: str) -> int:
    found = select(positions.c.position).where(positions.c.projection == projection)
    return connection.scalar(found) or 0
