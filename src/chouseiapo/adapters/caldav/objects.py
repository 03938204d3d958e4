"""An entry as an iCalendar object (RFC 5545): what we write, and what we leave as it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from chouseiapo.invitation import time_zone_definition
from chouseiapo.ports import Entry, cut

APPOINTMENT, CANDIDATE = "X-CHOUSEIAPO-APPOINTMENT", "X-CHOUSEIAPO-CANDIDATE"
LONGEST_TITLE, LONGEST_BODY, LONGEST_LOCATION = 1024, 100_000, 1024
# RFC 5545 has no way to write these; tabs and line breaks it has.
CONTROLS = {code: None for code in (*range(32), 127) if chr(code) not in "\n\t"}
TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
# X-ALT-DESC is what some clients keep of the description beside it, as HTML.
TEXTS = ("SUMMARY", "DESCRIPTION", "X-ALT-DESC", "LOCATION")
MARKS = ("STATUS", "TRANSP", APPOINTMENT, CANDIDATE)
# What reading somebody else's object may fail with: the libraries promise nothing.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


def name_of(key: str, generation: int) -> str:
    """An entry's name in its folder, the same on every machine and after every crash."""
    return f"{_digest(key)}-{generation}.ics"


def uid_of(key: str, generation: int) -> str:
    return f"{_digest(key)}-{generation}@chouseiapo"


def made(entry: Entry, generation: int, now: datetime) -> str:
    """The object as we put it first; without attendees, because servers mail them, and without alarms."""
    calendar, event = Calendar(), Event()
    calendar.add("prodid", "-//chouseiapo//caldav//EN")
    calendar.add("version", "2.0")
    event.add("uid", uid_of(entry.key, generation))
    event.add("created", now.astimezone(UTC))
    event.add("sequence", 0)
    calendar.add_component(event)
    _write(event, entry, now)
    return _rendered(calendar, entry)


def changed(text: str, entry: Entry, generation: int, now: datetime) -> str | None:
    """The object that stands there with what is ours made right; None where it is right already."""
    calendar = parsed(text)
    event = main(calendar) if calendar else None
    if calendar is None or event is None:
        return made(entry, generation, now)
    before, place, alone = _ours(event), _place(event), len(calendar.walk("VEVENT")) == 1
    _write(event, entry, now)
    if alone and _ours(event) == before:
        return None
    if _place(event) != place:
        _set(event, "SEQUENCE", int(event.get("SEQUENCE") or 0) + 1)
    zone = entry.time_zone
    calendar.subcomponents = [
        part
        for part in calendar.subcomponents
        if part is event or (part.name != "VEVENT" and part.get("TZID") != zone)
    ]
    return _rendered(calendar, entry)


def parsed(text: str) -> Calendar | None:
    """The calendar; None for what is none."""
    try:
        found: Any = Calendar.from_ical(text)
    except UNREADABLE:
        return None
    return found if isinstance(found, Calendar) else None


def main(calendar: Calendar) -> Event | None:
    """The one event that an object is about; changed instances of a series stand beside it."""
    events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    return next((event for event in events if "RECURRENCE-ID" not in event), next(iter(events), None))


def tag(event: Event) -> tuple[str, str]:
    """Appointment and candidate; empty for what is not ours."""
    return _text(event, APPOINTMENT), _text(event, CANDIDATE)


def _ours(event: Event) -> list[str]:
    """What is ours, in words that no server writes differently."""
    times = [_instant(event, name) for name in TIMES]
    return [*times, *(_text(event, name) for name in (*TEXTS, *MARKS, "CLASS"))]


def _write(event: Event, entry: Entry, now: datetime) -> None:
    for name in (*TIMES, *TEXTS, *MARKS):
        event.pop(name, None)
    start, end = _times(entry)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", cut(entry.title.translate(CONTROLS), LONGEST_TITLE))
    for name, text, longest in (
        ("description", entry.body, LONGEST_BODY),
        ("location", entry.location, LONGEST_LOCATION),
    ):
        if text:
            event.add(name, cut(text.translate(CONTROLS), longest))
    event.add("status", "CONFIRMED" if entry.confirmed else "TENTATIVE")
    event.add("transp", "OPAQUE")
    event.add(APPOINTMENT, entry.appointment)
    event.add(CANDIDATE, entry.candidate)
    if entry.visibility in ("public", "private"):
        _set(event, "CLASS", entry.visibility.upper())
    for name in ("DTSTAMP", "LAST-MODIFIED"):
        _set(event, name, now.astimezone(UTC))


def _times(entry: Entry) -> tuple[date, date]:
    """Dates of whole days; else wall clock and zone, or UTC where the wall clock shows an hour twice, as
    iCalendar takes no offset."""
    if entry.all_day:
        return entry.days
    zone = ZoneInfo(entry.time_zone)
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    twice = any(edge.utcoffset() != edge.replace(fold=1 - edge.fold).utcoffset() for edge in (start, end))
    if twice or not _definition(entry):
        return start.astimezone(UTC), end.astimezone(UTC)
    return start, end


def _rendered(calendar: Calendar, entry: Entry) -> str:
    text: str = calendar.to_ical().decode()
    if f"TZID={entry.time_zone}" not in text:
        return text
    return text.replace("\r\nBEGIN:VEVENT", f"\r\n{_definition(entry)}BEGIN:VEVENT", 1)


def _definition(entry: Entry) -> str:
    return time_zone_definition(entry.time_zone, entry.start.astimezone(UTC).year).decode()


def _place(event: Event) -> tuple[str, ...]:
    """When and where: what a new SEQUENCE is for."""
    return _instant(event, "DTSTART"), _instant(event, "DTEND"), _text(event, "LOCATION")


def _set(event: Event, name: str, value: object) -> None:
    event.pop(name, None)
    event.add(name, value)


def _instant(event: Event, name: str) -> str:
    value = getattr(event.get(name), "dt", None)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    return str(value) if value else _text(event, name)


def _text(event: Event, name: str) -> str:
    """A property's value as text, whatever it is; the first where there are several."""
    found = event.get(name)
    first = found[0] if isinstance(found, list) and found else found
    if first is None:
        return ""
    return str(first) if isinstance(first, str) else str(first.to_ical())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
