"""Room: a place that can be booked together with the people."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from chouseiapo.domain import links
from chouseiapo.domain.event import Event
from chouseiapo.domain.links import Link, Linkable


class Room(Linkable):
    """A bookable resource; it has an agenda and a calendar like a member."""

    class Added(Event, frozen=True, kw_only=True):
        """The room can be chosen from now on."""

        NAME: ClassVar[str] = "room.added"
        name: str
        seats: int = 0

    class Linked(links.AccountLinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.linked"

    class Unlinked(links.AccountUnlinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.unlinked"

    class LinkBroken(links.AccountBroken, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.link-broken"

    class LinkHealed(links.AccountHealed, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.link-healed"

    class CalendarChosen(links.CalendarSelected, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.calendar-chosen"

    class EntriesVanished(links.EntriesDisappeared, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.entries-vanished"

    class VanishingAnswered(links.DisappearanceAnswered, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "room.vanishing-answered"

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.seats = 0

    @property
    def calendar_in_use(self) -> Link | None:
        """An account may have calendars of its own beside the room's: none is used before one is chosen."""
        return self.calendar if self.calendar and self.calendar.chosen else None

    def add(self, name: str, seats: int, now: datetime) -> None:
        self._record(self.Added, now, name=name, seats=seats)

    def when(self, event: Event) -> None:
        match event:
            case Room.Added(name=name, seats=seats):
                self.name, self.seats = name, seats
            case _:
                super().when(event)
