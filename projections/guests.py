"""Which appointments name a guest: the events are asked, because rows hold the present address only."""

from __future__ import annotations

from typing import NamedTuple

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.events import NewerEvent
from projections.catch_up import read_log

# What reading an event of a newer release, or a damaged one, may raise.
UNREADABLE = (NewerEvent, ValueError, KeyError)
_NAMING = {Appointment.Proposed.NAME, Appointment.Confirmed.NAME}


class Naming(NamedTuple):
    """`unreadable`: streams with an event that can't be read, and may name the address, too."""

    appointments: list[str]
    unreadable: list[str]


def appointments_of(app: Coordination, address: str) -> Naming:
    """Ids of all appointments whose guest ever had the address; reads the whole log."""
    wanted, found, unreadable, place = address.strip().casefold(), dict[str, None](), dict[str, None](), 0
    while batch := read_log(app, place):
        place = batch[-1].place
        for read in batch:
            if read.stored.topic not in _NAMING:
                continue
            try:
                event = read.event()
            except UNREADABLE:
                unreadable[read.stream] = None
                continue
            if (
                isinstance(event, Appointment.Proposed | Appointment.Confirmed)
                and event.guest.email.casefold() == wanted
            ):
                found[read.stream] = None
    return Naming(list(found), list(unreadable))
