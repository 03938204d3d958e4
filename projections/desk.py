"""What a member's home page shows: what needs them now, what waits for an answer, what is coming.

Every function takes the member whose appointments are meant, or None for everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import msgspec
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import ERASED, Event
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.proposal import Guest, shown_title
from chouseiapo.mail_facts import Rule
from chouseiapo.storage import Rows
from chouseiapo.tables import (
    appointment_people,
    appointments,
    mails,
    offers,
    parked,
    people,
    sent_mails,
    tasks,
)
from projections.appointments import Listed, lines, not_over, only, read_lines
from projections.holds import LEDGER as HOLDS
from projections.meetings import LEDGER as MEETINGS
from projections.outbox import SENT, SKIPPED

# A calendar that stumbles for a moment needs nobody; one that fails for longer does.
PATIENCE = timedelta(minutes=1)
SOON = timedelta(hours=24)


class Concern(msgspec.Struct, frozen=True):
    """Why an appointment needs somebody: question, meeting_gone, changed, all_gone, calendar, meeting, mail,
    deadline; since or until `at`."""

    appointment: str
    what: str
    at: datetime


class Subject(msgspec.Struct, frozen=True):
    """What an appointment is about: its title as it was typed, "" where it names the guest; and the guest."""

    title: str
    guest: Guest

    @property
    def names_guest(self) -> bool:
        """Whether the title says who the guest is anyway, or that nobody is to know any more."""
        return self.title in ("", ERASED)


def concerns(rows: Rows, member: str | None, now: datetime) -> list[Concern]:
    """The most pressing first: nothing left to pick, failures, then deadlines that are near."""
    with rows.read() as connection:
        return [
            *_of(connection, member, "all_gone", _nothing_left(now)),
            *_failing(connection, member, now),
            *_of(connection, member, "mail", _mail_refused(now)),
            *_of(connection, member, "deadline", _deadline_near(now)),
        ]


def questions(app: Coordination, rows: Rows, member: str | None, now: datetime) -> list[Concern]:
    """What organizers and authors are asked about hands on calendars, oldest first: whoever has been mailed,
    as long as the appointment itself says that nobody has answered."""
    asked = (
        select(appointments.c.id)
        .join(mails, mails.c.appointment == appointments.c.id)
        .where(
            mails.c.rule == Rule.QUESTION,
            appointments.c.state.in_((State.PROPOSED.value, State.CONFIRMED.value)),
            not_over(now),
        )
        .distinct()
    )
    if member is not None:
        asked = asked.where(mails.c.recipient == member)
    with rows.read() as connection:
        ids = connection.scalars(asked).all()
    found = ((id, app.appointment(id).question) for id in ids)
    pending = [Concern(id, "question", known.seen_at) for id, known in found if known]
    return sorted(pending, key=lambda concern: (concern.at, concern.appointment))


def meetings_gone(app: Coordination, rows: Rows, member: str | None, now: datetime) -> list[Concern]:
    """Whose meetings somebody deleted on their platform, as long as nobody has said what follows; asked like
    questions."""
    asked = (
        select(appointments.c.id, func.max(mails.c.created_at).label("at"))
        .join(mails, mails.c.appointment == appointments.c.id)
        .where(
            mails.c.rule == Rule.MEETING_VANISHED,
            appointments.c.state == State.CONFIRMED.value,
            not_over(now),
        )
        .group_by(appointments.c.id)
    )
    if member is not None:
        asked = asked.where(mails.c.recipient == member)
    with rows.read() as connection:
        found = connection.execute(asked).all()
    gone = [Concern(row.id, "meeting_gone", row.at) for row in found]
    pending = [concern for concern in gone if app.appointment(concern.appointment).conference.asked]
    return sorted(pending, key=lambda concern: (concern.at, concern.appointment))


def changed_by_hand(
    app: Coordination, rows: Rows, member: str | None, now: datetime, most: int
) -> list[Concern]:
    """Open appointments of that author whose candidates were withdrawn or moved on a calendar since a member
    last did anything to them; oldest first, of the `most` that changed last."""
    altered = (
        select(appointments.c.id)
        .where(
            appointments.c.state == State.PROPOSED.value,
            appointments.c.open_count > 0,
            appointments.c.deadline > now,
            appointments.c.changed_at > appointments.c.proposed_at,
        )
        .order_by(appointments.c.changed_at.desc())
        .limit(most)
    )
    if member is not None:
        altered = altered.where(appointments.c.author == member)
    with rows.read() as connection:
        ids = connection.scalars(altered).all()
    since = ((id, _first_by_hand(stream)) for id, stream in app.streams(ids).items())
    found = [Concern(id, "changed", at) for id, at in since if at]
    return sorted(found, key=lambda concern: (concern.at, concern.appointment))


def _first_by_hand(stream: Sequence[Event]) -> datetime | None:
    """When a hand first changed a candidate that no member has seen to since."""
    unseen = list(takewhile(lambda event: not is_of("member", event.meta.actor), reversed(stream)))
    return next((event.at for event in reversed(unseen) if _is_by_hand(event)), None)


def _is_by_hand(event: Event) -> bool:
    return isinstance(event, (Appointment.CandidateWithdrawn, Appointment.CandidateMoved)) and bool(event.by)


def waiting(rows: Rows, member: str | None, now: datetime, most: int) -> list[Listed]:
    """Proposed appointments, the soonest deadline first."""
    found = lines(member).where(appointments.c.state == State.PROPOSED.value)
    return read_lines(rows, found.order_by(appointments.c.deadline, appointments.c.id).limit(most), now)


def coming(rows: Rows, member: str | None, now: datetime, most: int) -> list[Listed]:
    """Confirmed appointments that are not over, the next first; of a series that has begun, its next time
    counts."""
    found = lines(member).where(appointments.c.state == State.CONFIRMED.value, appointments.c.ends_at > now)
    mine = (offers.c.appointment == appointments.c.id, offers.c.confirmed, offers.c.ends_at > now)
    upcoming = select(func.min(offers.c.starts_at)).where(*mine).scalar_subquery()
    starts = case((appointments.c.starts_at > now, appointments.c.starts_at), else_=upcoming)
    return read_lines(rows, found.order_by(starts, appointments.c.id).limit(most), now)


def names_of(rows: Rows, ids: Iterable[str]) -> dict[str, list[str]]:
    """Who is concerned with each of the appointments, by name."""
    found = (
        select(appointment_people.c.appointment, people.c.name)
        .join(people, people.c.id == appointment_people.c.member)
        .where(appointment_people.c.appointment.in_(list(ids)))
        .order_by(people.c.name)
    )
    names: dict[str, list[str]] = {}
    with rows.read() as connection:
        for row in connection.execute(found):
            names.setdefault(row.appointment, []).append(row.name)
    return names


def subjects_of(rows: Rows, ids: Iterable[str]) -> dict[str, Subject]:
    """What each of the appointments is about."""
    found = select(
        appointments.c.id,
        appointments.c.title,
        appointments.c.guest_company,
        appointments.c.guest_name,
        appointments.c.guest_email,
    ).where(appointments.c.id.in_(list(ids)))
    with rows.read() as connection:
        return {id: _subject(title, Guest(*known)) for id, title, *known in connection.execute(found)}


def _subject(shown: str, guest: Guest) -> Subject:
    return Subject("" if shown == shown_title("", guest) else shown, guest)


def concerning(rows: Rows, member: str, ids: Iterable[str]) -> set[str]:
    """Those of the appointments that the member may know of."""
    found = select(appointment_people.c.appointment).where(
        appointment_people.c.member == member, appointment_people.c.appointment.in_(list(ids))
    )
    with rows.read() as connection:
        return set(connection.scalars(found))


def is_parked(rows: Rows, stream: str) -> bool:
    """Whether a projection stumbled over the stream, so that lists and calendars lag behind it."""
    with rows.read() as connection:
        return (
            connection.scalar(select(parked.c.stream).where(parked.c.stream == stream).limit(1)) is not None
        )


def meeting_trouble(rows: Rows, appointment: str) -> tuple[str, datetime] | None:
    """Why the appointment's conference does not get through, and since when."""
    found = select(tasks.c.error, tasks.c.failing_since).where(
        tasks.c.ledger == MEETINGS, tasks.c.key == appointment, tasks.c.failing_since.is_not(None)
    )
    with rows.read() as connection:
        row = connection.execute(found).one_or_none()
    return (row.error, row.failing_since) if row else None


