"""Given / when / then for aggregates, and the people and times that most stories share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Platform, Proposal
from chouseiapo.domain.slots import Candidate, Grid, Offer

ID = "appointment-0123456789abcdef0123456789abcdef"
TANAKA, SUZUKI, SATO, ROOM = "member-tanaka", "member-suzuki", "member-sato", "room-1"
GRID = Grid(30, "Asia/Tokyo")
NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
YAMADA = Guest(company="ABC株式会社", name="山田太郎", email="yamada@example.net")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in November 2026, UTC; 10:00 in Tokyo is at(day, 1)."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def offer(day: int, hour: int, hours: float = 1, room: str | None = None) -> Offer:
    return Offer(at(day, hour), at(day, hour) + timedelta(hours=hours), room)


def candidate(id: str, day: int, hour: int, room: str | None = None) -> Candidate:
    return Candidate(id, at(day, hour), at(day, hour + 1), room)


def proposal(**changes: Any) -> Proposal:
    standing = Proposal(
        attendees=(TANAKA, SUZUKI),
        organizer=TANAKA,
        offers=(offer(25, 1), offer(26, 2)),
        guest=YAMADA,
    )
    return msgspec.structs.replace(standing, **changes)


def proposed(**changes: Any) -> Appointment.Proposed:
    fields: dict[str, Any] = {
        "author": SATO,
        "attendees": (TANAKA, SUZUKI),
        "organizer": TANAKA,
        "kind": Kind.WEB,
        "platform": Platform.NONE,
        "guest": YAMADA,
        "delivery": Delivery.MAIL,
        "candidates": (candidate("c1", 25, 1), candidate("c2", 26, 2)),
    }
    return Appointment.Proposed(originator_id=ID, originator_version=1, at=NOW, **(fields | changes))


def happened(kind: type[Event], **fields: Any) -> Event:
    return kind(originator_id=ID, originator_version=0, at=NOW, **fields)


def given(*events: Event) -> Appointment:
    numbered = [
        msgspec.structs.replace(event, originator_version=n) for n, event in enumerate(events, start=1)
    ]
    return Appointment.remember(ID, numbered)


def when(
    aggregate: Appointment, act: Callable[[Appointment], None]
) -> list[tuple[type[Event], dict[str, Any]]]:
    """What an act adds: each new event's class and its own fields."""
    act(aggregate)
    shared = set(Event.__struct_fields__)
    return [
        (type(e), {f: getattr(e, f) for f in e.__struct_fields__ if f not in shared})
        for e in aggregate.collect_events()
    ]
