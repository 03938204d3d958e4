"""Which appointments name a guest: the events are asked, because rows hold the present address only."""

from __future__ import annotations

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from projections.catch_up import read_log

_NAMING = {Appointment.Proposed.NAME, Appointment.Confirmed.NAME}


def appointments_of(app: Coordination, address: str) -> list[str]:
    """Ids of all appointments whose guest ever had the address; reads the whole log."""
    wanted, found, place = address.strip().casefold(), dict[str, None](), 0
    while batch := read_log(app, place):
        place = batch[-1].place
        for read in batch:
            if read.stored.topic not in _NAMING:
                continue
            event = read.event()
            if (
                isinstance(event, Appointment.Proposed | Appointment.Confirmed)
                and event.guest.email.casefold() == wanted
            ):
                found[read.stream] = None
    return list(found)
