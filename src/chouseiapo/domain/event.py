"""The frozen base of every event, and the base of every aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self, TypeVar

import msgspec

T = TypeVar("T")

# A field of this kind holds a guest's personal data: it is encrypted in the event store under a key of its
# own stream, and reads as ERASED once that key is destroyed.
Personal = Annotated[T, msgspec.Meta(extra={"personal": True})]
ERASED = "（消去済み）"

# Actors that are no members.
SYSTEM = "system"
GUEST = "guest"
OPERATOR = "operator"


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who and what made an event: the actor's id, the command, and the chain that led there."""

    actor: str = ""
    command: str = ""
    correlation: str = ""
    causation: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `at` is UTC; NAME is stored and never changes; VERSION counts its shapes."""

    originator_id: str
    originator_version: int
    at: datetime
    meta: Meta = Meta()

    NAME: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1

    @property
    def id(self) -> str:
        """Identifies this event for causation: stream and version."""
        return f"{self.originator_id}/{self.originator_version}"


def caused_by(event: Event, target: str) -> Meta:
    """What a policy's command carries: repeated for the same event and target it is the same command."""
    return Meta(
        actor=SYSTEM,
        command=f"{event.id}>{target}",
        correlation=event.meta.correlation or event.id,
        causation=event.id,
    )


class Aggregate:
    """Decides in its own methods, remembers in `when`, and holds what is not yet saved.

    A failed save drains the pending events: load it again instead of saving the same object twice.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.version = 0
        self.commands: set[str] = set()
        self._pending: list[Event] = []

    @classmethod
    def remember(cls, id: str, events: Iterable[Event]) -> Self:
        """Rebuild the aggregate from its events; without events it is new (version 0)."""
        aggregate = cls(id)
        for event in events:
            aggregate._apply(event)
        return aggregate

    def when(self, event: Event) -> None:
        """Take one event into memory; never decides, never fails on an event it does not need."""
        raise NotImplementedError

    def collect_events(self) -> Sequence[Event]:
        """Hand over what is not yet saved (the event store's own protocol)."""
        pending, self._pending = self._pending, []
        return pending

    def _record(self, event: type[Event], at: datetime, **fields: Any) -> None:
        happened = event(originator_id=self.id, originator_version=self.version + 1, at=at, **fields)
        self._pending.append(happened)
        self._apply(happened)

    def _apply(self, event: Event) -> None:
        self.version = event.originator_version
        if event.meta.command:
            self.commands.add(event.meta.command)
        self.when(event)
