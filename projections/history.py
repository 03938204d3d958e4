"""The timeline: what happened to one appointment, by whom; worded where it is shown.

Read from the stream itself whenever it is looked at: a table would hold the same facts a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.slots import Candidate


class Line(msgspec.Struct, frozen=True):
    """One thing that happened: `what` is the event's name, `slots` the candidates it concerns."""

    at: datetime
    actor: str
    what: str
    slots: tuple[Candidate, ...] = ()
    people: tuple[str, ...] = ()
    text: str = ""


def timeline(events: Sequence[Event]) -> list[Line]:
    """Every event of an appointment as a line, oldest first."""
    appointment = Appointment(events[0].originator_id) if events else Appointment("")
    lines = []
    for event in events:
        before = appointment.attendees
        appointment.when(event)
        slots = tuple(_slots(event, appointment))
        people = tuple(_people(event, before))
        text = event.reason if isinstance(event, Appointment.Cancelled) else ""
        lines.append(Line(event.at, event.meta.actor, event.NAME, slots, people, text))
    return lines


def _slots(event: Event, appointment: Appointment) -> Iterator[Candidate]:
    match event:
        case Appointment.Proposed(candidates=candidates) | Appointment.CandidatesAdded(candidates=candidates):
            yield from candidates
        case (
            Appointment.Confirmed(candidate=candidate)
            | Appointment.CandidateWithdrawn(candidate=candidate)
            | Appointment.CandidateTaken(candidate=candidate)
            | Appointment.CandidatePassed(candidate=candidate)
        ):
            yield appointment.candidates[candidate]


def _people(event: Event, before: Sequence[str]) -> Iterator[str]:
    if isinstance(event, Appointment.AttendeesChanged):
        yield from (m for m in event.attendees if m not in before)
