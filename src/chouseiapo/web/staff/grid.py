"""A week as rows and columns of cells: when they are, in words, and what lies over them. Reads no clock.

Every cell is one step of the organization's raster. Where the clocks change, a column lacks the hour that
does not exist, and an hour that comes twice has rows of its own: drawing it needs no arithmetic of time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from chouseiapo import wording
from chouseiapo.config import Settings
from chouseiapo.domain.slots import Slot
from chouseiapo.web.i18n import _, translate

DAYS = 7
FRIDAY = 4
MOST_SHADES = 3
PARTS = 12  # busy time is drawn in twelfths of a cell: minutes matter, seconds do not
FARTHEST = timedelta(weeks=104)
LEAST_CHANGE = timedelta(minutes=30)  # clocks change by an hour, on Lord Howe Island by half of one
Key = tuple[int, int]  # minute of the day, and whether it is the second time that the clock shows it
# By cell, counted through the week: from which of its parts to which.
Parts = Mapping[int, tuple[int, int]]


class Overlay(msgspec.Struct, frozen=True):
    """Who has what when: by name, so that a cell can say it. Whatever is held or reserved is busy, too.

    `reserved` is what a confirmed appointment has taken: nothing can be offered there. `unknown`: whose
    calendar could not be read.
    """

    busy: Mapping[str, Sequence[Slot]] = {}
    held: Mapping[str, Sequence[Slot]] = {}
    reserved: Mapping[str, Sequence[Slot]] = {}
    unknown: Sequence[str] = ()
    standing: Sequence[Slot] = ()
    own: Sequence[Slot] = ()


class Cell(msgspec.Struct, frozen=True):
    """`start` is empty where nothing can be offered. `until` names its end where the row's would be wrong;
    `now`: which quarter of it the present is in, 0 to 3, or empty. `first`: reserved time begins here.
    `busy`: who has something else then, as places in the week's `names`.
    """

    start: str = ""
    end: str = ""
    until: str = ""
    label: str = ""
    look: str = ""
    now: str = ""
    busy: Sequence[int] = ()
    chosen: bool = False
    first: bool = False


class Row(msgspec.Struct, frozen=True):
    clock: str
    until: str
    on_the_hour: bool
    working: bool
    cells: Sequence[Cell]


class Day(msgspec.Struct, frozen=True):
    label: str
    number: str
    name: str
    today: bool
    weekend: bool


class Week(msgspec.Struct, frozen=True):
    """`back`, `forth`, `home`: a day of the week before (empty when that is over), after, and of this one.

    `full`: no time of the business hours is left free.
    """

    monday: str
    title: str
    zone: str
    back: str
    forth: str
    home: str
    days: Sequence[Day]
    rows: Sequence[Row]
    names: Sequence[str]
    unknown: Sequence[str]
    full: bool


def monday_of(asked: str, now: datetime, settings: Settings) -> date:
    """The Monday of the week asked for; never one that is over. By default the week that has hours left."""
    local = now.astimezone(settings.zone)
    this = local.date() - timedelta(days=local.weekday())
    try:
        wanted = date.fromisoformat(asked)
    except ValueError:
        closed = (local.weekday(), local.time()) >= (FRIDAY, settings.business_hours[1])
        return this + timedelta(days=DAYS) if closed else this
    return min(max(this, wanted - timedelta(days=wanted.weekday())), this + FARTHEST)


def window(monday: date, zone: ZoneInfo) -> Slot:
    """The whole week as an interval."""
    return Slot(_midnight(monday, zone), _midnight(monday + timedelta(days=DAYS), zone))


def week(monday: date, now: datetime, settings: Settings, locale: str, overlay: Overlay) -> Week:
    """The week as it is drawn."""
    return _Drawing(monday, now, settings, locale, overlay).week()


class _Drawing:
    def __init__(
        self, monday: date, now: datetime, settings: Settings, locale: str, overlay: Overlay
    ) -> None:
        self._monday, self._now, self._settings = monday, now, settings
        self._locale, self._overlay = locale, overlay
        self._zone = settings.zone
        self._dates = [monday + timedelta(days=n) for n in range(DAYS)]
        self._labels = [
            wording.day(_midnight(on, self._zone), settings.time_zone, locale, today=self._today())
            for on in self._dates
        ]
        step = timedelta(minutes=settings.grid_minutes)
        self._columns = [_timeline(on, self._zone, step) for on in self._dates]
        starts = [start for column in self._columns for start, _ in column.values()]
        ends = [end for column in self._columns for _, end in column.values()]
        self._starts, self._ends = starts, ends
        self._busy = {name: self._covered(slots) for name, slots in overlay.busy.items()}
        self._held = {name: self._covered(slots) for name, slots in overlay.held.items()}
        self._reserved = {name: self._covered(slots) for name, slots in overlay.reserved.items()}
        self._standing, self._own = self._covered(overlay.standing), self._covered(overlay.own)

    def week(self) -> Week:
        local = self._now.astimezone(self._zone).date()
        this = local - timedelta(days=local.weekday())
        back = self._monday - timedelta(days=DAYS)
        middle = _midnight(self._dates[3], self._zone)
        rows = list(self._rows())
        return Week(
            monday=self._monday.isoformat(),
            title=f"{self._labels[0]}{'〜' if self._locale == 'ja' else ' – '}{self._labels[-1]}",
            zone=wording.zone_name(self._settings.time_zone, middle, self._locale),
            back=back.isoformat() if back >= this else "",
            forth=(self._monday + timedelta(days=DAYS)).isoformat(),
            home=this.isoformat(),
            days=[self._day(n, on, local) for n, on in enumerate(self._dates)],
            rows=rows,
            names=list(self._busy),
            unknown=self._overlay.unknown,
            full=not any(_is_free(cell) for row in rows for cell in row.cells),
        )

    def _day(self, n: int, on: date, today: date) -> Day:
        name = format_date(on, "EEE", locale=self._locale)
        number = str(on.day) if on.day > 1 else f"{on.month}/{on.day}"
        return Day(self._labels[n], number, name, on == today, on.weekday() > FRIDAY)

    def _rows(self) -> Iterable[Row]:
        """The longest day has a row for everything that the others have, too."""
        longest = max(len(column) for column in self._columns)
        keys = list(next(column for column in self._columns if len(column) == longest))
        clocks = [_clock(key) for key in keys]
        untils = [*clocks[1:], "24:00"]
        offset = 0
        offsets = []
        for column in self._columns:
            offsets.append(offset)
            offset += len(column)
        places = [
            {key: first + n for n, key in enumerate(c)}
            for first, c in zip(offsets, self._columns, strict=True)
        ]
        for key, clock, until in zip(keys, clocks, untils, strict=True):
            cells = [self._cell(n, places[n].get(key), clock, until) for n in range(DAYS)]
            yield Row(clock, until, key[0] % 60 == 0, self._is_working(time(*divmod(key[0], 60))), cells)

    def _cell(self, day: int, place: int | None, clock: str, until: str) -> Cell:
        when = translate(_("%(day)s %(clock)s"), self._locale, day=self._labels[day], clock=clock)
        if place is None:
            return Cell(
                label=translate(_("%(when)s この時刻はありません"), self._locale, when=when), look="p"
            )
        start, end = self._starts[place], self._ends[place]
        if start <= self._now:
            label = translate(_("%(when)s 過ぎた時刻です"), self._locale, when=when)
            now = str((self._now - start) * 4 // (end - start)) if self._now < end else ""
            looks = ("p", self._shade(place), "r" if self._has(self._reserved, place) else "")
            return Cell(label=label, look=_joined(looks), now=now)
        ends_at = f"{end.astimezone(self._zone):%H:%M}"
        return Cell(
            start=self._iso(start),
            end=self._iso(end),
            until="" if ends_at in (until, "00:00") else ends_at,
            label=self._said(when, place),
            look=self._look(day, place, start),
            busy=[n for n, parts in enumerate(self._busy.values()) if place in parts],
            chosen=place in self._own,
            first=self._has(self._reserved, place) and self._begins(place, start),
        )

    def _look(self, day: int, place: int, start: datetime) -> str:
        local = start.astimezone(self._zone).time()
        return _joined(
            (
                "o" if day <= FRIDAY and self._is_working(local) else "",
                self._shade(place),
                "h" if self._has(self._held, place) else "",
                "r" if self._has(self._reserved, place) else "",
                "s" if place in self._standing else "",
                "m" if place in self._own else "",
            )
        )

    def _is_working(self, clock: time) -> bool:
        opens, closes = self._settings.business_hours
        return opens <= clock < closes

    @staticmethod
    def _has(taken: Mapping[str, Parts], place: int) -> bool:
        return any(place in parts for parts in taken.values())

    def _begins(self, place: int, start: datetime) -> bool:
        """Whether a day's reserved time begins in this cell."""
        at_midnight = start.astimezone(self._zone).time() == time()
        return at_midnight or not self._has(self._reserved, place - 1)

    def _shade(self, place: int) -> str:
        """The more people are busy, the darker; and which part of the cell, where it is not the whole."""
        parts = [
            busy[place]
            for name, busy in self._busy.items()
            if place in busy
            and place not in self._held.get(name, {})
            and place not in self._reserved.get(name, {})
        ]
        if not parts:
            return ""
        first, last = min(first for first, _ in parts), max(last for _, last in parts)
        limits = (f"f{first}" if first else "", f"u{last}" if last < PARTS else "")
        return _joined((f"b{min(len(parts), MOST_SHADES)}", *limits))

    def _said(self, when: str, place: int) -> str:
        told = []
        if place in self._standing:
            told.append(translate(_("提案済みの候補"), self._locale))
        for name in dict.fromkeys((*self._busy, *self._held, *self._reserved)):
            if place in self._reserved.get(name, ()):
                told.append(translate(_("%(name)sは確定済みの予定あり"), self._locale, name=name))
            elif place in self._held.get(name, ()):
                told.append(translate(_("%(name)sは仮予定あり"), self._locale, name=name))
            elif place in self._busy.get(name, ()):
                told.append(translate(_("%(name)sは予定あり"), self._locale, name=name))
        told += [translate(_("%(name)sは不明"), self._locale, name=name) for name in self._overlay.unknown]
        words = wording.people(told, self._locale) if told else translate(_("空き"), self._locale)
        return f"{when} {words}"

    def _covered(self, slots: Iterable[Slot]) -> Parts:
        """Which cells the intervals touch, and which part of each: from the first touched to the last."""
        found: dict[int, tuple[int, int]] = {}
        for slot in slots:
            for place in range(bisect_right(self._ends, slot.start), bisect_left(self._starts, slot.end)):
                first, last = self._part(place, slot)
                known = found.get(place, (first, last))
                found[place] = (min(first, known[0]), max(last, known[1]))
        return found

    def _part(self, place: int, slot: Slot) -> tuple[int, int]:
        begin, step = self._starts[place], (self._ends[place] - self._starts[place]) / PARTS
        return max(0, (slot.start - begin) // step), min(PARTS, -((begin - slot.end) // step))

    def _iso(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat(timespec="minutes")

    def _today(self) -> date:
        return self._now.astimezone(self._zone).date()


def _timeline(on: date, zone: ZoneInfo, step: timedelta) -> dict[Key, tuple[datetime, datetime]]:
    """A day's cells in their order, each with its UTC start and end; the keys are what a clock shows."""
    at, finish = _midnight(on, zone), _midnight(on + timedelta(days=1), zone)
    starts: dict[Key, datetime] = {}
    while at < finish:
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        if timedelta(minutes=minute) % step == timedelta():
            starts[minute, local.fold] = at
        at += min(step, LEAST_CHANGE)
    ends = [*list(starts.values())[1:], finish]
    return {key: (start, end) for (key, start), end in zip(starts.items(), ends, strict=True)}


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), zone).astimezone(UTC)


def _clock(key: Key) -> str:
    minute, again = key
    return f"{minute // 60:02}:{minute % 60:02}{'′' if again else ''}"


def _joined(looks: Iterable[str]) -> str:
    return " ".join(filter(None, looks))


def _is_free(cell: Cell) -> bool:
    """Whether it can be offered, lies in business hours, and collides with nothing."""
    looks = cell.look.split()
    return "o" in looks and not {"b1", "b2", "b3", "h", "r"}.intersection(looks)
