"""The timeline: what happened to one appointment, by whom; worded where it is shown.

Read from the stream itself whenever it is looked at: a table would hold the same facts a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.event import SYSTEM, Event
from chouseiapo.domain.slots import Candidate, Slot

# What an edit can change, by name.
EDITABLE = Edit.__struct_fields__
DELETED, MOVED, INSTEAD = "deleted", "moved", "instead"
DIRECT, SERIES, AGAIN, CHANGED = "direct", "series", "again", "changed"
# What comes of an entry that was seen deleted or moved, once a second look has said what is the case.
_OUTCOMES = (
    Appointment.CandidateWithdrawn.NAME,
    Appointment.CandidateMoved.NAME,
    Appointment.OrganizerAsked.NAME,
    Appointment.EntryRestored.NAME,
)


class Line(msgspec.Struct, frozen=True):
    """One thing that happened: `what` is the event's name, `slots` the candidates it concerns, `fields` the
    words that were changed; who joined, who left, and who leads from then on. `by`: what took a candidate,
    another appointment or something on a calendar; or on whose calendar a hand was at an entry, and `how`: it
    was deleted, or moved, `to` where; also what was answered. `also`: who had something else then."""

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
    how: str = ""
    to: Slot | None = None
    also: tuple[str, ...] = ()


class Hand(NamedTuple):
    """Whose calendar it was, what was done there, and where an entry was moved to."""

    by: str = ""
    how: str = ""
    to: Slot | None = None


def timeline(events: Sequence[Event]) -> list[Line]:
    """Every event of an appointment as a line, oldest first."""
    appointment = Appointment(events[0].originator_id) if events else Appointment("")
    lines = []
    for event in events:
        before, organizer = appointment.attendees, appointment.organizer
        slots, hand = tuple(_slots(event, appointment)), _hand(event, appointment)
        how = _how(event, appointment) or hand.how
        appointment.when(event)
        now = appointment.attendees
        changed = isinstance(event, Appointment.AttendeesChanged)
        line = Line(
            at=event.at,
            actor=hand.by if hand.how and event.meta.actor == SYSTEM else event.meta.actor,
            what=event.NAME,
            slots=slots,
            fields=tuple(_fields(event)),
            joined=tuple(m for m in now if m not in before) if changed else (),
            left=tuple(m for m in before if m not in now),
            organizer=appointment.organizer if changed and appointment.organizer != organizer else "",
            text=_text(event),
            by=event.by if isinstance(event, Appointment.CandidateTaken) else hand.by,
            how=how,
            to=hand.to,
            also=event.owners if isinstance(event, Appointment.OverlapNoticed) else (),
        )
        lines.append(line)
    return lines


def without_doubts(lines: Sequence[Line]) -> list[Line]:
    """The lines without what was seen on a calendar and verified since: what came of it says the same, and
    for certain."""
    kept: list[Line] = []
    settled: set[tuple[str, str]] = set()
    for line in reversed(lines):
        places = {(line.by, candidate.id) for candidate in line.slots}
        if line.what in _OUTCOMES:
            settled |= places
        if line.what != Appointment.EntryDeviated.NAME or not places <= settled:
            kept.append(line)
    return kept[::-1]


def _hand(event: Event, appointment: Appointment) -> Hand:
    """What was done by hand on a calendar, as far as the event is about that."""
    match event:
        case Appointment.CandidateMoved():
            return Hand(event.by, MOVED, Slot(event.start, event.end))
        case Appointment.Moved(start=start, end=end):
            return Hand(to=Slot(start, end))
        case Appointment.EntryDeviated() | Appointment.OrganizerAsked():
            return _done(event.owner, event.start, event.end)
        case Appointment.CandidateWithdrawn() if known := appointment.deviation(event.by, event.candidate):
            return _done(known.owner, known.start, known.end)
        case Appointment.EntryRestored() | Appointment.OrganizerAnswered():
            return Hand(event.owner)
    return Hand()


def _done(owner: str, start: datetime | None, end: datetime | None) -> Hand:
    return Hand(owner, MOVED, Slot(start, end)) if start and end else Hand(owner, DELETED)


def _how(event: Event, before: Appointment) -> str:
    """Of an answer, which; of a proposal, whether it is to replace what is fixed, or is fixed itself; of a
    conference, whether it stands in another's place."""
    match event:
        case Appointment.OrganizerAnswered(answer=answer):
            return answer.value
        case Appointment.Proposed(instead_of=replaced) if replaced:
            return INSTEAD
        case Appointment.Proposed(direct=True, recurrence=recurrence):
            return SERIES if recurrence else DIRECT
        case Appointment.MeetingRequested() if before.meeting is not None:
            return AGAIN
        case Appointment.MeetingIssued(generation=generation) if before.conference.standing:
            return CHANGED if generation == before.conference.standing else AGAIN
    return ""


def _text(event: Event) -> str:
    """What somebody wrote with it."""
    match event:
        case Appointment.Cancelled(reason=reason) | Appointment.OccurrenceCancelled(reason=reason):
            return reason
        case Appointment.MessageSent(subject=subject):
            return subject
    return ""


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
            | Appointment.CandidateMoved(candidate=candidate)
            | Appointment.EntryDeviated(candidate=candidate)
            | Appointment.EntryRestored(candidate=candidate)
            | Appointment.OrganizerAsked(candidate=candidate)
            | Appointment.OrganizerAnswered(candidate=candidate)
            | Appointment.Moved(candidate=candidate)
            | Appointment.OccurrenceCancelled(candidate=candidate)
        ):
            yield appointment.candidates[candidate]


def _fields(event: Event) -> Iterator[str]:
    if isinstance(event, Appointment.Edited):
        yield from (field for field in EDITABLE if getattr(event, field) is not None)
