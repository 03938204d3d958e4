"""Ledger of meetings: one conference for each confirmed appointment on a platform that issues them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, delete, func, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import SYSTEM, Event, Meta
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Meeting, Platform, shown_title
from chouseiapo.ledger import Task, stands, touch, wake_lane
from chouseiapo.ports import Conferencing, Issued, MeetingPlan, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import issued_meetings, meetings
from projections.catch_up import readable

LEDGER = "meetings"
# How long after a creation was begun "not listed" says nothing: the call itself may take a token's renewal
# and a time-out, and the platform's list lags some seconds behind.
LIST_LAG = timedelta(seconds=45)


class Meetings:
    """The wanted half: which appointment needs a conference of which content, hosted through which link."""

    name = LEDGER
    tables: Sequence[Table] = (meetings,)

    def __init__(self, app: Coordination, time_zone: str) -> None:
        self._app = app
        self._time_zone = time_zone

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if stream.startswith("appointment-"):
            self._write(connection, self._app.appointment(stream))
        elif any(isinstance(e, Member.Linked | Member.Unlinked | Member.LinkHealed) for e in events):
            self._follow_link(connection, stream)

    def plan(self, appointment: Appointment) -> MeetingPlan | None:
        """The conference as it should be now; None when there should be none."""
        chosen = appointment.chosen
        if chosen is None or appointment.platform is not Platform.ZOOM or appointment.erased:
            return None
        minutes = int((chosen.end - chosen.start).total_seconds() // 60)
        title = shown_title(appointment.title, appointment.guest)
        return MeetingPlan(appointment.id, title, chosen.start, minutes, self._time_zone)

    def host(self, appointment: Appointment, known: _Known | None) -> str:
        """The link whose account hosts: where the conference stands, or may stand as far as we can look; else
        the organizer's. Without one there is a lane that waits for it."""
        if known and (known.meeting_id or (known.unsure_since and self._app.is_linked(known.link))):
            return known.link
        zoom = self._app.member(appointment.organizer).zoom
        return zoom.id if zoom else _missing(appointment.organizer)

    def _follow_link(self, connection: Connection, member: str) -> None:
        """A host came, went or healed: what has no conference yet goes on with the one there is now."""
        waiting = (
            select(meetings.c.appointment)
            .outerjoin(issued_meetings, issued_meetings.c.appointment == meetings.c.appointment)
            .where(
                meetings.c.link.startswith(_links_of(member), autoescape=True),
                func.coalesce(issued_meetings.c.meeting_id, "") == "",
            )
        )
        for id in readable(connection, self.name, connection.scalars(waiting)):
            self._write(connection, self._app.appointment(id))
        if zoom := self._app.member(member).zoom:
            wake_lane(connection, LEDGER, zoom.id)

    def _write(self, connection: Connection, appointment: Appointment) -> None:
        plan = self.plan(appointment)
        before = connection.execute(
            select(issued_meetings).where(issued_meetings.c.appointment == appointment.id)
        ).one_or_none()
        connection.execute(delete(meetings).where(meetings.c.appointment == appointment.id))
        if plan is not None:
            host = self.host(appointment, _known(before))
            row = {"appointment": appointment.id, "link": host, "fingerprint": plan.fingerprint()}
            upsert(connection, meetings, [row])
            if before is None or before.fingerprint != plan.fingerprint():
                touch(connection, LEDGER, appointment.id, lane=host)
        elif before is not None and (before.meeting_id or before.unsure_since):
            touch(connection, LEDGER, appointment.id, lane=before.link)
        elif stands(connection, LEDGER, appointment.id):
            # A worker may be making the conference right now: it has to look once more.
            touch(connection, LEDGER, appointment.id, lane=self.host(appointment, None))


