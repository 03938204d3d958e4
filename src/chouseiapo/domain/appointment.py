"""Appointment: one coordination, from proposal to its end. It decides; `when` remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from chouseiapo.domain import errors
from chouseiapo.domain.appointment_events import AppointmentEvents
from chouseiapo.domain.errors import Invalid, Problem
from chouseiapo.domain.event import ERASED, Aggregate, Event
from chouseiapo.domain.proposal import (
    Delivery,
    Guest,
    Kind,
    Meeting,
    Platform,
    Proposal,
    Visibility,
    check_answer,
    check_guest,
    check_locale,
    check_people,
    check_words,
)
from chouseiapo.domain.slots import Candidate, CandidateState, Grid, Offer, check_offers, numbered


class State(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Words that change; None leaves a word as it is."""

    title: str | None = None
    message: str | None = None
    note: str | None = None
    visibility: Visibility | None = None


class Appointment(AppointmentEvents, Aggregate):
    """One coordination: what is offered to whom, what the guest chose, and how it ended."""

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
        self.meeting: Meeting | None = None
        self.meeting_delayed = False
        self.proposed_at: datetime | None = None
        self.confirmed_at: datetime | None = None
        self.erased = False
        self._deadline: datetime | None = None

    # What it knows

    @property
    def open_candidates(self) -> list[Candidate]:
        return [c for c in self.candidates.values() if c.state is CandidateState.OPEN]

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that the guest picked, as long as the appointment stands confirmed."""
        if self.state is not State.CONFIRMED:
            return None
        return next(c for c in self.candidates.values() if c.state is CandidateState.CHOSEN)

    @property
    def awaits_meeting(self) -> bool:
        return (
            self.chosen is not None and self.platform is Platform.ZOOM and not (self.meeting or self.erased)
        )

    def is_over(self, now: datetime) -> bool:
        """Whether it ended or took place."""
        return self.state in _ENDED or (self.chosen is not None and self.chosen.end <= now)

    @property
    def deadline(self) -> datetime:
        """When it expires (UTC): the deadline set, or the start of the last candidate left to come."""
        to_come = [c.start for c in self.open_candidates]
        last = max(to_come or [c.start for c in self.candidates.values()])
        if self._deadline is None:
            return last
        return min(self._deadline, last) if to_come else self._deadline

    def resources(self, candidate: Candidate) -> tuple[str, ...]:
        """Whose agendas a candidate needs: every attendee's, and its room's."""
        return (*self.attendees, candidate.room) if candidate.room else self.attendees

    def concerns(self, member: str) -> bool:
        """The author and the attendees know of the appointment; to others it does not exist."""
        return member == self.author or member in self.attendees

    # What it decides

    def propose(self, proposal: Proposal, author: str, problems: Sequence[Problem], now: datetime) -> None:
        """Offer the proposal's slots; raises Invalid with `problems` when anything is wrong with it."""
        if self.version:
            raise errors.AlreadyExists
        if problems:
            raise Invalid(*problems)
        fields = msgspec.structs.asdict(proposal)
        offers = fields.pop("offers")
        deadline = fields.pop("deadline")
        self._record(
            self.Proposed,
            now,
            author=author,
            candidates=numbered(offers, len(self.candidates)),
            deadline=deadline and deadline.astimezone(UTC),
            **fields,
        )

    def add_candidates(self, offers: Sequence[Offer], grid: Grid, now: datetime) -> None:
        self._must_be_proposed()
        if problems := check_offers(offers, self.candidates.values(), grid, now):
            raise Invalid(*problems)
        self._record(self.CandidatesAdded, now, candidates=numbered(offers, len(self.candidates)))

    def withdraw_candidate(self, candidate: str, now: datetime) -> None:
        """Take one open candidate back; withdrawing it again is no error, the last one can't be."""
        self._must_be_proposed()
        standing = self._candidate(candidate)
        if standing.state is CandidateState.WITHDRAWN:
            return
        self._must_be_open(standing)
        if len(self.open_candidates) == 1:
            raise errors.LastCandidate
        self._record(self.CandidateWithdrawn, now, candidate=candidate)

    def confirm(self, candidate: str, given: Guest, time_zone: str, locale: str, now: datetime) -> None:
        """Fix the time the guest picked. The same choice again changes nothing; another one is refused."""
        if self.state is State.CONFIRMED:
            if self.candidates.get(candidate) == self.chosen:
                return
            raise errors.AlreadyConfirmed
        self._must_be_undecided(now)
        picked = self._candidate(candidate)
        self._must_be_open(picked)
        if picked.start <= now:
            raise errors.CandidatePassed
        guest = self.guest.merged_with(given)
        if problems := [*check_answer(guest), *check_guest(given), *check_locale(time_zone, locale)]:
            raise Invalid(*problems)
        self._record(
            self.Confirmed, now, candidate=candidate, guest=guest, time_zone=time_zone, locale=locale
        )

    def take_candidate(self, candidate: str, by: str, now: datetime) -> None:
        """Close a candidate over which another appointment was confirmed."""
        standing = self._candidate(candidate)
        if self.state is State.PROPOSED and standing.state is CandidateState.OPEN:
            self._record(self.CandidateTaken, now, candidate=candidate, by=by)

    def edit(self, edit: Edit, now: datetime) -> None:
        """Change words; possible until the appointment ends. A title of spaces alone is a blank one."""
        self._must_stand()
        if problems := list(check_words(edit.title or "", edit.message or "", edit.note or "")):
            raise Invalid(*problems)
        words = msgspec.structs.asdict(edit) | {"title": edit.title and edit.title.strip()}
        changes = {field: new for field, new in words.items() if new not in (None, getattr(self, field))}
        if changes:
            self._record(self.Edited, now, **changes)

    def change_attendees(self, attendees: tuple[str, ...], organizer: str, now: datetime) -> None:
        """Name who takes part until it took place; while confirmed the organizer, who hosts, stays."""
        self._must_stand(now)
        problems = list(check_people(attendees, organizer))
        if not problems and self.state is State.CONFIRMED and organizer != self.organizer:
            problems = [Problem("organizer", "organizer_hosts_meeting")]
        if problems:
            raise Invalid(*problems)
        if (attendees, organizer) != (self.attendees, self.organizer):
            self._record(self.AttendeesChanged, now, attendees=attendees, organizer=organizer)

    def resend_request(self, now: datetime) -> None:
        self._must_be_proposed()
        if not self.guest.email:
            raise Invalid(Problem("guest.email", "email_needed_for_mail"))
        self._record(self.RequestResent, now)

    def reissue_link(self, now: datetime) -> None:
        self._record(self.LinkReissued, now, generation=self.generation + 1)

    def issue_meeting(self, meeting: Meeting, host: str, now: datetime) -> None:
        """Take the conference's data; one that comes after a cancellation concerns nobody."""
        if self.chosen is not None and self.meeting != meeting and not self.erased:
            self._record(self.MeetingIssued, now, meeting=meeting, host=host)

    def delay_meeting(self, now: datetime) -> None:
        """Stop waiting for the conference, so that the confirmation mails go without it."""
        if self.awaits_meeting and not self.meeting_delayed:
            self._record(self.MeetingDelayed, now)

    def cancel(self, reason: str, now: datetime) -> None:
        """End it before it took place; cancelling again changes nothing."""
        if self.state is State.CANCELLED:
            return
        self._must_stand(now)
        if len(reason) > 1000:
            raise Invalid(Problem("reason", "too_long", {"most": 1000}))
        self._record(self.Cancelled, now, reason=reason)

    def erase_guest(self, now: datetime) -> None:
        """Forget the guest; not before it is over, because until then they have to be reached."""
        if not self.is_over(now):
            raise errors.NotOver
        if not self.erased:
            self._record(self.GuestErased, now)

    def observe_time(self, now: datetime) -> None:
        """Close what the clock has overtaken: candidates that have started, then the appointment itself."""
        if self.state is not State.PROPOSED:
            return
        over = self.deadline <= now
        for candidate in self.open_candidates:
            if candidate.start <= now:
                self._record(self.CandidatePassed, now, candidate=candidate.id)
        if over:
            self._record(self.Expired, now)

    # What it remembers

    def when(self, event: Event) -> None:
        match event:
            case Appointment.Proposed():
                self._remember_proposal(event)
            case Appointment.CandidatesAdded(candidates=candidates):
                self.candidates |= {c.id: c for c in candidates}
            case Appointment.CandidateWithdrawn(candidate=candidate):
                self._set(candidate, CandidateState.WITHDRAWN)
            case Appointment.CandidateTaken(candidate=candidate):
                self._set(candidate, CandidateState.TAKEN)
            case Appointment.CandidatePassed(candidate=candidate):
                self._set(candidate, CandidateState.PASSED)
            case Appointment.Edited():
                self._remember_edit(event)
            case Appointment.AttendeesChanged(attendees=attendees, organizer=organizer):
                self.attendees, self.organizer = attendees, organizer
            case Appointment.LinkReissued(generation=generation):
                self.generation = generation
            case Appointment.Confirmed():
                self._remember_confirmation(event)
            case Appointment.MeetingIssued(meeting=meeting):
                self.meeting = meeting
            case Appointment.MeetingDelayed():
                self.meeting_delayed = True
            case Appointment.Cancelled():
                self.state = State.CANCELLED
            case Appointment.Expired():
                self.state = State.EXPIRED
            case Appointment.GuestErased():
                self._forget_guest()

    def _remember_proposal(self, event: AppointmentEvents.Proposed) -> None:
        self.author, self.attendees, self.organizer = event.author, event.attendees, event.organizer
        self.kind, self.platform, self.url, self.place = event.kind, event.platform, event.url, event.place
        self.title, self.message, self.note = event.title, event.message, event.note
        self.guest, self.time_zone, self.locale = event.guest, event.time_zone, event.locale
        self.delivery, self.visibility, self._deadline = event.delivery, event.visibility, event.deadline
        self.candidates = {c.id: c for c in event.candidates}
        self.proposed_at = event.at
        if event.platform is Platform.URL:
            self.meeting = Meeting(event.url)

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
        self._set(event.candidate, CandidateState.CHOSEN)

    def _forget_guest(self) -> None:
        """By the event alone: whoever still remembers the key forgets as well."""
        self.erased = True
        self.guest, self.title, self.meeting = Guest(name=ERASED), ERASED, None
        self.message = self.note = self.place = self.url = ""

    def _set(self, candidate: str, state: CandidateState) -> None:
        self.candidates[candidate] = msgspec.structs.replace(self.candidates[candidate], state=state)

    # What must hold before it decides

    def _candidate(self, candidate: str) -> Candidate:
        if candidate not in self.candidates:
            raise Invalid(Problem("candidate", "candidate_unknown"))
        return self.candidates[candidate]

    def _must_be_open(self, candidate: Candidate) -> None:
        if refusal := _CLOSED.get(candidate.state):
            raise refusal

    def _must_be_undecided(self, now: datetime) -> None:
        if refusal := _ENDED.get(self.state):
            raise refusal
        if self.deadline <= now:
            raise errors.Expired

    def _must_be_proposed(self) -> None:
        if self.state is not State.PROPOSED:
            raise errors.NotProposed

    def _must_stand(self, now: datetime | None = None) -> None:
        over = self.erased or (now is not None and self.is_over(now))
        if refusal := _ENDED.get(self.state) or (errors.Over if over else None):
            raise refusal


_CLOSED = {
    CandidateState.WITHDRAWN: errors.CandidateWithdrawn,
    CandidateState.TAKEN: errors.CandidateTaken,
    CandidateState.PASSED: errors.CandidatePassed,
}
_ENDED = {
    State.CANCELLED: errors.Cancelled,
    State.EXPIRED: errors.Expired,
    State.DECLINED: errors.Declined,
}
