"""Events as Graph answers them."""

from __future__ import annotations

import base64
import re

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.microsoft.fields import property_key
from chouseiapo.sandbox.microsoft.query import expanded, select
from chouseiapo.sandbox.microsoft.zones import preferred_zone, written
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World


def etag(entry: Entry) -> str:
    return f'W/"{change_key(entry)}"'


def change_key(entry: Entry) -> str:
    return change_mark(entry.revision)


def change_mark(revision: int) -> str:
    return base64.b64encode(f"CQAAABYAAAD{revision:012d}".encode()).decode()


def public(world: World, entry: Entry, calendar: Calendar, call: Call) -> Json:
    """The event as Graph answers it: times in UTC or the preferred zone, extended properties if expanded."""
    zone = preferred_zone(call)
    resource = entry.resource
    properties = resource.get("singleValueExtendedProperties", [])
    shown = {name: value for name, value in resource.items() if name != "singleValueExtendedProperties"}
    keys = expanded(call)
    if keys and (wanted := [each for each in properties if property_key(each["id"]) in keys]):
        shown["singleValueExtendedProperties"] = wanted
    return select(call, DEFAULTS | shown | _computed(world, entry, calendar, call) | {
        "start": written(entry.start, zone),
        "end": written(entry.end, zone),
    })  # fmt: skip


DEFAULTS: Json = {
    "subject": "",
    "showAs": "busy",
    "sensitivity": "normal",
    "importance": "normal",
    "isAllDay": False,
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
    "transactionId": None,
    "attendees": [],
    "categories": [],
    "body": {"contentType": "html", "content": ""},
    "location": {"displayName": "", "locationType": "default"},
}


def _computed(world: World, entry: Entry, calendar: Calendar, call: Call) -> Json:
    text = re.sub(r"<[^>]*>", " ", entry.body) if "<" in entry.body else entry.body
    return {
        "@odata.etag": etag(entry),
        "id": ids.shown(entry.id, call.headers),
        "changeKey": change_key(entry),
        "createdDateTime": zulu(entry.created, "microseconds"),
        "lastModifiedDateTime": zulu(entry.updated, "microseconds"),
        "iCalUId": entry.id.encode().hex().upper()[:80],
        "bodyPreview": text.strip()[:255],
        "type": "singleInstance",
        "isCancelled": False,
        "isDraft": False,
        "isOrganizer": True,
        "hasAttachments": False,
        "originalStartTimeZone": entry.resource["start"]["timeZone"],
        "originalEndTimeZone": entry.resource["end"]["timeZone"],
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "organizer": organizer(world, calendar),
        "webLink": f"https://outlook.office365.com/owa/?itemid={entry.id}&exvsurl=1&path=/calendar/item",
    }


def organizer(world: World, calendar: Calendar) -> Json:
    """Whose calendar it is; one of somebody outside has no more than its name."""
    owner = world.people.get(calendar.owner)
    return {"emailAddress": {"name": owner.name if owner else calendar.name, "address": calendar.owner}}
