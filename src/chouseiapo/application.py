"""Coordination: one method a command. Load, ask the aggregate, save; again when somebody else wrote first."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.deciding import own
from chouseiapo.directory import BY_ITSELF
from chouseiapo.domain.agenda import Agendas, agenda_ids
from chouseiapo.domain.appointment import Answer, Appointment, Booking, Edit
from chouseiapo.domain.errors import Invalid, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.proposal import Guest, Platform, Proposal, check_proposal
from chouseiapo.domain.recurrence import occurring
from chouseiapo.domain.slots import Grid, Offer, Slot
from chouseiapo.events import Keyring
from chouseiapo.hosting import Hosting


class Coordination(Hosting):
    """Every command takes `cause` (who, which command) and `now` (UTC).

    A command whose id is in the stream already is not carried out again: on PostgreSQL a lost COMMIT reply
    comes back as a conflict although we won.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        keyring: Keyring,
        grid: Grid,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.grid = grid
        super().__init__(settings, keyring, pause)

    # Appointments: what the staff do

    def propose(self, id: str, proposal: Proposal, author: str, cause: Meta, now: datetime) -> Appointment:
        """Offer a proposal to its guest; raises Invalid with everything that is wrong with it."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            problems = self._problems(proposal, agendas, now)
            appointment.propose(proposal if problems else self.repeated(proposal), author, problems, now)
            if proposal.direct:
                self.fix(appointment, agendas, lambda booking: appointment.register(booking, now), now)

        return self.carry_out(cause, id, decide, new=True)

    def imagined(self, id: str, proposal: Proposal, author: str, now: datetime) -> Appointment:
        """What `propose` would make of a proposal that nothing is wrong with; nothing is recorded."""
        appointment = Appointment(id)
        appointment.propose(self.repeated(proposal), author, (), now)
        if proposal.direct:
            times = appointment.open_candidates
            appointment.register(self._booking(appointment, times, Agendas(self.agenda)), now)
        return appointment

    def check(self, proposal: Proposal, now: datetime) -> list[Problem]:
        """Everything that `propose` would refuse; nothing is recorded."""
        return self._problems(proposal, Agendas(self.agenda), now)

    def reserved(
        self, attendees: Sequence[str], offers: Sequence[Offer], instead_of: str = ""
    ) -> list[Problem]:
        """For which offers, and whom of those it needs, a confirmed appointment has reserved time; one that
        they are offered instead of stands in nobody's way."""
        return self._reserved(attendees, offers, Agendas(self.agenda), besides=(instead_of,))

    def add_candidates(self, id: str, offers: Sequence[Offer], cause: Meta, now: datetime) -> Appointment:
        def decide(appointment: Appointment, agendas: Agendas) -> None:
            appointment.add_candidates(offers, self.grid, now)
            problems = list(self._unknown_rooms(offers))
            if problems := problems or self._reserved(
                appointment.attendees, offers, agendas, own(appointment)
            ):
                raise Invalid(*problems)

        return self.carry_out(cause, id, decide)

    def withdraw_candidate(self, id: str, candidate: str, cause: Meta, now: datetime) -> Appointment:
        return self.carry_out(cause, id, lambda a, _: a.withdraw_candidate(candidate, now))

    def revise(
        self,
        id: str,
        edit: Edit,
        cause: Meta,
        now: datetime,
        attendees: Sequence[str] | None = None,
        organizer: str = "",
    ) -> Appointment:
        """Change words and attendees in one save; reservations of a confirmed appointment follow."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            appointment.edit(edit, now)
            if attendees is not None or organizer:
                people = appointment.attendees if attendees is None else tuple(attendees)
                lead = organizer or (people[0] if appointment.organizer not in people and people else "")
                self._change_attendees(appointment, people, lead or appointment.organizer, agendas, now)

        return self.carry_out(cause, id, decide)

    def _change_attendees(
        self,
        appointment: Appointment,
        attendees: tuple[str, ...],
        organizer: str,
        agendas: Agendas,
        now: datetime,
    ) -> None:
        before, lead = appointment.attendees, appointment.organizer
        appointment.change_attendees(attendees, organizer, now)
        hosts_anew = organizer != lead and appointment.platform is Platform.ZOOM
        if hosts_anew and not self.can_host(self.members([organizer])[organizer]):
            raise Invalid(Problem("organizer", "zoom_not_linked"))
        joined = [m for m in attendees if m not in before]
        if not all(self.stream_of("member", m) for m in joined):
            raise Invalid(Problem("attendees", "attendee_unknown"))
        gone = [m for m in before if m not in attendees]
        for occurrence in (c for c in appointment.occurrences if c.end > now):
            agendas.release(appointment.reservation(occurrence), gone, occurrence.slot, now)
        self.reserve(appointment, agendas, now, joined)
        if appointment.occurrences:
            return
        slots = [candidate.slot for candidate in appointment.open_candidates]
        reserved = [m for m in joined if any(agendas.taken_by([m], s, own(appointment)) for s in slots)]
        if reserved:
            raise Invalid(*(Problem("attendees", "attendee_reserved", {"who": m}) for m in reserved))

    def resend_request(self, id: str, cause: Meta, now: datetime) -> Appointment:
        return self.carry_out(cause, id, lambda a, _: a.resend_request(now))

    def reissue_link(self, id: str, cause: Meta, now: datetime) -> Appointment:
        return self.carry_out(cause, id, lambda a, _: a.reissue_link(now))

    def cancel(self, id: str, reason: str, cause: Meta, now: datetime) -> Appointment:
        """Cancel, and release what was reserved in the same save."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            self.release(appointment, agendas, now)
            appointment.cancel(reason, now)

        return self.carry_out(cause, id, decide)

    def move(self, id: str, slot: Slot, cause: Meta, now: datetime) -> Appointment:
        """Fix another time for a confirmed appointment: old and new reservation change in one save."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            host = self.host_at(appointment, slot, agendas)
            self.release(appointment, agendas, now)
            appointment.move(slot, self.grid, now, host)
            self.reserve(appointment, agendas, now)

        return self.carry_out(cause, id, decide)

    def cancel_occurrence(
        self, id: str, candidate: str, reason: str, cause: Meta, now: datetime
    ) -> Appointment:
        """Leave out one of several times, and release what was reserved for it."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            self._leave_out(appointment, candidate, reason, agendas, now)

        return self.carry_out(cause, id, decide)

    def _leave_out(
        self, appointment: Appointment, candidate: str, reason: str, agendas: Agendas, now: datetime
    ) -> None:
        standing = [c for c in appointment.occurrences if c.id == candidate]
        appointment.cancel_occurrence(candidate, reason, now)
        self.release_each(appointment, standing, agendas, now)

    def send_message(self, id: str, subject: str, text: str, cause: Meta, now: datetime) -> Appointment:
        """Write to the guest; raises Invalid."""
        return self.carry_out(cause, id, lambda a, _: a.send_message(subject, text, now))

    def erase_guest(self, id: str, cause: Meta, now: datetime) -> Appointment:
        """Forget who the guest was; the key of their data is destroyed by whoever asks for it."""
        return self.carry_out(cause, id, lambda a, _: a.erase_guest(now))

    # Appointments: what the guest does

    def confirm(
        self,
        id: str,
        candidate: str,
        guest: Guest,
        cause: Meta,
        now: datetime,
        time_zone: str = "",
        locale: str = "",
        known: Appointment | None = None,
        start: datetime | None = None,
    ) -> Appointment:
        """Fix the time that the guest picked: appointment and agendas in one save, whoever races.

        `start`: when the candidate began as the guest saw it, where that is known.
        `known`: the appointment as the caller has just loaded it; the first try decides on that one.
        Raises CandidateTaken only for a real overlap seen after loading, Busy when the tries are used up.
        """

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            def pick(booking: Booking) -> None:
                appointment.confirm(candidate, guest, time_zone, locale, now, start, booking)

            picked = appointment.candidates.get(candidate)
            self.fix(appointment, agendas, pick, now, [picked] if picked else [])

        return self.carry_out(cause, id, decide, known=known)

    # Appointments: what follows by itself

    def take_candidate(self, id: str, candidate: str, by: str, cause: Meta, now: datetime) -> None:
        self.carry_out(cause, id, lambda a, _: a.take_candidate(candidate, by, now))

    def observe_time(self, id: str, now: datetime) -> None:
        self.carry_out(BY_ITSELF, id, lambda a, _: a.observe_time(now))

    # Appointments: what members do on their own calendars

    def note_deviation(
        self, id: str, owner: str, candidate: str, moved_to: Slot | None, now: datetime
    ) -> Appointment:
        """Note that an entry of ours was seen moved, or (`moved_to` None) deleted, by its owner's hand."""
        gone = moved_to is None
        return self.carry_out(
            BY_ITSELF, id, lambda a, _: a.note_deviation(owner, candidate, gone, moved_to, now)
        )

    def follow_deviation(
        self, id: str, owner: str, candidate: str, moved_to: Slot | None, now: datetime
    ) -> Appointment:
        """Do what was meant, now that a direct read has confirmed it."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            needed = appointment.resources(appointment.candidates[candidate])
            fits = moved_to is None or appointment.may_move(candidate, moved_to, self.grid, now)
            free = fits and not (moved_to and agendas.taken_by(needed, moved_to, own(appointment)))
            appointment.follow_deviation(owner, candidate, moved_to, free, self.grid, now)

        return self.carry_out(BY_ITSELF, id, decide)

    def restore_entry(self, id: str, owner: str, candidate: str, now: datetime) -> Appointment:
        return self.carry_out(BY_ITSELF, id, lambda a, _: a.restore_entry(owner, candidate, now))

    def answer_question(
        self, id: str, owner: str, candidate: str, answer: Answer, cause: Meta, now: datetime
    ) -> Appointment:
        """Say what a deviation means; what that cancels is released in the same save."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            deviation = appointment.deviation(owner, candidate)
            appointment.answer_question(owner, candidate, answer, now)
            if deviation is None or not deviation.asked:
                return
            if answer is Answer.CANCEL:
                self.release(appointment, agendas, now)
                appointment.cancel("", now)
            elif answer is Answer.CANCEL_OCCURRENCE:
                self._leave_out(appointment, candidate, "", agendas, now)

        return self.carry_out(cause, id, decide)

    def notice_overlap(
        self, id: str, candidate: str, owners: Sequence[str], cause: Meta, now: datetime
    ) -> Appointment:
        """Remember who had something else on the calendar when the time was fixed all the same."""
        return self.carry_out(cause, id, lambda a, _: a.notice_overlap(candidate, tuple(owners), now))

    # What is wrong with a proposal, beyond its own words

    def _problems(self, proposal: Proposal, agendas: Agendas, now: datetime) -> list[Problem]:
        people = self.members({*proposal.attendees, proposal.organizer})
        unknown = not all(people[attendee].version for attendee in proposal.attendees)
        problems = [
            *([Problem("attendees", "attendee_unknown")] if unknown else ()),
            *check_proposal(proposal, self.grid, self.can_host(people[proposal.organizer]), now),
            *self._unknown_rooms(proposal.offers),
        ]
        if problems:
            return problems
        offers = self.repeated(proposal).offers
        reserved = self._reserved(proposal.attendees, offers, agendas, besides=(proposal.instead_of,))
        return reserved if proposal.recurrence is None else [self._of_series(p, offers) for p in reserved]

    def _of_series(self, problem: Problem, offers: Sequence[Offer]) -> Problem:
        """What is said of one repetition, said of the time that is repeated: that one alone was asked for."""
        concerned = offers[int(problem.field.split(".")[1])]
        day = concerned.start.astimezone(ZoneInfo(self.grid.zone)).date()
        values = {**problem.values, "day": day.isoformat()}
        return Problem("candidates.0.start", "occurrence_reserved", values)

    def repeated(self, proposal: Proposal) -> Proposal:
        """The proposal with every time that it is about, by the wall clock of the organization's zone."""
        if proposal.recurrence is None:
            return proposal
        offers = occurring(proposal.offers[0], proposal.recurrence, self.grid.zone)
        return msgspec.structs.replace(proposal, offers=tuple(offers))

    def _unknown_rooms(self, offers: Sequence[Offer]) -> Iterator[Problem]:
        for n, offer in enumerate(offers):
            if offer.room is not None and not self.are_rooms([offer.room]):
                yield Problem(f"candidates.{n}.room", "room_unknown")

    def _reserved(
        self,
        attendees: Sequence[str],
        offers: Sequence[Offer],
        agendas: Agendas,
        besides: Container[str] = (),
    ) -> list[Problem]:
        resources = [(*attendees, offer.room) if offer.room else tuple(attendees) for offer in offers]
        asked = [(who, offer.slot) for who, offer in zip(resources, offers, strict=True)]
        agendas.know(self.agendas(id for who, slot in asked for id in agenda_ids(who, slot)))
        return [
            Problem(f"candidates.{n}.start", "candidate_reserved", {"who": resource})
            for n, (who, slot) in enumerate(asked)
            for resource in who
            if agendas.taken_by([resource], slot, besides)
        ]
