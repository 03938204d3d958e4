"""Busy time of the demo people in the coming days, so that the demo's week looks lived in."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

from chouseiapo.sandbox.hand import Moment, add
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.times import TOKYO
from chouseiapo.sandbox.world import World

WEEKS = 3
TITLES = (
    "営業会議", "見積レビュー", "1on1", "移動", "採用面接", "社内勉強会", "定例(新製品)", "資料作成",
    "電話対応", "来客対応",
)  # fmt: skip
STARTS = (9.5, 10, 11, 13, 13.5, 14, 15, 16, 16.5, 17)
LENGTHS = (30, 60, 60, 90)
WEEKLY = (0, time(9, 0), time(9, 30), "朝会")


def seed_busy(world: World, now: datetime) -> int:
    """Weekdays of this week and the next two; the same for the same date. Returns how many were added."""
    today = now.astimezone(TOKYO).date()
    first = today - timedelta(days=today.weekday())
    days = [first + timedelta(days=n) for n in range(7 * WEEKS) if n % 7 < 5]
    people = [each for each in world.people.values() if not each.room]
    return sum(_seed(world, person, on) for person in people for on in days)


def _seed(world: World, person: Person, on: date) -> int:
    dice = random.Random(f"{person.email} {on}")  # noqa: S311 - the same for the same date
    taken: list[tuple[datetime, datetime]] = []
    if on.weekday() == WEEKLY[0]:
        taken.append(_add(world, person, WEEKLY[3], _at(on, WEEKLY[1]), _at(on, WEEKLY[2])))
    for hours in sorted(dice.sample(STARTS, dice.choice((1, 2, 2, 3)))):
        start = _at(on, time(int(hours), int(hours % 1 * 60)))
        end = start + timedelta(minutes=dice.choice(LENGTHS))
        if all(end <= begin or finish <= start for begin, finish in taken):
            taken.append(_add(world, person, dice.choice(TITLES), start, end))
    return len(taken)


def _at(on: date, at: time) -> datetime:
    return datetime.combine(on, at, TOKYO).astimezone(UTC)


def _add(
    world: World, person: Person, title: str, start: datetime, end: datetime
) -> tuple[datetime, datetime]:
    add(world, person.email, title, Moment(start), Moment(end))
    return start, end
