"""An entry as Graph writes it, and back; and how ours are told from others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chouseiapo.ports import Entry, Found, Placed, cut

Event = dict[str, Any]

LONGEST_TITLE, LONGEST_LOCATION = 255, 255
LONGEST_BODY = 100_000  # Exchange keeps more, but it has to fit into a batch of 4 MB several times
BUSY = frozenset({"tentative", "busy", "oof"})
_PROPERTY = "String {6f1ad8c2-9e0b-4c53-9d4e-2b7a51f0c3e8} Name "
APPOINTMENT, CANDIDATE = f"{_PROPERTY}appointment", f"{_PROPERTY}candidate"


def wanted(entry: Entry) -> Event:
    """The fields that are ours; whatever else a member adds to the event stays theirs."""
    start, end = _times(entry)
    return {
        "subject": cut(entry.title, LONGEST_TITLE),
        "body": {"contentType": "text", "content": cut(entry.body, LONGEST_BODY)},
        "location": {"displayName": cut(entry.location, LONGEST_LOCATION)},
        "start": start,
        "end": end,
        "isAllDay": entry.all_day,
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
        calendar=entry.calendar,
    )


def bears_tag(event: Event, ours: Entry | Placed) -> bool:
    """Compared again: Graph's filter does not distinguish case."""
    return _tag(event) == {APPOINTMENT: ours.appointment, CANDIDATE: ours.candidate}


def found(event: Event) -> Found:
    tag, all_day = _tag(event), event.get("isAllDay", False)
    read_edge = _read_day if all_day else _read_moment
    return Found(
        vendor_id=event["id"],
        title=event.get("subject") or "",
        start=read_edge(event, "start"),
        end=read_edge(event, "end"),
        confirmed=event.get("showAs") != "tentative",
        appointment=tag.get(APPOINTMENT, ""),
        candidate=tag.get(CANDIDATE, ""),
        etag=event.get("@odata.etag", ""),
        all_day=all_day,
        free=_is_free(event),
        changed_at=_changed_at(event),
    )


def _changed_at(event: Event) -> datetime | None:
    """An instant in UTC, with more decimals than Python reads."""
    text = event.get("lastModifiedDateTime") or ""
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) if len(text) >= 19 else None


def _is_free(event: Event) -> bool:
    """Shown as free, declined, or called off by who invited."""
    answer = (event.get("responseStatus") or {}).get("response")
    return event.get("showAs", "busy") not in BUSY or answer == "declined" or event.get("isCancelled", False)


def read(moment: Mapping[str, str]) -> datetime:
    """Answers are in UTC unless a zone is asked for."""
    return datetime.fromisoformat(moment["dateTime"][:19]).replace(tzinfo=UTC)


def _read_moment(event: Event, edge: str) -> datetime:
    return read(event[edge])


def _read_day(event: Event, edge: str) -> datetime:
    """Whole days float: they are told as midnights in UTC, and meant where the event was made. Who tells the
    instant instead tells no midnight, or the zone is UTC's.
    """
    at = read(event[edge])
    if at.time() != time.min:
        return at
    return at.replace(tzinfo=_zone(event.get("originalStartTimeZone") or "")).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    """A Windows or an IANA name; UTC for one that is neither, as for zones of somebody's own making."""
    from babel.core import get_global

    windows: Mapping[str, str] = get_global("windows_zone_mapping")
    try:
        return ZoneInfo(windows.get(name, name))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _tag(event: Event) -> dict[str, str]:
    properties = event.get("singleValueExtendedProperties") or []
    named = {found["id"].lower(): found["value"] for found in properties}
    return {id: named[id.lower()] for id in (APPOINTMENT, CANDIDATE) if id.lower() in named}


def _times(entry: Entry) -> tuple[Event, Event]:
    """Wall clock and zone; in UTC where the wall clock shows an hour twice, as Graph takes no offset. Whole
    days begin at midnight where they are meant, whatever the clock shows twice."""
    zone = ZoneInfo(entry.time_zone)
    edges = [edge.astimezone(zone) for edge in (entry.start, entry.end)]
    if not entry.all_day and any(
        edge.utcoffset() != edge.replace(fold=1 - edge.fold).utcoffset() for edge in edges
    ):
        return utc(entry.start), utc(entry.end)
    start, end = ({"dateTime": _wall(edge), "timeZone": entry.time_zone} for edge in edges)
    return start, end


def utc(at: datetime) -> Event:
    return {"dateTime": _wall(at.astimezone(UTC)), "timeZone": "UTC"}


def instant(at: datetime) -> str:
    return f"{_wall(at.astimezone(UTC))}Z"


def _wall(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")
