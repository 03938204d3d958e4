"""Whose meetings there are."""

from __future__ import annotations

import time
from datetime import date

from chouseiapo.sandbox.calls import Call, Reply
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.errors import invalid
from chouseiapo.sandbox.zoom.paging import page
from chouseiapo.sandbox.zoom.shown import listed
from chouseiapo.sandbox.zoom.users import reached

KINDS = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")


def list_meetings(world: World, caller: str, call: Call, user_id: str) -> Reply:
    host = reached(world, caller, user_id)
    found = sorted(_wanted(world, host.email, call), key=lambda each: (each.start, each.id))
    meetings, about = page(world, call, found)
    return Reply(200, about | {"meetings": [listed(world, each) for each in meetings]})


def _wanted(world: World, email: str, call: Call) -> list[Meeting]:
    """A list may lag behind creates and deletions: who looks before creating again can't rely on it alone."""
    kind = call.one("type", "scheduled")
    if kind not in KINDS:
        raise invalid({"type": f"The value should be one of {list(KINDS)}."})
    settled = time.time() - world.switches.zoom_list_lag_s
    first, last = _day(call, "from", date.min), _day(call, "to", date.max)
    return [
        each
        for each in world.meetings.as_of(email, settled)
        if _is(world, kind, each) and first <= each.start.date() <= last
    ]


def _is(world: World, kind: str, meeting: Meeting) -> bool:
    """Nobody really enters a simulated meeting: one is live once its host is said to have started it."""
    if kind == "live":
        return meeting.id in world.meetings.live
    coming = meeting.end >= world.now() or not meeting.timed
    if kind.startswith("upcoming"):
        return coming
    return kind == "scheduled" or (kind == "previous_meetings" and not coming)


def _day(call: Call, name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(call.one(name)) if call.one(name) else otherwise
    except ValueError as problem:
        raise invalid({name: "The format should be yyyy-MM-dd."}) from problem
