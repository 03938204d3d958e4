"""calendarList: the calendars that a person has in the own list."""

from __future__ import annotations

import hashlib
import json

from chouseiapo.sandbox.calendars import ROLES, Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.google.access import named
from chouseiapo.sandbox.google.errors import invalid, refuse
from chouseiapo.sandbox.google.pages import placed, read_token, size, token
from chouseiapo.sandbox.google.select import selected
from chouseiapo.sandbox.world import World

PARAMETERS = {
    "alt", "fields", "key", "maxResults", "minAccessRole", "pageToken", "prettyPrint", "quotaUser",
    "showDeleted", "showHidden", "showOwnOrganizationOnly", "syncToken",
}  # fmt: skip


def list_calendars(world: World, email: str, call: Call) -> Reply:
    """100 a page unless asked for, 250 at most; what was taken out of sight only with showHidden."""
    if unknown := sorted(set(call.query) - PARAMETERS):
        raise invalid(f'Unknown name "{unknown[0]}": Cannot bind query parameter.', "invalidParameter")
    items = [_entry(each, email) for each in _wanted(world, email, call)]
    version = hashlib.sha256(json.dumps(items).encode()).hexdigest()[:16]
    if "syncToken" in call.query:
        items = _changed_since(call, version)
    first, most = int(placed(call).get("first", 0)), size(call, "100", 250)
    answer: Json = {
        "kind": "calendar#calendarList",
        "etag": f'"{version}"',
        "items": items[first : first + most],
    }
    if len(items) > first + most:
        answer["nextPageToken"] = token(call, first=first + most)
    else:
        answer["nextSyncToken"] = token(call, version=version)
    return Reply(200, selected(call, answer))


def _wanted(world: World, email: str, call: Call) -> list[Calendar]:
    least = call.one("minAccessRole", "freeBusyReader")
    if least not in ROLES[1:]:
        raise invalid(f"Invalid value for minAccessRole: {least!r}.", "invalidParameter")
    taken_back = [each for each in world.calendars.values() if each.role(email) == "none"]
    gone = [each for each in taken_back if email in each.shares] if call.flag("showDeleted") else []
    return gone + [
        each
        for each in world.calendars_of(email)
        if each.allows(email, least) and (call.flag("showHidden") or not each.shares[email].hidden)
    ]


def _changed_since(call: Call, version: str) -> list[Json]:
    """Nothing has changed, or else the sandbox remembers no more what it was: 410, as Google may say too."""
    if read_token(call.one("syncToken")).get("version") != version:
        raise refuse(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
    return []


def get(world: World, email: str, call: Call, calendar_id: str) -> Reply:
    calendar = named(world, email, calendar_id)
    if calendar is None or calendar.role(email) == "none":
        raise refuse(404)
    return Reply(200, selected(call, _entry(calendar, email)))


def _entry(calendar: Calendar, email: str) -> Json:
    share = calendar.shares[email]
    entry: Json = {"kind": "calendar#calendarListEntry", "etag": '"1"', "id": calendar.id}
    if share.role == "none":
        return entry | {"deleted": True}
    entry |= {
        "summary": calendar.name,
        "timeZone": "Asia/Tokyo",
        "accessRole": share.role,
        "defaultReminders": [],
        "selected": not share.hidden,
    }
    if share.hidden:
        entry["hidden"] = True
    return entry | ({"primary": True} if calendar.id == email else {})
