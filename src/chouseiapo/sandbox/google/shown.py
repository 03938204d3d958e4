"""Events as Google answers them."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import tzinfo

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.times import TOKYO, iana_zone, instant, zulu


def etag(entry: Entry) -> str:
    return f'"{entry.revision:016d}"'


def public(entry: Entry, calendar: Calendar, zone: tzinfo | None = None, reader: str = "") -> Json:
    """The event as Google answers it: times in the calendar's zone, defaults left out. Who may only read
    the calendar sees of a private one that it is there and when."""
    if reader and not calendar.allows(reader, "writer") and entry.visibility in ("private", "confidential"):
        entry = dataclasses.replace(entry, resource={name: entry.resource[name] for name in ("start", "end")})
    whose = {"email": calendar.id, "self": True}
    uid = entry.resource.get("iCalUID", f"{entry.id}@google.com")
    shown = {
        name: value for name, value in entry.resource.items() if name not in ("transparency", "visibility")
    }
    if not entry.busy:
        shown["transparency"] = "transparent"
    if entry.visibility != "default":
        shown["visibility"] = entry.visibility
    return shown | {
        "kind": "calendar#event",
        "etag": etag(entry),
        "id": entry.id,
        "status": "cancelled" if entry.deleted else entry.status,
        "htmlLink": f"https://www.google.com/calendar/event?eid={hashlib.sha256(entry.id.encode()).hexdigest()[:32]}",
        "created": zulu(entry.created, "milliseconds"),
        "updated": zulu(entry.updated, "milliseconds"),
        "creator": whose,
        "organizer": whose,
        "start": _shown_time(entry.resource["start"], zone),
        "end": _shown_time(entry.resource["end"], zone),
        "iCalUID": uid,
        "sequence": entry.resource.get("sequence", 0),
        "reminders": entry.resource.get("reminders", {"useDefault": True}),
        "eventType": "default",
    }


def _shown_time(value: Json, zone: tzinfo | None) -> Json:
    if "date" in value:
        return {"date": value["date"]}
    own = iana_zone(value["timeZone"]) if value.get("timeZone") else TOKYO
    at = instant(value["dateTime"], own).astimezone(zone or own)
    return {"dateTime": at.isoformat(timespec="seconds"), "timeZone": own.key}
