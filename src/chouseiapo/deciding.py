"""How a command about an appointment is carried out, and how its times are booked."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime

from chouseiapo.aggregates import existing
from chouseiapo.directory import Directory
from chouseiapo.domain.agenda import Agendas
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Meta
from chouseiapo.domain.slots import Candidate


class Deciding(Directory):
    """Load the appointment and the agendas that it touches, let it decide, save all of them at once."""

    def carry_out(
        self,
        cause: Meta,
        id: str,
        decide: Callable[[Appointment, Agendas], None],
        new: bool = False,
        known: Appointment | None = None,
    ) -> Appointment:
        loaded = [known] if known else []

        def attempt() -> Appointment:
            appointment = loaded.pop() if loaded else self.remembered(id)
            if not new:
                existing(appointment)
            if cause.command and cause.command in appointment.commands:
                return appointment
            agendas = Agendas(self.agenda)
            decide(appointment, agendas)
            self.save_all(cause, appointment, *agendas)
            return appointment

        return self.insist(attempt)

    def release(self, appointment: Appointment, agendas: Agendas, now: datetime) -> None:
        """Whom the fixed times had, but for what has taken place."""
        to_come = [c for c in appointment.occurrences if c.end > now]
        self.release_each(appointment, to_come, agendas, now)

    @staticmethod
    def release_each(
        appointment: Appointment, times: Sequence[Candidate], agendas: Agendas, now: datetime
    ) -> None:
        for candidate in times:
            name = appointment.reservation(candidate)
            agendas.release(name, appointment.bookings(candidate), candidate.slot, now)

    @staticmethod
    def reserve(
        appointment: Appointment, agendas: Agendas, now: datetime, resources: Sequence[str] | None = None
    ) -> None:
        """Book everybody whom the fixed times need, or these alone; what has taken place needs nobody."""
        for candidate in appointment.occurrences:
            if candidate.end > now:
                booked = appointment.bookings(candidate) if resources is None else resources
                agendas.reserve(appointment.reservation(candidate), booked, candidate.slot, now)

    def remembered(self, id: str) -> Appointment:
        return Appointment.remember(id, self.stream_of("appointment", id))


def own(appointment: Appointment) -> Container[str]:
    """Whose reservations stand in no candidate's way: its own, and those of the one that it replaces."""
    return appointment.id, appointment.instead_of
