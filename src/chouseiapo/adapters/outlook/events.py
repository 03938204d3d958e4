"""An entry as Graph writes it, and back; and how ours are told from others."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from chouseiapo.adapters.outlook.graph import Ask
from chouseiapo.ports import Entry, Found, Placed, cut

Event = dict[str, Any]

LONGEST_TITLE, LONGEST_LOCATION = 255, 255
LONGEST_BODY = 100_000  # Exchange keeps more, but four of them must fit into a batch of 4 MB
PAGE = 250
NAMESPACE = uuid.UUID("7c2f6c0e-52c8-4e6e-9a53-0f4d7c1b9e21")
_PROPERTY = "String {6f1ad8c2-9e0b-4c53-9d4e-2b7a51f0c3e8} Name "
APPOINTMENT, CANDIDATE = f"{_PROPERTY}appointment", f"{_PROPERTY}candidate"
# Graph leaves extended properties out unless they are asked for by name.
WITH_TAG = f"singleValueExtendedProperties($filter=id eq '{APPOINTMENT}' or id eq '{CANDIDATE}')"


def create(entry: Entry, generation: int) -> Ask:
    """The transactionId is the same after every crash, and another once an event is gone for good."""
    tag = [{"id": APPOINTMENT, "value": entry.appointment}, {"id": CANDIDATE, "value": entry.candidate}]
    transaction = str(uuid.uuid5(NAMESPACE, f"{entry.key}|{generation}"))
    made = {"transactionId": transaction, "singleValueExtendedProperties": tag}
    return Ask("POST", "/me/events", wanted(entry) | made)


def change(entry: Entry, id: str, etag: str) -> Ask:
    """Only over the version with that etag, when there is one."""
    return Ask("PATCH", f"/me/events/{quote(id, safe='')}", wanted(entry), if_match=etag)


def get(id: str) -> Ask:
    return Ask("GET", _with_query(f"/me/events/{quote(id, safe='')}", {"$expand": WITH_TAG}))


def delete(id: str) -> Ask:
    return Ask("DELETE", f"/me/events/{quote(id, safe='')}")


def look_up(appointment: str, candidate: str) -> Ask:
    """What bears the tag of this candidate."""
    tag = {APPOINTMENT: appointment, CANDIDATE: candidate}
    clauses = (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{id}' and ep/value eq '{_quoted(value)}')"
        for id, value in tag.items()
    )
    query = {"$filter": " and ".join(clauses), "$expand": WITH_TAG, "$select": "id", "$top": "50"}
    return Ask("GET", _with_query("/me/events", query))


def view(start: datetime, end: datetime) -> Ask:
    """Whatever overlaps the window, series taken apart."""
    query = {
        "startDateTime": _instant(start),
        "endDateTime": _instant(end),
        "$select": "id,subject,start,end,showAs",
        "$expand": WITH_TAG,
        "$top": str(PAGE),
    }
    return Ask("GET", _with_query("/me/calendarView", query))


def schedule(mailbox: str, start: datetime, end: datetime) -> Ask:
    body = {"schedules": [mailbox], "startTime": _utc(start), "endTime": _utc(end)}
    return Ask("POST", "/me/calendar/getSchedule", body)


def wanted(entry: Entry) -> Event:
    """The fields that are ours; whatever else a member adds to the event stays theirs."""
    start, end = _times(entry)
    return {
        "subject": cut(entry.title, LONGEST_TITLE),
        "body": {"contentType": "text", "content": cut(entry.body, LONGEST_BODY)},
        "location": {"displayName": cut(entry.location, LONGEST_LOCATION)},
        "start": start,
        "end": end,
        "isAllDay": False,
        "showAs": "busy" if entry.confirmed else "tentative",
        "sensitivity": "private" if entry.visibility == "private" else "normal",
        "isReminderOn": entry.confirmed,  # a hold rings nobody
    }


def placed_as(entry: Entry, generation: int, event: Event) -> Placed:
    return Placed(
        entry.key,
        entry.appointment,
        entry.candidate,
        vendor_id=event["id"],
        generation=generation,
        etag=event.get("@odata.etag", ""),
    )


def bears_tag(event: Event, appointment: str, candidate: str) -> bool:
    """Compared again: Graph's filter does not distinguish case."""
    return _tag(event) == {APPOINTMENT: appointment, CANDIDATE: candidate}


def found(event: Event) -> Found:
    tag = _tag(event)
    return Found(
        vendor_id=event["id"],
        title=event.get("subject") or "",
        start=read(event["start"]),
        end=read(event["end"]),
        confirmed=event.get("showAs") != "tentative",
        appointment=tag.get(APPOINTMENT, ""),
        candidate=tag.get(CANDIDATE, ""),
    )


def read(moment: Mapping[str, str]) -> datetime:
    """Answers are in UTC unless a zone is asked for; whole days begin at midnight there."""
    return datetime.fromisoformat(moment["dateTime"][:19]).replace(tzinfo=UTC)


def _tag(event: Event) -> dict[str, str]:
    properties = event.get("singleValueExtendedProperties") or []
    named = {found["id"].lower(): found["value"] for found in properties}
    return {id: named[id.lower()] for id in (APPOINTMENT, CANDIDATE) if id.lower() in named}


def _times(entry: Entry) -> tuple[Event, Event]:
    """Wall clock and zone; in UTC where the wall clock shows an hour twice, as Graph takes no offset."""
    zone = ZoneInfo(entry.time_zone)
    edges = [edge.astimezone(zone) for edge in (entry.start, entry.end)]
    if any(edge.utcoffset() != edge.replace(fold=1 - edge.fold).utcoffset() for edge in edges):
        return _utc(entry.start), _utc(entry.end)
    start, end = ({"dateTime": _wall(edge), "timeZone": entry.time_zone} for edge in edges)
    return start, end


def _utc(at: datetime) -> Event:
    return {"dateTime": _wall(at.astimezone(UTC)), "timeZone": "UTC"}


def _wall(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")


def _instant(at: datetime) -> str:
    return f"{_wall(at.astimezone(UTC))}Z"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}"
