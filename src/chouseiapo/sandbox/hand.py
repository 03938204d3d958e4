"""What members do on their calendars by their own hand, at whichever vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.google import events as google
from chouseiapo.sandbox.microsoft import events as microsoft
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.times import TOKYO, day, instant
from chouseiapo.sandbox.world import World

MAKE: Mapping[str, Callable[..., Entry]] = {"google": google.make_entry, "microsoft": microsoft.make_entry}
SHOWN_AS = ("busy", "free", "oof", "workingElsewhere")
"""Graph's words; Google knows only whether an event blocks its time."""


class NoSuchEntry(Exception):
    """There is none with that id on the calendar; it may have been deleted."""


class Moment(NamedTuple):
    """A time, or the midnight of a day in Tokyo that is meant as a whole."""

    at: datetime
    whole_day: bool = False


def moment(wish: Mapping[str, object], name: str) -> Moment:
    """Of a request to the sandbox itself: 2026-11-25T10:00:00+09:00, or 2026-11-25 for whole days, where the
    end is the day after the last; ValueError in a plain sentence."""
    text = wish.get(name)
    whole_day = isinstance(text, str) and len(text) == len("2026-11-25")
    try:
        return Moment(day(text, TOKYO) if whole_day else instant(text), whole_day)
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from problem


def add(
    world: World,
    calendar_id: str,
    title: str,
    start: Moment,
    end: Moment,
    status: str = "confirmed",
    show_as: str = "busy",
) -> Entry:
    """Somebody else's business, without a tag. ValueError when it makes no entry."""
    calendar = world.calendar(calendar_id)
    if status not in ("confirmed", "tentative"):
        raise ValueError(f"status is confirmed or tentative, not {status!r}.")
    if show_as not in SHOWN_AS:
        raise ValueError(f"show_as is one of {', '.join(SHOWN_AS)}, not {show_as!r}.")
    _check(start, end)
    is_google = calendar.provider == "google"
    resource = _google(title, status, show_as) if is_google else _graph(title, status, show_as)
    with world.lock:
        now, id = world.now(), google.new_id() if is_google else ids.new_id()
        entry = MAKE[calendar.provider](
            resource | _times(calendar, start, end),
            id=id,
            created=now,
            updated=now,
            revision=calendar.tick(),
            deleted=False,
        )
        calendar.put(entry)
        world.changed.set()
        return entry


def _google(title: str, status: str, show_as: str) -> Json:
    resource: Json = {"summary": title, "status": status}
    return resource | ({"transparency": "transparent"} if show_as in ("free", "workingElsewhere") else {})


def _graph(title: str, status: str, show_as: str) -> Json:
    """Graph has no word for a tentative entry beside how it is shown."""
    return {"subject": title, "showAs": "tentative" if status == "tentative" else show_as}


def _check(start: Moment, end: Moment) -> None:
    if start.whole_day != end.whole_day:
        raise ValueError("Both start and end are times, or both are days.")
    if end.at <= start.at:
        raise ValueError(f"The end has to come after the start: {start.at} to {end.at}.")


def _times(calendar: Calendar, start: Moment, end: Moment) -> Json:
    both = (("start", start), ("end", end))
    if calendar.provider == "google":
        return {name: _google_time(at) for name, at in both}
    times: Json = {
        name: {"dateTime": f"{at.at.astimezone(TOKYO):%Y-%m-%dT%H:%M:%S}", "timeZone": "Tokyo Standard Time"}
        for name, at in both
    }
    return times | {"isAllDay": start.whole_day}


def _google_time(moment: Moment) -> Json:
    if moment.whole_day:
        return {"date": f"{moment.at.astimezone(TOKYO):%Y-%m-%d}"}
    return {"dateTime": moment.at.isoformat()}


def move(world: World, calendar_id: str, id: str, start: Moment | None, end: Moment | None) -> Entry:
    """Another time for it; one that is not given stays."""
    calendar = world.calendar(calendar_id)
    with world.lock:
        entry = _standing(calendar, id)
        start = start or Moment(entry.start, entry.all_day)
        end = end or Moment(entry.end, entry.all_day)
        _check(start, end)
        world.changed.set()
        resource = entry.resource | _times(calendar, start, end)
        if calendar.provider == "google":
            return google.replaced(world, calendar, entry, resource)
        return microsoft.replaced(world, calendar, entry, resource)


def remove(world: World, calendar_id: str, id: str) -> None:
    calendar = world.calendar(calendar_id)
    with world.lock:
        _delete(world, calendar, _standing(calendar, id))


def empty(world: World, calendar_id: str) -> int:
    """Everything at once, as by a slip of the hand; how many entries that were."""
    calendar = world.calendar(calendar_id)
    with world.lock:
        entries = calendar.live()
        for each in entries:
            _delete(world, calendar, each)
    return len(entries)


def _delete(world: World, calendar: Calendar, entry: Entry) -> None:
    vendor = google if calendar.provider == "google" else microsoft
    vendor.delete_entry(world, calendar, entry)
    world.changed.set()


def _standing(calendar: Calendar, id: str) -> Entry:
    entry = calendar.entries.get(id)
    if entry is None or entry.deleted:
        raise NoSuchEntry(f"{calendar.id} has no entry {id}.")
    return entry
