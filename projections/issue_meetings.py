"""Settling the meetings: look before creating a second time; tell the appointment first, then note it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, delete, select, update

from chouseiapo.application import Coordination
from chouseiapo.clock import Clock
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Meeting
from chouseiapo.ledger import Task, touch
from chouseiapo.ports import Conferencing, Issued, MeetingPlan, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import issued_meetings
from projections.compare_meetings import CompareMeetings, is_comparison
from projections.host_writes import give_back, is_same_day, spend, use_up
from projections.meetings import LEDGER, Known, Meetings, Step, What, known_meetings, missing, tag
from projections.notices import is_known, note
from projections.settle import OF_THE_TASK_ALONE

# How long a creation takes at most: a token's renewal, the rules for passcodes, and time-outs.
LONGEST_CALL = timedelta(seconds=60)
# How long after its end "not listed" says nothing: the platform's list lags some seconds behind.
LIST_LAG = timedelta(seconds=40)
LOOKED_AGAIN = timedelta(seconds=15)

log = logging.getLogger(__name__)


class IssueMeetings:
    """One step a turn, as `Meetings` says which; hosts' lists are compared in the same lanes."""

    ledger = LEDGER

    def __init__(
        self, app: Coordination, rows: Rows, wanted: Meetings, conferencing: Conferencing, clock: Clock
    ) -> None:
        self._app = app
        self._rows = rows
        self._wanted = wanted
        self._conferencing = conferencing
        self._clock = clock
        self._comparing = CompareMeetings(app, rows, conferencing)

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Make the conference be as wanted; raises PortError. Answers when there is more to do."""
        if is_comparison(task.key):
            self._comparing.compare(task.lane, now)
            return None
        appointment = self._app.appointment(task.key)
        with self._rows.read() as connection:
            known = known_meetings(connection, appointment.id)
        step = self._wanted.step(appointment, known)
        if step is not None and step.lane != task.lane:
            with self._rows.write() as connection:
                touch(connection, LEDGER, appointment.id, lane=step.lane)
            return None
        return self._take(step, appointment, now) if step else None

    def probe(self, lane: str, now: datetime) -> None:
        """Look for a conference that nobody has."""
        self._conferencing.find(lane, "appointment-none")

    def _take(self, step: Step, appointment: Appointment, now: datetime) -> datetime | None:
        """When nobody will meet any more, nothing is made; what was made, and nobody was told of, goes."""
        over, known = appointment.is_over(now), step.known
        if known is not None and (step.what is What.REMOVE or (over and not known.is_issued)):
            return self._remove(appointment.id, known, step.lane, now)
        plan = self._wanted.plan(appointment)
        if plan is None or over:
            return None
        if step.what is What.ISSUE or step.known is None:
            return self._issue(appointment, plan, step.known, step.lane, now)
        change = self._look if step.what is What.LOOK else self._update
        change(appointment, plan, step.known, step.lane, now)
        return now

    # Making it

    def _issue(
        self, appointment: Appointment, plan: MeetingPlan, known: Known | None, host: str, now: datetime
    ) -> datetime | None:
        if host == missing(appointment.organizer):
            raise PortError("zoom_not_linked", permanent=True)
        issued, conference = self._told_before(appointment), appointment.conference
        made_as = known.fingerprint if known else ""
        if issued is None and known is not None and known.unsure_since is not None:
            issued = self._made_before(host, plan, known)
            if issued is None and now < known.unsure_since + LIST_LAG:
                return min(known.unsure_since + LIST_LAG, now + LOOKED_AGAIN)
        if issued is None:
            issued, made_as = self._create(appointment, plan, host, known, now), plan.fingerprint()
        try:
            issued = self._with_registrant(host, issued, plan, appointment.meeting)
        except PortError:
            self._keep(appointment, host, issued.meeting_id, made_as, unsure_since=now)
            raise
        options = conference.options
        if conference.standing != conference.generation:
            options = self._app.meeting_options(appointment)
        self._tell(appointment, issued, host, options, now)
        self._keep(appointment, host, issued.meeting_id, made_as)
        return now  # it may be of another plan by now, and a conference before it has still to go

    @staticmethod
    def _told_before(appointment: Appointment) -> Issued | None:
        """What the appointment knows already, where only our own note of it was lost."""
        meeting, conference = appointment.meeting, appointment.conference
        if meeting is None or conference.standing != conference.generation:
            return None
        return Issued(meeting.meeting_id, meeting.join_url, meeting.passcode, meeting.guest_url)

    def _made_before(self, host: str, plan: MeetingPlan, known: Known) -> Issued | None:
        """What a request has made of which nobody was told, because something failed after it."""
        if not known.meeting_id:
            return self._conferencing.find(host, plan.tag)
        looked = self._conferencing.look(host, known.meeting_id, plan)
        return looked.issued if looked else None

    def _create(
        self, appointment: Appointment, plan: MeetingPlan, host: str, known: Known | None, now: datetime
    ) -> Issued:
        """Make it; what was plainly refused was not made, after anything else it may have been. What has
        turned out not to have been made is counted for the next try."""
        if not _was_counted(known, now):
            spend(self._rows, host, self._conferencing.writes_a_day, now)
        fingerprint = plan.fingerprint()
        self._keep(appointment, host, fingerprint=fingerprint, unsure_since=now + LONGEST_CALL)
        try:
            return self._conferencing.create(host, plan)
        except PortError as failure:
            if failure.did_nothing:
                self._forget(appointment.id, appointment.conference.generation)
                self._heed(failure, host, now)
            else:
                self._keep(appointment, host, fingerprint=fingerprint, unsure_since=self._clock())
            raise

    def _with_registrant(
        self, host: str, issued: Issued, plan: MeetingPlan, standing: Meeting | None
    ) -> Issued:
        """With the guest's own URL; where the platform won't register them, they do it on its page."""
        if plan.registrant is None:
            return issued
        if standing and _way_in(standing) == _way_in(issued) and standing.guest_url:
            return msgspec.structs.replace(issued, guest_url=standing.guest_url)
        try:
            url = self._conferencing.register(host, issued.meeting_id, plan.registrant)
        except PortError as failure:
            if not failure.permanent or failure.auth:
                raise
            log.info("nobody is registered for meeting %s: %s", issued.meeting_id, failure.reason)
            return issued
        return msgspec.structs.replace(issued, guest_url=url)

    def _tell(
        self, appointment: Appointment, issued: Issued, host: str, options: MeetingOptions, now: datetime
    ) -> None:
        meeting = Meeting(issued.join_url, issued.meeting_id, issued.passcode, issued.guest_url)
        command = f"issue/{appointment.id}/{appointment.version}/{issued.meeting_id}"
        cause, generation = Meta(actor=SYSTEM, command=command), appointment.conference.generation
        self._app.issue_meeting(appointment.id, meeting, host, cause, now, options, generation)

    # Keeping it right

    def _update(
        self, appointment: Appointment, plan: MeetingPlan, known: Known, lane: str, now: datetime
    ) -> None:
        spend(self._rows, lane, self._conferencing.writes_a_day, now)
        try:
            self._conferencing.update(lane, known.meeting_id, plan)
        except PortError as failure:
            self._heed(failure, lane, now)
            if failure.reason != "gone":
                raise
            self._note_gone(appointment, known, now)
            return
        own_way_in = appointment.meeting is not None and appointment.meeting.guest_url
        may_tell = plan.settings.passcode is not None or plan.registrant or own_way_in
        # To look is the next step: what fails there does not write once more.
        looks = issued_meetings.c.look + (1 if may_tell else 0)
        self._change(known, fingerprint=plan.fingerprint(), look=looks)

    def _look(
        self, appointment: Appointment, plan: MeetingPlan, known: Known, lane: str, now: datetime
    ) -> None:
        """What a direct read says counts: gone, changed, or with another way in. What is said meanwhile is
        looked at as well."""
        looked = self._conferencing.look(lane, known.meeting_id, plan)
        if looked is None:
            self._note_gone(appointment, known, now)
            return
        self._tell_if_new(appointment, looked.issued, plan, known, lane, now)
        self._correct(appointment, looked.otherwise, plan, known, lane, now)
        self._change(known, issued_meetings.c.look == known.look, look=0)

    def _correct(
        self,
        appointment: Appointment,
        otherwise: str,
        plan: MeetingPlan,
        known: Known,
        lane: str,
        now: datetime,
    ) -> None:
        """Once: what the platform does not take would be written, told as news, and written for ever."""
        stubborn = f"otherwise/{known.meeting_id}/{otherwise}"
        if otherwise and not is_known(self._rows, stubborn):
            self._update(appointment, plan, known, lane, now)
            note(self._rows, stubborn, now)

    def _tell_if_new(
        self,
        appointment: Appointment,
        found: Issued,
        plan: MeetingPlan,
        known: Known,
        lane: str,
        now: datetime,
    ) -> None:
        """Let people know of another way in than they were told."""
        standing = appointment.meeting
        issued = self._with_registrant(lane, found, plan, standing)
        told = standing and (_way_in(standing), standing.guest_url)
        if told != (_way_in(issued), issued.guest_url):
            self._tell(appointment, issued, known.link, appointment.conference.options, now)

    def _note_gone(self, appointment: Appointment, known: Known, now: datetime) -> None:
        self._app.note_meeting_gone(appointment.id, known.generation, now)
        self._forget(appointment.id, known.generation)

    def _remove(self, appointment: str, known: Known, lane: str, now: datetime) -> datetime | None:
        meeting_id = known.meeting_id
        try:
            if not meeting_id and known.unsure_since is not None:
                found = self._conferencing.find(lane, tag(appointment, known.generation))
                if found is None and now < known.unsure_since + LIST_LAG:
                    return known.unsure_since + LIST_LAG
                meeting_id = found.meeting_id if found else ""
            if meeting_id:
                self._conferencing.delete(lane, meeting_id)
        except PortError as failure:
            if not failure.auth or self._app.is_linked(lane):
                raise
            log.info("what stands through %s is out of our hands: %s", lane, failure.reason)
        self._forget(appointment, known.generation)
        return now

    def _heed(self, failure: PortError, host: str, now: datetime) -> None:
        """What failed does not count; but the platform counts as well, and more than we know of."""
        if failure.reason == OF_THE_TASK_ALONE:
            use_up(self._rows, host, self._conferencing.writes_a_day, now)
        else:
            give_back(self._rows, host, now)

    # What we know

    def _forget(self, appointment: str, generation: int) -> None:
        gone = issued_meetings.c.key == _key(appointment, generation)
        with self._rows.write() as connection:
            connection.execute(delete(issued_meetings).where(gone))

    def _change(self, known: Known, *only: ColumnElement[bool], **change: object) -> None:
        this = issued_meetings.c.meeting_id == known.meeting_id, issued_meetings.c.link == known.link
        with self._rows.write() as connection:
            connection.execute(update(issued_meetings).where(*this, *only).values(**change))

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
            "look": 0,
        }
        with self._rows.write() as connection:
            upsert(connection, issued_meetings, [row])


def look_at(rows: Rows, wanted: Meetings, meeting_id: str) -> bool:
    """Have a conference of ours read directly, because somebody says that it changed; whether it is ours."""
    if not meeting_id:
        return False
    this = issued_meetings.c.meeting_id == meeting_id
    with rows.read() as connection:
        row = connection.execute(select(issued_meetings).where(this)).first()
    lane = wanted.manager(row.link) if row else None
    if row is None or lane is None:
        return row is not None
    with rows.write() as connection:
        connection.execute(update(issued_meetings).where(this).values(look=issued_meetings.c.look + 1))
        touch(connection, LEDGER, row.appointment, lane=lane)
    return True


def _was_counted(known: Known | None, now: datetime) -> bool:
    return known is not None and known.unsure_since is not None and is_same_day(known.unsure_since, now)


def _way_in(meeting: Meeting | Issued) -> tuple[str, str]:
    return meeting.join_url, meeting.passcode


def _key(appointment: str, generation: int) -> str:
    return f"{appointment}/{generation}"
