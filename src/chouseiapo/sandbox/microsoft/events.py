"""Events of an Outlook calendar by Graph: made, found, changed, deleted."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from chouseiapo.sandbox.calendars import Entry, read_tag
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.mails import compose
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.microsoft.errors import invalid, refuse
from chouseiapo.sandbox.microsoft.fields import check, property_key, times
from chouseiapo.sandbox.microsoft.query import (
    check_options,
    mark,
    ordered,
    page,
    read_filter,
    when,
)
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
    """What everyone needs of a Graph event, read from it. `deleted` is for Google: Graph keeps nothing."""
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


def create(world: World, email: str, call: Call) -> Reply:
    calendar = world.calendars[email]
    resource = check(_object(call))
    times(resource)
    transaction = resource.get("transactionId", "")
    if transaction in calendar.transactions:
        return _repeated(world, email, call, calendar.transactions[transaction])
    now, id = world.now(), ids.new_id()
    entry = make_entry(resource, id=id, created=now, updated=now, revision=calendar.tick(), deleted=False)
    calendar.put(entry)
    if transaction:
        calendar.transactions[transaction] = id
    _mail(world, email, entry, "")
    return Reply(201, public(world, entry, email, call))


def _object(call: Call) -> Json:
    if not call.headers.get("content-type", "").lower().startswith("application/json"):
        raise refuse(415, "RequestBodyRead", "The content type has to be application/json.")
    try:
        return call.object()
    except ValueError as problem:
        raise invalid(str(problem), "BadRequest") from problem


def _repeated(world: World, email: str, call: Call, id: str) -> Reply:
    """What a repeated transactionId answers is documented nowhere: a switch chooses among what was seen."""
    entry = world.calendars[email].entries.get(id)
    if world.switches.graph_duplicate == "same" and entry:
        return Reply(201, public(world, entry, email, call))
    if world.switches.graph_duplicate == "conflict":
        raise refuse(409, "ErrorDuplicateTransactionId", DUPLICATE)
    existing = {"@event.existingEventId": ids.shown(id, call.headers)}
    raise refuse(400, "ErrorDuplicateTransactionId", DUPLICATE, existing)


def found(world: World, email: str, event_id: str) -> Entry:
    entry = world.calendars[email].entries.get(ids.stored(event_id))
    if entry is None:
        raise refuse(404)
    return entry


def get(world: World, email: str, call: Call, event_id: str) -> Reply:
    check_options(call)
    return Reply(200, public(world, found(world, email, event_id), email, call))


def update(world: World, email: str, call: Call, event_id: str) -> Reply:
    """Fields that are not named stay; extended properties that are not named stay too."""
    entry = found(world, email, event_id)
    check_etag(call, entry)
    wish = _object(call)
    if "transactionId" in wish:
        raise invalid("transactionId can be set when an event is created only.", "ErrorInvalidPropertySet")
    merged = {**entry.resource, **wish}
    if wish.get("singleValueExtendedProperties"):
        merged["singleValueExtendedProperties"] = _properties(entry.resource, check(wish))
    changed = replaced(world, email, entry, check(merged))
    _mail(world, email, changed, "Updated: ")
    return Reply(200, public(world, changed, email, call))


def _properties(old: Json, wish: Json) -> list[Json]:
    both = [*old.get("singleValueExtendedProperties", []), *wish["singleValueExtendedProperties"]]
    return list({property_key(each["id"]): each for each in both}.values())


def replaced(world: World, email: str, entry: Entry, resource: Json) -> Entry:
    """Puts the new content in its place: a new change key."""
    calendar = world.calendars[email]
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


def delete(world: World, email: str, call: Call, event_id: str) -> Reply:
    entry = found(world, email, event_id)
    check_etag(call, entry)
    delete_entry(world, email, entry)
    _mail(world, email, entry, "Canceled: ")
    return Reply(204)


def delete_entry(world: World, email: str, entry: Entry) -> None:
    """Gone for good; its transactionId stays used."""
    world.calendars[email].remove(entry.id)


def list_events(world: World, email: str, call: Call) -> Reply:
    check_options(call)
    wanted = read_filter(call.one("$filter"))
    calendar = world.calendars[email]
    candidates = calendar.marked(wanted.marks[0]) if wanted.marks else calendar.live()
    return _listed(world, email, call, [each for each in candidates if wanted.fits(each)])


def view(world: World, email: str, call: Call) -> Reply:
    """calendarView: what overlaps the window; a time without an offset is UTC."""
    check_options(call)
    for name in ("startDateTime", "endDateTime"):
        if not call.one(name):
            message = "This request requires a time window specified by startDateTime and endDateTime."
            raise invalid(message, "ErrorInvalidParameter")
    start, end = when(call.one("startDateTime")), when(call.one("endDateTime"))
    if start >= end:
        raise invalid("EndDateTime must be after StartDateTime.", "ErrorInvalidParameter")
    wanted = read_filter(call.one("$filter"))
    entries = world.calendars[email].between(start, end)
    return _listed(world, email, call, [each for each in entries if wanted.fits(each)])


def _listed(world: World, email: str, call: Call, entries: list[Entry]) -> Reply:
    entries = ordered(call, entries)
    skip, top = page(call)
    answer: Json = {
        "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#users('{email}')/events",
        "value": [public(world, each, email, call) for each in entries[skip : skip + top]],
    }
    if len(entries) > skip + top:
        answer["@odata.nextLink"] = _next(call, skip + top)
    return Reply(200, answer)


def _next(call: Call, skip: int) -> str:
    """To be followed verbatim."""
    query = {name: values[-1] for name, values in call.query.items()} | {"$skip": str(skip)}
    return f"http://{call.headers.get('host', '')}/graph/v1.0{call.path}?{urlencode(query)}"


def check_etag(call: Call, entry: Entry) -> None:
    wanted = call.headers.get("if-match", "*")
    if wanted not in ("*", etag(entry)):
        raise refuse(412)


def _mail(world: World, email: str, entry: Entry, what: str) -> None:
    """Graph has no sendUpdates=none: an event with attendees mails them, always."""
    if entry.attendees:
        text = f"{entry.title}\n{entry.start.astimezone(TOKYO):%Y-%m-%d %H:%M}\n"
        world.deliver(compose(email, entry.attendees, f"{what}{entry.title}", text, world.now()))
