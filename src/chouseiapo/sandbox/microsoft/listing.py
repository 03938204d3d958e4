"""Lists of events and of calendars, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.microsoft.query import check_options, next_link, ordered, page, read_filter, window
from chouseiapo.sandbox.microsoft.shown import public
from chouseiapo.sandbox.world import World

T = TypeVar("T")
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def list_events(world: World, calendar: Calendar, call: Call) -> Reply:
    check_options(call)
    wanted = read_filter(call.one("$filter"))
    candidates = calendar.marked(wanted.marks[0]) if wanted.marks else calendar.live()
    found = [each for each in candidates if wanted.fits(each) and not each.deleted]
    return _events(world, calendar, call, found)


def view(world: World, calendar: Calendar, call: Call) -> Reply:
    """calendarView: what overlaps the window."""
    check_options(call)
    start, end = window(call)
    wanted = read_filter(call.one("$filter"))
    found = [each for each in calendar.between(start, end) if wanted.fits(each)]
    return _events(world, calendar, call, found)


def _events(world: World, calendar: Calendar, call: Call, entries: list[Entry]) -> Reply:
    context = f"users('{calendar.owner}')/events"
    return listed(call, context, ordered(call, entries), lambda each: public(world, each, calendar, call))


def listed(call: Call, context: str, items: Sequence[T], shown: Callable[[T], Json]) -> Reply:
    """The page that is asked for, and the way to the next one."""
    skip, top = page(call)
    answer: Json = {
        "@odata.context": CONTEXT + context,
        "value": [shown(each) for each in items[skip : skip + top]],
    }
    if len(items) > skip + top:
        answer["@odata.nextLink"] = next_link(call, skip + top)
    return Reply(200, answer)
