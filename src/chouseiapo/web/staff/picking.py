"""Candidates while they are being picked: what a form says of them, and what its buttons do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from werkzeug.datastructures import MultiDict

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.slots import Grid, Offer, Slot, check_offers

MINUTES = (15, 30, 45, 60, 90, 120)
# As a time of day it is the end of one, never the beginning.
MIDNIGHT = "24:00"
FIRST_YEAR, LAST_YEAR = 2000, 2200  # beyond, arithmetic of dates and zones overflows
# Why nobody can be offered at that time: somebody who would attend, or the room, is booked.
Taken = Callable[[Offer], Problem | None]


class Picked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A slot that somebody has picked; `room` is a room's id or empty. all_day: whole days, registered."""

    start: datetime
    end: datetime
    room: str = ""
    all_day: bool = False

    @property
    def slot(self) -> Slot:
        return Slot(self.start.astimezone(UTC), self.end.astimezone(UTC))

    @property
    def offer(self) -> Offer:
        return Offer(self.start, self.end, self.room or None, self.all_day)


class Picking(msgspec.Struct, frozen=True, omit_defaults=True):
    """`room` and `minutes` are the next candidate's; `day`, `begin` and `finish` are typed, not drawn, and
    `problem` says what is wrong with them, at one of these three. Without a `finish` the length counts.
    """

    picked: tuple[Picked, ...] = ()
    room: str = ""
    week: str = ""
    minutes: int = 60
    day: str = ""
    begin: str = ""
    finish: str = ""
    problem: Problem | None = None

    @property
    def offers(self) -> tuple[Offer, ...]:
        return tuple(picked.offer for picked in self.picked)

    @property
    def slots(self) -> list[Slot]:
        return [picked.slot for picked in self.picked]


def read_picking(form: MultiDict[str, str]) -> Picking:
    """What the form holds; a candidate that is no pair of times comes from no page of ours and is dropped.

    A room that was changed for all applies to every candidate that had the one before.
    """
    rooms = form.getlist("room")
    room = _room(form.get("next_room", ""))
    changed = {_room(form.get("room_before", room)): room}
    found = []
    for n, text in enumerate(form.getlist("candidate")):
        start, end = (_instant(part) for part in (text + "|").split("|")[:2])
        if start and end:
            own = _room(rooms[n]) if n < len(rooms) else ""
            found.append(Picked(start, end, changed.get(own, own)))
    minutes = form.get("minutes", "")
    return Picking(
        picked=tuple(sorted(found, key=lambda p: p.slot)),
        room=room,
        week=form.get("week", ""),
        minutes=int(minutes) if minutes in map(str, MINUTES) else 60,
        day=form.get("day", ""),
        begin=form.get("begin", ""),
        finish=form.get("finish", ""),
    )


def acted(picking: Picking, action: str, grid: Grid, now: datetime, taken: Taken) -> Picking:
    """After a button was pressed: `week:<date>`, `remove:<number>`, `slot`; others change nothing here."""
    what, _, which = action.partition(":")
    if what == "week":
        return msgspec.structs.replace(picking, week=which)
    if what == "remove" and (removed := number(which)) is not None:
        kept = tuple(p for n, p in enumerate(picking.picked) if n != removed)
        return msgspec.structs.replace(picking, picked=kept)
    return _with_typed(picking, grid, now, taken) if what == "slot" else picking


def clocks(grid_minutes: int) -> list[str]:
    """Every time of the raster that a list offers; midnight at the end of the day comes last."""
    times = [f"{m // 60:02}:{m % 60:02}" for m in range(0, 24 * 60, grid_minutes)]
    return [*times, MIDNIGHT]


def lengths(grid_minutes: int) -> list[int]:
    """What a click or the Enter key adds, in minutes; as many as are whole steps of the raster."""
    return [minutes for minutes in MINUTES if minutes % grid_minutes == 0]


def _with_typed(picking: Picking, grid: Grid, now: datetime, taken: Taken) -> Picking:
    zone = ZoneInfo(grid.zone)
    start = wall(picking.day, picking.begin, zone)
    end = wall(picking.day, picking.finish, zone)
    if start and not picking.finish:
        end = (start.astimezone(UTC) + timedelta(minutes=picking.minutes)).astimezone(zone)
    if start is None or end is None:
        return msgspec.structs.replace(picking, problem=Problem("day", "day_missing"))
    if end <= start:
        return msgspec.structs.replace(picking, problem=Problem("finish", "finish_before_begin"))
    typed = Picked(start, end, picking.room)
    wrong = next(_problems_of_last((*picking.offers, typed.offer), grid, now), None) or taken(typed.offer)
    if wrong:
        return msgspec.structs.replace(picking, problem=Problem("day", wrong.code, wrong.values))
    added = sorted((*picking.picked, typed), key=lambda p: p.slot)
    return msgspec.structs.replace(picking, picked=tuple(added), week=picking.day)


def _problems_of_last(offers: tuple[Offer, ...], grid: Grid, now: datetime) -> Iterator[Problem]:
    """What would be refused because of the last one; what is wrong with the others is said in time."""
    for problem in check_offers(offers, (), grid, now):
        if problem.field == "candidates" or problem.field.startswith(f"candidates.{len(offers) - 1}."):
            yield problem


def number(text: str, digits: int = 6) -> int | None:
    """What was typed, in digits of whatever width; None for anything else, and for more digits than make
    sense."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= digits else None


def typed_span(
    day: str, begin: str, last: str, finish: str, zone: ZoneInfo, *, all_day: bool
) -> tuple[datetime, datetime] | None:
    """From and until when, as typed; `last` is the day that it ends on, empty for the first."""
    begin, finish = ("00:00", MIDNIGHT) if all_day else (begin, finish)
    start, end = wall(day, begin, zone), wall(last or day, finish, zone)
    return (start, end) if start and end else None


def wall(day: str, clock: str, zone: ZoneInfo) -> datetime | None:
    """A date and a time of day as typed, on the organization's clocks."""
    hour, _, minute = clock.partition(":")
    try:
        on = date.fromisoformat(day)
        if not FIRST_YEAR < on.year < LAST_YEAR:
            return None
        if clock == MIDNIGHT:
            return datetime.combine(on + timedelta(days=1), time(), zone)
        return datetime.combine(on, time(int(hour), int(minute)), zone)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo and FIRST_YEAR < found.year < LAST_YEAR else None


def _room(id: str) -> str:
    return id if id.startswith("room-") else ""
