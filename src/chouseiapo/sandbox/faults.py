"""Failures on request: what the vendors do on a bad day, as often as a test wants it."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

SERVICES = ("google", "microsoft", "zoom", "smtp", "google_oauth", "microsoft_oauth", "zoom_oauth")
KINDS = ("status", "drop_after", "drop_before", "slow")
CONNECTION = frozenset({"drop_after", "drop_before", "slow"})
ANSWER = frozenset({"status"})
ANY = CONNECTION | ANSWER


@dataclass
class Fault:
    """status: refused with that status. drop_after: carried out, then the socket is closed without a byte.
    drop_before: closed and nothing done. slow: `delay_s` later than usual, then as usual."""

    service: str
    kind: str
    rate: float = 1.0
    status: int = 503
    retry_after_s: int | None = None
    reason: str = ""  # the vendor's own word, where the usual one for the status will not do
    delay_s: float = 1.0
    mailbox: str = ""
    limit: int | None = None
    stage: str = "rcpt"  # of smtp: answered to RCPT or to DATA
    seed: int = 0
    hits: int = 0
    dice: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311 - to repeat a run, not to hide anything

    def strikes(self, service: str, mailbox: str) -> bool:
        """Throws the dice, but not for another service or mailbox: each fault keeps its own sequence."""
        if service != self.service or (self.mailbox and mailbox.lower() != self.mailbox):
            return False
        if self.limit is not None and self.hits >= self.limit:
            return False
        if self.dice.random() >= self.rate:
            return False
        self.hits += 1
        return True

    def public(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}


@dataclass(frozen=True)
class Strike:
    """What befalls one request: a delay, and at most one fault beside."""

    delay_s: float = 0.0
    fault: Fault | None = None

    @property
    def kind(self) -> str:
        return self.fault.kind if self.fault else "slow" if self.delay_s else ""


CALM = Strike()


class Faults:
    """All that stand now; the first that strikes wins, and slow ones add up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: list[Fault] = []

    def add(self, wish: Mapping[str, object]) -> Fault:
        """ValueError with a plain sentence when the wish can't be understood."""
        fault = read_fault(wish)
        with self._lock:
            self._standing.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.public() for fault in self._standing]

    def strike(self, service: str, mailbox: str, kinds: frozenset[str] = ANY, stage: str = "") -> Strike:
        if not self._standing:
            return CALM
        delay = 0.0
        with self._lock:
            for fault in self._standing:
                if fault.kind not in kinds or (stage and fault.kind == "status" and fault.stage != stage):
                    continue
                if fault.strikes(service, mailbox):
                    if fault.kind != "slow":
                        return Strike(delay, fault)
                    delay += fault.delay_s
        return Strike(delay)


NUMBERS: dict[str, tuple[type, float, float]] = {
    "rate": (float, 0, 1),
    "status": (int, 400, 599),
    "retry_after_s": (int, 0, 86_400),
    "delay_s": (float, 0, 600),
    "limit": (int, 0, 1_000_000_000),
    "seed": (int, -(2**63), 2**63),
}
CHOICES = {"service": SERVICES, "kind": KINDS, "stage": ("rcpt", "data")}


def read_fault(wish: Mapping[str, object]) -> Fault:
    known = {*NUMBERS, *CHOICES, "reason", "mailbox"}
    if unknown := sorted(set(wish) - known):
        raise ValueError(f"A fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}.")
    read: dict[str, Any] = {}
    for name, value in wish.items():
        if value is None and name in ("retry_after_s", "limit", "mailbox", "seed", "status"):
            continue
        read[name] = _value(name, value)
    for name in ("service", "kind"):
        if name not in read:
            raise ValueError(f"A fault needs its {name}: {', '.join(CHOICES[name])}.")
    return Fault(**read)


def _value(name: str, value: object) -> object:
    if name in NUMBERS:
        kind, least, most = NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"{name} is a number from {least} to {most}, not {value!r}.")
        return kind(value)
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}.")
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {value!r}.")
    return value.lower() if name == "mailbox" else value
