"""Rounds, medians and what a row says."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

ROUNDS = 5


class Size(msgspec.Struct, frozen=True):
    """How much is measured: `quick` only shows that everything works."""

    rounds: int = ROUNDS
    requests: int = 1000
    confirmations: int = 100
    events: int = 1_000_000
    reminders: int = 50_000
    mails: int = 500


QUICK = Size(rounds=1, requests=64, confirmations=20, events=20_000, mails=50, reminders=600)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. A ratio is good when it is `at_least` the goal, or else at most the goal."""

    name: str
    what: str
    unit: str
    ours: float
    baseline: float
    against: str
    goal: float
    at_least: bool = True
    details: dict[str, Any] = {}

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal


def alternate(
    rounds: int, ours: Callable[[], Any], baseline: Callable[[], Any]
) -> tuple[list[Any], list[Any]]:
    """Results of both, round by round; the first round is thrown away, each goes first in every other one."""
    ours(), baseline()
    results: tuple[list[Any], list[Any]] = [], []
    for n in range(rounds):
        for turn in (n % 2, 1 - n % 2):
            results[turn].append((ours, baseline)[turn]())
    return results


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
