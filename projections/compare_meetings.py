"""Comparing a host's list of meetings with what we know: the missing are looked at, the unknown go.

A list may lag or lie: a meeting that it lacks is read directly before anything follows from it. It tells
neither passcodes nor all that a hand may change: what begins soon is read directly, too. A meeting that
bears our tag and that nobody knows of was made by a request whose answer never came: it is deleted, unless so
many are left over that nobody can have meant it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, select, update

from chouseiapo.application import Coordination
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.links import Provider
from chouseiapo.ledger import touch
from chouseiapo.ports import Conferencing, ListedMeeting, PortError
from chouseiapo.storage import Rows
from chouseiapo.tables import issued_meetings, vault
from projections.meetings import LEDGER, to_come
from projections.watch import is_mass

COMPARE = "compare"
HELD_BACK = "meetings_left_over"
# What begins within that time is read, whatever the list says: until the night after the next.
SOON = timedelta(hours=48)

log = logging.getLogger(__name__)


class Compared(NamedTuple):
    """What a comparison has found: ids of meetings of ours that the list lacks, or that nobody knows."""

    listed: int
    missing: Sequence[str]
    left_over: Sequence[str]

    @property
    def is_right(self) -> bool:
        return not self.missing and not self.left_over

    @property
    def held_back(self) -> bool:
        """Whether so much is left over that a person has to say that it may go."""
        return is_mass(len(self.left_over), self.listed)


class CompareMeetings:
    """One host at a time, in the host's lane: nothing is made there meanwhile."""

    def __init__(self, app: Coordination, rows: Rows, conferencing: Conferencing) -> None:
        self._app = app
        self._rows = rows
        self._conferencing = conferencing

    def find(self, link: str, now: datetime) -> Compared:
        """Compare alone; raises PortError."""
        listed = self._conferencing.listed(link)
        return Compared(len(listed), self._missing(link, listed, now), self._left_over(listed))

    def compare(self, link: str, now: datetime, *, force: bool = False) -> Compared:
        """Compare, have read what is missing or begins soon, delete what is left over; answers how it was.

        Raises PortError; "meetings_left_over" (permanent) when that is so much that a person has to say it
        (`force`). It may be done beside the host's lane: what we know is asked after the list was read.
        """
        if not self._app.is_linked(link):
            return Compared(0, (), ())
        self._app.note_plan(link, self._conferencing.plan_of(link), now)
        found = self.find(link, now)
        self._have_looked_at(link, {*found.missing, *self._soon(link, now)})
        if found.held_back and not force:
            log.warning("%s: %s meetings of %s are nobody's", link, len(found.left_over), found.listed)
            raise PortError(HELD_BACK, permanent=True)
        for meeting_id in found.left_over:
            self._conferencing.delete(link, meeting_id)
        return found

    def _missing(self, link: str, listed: Iterable[ListedMeeting], now: datetime) -> list[str]:
        """Of what is to come."""
        there = {"", *(each.meeting_id for each in listed)}
        with self._rows.read() as connection:
            known = [row for row in to_come(connection, link, now) if row.meeting_id not in there]
        return [row.meeting_id for row in known if not self._app.appointment(row.appointment).is_over(now)]

    def _soon(self, link: str, now: datetime) -> list[str]:
        with self._rows.read() as connection:
            known = to_come(connection, link, now)
        fixed = [row for row in known if row.meeting_id and row.starts_at]
        return [row.meeting_id for row in fixed if row.starts_at <= now + SOON]

    def _left_over(self, listed: Iterable[ListedMeeting]) -> list[str]:
        """What bears a tag of ours, and neither we nor its appointment know of; where an answer is still to
        be looked for, nothing is."""
        return [each.meeting_id for each in listed if self._is_ours(each.tag) and not self._is_known(each)]

    def _is_ours(self, tag: str) -> bool:
        """Another installation may have its meetings made by the same host: those are none of ours."""
        appointment = tag.partition("/")[0]
        return is_of("appointment", appointment) and bool(self._app.stream(appointment))

    def _is_known(self, listed: ListedMeeting) -> bool:
        appointment = self._app.appointment(listed.tag.partition("/")[0])
        if appointment.meeting is not None and appointment.meeting.meeting_id == listed.meeting_id:
            return True
        unsure = issued_meetings.c.unsure_since.is_not(None)
        concerned = issued_meetings.c.appointment == appointment.id
        this = issued_meetings.c.meeting_id == listed.meeting_id
        with self._rows.read() as connection:
            known = select(issued_meetings.c.key).where(or_(this, concerned & unsure))
            return connection.scalar(known.limit(1)) is not None

    def _have_looked_at(self, link: str, meeting_ids: Iterable[str]) -> None:
        with self._rows.write() as connection:
            for id in meeting_ids:
                this = issued_meetings.c.meeting_id == id
                marked = update(issued_meetings).where(this).values(look=issued_meetings.c.look + 1)
                for appointment in connection.scalars(marked.returning(issued_meetings.c.appointment)):
                    touch(connection, LEDGER, appointment, lane=link)


def is_comparison(key: str) -> bool:
    """Whether a task of this ledger is to compare a host."""
    return key.endswith(f"/{COMPARE}")


def ask_to_compare(rows: Rows, link: str, due_at: datetime) -> None:
    """Have a host compared by whoever holds its lane."""
    with rows.write() as connection:
        touch(connection, LEDGER, f"{link}/{COMPARE}", lane=link, due_at=due_at)


def hosts_in_use(app: Coordination, rows: Rows) -> list[str]:
    """Every link to a host that speaks for somebody."""
    zoom = vault.c.link.startswith(f"{Provider.ZOOM}-", autoescape=True)
    with rows.read() as connection:
        links = connection.scalars(select(vault.c.link).where(zoom).order_by(vault.c.link)).all()
    return [link for link in links if app.is_linked(link)]
