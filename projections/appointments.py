"""Read model: the list of appointments, with what search, filters and the clock ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Table, delete, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.proposal import shown_title
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import appointment_people, appointments
from projections.people import MOST_ASKED, fold

PAGE = 50


class Listed(msgspec.Struct, frozen=True):
    """One line of the list; times are UTC, `starts_at` only once confirmed."""

    id: str
    state: str
    title: str
    proposed_at: datetime
    deadline: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    open_count: int


class Appointments:
    """One row an appointment, and one for each person who may see it."""

    name = "appointments"
    tables: Sequence[Table] = (appointments, appointment_people)

    def __init__(self, app: Coordination) -> None:
        self._app = app

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if not stream.startswith("appointment-"):
            return
        appointment = self._app.appointment(stream)
        upsert(connection, appointments, [_row(appointment, events[-1].at)])
        connection.execute(delete(appointment_people).where(appointment_people.c.appointment == stream))
        concerned = dict.fromkeys((appointment.author, *appointment.attendees))
        upsert(connection, appointment_people, [{"appointment": stream, "member": m} for m in concerned])


def not_over(at: datetime) -> ColumnElement[bool]:
    """That an appointment has no fixed time yet, or has not taken place by then."""
    return or_(appointments.c.ends_at.is_(None), appointments.c.ends_at > at)


def _row(appointment: Appointment, changed_at: datetime) -> dict[str, Any]:
    title = shown_title(appointment.title, appointment.guest)
    guest = appointment.guest
    open_ones, fixed = appointment.open_candidates, appointment.occurrences
    proposed = appointment.state is State.PROPOSED
    return {
        "id": appointment.id,
        "state": appointment.state.value,
        "author": appointment.author,
        "title": title,
        "guest_company": guest.company,
        "guest_name": guest.name,
        "guest_email": guest.email,
        "search": " ".join(fold(w) for w in (title, guest.company, guest.name, guest.email)),
        "proposed_at": appointment.proposed_at,
        "changed_at": changed_at,
        "deadline": appointment.deadline if proposed else None,
        "next_start": min((c.start for c in open_ones), default=None) if proposed else None,
        "starts_at": fixed[0].start if fixed else None,
        "ends_at": fixed[-1].end if fixed else None,
        "meeting_awaited_since": appointment.confirmed_at if appointment.holds_confirmation_back else None,
        "open_count": len(open_ones) if proposed else 0,
        "time_zone": appointment.time_zone,
    }


def list_appointments(
    rows: Rows, member: str | None, state: str = "", query: str = "", after: str = "", most: int = PAGE
) -> list[Listed]:
    """Newest first; those that concern `member` (None: all); `after` is the last id of the page before."""
    found = _listed()
    if member is not None:
        mine = select(appointment_people.c.appointment).where(appointment_people.c.member == member)
        found = found.where(appointments.c.id.in_(mine))
    if state:
        found = found.where(appointments.c.state == state)
    for part in query[:MOST_ASKED].split():
        found = found.where(appointments.c.search.contains(fold(part), autoescape=True))
    if after:
        last = select(appointments.c.proposed_at).where(appointments.c.id == after).scalar_subquery()
        same_moment = (appointments.c.proposed_at == last) & (appointments.c.id < after)
        found = found.where(or_(appointments.c.proposed_at < last, same_moment))
    found = found.order_by(appointments.c.proposed_at.desc(), appointments.c.id.desc()).limit(most)
    return _read(rows, found)


def overtaken_by_time(rows: Rows, now: datetime) -> list[str]:
    """Proposed appointments with a candidate that has started, or whose deadline has come."""
    late = or_(appointments.c.next_start <= now, appointments.c.deadline <= now)
    with rows.read() as connection:
        found = select(appointments.c.id).where(appointments.c.state == State.PROPOSED.value, late)
        return list(connection.scalars(found))


def awaiting_meeting_since(rows: Rows, before: datetime) -> list[str]:
    """Confirmed appointments that have waited for their conference since before that instant."""
    with rows.read() as connection:
        found = select(appointments.c.id).where(appointments.c.meeting_awaited_since <= before)
        return list(connection.scalars(found))


def last_by(rows: Rows, author: str) -> str | None:
    """The author's newest appointment, whose choices are the next one's defaults."""
    with rows.read() as connection:
        return connection.scalar(
            select(appointments.c.id)
            .where(appointments.c.author == author)
            .order_by(appointments.c.proposed_at.desc())
            .limit(1)
        )


def _listed() -> Select[Any]:
    return select(*(appointments.c[field] for field in Listed.__struct_fields__))


def _read(rows: Rows, found: Select[Any]) -> list[Listed]:
    with rows.read() as connection:
        return [Listed(*row) for row in connection.execute(found)]
