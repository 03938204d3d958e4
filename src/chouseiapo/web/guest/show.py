"""What the guest's pages show of an appointment: words and times, in the guest's language and zone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo import wording
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Kind, Meeting
from chouseiapo.domain.slots import Candidate, CandidateState

# Offered in the list; any other IANA name works in the address.
ZONES = (
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Bangkok",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Pacific/Honolulu",
    "Australia/Sydney",
    "Pacific/Auckland",
    "UTC",
)


class SlotShown(msgspec.Struct, frozen=True):
    """A candidate as a tile: its time in the guest's zone, and in the organization's where that differs."""

    id: str
    day: str
    time: str
    home: str
    machine: str
    open: bool
    room: str


class Shown:
    """A view for templates; computed when asked for."""

    def __init__(self, services: Services, appointment: Appointment, zone: str, locale: str) -> None:
        self._services = services
        self._appointment = appointment
        self._locale = locale
        self.zone = zone
        self.home_zone = services.settings.time_zone

    @property
    def company(self) -> str:
        return self._services.settings.company

    @property
    def organizer(self) -> str:
        return self._services.coordination.member(self._appointment.organizer).name

    @property
    def title(self) -> str:
        """The title if there is one; a guest is not addressed by the blank one's own name."""
        return self._appointment.title

    @property
    def kind(self) -> str:
        return wording.kind(self._appointment.kind, self._locale, guest=True)

    @property
    def is_web(self) -> bool:
        return self._appointment.kind is Kind.WEB

    @property
    def platform(self) -> str:
        return wording.platform(self._appointment.platform)

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
    def zone_name(self) -> str:
        return self._zone_name(self._reference())

    @property
    def deadline(self) -> str:
        return wording.moment(self._appointment.deadline, self.zone, self._locale)

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
            (wording.day(found[0].start, self.zone, self._locale), [self._slot(c) for c in found])
            for _, group in by_day
            if (found := list(group))
        ]

    @property
    def chosen(self) -> SlotShown | None:
        return self._slot(self._appointment.chosen) if self._appointment.chosen else None

    @property
    def meeting(self) -> Meeting | None:
        return self._appointment.meeting

    @property
    def meeting_follows(self) -> bool:
        return self._appointment.awaits_meeting

    @property
    def room(self) -> str:
        return self.chosen.room if self.chosen else ""

    @property
    def google_link(self) -> str:
        """Google's form for a new event, filled in."""
        start, end = self._span()
        times = f"{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}"
        query = {"action": "TEMPLATE", "text": self._summary(), "dates": times} | self._where(
            "details", "location"
        )
        return f"https://calendar.google.com/calendar/render?{urlencode(query)}"

    @property
    def outlook_link(self) -> str:
        """Outlook on the web's form for a new event, filled in."""
        start, end = self._span()
        query = {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            "subject": self._summary(),
            "startdt": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "enddt": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        } | self._where("body", "location")
        return f"https://outlook.office.com/calendar/0/deeplink/compose?{urlencode(query)}"

    def ics(self, now: datetime) -> bytes:
        """The confirmed time as a calendar file of its own (no invitation: nobody is asked to answer)."""
        from icalendar import Calendar, Event  # only this file needs it; a page must not wait for its import

        start, end = self._span()
        event = Event()
        event.add("uid", f"{self._appointment.id}@chouseiapo")
        event.add("dtstamp", now)
        event.add("dtstart", start)
        event.add("dtend", end)
        event.add("summary", self._summary())
        for name, value in self._where("description", "location").items():
            event.add(name, value)
        calendar = Calendar()
        calendar.add("prodid", "-//chouseiapo//JA")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add_component(event)
        content: bytes = calendar.to_ical()
        return content

    def _slot(self, candidate: Candidate) -> SlotShown:
        start, end = (at.astimezone(ZoneInfo(self.zone)) for at in (candidate.start, candidate.end))
        opens, closes = (wording.clock(at, self.zone) for at in (start, end))
        room = self._room(candidate) if self._appointment.kind is Kind.VISIT_US else ""
        return SlotShown(
            id=candidate.id,
            day=wording.day(start, self.zone, self._locale),
            time=f"{opens}–{closes if start.date() == end.date() else self._end(candidate)}",
            home=self._at_home(candidate),
            machine=start.isoformat(),
            open=candidate.state is CandidateState.OPEN,
            room=room,
        )

    def _at_home(self, candidate: Candidate) -> str:
        """The slot in the organization's zone, where that one shows another time."""
        if self.zone == self.home_zone or not self._zones_differ(candidate.start):
            return ""
        return wording.slot(candidate.start, candidate.end, self.home_zone, self._locale)

    def _room(self, candidate: Candidate) -> str:
        """Where a visitor is expected; who meets online has nothing to look for there."""
        return self._services.coordination.room(candidate.room).name if candidate.room else ""

    def _end(self, candidate: Candidate) -> str:
        """An end on another day than the start names its day."""
        return wording.moment(candidate.end, self.zone, self._locale)

    def _zones_differ(self, at: datetime) -> bool:
        here, home = (at.astimezone(ZoneInfo(z)).utcoffset() for z in (self.zone, self.home_zone))
        return here != home

    def _zone_name(self, at: datetime) -> str:
        return wording.zone_name(self.zone, at, self._locale)

    def _reference(self) -> datetime:
        """The date whose offset the page names: that of the meeting, not today's."""
        if self._appointment.chosen:
            return self._appointment.chosen.start
        return min(c.start for c in self._appointment.candidates.values())

    def _span(self) -> tuple[datetime, datetime]:
        chosen = self._appointment.chosen
        if chosen is None:
            raise ValueError("only a confirmed appointment has a time")
        return chosen.start.astimezone(UTC), chosen.end.astimezone(UTC)

    def _summary(self) -> str:
        return wording.title_for_guest(
            self.title, self._appointment.kind, self.company or self.organizer, self._locale
        )

    def _where(self, text: str, place: str) -> dict[str, Any]:
        meeting = self.meeting
        lines = (meeting.join_url, meeting.meeting_id, meeting.passcode) if meeting else ()
        found = {
            text: "\n".join(filter(None, lines)),
            place: self.place or (meeting.join_url if meeting else ""),
        }
        return {name: value for name, value in found.items() if value}
