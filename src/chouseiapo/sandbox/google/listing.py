"""events.list: windows, filters, pages, and what has changed since a sync token."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.google import sync
from chouseiapo.sandbox.google.access import readable
from chouseiapo.sandbox.google.errors import invalid
from chouseiapo.sandbox.google.pages import placed, size, token
from chouseiapo.sandbox.google.select import selected
from chouseiapo.sandbox.google.shown import public
from chouseiapo.sandbox.google.sync import EARLIEST, LATEST, NOT_WITH_SYNC, Known
from chouseiapo.sandbox.times import iana_zone, instant, zulu
from chouseiapo.sandbox.world import World

PARAMETERS = {
    *NOT_WITH_SYNC, "alt", "alwaysIncludeEmail", "eventTypes", "fields", "key", "maxAttendees", "maxResults",
    "pageToken", "prettyPrint", "quotaUser", "showDeleted", "showHiddenInvitations", "singleEvents",
    "syncToken", "timeZone",
}  # fmt: skip


def list_events(world: World, email: str, call: Call, calendar_id: str) -> Reply:
    calendar = readable(world, email, call, calendar_id)
    _check_parameters(call)
    epoch = world.switches.google_sync_epoch
    known, place = sync.read(call, calendar, epoch), placed(call)
    clock = int(place.get("clock", calendar.clock))
    entries = _matching(calendar, call) if known is None else known.changed(calendar)
    entries = [each for each in entries if _key(call, each) > place.get("after", [])]
    most = size(call, "250", 2500)
    page, rest = entries[:most], entries[most:]
    answer = _about(calendar, email, page) | {"items": _items(world, email, call, calendar, known, page)}
    if rest:
        answer["nextPageToken"] = token(call, after=_key(call, page[-1]), clock=clock)
    else:
        start, end = (known.start, known.end) if known else _window(call)
        answer |= sync.next_token(call, calendar, epoch, Known(clock, start, end))
    return Reply(200, selected(call, answer))


def _about(calendar: Calendar, email: str, page: list[Entry]) -> Json:
    updated = {"updated": zulu(max(each.updated for each in page), "milliseconds")} if page else {}
    return updated | {
        "kind": "calendar#events",
        "etag": f'"p{calendar.clock:016d}"',
        "summary": calendar.name if calendar.id != email else email,
        "timeZone": "Asia/Tokyo",
        "accessRole": calendar.role(email),
        "defaultReminders": [],
    }


def _items(
    world: World, email: str, call: Call, calendar: Calendar, known: Known | None, page: list[Entry]
) -> list[Json]:
    """What a move takes out of the window comes as cancelled, or as it is now: a switch decides."""
    zone = _zone(call)
    as_it_is = world.switches.google_moved_out == "event"
    return [
        sync.cancelled(each)
        if known and known.left(calendar, each) and (each.deleted or not as_it_is)
        else public(each, calendar, zone, reader=email)
        for each in page
    ]


def _key(call: Call, entry: Entry) -> list[str]:
    """The order of the list, and the place where a page ends; changes between two pages hide nothing."""
    if "syncToken" in call.query:
        return [f"{entry.revision:016d}"]
    at = entry.updated if call.one("orderBy") == "updated" else entry.start
    return [at.isoformat(), entry.id]


def _check_parameters(call: Call) -> None:
    if unknown := sorted(set(call.query) - PARAMETERS):
        raise invalid(f'Unknown name "{unknown[0]}": Cannot bind query parameter.', "invalidParameter")
    sync.check(call)
    order = call.one("orderBy")
    if order and (
        order not in ("startTime", "updated") or (order == "startTime" and not call.flag("singleEvents"))
    ):
        raise invalid("The requested ordering is not available for the particular query.", "invalidParameter")


def _zone(call: Call) -> tzinfo | None:
    try:
        return iana_zone(call.one("timeZone")) if call.one("timeZone") else None
    except ValueError as problem:
        raise invalid(str(problem), "invalidParameter") from problem


def _moment(call: Call, name: str, otherwise: datetime) -> datetime:
    """The offset is mandatory."""
    if not call.one(name):
        return otherwise
    try:
        return instant(call.one(name))
    except ValueError as problem:
        raise invalid(f"Invalid value for {name}: {problem}", "badRequest") from problem


def _window(call: Call) -> tuple[datetime, datetime]:
    return _moment(call, "timeMin", EARLIEST), _moment(call, "timeMax", LATEST)


def _matching(calendar: Calendar, call: Call) -> list[Entry]:
    start, end = _window(call)
    if start >= end:
        raise invalid("The specified time range is empty.", "timeRangeEmpty")
    updated_min = _moment(call, "updatedMin", EARLIEST)
    with_deleted = call.flag("showDeleted") or "updatedMin" in call.query
    entries = [
        each
        for each in _candidates(calendar, call, start, end, with_deleted)
        if each.overlaps(start, end) and each.updated >= updated_min and (with_deleted or not each.deleted)
    ]
    if text := call.one("q").lower():
        entries = [each for each in entries if text in f"{each.title}\n{each.body}".lower()]
    if uid := call.one("iCalUID"):
        entries = [each for each in entries if uid == each.resource.get("iCalUID", f"{each.id}@google.com")]
    return sorted(entries, key=lambda each: _key(call, each))


def _candidates(
    calendar: Calendar, call: Call, start: datetime, end: datetime, with_deleted: bool
) -> Iterable[Entry]:
    """By the narrowest index that serves: private properties (all must hold), or the days of the window."""
    wanted = [_pair(text) for text in call.query.get("privateExtendedProperty", ())]
    shared = [_pair(text) for text in call.query.get("sharedExtendedProperty", ())]
    if wanted:
        found = [each for each in calendar.marked(wanted[0]) if set(wanted) <= set(each.marks)]
    elif with_deleted or (start, end) == (EARLIEST, LATEST):
        found = list(calendar.entries.values())
    else:
        found = calendar.between(start, end)
    return [each for each in found if set(shared) <= _shared(each)] if shared else found


def _shared(entry: Entry) -> set[tuple[str, str]]:
    return set(entry.resource.get("extendedProperties", {}).get("shared", {}).items())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise invalid("An extended property is searched by name=value.", "invalidParameter")
    return name, value
