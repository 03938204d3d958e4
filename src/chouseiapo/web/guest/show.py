"""What the guest's pages show of an appointment: words and times, in the guest's language and zone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup

from chouseiapo import wording
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Kind, Meeting
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.invitation import uid
from chouseiapo.mail import repeating
from chouseiapo.mail_facts import told_kind
from chouseiapo.web import zones
from chouseiapo.web.guest.picking import Picked
from chouseiapo.web.guest.to_calendar import Event
from chouseiapo.web.guest.told import told
from chouseiapo.web.replaced import replaced_by


class SlotShown(msgspec.Struct, frozen=True):
    """A candidate as a tile: its time in the guest's zone, and in the organization's where that differs."""

    id: str
    day: str
    time: str
    begins: str
    home: str
    machine: str
    open: bool
    room: str
    called_off: bool = False

    @property
    def pick(self) -> str:
        """What the form says when it is picked: see `picking`."""
        return f"{self.id}|{self.machine}"


class Shown:
    """A view for templates; computed when asked for."""

    def __init__(
        self, services: Services, appointment: Appointment, zone: str, locale: str, now: datetime
    ) -> None:
        self._services = services
        self._appointment = appointment
        self._locale = locale
        self._now = now
        self._today = now.astimezone(ZoneInfo(zone)).date()
        self.zone = zone
        self.home_zone = services.settings.time_zone

    @property
    def company(self) -> str:
        return self._services.settings.company

    @property
    def organizer(self) -> str:
        return self._lead.name_in(self._locale)

    @property
    def organizer_email(self) -> str:
        """Where the guest's answers to our mails go too."""
        return self._lead.email

    @cached_property
    def _lead(self) -> Member:
        """Several lines of a page name the organizer."""
        return self._services.coordination.member(self._appointment.organizer)

    @property
    def title(self) -> str:
        """The title; in place of a blank one the other side's name, not the guest's own."""
        host = self.company or self.organizer
        return wording.title_for_guest(self._appointment.title, self._kind, host, self._locale)

    @property
    def kind(self) -> str:
        return wording.kind(self._kind, self._locale, guest=True)

    @property
    def kind_in_full(self) -> str:
        """Empty for a web meeting that was given up."""
        kind, platform = self._kind, self._appointment.platform
        return wording.kind_in_full(kind, platform, self._locale, guest=True) if kind else ""

    @property
    def _kind(self) -> Kind | None:
        return told_kind(self._appointment)

    @property
    def duration(self) -> str:
        chosen = self._appointment.chosen
        slots = [chosen] if chosen else self._appointment.open_candidates
        return wording.durations([c.slot for c in slots if not c.all_day], self._locale)

    @property
    def place(self) -> str:
        return self._appointment.place

    @property
    def message(self) -> str:
        return self._appointment.message

    @property
    def email_known(self) -> bool:
        return bool(self._appointment.guest.email)

    @property
    def phone_needed(self) -> bool:
        """Whether somebody is to call the guest, and nobody knows where. Only the page asks, not the API."""
        return self._appointment.kind is Kind.PHONE and not self._appointment.guest.phone

    @property
    def number_called(self) -> str:
        """The guest's number, where the appointment is a call to it."""
        return self._appointment.guest.phone if self._appointment.kind is Kind.PHONE else ""

    @property
    def zone_name(self) -> str:
        return wording.zone_name(self.zone, self._reference(), self._locale)

    @property
    def zones(self) -> Markup:
        """The zones to choose from."""
        return zones.options(self.zone, self._reference(), self._locale)

    @property
    def deadline(self) -> str:
        """Its zone is named where it is not the organization's: the deadline stands above all other times."""
        at = self._appointment.deadline
        text = wording.moment(at, self.zone, self._locale, self._today)
        named = "" if self.zone == self.home_zone else wording.zone_name(self.zone, at, self._locale)
        return f"{text} {named}".strip()

    @property
    def days(self) -> list[tuple[str, list[SlotShown]]]:
        """The candidates that a guest may know of, by day in the guest's zone."""
        shown = (CandidateState.OPEN, CandidateState.TAKEN)
        known = sorted(
            (c for c in self._appointment.candidates.values() if c.state in shown), key=lambda c: c.start
        )
        zone = ZoneInfo(self.zone)
        by_day = groupby(known, key=lambda c: c.start.astimezone(zone).date())
        return [
            (self._day(found[0].start), [self._slot(c) for c in found])
            for _, group in by_day
            if (found := list(group))
        ]

    @property
    def first(self) -> str:
        """The candidate to begin with when none was picked; empty when nothing is left to pick."""
        found = min(self._appointment.open_candidates, key=lambda c: c.start, default=None)
        return found.id if found else ""

    def moved_to(self, picked: Picked) -> str:
        """When the picked candidate is by now, where the guest was shown another time; empty otherwise."""
        found = next((c for c in self._appointment.open_candidates if c.id == picked.candidate), None)
        if found is None or found.stands_at(picked.start):
            return ""
        return wording.slot(found.start, found.end, self.zone, self._locale, self._today)

    @property
    def chosen(self) -> SlotShown | None:
        """The fixed time; of several the next."""
        fixed = self._appointment.coming(self._now)
        return self._slot(fixed) if fixed else None

    @property
    def is_over(self) -> bool:
        return self._appointment.is_over(self._now)

    @property
    def repeats(self) -> str:
        known = self._appointment
        return wording.recurrence(known.recurrence, known.candidates.values(), self._locale)

    @property
    def occurrences(self) -> list[SlotShown]:
        """Every time of a series, those that were called off among them."""
        shown = self._appointment.candidates.values() if self._appointment.is_series else ()
        return [self._slot(c) for c in shown]

    @property
    def called_off(self) -> str:
        """The confirmed time of an appointment that was cancelled afterwards; of several the next to come."""
        every = self._appointment.candidates.values()
        picked = [c for c in every if c.state is CandidateState.CHOSEN]
        if self._appointment.state is not State.CANCELLED or not picked:
            return ""
        spelled = self._spelled(next((c for c in picked if c.end > self._now), picked[0]))
        return f"{spelled} · {self.repeats}" if self.repeats else spelled

    @property
    def agreed(self) -> str:
        """The confirmed time that a choice here would replace, as long as it stands and is to come."""
        replaced = self._appointment.instead_of
        standing = self._services.coordination.appointment(replaced).chosen if replaced else None
        if standing is None or standing.end <= self._now:
            return ""
        return self._spelled(standing)

    @property
    def is_replaced(self) -> bool:
        """Whether it was called off because another time was agreed on instead."""
        return replaced_by(self._services.coordination, self._appointment) is not None

    @property
    def meeting(self) -> Meeting | None:
        """With the guest's own way in, where they have one."""
        issued = self._appointment.meeting
        return issued.for_guest if issued else None

    @property
    def meeting_id(self) -> str:
        return wording.meeting_id(self.meeting.meeting_id) if self.meeting else ""

    @property
    def where(self) -> str:
        """The place of a confirmed appointment, and the room there."""
        return " ".join(filter(None, (self.place, self.chosen.room if self.chosen else "")))

    @property
    def event(self) -> Event:
        """The confirmed time for the guest's own calendar, with how to join."""
        chosen = self._appointment.chosen
        if chosen is None:
            raise ValueError("only a confirmed appointment has a time")
        meeting, how = self.meeting, self._appointment.recurrence
        every = list(self._appointment.candidates.values()) if how else [chosen]
        gone = [c.start for c in every if c.state is CandidateState.WITHDRAWN]
        return Event(
            uid=uid(self._appointment.id, self._services.settings.mail_from),
            title=self.title,
            start=every[0].start.astimezone(UTC),
            end=every[0].end.astimezone(UTC),
            details="\n".join(wording.joining(meeting, self._locale)),
            place=self.where or (meeting.join_url if meeting else ""),
            zone=self.home_zone,
            all_day=chosen.all_day,
            rule=repeating(how) if how else "",
            last=every[-1].start,
            exdates=gone,
        )

    @property
    def told(self) -> list[str]:
        """What the guest is told of mails that went, or are to come."""
        asked = (self._appointment, self.organizer, self.zone, self._locale, self._now)
        return list(told(self._services, *asked))

    def _slot(self, candidate: Candidate) -> SlotShown:
        start = candidate.start.astimezone(ZoneInfo(self.zone))
        room = self._room(candidate) if self._appointment.kind is Kind.VISIT_US else ""
        shown = SlotShown(
            id=candidate.id,
            day=self._day(start),
            time=wording.hours(start, candidate.end, self.zone, self._locale, self._today),
            begins=wording.moment(start, self.zone, self._locale, self._today),
            home=self._at_home(candidate),
            machine=start.isoformat(),
            open=candidate.state is CandidateState.OPEN,
            room=room,
            called_off=candidate.state is CandidateState.WITHDRAWN,
        )
        return self._in_days(shown, candidate) if candidate.all_day else shown

    def _in_days(self, shown: SlotShown, candidate: Candidate) -> SlotShown:
        """Whole days are the organization's, wherever the guest is."""
        first = candidate.start.astimezone(ZoneInfo(self.home_zone)).date()
        spelled = self._spelled(candidate)
        return msgspec.structs.replace(shown, day=spelled, time="", home="", machine=first.isoformat())

    def _spelled(self, candidate: Candidate) -> str:
        if candidate.all_day:
            zone, spell = self.home_zone, wording.days
        else:
            zone, spell = self.zone, wording.slot
        return spell(candidate.start, candidate.end, zone, self._locale, self._today)

    def _day(self, at: datetime) -> str:
        return wording.day(at, self.zone, self._locale, self._today)

    def _at_home(self, candidate: Candidate) -> str:
        """The slot in the organization's zone with its name, where that one shows another time."""
        home, start = self.home_zone, candidate.start
        if start.astimezone(ZoneInfo(self.zone)).utcoffset() == start.astimezone(ZoneInfo(home)).utcoffset():
            return ""
        there = wording.slot(start, candidate.end, home, self._locale, self._today)
        return f"{wording.zone_name(home, start, self._locale)}: {there}"

    def _room(self, candidate: Candidate) -> str:
        """Where a visitor is expected; who meets online has nothing to look for there."""
        return self._services.coordination.room(candidate.room).name if candidate.room else ""

    def _reference(self) -> datetime:
        """The date whose offset the page names: that of the meeting, not today's."""
        if self._appointment.chosen:
            return self._appointment.chosen.start
        return min(c.start for c in self._appointment.candidates.values())
