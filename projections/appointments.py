"""Read model: the list of appointments, with what search, filters and the clock ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Table, delete, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.proposal import shown_title
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import appointment_people, appointments, offers
from projections.people import MOST_ASKED, fold

PAGE = 50


class Listed(msgspec.Struct, frozen=True):
    """One line of the list; times are UTC.

    starts_at, ends_at: once confirmed; of several times the one that is under way or next, and from the first
    to the last when all are over. left: how many fixed times are still to come or under way.
    """

    id: str
    state: str
    title: str
    proposed_at: datetime
    deadline: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    open_count: int
    left: int = 0


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
    rows: Rows,
    member: str | None,
    now: datetime,
    state: str = "",
    query: str = "",
    after: str = "",
    most: int = PAGE,
) -> list[Listed]:
    """Newest first; those that concern `member` (None: all); `after` is the last id of the page before."""
    found = lines(member)
    if state:
        found = found.where(appointments.c.state == state)
    for part in query[:MOST_ASKED].split():
        found = found.where(appointments.c.search.contains(fold(part), autoescape=True))
    if after:
        last = select(appointments.c.proposed_at).where(appointments.c.id == after).scalar_subquery()
        same_moment = (appointments.c.proposed_at == last) & (appointments.c.id < after)
        found = found.where(or_(appointments.c.proposed_at < last, same_moment))
    found = found.order_by(appointments.c.proposed_at.desc(), appointments.c.id.desc()).limit(most)
    return read_lines(rows, found, now)


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


def lines(member: str | None) -> Select[Any]:
    """Every line that concerns the member (None: all), to be narrowed down and put in order."""
    shown = (appointments.c[field] for field in Listed.__struct_fields__ if field in appointments.c)
    return only(select(*shown), member)


def only(found: Select[Any], member: str | None) -> Select[Any]:
    """Those of the appointments that the member may know of (None: all)."""
    if member is None:
        return found
    mine = select(appointment_people.c.appointment).where(appointment_people.c.member == member)
    return found.where(appointments.c.id.in_(mine))


def read_lines(rows: Rows, found: Select[Any], now: datetime) -> list[Listed]:
    """The lines, with the fixed times that count at that moment."""
    with rows.read() as connection:
        read = [Listed(*row) for row in connection.execute(found)]
        upcoming = _upcoming(connection, [line.id for line in read if line.starts_at], now)
    return [msgspec.structs.replace(line, **upcoming.get(line.id, {})) for line in read]


def _upcoming(connection: Connection, ids: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    """Of each appointment the fixed time that is under way or next, and how many are left with it."""
    counted = func.count(func.distinct(offers.c.candidate))
    found = (
        select(offers.c.appointment, func.min(offers.c.starts_at), func.min(offers.c.ends_at), counted)
        .where(offers.c.appointment.in_(ids), offers.c.confirmed, offers.c.ends_at > now)
        .group_by(offers.c.appointment)
    )
    return {
        id: {"starts_at": start, "ends_at": end, "left": left}
        for id, start, end, left in connection.execute(found)
    }
