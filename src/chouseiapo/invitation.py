"""The iCalendar part of a mail (RFC 5545, RFC 5546): one event, one attendee, one method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vRecur

Method = Literal["REQUEST", "CANCEL"]
_HOUR = timedelta(hours=1)
_CONTROLS = {code: None for code in (*range(32), 127) if code != ord("\n")}


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An event as its one attendee should have it; `organizer` and `attendee` are (name, address).

    The organizer's address must be the mail's From: Gmail and Outlook leave the event in place otherwise when
    a CANCEL comes. `uid` stays for life; `sequence` rises with every change of time or place and on CANCEL.
    A series repeats by the wall clock of `time_zone`: `rule` is its RRULE (`FREQ=WEEKLY;COUNT=5`), `last` the
    start of the last one, `exdates` are the starts that were called off. all_day: start and end are midnights
    in that zone, the end not included.
    """

    method: Method
    uid: str
    sequence: int
    start: datetime
    end: datetime
    time_zone: str
    summary: str
    description: str
    location: str
    organizer: tuple[str, str]
    attendee: tuple[str, str]
    classification: str = ""
    all_day: bool = False
    rule: str = ""
    last: datetime | None = None
    exdates: Sequence[datetime] = ()

    def render(self, now: datetime) -> bytes:
        """The whole calendar: UTF-8, CRLF, lines of at most 75 octets."""
        calendar = Calendar()
        calendar.add("prodid", "-//chouseiapo//mail//EN")
        calendar.add("version", "2.0")
        calendar.add("method", self.method)
        calendar.add_component(self._event(now))
        text: bytes = calendar.to_ical()
        if self.all_day:  # dates have no zone
            return text
        zone = time_zone_definition(self.time_zone, self.start.year, (self.last or self.start).year)
        return text.replace(b"\r\nBEGIN:VEVENT", b"\r\n" + zone + b"BEGIN:VEVENT", 1)

    def _event(self, now: datetime) -> Event:
        event = Event()
        event.add("uid", self.uid)
        event.add("sequence", self.sequence)
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", self._local(self.start))
        event.add("dtend", self._local(self.end))
        if self.rule:
            event.add("rrule", vRecur.from_ical(self.rule))
        for exdate in self.exdates:
            event.add("exdate", self._local(exdate))
        event.add("summary", plain(self.summary))
        for name, text in (("description", self.description), ("location", self.location)):
            if text:
                event.add(name, plain(text))
        if self.classification:
            event.add("class", self.classification)
        event.add("status", "CANCELLED" if self.method == "CANCEL" else "CONFIRMED")
        event.add("transp", "OPAQUE")
        event.add("organizer", calendar_user(*self.organizer))
        event.add("attendee", self._attendee())
        return event

    def _local(self, instant: datetime) -> datetime | date:
        """As it is written: by the clock of the zone, or as a date of it."""
        local = instant.astimezone(zone_of(self.time_zone))
        return local.date() if self.all_day else local

    def _attendee(self) -> vCalAddress:
        """They chose the time themselves, so there is nothing left to answer."""
        attendee = calendar_user(*self.attendee)
        attendee.params.update(
            {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        )
        return attendee


def uid(appointment: str, mail_from: str) -> str:
    """The appointment's name in everybody's calendar, for as long as it lives."""
    return f"{appointment}@{parseaddr(mail_from)[1].rpartition('@')[2]}"


def plain(text: str) -> str:
    """The text without control characters, which RFC 5545 has no way to write; line breaks stay."""
    return text.translate(_CONTROLS)


def calendar_user(name: str, address: str) -> vCalAddress:
    user = vCalAddress(f"mailto:{address}")
    if name:
        # A double quote would have to be written ^' (RFC 6868), which older readers show as it stands.
        user.params["CN"] = " ".join(name.replace('"', "'").split())
    return user


def zone_of(name: str) -> ZoneInfo:
    """Aliases of UTC are written as UTC itself, which has no definition."""
    return ZoneInfo("UTC") if name in _UTC else ZoneInfo(name)


_UTC = {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"}


@lru_cache(maxsize=512)
def time_zone_definition(name: str, year: int, until: int = 0) -> bytes:
    """The VTIMEZONE of a zone for events that start in that UTC year, or in the years from there until the
    one given, and last a day at most.

    Ours, because icalendar 7.3 dates the start of summer time by the new offset, where RFC 5545 has the old
    one: its zones change an hour late in spring.
    """
    if name in _UTC:
        return b""
    observances = _observances(ZoneInfo(name), year, max(year, until))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", *observances, "END:VTIMEZONE"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _observances(zone: ZoneInfo, first: int, last: int) -> Iterator[str]:
    before = datetime(first - 1, 12, 1, tzinfo=UTC)
    yield from _observance(before.astimezone(zone), before.astimezone(zone))
    for change in _changes(zone, before, datetime(last + 1, 2, 1, tzinfo=UTC)):
        yield from _observance((change - _HOUR).astimezone(zone), change.astimezone(zone))


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every instant in the window at which the offset changes, to the minute."""
    step = timedelta(days=7)
    while start < end:
        if start.astimezone(zone).utcoffset() != (start + step).astimezone(zone).utcoffset():
            yield _change(zone, start, start + step)
        start += step


def _change(zone: ZoneInfo, earlier: datetime, later: datetime) -> datetime:
    old = earlier.astimezone(zone).utcoffset()
    while later - earlier > timedelta(minutes=1):
        middle = earlier + (later - earlier) // 2
        if middle.astimezone(zone).utcoffset() == old:
            earlier = middle
        else:
            later = middle
    return later.replace(second=0, microsecond=0)


def _observance(before: datetime, since: datetime) -> Iterator[str]:
    """From `since` on; its start is written in the wall time of the offset before (RFC 5545, 3.6.5)."""
    part = "DAYLIGHT" if since.dst() else "STANDARD"
    onset = (since.astimezone(UTC) + (before.utcoffset() or timedelta())).strftime("%Y%m%dT%H%M%S")
    yield from (f"BEGIN:{part}", f"DTSTART:{onset}", f"TZNAME:{since.tzname()}")
    yield from (f"TZOFFSETFROM:{before:%z}", f"TZOFFSETTO:{since:%z}", f"END:{part}")
