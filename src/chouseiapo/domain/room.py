"""Room: a place that can be booked together with the people."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from chouseiapo.domain.event import Aggregate, Event


class Room(Aggregate):
    """A bookable resource; it has an agenda and a calendar like a member."""

    class Added(Event, frozen=True, kw_only=True):
        """The room can be chosen from now on."""

        NAME: ClassVar[str] = "room.added"
        name: str
        seats: int = 0

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.name = ""
        self.seats = 0

    def add(self, name: str, seats: int, now: datetime) -> None:
        self._record(self.Added, now, name=name, seats=seats)

    def when(self, event: Event) -> None:
        match event:
            case Room.Added(name=name, seats=seats):
                self.name, self.seats = name, seats
