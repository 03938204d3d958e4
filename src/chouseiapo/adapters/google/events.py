"""An entry as Google writes it, and back."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from chouseiapo.ports import Entry, Found, Placed, cut

Event = dict[str, Any]

LONGEST_TITLE, LONGEST_BODY, LONGEST_LOCATION = 1024, 8192, 1024


def event_id(key: str, generation: int) -> str:
    """base32hex in lower case, as Google wants ids; the same on every machine and after every crash."""
    seed = hashlib.sha256(f"{key}|{generation}".encode()).digest()
    return base64.b32hexencode(seed).decode().lower().rstrip("=")


def wanted(entry: Entry) -> Event:
    """The fields that are ours; whatever else a member adds to the event stays theirs."""
    return {
        "summary": cut(entry.title, LONGEST_TITLE),
        "description": cut(entry.body, LONGEST_BODY),
        "location": cut(entry.location, LONGEST_LOCATION),
        **_times(entry),
        "status": "confirmed" if entry.confirmed else "tentative",
        "transparency": "opaque",
        "visibility": entry.visibility,
        "extendedProperties": {"private": {"appointment": entry.appointment, "candidate": entry.candidate}},
        # A hold rings nobody. The empty list is needed: beside useDefault, an override is refused.
        "reminders": {"useDefault": entry.confirmed, "overrides": []},
    }


def patched(entry: Entry, standing: Event | None) -> Event:
    """What a patch says. Google merges: where somebody made it last all day, the date must be taken away, and
    the time where it lasts all day and somebody gave it one."""
    body = wanted(entry)
    for edge in ("start", "end"):
        for name in standing[edge] if standing else ():
            body[edge].setdefault(name, None)
    return body


def placed_as(entry: Entry, generation: int, event: Event) -> Placed:
    return Placed(
        entry.key,
        entry.appointment,
        entry.candidate,
        vendor_id=event["id"],
        generation=generation,
        etag=event["etag"],
        calendar=entry.calendar,
    )


def is_ours(event: Event, ours: Entry | Placed) -> bool:
    """Whether it bears that tag and is not deleted; deleted ones can still be read."""
    tag = _tag(event)
    same = (tag.get("appointment"), tag.get("candidate")) == (ours.appointment, ours.candidate)
    return same and event.get("status") != "cancelled"


def found(event: Event, zone: tzinfo, our_zone: tzinfo) -> Found:
    """`zone` is the calendar's, for days without a time; ours are written in `our_zone`."""
    tag = _tag(event)
    zone = our_zone if "appointment" in tag else zone
    return Found(
        vendor_id=event["id"],
        title=event.get("summary", ""),
        start=_edge(event["start"], zone),
        end=_edge(event["end"], zone),
        confirmed=event.get("status") != "tentative",
        appointment=tag.get("appointment", ""),
        candidate=tag.get("candidate", ""),
        etag=event.get("etag", ""),
        all_day=is_all_day(event),
        free=_is_free(event),
        changed_at=read(event["updated"]) if "updated" in event else None,
    )


def is_all_day(event: Event) -> bool:
    return "date" in event["start"]


def _is_free(event: Event) -> bool:
    """Shown as free, declined, or a note of where its owner works."""
    own = [guest.get("responseStatus") for guest in event.get("attendees", []) if guest.get("self")]
    shown_free = event.get("transparency") == "transparent"
    return shown_free or "declined" in own or event.get("eventType") == "workingLocation"


def read(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _times(entry: Entry) -> Event:
    if entry.all_day:
        first, after = entry.days
        return {"start": {"date": first.isoformat()}, "end": {"date": after.isoformat()}}
    return {"start": _time(entry.start, entry.time_zone), "end": _time(entry.end, entry.time_zone)}


def _time(at: datetime, zone: str) -> Event:
    return {"dateTime": at.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}


def _tag(event: Event) -> dict[str, str]:
    private: dict[str, str] = event.get("extendedProperties", {}).get("private", {})
    return private


def _edge(edge: Event, zone: tzinfo) -> datetime:
    if "dateTime" in edge:
        return read(edge["dateTime"])
    return datetime.fromisoformat(edge["date"]).replace(tzinfo=zone).astimezone(UTC)
