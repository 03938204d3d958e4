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

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.event import Event
from chouseiapo.event_store import StoreTrouble
from chouseiapo.storage import DatabaseTrouble, Rows, insert_new
from chouseiapo.tables import parked, positions

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
    """A stored event with its place in the log; decoded when asked for, because one may be unreadable."""

    place: int
    stream: str
    stored: Any
    mapper: Any

    def event(self) -> Event:
        decoded: Event = self.mapper.to_domain_event(self.stored)
        return decoded


def position(rows: Rows, projection: str) -> int:
    """The last place in the log that the projection has read; 0 before the first."""
    with rows.read() as connection:
        return _position(connection, projection)


def ahead_of_log(app: Coordination, rows: Rows) -> bool:
    """Whether the rows know of events that are not there: the two were restored from different moments, and
    new events would be taken for known ones until the log is as long as it was."""
    with rows.read() as connection:
        furthest = connection.scalar(select(func.max(positions.c.position))) or 0
    return furthest > (app.recorder.max_notification_id() or 0)


def read_log(app: Coordination, after: int, most: int = BATCH, until: int | None = None) -> list[Read]:
    """The next events of all streams in their order; ids may have gaps, never a late arrival below them."""
    found = app.recorder.select_notifications(after, most, stop=until, inclusive_of_start=False)
    return [Read(n.id, str(n.originator_id), n, app.mapper) for n in found]


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
    ordered = sorted(batch, key=lambda read: (read.stream, read.place))
    return [(id, list(group)) for id, group in groupby(ordered, lambda read: read.stream)]


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


def hold_position(connection: Connection, projection: str) -> None:
    """Keep the position where it is until the transaction ends."""
    standing = _position(connection, projection)
    move(connection, projection, standing, standing)


def parked_streams(rows: Rows) -> list[tuple[str, str]]:
    """Projection and stream of everything that waits because one of its events failed."""
    with rows.read() as connection:
        found = select(parked.c.projection, parked.c.stream).order_by(parked.c.since)
        return [(row.projection, row.stream) for row in connection.execute(found)]


def unpark(connection: Connection, projection: str, stream: str) -> None:
    connection.execute(delete(parked).where(parked.c.projection == projection, parked.c.stream == stream))


def is_parked(connection: Connection, projection: str, stream: str) -> bool:
    found = select(parked.c.stream).where(parked.c.projection == projection, parked.c.stream == stream)
    return connection.scalar(found) is not None


def readable(connection: Connection, projection: str, streams: Iterable[str]) -> list[str]:
    """Those of the streams that do not wait behind an event that failed."""
    return [stream for stream in list(streams) if not is_parked(connection, projection, stream)]


def park(connection: Connection, projection: str, read: Read, error: Exception, now: datetime) -> None:
    """Let a stream wait behind the event that failed, and the rest of the log go on."""
    log.error("%s can't read %s; the stream is parked", projection, read.stream, exc_info=error)
    row = {"projection": projection, "stream": read.stream, "position": read.place}
    insert_new(connection, parked, row | {"error": type(error).__name__, "since": now})


def _apply(
    connection: Connection, projection: Projection, stream: str, read: Sequence[Read], now: datetime
) -> None:
    """Apply one stream's events. A store in trouble ends the whole batch, which is then read again; whatever
    else a fold trips over stops its own stream only."""
    if is_parked(connection, projection.name, stream):
        return
    try:
        with connection.begin_nested():
            projection.apply(connection, stream, [r.event() for r in read])
    except (StoreTrouble, DatabaseTrouble):
        raise
    except Exception as error:  # a fault of ours in one stream must not stop the others
        park(connection, projection.name, read[0], error, now)


def _position(connection: Connection, projection: str) -> int:
    found = select(positions.c.position).where(positions.c.projection == projection)
    return connection.scalar(found) or 0
