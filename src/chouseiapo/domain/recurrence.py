"""Recurrence: when an appointment that is registered directly takes place again."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.slots import Offer

MOST_OCCURRENCES = 60
LARGEST_INTERVAL = 12
# Between the first and the last: calendars tell what has changed for about five years ahead.
LONGEST_SERIES = timedelta(days=3 * 366)
FRIDAY = 4


class Frequency(StrEnum):
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Recurrence(msgspec.Struct, frozen=True, omit_defaults=True):
    """So many times in all, every `interval` days, weeks or months; monthly on the same day of the month,
    where a month has one. `count` includes the first.
    """

    frequency: Frequency
    count: int
    interval: int = 1


def check_recurrence(recurrence: Recurrence, first: date) -> Iterator[Problem]:
    """What is wrong with it, for something that takes place on that local date for the first time."""
    if not 2 <= recurrence.count <= MOST_OCCURRENCES:
        yield Problem("recurrence.count", "occurrences_out_of_range", {"most": MOST_OCCURRENCES})
    if not 1 <= recurrence.interval <= LARGEST_INTERVAL:
        yield Problem("recurrence.interval", "interval_out_of_range", {"most": LARGEST_INTERVAL})
    elif recurrence.frequency is Frequency.WEEKDAYS and recurrence.interval != 1:
        yield Problem("recurrence.interval", "interval_out_of_range", {"most": 1})
    if recurrence.frequency is Frequency.WEEKDAYS and first.weekday() > FRIDAY:
        yield Problem("recurrence.frequency", "recurrence_starts_on_weekend")
    if recurrence.count in range(2, MOST_OCCURRENCES + 1) and recurrence.interval > 0:
        last = next(islice(_dates(first, recurrence), recurrence.count - 1, None), None)
        if last is None or last - first > LONGEST_SERIES:
            yield Problem("recurrence.count", "recurrence_too_long", {"years": LONGEST_SERIES.days // 366})


def count_until(frequency: Frequency, interval: int, first: date, last: date) -> int:
    """How many times something takes place from that local date until another, that day included; one more
    than the most where it is more often."""
    dates = _dates(first, Recurrence(frequency, MOST_OCCURRENCES + 1, interval))
    return sum(1 for _ in takewhile(lambda day: day <= last, islice(dates, MOST_OCCURRENCES + 1)))


def occurring(first: Offer, recurrence: Recurrence, zone: str) -> list[Offer]:
    """The first and those after it, at the same wall-clock time of that IANA zone, and as long (RFC 5545,
    3.8.5.3); whole days from midnight to midnight."""
    local = ZoneInfo(zone)
    start, end = first.start.astimezone(local), first.end.astimezone(local)
    length = first.slot.end - first.slot.start
    found = [first]
    for days in _days(start.date(), recurrence)[1:]:
        begins = _shifted(start, days)
        ends = _shifted(end, days) if first.all_day else begins + length
        found.append(msgspec.structs.replace(first, start=begins, end=ends))
    return found


def _shifted(instant: datetime, days: int) -> datetime:
    """So many days later by the wall clock, whatever the offset is by then; an instant of UTC. A time that
    does not exist on that day is meant by the offset before, one that comes twice is the first."""
    return (instant + timedelta(days=days)).replace(fold=0).astimezone(UTC)


def _days(first: date, recurrence: Recurrence) -> list[int]:
    """How many days after the first each one is."""
    return [(day - first).days for day in islice(_dates(first, recurrence), recurrence.count)]


def _dates(first: date, recurrence: Recurrence) -> Iterator[date]:
    match recurrence.frequency:
        case Frequency.MONTHLY:
            yield from _monthly(first, recurrence.interval)
        case Frequency.WEEKDAYS:
            yield from (day for day in _every(first, 1) if day.weekday() <= FRIDAY)
        case Frequency.WEEKLY:
            yield from _every(first, 7 * recurrence.interval)
        case Frequency.DAILY:
            yield from _every(first, recurrence.interval)


def _every(first: date, days: int) -> Iterator[date]:
    """Until the calendar ends."""
    for day in range(first.toordinal(), date.max.toordinal() + 1, days):
        yield date.fromordinal(day)


def _monthly(first: date, interval: int) -> Iterator[date]:
    months = first.year * 12 + first.month - 1
    while months < 12 * (MAXYEAR + 1):
        year, month = divmod(months, 12)
        if first.day <= monthrange(year, month + 1)[1]:
            yield first.replace(year=year, month=month + 1)
        months += interval
