"""What may stand in a Graph event, field by field."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.microsoft.errors import invalid
from chouseiapo.sandbox.times import any_zone, has_offset, instant

ENUMS = {
    "showAs": ("unknown", "free", "tentative", "busy", "oof", "workingElsewhere"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "importance": ("low", "normal", "high"),
}
TEXTS = {"subject", "transactionId", "onlineMeetingProvider"}
FLAGS = {
    "allowNewTimeProposals", "hideAttendees", "isAllDay", "isOnlineMeeting", "isReminderOn",
    "responseRequested",
}  # fmt: skip
OBJECTS = {"body", "end", "location", "start", "recurrence"}
LISTS = {"attendees", "categories", "locations", "singleValueExtendedProperties"}
WRITABLE = TEXTS | FLAGS | OBJECTS | LISTS | set(ENUMS) | {"reminderMinutesBeforeStart"}

PROPERTY_ID = re.compile(r"String \{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\} Name (\S+)")
LONGEST_SUBJECT, MOST_ATTENDEES = 255, 500


def check(event: Json) -> Json:
    """The event without its nulls; Refusal (400) for what Graph would not take, and for any unknown name."""
    for name, value in event.items():
        if name not in WRITABLE:
            raise invalid(
                f"The property '{name}' does not exist on type 'microsoft.graph.event' or can't be written."
            )
        if value is not None:
            _check_type(name, value)
    kept = {name: value for name, value in event.items() if value is not None}
    if kept.get("recurrence"):
        raise invalid("The sandbox does not simulate recurring events.")
    _check_body(kept.get("body", {}))
    _check_attendees(kept.get("attendees", []))
    _check_properties(kept.get("singleValueExtendedProperties", []))
    if "subject" in kept:  # Exchange cuts it without a word
        kept["subject"] = kept["subject"][:LONGEST_SUBJECT]
    return kept


def _check_type(name: str, value: object) -> None:
    if name in ENUMS:
        if value not in ENUMS[name]:
            raise invalid(f"Requested value '{value}' was not found: {name}.", "RequestBodyRead")
        return
    wanted: type = str
    if name in FLAGS:
        wanted = bool
    elif name in OBJECTS:
        wanted = dict
    elif name in LISTS:
        wanted = list
    elif name == "reminderMinutesBeforeStart":
        wanted = int
    if not isinstance(value, wanted):
        raise invalid(f"Cannot read the value {value!r} of '{name}'.", "RequestBodyRead")


def _check_body(body: Json) -> None:
    if set(body) - {"contentType", "content"} or not isinstance(body.get("content", ""), str):
        raise invalid("A body has contentType and content.", "RequestBodyRead")
    if str(body.get("contentType", "text")).lower() not in ("text", "html"):
        raise invalid(
            f"Requested value '{body['contentType']}' was not found: contentType.", "RequestBodyRead"
        )


def _check_attendees(attendees: list[object]) -> None:
    if len(attendees) > MOST_ATTENDEES:
        raise invalid(f"An event has at most {MOST_ATTENDEES} attendees.")
    for each in attendees:
        address = each.get("emailAddress", {}).get("address") if isinstance(each, dict) else None
        if not isinstance(address, str) or "@" not in address:
            raise invalid("At least one recipient is not valid.", "ErrorInvalidRecipients")
        if isinstance(each, dict) and each.get("type", "required") not in (
            "required",
            "optional",
            "resource",
        ):
            raise invalid(f"Requested value '{each['type']}' was not found: type.", "RequestBodyRead")


def _check_properties(properties: list[object]) -> None:
    for each in properties:
        if not isinstance(each, dict) or set(each) != {"id", "value"} or not isinstance(each["value"], str):
            raise invalid("An extended property has id and value.", "ErrorInvalidExtendedProperty")
        property_key(str(each["id"]))


def property_key(id: str) -> str:
    """One spelling for one property: the GUID's case does not matter, that of the name does."""
    found = PROPERTY_ID.fullmatch(id)
    if not found:
        raise invalid(
            f"'{id}' is no id of the form String {{GUID}} Name name.", "ErrorInvalidExtendedProperty"
        )
    return f"{found[1].lower()} {found[2]}"


def times(event: Json) -> tuple[datetime, datetime]:
    """Start and end in UTC; Refusal when one is missing, unclear, or the end is not after the start."""
    start, end = (moment(name, event.get(name)) for name in ("start", "end"))
    if end <= start:
        raise invalid("The start of the event must come before its end.", "ErrorPropertyValidationFailure")
    if event.get("isAllDay"):
        _check_all_day(event, start, end)
    return start, end


def moment(name: str, value: object) -> datetime:
    """{dateTime, timeZone}: the wall clock's time without an offset, and a Windows or an IANA zone."""
    if not isinstance(value, dict) or not isinstance(value.get("dateTime"), str):
        raise invalid(f"'{name}' has to be an object with dateTime and timeZone.", "ErrorInvalidRequest")
    if unknown := sorted(set(value) - {"dateTime", "timeZone"}):
        raise invalid(
            f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.dateTimeTimeZone'."
        )
    if has_offset(value["dateTime"]):
        raise invalid(f"'{name}' carries an offset in dateTime; the zone belongs to timeZone.")
    try:
        return instant(value["dateTime"], zone_of(value))
    except ValueError as problem:
        raise invalid(f"'{name}': {problem}", "ErrorInvalidDateTime") from problem


def zone_of(value: Json) -> ZoneInfo:
    """The sandbox wants the zone named: Graph would silently take UTC."""
    try:
        return any_zone(value.get("timeZone") or "")
    except ValueError as problem:
        raise invalid(f"The time zone is not known: {problem}", "TimeZoneNotSupportedException") from problem


def _check_all_day(event: Json, start: datetime, end: datetime) -> None:
    zone = zone_of(event["start"])
    at_midnight = all(f"{at.astimezone(zone):%H:%M:%S}" == "00:00:00" for at in (start, end))
    if not at_midnight or end - start < timedelta(hours=23):
        raise invalid("An all-day event starts and ends at midnight.", "ErrorPropertyValidationFailure")
