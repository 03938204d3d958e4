"""Read model: who is offered or booked when; open candidates and confirmed times by member and room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Table, delete, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.slots import Slot
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import offers


class Claim(msgspec.Struct, frozen=True):
    """A time that an appointment claims of a member or room: held by a candidate, or booked."""

    appointment: str
    candidate: str
    resource: str
    confirmed: bool
    start: datetime
    end: datetime


class Offers:
    """One row a candidate and resource, as long as the candidate is open or chosen."""

    name = "offers"
    tables: Sequence[Table] = (offers,)

    def __init__(self, app: Coordination) -> None:
        self._app = app

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if not stream.startswith("appointment-"):
            return
        connection.execute(delete(offers).where(offers.c.appointment == stream))
        upsert(connection, offers, [_row(claim) for claim in claims_of(self._app.appointment(stream))])


def claims_of(appointment: Appointment) -> list[Claim]:
    """What an appointment claims now: every open candidate, or the fixed times, of every resource."""
    standing = appointment.occurrences or appointment.open_candidates
    if appointment.state not in (State.PROPOSED, State.CONFIRMED):
        return []
    return [
        Claim(appointment.id, c.id, resource, appointment.chosen is not None, c.start, c.end)
        for c in standing
        for resource in appointment.bookings(c)
    ]


def claims_on(rows: Rows, resources: Sequence[str], slot: Slot) -> list[Claim]:
    """Everything that claims one of the resources inside the slot, in order of time."""
    found = (
        select(
            offers.c.appointment,
            offers.c.candidate,
            offers.c.resource,
            offers.c.confirmed,
            offers.c.starts_at,
            offers.c.ends_at,
        )
        .where(offers.c.resource.in_(resources), offers.c.ends_at > slot.start, offers.c.starts_at < slot.end)
        .order_by(offers.c.starts_at, offers.c.appointment)
    )
    with rows.read() as connection:
        return [Claim(*row) for row in connection.execute(found)]


def _row(claim: Claim) -> dict[str, object]:
    row = msgspec.structs.asdict(claim)
    return row | {"starts_at": row.pop("start"), "ends_at": row.pop("end")}
