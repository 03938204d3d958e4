"""Which calendars a token reaches, and what it may do there."""

from __future__ import annotations

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call
from chouseiapo.sandbox.google.errors import refuse
from chouseiapo.sandbox.world import World

AUTH = "https://www.googleapis.com/auth/"


def scopes(*names: str) -> tuple[str, ...]:
    return tuple(AUTH + each for each in names)


WRITE_ANY = scopes("calendar.events", "calendar")
READ_ANY = (*WRITE_ANY, *scopes("calendar.events.readonly", "calendar.readonly"))
WRITE = (*WRITE_ANY, *scopes("calendar.app.created", "calendar.events.owned"))
READ = (*WRITE, *READ_ANY, *scopes("calendar.events.owned.readonly"))
OWN_BUSY = scopes("calendar.freebusy")
BUSY = (*OWN_BUSY, *scopes("calendar.events.freebusy", "calendar.readonly", "calendar"))
LIST = scopes("calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly", "calendar")
"""Of the methods, as the discovery document has them. Those with `owned` in their name end at calendars
that the person owns."""


def named(world: World, email: str, calendar_id: str) -> Calendar | None:
    """The Google calendar of that id, whosever it is."""
    found = world.calendars.get(email if calendar_id == "primary" else calendar_id)
    return found if found and found.provider == "google" else None


def readable(world: World, email: str, call: Call, calendar_id: str) -> Calendar:
    return _reached(world, email, calendar_id, "reader", bool(call.scopes & {*READ_ANY}))


def writable(world: World, email: str, call: Call, calendar_id: str) -> Calendar:
    return _reached(world, email, calendar_id, "writer", bool(call.scopes & {*WRITE_ANY}))


def _reached(world: World, email: str, calendar_id: str, role: str, beyond_own: bool) -> Calendar:
    """What was not shared with the person does not exist for the token."""
    calendar = named(world, email, calendar_id)
    if calendar is None or calendar.role(email) == "none":
        raise refuse(404)
    if not beyond_own and calendar.role(email) != "owner":
        raise refuse(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    if not calendar.allows(email, role):
        raise refuse(403, "requiredAccessLevel", f"You need to have {role} access to this calendar.")
    return calendar
