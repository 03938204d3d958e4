"""A time that is fixed from the start, as it is typed: hours or whole days, and how it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
from flask import g
from werkzeug.datastructures import MultiDict

from chouseiapo import wording
from chouseiapo.domain.errors import Problem
from chouseiapo.domain.recurrence import (
    LARGEST_INTERVAL,
    MOST_OCCURRENCES,
    Frequency,
    Recurrence,
    count_until,
)
from chouseiapo.domain.slots import LONGEST_DIRECT
from chouseiapo.web.staff import frame, people
from chouseiapo.web.staff.picking import FIRST_YEAR, LAST_YEAR, Picked, number, typed_span

ONCE = "once"
COUNT, UNTIL = "count", "until"
# What is said of a candidate that somebody is to pick from, in words for a time that is fixed.
INSTEAD = {
    "candidates_missing": "direct_missing",
    "candidate_in_past": "direct_in_past",
    "candidate_too_long": "direct_too_long",
    "candidate_too_short": "direct_too_short",
    "candidate_reversed": "direct_reversed",
}
_RESERVED = ("candidate_reserved", "occurrence_reserved")


class Timing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Dates and times of day on the organization's clocks. `last` is the day that it ends on, empty for the
    one that it begins on. ends: whether `times` says how often it takes place, or `until` the last day.
    """

    day: str = ""
    begin: str = "10:00"
    finish: str = "11:00"
    last: str = ""
    all_day: bool = False
    repeat: str = ONCE
    every: str = "1"
    ends: str = COUNT
    times: str = "4"
    until: str = ""

    def picked(self, zone: ZoneInfo, room: str) -> Picked | None:
        """The time, the first of several; None where it is none."""
        span = typed_span(self.day, self.begin, self.last, self.finish, zone, all_day=self.all_day)
        return Picked(*span, room, self.all_day) if span else None

    def recurrence(self) -> tuple[Recurrence | None, list[Problem]]:
        """How it repeats; none where that can't be read, and why not."""
        if self.repeat == ONCE:
            return None, []
        if self.repeat not in tuple(Frequency):
            return None, [Problem("recurrence.frequency", "unknown_value")]
        frequency = Frequency(self.repeat)
        interval = 1 if frequency is Frequency.WEEKDAYS else number(self.every) or 0
        if not 1 <= interval <= LARGEST_INTERVAL:
            most = {"most": LARGEST_INTERVAL}
            return None, [Problem("recurrence.interval", "interval_out_of_range", {**most})]
        count, problem = self._count(frequency, interval)
        return (None, [problem]) if problem else (Recurrence(frequency, count, interval), [])

    def _count(self, frequency: Frequency, interval: int) -> tuple[int, Problem | None]:
        first, last = _date(self.day), _date(self.until)
        if self.ends != UNTIL or first is None or not FIRST_YEAR < first.year < LAST_YEAR:
            return number(self.times) or 0, None  # a date that is none is refused itself
        if last is None:
            return 0, Problem("recurrence.count", "until_missing")
        count = count_until(frequency, interval, first, last)
        if count < 2:
            return 0, Problem("recurrence.count", "until_too_soon")
        if count > MOST_OCCURRENCES:
            return 0, Problem("recurrence.count", "until_too_late", {"most": MOST_OCCURRENCES})
        return count, None


def read_timing(form: MultiDict[str, str]) -> Timing:
    """The form as it was sent."""
    usual = Timing()
    return Timing(
        day=form.get("on", ""),
        begin=form.get("from", usual.begin),
        finish=form.get("to", usual.finish),
        last=form.get("last", ""),
        all_day="all_day" in form,
        repeat=form.get("repeat", usual.repeat),
        every=form.get("every", usual.every),
        ends=form.get("ends", usual.ends),
        times=form.get("times", usual.times),
        until=form.get("until", ""),
    )


def at_fields(problems: Sequence[Problem]) -> list[Problem]:
    """At the fields of the form; everybody's reserved time in one sentence."""
    found = []
    for problem in problems:
        if problem.code not in _RESERVED:
            of_time = problem.field.startswith("candidates")
            code = INSTEAD.get(problem.code, problem.code) if of_time else problem.code
            values = {**problem.values, "days": LONGEST_DIRECT.days}
            found.append(Problem("time" if of_time else problem.field, code, values))
    return [*_reserved([p for p in problems if p.code in _RESERVED]), *found]


def _reserved(problems: Sequence[Problem]) -> list[Problem]:
    if not problems:
        return []
    who = wording.people(dict.fromkeys(people.addressed(str(p.values["who"])) for p in problems), g.locale)
    days = dict.fromkeys(str(p.values["day"]) for p in problems if "day" in p.values)
    if not days:
        return [Problem("time", "direct_reserved", {"who": who})]
    named = wording.people((frame.date_named(date.fromisoformat(day)) for day in days), g.locale)
    return [Problem("time", "series_reserved", {"who": who, "days": named})]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
