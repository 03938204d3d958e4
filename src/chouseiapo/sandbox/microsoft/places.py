"""Whose calendar a path means, and whether the token may go there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply, Route, route
from chouseiapo.sandbox.microsoft import delta, events, listing, schedule
from chouseiapo.sandbox.microsoft.errors import refuse
from chouseiapo.sandbox.microsoft.listing import listed
from chouseiapo.sandbox.microsoft.query import check_options, select
from chouseiapo.sandbox.microsoft.shown import change_mark, organizer
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.world import World

WRITE = ("Calendars.ReadWrite", "Calendars.ReadWrite.Shared")
READ = ("Calendars.Read", "Calendars.Read.Shared", *WRITE)
SHARED = {"reader": {"Calendars.Read.Shared", "Calendars.ReadWrite.Shared"}}
SHARED["writer"] = {"Calendars.ReadWrite.Shared"}
Handler = Callable[..., Reply]


def person_named(world: World, name: str) -> Person | None:
    """By address or object id."""
    found = (each for each in world.people.values() if name.lower() in (each.email.lower(), each.guid))
    person = next(found, None)
    return person if person and person.provider == "microsoft" else None


def graph_id(calendar: Calendar) -> str:
    """A mailbox's own calendar has an id too, and no address in it."""
    if "@" not in calendar.id:
        return calendar.id
    return f"AQMkADU2NzhkLTcwYTMtNGQ5{hashlib.sha256(calendar.id.encode()).hexdigest()[:40]}AAA="


def addressed(world: World, email: str, path: str) -> str:
    """The mailbox that the path is about: Exchange counts by mailbox and not by caller."""
    if found := re.match("/users/([^/]+)", path):
        person = person_named(world, found[1])
        return person.email if person else email
    if found := re.match("/me/calendars/([^/]+)", path):
        shared = (each for each in world.calendars_of(email) if graph_id(each) == found[1])
        return next((each.owner for each in shared if each.owner), email)
    return email


def _of_person(world: World, email: str, call: Call, role: str, user: str = "") -> Calendar:
    """The default calendar of the person's own mailbox, or of the one that the path names."""
    person = person_named(world, user) if user else world.people[email]
    if person is None:
        raise refuse(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
    return _allowed(world.calendars[person.email], email, call, role)


def _by_id(world: World, email: str, call: Call, role: str, *names: str) -> Calendar:
    """One of the calendars in the person's own list, or of a mailbox that is shared with the person."""
    *user, id = names
    mailbox = _of_person(world, email, call, "reader", *user).id
    for each in world.calendars_of(mailbox):
        if graph_id(each) == id:
            return _allowed(each, email, call, role)
    raise refuse(404)


def _allowed(calendar: Calendar, email: str, call: Call, role: str) -> Calendar:
    """Other people's calendars need a .Shared scope, and to be shared: those that are not are not found."""
    if calendar.owner != email and not call.scopes & SHARED[role]:
        raise refuse(403)
    if not calendar.allows(email, "reader"):
        raise refuse(404)
    if not calendar.allows(email, role):
        raise refuse(403)
    return calendar


def _at(root: str, find: Callable[..., Calendar], handler: Handler, role: str) -> Handler:
    """The handler, given the calendar instead of what the path has for it."""
    names = root.count("{")

    def handle(world: World, email: str, call: Call, *groups: str) -> Reply:
        calendar = find(world, email, call, role, *groups[:names])
        return handler(world, calendar, call, *groups[names:])

    return handle


def calendar_routes() -> Iterator[Route]:
    for mailbox in ("/me", "/users/{id}"):
        yield route("GET", f"{mailbox}/calendars", list_calendars, *READ)
        yield route("POST", f"{mailbox}/calendar/getSchedule", get_schedule, *READ)
        yield route("GET", f"{mailbox}/calendar", _getting(_of_person), *READ)
        yield route("GET", f"{mailbox}/calendars/{{calendarId}}", _getting(_by_id), *READ)
        for root in (mailbox, f"{mailbox}/calendar"):
            yield from _below(root, _of_person)
        yield from _below(f"{mailbox}/calendars/{{calendarId}}", _by_id)


def _below(root: str, find: Callable[..., Calendar]) -> Iterator[Route]:
    def one(method: str, path: str, handler: Handler) -> Route:
        role, scopes = ("reader", READ) if method == "GET" else ("writer", WRITE)
        return route(method, root + path, _at(root, find, handler, role), *scopes)

    yield one("GET", "/events", listing.list_events)
    yield one("POST", "/events", events.create)
    yield one("GET", "/events/{id}", events.get)
    yield one("PATCH", "/events/{id}", events.update)
    yield one("DELETE", "/events/{id}", events.delete)
    yield one("GET", "/calendarView", listing.view)
    yield one("GET", "/calendarView/delta", delta.delta)


def list_calendars(world: World, email: str, call: Call, *user: str) -> Reply:
    """The default one first; with those that others have shared."""
    check_options(call)
    mailbox = _of_person(world, email, call, "reader", *user).id
    return listed(
        call,
        f"users('{mailbox}')/calendars",
        [each for each in world.calendars_of(mailbox) if each.allows(email, "reader")],
        lambda each: select(call, _shown(world, each, email, mailbox)),
    )


def get_schedule(world: World, email: str, call: Call, *user: str) -> Reply:
    """Whichever mailbox is asked, it is the caller's rights that count for those asked about."""
    _of_person(world, email, call, "reader", *user)
    return schedule.get_schedule(world, email, call)


def _getting(find: Callable[..., Calendar]) -> Handler:
    def get_calendar(world: World, email: str, call: Call, *names: str) -> Reply:
        check_options(call)
        calendar = find(world, email, call, "reader", *names)
        user = names[:1] if call.path.startswith("/users/") else ()
        mailbox = _of_person(world, email, call, "reader", *user).id
        return Reply(200, select(call, _shown(world, calendar, email, mailbox)))

    return get_calendar


def _shown(world: World, calendar: Calendar, email: str, mailbox: str) -> Json:
    own = calendar.owner == email
    return {
        "id": graph_id(calendar),
        "name": "Calendar" if calendar.id == mailbox else calendar.name,
        "color": "auto",
        "hexColor": "",
        "changeKey": change_mark(calendar.clock),
        "isDefaultCalendar": calendar.id == mailbox,
        "canShare": own,
        "canViewPrivateItems": own,
        "canEdit": calendar.allows(email, "writer"),
        "isTallyingResponses": calendar.id == mailbox,
        "isRemovable": calendar.id != mailbox,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "owner": organizer(world, calendar)["emailAddress"],
    }
