"""What an appointment remembers: a fold of its events, without any decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from chouseiapo.domain import errors
from chouseiapo.domain.appointment_events import AppointmentEvents
from chouseiapo.domain.event import ERASED, Aggregate, Event
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Meeting, Platform, Visibility
from chouseiapo.domain.recurrence import Recurrence
from chouseiapo.domain.slots import Candidate, CandidateState


class State(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = (State.CANCELLED, State.EXPIRED, State.DECLINED)
ENDED_BY = {
    State.CANCELLED: errors.Cancelled,
    State.EXPIRED: errors.Expired,
    State.DECLINED: errors.Declined,
}


class Deviation(msgspec.Struct, frozen=True):
    """What somebody's own hand did to an entry of ours, as far as we know.

    gone: deleted; else it was moved to [start, end). seen_at: since when we know. asked: a person is to say
    what it means.
    """

    owner: str
    candidate: str
    gone: bool
    start: datetime | None
    end: datetime | None
    seen_at: datetime
    asked: bool = False


class Conference(msgspec.Struct, frozen=True):
    """How far a confirmed appointment's conference has come.

    reserved: the organization's link that is booked to host it; empty where the organizer has an account, or
    nobody can host. wanted: it is being made, or stands. generation: the one that is wanted. standing: the
    one that people were told of last, 0 for none; host: the link that it was issued through; options: those
    it has. asked: somebody deleted it, and a person is to say what follows; forgone: that was "nothing".
    """

    reserved: str = ""
    wanted: bool = True
    generation: int = 1
    standing: int = 0
    host: str = ""
    options: MeetingOptions = MeetingOptions()
    times_issued: int = 0
    asked: bool = False
    forgone: bool = False

    def issued(self, host: str, generation: int, options: MeetingOptions) -> Conference:
        told = {"host": host, "standing": generation, "options": options}
        return msgspec.structs.replace(self, **told, times_issued=self.times_issued + 1)

    def requested(self, generation: int, reserved: str) -> Conference:
        """Another one is wanted; the one before stands until that is there."""
        new = {"generation": generation, "reserved": reserved}
        return msgspec.structs.replace(self, **new, wanted=True, asked=False, forgone=False)


class AppointmentState(AppointmentEvents, Aggregate):
    """One coordination as it stands."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.state = State.PROPOSED
        self.author = ""
        self.attendees: tuple[str, ...] = ()
        self.organizer = ""
        self.kind = Kind.WEB
        self.platform = Platform.NONE
        self.url = ""
        self.place = ""
        self.title = ""
        self.guest = Guest()
        self.time_zone = ""
        self.locale = ""
        self.delivery = Delivery.MAIL
        self.message = ""
        self.note = ""
        self.visibility = Visibility.DEFAULT
        self.candidates: dict[str, Candidate] = {}
        self.generation = 1
        self.direct = False
        self.recurrence: Recurrence | None = None
        self.meeting: Meeting | None = None
        self.meeting_delayed = False
        self.meeting_options = MeetingOptions()
        self.conference = Conference()
        self.proposed_at: datetime | None = None
        self.confirmed_at: datetime | None = None
        self.cancelled_at: datetime | None = None
        self.erased = False
        self.instead_of = ""
        self.offered_at: dict[str, datetime] = {}
        self.overlaps: tuple[str, ...] = ()
        self._attended: dict[str, tuple[str, ...]] = {}
        self._deviations: dict[tuple[str, str], Deviation] = {}
        self._deadline: datetime | None = None

    @property
    def open_candidates(self) -> list[Candidate]:
        return [c for c in self.candidates.values() if c.state is CandidateState.OPEN]

    @property
    def occurrences(self) -> list[Candidate]:
        """The fixed times, in their order, as long as the appointment stands confirmed; most have one."""
        if self.state is not State.CONFIRMED:
            return []
        return [c for c in self.candidates.values() if c.state is CandidateState.CHOSEN]

    @property
    def took_place(self) -> list[Candidate]:
        """The fixed times that were over when the appointment was cancelled."""
        if (cancelled_at := self.cancelled_at) is None:
            return []
        fixed = (c for c in self.candidates.values() if c.state is CandidateState.CHOSEN)
        return [c for c in fixed if c.end <= cancelled_at]

    @property
    def chosen(self) -> Candidate | None:
        """The time that was fixed, the first of several, as long as the appointment stands confirmed."""
        return next(iter(self.occurrences), None)

    def coming(self, now: datetime) -> Candidate | None:
        """The fixed time that is under way or next; when all are over, the last."""
        fixed = self.occurrences
        return next((c for c in fixed if c.end > now), fixed[-1] if fixed else None)

    @property
    def is_series(self) -> bool:
        """Whether it takes place several times, or did before some of them were cancelled."""
        return self.recurrence is not None

    def reservation(self, candidate: Candidate) -> str:
        """The name under which agendas have a candidate's time: each of a series has its own."""
        return f"{self.id}/{candidate.id}" if self.is_series else self.id

    def is_chosen(self, candidate: str, start: datetime | None = None) -> bool:
        """Whether that is the confirmed time, and began then as whoever asks has seen it."""
        return self.chosen is not None and self.chosen.id == candidate and self.chosen.stands_at(start)

    @property
    def lacks_meeting(self) -> bool:
        """Whether the guest has to be told that the way in follows."""
        issues = self.chosen is not None and self.platform is Platform.ZOOM and not self.erased
        return issues and self.meeting is None and not self.conference.forgone

    @property
    def awaits_meeting(self) -> bool:
        """Whether a conference is being made."""
        return self.lacks_meeting and self.conference.wanted

    @property
    def holds_confirmation_back(self) -> bool:
        """Whether the confirmation mails wait for the conference."""
        return self.awaits_meeting and not self.meeting_delayed and not self.conference.times_issued

    def is_over(self, now: datetime) -> bool:
        """Whether it ended or took place, for the last time if there are several."""
        return self.state in ENDED or bool(self.occurrences and self.occurrences[-1].end <= now)

    @property
    def deadline(self) -> datetime:
        """When it expires (UTC): the deadline set, or the start of the last candidate left to come."""
        to_come = [c.start for c in self.open_candidates]
        last = max(to_come or [c.start for c in self.candidates.values()])
        if self._deadline is None:
            return last
        return min(self._deadline, last) if to_come else self._deadline

    @property
    def deviations(self) -> list[Deviation]:
        """What hands have done to entries that should stand now."""
        standing = self.occurrences or self.open_candidates
        concerned = {(owner, c.id) for c in standing for owner in self.resources(c)}
        ended = self.state in ENDED
        return [] if ended else [d for place, d in self._deviations.items() if place in concerned]

    @property
    def question(self) -> Deviation | None:
        """What a person is to decide, if anything."""
        return next((d for d in self.deviations if d.asked), None)

    def deviation(self, owner: str, candidate: str) -> Deviation | None:
        found = (d for d in self.deviations if (d.owner, d.candidate) == (owner, candidate))
        return next(found, None)

    def resources(self, candidate: Candidate) -> tuple[str, ...]:
        """Whose agendas a candidate needs: every attendee's, and its room's. What was over before others came
        or went is still theirs who attended it."""
        attendees = self._attended.get(candidate.id, self.attendees)
        return (*attendees, candidate.room) if candidate.room else attendees

    def bookings(self, candidate: Candidate) -> tuple[str, ...]:
        """Whose agendas a fixed time is in: those that it needs, and the host that is booked for it."""
        reserved = self.conference.reserved
        return (*self.resources(candidate), reserved) if reserved else self.resources(candidate)

    def concerns(self, member: str) -> bool:
        """The author and the attendees know of the appointment; to others it does not exist."""
        return member == self.author or member in self.attendees

    def _must_stand(self, now: datetime | None = None) -> None:
        """Raises why not, when nothing about it can be changed any more."""
        over = self.erased or (now is not None and self.is_over(now))
        if refusal := ENDED_BY.get(self.state) or (errors.Over if over else None):
            raise refusal

    def when(self, event: Event) -> None:
        match event:
            case AppointmentState.Proposed():
                self._remember_proposal(event)
            case AppointmentState.CandidatesAdded(candidates=candidates):
                self.candidates |= {c.id: c for c in candidates}
                self._note_offered(event, (c.id for c in candidates))
            case AppointmentState.CandidateWithdrawn(candidate=candidate):
                self._set(candidate, CandidateState.WITHDRAWN)
            case AppointmentState.CandidateTaken(candidate=candidate):
                self._set(candidate, CandidateState.TAKEN)
            case AppointmentState.CandidatePassed(candidate=candidate):
                self._set(candidate, CandidateState.PASSED)
            case AppointmentState.CandidateMoved():
                self._remember_move(event)
            case AppointmentState.EntryDeviated() | AppointmentState.OrganizerAsked():
                self._remember_deviation(event)
            case AppointmentState.EntryRestored(owner=owner, candidate=candidate):
                self._deviations.pop((owner, candidate), None)
            case AppointmentState.OrganizerAnswered(owner=owner, candidate=candidate):
                self._deviations.pop((owner, candidate), None)
            case AppointmentState.OverlapNoticed(owners=owners):
                self.overlaps = owners
            case AppointmentState.Edited():
                self._remember_edit(event)
            case AppointmentState.AttendeesChanged(attendees=attendees, organizer=organizer):
                over = (c.id for c in self.occurrences if c.end <= event.at)
                self._attended = dict.fromkeys(over, self.attendees) | self._attended
                self.attendees, self.organizer = attendees, organizer
                self._note_offered(event, self.candidates)
            case AppointmentState.LinkReissued(generation=generation):
                self.generation = generation
            case AppointmentState.Confirmed():
                self._remember_confirmation(event)
            case AppointmentState.Moved():
                self._remember_other_time(event)
            case AppointmentState.OccurrenceCancelled(candidate=candidate):
                self._set(candidate, CandidateState.WITHDRAWN)
            case AppointmentState.MeetingDelayed():
                self.meeting_delayed = True
            case AppointmentState.Cancelled(at=at):
                self.state, self.cancelled_at = State.CANCELLED, at
            case AppointmentState.Expired():
                self.state = State.EXPIRED
            case AppointmentState.GuestErased():
                self._forget_guest()
            case _:
                self._remember_conference(event)

    def _remember_conference(self, event: Event) -> None:
        match event:
            case AppointmentState.MeetingIssued(meeting=meeting, options=options):
                self.meeting = meeting
                self.conference = self.conference.issued(event.host, event.generation, options)
            case AppointmentState.MeetingRequested(generation=generation, host=host):
                self.conference = self.conference.requested(generation, host)
            case AppointmentState.MeetingOptionsChosen(options=options):
                self.meeting_options = options
            case AppointmentState.MeetingOptionsApplied(options=options):
                self.conference = msgspec.structs.replace(self.conference, options=options)
            case AppointmentState.MeetingVanished():
                self.meeting = None
                self.conference = msgspec.structs.replace(self.conference, wanted=False, asked=True)
            case AppointmentState.MeetingForgone():
                gone = {"reserved": "", "asked": False, "forgone": True}
                self.conference = msgspec.structs.replace(self.conference, **gone)
            case AppointmentState.MeetingWithdrawn(generation=generation):
                self.meeting = None
                self.conference = self.conference.requested(generation, "")

    def _remember_proposal(self, event: AppointmentEvents.Proposed) -> None:
        self.author, self.attendees, self.organizer = event.author, event.attendees, event.organizer
        self.kind, self.platform, self.url, self.place = event.kind, event.platform, event.url, event.place
        self.title, self.message, self.note = event.title, event.message, event.note
        self.guest, self.time_zone, self.locale = event.guest, event.time_zone, event.locale
        self.delivery, self.visibility, self._deadline = event.delivery, event.visibility, event.deadline
        self.candidates = {c.id: c for c in event.candidates}
        self._note_offered(event, self.candidates)
        self.proposed_at, self.instead_of = event.at, event.instead_of
        self.direct, self.recurrence = event.direct, event.recurrence
        self.meeting_options = event.meeting_options
        if event.platform is Platform.URL:
            self.meeting = Meeting(event.url)

    def _remember_other_time(self, event: AppointmentEvents.Moved) -> None:
        moved = msgspec.structs.replace(self.candidates[event.candidate], start=event.start, end=event.end)
        self.candidates[event.candidate] = moved
        self._deviations = {}
        if event.host is not None:
            self.conference = msgspec.structs.replace(self.conference, reserved=event.host)

    def _remember_move(self, event: AppointmentEvents.CandidateMoved) -> None:
        moved = msgspec.structs.replace(self.candidates[event.candidate], start=event.start, end=event.end)
        self.candidates[event.candidate] = moved
        self._deviations.pop((event.by, event.candidate), None)
        self._note_offered(event, [event.candidate])

    def _remember_deviation(
        self, event: AppointmentEvents.EntryDeviated | AppointmentEvents.OrganizerAsked
    ) -> None:
        asked = isinstance(event, AppointmentEvents.OrganizerAsked)
        place = (event.owner, event.candidate)
        self._deviations[place] = Deviation(*place, event.gone, event.start, event.end, event.at, asked)

    def _remember_edit(self, event: AppointmentEvents.Edited) -> None:
        for field in ("title", "message", "note", "visibility"):
            if (value := getattr(event, field)) is not None:
                setattr(self, field, value)

    def _remember_confirmation(self, event: AppointmentEvents.Confirmed) -> None:
        self.state = State.CONFIRMED
        self.confirmed_at = event.at
        self.guest = event.guest
        self.time_zone = event.time_zone or self.time_zone
        self.locale = event.locale or self.locale
        for candidate in self.open_candidates if self.direct else [self.candidates[event.candidate]]:
            self._set(candidate.id, CandidateState.CHOSEN)
        self.conference = Conference(reserved=event.host, wanted=not event.by_hand)
        self.meeting_delayed = event.by_hand  # nobody waits for what only a hand will bring
        self._deviations = {}  # whatever was done to holds: the guest has chosen

    def _forget_guest(self) -> None:
        """By the event alone: whoever still remembers the key forgets as well."""
        self.erased = True
        self.guest, self.title, self.meeting = Guest(name=ERASED), ERASED, None
        self.message = self.note = self.place = self.url = ""

    def _note_offered(self, event: Event, candidates: Iterable[str]) -> None:
        """When each candidate was last offered as it is: that time, to these people."""
        self.offered_at |= dict.fromkeys(candidates, event.at)

    def _set(self, candidate: str, state: CandidateState) -> None:
        self.candidates[candidate] = msgspec.structs.replace(self.candidates[candidate], state=state)
