"""Slots of time, the candidates made of them, and the rules that make a slot acceptable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.domain.errors import Problem

LONGEST = timedelta(hours=24)
LONGEST_DIRECT = timedelta(days=31)
MOST_CANDIDATES = 50


class Slot(msgspec.Struct, frozen=True, order=True):
    """A half-open interval [start, end) of UTC instants."""

    start: datetime
    end: datetime

    def overlaps(self, other: Slot) -> bool:
        return self.start < other.end and other.start < self.end

    def utc_days(self) -> list[date]:
        """Every UTC day that the half-open interval touches: 23:00-24:00 touches one, 23:30-00:30 two."""
        first = self.start.astimezone(UTC).date()
        last = (self.end.astimezone(UTC) - timedelta(microseconds=1)).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


class CandidateState(StrEnum):
    """An open candidate may become any of the others; none of the others ever opens again."""

    OPEN = "open"
    CHOSEN = "chosen"
    WITHDRAWN = "withdrawn"
    TAKEN = "taken"
    PASSED = "passed"


class Candidate(msgspec.Struct, frozen=True, omit_defaults=True):
    """One offered slot; `room` is a room's id. `id` is unique within its appointment. all_day: it lasts from
    one midnight to another in the organization's zone, and calendars show it as a date."""

    id: str
    start: datetime
    end: datetime
    room: str | None = None
    state: CandidateState = CandidateState.OPEN
    all_day: bool = False

    @property
    def slot(self) -> Slot:
        return Slot(self.start, self.end)

    def stands_at(self, start: datetime | None) -> bool:
        """Whether it begins when somebody saw it begin; None where nobody says when that was."""
        return start in (None, self.start)


class Offer(msgspec.Struct, frozen=True):
    """A slot that somebody wants to offer, before it has an id. Times carry an offset."""

    start: datetime
    end: datetime
    room: str | None = None
    all_day: bool = False

    @property
    def slot(self) -> Slot:
        return Slot(self.start.astimezone(UTC), self.end.astimezone(UTC))


class Grid(msgspec.Struct, frozen=True):
    """The raster that candidates start and end on, counted from midnight in the organization's zone."""

    minutes: int
    zone: str

    def holds(self, instant: datetime) -> bool:
        """On the raster by the wall clock of that zone, whatever its offset is on that day."""
        local = instant.astimezone(ZoneInfo(self.zone))
        on_minute = (local.hour * 60 + local.minute) % self.minutes == 0
        return on_minute and local.second == 0 and local.microsecond == 0

    def is_midnight(self, instant: datetime) -> bool:
        """Whether a day begins then, in that zone."""
        local = instant.astimezone(ZoneInfo(self.zone))
        return self.holds(instant) and (local.hour, local.minute) == (0, 0)


def numbered(offers: Iterable[Offer], standing: int) -> tuple[Candidate, ...]:
    """The offers as candidates in order of time, numbered on from as many as stand already."""
    ordered = enumerate(sorted(offers, key=lambda offer: (offer.slot, offer.room or "")), standing + 1)
    return tuple(
        Candidate(f"c{n}", offer.slot.start, offer.slot.end, offer.room or None, all_day=offer.all_day)
        for n, offer in ordered
    )


def check_pickable(offers: Iterable[Offer]) -> Iterator[Problem]:
    """Whole days are registered by the staff; nobody is asked to pick among them."""
    for n, offer in enumerate(offers):
        if offer.all_day:
            yield Problem(f"candidates.{n}.start", "candidate_all_day")


def check_offers(
    offers: Sequence[Offer],
    standing: Iterable[Candidate],
    grid: Grid,
    now: datetime,
    longest: timedelta = LONGEST,
) -> list[Problem]:
    """Everything wrong with `offers` next to the candidates that stand already; empty when all are fine."""
    others = [c.slot for c in standing if c.state is CandidateState.OPEN]
    if not offers:
        return [Problem("candidates", "candidates_missing")]
    if len(offers) + len(others) > MOST_CANDIDATES:
        return [Problem("candidates", "candidates_too_many", {"most": MOST_CANDIDATES})]
    problems: list[Problem] = []
    for n, offer in enumerate(offers):
        found = _check_slot(f"candidates.{n}", offer, grid, now, longest)
        if not found and any(offer.slot.overlaps(other) for other in others):
            found = [Problem(f"candidates.{n}.start", "candidate_overlaps")]
        problems += found
        others.append(offer.slot)
    return problems


def _check_slot(field: str, offer: Offer, grid: Grid, now: datetime, longest: timedelta) -> list[Problem]:
    slot = offer.slot
    if slot.end <= slot.start:
        return [Problem(f"{field}.end", "candidate_reversed")]
    problems = []
    if slot.start <= now:
        problems.append(Problem(f"{field}.start", "candidate_in_past"))
    for name, instant in (("start", slot.start), ("end", slot.end)):
        if offer.all_day and not grid.is_midnight(instant):
            problems.append(Problem(f"{field}.{name}", "candidate_no_midnight"))
        elif not grid.holds(instant):
            problems.append(Problem(f"{field}.{name}", "candidate_off_grid", {"minutes": grid.minutes}))
    if slot.end - slot.start > longest:
        hours = int(longest / timedelta(hours=1))
        problems.append(Problem(f"{field}.end", "candidate_too_long", {"hours": hours}))
    elif slot.end - slot.start < timedelta(minutes=grid.minutes):
        problems.append(Problem(f"{field}.end", "candidate_too_short", {"minutes": grid.minutes}))
    return problems
