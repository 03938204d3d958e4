"""The reminder sweep: who is due and has no reminder yet? Idempotent, whoever runs it and how often.

A reminder is due from the set hour, local to its recipient, of the start's local date, until the start. Its
row's key is appointment, rule, start and recipient: a moved one gets a new reminder, an edited note does not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.event_store import StoreTrouble
from chouseiapo.mail_facts import Rule
from chouseiapo.storage import Rows
from projections.appointments import starting_between
from projections.outbox import GUEST, Mail, is_wanted, told_at, want

# Every local date that a start can have lies within this much of it, in any zone.
HORIZON = timedelta(hours=26)

log = logging.getLogger(__name__)


class Decision(msgspec.Struct, frozen=True):
    """What the sweep made of one recipient of one appointment; `due` is UTC."""

    appointment: str
    recipient: str
    rule: str
    due: datetime
    sent: bool
    skipped: bool
    why: str


class Reminders:
    """Decides from the aggregates, at a given moment; the hour is local to each recipient."""

    def __init__(self, app: Coordination, rows: Rows, hour: time, time_zone: str) -> None:
        self._app = app
        self._rows = rows
        self._hour = hour
        self._time_zone = time_zone

    def sweep(self, now: datetime, dry_run: bool = False) -> list[Decision]:
        """Put every reminder that is due into the outbox, once; answers what was decided for whom."""
        decisions: list[Decision] = []
        for id, events in self._coming(now):
            appointment, told = Appointment.remember(id, events), told_at(events)
            for recipient in _recipients(appointment):
                decisions += self._decide(appointment, recipient, told.get(recipient), now, dry_run)
        return decisions

    def _coming(self, now: datetime) -> Iterator[tuple[str, list[Event]]]:
        """What starts soon. A stream that can't be read waits for another release; the rest goes on."""
        for id in starting_between(self._rows, now, now + HORIZON):
            try:
                yield id, self._app.stream(id)
            except StoreTrouble:
                raise
            except Exception:  # one appointment's fault must not keep the others from being reminded
                log.exception("nobody can be reminded of %s", id)

    def coming(self, id: str, recipient: str, now: datetime) -> datetime | None:
        """When a recipient is going to be reminded of a confirmed appointment (UTC); None if not any more."""
        events = self._app.stream(id)
        appointment = Appointment.remember(id, events)
        if appointment.chosen is None or recipient not in _recipients(appointment):
            return None
        start = appointment.chosen.start
        due = self._due(start, self._zone(appointment, recipient))
        # Who has yet to be told is told now.
        late = self._why_not(start, due, told_at(events).get(recipient, now))
        return None if late or due <= now else due

    def zones(self, now: datetime) -> set[str]:
        """The zones of everybody who may be due within a day, for the alarm clock."""
        coming = [Appointment.remember(id, events) for id, events in self._coming(now)]
        return {self._time_zone} | {self._zone(a, r) for a in coming for r in _recipients(a)}

    def still_due(self, mail: Mail, now: datetime) -> str:
        """Empty while the reminder should go; else why not (asked again at the moment of sending)."""
        appointment = self._app.appointment(mail.appointment)
        chosen = appointment.chosen
        if chosen is None:
            return "cancelled"
        if mail.recipient not in _recipients(appointment):
            return "removed"
        if _key(mail.appointment, chosen.start, mail.recipient) != mail.key:
            return "moved"
        return "started" if now >= chosen.start else ""

    def _decide(
        self, appointment: Appointment, recipient: str, told: datetime | None, now: datetime, dry_run: bool
    ) -> Iterator[Decision]:
        if appointment.chosen is None:
            return
        start = appointment.chosen.start
        due = self._due(start, self._zone(appointment, recipient))
        if now < due <= start:
            return
        why = self._why_not(start, due, told)
        sent = not why
        if sent:
            key = _key(appointment.id, start, recipient)
            mail = Mail(key, appointment.id, recipient, Rule.REMINDER.value, appointment.version, now)
            why = "due" if self._want(mail, dry_run) else "already in the outbox"
        yield Decision(appointment.id, recipient, Rule.REMINDER.value, due, sent, not sent, why)

    def _want(self, mail: Mail, dry_run: bool) -> bool:
        if dry_run:
            return not is_wanted(self._rows, mail.key)
        with self._rows.write() as connection:
            return want(connection, mail)

    def _due(self, start: datetime, zone: str) -> datetime:
        local = start.astimezone(ZoneInfo(zone))
        at_hour = datetime.combine(local.date(), self._hour, tzinfo=ZoneInfo(zone))
        return at_hour.astimezone(UTC)

    @staticmethod
    def _why_not(start: datetime, due: datetime, told: datetime | None) -> str:
        """Whoever was told of the time after the hour, or is about to be, has just heard all there is."""
        if start <= due:
            return "starts before the hour of the reminder"
        if told is None:
            return "not told yet that the time is fixed"
        return "told after the hour of the reminder" if told >= due else ""

    def _zone(self, appointment: Appointment, recipient: str) -> str:
        if recipient == GUEST:
            return appointment.time_zone or self._time_zone
        return self._app.member(recipient).time_zone or self._time_zone


def _recipients(appointment: Appointment) -> list[str]:
    return [*([GUEST] if appointment.guest.email else []), *appointment.attendees]


def _key(appointment: str, start: datetime, recipient: str) -> str:
    return f"{appointment}/{Rule.REMINDER}/{start:%Y%m%dT%H%MZ}/{recipient}"
