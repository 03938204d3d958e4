"""The timeline: what happened to one appointment, by whom; worded where it is shown.

Read from the stream itself whenever it is looked at: a table would hold the same facts a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.event import Event
from chouseiapo.domain.slots import Candidate

# What an edit can change, by name.
EDITABLE = Edit.__struct_fields__


class Line(msgspec.Struct, frozen=True):
    """One thing that happened: `what` is the event's name, `slots` the candidates it concerns, `fields` the
    words that were changed; who joined, who left, and who leads from then on. `by`: what took a candidate,
    another appointment or something on a calendar; `also`: who had something else then."""

    at: datetime
    actor: str
    what: str
    slots: tuple[Candidate, ...] = ()
    fields: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    organizer: str = ""
    text: str = ""
    by: str = ""
    also: tuple[str, ...] = ()


def timeline(events: Sequence[Event]) -> list[Line]:
    """Every event of an appointment as a line, oldest first."""
    appointment = Appointment(events[0].originator_id) if events else Appointment("")
    lines = []
    for event in events:
        before, organizer = appointment.attendees, appointment.organizer
        appointment.when(event)
        now = appointment.attendees
        changed = isinstance(event, Appointment.AttendeesChanged)
        line = Line(
            at=event.at,
            actor=event.meta.actor,
            what=event.NAME,
            slots=tuple(_slots(event, appointment)),
            fields=tuple(_fields(event)),
            joined=tuple(m for m in now if m not in before) if changed else (),
            left=tuple(m for m in before if m not in now),
            organizer=appointment.organizer if changed and appointment.organizer != organizer else "",
            text=event.reason if isinstance(event, Appointment.Cancelled) else "",
            by=event.by if isinstance(event, Appointment.CandidateTaken) else "",
            also=event.owners if isinstance(event, Appointment.OverlapNoticed) else (),
        )
        lines.append(line)
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
            | Appointment.OverlapNoticed(candidate=candidate)
        ):
            yield appointment.candidates[candidate]


def _fields(event: Event) -> Iterator[str]:
    if isinstance(event, Appointment.Edited):
        yield from (field for field in EDITABLE if getattr(event, field) is not None)
