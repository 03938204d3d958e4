"""When a recurring meeting with a fixed time takes place."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.times import instant, zulu

DAILY, WEEKLY, MONTHLY = 1, 2, 3
MOST, SHOWN_WITHOUT_END = 60, 50
LONGEST_STEP = {DAILY: 99, WEEKLY: 50, MONTHLY: 10}
NUMBERS = {
    "repeat_interval": (1, 99),
    "end_times": (0, MOST),
    "monthly_day": (1, 31),
    "monthly_week": (-1, 4),
    "monthly_week_day": (1, 7),
}


def problem(value: object) -> str:
    """What is wrong with a recurrence, in a sentence; empty when it is good."""
    if not isinstance(value, dict) or value.get("type") not in LONGEST_STEP:
        return "The type should be 1, 2 or 3."
    for name, part in value.items():
        if name in NUMBERS:
            least, most = NUMBERS[name]
            if isinstance(part, bool) or not isinstance(part, int) or not least <= part <= most:
                return f"{name} should be between {least} and {most}."
        elif name not in ("type", "weekly_days", "end_date_time"):
            return f"Unknown field {name}."
    if value.get("repeat_interval", 1) > LONGEST_STEP[value["type"]]:
        return f"repeat_interval should be at most {LONGEST_STEP[value['type']]}."
    days = str(value.get("weekly_days", "1")).split(",")
    if not all(each in "1234567" and len(each) == 1 for each in days):
        return "weekly_days should be numbers from 1 (Sunday) to 7."
    return _end_problem(value)


def _end_problem(value: Json) -> str:
    if "end_date_time" not in value:
        return ""
    if "end_times" in value:
        return "end_date_time cannot be used with end_times."
    try:
        instant(value["end_date_time"])
    except ValueError as wrong:
        return str(wrong)
    return ""


def occurrences(start: datetime, recurrence: Json, zone: ZoneInfo, minutes: int) -> list[Json]:
    """At the same time of day in the zone, from the start on; one without an end shows its first fifty."""
    times = _times(start.astimezone(zone), recurrence)
    if "end_date_time" in recurrence:
        last = instant(recurrence["end_date_time"])
        times = (each for each in times if each <= last)
        count = MOST
    else:
        count = recurrence.get("end_times", 1) or SHOWN_WITHOUT_END
    return [
        {
            "occurrence_id": str(int(each.timestamp() * 1000)),
            "start_time": zulu(each),
            "duration": minutes,
            "status": "available",
        }
        for each in islice(times, count)
    ]


def _times(first: datetime, recurrence: Json) -> Iterator[datetime]:
    """For ten years: whoever asks for an end date far away still gets an answer."""
    for day in _days(first.date(), recurrence):
        at = datetime.combine(day, first.timetz()).astimezone(UTC)
        if at >= first:
            yield at


def _days(first: date, recurrence: Json) -> Iterator[date]:
    step, kind = recurrence.get("repeat_interval", 1), recurrence["type"]
    if kind == DAILY:
        yield from (first + timedelta(days=n) for n in range(0, 3650, step))
    elif kind == WEEKLY:
        sunday = first - timedelta(days=(first.weekday() + 1) % 7)
        usual = str((first.weekday() + 1) % 7 + 1)
        days = sorted(int(each) for each in str(recurrence.get("weekly_days", usual)).split(","))
        for week in range(0, 520, step):
            yield from (sunday + timedelta(weeks=week, days=each - 1) for each in days)
    else:
        for month in range(first.month - 1, first.month - 1 + 120, step):
            if (found := _of_month(first.year + month // 12, month % 12 + 1, first, recurrence)) is not None:
                yield found


def _of_month(year: int, month: int, first: date, recurrence: Json) -> date | None:
    """The day by its number, or the n-th (-1: last) of a weekday; None where the month has none."""
    weeks = calendar.Calendar(6).monthdatescalendar(year, month)
    if "monthly_week" in recurrence:
        wanted = recurrence.get("monthly_week_day", 1) - 1
        found = [week[wanted] for week in weeks if week[wanted].month == month]
        place = recurrence["monthly_week"]
        return found[-1] if place == -1 else found[place - 1] if 1 <= place <= len(found) else None
    day = recurrence.get("monthly_day", first.day)
    return date(year, month, day) if day <= calendar.monthrange(year, month)[1] else None
