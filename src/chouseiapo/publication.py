"""The iCalendar feed of one reader (RFC 5545, RFC 5546, RFC 7986): events to be seen, not to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event

from chouseiapo.invitation import calendar_user, plain, time_zone_definition, zone_of

Status = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]
# How often to come back; apps that take no advice come when they like.
REFRESH = timedelta(minutes=15)
# How Outlook colours an event of a subscribed calendar; it does not go by STATUS.
_SHOWN_AS = {"TENTATIVE": "TENTATIVE", "CONFIRMED": "BUSY", "CANCELLED": "FREE"}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One event as it is now. `uid` stays for life, `sequence` rises with every change; `organizer` is (name,
    address). days: of what lasts whole days, the first and the one after the last.
    """

    uid: str
    sequence: int
    changed_at: datetime
    status: Status
    start: datetime
    end: datetime
    summary: str
    organizer: tuple[str, str]
    description: str = ""
    location: str = ""
    classification: str = ""
    days: tuple[date, date] | None = None

    def component(self, zone: str) -> Event:
        """The VEVENT; a cancelled one blocks no time."""
        event = Event()
        event.add("uid", self.uid)
        event.add("sequence", self.sequence)
        event.add("dtstamp", self.changed_at.astimezone(UTC))
        event.add("last-modified", self.changed_at.astimezone(UTC))
        starts, ends = self.days or (edge.astimezone(zone_of(zone)) for edge in (self.start, self.end))
        event.add("dtstart", starts)
        event.add("dtend", ends)
        event.add("summary", plain(self.summary))
        for name, text in (("description", self.description), ("location", self.location)):
            if text:
                event.add(name, plain(text))
        if self.classification:
            event.add("class", self.classification)
        event.add("status", self.status)
        event.add("transp", "TRANSPARENT" if self.status == "CANCELLED" else "OPAQUE")
        event.add("x-microsoft-cdo-busystatus", _SHOWN_AS[self.status])
        event.add("organizer", calendar_user(*self.organizer))
        return event


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A whole calendar, written in one IANA zone; its events end after `since` and last a month at most."""

    name: str
    time_zone: str
    since: datetime
    events: Sequence[Published]

    def render(self) -> bytes:
        """UTF-8, CRLF, lines of at most 75 octets; the same events always give the same bytes."""
        calendar = self._head()
        ordered = sorted(self.events, key=lambda event: (event.start, event.uid))
        for event in ordered:
            calendar.add_component(event.component(self.time_zone))
        last_year = max((event.start.year for event in ordered), default=self.since.year)
        zone = time_zone_definition(self.time_zone, self.since.year, last_year)
        after_head = b"BEGIN:VEVENT\r\n" if ordered else b"END:VCALENDAR\r\n"
        text: bytes = calendar.to_ical()
        return text.replace(after_head, zone + after_head, 1)

    def _head(self) -> Calendar:
        calendar = Calendar()
        calendar.add("prodid", "-//chouseiapo//feed//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        for name in ("name", "x-wr-calname"):
            calendar.add(name, plain(self.name))
        calendar.add("x-wr-timezone", self.time_zone)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", f"PT{REFRESH // timedelta(minutes=1)}M")
        return calendar
