"""The reminder sweep: who is due and has no reminder yet? Idempotent, whoever runs it and how often.

The organization's rules say when. On the day: from the set hour, local to its recipient, of the start's local
date. Before: from so many minutes before the start. Until the start, or until the next rule's turn: who is
late does not say the same twice. A reminder's key is appointment, rule, start and recipient: a moved one gets
a new reminder, an edited note does not.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.application import Coordination
from chouseiapo.clock import day_ends
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.organization import ORGANIZATION, Organization
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.event_store import StoreTrouble
from chouseiapo.storage import Rows
from projections.occurrences import Occurrence, occurrences, places
from projections.outbox import GUEST, Mail, are_wanted, told_at, want_all

# Every local date that a start can have lies within this much of it, in any zone.
HORIZON = timedelta(hours=26)
# What lasts all day may be reminded of until its first day is over.
ALL_DAY = timedelta(hours=25)
YEAR = timedelta(days=366)
ALWAYS = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


class InForce(msgspec.Struct, frozen=True):
    """A rule of the organization's, and since when there is one of that name."""

    rule: ReminderRule
    since: datetime

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.rule.minutes)


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
    """Decides from the aggregates, at a given moment; the rows only tell which of them to look at.

    hour: the rule on the day as long as the organization has chosen none.
    """

    def __init__(self, app: Coordination, rows: Rows, hour: time, time_zone: str) -> None:
        self._app = app
        self._rows = rows
        self._usual = ReminderRule(Reminding.ON_THE_DAY, at=f"{hour:%H:%M}")
        self._time_zone = time_zone

    def over(self, app: Coordination) -> Reminders:
        """These reminders, with the events as `app` sees them."""
        other = copy.copy(self)
        other._app = app
        return other

    def in_force(self) -> list[InForce]:
        """The rules that hold now, the farthest from the start first."""
        rules, since = [self._usual], {self._usual.name: ALWAYS}
        for event in self._app.stream(ORGANIZATION):
            if isinstance(event, Organization.RemindersChosen):
                rules = sorted(event.rules, key=lambda rule: (-rule.minutes, rule))
                since = {rule.name: since.get(rule.name, event.at) for rule in rules}
        return [InForce(rule, since[rule.name]) for rule in rules]

    def sweep(self, now: datetime) -> int:
        """Put every reminder that is due into the outbox, once; answers how many were new."""
        new = 0
        for batch in self.due_mails(now):
            with self._rows.write() as connection:
                new += len(want_all(connection, batch))
        return new

    def due_mails(self, at: datetime) -> Iterator[list[Mail]]:
        """What a sweep at that moment puts into the outbox, as things stand now, in batches; for a moment to
        come, what can be prepared by then."""
        for looked in self._looked(at, every=False):
            if batch := [mail for _, mail in looked if mail]:
                yield batch

    def decide(self, now: datetime, dry_run: bool = False) -> Iterator[Decision]:
        """Sweep, unless it is a dry run, and tell of everybody who is or was due for what is still to come,
        in order of starts."""
        for looked in self._looked(now, every=True):
            if not dry_run:
                with self._rows.write() as connection:
                    want_all(connection, [mail for _, mail in looked if mail])
            yield from (decision for decision, _ in looked)

    def coming(self, id: str, recipient: str, now: datetime) -> list[datetime]:
        """When a recipient is going to be reminded of a confirmed appointment (UTC, in order)."""
        return self.coming_of(self._app.stream(id), now).get(recipient, [])

    def coming_of(self, events: Sequence[Event], now: datetime) -> dict[str, list[datetime]]:
        """When each recipient is going to be reminded of the appointment whose events these are: of two rules
        at one moment one speaks."""
        appointment = Appointment.remember(events[0].originator_id, events)
        told, rules, zones = told_at(events), self.in_force(), _Zones(self._app, self._time_zone)
        zones.look_up(appointment.attendees)
        coming: dict[str, list[datetime]] = {}
        for recipient in _recipients(appointment):
            zone = zones.of(recipient, appointment)
            heard = told.get(recipient, now)  # who has yet to be told is told now
            coming[recipient] = sorted(
                {
                    due
                    for about in appointment.occurrences
                    for each in rules
                    if max(now, heard)
                    < (due := due_at(each.rule, about.start, zone))
                    < self._until(each.rule, about)
                }
            )
        return coming

    def upcoming(self, now: datetime) -> tuple[datetime, int] | None:
        """When the next reminders are due, and how many, as the rows know it; None if none is to come."""
        first, who = datetime.max.replace(tzinfo=UTC), set[tuple[str, datetime, str]]()
        zones = _Zones(self._app, self._time_zone)
        for each in self.in_force():
            for page in occurrences(self._rows, now + each.lead - ALL_DAY, now + each.lead + YEAR):
                for o, recipient, at, _ in self._expected(page, [each], zones):
                    if not now < at < _until_at_most(o, each.rule) or at > first:
                        continue
                    if at < first:
                        first, who = at, set()
                    who.add((o.appointment, o.starts_at, recipient))
                if who and page[-1].starts_at - each.lead - HORIZON > first:
                    break
        return (first, len(who)) if who else None

    def hour(self) -> time | None:
        """The hour of the rule on the day, if there is one."""
        return next((r.rule.hour for r in self.in_force() if r.rule.when is Reminding.ON_THE_DAY), None)

    def zones(self, now: datetime) -> set[str]:
        """The zones of everybody who may be due within a day, for the alarm clock."""
        members, guests = places(self._rows, now, now + HORIZON)
        zones = _Zones(self._app, self._time_zone)
        zones.look_up(members)
        return {self._time_zone, *guests, *zones.values()}

    def still_due(self, mail: Mail, now: datetime) -> str:
        """Empty while the reminder should go; else why not (asked again at the moment of sending)."""
        appointment = self._app.appointment(mail.appointment)
        rules = {r.rule.name: r for r in self.in_force()}
        about = reminded_of(mail, appointment)
        if appointment.chosen is None or (about and about.state is CandidateState.WITHDRAWN):
            return "cancelled"
        if mail.recipient not in _recipients(appointment):
            return "removed"
        if about is None:
            return "moved"
        if mail.rule not in rules:
            return "rule_removed"
        if now >= self._until(rules[mail.rule].rule, about):
            return "started"
        zone = _Zones(self._app, self._time_zone).of(mail.recipient, appointment)
        return "overtaken" if now >= self._turn_ends(rules[mail.rule], rules.values(), about, zone) else ""

    def until(self, mail: Mail, appointment: Appointment, about: Candidate) -> datetime:
        """Until when a reminder that is due makes sense."""
        rules = {r.rule.name: r for r in self.in_force()}
        zone = _Zones(self._app, self._time_zone).of(mail.recipient, appointment)
        return self._turn_ends(rules[mail.rule], rules.values(), about, zone)

    def _turn_ends(self, rule: InForce, rules: Iterable[InForce], about: Candidate, zone: str) -> datetime:
        """When the next rule's reminder is due, which says all that this one does; else when none makes sense
        any more."""
        mine = due_at(rule.rule, about.start, zone), rule.rule.name
        until = self._until(rule.rule, about)
        turns = ((due_at(r.rule, about.start, zone), r) for r in rules)
        later = (at for at, r in turns if (at, r.rule.name) > mine and r.since <= at < until)
        return min(later, default=until)

    def _looked(self, now: datetime, every: bool) -> Iterator[list[tuple[Decision, Mail | None]]]:
        """What is decided at that moment, and the mail that follows, a page of occurrences at a time; unless
        `every`, streams are read only where the outbox lacks something that is due."""
        rules, zones = self.in_force(), _Zones(self._app, self._time_zone)
        until = now + max(HORIZON, *(each.lead for each in rules))
        for page in occurrences(self._rows, now - ALL_DAY, until):
            standing = [o for o in page if o.starts_at > now or o.may_last_all_day]
            wanted = are_wanted(self._rows, [o.appointment for o in standing])
            if not every:
                due = {
                    o
                    for o, _, at, key in self._expected(standing, rules, zones)
                    if at <= now and key not in wanted
                }
                standing = [o for o in standing if o in due]
            yield list(self._decided(standing, rules, zones, wanted, now))

    def _expected(
        self, page: Sequence[Occurrence], rules: Sequence[InForce], zones: _Zones
    ) -> Iterator[tuple[Occurrence, str, datetime, str]]:
        """When who is due for what, and the mail's key, as far as the rows know. Where a guest is may not be
        known yet: then they may be due at any time."""
        zones.look_up(member for o in page for member in o.members)
        for o in page:
            people = {member: zones[member] for member in o.members}
            if o.guest:
                people[GUEST] = "" if o.guest_zone is None else o.guest_zone or self._time_zone
            for recipient, zone in people.items():
                for each in rules:
                    due = due_at(each.rule, o.starts_at, zone) if zone else ALWAYS
                    yield o, recipient, due, _key(o.appointment, each.rule, o.starts_at, recipient)

    def _decided(
        self,
        page: Sequence[Occurrence],
        rules: Sequence[InForce],
        zones: _Zones,
        wanted: Set[str],
        now: datetime,
    ) -> Iterator[tuple[Decision, Mail | None]]:
        """What the aggregates say of the occurrences, for each recipient and rule; `wanted`: the keys of what
        is in the outbox already."""
        streams = self._streams([o.appointment for o in page])
        for o in page:
            if not (events := streams.get(o.appointment)):
                continue
            try:
                decided = list(self._decided_of(o, events, rules, zones, now))
            except StoreTrouble:
                raise
            except Exception:  # one appointment's fault must not keep the others from being reminded
                log.exception("nobody can be reminded of %s", o.appointment)
                continue
            for decision, mail in decided:
                if mail and mail.key in wanted:
                    why = "already in the outbox"
                    yield msgspec.structs.replace(decision, sent=False, skipped=True, why=why), None
                else:
                    yield decision, mail

    def _decided_of(
        self,
        o: Occurrence,
        events: Sequence[Event],
        rules: Sequence[InForce],
        zones: _Zones,
        now: datetime,
    ) -> Iterator[tuple[Decision, Mail | None]]:
        """What is due for whom of one occurrence, whether or not it is in the outbox already."""
        appointment, told = Appointment.remember(o.appointment, events), told_at(events)
        about = next((c for c in appointment.occurrences if c.id == o.candidate), None)
        if about is None:
            return
        zones.look_up(appointment.attendees)
        for recipient in _recipients(appointment):
            zone = zones.of(recipient, appointment)
            for each in rules:
                due = due_at(each.rule, about.start, zone)
                why = self._why_not(each, about, due, told.get(recipient), now)
                if why is None:
                    continue
                name, key = each.rule.name, _key(appointment.id, each.rule, about.start, recipient)
                mail = Mail(key, appointment.id, recipient, name, appointment.version, now)
                wanted = mail if not why else None
                if wanted and now >= self._turn_ends(each, rules, about, zone):
                    why = "the next one is due by now"  # the outbox shows that it was not sent
                decision = Decision(appointment.id, recipient, name, due, not why, bool(why), why or "due")
                yield decision, wanted

    def _why_not(
        self, rule: InForce, about: Candidate, due: datetime, told: datetime | None, now: datetime
    ) -> str | None:
        """Empty when the reminder goes, None where there is nothing to decide: it is not due yet, or it is
        too late. Whoever was told of the time since it was due, or is about to be, has just heard all."""
        until = self._until(rule.rule, about)
        if due >= until:
            return "starts before the hour of the reminder" if now < until else None
        if not due <= now < until:
            return None
        if due < rule.since:
            return "the rule is newer than the moment it was due"
        if told is None:
            return "not told yet that the time is fixed"
        return "told after it was due" if told >= due else ""

    def _until(self, rule: ReminderRule, about: Candidate) -> datetime:
        """Until when a reminder makes sense: the start, or the end of the first of whole days."""
        if not (about.all_day and rule.when is Reminding.ON_THE_DAY):
            return about.start
        return day_ends(about.start, ZoneInfo(self._time_zone))

    def _streams(self, ids: Sequence[str]) -> Mapping[str, Sequence[Event]]:
        """Their streams. One that can't be read waits for another release; the rest goes on."""
        try:
            return self._app.streams(ids)
        except StoreTrouble:
            raise
        except Exception:  # one appointment's fault must not keep the others from being reminded
            if len(ids) > 1:
                half = len(ids) // 2
                return {**self._streams(ids[:half]), **self._streams(ids[half:])}
            log.exception("nobody can be reminded of %s", ids[0])
            return {}


