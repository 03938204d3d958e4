"""When people are reminded: rules that an organization chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time
from enum import StrEnum

import msgspec

from chouseiapo.domain.errors import Problem

MOST_RULES = 5
LONGEST_BEFORE = 14 * 24 * 60
SHORTEST_BEFORE = 5


class Reminding(StrEnum):
    """ON_THE_DAY: at an hour of the start's local date. BEFORE: so many minutes before the start."""

    ON_THE_DAY = "day"
    BEFORE = "before"


class ReminderRule(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """One rule. `at`, local to each recipient, counts on the day alone; `minutes` counts before the start."""

    when: Reminding
    at: str = ""
    minutes: int = 0

    @property
    def name(self) -> str:
        """How the rule is called in keys of mails, for ever: `reminder` for the day, `reminder-90` before."""
        return "reminder" if self.when is Reminding.ON_THE_DAY else f"reminder-{self.minutes}"

    @property
    def hour(self) -> time:
        return time.fromisoformat(self.at)


def check_reminders(rules: Sequence[ReminderRule]) -> Iterator[Problem]:
    """One at least, because nobody shall find out too late; one on the day at most."""
    if not rules:
        yield Problem("reminders", "reminders_missing")
    if len(rules) > MOST_RULES:
        yield Problem("reminders", "reminders_too_many", {"most": MOST_RULES})
    if sum(rule.when is Reminding.ON_THE_DAY for rule in rules) > 1:
        yield Problem("reminders", "reminder_twice")
    for n, rule in enumerate(rules):
        yield from _check(f"reminders.{n}", rule)


def _check(field: str, rule: ReminderRule) -> Iterator[Problem]:
    if rule.when is Reminding.BEFORE:
        if not SHORTEST_BEFORE <= rule.minutes <= LONGEST_BEFORE:
            bounds: dict[str, str | int] = {"least": SHORTEST_BEFORE, "days": LONGEST_BEFORE // (24 * 60)}
            yield Problem(f"{field}.minutes", "reminder_out_of_range", bounds)
        return
    try:
        well = rule.hour.isoformat("minutes") == rule.at
    except ValueError:
        well = False
    if not well:
        yield Problem(f"{field}.at", "reminder_hour_invalid")