class IssueMeetings:
    """Settling: look before creating a second time, tell the appointment first, then write it down."""

    ledger = LEDGER

    def __init__(self, app: Coordination, rows: Rows, wanted: Meetings, conferencing: Conferencing) -> None:
        self._app = app
        self._rows = rows
        self._wanted = wanted
        self._conferencing = conferencing

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Make the conference be as wanted; raises PortError. Answers when to look after a lost reply."""
        appointment = self._app.appointment(task.key)
        plan = self._wanted.plan(appointment)
        known = self._known(task.key)
        if plan is None:
            return self._remove(task.key, known, now)
        if known is None or not known.meeting_id:
            return self._issue(appointment, plan, known, now)
        if known.fingerprint != plan.fingerprint():
            self._update(known.link, known.meeting_id, plan, now)
        return None

    def probe(self, lane: str, now: datetime) -> None:
        """Look for a conference that nobody has."""
        self._conferencing.find(lane, "appointment-none")

    def _issue(
        self, appointment: Appointment, plan: MeetingPlan, known: _Known | None, now: datetime
    ) -> datetime | None:
        if appointment.is_over(now):
            return None  # nobody will meet any more
        host = self._wanted.host(appointment, known)
        if host == _missing(appointment.organizer):
            raise PortError("zoom_not_linked", permanent=True)
        issued: Issued | None = None
        if appointment.meeting is not None:  # told already; only our own note of it was lost
            issued = Issued(appointment.meeting.meeting_id, appointment.meeting.join_url)
        elif known is not None and known.unsure_since is not None:
            issued = self._conferencing.find(host, appointment.id)
            if issued is None and now < known.unsure_since + LIST_LAG:
                return known.unsure_since + LIST_LAG
        if issued is None:
            issued = self._create(host, plan, now)
        meeting = Meeting(issued.join_url, issued.meeting_id, issued.passcode)
        cause = Meta(actor=SYSTEM, command=f"issue/{appointment.id}/{issued.meeting_id}")
        told = self._app.issue_meeting(appointment.id, meeting, host, cause, now)
        self._keep(appointment.id, host, issued.meeting_id, plan.fingerprint())
        return None if self._wanted.plan(told) else now

    def _create(self, host: str, plan: MeetingPlan, now: datetime) -> Issued:
        """Make it; what was plainly refused was not made, after anything else it may have been."""
        self._keep(plan.appointment, host, unsure_since=now)
        try:
            return self._conferencing.create(host, plan)
        except PortError as failure:
            if failure.permanent or failure.auth or failure.retry_after is not None:
                self._forget(plan.appointment)
            raise

    def _update(self, link: str, meeting_id: str, plan: MeetingPlan, now: datetime) -> None:
        self._conferencing.update(link, meeting_id, plan)
        self._keep(plan.appointment, link, meeting_id, plan.fingerprint())

    def _remove(self, appointment: str, known: _Known | None, now: datetime) -> datetime | None:
        if known is None:
            return None
        meeting_id = known.meeting_id
        if not meeting_id and known.unsure_since is not None:
            found = self._conferencing.find(known.link, appointment)
            if found is None and now < known.unsure_since + LIST_LAG:
                return known.unsure_since + LIST_LAG
            meeting_id = found.meeting_id if found else ""
        if meeting_id:
            self._conferencing.delete(known.link, meeting_id)
        self._forget(appointment)
        return None

    def _known(self, appointment: str) -> _Known | None:
        found = select(issued_meetings).where(issued_meetings.c.appointment == appointment)
        with self._rows.read() as connection:
            return _known(connection.execute(found).one_or_none())

    def _forget(self, appointment: str) -> None:
        with self._rows.write() as connection:
            connection.execute(delete(issued_meetings).where(issued_meetings.c.appointment == appointment))

    def _keep(
        self,
        appointment: str,
        link: str,
        meeting_id: str = "",
        fingerprint: str = "",
        unsure_since: datetime | None = None,
    ) -> None:
        row = {
            "appointment": appointment,
            "link": link,
            "meeting_id": meeting_id,
            "fingerprint": fingerprint,
            "unsure_since": unsure_since,
        }
        with self._rows.write() as connection:
            upsert(connection, issued_meetings, [row])


class _Known(NamedTuple):
    link: str
    meeting_id: str
    fingerprint: str
    unsure_since: datetime | None


def _known(row: Any) -> _Known | None:
    return _Known(row.link, row.meeting_id, row.fingerprint, row.unsure_since) if row else None


def _missing(organizer: str) -> str:
    """The lane of what waits until the organizer links Zoom."""
    return f"{_links_of(organizer)}missing"


def _links_of(member: str) -> str:
    """How every Zoom link of a member begins."""
    return f"zoom-{member.removeprefix('member-')}-"
