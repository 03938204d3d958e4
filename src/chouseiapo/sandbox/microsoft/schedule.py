"""getSchedule: who is busy when."""

from __future__ import annotations

from datetime import datetime, timedelta

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.microsoft.errors import invalid
from chouseiapo.sandbox.microsoft.fields import moment
from chouseiapo.sandbox.microsoft.zones import preferred_zone, written
from chouseiapo.sandbox.world import World

MOST_SCHEDULES, LONGEST = 20, timedelta(days=62)
CODES = {"tentative": "1", "busy": "2", "oof": "3"}
"""0 is free, and working elsewhere."""


def get_schedule(world: World, email: str, call: Call) -> Reply:
    """One item for each mailbox asked for; an unknown one carries an error and the whole is still 200."""
    try:
        wish = call.object()
    except ValueError as problem:
        raise invalid(str(problem), "BadRequest") from problem
    schedules, start, end, interval = _checked(wish)
    zone = preferred_zone(call)
    answer = {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.scheduleInformation)",
        "value": [_information(world, email, each, start, end, interval, zone) for each in schedules],
    }
    return Reply(200, answer)


def _checked(wish: Json) -> tuple[list[str], datetime, datetime, int]:
    if unknown := sorted(set(wish) - {"schedules", "startTime", "endTime", "availabilityViewInterval"}):
        raise invalid(f"The parameter '{unknown[0]}' is not in the method call.", "BadRequest")
    schedules = wish.get("schedules")
    if (
        not isinstance(schedules, list)
        or not schedules
        or not all(isinstance(each, str) for each in schedules)
    ):
        raise invalid("schedules is a list of addresses.", "ErrorInvalidParameter")
    if len(schedules) > MOST_SCHEDULES:
        raise invalid(f"At most {MOST_SCHEDULES} mailboxes can be asked for.", "ErrorTooManyMailboxes")
    start, end = moment("startTime", wish.get("startTime")), moment("endTime", wish.get("endTime"))
    if not timedelta() < end - start < LONGEST:
        message = "The duration of FreeBusyViewOptions.TimeWindow is not within the limits."
        raise invalid(message, "ErrorInvalidTimeInterval")
    interval = wish.get("availabilityViewInterval", 30)
    if not isinstance(interval, int) or not 5 <= interval <= 1440:
        raise invalid(
            "availabilityViewInterval is a number from 5 to 1440.", "ErrorInvalidMergedFreeBusyInterval"
        )
    return schedules, start, end, interval


def _information(
    world: World, email: str, mailbox: str, start: datetime, end: datetime, interval: int, zone: str
) -> Json:
    person = world.people.get(mailbox.lower())
    if person is None or person.provider != "microsoft":
        message = f"Unable to resolve e-mail address {mailbox} to an Active Directory object."
        return _unknown(mailbox, message, "ErrorMailRecipientNotFound")
    calendar = world.calendars[person.email]
    if not calendar.shows_busy_to(email):
        message = f"The caller does not have permission to view free/busy data of {mailbox}."
        return _unknown(mailbox, message, "ErrorNoFreeBusyAccess")
    entries = calendar.between(start, end)
    details = calendar.allows(email, "reader")
    return {
        "scheduleId": mailbox,
        "availabilityView": _view(entries, start, end, timedelta(minutes=interval)),
        "scheduleItems": [_item(each, zone, details) for each in entries],
    }


def _unknown(mailbox: str, message: str, code: str) -> Json:
    error = {"message": message, "responseCode": code}
    return {"scheduleId": mailbox, "availabilityView": "", "scheduleItems": [], "error": error}


def _item(entry: Entry, zone: str, details: bool) -> Json:
    """Free ones are listed too; subject and place only where the calendar was shared and the sensitivity is
    normal or personal."""
    sensitivity = entry.resource.get("sensitivity", "normal")
    private = sensitivity in ("private", "confidential")
    item: Json = {
        "status": entry.resource.get("showAs", "busy"),
        "isPrivate": private,
        "start": written(entry.start, zone),
        "end": written(entry.end, zone),
    }
    if details and not private:
        item["subject"] = entry.title
        item["location"] = entry.resource.get("location", {}).get("displayName", "")
    return item


def _view(entries: list[Entry], start: datetime, end: datetime, step: timedelta) -> str:
    """One digit for each interval, the busiest entry's."""
    digits = []
    while start < end:
        codes = (
            CODES.get(each.resource.get("showAs", "busy"), "0")
            for each in entries
            if each.overlaps(start, start + step)
        )
        digits.append(max(codes, default="0"))
        start += step
    return "".join(digits)
