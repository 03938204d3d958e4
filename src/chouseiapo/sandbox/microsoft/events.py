"""Events of an Outlook calendar by Graph: made, found, changed, deleted."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.entries import Entry, read_tag
from chouseiapo.sandbox.mails import compose
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.microsoft.errors import invalid, refuse
from chouseiapo.sandbox.microsoft.fields import check, property_key, times
from chouseiapo.sandbox.microsoft.query import check_options, mark
from chouseiapo.sandbox.microsoft.shown import etag, public
from chouseiapo.sandbox.times import TOKYO
from chouseiapo.sandbox.world import World

VISIBILITY = {
    "normal": "default",
    "personal": "private",
    "private": "private",
    "confidential": "confidential",
}
DUPLICATE = "The TransactionId specified in the request has already been used to create a different event."


def make_entry(
    resource: Json, *, id: str, created: datetime, updated: datetime, revision: int, deleted: bool
) -> Entry:
    """What everyone needs of a Graph event, read from it."""
    start, end = times(resource)
    properties = resource.get("singleValueExtendedProperties", [])
    names = {property_key(each["id"]).partition(" ")[2]: each["value"] for each in properties}
    show_as = resource.get("showAs", "busy")
    return Entry(
        id=id,
        resource=resource,
        start=start,
        end=end,
        title=resource.get("subject", ""),
        status="tentative" if show_as == "tentative" else "confirmed",
        visibility=VISIBILITY[resource.get("sensitivity", "normal")],
        body=resource.get("body", {}).get("content", ""),
        attendees=tuple(each["emailAddress"]["address"] for each in resource.get("attendees", [])),
        busy=show_as in ("tentative", "busy", "oof"),
        all_day=resource.get("isAllDay", False),
        marks=tuple(mark(each["id"], each["value"]) for each in properties),
        tag=read_tag(names),
        created=created,
        updated=updated,
        revision=revision,
        deleted=deleted,
    )


def create(world: World, calendar: Calendar, call: Call) -> Reply:
    resource = check(_object(call))
    times(resource)
    transaction = resource.get("transactionId", "")
    if transaction in calendar.transactions:
        return _repeated(world, calendar, call, calendar.transactions[transaction])
    now, id = world.now(), ids.new_id()
    entry = make_entry(resource, id=id, created=now, updated=now, revision=calendar.tick(), deleted=False)
    calendar.put(entry)
    if transaction:
        calendar.transactions[transaction] = id
    _mail(world, calendar, entry, "")
    return Reply(201, public(world, entry, calendar, call))


def _object(call: Call) -> Json:
    if not call.headers.get("content-type", "").lower().startswith("application/json"):
        raise refuse(415, "RequestBodyRead", "The content type has to be application/json.")
    try:
        return call.object()
    except ValueError as problem:
        raise invalid(str(problem), "BadRequest") from problem


def _repeated(world: World, calendar: Calendar, call: Call, id: str) -> Reply:
    """What a repeated transactionId answers is documented nowhere: a switch chooses among what was seen."""
    entry = calendar.entries.get(id)
    if world.switches.graph_duplicate == "same" and entry and not entry.deleted:
        return Reply(201, public(world, entry, calendar, call))
    if world.switches.graph_duplicate == "conflict":
        raise refuse(409, "ErrorDuplicateTransactionId", DUPLICATE)
    existing = {"@event.existingEventId": ids.shown(id, call.headers)}
    raise refuse(400, "ErrorDuplicateTransactionId", DUPLICATE, existing)


def found(world: World, calendar: Calendar, event_id: str) -> tuple[Calendar, Entry]:
    """By a mailbox's default calendar one finds what stands on its other calendars too."""
    id = ids.stored(event_id)
    places = [calendar]
    if calendar.id in world.people:
        places += [each for each in world.calendars_of(calendar.id) if each.owner == calendar.id]
    for place in places:
        if (entry := place.entries.get(id)) and not entry.deleted:
            return place, entry
    raise refuse(404)


def get(world: World, calendar: Calendar, call: Call, event_id: str) -> Reply:
    check_options(call)
    calendar, entry = found(world, calendar, event_id)
    return Reply(200, public(world, entry, calendar, call))


def update(world: World, calendar: Calendar, call: Call, event_id: str) -> Reply:
    """Fields that are not named stay; extended properties that are not named stay too."""
    calendar, entry = found(world, calendar, event_id)
    check_etag(call, entry)
    wish = _object(call)
    if "transactionId" in wish:
        raise invalid("transactionId can be set when an event is created only.", "ErrorInvalidPropertySet")
    merged = {**entry.resource, **wish}
    if wish.get("singleValueExtendedProperties"):
        merged["singleValueExtendedProperties"] = _properties(entry.resource, check(wish))
    changed = replaced(world, calendar, entry, check(merged))
    _mail(world, calendar, changed, "Updated: ")
    return Reply(200, public(world, changed, calendar, call))


def _properties(old: Json, wish: Json) -> list[Json]:
    both = [*old.get("singleValueExtendedProperties", []), *wish["singleValueExtendedProperties"]]
    return list({property_key(each["id"]): each for each in both}.values())


def replaced(world: World, calendar: Calendar, entry: Entry, resource: Json) -> Entry:
    """Puts the new content in its place: a new change key."""
    changed = make_entry(
        resource,
        id=entry.id,
        created=entry.created,
        updated=world.now(),
        revision=calendar.tick(),
        deleted=False,
    )
    calendar.put(changed)
    return changed


def delete(world: World, calendar: Calendar, call: Call, event_id: str) -> Reply:
    calendar, entry = found(world, calendar, event_id)
    check_etag(call, entry)
    delete_entry(world, calendar, entry)
    _mail(world, calendar, entry, "Canceled: ")
    return Reply(204)


def delete_entry(world: World, calendar: Calendar, entry: Entry) -> None:
    """Nobody finds it again, only delta tells that it is gone; its transactionId stays used."""
    calendar.put(dataclasses.replace(entry, deleted=True, updated=world.now(), revision=calendar.tick()))


def check_etag(call: Call, entry: Entry) -> None:
    wanted = call.headers.get("if-match", "*")
    if wanted not in ("*", etag(entry)):
        raise refuse(412)


def _mail(world: World, calendar: Calendar, entry: Entry, what: str) -> None:
    """Graph has no sendUpdates=none: an event with attendees mails them, always."""
    email = calendar.owner or calendar.id
    if entry.attendees:
        text = f"{entry.title}\n{entry.start.astimezone(TOKYO):%Y-%m-%d %H:%M}\n"
        world.deliver(compose(email, entry.attendees, f"{what}{entry.title}", text, world.now()))