def _nothing_left(now: datetime) -> Select[Any]:
    return select(appointments.c.id, appointments.c.changed_at).where(
        appointments.c.state == State.PROPOSED.value,
        appointments.c.open_count == 0,
        appointments.c.deadline > now,
    )


def _deadline_near(now: datetime) -> Select[Any]:
    return (
        select(appointments.c.id, appointments.c.deadline)
        .where(
            appointments.c.state == State.PROPOSED.value,
            appointments.c.open_count > 0,
            appointments.c.deadline > now,
            appointments.c.deadline <= now + SOON,
        )
        .order_by(appointments.c.deadline)
    )


def _mail_refused(now: datetime) -> Select[Any]:
    """A refused mail matters until its appointment is over."""
    return (
        select(appointments.c.id, sent_mails.c.given_up_at)
        .join(mails, mails.c.appointment == appointments.c.id)
        .join(sent_mails, sent_mails.c.key == mails.c.key)
        .where(
            sent_mails.c.given_up_at.is_not(None),
            sent_mails.c.outcome != SENT,
            sent_mails.c.outcome.not_like(f"{SKIPPED}%"),
            appointments.c.state.in_((State.PROPOSED.value, State.CONFIRMED.value)),
            not_over(now),
        )
        .order_by(sent_mails.c.given_up_at)
    )


def _failing(connection: Connection, member: str | None, now: datetime) -> list[Concern]:
    """Calendars and conferences that fail: tasks named link/appointment, and by the appointment alone."""
    late = or_(tasks.c.parked, tasks.c.failing_since <= now - PATIENCE)
    found = connection.execute(
        select(tasks.c.ledger, tasks.c.key, tasks.c.failing_since).where(
            tasks.c.ledger.in_((HOLDS, MEETINGS)), tasks.c.failing_since.is_not(None), late
        )
    ).all()
    kinds = {HOLDS: "calendar", MEETINGS: "meeting"}
    since = {(row.key.rpartition("/")[2], kinds[row.ledger]): row.failing_since for row in found}
    theirs = select(appointments.c.id).where(appointments.c.id.in_([id for id, _ in since]))
    seen = set(connection.scalars(only(theirs, member)))
    return [Concern(id, what, at) for (id, what), at in sorted(since.items()) if id in seen]


def _of(connection: Connection, member: str | None, what: str, found: Select[Any]) -> list[Concern]:
    """One concern an appointment, however many rows say the same."""
    since = {id: Concern(id, what, at) for id, at in connection.execute(only(found, member))}
    return list(since.values())
