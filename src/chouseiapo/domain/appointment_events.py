"""Every event of an appointment, as it is stored. `Appointment` inherits them: `Appointment.Confirmed`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from chouseiapo.domain.event import Event, Personal
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Meeting, Platform, Visibility
from chouseiapo.domain.recurrence import Recurrence
from chouseiapo.domain.slots import Candidate


class Answer(StrEnum):
    """What becomes of an appointment whose entry somebody deleted or moved by hand; of one that takes place
    several times, that one time alone may be cancelled."""

    KEEP = "keep"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    CANCEL_OCCURRENCE = "cancel_occurrence"


class AppointmentEvents:
    """Every time is UTC; people and rooms are ids."""

    class Proposed(Event, frozen=True, kw_only=True):
        """Candidates were offered to a guest; holds stand for each of them. direct: nobody has to pick, and
        all of them are fixed in the same save."""

        NAME: ClassVar[str] = "appointment.proposed"
        author: str
        attendees: tuple[str, ...]
        organizer: str
        kind: Kind
        platform: Platform
        url: Personal[str] = ""
        place: Personal[str] = ""
        title: Personal[str] = ""
        guest: Personal[Guest] = Guest()
        time_zone: str = ""
        locale: str = ""
        delivery: Delivery
        message: Personal[str] = ""
        note: Personal[str] = ""
        visibility: Visibility = Visibility.DEFAULT
        deadline: datetime | None = None
        instead_of: str = ""
        meeting_options: MeetingOptions = MeetingOptions()
        direct: bool = False
        recurrence: Recurrence | None = None
        candidates: tuple[Candidate, ...]

    class CandidatesAdded(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "appointment.candidates-added"
        candidates: tuple[Candidate, ...]

    class CandidateWithdrawn(Event, frozen=True, kw_only=True):
        """The staff took one candidate back, or somebody (`by`) deleted its hold on their own calendar."""

        NAME: ClassVar[str] = "appointment.candidate-withdrawn"
        candidate: str
        by: str = ""

    class CandidateMoved(Event, frozen=True, kw_only=True):
        """Somebody (`by`) moved the hold on their own calendar, and the candidate went with it."""

        NAME: ClassVar[str] = "appointment.candidate-moved"
        candidate: str
        start: datetime
        end: datetime
        by: str

    class CandidateTaken(Event, frozen=True, kw_only=True):
        """Something else stands on this candidate's time: the appointment `by`, or an entry on the calendar
        of a member or room; final, whatever becomes of the other."""

        NAME: ClassVar[str] = "appointment.candidate-taken"
        candidate: str
        by: str

    class CandidatePassed(Event, frozen=True, kw_only=True):
        """The candidate's start came before the guest chose."""

        NAME: ClassVar[str] = "appointment.candidate-passed"
        candidate: str

    class EntryDeviated(Event, frozen=True, kw_only=True):
        """An entry of ours was seen deleted (`gone`) or moved on its owner's calendar. Such signals may be
        wrong: nothing follows before a direct read, some time later, has said the same."""

        NAME: ClassVar[str] = "appointment.entry-deviated"
        owner: str
        candidate: str
        gone: bool
        start: datetime | None = None
        end: datetime | None = None

    class EntryRestored(Event, frozen=True, kw_only=True):
        """The entry stands where it should, after all."""

        NAME: ClassVar[str] = "appointment.entry-restored"
        owner: str
        candidate: str

    class OrganizerAsked(Event, frozen=True, kw_only=True):
        """What the owner's hand did to an entry is for a person to decide: keep, reschedule or cancel."""

        NAME: ClassVar[str] = "appointment.organizer-asked"
        owner: str
        candidate: str
        gone: bool
        start: datetime | None = None
        end: datetime | None = None

    class OrganizerAnswered(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "appointment.organizer-answered"
        owner: str
        candidate: str
        answer: Answer

    class OverlapNoticed(Event, frozen=True, kw_only=True):
        """When the time was fixed, something else stood on the calendars of these members and rooms."""

        NAME: ClassVar[str] = "appointment.overlap-noticed"
        candidate: str
        owners: tuple[str, ...]

    class Edited(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "appointment.edited"
        title: Personal[str | None] = None
        message: Personal[str | None] = None
        note: Personal[str | None] = None
        visibility: Visibility | None = None

    class AttendeesChanged(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "appointment.attendees-changed"
        attendees: tuple[str, ...]
        organizer: str

    class RequestResent(Event, frozen=True, kw_only=True):
        """The staff asked for the request mail once more."""

        NAME: ClassVar[str] = "appointment.request-resent"

    class LinkReissued(Event, frozen=True, kw_only=True):
        """Links of lower generations open nothing from now on."""

        NAME: ClassVar[str] = "appointment.link-reissued"
        generation: int

    class Confirmed(Event, frozen=True, kw_only=True):
        """The guest picked a candidate, or the staff registered the time; it is reserved in every agenda
        concerned. host: the organization's link that was reserved to host the meeting, where the organizer
        has no account of their own. by_hand: the meeting is made when somebody asks for it."""

        NAME: ClassVar[str] = "appointment.confirmed"
        candidate: str
        guest: Personal[Guest] = Guest()
        time_zone: str = ""
        locale: str = ""
        host: str = ""
        by_hand: bool = False

    class Moved(Event, frozen=True, kw_only=True):
        """The staff moved a confirmed appointment to another time. host: the organization's link that is
        booked from now on, where that changes."""

        NAME: ClassVar[str] = "appointment.moved"
        candidate: str
        start: datetime
        end: datetime
        host: str | None = None

    class OccurrenceCancelled(Event, frozen=True, kw_only=True):
        """One of several times will not take place; the others stand."""

        NAME: ClassVar[str] = "appointment.occurrence-cancelled"
        candidate: str
        reason: Personal[str] = ""

    class MeetingRequested(Event, frozen=True, kw_only=True):
        """The staff asked for a conference: the first one, or a new one instead of the one before, which goes
        when the new one is there. host: as in Confirmed, reserved now."""

        NAME: ClassVar[str] = "appointment.meeting-requested"
        generation: int
        host: str = ""

    class MeetingIssued(Event, frozen=True, kw_only=True):
        """The conference exists, or its way in has changed; `host` is the link whose account hosts it,
        `options` are those it was made under."""

        NAME: ClassVar[str] = "appointment.meeting-issued"
        meeting: Personal[Meeting] = Meeting("")
        host: str
        options: MeetingOptions = MeetingOptions()
        generation: int = 1

    class MeetingDelayed(Event, frozen=True, kw_only=True):
        """The conference did not come in time: the confirmation goes without it, the URL follows."""

        NAME: ClassVar[str] = "appointment.meeting-delayed"

    class MeetingOptionsChosen(Event, frozen=True, kw_only=True):
        """What this appointment's conference is to be like when it is made."""

        NAME: ClassVar[str] = "appointment.meeting-options-chosen"
        options: MeetingOptions

    class MeetingOptionsApplied(Event, frozen=True, kw_only=True):
        """The conference that stands is to have these options from now on, no longer those it was made
        under."""

        NAME: ClassVar[str] = "appointment.meeting-options-applied"
        options: MeetingOptions

    class MeetingVanished(Event, frozen=True, kw_only=True):
        """Somebody deleted the conference on its platform; the organizer is asked what follows."""

        NAME: ClassVar[str] = "appointment.meeting-vanished"
        generation: int

    class MeetingForgone(Event, frozen=True, kw_only=True):
        """The appointment goes on without the conference that somebody deleted."""

        NAME: ClassVar[str] = "appointment.meeting-forgone"

    class MeetingWithdrawn(Event, frozen=True, kw_only=True):
        """Whoever hosts it unlinked their account and had its conferences deleted; another one follows."""

        NAME: ClassVar[str] = "appointment.meeting-withdrawn"
        generation: int

    class MessageSent(Event, frozen=True, kw_only=True):
        """The staff wrote to the guest."""

        NAME: ClassVar[str] = "appointment.message-sent"
        subject: Personal[str] = ""
        text: Personal[str] = ""

    class Cancelled(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "appointment.cancelled"
        reason: Personal[str] = ""

    class GuestErased(Event, frozen=True, kw_only=True):
        """Who the guest was, and what was written about them, is forgotten; the key is destroyed with it."""

        NAME: ClassVar[str] = "appointment.guest-erased"

    class Expired(Event, frozen=True, kw_only=True):
        """Nobody chose in time."""

        NAME: ClassVar[str] = "appointment.expired"
