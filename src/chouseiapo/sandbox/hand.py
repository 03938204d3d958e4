"""What members do on their calendars by their own hand, at whichever vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from chouseiapo.sandbox.calendars import Entry
from chouseiapo.sandbox.calls import Json, Refusal
from chouseiapo.sandbox.google import events as google
from chouseiapo.sandbox.microsoft import events as microsoft
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.times import TOKYO, instant
from chouseiapo.sandbox.world import World

MAKE: Mapping[str, Callable[..., Entry]] = {"google": google.make_entry, "microsoft": microsoft.make_entry}


class NoSuchEntry(Exception):
    """There is none with that id on the calendar; it may have been deleted."""


def add(
    world: World, email: str, title: str, start: datetime, end: datetime, status: str = "confirmed"
) -> Entry:
    """Somebody else's business: busy time without a tag. ValueError when it makes no entry."""
    provider = world.person(email).provider
    if status not in ("confirmed", "tentative"):
        raise ValueError(f"status is confirmed or tentative, not {status!r}.")
    if provider == "google":
        resource: Json = {"summary": title, "status": status}
    else:
        resource = {"subject": title, "showAs": "tentative" if status == "tentative" else "busy"}
    resource |= _times(provider, start, end)
    with world.lock:
        calendar, now = world.calendars[email], world.now()
        id = google.new_id() if provider == "google" else ids.new_id()
        revision = calendar.tick()
        try:
            entry = MAKE[provider](
                resource, id=id, created=now, updated=now, revision=revision, deleted=False
            )
        except Refusal as refusal:
            raise ValueError(f"The end has to come after the start: {start} to {end}.") from refusal
        calendar.put(entry)
        world.changed.set()
        return entry


def _times(provider: str, start: datetime, end: datetime) -> Json:
    if provider == "google":
        return {name: {"dateTime": at.isoformat()} for name, at in (("start", start), ("end", end))}
    return {
        name: {"dateTime": f"{at.astimezone(TOKYO):%Y-%m-%dT%H:%M:%S}", "timeZone": "Tokyo Standard Time"}
        for name, at in (("start", start), ("end", end))
    }


def move(world: World, email: str, id: str, start: datetime | None, end: datetime | None) -> Entry:
    """Another time for it; one that is not given stays."""
    provider = world.person(email).provider
    with world.lock:
        entry = _standing(world, email, id)
        start, end = start or entry.start, end or entry.end
        if end <= start:
            raise ValueError(f"The end has to come after the start: {start} to {end}.")
        resource = entry.resource | _times(provider, start, end)
        world.changed.set()
        if provider == "google":
            return google.replaced(world, email, entry, resource)
        return microsoft.replaced(world, email, entry, resource)


def remove(world: World, email: str, id: str) -> None:
    provider = world.person(email).provider
    with world.lock:
        entry = _standing(world, email, id)
        vendor = google if provider == "google" else microsoft
        vendor.delete_entry(world, email, entry)
        world.changed.set()


def _standing(world: World, email: str, id: str) -> Entry:
    entry = world.calendars[email].entries.get(id)
    if entry is None or entry.deleted:
        raise NoSuchEntry(f"{email} has no entry {id}.")
    return entry


def moment(wish: Mapping[str, object], name: str) -> datetime:
    """A time of a request to the sandbox itself; ValueError in a plain sentence."""
    try:
        return instant(wish.get(name))
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from problem
