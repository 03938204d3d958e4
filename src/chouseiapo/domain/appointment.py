"""Appointment: one coordination, from proposal to its end. What it decides; its state remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from chouseiapo.domain import errors
from chouseiapo.domain.appointment_events import Answer
from chouseiapo.domain.appointment_meeting import MeetingDecisions
from chouseiapo.domain.appointment_state import ENDED_BY, State
from chouseiapo.domain.errors import Invalid, Problem
from chouseiapo.domain.proposal import (
    Guest,
    Proposal,
    Visibility,
    check_answer,
    check_guest,
    check_locale,
    check_message,
    check_people,
    check_words,
)
from chouseiapo.domain.slots import (
    LONGEST,
    LONGEST_DIRECT,
    Candidate,
    CandidateState,
    Grid,
    Offer,
    Slot,
    check_offers,
    check_pickable,
    numbered,
)

LONGEST_REASON = 1000

__all__ = ["Answer", "Appointment", "Booking", "Edit", "State"]


class Booking(msgspec.Struct, frozen=True):
    """How the conference of a fixed time comes about: through which of the organization's links, where the
    organizer has no account, and whether somebody has to ask for it."""

    host: str = ""
    by_hand: bool = False


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Words that change; None leaves a word as it is."""

    title: str | None = None
    message: str | None = None
    note: str | None = None
    visibility: Visibility | None = None


