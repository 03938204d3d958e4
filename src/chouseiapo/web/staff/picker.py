"""The part of a page in which candidates are picked: the week grid and the list of what was picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from flask import g

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.slots import MOST_CANDIDATES, Slot
from chouseiapo.web.errors import sentence
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import frame, grid, people, words
from chouseiapo.web.staff.busy import clashes, overlay
from chouseiapo.web.staff.picking import Picking, clocks, lengths


class Row(msgspec.Struct, frozen=True):
    """A picked candidate as a line of the list; `clash`: who has something else then. `problems`: what is
    wrong with it, in words; `room_wrong`: one of them is about its room.
    """

    start: str
    end: str
    words: str
    room: str
    clash: Sequence[str]
    problems: Sequence[str]
    room_wrong: bool = False


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
    over = overlay(resources, window, picking.slots, standing, besides, passing={*rooms} - {picking.room})
    rows = rows_of(picking, clashes(picking.slots, over), problems)
    return {
        "picking": picking,
        "week": grid.week(monday, g.now, settings, g.locale, over),
        "rows": rows,
        "clashing": sum(bool(row.clash) for row in rows),
        "typed_problem": _said(picking.problem) if picking.problem else "",
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
    found = []
    for n, picked in enumerate(picking.picked):
        own = [problem for problem in problems if problem.field.startswith(f"candidates.{n}.")]
        found.append(
            Row(
                start=picked.start.astimezone(zone).isoformat(timespec="minutes"),
                end=picked.end.astimezone(zone).isoformat(timespec="minutes"),
                words=frame.when(picked),
                room=picked.room,
                clash=clash[n],
                problems=[_said(problem) for problem in own],
                room_wrong=any(problem.field.endswith(".room") for problem in own),
            )
        )
    return found


def _said(problem: Problem) -> str:
    """What is wrong with a candidate; of reserved time, whose it is."""
    if problem.code != "candidate_reserved":
        return sentence(problem, g.locale)
    name = people.addressed(str(problem.values["who"]))
    return words.said(_("%(name)sに確定済みの予定があるため選べません。"), name=name)
