"""Events of a Google calendar: made, read, changed, deleted."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, tzinfo
from typing import Any, cast

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.entries import Entry, read_tag
from chouseiapo.sandbox.google.access import readable, writable
from chouseiapo.sandbox.google.errors import invalid, refuse
from chouseiapo.sandbox.google.fields import check, check_id, only_writable, times
from chouseiapo.sandbox.google.select import selected
from chouseiapo.sandbox.google.shown import etag, public
from chouseiapo.sandbox.mails import compose
from chouseiapo.sandbox.times import TOKYO, iana_zone
from chouseiapo.sandbox.world import World

SEND_UPDATES = ("all", "externalOnly", "none")


def make_entry(
    resource: Json, *, id: str, created: datetime, updated: datetime, revision: int, deleted: bool
) -> Entry:
    """What everyone needs of a Google event, read from it."""
    start, end, all_day = times(resource)
    private = resource.get("extendedProperties", {}).get("private", {})
    return Entry(
        id=id,
        resource=resource,
        start=start,
        end=end,
        title=resource.get("summary", ""),
        status=resource.get("status", "confirmed"),
        visibility=resource.get("visibility", "default"),
        body=resource.get("description", ""),
        attendees=tuple(each["email"] for each in resource.get("attendees", [])),
        busy=resource.get("transparency", "opaque") == "opaque",
        all_day=all_day,
        marks=tuple(private.items()),
        tag=read_tag(private),
        created=created,
        updated=updated,
        revision=revision,
        deleted=deleted,
    )


def insert(world: World, email: str, call: Call, calendar_id: str) -> Reply:
    calendar = writable(world, email, call, calendar_id)
    resource = check(_body(call))
    if "id" in resource and "iCalUID" in resource:
        raise invalid("Only one of id and iCalUID may be given.")
    id = resource.pop("id", "") or new_id()
    check_id(id)
    if id in calendar.entries:  # a deleted one's id stays taken
        raise refuse(409)
    if resource.get("status") == "cancelled":
        raise invalid("An event can't be inserted as cancelled.")
    now = world.now()
    entry = make_entry(resource, id=id, created=now, updated=now, revision=calendar.tick(), deleted=False)
    calendar.put(entry)
    _mail(world, email, call, entry, "Invitation")
    return Reply(200, selected(call, public(entry, calendar)))


def new_id() -> str:
    return "sb" + uuid.uuid4().hex  # hexadecimal digits are base32hex too


def _body(call: Call) -> Json:
    send_updates(call)
    try:
        resource = only_writable(call.object())
    except ValueError as problem:
        raise invalid(str(problem), "parseError") from problem
    if call.one("conferenceDataVersion", "0") not in ("0", "1"):
        raise invalid("conferenceDataVersion is 0 or 1.")
    if call.one("conferenceDataVersion", "0") == "0":  # version 0 ignores it
        resource.pop("conferenceData", None)
    return resource


def send_updates(call: Call) -> str:
    value = call.one("sendUpdates", "all" if call.flag("sendNotifications") else "none")
    if value not in SEND_UPDATES:
        raise invalid(f"Invalid value for sendUpdates: {value!r}.", "invalidParameter")
    return value


def found(calendar: Calendar, event_id: str) -> Entry:
    entry = calendar.entries.get(event_id)
    if entry is None:
        raise refuse(404)
    return entry


def get(world: World, email: str, call: Call, calendar_id: str, event_id: str) -> Reply:
    """A deleted one is still told, as cancelled."""
    calendar = readable(world, email, call, calendar_id)
    entry = found(calendar, event_id)
    return Reply(200, selected(call, public(entry, calendar, _zone(call), reader=email)))


def _zone(call: Call) -> tzinfo | None:
    try:
        return iana_zone(call.one("timeZone")) if call.one("timeZone") else None
    except ValueError as problem:
        raise invalid(str(problem)) from problem


def patch(world: World, email: str, call: Call, calendar_id: str, event_id: str) -> Reply:
    """Fields that are not named stay; objects are merged, lists replaced, null takes away."""
    calendar = writable(world, email, call, calendar_id)
    entry = _changeable(calendar, call, event_id)
    return _write(world, email, call, calendar, entry, cast(Json, _merged(entry.resource, _body(call))))


def update(world: World, email: str, call: Call, calendar_id: str, event_id: str) -> Reply:
    """What is not named goes."""
    calendar = writable(world, email, call, calendar_id)
    entry = _changeable(calendar, call, event_id)
    return _write(world, email, call, calendar, entry, _body(call))


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    merged = {name: _merged(old.get(name), value) for name, value in new.items()}
    return {name: value for name, value in (old | merged).items() if value is not None}


def _changeable(calendar: Calendar, call: Call, event_id: str) -> Entry:
    entry = found(calendar, event_id)
    if entry.deleted:  # whether a deleted event can be restored is told in both ways: never rely on it
        raise refuse(403, "forbidden", "A cancelled event can't be changed.")
    check_etag(call, entry)
    return entry


def check_etag(call: Call, entry: Entry) -> None:
    wanted = call.headers.get("if-match", "*")
    if wanted not in ("*", etag(entry)):
        raise refuse(412)


def _write(world: World, email: str, call: Call, calendar: Calendar, entry: Entry, resource: Json) -> Reply:
    if resource.pop("id", entry.id) != entry.id:
        raise invalid("The id of an event can't be changed.")
    resource = check(resource)
    if resource.get("status") == "cancelled":
        delete_entry(world, calendar, entry)
        return Reply(200, selected(call, public(calendar.entries[entry.id], calendar)))
    changed = replaced(world, calendar, entry, resource)
    _mail(world, email, call, changed, "Updated invitation")
    return Reply(200, selected(call, public(changed, calendar)))


def replaced(world: World, calendar: Calendar, entry: Entry, resource: Json) -> Entry:
    """Puts the new content in its place, a new revision; SEQUENCE goes up when the time changes."""
    start, end, _ = times(resource)
    if (start, end) != (entry.start, entry.end):
        resource = resource | {"sequence": entry.resource.get("sequence", 0) + 1}
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


def delete(world: World, email: str, call: Call, calendar_id: str, event_id: str) -> Reply:
    send_updates(call)
    calendar = writable(world, email, call, calendar_id)
    entry = found(calendar, event_id)
    if entry.deleted:
        raise refuse(410)
    check_etag(call, entry)
    delete_entry(world, calendar, entry)
    _mail(world, email, call, entry, "Canceled event")
    return Reply(204)


def delete_entry(world: World, calendar: Calendar, entry: Entry) -> None:
    """It stays, as cancelled, and so does its id."""
    calendar.put(dataclasses.replace(entry, deleted=True, updated=world.now(), revision=calendar.tick()))


def _mail(world: World, email: str, call: Call, entry: Entry, what: str) -> None:
    """sendUpdates decides whether attendees hear of it; externalOnly spares those who use Google."""
    wish = send_updates(call)
    others = [each for each in entry.attendees if each != email]
    if wish == "externalOnly":
        others = [
            each for each in others if each not in world.people or world.people[each].provider != "google"
        ]
    if wish != "none" and others:
        text = f"{entry.title}\n{entry.start.astimezone(TOKYO):%Y-%m-%d %H:%M}\n"
        world.deliver(compose(email, others, f"{what}: {entry.title}", text, world.now()))
