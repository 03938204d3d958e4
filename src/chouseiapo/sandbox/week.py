"""A week of everybody's calendars in quarter hours: rows and lanes that the style sheet has classes for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.times import TOKYO
from chouseiapo.sandbox.world import World

STEP = timedelta(minutes=15)
PER_HOUR = 4
OPEN, CLOSE = 8, 19
"""Hours that are shown in any case."""
MOST_LANES, MOST_LINES = 6, 8
ROW_PX = 12


@dataclass(frozen=True)
class Block:
    """The part of an entry that lies on one day: rows from `top` up to `bottom`, in one of `lanes`."""

    entry: Entry
    start: datetime
    end: datetime
    top: int
    bottom: int
    lane: int
    wide: bool

    @property
    def begins(self) -> str:
        return f"{self.start:%H:%M}"

    @property
    def finishes(self) -> str:
        return f"{self.end:%H:%M}" if self.end.time() > time() else "24:00"

    @property
    def lines(self) -> int:
        """How many lines of the title fit below the time; 0: it stands beside it."""
        rows = self.bottom - self.top
        return 0 if rows < PER_HOUR - 1 else min((rows * ROW_PX - 18) // 13, MOST_LINES)

    @property
    def look(self) -> str:
        """Hatched, solid or grey: the same three looks as everywhere in the product."""
        if self.entry.tag:
            return "held" if self.entry.status == "tentative" else "fixed"
        return "maybe" if self.entry.status == "tentative" else "busy"


@dataclass(frozen=True)
class Day:
    date: date
    today: bool
    weekend: bool
    now_row: int
    lanes: int
    blocks: Sequence[Block]

    @property
    def at(self) -> datetime:
        return _midnight(self.date)


@dataclass(frozen=True)
class Sheet:
    """The week of one calendar, and whose it is."""

    calendar: Calendar
    people: str
    days: Sequence[Day]


@dataclass(frozen=True)
class Week:
    monday: date
    hours: range
    sheets: Sequence[Sheet]

    @property
    def first(self) -> datetime:
        return _midnight(self.monday)

    @property
    def last(self) -> datetime:
        return _midnight(self.monday + timedelta(days=6))


Piece = tuple[Entry, datetime, datetime]


def week(world: World, monday: date, now: datetime) -> Week:
    """All seven days; early and late hours only where somebody has something then, the same for all."""
    with world.lock:
        calendars = list(world.calendars.values())
        begin, finish = (_midnight(monday + timedelta(days=n)).astimezone(UTC) for n in (0, 7))
        entries = {each.id: each.between(begin, finish) for each in calendars}
    dates = [monday + timedelta(days=n) for n in range(7)]
    pieces = {(id, on): _pieces(found, on) for id, found in entries.items() for on in dates}
    hours = _hours(piece for each in pieces.values() for piece in each if not piece[0].all_day)
    sheets = [
        Sheet(each, _people(world, each), [_day(pieces[each.id, on], on, hours, now) for on in dates])
        for each in calendars
    ]
    return Week(monday, hours, sheets)


def _people(world: World, calendar: Calendar) -> str:
    """A mailbox's own calendar has its address; the others are told by who has them in the list."""
    if calendar.id in world.people:
        return calendar.id
    return ", ".join(email for email, share in calendar.shares.items() if share.role != "none")


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def coming_monday(today: date) -> date:
    """Of the week to look at first: on a weekend that is the next one."""
    return monday_of(today + timedelta(days=2) if today.weekday() > 4 else today)


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), TOKYO)


def _pieces(entries: Iterable[Entry], on: date) -> list[Piece]:
    begin, finish = _midnight(on), _midnight(on + timedelta(days=1))
    return [
        (each, max(each.start.astimezone(TOKYO), begin), min(each.end.astimezone(TOKYO), finish))
        for each in entries
        if each.overlaps(begin, finish)
    ]


def _hours(pieces: Iterable[Piece]) -> range:
    first, last = OPEN, CLOSE
    for _, start, end in pieces:
        begin = _midnight(start.date())
        first = min(first, start.hour)
        last = max(last, -(-(end - begin) // timedelta(hours=1)))
    return range(first, min(last, 24))


def _day(pieces: Sequence[Piece], on: date, hours: range, now: datetime) -> Day:
    opening = _midnight(on) + timedelta(hours=hours.start)
    lanes: list[datetime] = []
    placed: list[tuple[Piece, int]] = []
    for piece in pieces:
        free = (n for n, until in enumerate(lanes) if until <= piece[1])
        lane = next(free, len(lanes))
        lanes[lane:] = [piece[2], *lanes[lane + 1 :]]
        placed.append((piece, lane))
    blocks = [_block(piece, lane, pieces, opening, hours) for piece, lane in placed]
    local = now.astimezone(TOKYO)
    today = local.date() == on
    now_row = _row(opening, local) if today and local.hour in hours else 0
    return Day(on, today, on.weekday() > 4, now_row, min(max(len(lanes), 1), MOST_LANES), blocks)


def _block(piece: Piece, lane: int, others: Sequence[Piece], opening: datetime, hours: range) -> Block:
    """A whole day is as long as the hours that are shown."""
    entry, start, end = piece
    alone = not any(other is not piece and other[1] < end and start < other[2] for other in others)
    top, bottom = _row(opening, start), _row(opening, end - timedelta(microseconds=1)) + 1
    if entry.all_day:
        top, bottom = 1, len(hours) * PER_HOUR + 1
    return Block(entry, start, end, top, max(bottom, top + 2), min(lane, MOST_LANES - 1) + 1, alone)


def _row(opening: datetime, at: datetime) -> int:
    return (at - opening) // STEP + 1


def rules() -> str:
    """The classes that place blocks: a strict content security policy allows no style attributes."""
    rows = range(1, 24 * PER_HOUR + 3)
    lanes = range(1, MOST_LANES + 1)
    lines = range(1, MOST_LINES + 1)
    return "\n".join(
        [
            *(f".a{n}{{grid-row-start:{n}}}.z{n}{{grid-row-end:{n}}}" for n in rows),
            *(f".c{n}{{grid-column:{n}}}" for n in lanes),
            *(f".k{n}{{grid-template-columns:repeat({n},minmax(0,1fr))}}" for n in lanes),
            *(f".l{n} .name{{-webkit-line-clamp:{n}}}" for n in lines),
        ]
    )
