"""Settling the meetings: look before creating a second time; tell the appointment first, then note it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta

import msgspec
from sqlalchemy import delete, select, update

from chouseiapo.application import Coordination
from chouseiapo.domain.account import account_id
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Meeting
from chouseiapo.ledger import Task, touch
from chouseiapo.ports import Conferencing, Issued, MeetingPlan, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import host_writes, issued_meetings
from projections.meetings import LEDGER, Known, Meetings, known_meetings, missing, tag

# How long after a creation was begun "not listed" says nothing: the call itself may take a token's renewal
# and a time-out, and the platform's list lags some seconds behind.
LIST_LAG = timedelta(seconds=45)

log = logging.getLogger(__name__)


class IssueMeetings:
    """One step a turn: issue what is wanted, then delete what is not, then make what stands be as wanted."""

    ledger = LEDGER

    def __init__(self, app: Coordination, rows: Rows, wanted: Meetings, conferencing: Conferencing) -> None:
        self._app = app
        self._rows = rows
        self._wanted = wanted
        self._conferencing = conferencing

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Make the conference be as wanted; raises PortError. Answers when to look after a lost reply."""
        appointment = self._app.appointment(task.key)
        with self._rows.read() as connection:
            known = known_meetings(connection, appointment.id)
        lane = self._wanted.lane(appointment, known)
        if lane is not None and lane != task.lane:
            with self._rows.write() as connection:
                touch(connection, LEDGER, appointment.id, lane=lane)
            return None
        return self._step(appointment, known, lane, now) if lane else None

    def probe(self, lane: str, now: datetime) -> None:
        """Look for a conference that nobody has."""
        self._conferencing.find(lane, "appointment-none")

    def _step(
        self, appointment: Appointment, known: list[Known], lane: str, now: datetime
    ) -> datetime | None:
        plan, wanted = self._wanted.plan(appointment), appointment.conference.generation
        current = next((k for k in known if k.generation == wanted), None)
        if plan is not None and (current is None or not current.meeting_id):
            return self._issue(appointment, plan, current, lane, now)
        surplus = [k for k in known if plan is None or k.generation != wanted]
        for old in surplus:
            if self._wanted.manager(old.link) == lane:
                return self._remove(appointment.id, old, lane, now)
        if plan is None or current is None:
            return None
        if current.look:
            return self._look(appointment, plan, current, lane, now)
        if current.fingerprint != plan.fingerprint():
            self._update(appointment, plan, current, lane, now)
        return None

    # Making it

    def _issue(
        self, appointment: Appointment, plan: MeetingPlan, known: Known | None, host: str, now: datetime
    ) -> datetime | None:
        """Answers at once when there is more to do: a conference before it has still to go."""
        if appointment.is_over(now):
            return None  # nobody will meet any more
        if host == missing(appointment.organizer):
            raise PortError("zoom_not_linked", permanent=True)
        issued, conference = self._told_before(appointment), appointment.conference
        if issued is None and known is not None and known.unsure_since is not None:
            issued = self._conferencing.find(host, plan.tag)
            if issued is None and now < known.unsure_since + LIST_LAG:
                return known.unsure_since + LIST_LAG
        if issued is None:
            issued = self._create(appointment, plan, host, now)
        if not issued.guest_url:
            issued = self._with_registrant(host, issued, plan)
        options = conference.options
        if conference.standing != conference.generation:
            options = self._app.meeting_options(appointment)
        self._tell(appointment, issued, host, options, conference.generation, now)
        self._keep(appointment, host, issued.meeting_id, plan.fingerprint())
        return now

    @staticmethod
    def _told_before(appointment: Appointment) -> Issued | None:
        """What the appointment knows already, where only our own note of it was lost."""
        meeting, conference = appointment.meeting, appointment.conference
        if meeting is None or conference.standing != conference.generation:
            return None
        return Issued(meeting.meeting_id, meeting.join_url, meeting.passcode, meeting.guest_url)

    def _create(self, appointment: Appointment, plan: MeetingPlan, host: str, now: datetime) -> Issued:
        """Make it; what was plainly refused was not made, after anything else it may have been."""
        self._spend(host, now)
        self._keep(appointment, host, unsure_since=now)
        try:
            return self._conferencing.create(host, plan)
        except PortError as failure:
            if failure.permanent or failure.auth or failure.retry_after is not None:
                self._forget(appointment.id, appointment.conference.generation)
            raise

    def _with_registrant(self, host: str, issued: Issued, plan: MeetingPlan) -> Issued:
        """With the guest's own URL; where the platform won't register them, they do it on its page."""
        if plan.registrant is None:
            return issued
        try:
            url = self._conferencing.register(host, issued.meeting_id, plan.registrant)
        except PortError as failure:
            if not failure.permanent or failure.auth:
                raise
            log.info("nobody is registered for meeting %s: %s", issued.meeting_id, failure.reason)
            return issued
        return msgspec.structs.replace(issued, guest_url=url)

    def _tell(
        self,
        appointment: Appointment,
        issued: Issued,
        host: str,
        options: MeetingOptions,
        generation: int,
        now: datetime,
    ) -> None:
        meeting = Meeting(issued.join_url, issued.meeting_id, issued.passcode, issued.guest_url)
        command = f"issue/{appointment.id}/{appointment.version}/{issued.meeting_id}"
        cause = Meta(actor=SYSTEM, command=command)
        self._app.issue_meeting(appointment.id, meeting, host, cause, now, options, generation)

    # Keeping it right

    def _update(
        self, appointment: Appointment, plan: MeetingPlan, known: Known, lane: str, now: datetime
    ) -> None:
        self._spend(lane, now)
        try:
            self._conferencing.update(lane, known.meeting_id, plan)
        except PortError as failure:
            if failure.reason != "gone":
                raise
            self._note_gone(appointment, known, now)
            return
        self._keep(appointment, known.link, known.meeting_id, plan.fingerprint())

    def _look(
        self, appointment: Appointment, plan: MeetingPlan, known: Known, lane: str, now: datetime
    ) -> datetime | None:
        """What a direct read says counts: gone, changed, or with another way in. The mark goes before the
        look, so that what is said meanwhile is looked at as well."""
        self._mark(known, look=False)
        try:
            looked = self._conferencing.look(lane, known.meeting_id, plan)
        except PortError:
            self._mark(known, look=True)
            raise
        if looked is None:
            self._note_gone(appointment, known, now)
            return None
        standing, way_in = appointment.meeting, looked.issued
        if standing and (standing.join_url, standing.passcode) != (way_in.join_url, way_in.passcode):
            issued = msgspec.structs.replace(way_in, guest_url=standing.guest_url)
            conference = appointment.conference
            self._tell(appointment, issued, known.link, conference.options, conference.generation, now)
        if not looked.agrees:
            self._update(appointment, plan, known, lane, now)
        return None

    def _note_gone(self, appointment: Appointment, known: Known, now: datetime) -> None:
        self._app.note_meeting_gone(appointment.id, known.generation, now)
        self._forget(appointment.id, known.generation)

    def _remove(self, appointment: str, known: Known, lane: str, now: datetime) -> datetime | None:
        meeting_id = known.meeting_id
        if not meeting_id and known.unsure_since is not None:
            found = self._conferencing.find(lane, tag(appointment, known.generation))
            if found is None and now < known.unsure_since + LIST_LAG:
                return known.unsure_since + LIST_LAG
            meeting_id = found.meeting_id if found else ""
        if meeting_id:
            self._conferencing.delete(lane, meeting_id)
        self._forget(appointment, known.generation)
        return now

    # What we know

    def _spend(self, link: str, now: datetime) -> None:
        """Count a write to the host; raises PortError when there may be no more before midnight UTC."""
        day = now.astimezone(UTC).date()
        used = written(self._rows, link, now)
        if used >= self._conferencing.writes_a_day:
            midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
            raise PortError("daily_limit", retry_after=(midnight - now).total_seconds())
        row = {"host": account_id(link), "day": day.isoformat(), "count": used + 1}
        with self._rows.write() as connection:
            upsert(connection, host_writes, [row])
            connection.execute(delete(host_writes).where(host_writes.c.day < _week_before(now)))

    def _forget(self, appointment: str, generation: int) -> None:
        gone = issued_meetings.c.key == _key(appointment, generation)
        with self._rows.write() as connection:
            connection.execute(delete(issued_meetings).where(gone))

    def _mark(self, known: Known, look: bool) -> None:
        this = issued_meetings.c.meeting_id == known.meeting_id, issued_meetings.c.link == known.link
        with self._rows.write() as connection:
            connection.execute(update(issued_meetings).where(*this).values(look=look))

    def _keep(
        self,
        appointment: Appointment,
        link: str,
        meeting_id: str = "",
        fingerprint: str = "",
        unsure_since: datetime | None = None,
    ) -> None:
        generation = appointment.conference.generation
        row = {
            "key": _key(appointment.id, generation),
            "appointment": appointment.id,
            "generation": generation,
            "link": link,
            "meeting_id": meeting_id,
            "fingerprint": fingerprint,
            "unsure_since": unsure_since,
            "look": False,
        }
        with self._rows.write() as connection:
            upsert(connection, issued_meetings, [row])


def written(rows: Rows, link: str, now: datetime) -> int:
    """How many conferences were made or changed for the link's account on this UTC day."""
    found = select(host_writes.c.count).where(
        host_writes.c.host == account_id(link), host_writes.c.day == now.astimezone(UTC).date().isoformat()
    )
    with rows.read() as connection:
        return connection.scalar(found) or 0


def look_at(rows: Rows, wanted: Meetings, meeting_id: str) -> bool:
    """Have a conference of ours read directly, because somebody says that it changed; whether it is ours."""
    this = issued_meetings.c.meeting_id == meeting_id
    with rows.write() as connection:
        row = connection.execute(select(issued_meetings).where(this)).first()
        lane = wanted.manager(row.link) if row else None
        if row is None or lane is None:
            return row is not None
        connection.execute(update(issued_meetings).where(this).values(look=True))
        touch(connection, LEDGER, row.appointment, lane=lane)
    return True


def _key(appointment: str, generation: int) -> str:
    return f"{appointment}/{generation}"


def _week_before(now: datetime) -> str:
    return (now.astimezone(UTC).date() - timedelta(days=7)).isoformat()
