"""The part of a page in which candidates are picked: the week grid and the list of what was picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from flask import g

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.slots import MOST_CANDIDATES, Slot
from chouseiapo.web.api.requests import services
from chouseiapo.web.staff import frame, grid, people
from chouseiapo.web.staff.busy import clashes, overlay
from chouseiapo.web.staff.picking import Picking, clocks, lengths


class Row(msgspec.Struct, frozen=True):
    """A picked candidate as a line of the list; `clash`: who has something else then."""

    start: str
    end: str
    words: str
    room: str
    clash: Sequence[str]
    problems: Sequence[Problem]


def picker(
    picking: Picking,
    attendees: Sequence[str],
    problems: Sequence[Problem] = (),
    standing: Sequence[Slot] = (),
    besides: str = "",
) -> dict[str, Any]:
    """What the templates `_grid.html` and `_picked.html` need."""
    settings = services().settings
    monday = grid.monday_of(picking.week, g.now, settings)
    window = grid.window(monday, settings.zone)
    rooms = dict.fromkeys(filter(None, (picking.room, *(p.room for p in picking.picked))))
    known = {room.id for room in people.rooms()}
    resources = [*attendees, *(room for room in rooms if room in known)]
    over = overlay(resources, window, picking.slots, standing, besides)
    rows = rows_of(picking, clashes(picking.slots, over), problems)
    return {
        "picking": picking,
        "week": grid.week(monday, g.now, settings, g.locale, over),
        "rows": rows,
        "rooms": people.rooms(),
        "copied": "\n".join(row.words for row in rows),
        "clocks": clocks(settings.grid_minutes),
        "lengths": lengths(settings.grid_minutes),
        "most": MOST_CANDIDATES,
        "step": settings.grid_minutes,
    }


def rows_of(picking: Picking, clash: Sequence[Sequence[str]], problems: Sequence[Problem] = ()) -> list[Row]:
    """The list's lines; a problem of `candidates.2.start` belongs to the third."""
    zone = services().settings.zone
    return [
        Row(
            start=picked.start.astimezone(zone).isoformat(timespec="minutes"),
            end=picked.end.astimezone(zone).isoformat(timespec="minutes"),
            words=frame.slot(picked.start, picked.end),
            room=picked.room,
            clash=clash[n],
            problems=[p for p in problems if p.field.startswith(f"candidates.{n}.")],
        )
        for n, picked in enumerate(picking.picked)
    ]
