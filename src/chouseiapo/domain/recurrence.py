"""Recurrence: when an appointment that is registered directly takes place again."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.slots import Offer

MOST_OCCURRENCES = 60
LARGEST_INTERVAL = 12
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


def occurring(first: Offer, recurrence: Recurrence, zone: str) -> list[Offer]:
    """The first and those after it, at the same wall-clock time of that IANA zone."""
    local = ZoneInfo(zone)
    start, end = first.start.astimezone(local), first.end.astimezone(local)
    return [
        msgspec.structs.replace(first, start=_shifted(start, days), end=_shifted(end, days))
        for days in _days(start.date(), recurrence)
    ]


def _shifted(instant: datetime, days: int) -> datetime:
    """So many days later by the wall clock, whatever the offset is by then; an instant of UTC."""
    return (instant + timedelta(days=days)).astimezone(UTC)


def _days(first: date, recurrence: Recurrence) -> list[int]:
    """How many days after the first each one is."""
    dates = _dates(first, recurrence)
    return [(next(dates) - first).days for _ in range(recurrence.count)]


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
    while True:
        yield first
        first += timedelta(days=days)


def _monthly(first: date, interval: int) -> Iterator[date]:
    months = first.year * 12 + first.month - 1
    while True:
        year, month = divmod(months, 12)
        if first.day <= monthrange(year, month + 1)[1]:
            yield first.replace(year=year, month=month + 1)
        months += interval