class Appointment(MeetingDecisions):
    """One coordination: what is offered to whom, what the guest chose, and how it ended."""

    def propose(self, proposal: Proposal, author: str, problems: Sequence[Problem], now: datetime) -> None:
        """Offer the proposal's slots, each repetition among them; raises Invalid with `problems` when there
        are any."""
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
        if problems := check_offers(offers, self.candidates.values(), grid, now) or [*check_pickable(offers)]:
            raise Invalid(*problems)
        asked = self.question
        self._record(self.CandidatesAdded, now, candidates=numbered(offers, len(self.candidates)))
        if asked is not None:  # the last one, whose hold somebody deleted: now there are others
            self._record(self.CandidateWithdrawn, now, candidate=asked.candidate, by=asked.owner)

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

    def confirm(
        self,
        candidate: str,
        given: Guest,
        time_zone: str,
        locale: str,
        now: datetime,
        start: datetime | None = None,
        booking: Booking = Booking(),  # noqa: B008 - frozen
    ) -> None:
        """Fix the time the guest picked. The same choice again changes nothing; another one is refused.

        `start`: when the candidate began as the guest saw it; moved since, it is not what they picked.
        """
        if self.chosen is not None:
            if self.is_chosen(candidate, start):
                return
            raise errors.AlreadyConfirmed
        self._must_be_undecided(now)
        picked = self._candidate(candidate)
        self._must_be_open(picked)
        if picked.start <= now:
            raise errors.CandidatePassed
        if not picked.stands_at(start):
            raise errors.CandidateMoved
        guest = self.guest.merged_with(given)
        if problems := [*check_answer(guest), *check_guest(given), *check_locale(time_zone, locale)]:
            raise Invalid(*problems)
        self._fix(candidate, guest, time_zone, locale, booking, now)

    def register(self, booking: Booking, now: datetime) -> None:
        """Fix what was proposed directly: all of its times, without anybody's picking."""
        if self.direct and self.state is State.PROPOSED:
            self._fix(self.open_candidates[0].id, self.guest, self.time_zone, self.locale, booking, now)

    def _fix(
        self, candidate: str, guest: Guest, zone: str, locale: str, booking: Booking, now: datetime
    ) -> None:
        told = {"guest": guest, "time_zone": zone, "locale": locale}
        how = {"host": booking.host, "by_hand": booking.by_hand}
        self._record(self.Confirmed, now, candidate=candidate, **told, **how)

    def move(self, slot: Slot, grid: Grid, now: datetime, host: str | None = None) -> None:
        """Fix another time instead of the confirmed one; meeting and invitation go with it. `host`: whom of
        the organization's hosts to book instead of the one that is booked; another one makes it anew."""
        self._must_stand(now)
        if (chosen := self.chosen) is None:
            raise errors.NotConfirmed
        if self.is_series:
            raise errors.SeriesStands
        longest = LONGEST_DIRECT if self.direct else LONGEST
        offer = Offer(slot.start, slot.end, chosen.room, chosen.all_day)
        if problems := check_offers([offer], (), grid, now, longest):
            raise Invalid(
                *(Problem(p.field.removeprefix("candidates.0."), p.code, p.values) for p in problems)
            )
        if slot == chosen.slot:
            return
        self._record(self.Moved, now, candidate=chosen.id, start=slot.start, end=slot.end, host=host)
        if host is not None and self.conference.wanted:
            self.request_meeting(host, now)

    def cancel_occurrence(self, candidate: str, reason: str, now: datetime) -> None:
        """Leave out one of several times; doing so again changes nothing."""
        self._must_stand(now)
        left_out = self._candidate(candidate)
        if left_out.state is CandidateState.WITHDRAWN:
            return
        if left_out not in self.occurrences:  # nothing is fixed, or it is not what the guest picked
            raise errors.NotConfirmed
        if left_out.end <= now:
            raise errors.Over
        if not any(c.end > now for c in self.occurrences if c.id != candidate):
            raise errors.LastOccurrence
        self._record(self.OccurrenceCancelled, now, candidate=candidate, reason=_reason(reason))

    def send_message(self, subject: str, text: str, now: datetime) -> None:
        """Write to the guest."""
        if self.erased:
            raise errors.Erased
        if problems := list(check_message(subject, text, self.guest)):
            raise Invalid(*problems)
        self._record(self.MessageSent, now, subject=subject.strip(), text=text.strip())

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

    def cancel(self, reason: str, now: datetime) -> None:
        """End it before it took place; cancelling again changes nothing."""
        if self.state is State.CANCELLED:
            return
        self._must_stand(now)
        self._record(self.Cancelled, now, reason=_reason(reason))

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

    # What members do by hand, on their own calendars

    def note_deviation(
        self, owner: str, candidate: str, gone: bool, moved_to: Slot | None, now: datetime
    ) -> None:
        """Note that an entry was seen deleted or moved; what is known already is not noted again."""
        standing = self.candidates.get(candidate)
        if standing is None or self.is_over(now) or owner not in self.resources(standing):
            return
        if standing.end <= now and standing in self.occurrences:  # of several: this one has taken place
            return
        if standing not in self.occurrences and (self.chosen or standing.state is not CandidateState.OPEN):
            return
        known = self.deviation(owner, candidate)
        edges = _edges(moved_to)
        if known is None or (known.gone, known.start, known.end) != (gone, *edges.values()):
            event = self.OrganizerAsked if known and known.asked else self.EntryDeviated
            self._record(event, now, owner=owner, candidate=candidate, gone=gone, **edges)

    def follow_deviation(
        self, owner: str, candidate: str, moved_to: Slot | None, free: bool, grid: Grid, now: datetime
    ) -> None:
        """Do what a hand meant, now that it is certain: an open candidate closes, or moves where it may; a
        confirmed time, and the last candidate, are for a person to decide. `free`: nobody is booked then."""
        known = self.deviation(owner, candidate)
        if known is None or known.asked:
            return
        if self.chosen is None and moved_to and free and self.may_move(candidate, moved_to, grid, now):
            change = {"start": moved_to.start, "end": moved_to.end}
            self._record(self.CandidateMoved, now, candidate=candidate, by=owner, **change)
        elif self.chosen is None and len(self.open_candidates) > 1:
            self._record(self.CandidateWithdrawn, now, candidate=candidate, by=owner)
        else:
            told = {"gone": moved_to is None, **_edges(moved_to)}
            self._record(self.OrganizerAsked, now, owner=owner, candidate=candidate, **told)

    def restore_entry(self, owner: str, candidate: str, now: datetime) -> None:
        """It stands where it should: nothing was meant, or it was put back."""
        if self.deviation(owner, candidate):
            self._record(self.EntryRestored, now, owner=owner, candidate=candidate)

    def answer_question(self, owner: str, candidate: str, answer: Answer, now: datetime) -> None:
        """Say what a deviation means; answering again changes nothing."""
        known = self.deviation(owner, candidate)
        if known is not None and known.asked:
            self._record(self.OrganizerAnswered, now, owner=owner, candidate=candidate, answer=answer)

    def notice_overlap(self, candidate: str, owners: tuple[str, ...], now: datetime) -> None:
        """Remember who had something else when the time was fixed all the same."""
        if self.chosen is not None and self.chosen.id == candidate and owners != self.overlaps:
            self._record(self.OverlapNoticed, now, candidate=candidate, owners=owners)

    def may_move(self, candidate: str, to: Slot, grid: Grid, now: datetime) -> bool:
        """Whether a candidate could be offered at that time instead of its own."""
        others = [c for c in self.candidates.values() if c.id != candidate]
        return not check_offers([Offer(to.start, to.end)], others, grid, now)

    # What must hold before it decides

    def _candidate(self, candidate: str) -> Candidate:
        if candidate not in self.candidates:
            raise Invalid(Problem("candidate", "candidate_unknown"))
        return self.candidates[candidate]

    def _must_be_open(self, candidate: Candidate) -> None:
        if refusal := _CLOSED.get(candidate.state):
            raise refusal

    def _must_be_undecided(self, now: datetime) -> None:
        if refusal := ENDED_BY.get(self.state):
            raise refusal
        if self.deadline <= now:
            raise errors.Expired

    def _must_be_proposed(self) -> None:
        if self.state is not State.PROPOSED:
            raise errors.NotProposed


def _reason(reason: str) -> str:
    if len(reason) > LONGEST_REASON:
        raise Invalid(Problem("reason", "too_long", {"most": LONGEST_REASON}))
    return reason


def _edges(slot: Slot | None) -> dict[str, datetime | None]:
    return {"start": slot.start if slot else None, "end": slot.end if slot else None}


_CLOSED = {
    CandidateState.WITHDRAWN: errors.CandidateWithdrawn,
    CandidateState.TAKEN: errors.CandidateTaken,
    CandidateState.PASSED: errors.CandidatePassed,
}
