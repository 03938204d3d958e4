"""What stands on a calendar, read by whoever looks at it: series taken apart, days put into a zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from chouseiapo.adapters.caldav.objects import UNREADABLE, main, parsed, tag, uid_of
from chouseiapo.ports import Found, Placed

RECURRING = ("RRULE", "RDATE")
# A series that rings each second is a joke or an attack: taking it apart would never end.
MOST_INSTANCES = 300_000
A_DAY = {"SECONDLY": 86_400, "MINUTELY": 1440, "HOURLY": 24}


class Object(NamedTuple):
    """A calendar object as it stands on the server."""

    path: str
    etag: str
    text: str


def is_ours(there: Object, placed: Placed, generation: int = 0) -> bool:
    """By its tag; by its UID where some client has dropped what it does not know."""
    calendar = parsed(there.text)
    event = main(calendar) if calendar else None
    if event is None:
        return False
    if any(tag(event)):
        return tag(event) == (placed.appointment, placed.candidate)
    return str(event.get("UID", "")) == uid_of(placed.key, generation or placed.generation)


class Reader(NamedTuple):
    """Whose eyes: days without a time lie in `zone`; `addresses` are the owner's, in lower case."""

    zone: ZoneInfo
    addresses: tuple[str, ...]

    def between(self, there: Object, start: datetime, end: datetime) -> list[Found]:
        """All of an object that overlaps the window; nothing where it can't be read."""
        try:
            calendar = parsed(there.text)
            events = list(_instances(calendar, start, end)) if calendar else []
            found = [self._found(there, event) for event in events if _status(event) != "CANCELLED"]
        except UNREADABLE:
            return []
        return [each for each in found if _overlaps(each, start, end)]

    def whole(self, there: Object, start: datetime, end: datetime) -> list[Found]:
        """The same, but a single entry as it is wherever it stands."""
        return self.between(there, start, end) if is_series(there) else list(filter(None, [self.one(there)]))

    def one(self, there: Object) -> Found | None:
        """The entry that an object is about; None where it is cancelled or can't be read."""
        try:
            calendar = parsed(there.text)
            event = main(calendar) if calendar else None
            return self._found(there, event) if event and _status(event) != "CANCELLED" else None
        except UNREADABLE:
            return None

    def _found(self, there: Object, event: Event) -> Found:
        appointment, candidate = tag(event)
        answer = self._answer(event)
        return Found(
            vendor_id=there.path,
            title=str(event.get("SUMMARY", "")),
            start=self._instant(event.start),
            end=self._instant(event.end),
            confirmed=_status(event) != "TENTATIVE" and answer not in ("TENTATIVE", "NEEDS-ACTION"),
            appointment=appointment,
            candidate=candidate,
            etag=there.etag,
            all_day=not isinstance(event.start, datetime),
            free=str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or answer == "DECLINED",
            changed_at=_changed_at(event),
        )

    def _answer(self, event: Event) -> str:
        """What the owner has answered to an invitation; empty where there is none."""
        for attendee in _several(event.get("ATTENDEE")):
            if str(attendee).lower().removeprefix("mailto:") in self.addresses:
                return str(attendee.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
        return ""

    def _instant(self, at: date) -> datetime:
        """Times without a zone are meant wherever one is; here that is the zone of days."""
        if not isinstance(at, datetime):
            at = datetime.combine(at, time())
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)


def is_series(there: Object) -> bool:
    calendar = parsed(there.text)
    return calendar is not None and any(_recurs(event) for event in calendar.walk("VEVENT"))


def _instances(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Event]:
    events: list[Any] = calendar.walk("VEVENT")
    if not any(_recurs(event) for event in events):
        yield from events
    elif not any(_is_too_often(event, end) for event in events):
        # A day more at either end: whole days begin at midnight elsewhere.
        day = timedelta(days=1)
        yield from recurring_ical_events.of(calendar).between(start - day, end + day)


def _recurs(event: Any) -> bool:
    return any(name in event for name in RECURRING)


def _is_too_often(event: Any, end: datetime) -> bool:
    """A rule is followed from its beginning, however long ago that was."""
    days = max((end.date() - _day(event.start)).days, 1)
    return any(_most_a_day(rule) * days > MOST_INSTANCES for rule in _several(event.get("RRULE")))


def _most_a_day(rule: Any) -> int:
    often = A_DAY.get(str(_several(rule.get("FREQ"))[0]).upper(), 1)
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        often *= max(len(_several(rule.get(part))), 1)
    return often


def _day(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at


def _overlaps(found: Found, start: datetime, end: datetime) -> bool:
    return found.start < end and (found.end > start or start <= found.start == found.end)


def _status(event: Any) -> str:
    return str(event.get("STATUS", "")).upper()


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _changed_at(event: Event) -> datetime | None:
    """LAST-MODIFIED, which servers keep as they are given it."""
    stamp = getattr(event.get("LAST-MODIFIED"), "dt", None)
    return stamp.astimezone(UTC) if isinstance(stamp, datetime) and stamp.tzinfo else None
