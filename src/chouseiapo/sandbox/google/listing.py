"""events.list: windows, filters, pages, and the sync tokens that bring only what has changed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any

from chouseiapo.sandbox.calendars import Calendar, Entry
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.google.errors import invalid, refuse
from chouseiapo.sandbox.google.events import own
from chouseiapo.sandbox.google.select import selected
from chouseiapo.sandbox.google.shown import public
from chouseiapo.sandbox.times import iana_zone, instant, zulu
from chouseiapo.sandbox.world import World

NOT_WITH_SYNC = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMax", "timeMin",
    "updatedMin",
)  # fmt: skip
"""Named by the discovery document as incompatible with a syncToken."""

PARAMETERS = {
    *NOT_WITH_SYNC, "alt", "alwaysIncludeEmail", "eventTypes", "fields", "key", "maxAttendees", "maxResults",
    "pageToken", "prettyPrint", "quotaUser", "showDeleted", "showHiddenInvitations", "singleEvents",
    "syncToken", "timeZone",
}  # fmt: skip
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def list_events(world: World, email: str, call: Call, calendar_id: str) -> Reply:
    calendar = world.calendars[own(email, calendar_id)]
    _check_parameters(call)
    epoch = world.switches.google_sync_epoch
    since = _revision(call, epoch)
    place = _place(call)
    clock = int(place.get("clock", calendar.clock))
    entries = _matching(calendar, call) if since is None else calendar.changed_since(since)
    entries = [each for each in entries if _key(call, each) > place.get("after", [])]
    page, rest = entries[: _size(call)], entries[_size(call) :]
    answer = _answer(call, email, page) | {"etag": f'"p{calendar.clock:016d}"'}
    if rest:
        query = _fingerprint(call, "pageToken")
        answer["nextPageToken"] = _token(after=_key(call, page[-1]), clock=clock, query=query)
    elif not any(name in call.query for name in NOT_WITH_SYNC):
        query = _fingerprint(call, "pageToken", "syncToken", "maxResults")
        answer["nextSyncToken"] = _token(revision=clock, epoch=epoch, query=query)
    return Reply(200, selected(call, answer))


def _answer(call: Call, email: str, page: list[Entry]) -> Json:
    zone = _zone(call)
    updated = {"updated": zulu(max(each.updated for each in page), "milliseconds")} if page else {}
    return updated | {
        "kind": "calendar#events",
        "summary": email,
        "timeZone": "Asia/Tokyo",
        "accessRole": "owner",
        "defaultReminders": [],
        "items": [public(each, email, zone) for each in page],
    }


def _key(call: Call, entry: Entry) -> list[str]:
    """The order of the list, and the place where a page ends; changes between two pages hide nothing."""
    if "syncToken" in call.query:
        return [f"{entry.revision:016d}"]
    at = entry.updated if call.one("orderBy") == "updated" else entry.start
    return [at.isoformat(), entry.id]


def _check_parameters(call: Call) -> None:
    if unknown := sorted(set(call.query) - PARAMETERS):
        raise invalid(f'Unknown name "{unknown[0]}": Cannot bind query parameter.', "invalidParameter")
    if "syncToken" in call.query and (clash := [name for name in NOT_WITH_SYNC if name in call.query]):
        raise invalid(f"Sync token cannot be used with {clash[0]}.", "invalidParameter")
    order = call.one("orderBy")
    if order and (
        order not in ("startTime", "updated") or (order == "startTime" and not call.flag("singleEvents"))
    ):
        raise invalid("The requested ordering is not available for the particular query.", "invalidParameter")


def _size(call: Call) -> int:
    """250 a page unless asked for, 2500 at most."""
    wish = call.one("maxResults", "250")
    if not wish.isdecimal() or int(wish) < 1:
        raise invalid(f"Invalid value for maxResults: {wish!r}.", "invalidParameter")
    return min(int(wish), 2500)


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


def _matching(calendar: Calendar, call: Call) -> list[Entry]:
    start, end = _moment(call, "timeMin", EARLIEST), _moment(call, "timeMax", LATEST)
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


def _fingerprint(call: Call, *left_out: str) -> str:
    """The other parameters must stay identical from page to page, and from sync to sync."""
    kept = sorted((name, list(values)) for name, values in call.query.items() if name not in left_out)
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]


def _token(**content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _read(token: str) -> dict[str, Any]:
    try:
        content = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _place(call: Call) -> dict[str, Any]:
    """Where the page before this one ended."""
    if not call.one("pageToken"):
        return {}
    content = _read(call.one("pageToken"))
    if content.get("query") != _fingerprint(call, "pageToken"):
        raise invalid("Invalid page token value.", "invalidParameter")
    return content


def _revision(call: Call, epoch: int) -> int | None:
    """What the caller knows already; an expired token is 410: wipe and start over."""
    if "syncToken" not in call.query:
        return None
    content = _read(call.one("syncToken"))
    if content.get("epoch") != epoch or "revision" not in content:
        message = "Sync token is no longer valid, a full sync is required."
        raise refuse(410, "fullSyncRequired", message)
    if content["query"] != _fingerprint(call, "pageToken", "syncToken", "maxResults"):
        raise invalid("Sync token is used with other parameters than the first request.", "invalidParameter")
    return int(content["revision"])
