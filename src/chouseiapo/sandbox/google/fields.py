"""What may stand in an event, field by field; Google's discovery document names the values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.google.errors import invalid
from chouseiapo.sandbox.times import TOKYO, day, iana_zone, instant

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}", re.ASCII)

TEXTS = {"colorId", "description", "iCalUID", "id", "location", "summary"}
FLAGS = {"anyoneCanAddSelf", "guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests"}
OBJECTS = {"conferenceData", "gadget", "reminders", "source"}
ENUMS = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": ("default",),
}
READ_ONLY = {
    "attendeesOmitted", "created", "creator", "endTimeUnspecified", "etag", "hangoutLink", "htmlLink", "kind",
    "locked", "organizer", "originalStartTime", "privateCopy", "recurringEventId", "updated",
}  # fmt: skip
"""Ignored without a word, as an event that was read may be written back whole."""

OTHERS = {"attachments", "attendees", "end", "extendedProperties", "sequence", "start", "recurrence"}
WRITABLE = TEXTS | FLAGS | OBJECTS | set(ENUMS) | OTHERS

RESPONSES = ("needsAction", "declined", "tentative", "accepted")
MOST_PROPERTIES, LONGEST_KEY, LONGEST_VALUE, MOST_BYTES = 300, 44, 1024, 32 * 1024
LONGEST_DESCRIPTION = 8192
"""Google's help speaks of 8K characters and nobody knows what the API does beyond: here it refuses."""


def only_writable(body: Json) -> Json:
    """What of it can be written; Refusal (400) for a name that no event has, where Google is more patient."""
    if unknown := sorted(set(body) - WRITABLE - READ_ONLY):
        raise invalid(f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.')
    return {name: value for name, value in body.items() if name in WRITABLE}


def check(event: Json) -> Json:
    """The whole event without its nulls; Refusal (400) for any value that Google would not take."""
    kept = {name: value for name, value in event.items() if value is not None}
    for name, value in kept.items():
        _check_type(name, value)
    for name in {"start", "end"} & set(kept):
        kept[name] = {key: value for key, value in kept[name].items() if value is not None}
    if len(kept.get("description", "")) > LONGEST_DESCRIPTION:
        raise invalid(f"The description is longer than {LONGEST_DESCRIPTION} characters.")
    _check_attendees(kept.get("attendees", []))
    _check_properties(kept.get("extendedProperties", {}))
    if kept.get("recurrence"):
        raise invalid("The sandbox does not simulate recurring events.")
    return kept


def _check_type(name: str, value: object) -> None:
    wanted: type = str
    if name in FLAGS:
        wanted = bool
    elif name in OBJECTS or name in ("start", "end", "extendedProperties"):
        wanted = dict
    elif name in ("attendees", "attachments", "recurrence"):
        wanted = list
    elif name == "sequence":
        wanted = int
    if not isinstance(value, wanted):
        raise invalid(f"Invalid value at '{name}': {value!r}.")
    if name in ENUMS and value not in ENUMS[name]:
        raise invalid(f"Invalid value for: {value!r} is no valid {name}.")


def _check_attendees(attendees: list[object]) -> None:
    for each in attendees:
        if not isinstance(each, dict) or not isinstance(each.get("email"), str) or "@" not in each["email"]:
            raise invalid("Invalid attendee email.")
        if each.get("responseStatus", "needsAction") not in RESPONSES:
            raise invalid(f"Invalid value for: {each['responseStatus']!r} is no valid responseStatus.")


def _check_properties(properties: Json) -> None:
    """300 properties, keys of 44 and values of 1024 characters, 32 kB in all."""
    if unknown := sorted(set(properties) - {"private", "shared"}):
        raise invalid(f'Invalid JSON payload received. Unknown name "{unknown[0]}" at extendedProperties.')
    pairs = [pair for values in properties.values() for pair in _pairs(values)]
    if len(pairs) > MOST_PROPERTIES or sum(len(k.encode()) + len(v.encode()) for k, v in pairs) > MOST_BYTES:
        raise invalid("There are too many extended properties.")
    if any(len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE for key, value in pairs):
        raise invalid("An extended property is too long.")


def _pairs(values: object) -> list[tuple[str, str]]:
    if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
        raise invalid("Extended properties are texts by name.")
    return list(values.items())


def check_id(id: str) -> None:
    """base32hex in lower case, 5 to 1024 characters."""
    if not EVENT_ID.fullmatch(id):
        raise invalid("Invalid resource id value.")


def times(event: Mapping[str, Json]) -> tuple[datetime, datetime, bool]:
    """Start and end in UTC, and whether they are whole days; Refusal when missing, unclear or reversed."""
    for name in ("start", "end"):
        if name not in event:
            raise invalid(f"Missing {name} time.", "required")
    start, end = event["start"], event["end"]
    if ("date" in start) != ("date" in end):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    begin, finish = _moment("start", start), _moment("end", end)
    if finish <= begin:
        raise invalid("The specified time range is empty.", "timeRangeEmpty")
    return begin, finish, "date" in start


def _moment(name: str, value: Json) -> datetime:
    """RFC 3339; the offset may be missing only where timeZone says it."""
    if unknown := sorted(set(value) - {"date", "dateTime", "timeZone"}):
        raise invalid(f'Invalid JSON payload received. Unknown name "{unknown[0]}" at {name}.')
    if ("date" in value) == ("dateTime" in value):
        raise invalid(f"Missing {name} time: one of date and dateTime.", "required")
    try:
        zone = iana_zone(str(value["timeZone"])) if value.get("timeZone") else None
        return day(value["date"], TOKYO) if "date" in value else instant(value["dateTime"], zone)
    except ValueError as problem:
        raise invalid(f"Invalid {name} time: {problem}") from problem
