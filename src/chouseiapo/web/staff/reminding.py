"""The organization's rules for reminders as a form writes them, and in words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from werkzeug.datastructures import MultiDict

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding, check_reminders
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words
from chouseiapo.web.staff.picking import number

# What a form counts in, as minutes; 24 hours are spoken of as hours.
UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
UNIT_NAMES = {"minutes": _("分前"), "hours": _("時間前"), "days": _("日前")}
USUAL_HOUR = "07:00"
_BEFORE = {
    "minutes": _("開始の%(n)s分前"),
    "hours": _("開始の%(n)s時間前"),
    "days": _("開始の%(n)s日前"),
}
_SUGGESTED = (24 * 60, 60, 10)


class Line(msgspec.Struct, frozen=True):
    """So much before the start, as typed."""

    amount: str
    unit: str

    @property
    def minutes(self) -> int:
        """0 for what is no number."""
        return (number(self.amount) or 0) * UNITS.get(self.unit, 0)


class Typed(msgspec.Struct, frozen=True):
    """The form as it stands; an empty line asks for nothing."""

    on_the_day: bool
    at: str
    lines: tuple[Line, ...]

    @property
    def rules(self) -> dict[str, ReminderRule]:
        """What it asks for, by the field that says so."""
        day = {"at": ReminderRule(Reminding.ON_THE_DAY, at=self.at)} if self.on_the_day else {}
        return day | {
            f"amount-{n}": ReminderRule(Reminding.BEFORE, minutes=line.minutes)
            for n, line in enumerate(self.lines)
            if line.amount.strip()
        }

    @property
    def problems(self) -> dict[str, Problem]:
        """What is wrong with it, by field."""
        rules = self.rules
        fields = list(rules)
        found: dict[str, Problem] = {}
        for problem in check_reminders(list(rules.values())):
            _all, _dot, place = problem.field.partition(".")
            field = fields[int(place.partition(".")[0])] if place else problem.field
            found.setdefault(field, problem)
        return found

    def after(self, action: str) -> Typed:
        """With a line more (`add`) or without one (`remove-1`); anything else changes nothing."""
        what, _dash, which = action.partition("-")
        if what == "add":
            known = {line.minutes for line in self.lines}
            next_one = next((line_of(m) for m in _SUGGESTED if m not in known), Line("", "minutes"))
            return msgspec.structs.replace(self, lines=(*self.lines, next_one))
        kept = tuple(line for n, line in enumerate(self.lines) if (what, which) != ("remove", str(n)))
        return msgspec.structs.replace(self, lines=kept)


def read(form: MultiDict[str, str]) -> Typed:
    """What somebody has typed."""
    lines = zip(form.getlist("amount"), form.getlist("unit"), strict=False)
    return Typed("on_the_day" in form, form.get("at", "").strip(), tuple(Line(*line) for line in lines))


def as_typed(rules: Sequence[ReminderRule]) -> Typed:
    """The form for rules that stand."""
    day = next((rule.at for rule in rules if rule.when is Reminding.ON_THE_DAY), "")
    before = tuple(line_of(rule.minutes) for rule in rules if rule.when is Reminding.BEFORE)
    return Typed(bool(day), day or USUAL_HOUR, before)


def line_of(minutes: int) -> Line:
    """In the largest unit that comes out even; a single day is 24 hours."""
    unit = next(u for u in reversed(UNITS) if minutes % UNITS[u] == 0 and minutes != UNITS[u] * (u == "days"))
    return Line(str(minutes // UNITS[unit]), unit)


def worded(rule: ReminderRule) -> str:
    """「当日の07:00」, 「開始の24時間前」."""
    if rule.when is Reminding.ON_THE_DAY:
        return words.said(_("当日の%(at)s"), at=rule.at)
    line = line_of(rule.minutes)
    return words.said(_BEFORE[line.unit], n=line.amount)
