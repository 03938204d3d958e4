"""What is to take place soon, as the rows know it: every fixed time, in order, a page at a time.

The offers have each of them by member; the list knows whether the guest can be written to, and their zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Select, and_, literal, or_, select
from sqlalchemy.engine import Connection

from chouseiapo.domain.ids import is_of
from chouseiapo.storage import Rows
from chouseiapo.tables import Instant, appointments, offers

PAGE = 200
# A day that loses an hour to the clocks is the shortest that lasts all day.
SHORTEST_DAY = timedelta(hours=23)


class Occurrence(msgspec.Struct, frozen=True):
    """One fixed time of an appointment (UTC) and the members who attend. guest: they have an address.
    guest_zone: theirs, empty for the organization's; None in rows from before it was noted."""

    starts_at: datetime
    appointment: str
    candidate: str
    ends_at: datetime
    guest: bool
    guest_zone: str | None
    members: tuple[str, ...] = ()

    @property
    def may_last_all_day(self) -> bool:
        return self.ends_at - self.starts_at >= SHORTEST_DAY


def occurrences(rows: Rows, after: datetime, until: datetime, page: int = PAGE) -> Iterator[list[Occurrence]]:
    """Everything that starts after `after` and not later than `until`, in order of time, in pages."""
    last: Occurrence | None = None
    while True:
        with rows.read() as connection:
            found = [Occurrence(*row) for row in connection.execute(_page(after, until, last).limit(page))]
            attended = _members(connection, [each.appointment for each in found])
        if found:
            last = found[-1]
            yield [_with(each, attended) for each in found]
        if len(found) < page:
            return


def places(rows: Rows, after: datetime, until: datetime) -> tuple[set[str], set[str]]:
    """Who attends what starts in between, and the zones of its guests."""
    soon = (offers.c.confirmed, offers.c.starts_at > after, offers.c.starts_at <= until)
    attend = select(offers.c.resource).where(*soon).distinct()
    zones = select(appointments.c.time_zone).where(
        appointments.c.id.in_(select(offers.c.appointment).where(*soon))
    )
    with rows.read() as connection:
        members = {id for id in connection.scalars(attend) if is_of("member", id)}
        return members, {zone for zone in connection.scalars(zones.distinct()) if zone}


def _page(after: datetime, until: datetime, last: Occurrence | None) -> Select[Any]:
    order = (offers.c.starts_at, offers.c.appointment, offers.c.candidate)
    found = (
        select(
            *order,
            offers.c.ends_at,
            appointments.c.guest_email != "",
            appointments.c.time_zone,
        )
        .join(appointments, appointments.c.id == offers.c.appointment)
        .where(offers.c.confirmed, offers.c.starts_at > after, offers.c.starts_at <= until)
    )
    if last is not None:
        at = literal(last.starts_at, Instant)
        same = and_(offers.c.appointment == last.appointment, offers.c.candidate > last.candidate)
        beyond = and_(offers.c.starts_at == at, or_(offers.c.appointment > last.appointment, same))
        found = found.where(offers.c.starts_at >= at, or_(offers.c.starts_at > at, beyond))
    return found.distinct().order_by(*order)


def _members(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Who attends each of the appointments' fixed times, by appointment and candidate."""
    found = select(offers.c.appointment, offers.c.candidate, offers.c.resource)
    attended: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(found.where(offers.c.confirmed, offers.c.appointment.in_(ids))):
        if is_of("member", row.resource):
            attended.setdefault((row.appointment, row.candidate), []).append(row.resource)
    return attended


def _with(found: Occurrence, attended: dict[tuple[str, str], list[str]]) -> Occurrence:
    members = attended.get((found.appointment, found.candidate), ())
    return msgspec.structs.replace(found, members=tuple(members))