def _until_at_most(found: Occurrence, rule: ReminderRule) -> datetime:
    """Until when somebody may be reminded of it, as the rows know it: see `Reminders._until`."""
    lasts_all_day = found.may_last_all_day and rule.when is Reminding.ON_THE_DAY
    return found.starts_at + ALL_DAY if lasts_all_day else found.starts_at


class _Zones(dict[str, str]):
    """The members' zones, each read once."""

    def __init__(self, app: Coordination, home: str) -> None:
        super().__init__()
        self._app = app
        self._home = home

    def look_up(self, members: Iterable[str]) -> None:
        if unknown := set(members) - self.keys():
            found = self._app.members(sorted(unknown))
            self.update({id: member.time_zone or self._home for id, member in found.items()})

    def of(self, recipient: str, appointment: Appointment) -> str:
        """Where whoever gets a mail about the appointment is."""
        if recipient == GUEST:
            return appointment.time_zone or self._home
        self.look_up([recipient])
        return self[recipient]


def reminded_of(mail: Mail, appointment: Appointment) -> Candidate | None:
    """Which of an appointment's times a reminder is about, called off or not; None once that was moved."""
    start = mail.key.split("/")[2]
    found = {c.state: c for c in appointment.candidates.values() if _stamp(c.start) == start}
    return found.get(CandidateState.CHOSEN) or found.get(CandidateState.WITHDRAWN)


def _recipients(appointment: Appointment) -> list[str]:
    return [*([GUEST] if appointment.guest.email else []), *appointment.attendees]


def _key(appointment: str, rule: ReminderRule, start: datetime, recipient: str) -> str:
    return f"{appointment}/{rule.name}/{_stamp(start)}/{recipient}"


def _stamp(start: datetime) -> str:
    return f"{start:%Y%m%dT%H%MZ}"


# Thousands of people have few hours between them.
@lru_cache(maxsize=1024)
def due_at(rule: ReminderRule, start: datetime, zone: str) -> datetime:
    """When a reminder is due (UTC) for somebody in that zone."""
    if rule.when is Reminding.BEFORE:
        return start - timedelta(minutes=rule.minutes)
    local = ZoneInfo(zone)
    at_hour = datetime.combine(start.astimezone(local).date(), rule.hour, tzinfo=local)
    return at_hour.astimezone(UTC)
