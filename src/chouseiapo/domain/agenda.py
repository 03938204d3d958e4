"""Agenda: what one member, room or host has reserved on one UTC day; two reservations never overlap."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import ClassVar

from chouseiapo.domain.errors import CandidateTaken
from chouseiapo.domain.event import Aggregate, Event
from chouseiapo.domain.slots import Slot


def agenda_id(resource: str, day: date) -> str:
    """The stream of one resource (a member's, room's or host's id) and one UTC day."""
    return f"agenda-{resource}-{day.isoformat()}"


class Agenda(Aggregate):
    """Whoever races to reserve the same time writes to the same stream, so only one of them can.

    An appointment that takes place several times has a reservation for each: its id, and the candidate's.
    """

    class Reserved(Event, frozen=True, kw_only=True):
        """An appointment holds this time; the whole slot stands on every UTC day it touches."""

        NAME: ClassVar[str] = "agenda.reserved"
        appointment: str
        start: datetime
        end: datetime

    class Released(Event, frozen=True, kw_only=True):
        """The appointment no longer holds any time of this day."""

        NAME: ClassVar[str] = "agenda.released"
        appointment: str

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.reservations: dict[str, Slot] = {}

    def reserve(self, appointment: str, slot: Slot, now: datetime) -> None:
        """Reserve the slot for the appointment; raises CandidateTaken when another one overlaps."""
        if self.reservations.get(appointment) == slot:
            return
        if self.taken_by(slot, besides=(appointment.partition("/")[0],)):
            raise CandidateTaken
        self._record(self.Reserved, now, appointment=appointment, start=slot.start, end=slot.end)

    def release(self, appointment: str, now: datetime) -> None:
        if appointment in self.reservations:
            self._record(self.Released, now, appointment=appointment)

    def taken_by(self, slot: Slot, *, besides: Container[str] = ()) -> str | None:
        """The appointment whose reservation overlaps the slot, if any."""
        for name, reserved in self.reservations.items():
            appointment = name.partition("/")[0]
            if appointment not in besides and reserved.overlaps(slot):
                return appointment
        return None

    def when(self, event: Event) -> None:
        match event:
            case Agenda.Reserved(appointment=appointment, start=start, end=end):
                self.reservations[appointment] = Slot(start, end)
            case Agenda.Released(appointment=appointment):
                self.reservations.pop(appointment, None)


def agenda_ids(resources: Sequence[str], slot: Slot) -> list[str]:
    """The streams that a slot touches: one a resource and UTC day."""
    return [agenda_id(resource, day) for resource in resources for day in slot.utc_days()]


class Agendas:
    """The agendas that one decision touches: loaded when asked for, saved together with it."""

    def __init__(self, load: Callable[[str], Agenda]) -> None:
        self._load = load
        self._loaded: dict[str, Agenda] = {}

    def reserve(self, appointment: str, resources: Sequence[str], slot: Slot, now: datetime) -> None:
        for agenda in self._of(resources, slot):
            agenda.reserve(appointment, slot, now)

    def release(self, appointment: str, resources: Sequence[str], slot: Slot, now: datetime) -> None:
        for agenda in self._of(resources, slot):
            agenda.release(appointment, now)

    def taken_by(self, resources: Sequence[str], slot: Slot, besides: Container[str] = ()) -> str | None:
        """An appointment that has reserved time overlapping the slot for one of the resources."""
        found = (agenda.taken_by(slot, besides=besides) for agenda in self._of(resources, slot))
        return next((appointment for appointment in found if appointment), None)

    def __iter__(self) -> Iterator[Agenda]:
        return iter(self._loaded.values())

    def know(self, agendas: Iterable[Agenda]) -> None:
        """Take in what was loaded together, before it is asked for one by one."""
        self._loaded |= {agenda.id: agenda for agenda in agendas if agenda.id not in self._loaded}

    def _of(self, resources: Sequence[str], slot: Slot) -> Iterator[Agenda]:
        for id in agenda_ids(resources, slot):
            if id not in self._loaded:
                self._loaded[id] = self._load(id)
            yield self._loaded[id]
