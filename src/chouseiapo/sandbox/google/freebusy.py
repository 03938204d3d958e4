"""freeBusy.query: when calendars are busy, and nothing else of them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.google.access import BUSY, OWN_BUSY, named
from chouseiapo.sandbox.google.errors import invalid
from chouseiapo.sandbox.google.select import selected
from chouseiapo.sandbox.times import iana_zone, instant, zulu
from chouseiapo.sandbox.world import World

MOST_CALENDARS = 50
LONGEST = timedelta(days=62)
"""Two to three months by hearsay: the shorter one, so that nobody counts on the longer."""


def query(world: World, email: str, call: Call) -> Reply:
    """A calendar that can't be read answers with errors and an empty list, which means unknown, not free."""
    wish = _wish(call)
    start, end, zone = _window(wish)
    items = [str(each["id"]) for each in wish["items"]]
    calendars = {
        each: _busy(_visible(world, email, call, each), start, end, zone)
        if n < MOST_CALENDARS
        else _unknown("tooManyCalendarsRequested")
        for n, each in enumerate(items)
    }
    answer = {
        "kind": "calendar#freeBusy",
        "timeMin": zulu(start, "milliseconds"),
        "timeMax": zulu(end, "milliseconds"),
        "calendars": calendars,
    }
    return Reply(200, selected(call, answer))


def _wish(call: Call) -> Json:
    try:
        wish = call.object()
    except ValueError as problem:
        raise invalid(str(problem), "parseError") from problem
    known = {"timeMin", "timeMax", "timeZone", "items", "calendarExpansionMax", "groupExpansionMax"}
    if unknown := sorted(set(wish) - known):
        raise invalid(f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.')
    items = wish.setdefault("items", [])
    if not isinstance(items, list) or not all(isinstance(each, dict) and "id" in each for each in items):
        raise invalid("items is a list of {id}.")
    return wish


def _window(wish: Json) -> tuple[datetime, datetime, tzinfo]:
    for name in ("timeMin", "timeMax"):
        if name not in wish:
            raise invalid(f"Missing {name} parameter.", "required")
    try:
        start, end = instant(wish["timeMin"]), instant(wish["timeMax"])
        zone = iana_zone(str(wish.get("timeZone", "UTC")))
    except ValueError as problem:
        raise invalid(str(problem), "badRequest") from problem
    if start >= end:
        raise invalid("The specified time range is empty.", "timeRangeEmpty")
    if end - start > LONGEST:
        raise invalid("The requested time range is too long.", "timeRangeTooLong")
    return start, end, zone


def _visible(world: World, email: str, call: Call, calendar_id: str) -> Calendar | None:
    """calendar.freebusy alone ends at the calendars that the person owns."""
    calendar = named(world, email, calendar_id)
    if calendar is None or not calendar.shows_busy_to(email):
        return None
    beyond_own = call.scopes & {*BUSY} - {*OWN_BUSY}
    return calendar if beyond_own or calendar.role(email) == "owner" else None


def _busy(calendar: Calendar | None, start: datetime, end: datetime, zone: tzinfo) -> Json:
    if calendar is None:
        return _unknown("notFound")
    merged: list[tuple[datetime, datetime]] = []
    for entry in calendar.between(start, end):
        if not entry.busy:
            continue
        begin, finish = max(entry.start, start), min(entry.end, end)
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], finish)
        else:
            merged.append((begin, finish))
    return {"busy": [{"start": _shown(begin, zone), "end": _shown(finish, zone)} for begin, finish in merged]}


def _shown(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")


def _unknown(reason: str) -> Json:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}
