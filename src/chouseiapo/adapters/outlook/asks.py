"""What Graph can be asked for, and in which words. A calendar is the account's own when its name is empty,
somebody's mailbox when it is an address, and otherwise another one of the account's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from chouseiapo.adapters.outlook.events import APPOINTMENT, CANDIDATE, instant, utc, wanted
from chouseiapo.adapters.outlook.graph import Ask
from chouseiapo.ports import Entry

PAGE = 250
NAMESPACE = uuid.UUID("7c2f6c0e-52c8-4e6e-9a53-0f4d7c1b9e21")
# Graph leaves extended properties out unless they are asked for by name.
WITH_TAG = f"singleValueExtendedProperties($filter=id eq '{APPOINTMENT}' or id eq '{CANDIDATE}')"
FIELDS = (
    "id,subject,start,end,showAs,isAllDay,isCancelled,responseStatus,originalStartTimeZone,"
    "lastModifiedDateTime"
)


def create(entry: Entry, generation: int) -> Ask:
    """The transactionId is the same after every crash, and another once an event is gone for good."""
    tag = [{"id": APPOINTMENT, "value": entry.appointment}, {"id": CANDIDATE, "value": entry.candidate}]
    transaction = str(uuid.uuid5(NAMESPACE, f"{entry.key}|{generation}"))
    made = {"transactionId": transaction, "singleValueExtendedProperties": tag}
    return Ask("POST", f"{_within(entry.calendar)}/events", wanted(entry) | made)


def change(entry: Entry, id: str, etag: str) -> Ask:
    """Only over the version with that etag, when there is one."""
    return Ask("PATCH", _event(entry.calendar, id), wanted(entry), if_match=etag)


def delete(calendar: str, id: str) -> Ask:
    return Ask("DELETE", _event(calendar, id))


def tagged(calendar: str, appointment: str, candidate: str = "") -> Ask:
    """What bears the tag of this appointment, or of one candidate. Only what stands on the calendar is
    listed; by its immutable id, an event could be read in the folder of deleted items, too.
    """
    tag = {APPOINTMENT: appointment} | ({CANDIDATE: candidate} if candidate else {})
    clauses = (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{id}' and ep/value eq '{_quoted(value)}')"
        for id, value in tag.items()
    )
    query = {"$filter": " and ".join(clauses), "$expand": WITH_TAG, "$select": FIELDS, "$top": str(PAGE)}
    return Ask("GET", _with_query(f"{_within(calendar)}/events", query))


def view(calendar: str, start: datetime, end: datetime) -> Ask:
    """Whatever overlaps the window, series taken apart."""
    query = _window(start, end) | {"$select": FIELDS, "$expand": WITH_TAG, "$top": str(PAGE)}
    return Ask("GET", _with_query(f"{_within(calendar)}/calendarView", query))


def delta(calendar: str, start: datetime, end: datetime) -> Ask:
    """As `view`, and afterwards what changes; this one takes neither $select nor $expand."""
    path = _with_query(f"{_within(calendar)}/calendarView/delta", _window(start, end))
    return Ask("GET", path, page_size=PAGE)


def following(link: str) -> Ask:
    """The next page of changes, or the next round: Graph's own address, as it is."""
    return Ask("GET", link, page_size=PAGE)


def calendars() -> Ask:
    query = {"$select": "id,name,canEdit,isDefaultCalendar,owner", "$top": str(PAGE)}
    return Ask("GET", _with_query("/me/calendars", query))


def rights(calendar: str) -> Ask:
    """Of a mailbox or one of the account's calendars: whether the account may write there."""
    whole = not calendar or is_mailbox(calendar)
    return Ask("GET", f"{_within(calendar)}{'/calendar' if whole else ''}?$select=canEdit")


def account() -> Ask:
    return Ask("GET", "/me?$select=mail,userPrincipalName")


def schedules(addresses: Sequence[str], start: datetime, end: datetime) -> Ask:
    body = {"schedules": list(addresses), "startTime": utc(start), "endTime": utc(end)}
    return Ask("POST", "/me/calendar/getSchedule", body)


def is_mailbox(calendar: str) -> bool:
    return "@" in calendar


def _within(calendar: str) -> str:
    if not calendar:
        return "/me"
    return (
        f"/users/{quote(calendar)}" if is_mailbox(calendar) else f"/me/calendars/{quote(calendar, safe='')}"
    )


def _event(calendar: str, id: str) -> str:
    """An event is found in its whole mailbox, on whichever calendar."""
    return f"{_within(calendar) if is_mailbox(calendar) else '/me'}/events/{quote(id, safe='')}"


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"startDateTime": instant(start), "endDateTime": instant(end)}


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}"
