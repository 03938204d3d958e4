"""Coordination: one method a command. Load, ask the aggregate, save; again when somebody else wrote first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from eventsourcing.persistence import IntegrityError

from chouseiapo.aggregates import Aggregates, existing
from chouseiapo.domain.agenda import Agendas, agenda_ids
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.errors import AlreadyExists, Invalid, Problem
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.ids import link_id, link_owner, member_id, new_id
from chouseiapo.domain.links import Leaving, Link, Linkable, Provider
from chouseiapo.domain.member import Member, Role
from chouseiapo.domain.proposal import Guest, Meeting, Platform, Proposal, check_proposal, is_address
from chouseiapo.domain.room import Room
from chouseiapo.domain.slots import Grid, Offer
from chouseiapo.events import Keyring


class Coordination(Aggregates):
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

    # People and rooms

    def register_member(
        self, email: str, name: str, cause: Meta, now: datetime, role: Role = Role.MEMBER, **names: str
    ) -> Member:
        """Register a person by address; raises Invalid, or AlreadyExists for a known address."""
        address = email.strip().lower()
        problems = [] if is_address(address) else [Problem("email", "email_invalid")]
        if not name.strip():
            problems.append(Problem("name", "name_missing"))
        if problems:
            raise Invalid(*problems)
        member = Member.remember(member_id(address), self.stream(member_id(address)))
        if cause.command and cause.command in member.commands:
            return member
        member.register(address, name.strip(), now, role=role, **names)
        try:
            self.save_all(cause, member)
        except IntegrityError:
            raise AlreadyExists from None
        return member

    def add_room(self, name: str, seats: int, cause: Meta, now: datetime, id: str = "") -> Room:
        room = Room(id or new_id("room"))
        room.add(name, seats, now)
        self.save_all(cause, room)
        return room

    def choose_mail_format(self, member: str, text_only: bool, cause: Meta, now: datetime) -> None:
        self._ask_member(member, cause, lambda m: m.choose_mail_format(text_only, now))

    def choose_locality(
        self, member: str, locale: str | None, time_zone: str | None, cause: Meta, now: datetime
    ) -> None:
        self._ask_member(member, cause, lambda m: m.choose_locality(locale, time_zone, now))

    def issue_feed(self, member: str, cause: Meta, now: datetime) -> Member:
        """Give the member's calendar feed a new address, unless the same command has done so already."""

        def attempt() -> Member:
            found = self.member(member)
            if not (cause.command and cause.command in found.commands):
                found.issue_feed(now)
                self.save_all(cause, found)
            return found

        return self.insist(attempt)

    # Accounts that speak for members and rooms

    def link_account(
        self,
        owner: str,
        provider: Provider,
        subject: str,
        account: str,
        cause: Meta,
        now: datetime,
        missing: tuple[str, ...] = (),
        ends_at: datetime | None = None,
    ) -> str:
        """Let an account speak for a member or room; answers the link's id. `subject` outlives the address."""
        link = link_id(provider, owner, subject)
        self._ask_owner(
            owner,
            cause,
            lambda o: o.link(link, provider, account, now, missing=missing, ends_at=ends_at),
        )
        return link

    def unlink_account(
        self, owner: str, provider: Provider, cause: Meta, now: datetime, leave: Leaving = Leaving.REMOVE
    ) -> str:
        """Let the account of that kind speak no longer; answers the link's id. Raises NotFound."""
        links = self.owner(owner).links.values()
        link = next((link.id for link in links if link.provider is provider), "")
        self._ask_owner(owner, cause, lambda o: o.unlink(link, now, leave))
        return link

    def choose_calendar(self, link: str, cause: Meta, now: datetime, **chosen: Any) -> None:
        """Which of the account's calendars is written and what counts as busy: see Linkable."""
        self._ask_owner(link_owner(link), cause, lambda o: o.choose_calendar(link, now, **chosen))

    def break_link(self, link: str, reason: str, now: datetime) -> None:
        """Note that a vendor refuses the link's token; a second time changes nothing."""
        self._ask_owner(link_owner(link), Meta(actor=SYSTEM), lambda o: o.break_link(link, reason, now))

    def heal_link(self, link: str, now: datetime) -> None:
        self._ask_owner(link_owner(link), Meta(actor=SYSTEM), lambda o: o.heal_link(link, now))

    def note_vanished(self, link: str, count: int, now: datetime) -> None:
        """Stop and ask what it means that so many entries are gone at once."""
        self._ask_owner(link_owner(link), Meta(actor=SYSTEM), lambda o: o.note_vanished(link, count, now))

    def answer_vanished(self, link: str, restore: bool, cause: Meta, now: datetime) -> None:
        self._ask_owner(link_owner(link), cause, lambda o: o.answer_vanished(link, restore, now))

    def is_broken(self, link: str) -> bool:
        """Whether the link is known to be refused; what is nobody's account can't be."""
        standing = self.linked(link)
        return standing is not None and bool(standing.broken)

    def is_linked(self, link: str) -> bool:
        """Whether the account speaks for somebody; mail queues and built-in calendars are no accounts."""
        return self.linked(link) is not None

    def linked(self, link: str) -> Link | None:
        """What is known of a link that stands."""
        owner = link_owner(link)
        return self.owners([owner])[owner].links.get(link)

    # Appointments: what the staff do

    def propose(self, id: str, proposal: Proposal, author: str, cause: Meta, now: datetime) -> Appointment:
        """Offer a proposal to its guest; raises Invalid with everything that is wrong with it."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            appointment.propose(proposal, author, self._problems(proposal, agendas, now), now)

        return self._carry_out(cause, id, decide, new=True)

    def check(self, proposal: Proposal, now: datetime) -> list[Problem]:
        """Everything that `propose` would refuse; nothing is recorded."""
        return self._problems(proposal, Agendas(self.agenda), now)

    def reserved(self, attendees: Sequence[str], offers: Sequence[Offer]) -> list[Problem]:
        """For which offers, and whom of those it needs, a confirmed appointment has reserved time."""
        return self._reserved(attendees, offers, Agendas(self.agenda))

    def add_candidates(self, id: str, offers: Sequence[Offer], cause: Meta, now: datetime) -> Appointment:
        def decide(appointment: Appointment, agendas: Agendas) -> None:
            appointment.add_candidates(offers, self.grid, now)
            problems = list(self._unknown_rooms(offers))
            if problems := problems or self._reserved(appointment.attendees, offers, agendas):
                raise Invalid(*problems)

        return self._carry_out(cause, id, decide)

    def withdraw_candidate(self, id: str, candidate: str, cause: Meta, now: datetime) -> Appointment:
        return self._carry_out(cause, id, lambda a, _: a.withdraw_candidate(candidate, now))

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

        return self._carry_out(cause, id, decide)

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
        if hosts_anew and not self.members([organizer])[organizer].can_host:
            raise Invalid(Problem("organizer", "zoom_not_linked"))
        joined = [m for m in attendees if m not in before]
        if not all(self.stream_of("member", m) for m in joined):
            raise Invalid(Problem("attendees", "attendee_unknown"))
        if chosen := appointment.chosen:
            gone = [m for m in before if m not in attendees]
            agendas.release(appointment.id, gone, chosen.slot, now)
            agendas.reserve(appointment.id, joined, chosen.slot, now)
            return
        slots = [candidate.slot for candidate in appointment.open_candidates]
        reserved = [m for m in joined if any(agendas.taken_by([m], s, appointment.id) for s in slots)]
        if reserved:
            raise Invalid(*(Problem("attendees", "attendee_reserved", {"who": m}) for m in reserved))

    def resend_request(self, id: str, cause: Meta, now: datetime) -> Appointment:
        return self._carry_out(cause, id, lambda a, _: a.resend_request(now))

    def reissue_link(self, id: str, cause: Meta, now: datetime) -> Appointment:
        return self._carry_out(cause, id, lambda a, _: a.reissue_link(now))

    def cancel(self, id: str, reason: str, cause: Meta, now: datetime) -> Appointment:
        """Cancel, and release what was reserved in the same save."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            chosen = appointment.chosen
            appointment.cancel(reason, now)
            if chosen is not None:
                agendas.release(id, appointment.resources(chosen), chosen.slot, now)

        return self._carry_out(cause, id, decide)

    def erase_guest(self, id: str, cause: Meta, now: datetime) -> Appointment:
        """Forget who the guest was; the key of their data is destroyed by whoever asks for it."""
        return self._carry_out(cause, id, lambda a, _: a.erase_guest(now))

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
    ) -> Appointment:
        """Fix the time that the guest picked: appointment and agendas in one save, whoever races.

        `known`: the appointment as the caller has just loaded it; the first try decides on that one.
        Raises CandidateTaken only for a real overlap seen after loading, Busy when the tries are used up.
        """

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            appointment.confirm(candidate, guest, time_zone, locale, now)
            if (chosen := appointment.chosen) is not None:
                agendas.know(self.agendas(agenda_ids(appointment.resources(chosen), chosen.slot)))
                agendas.reserve(id, appointment.resources(chosen), chosen.slot, now)

        return self._carry_out(cause, id, decide, known=known)

    # Appointments: what follows by itself

    def take_candidate(self, id: str, candidate: str, by: str, cause: Meta, now: datetime) -> None:
        self._carry_out(cause, id, lambda a, _: a.take_candidate(candidate, by, now))

    def observe_time(self, id: str, now: datetime) -> None:
        self._carry_out(Meta(actor=SYSTEM), id, lambda a, _: a.observe_time(now))

    def issue_meeting(self, id: str, meeting: Meeting, host: str, cause: Meta, now: datetime) -> Appointment:
        return self._carry_out(cause, id, lambda a, _: a.issue_meeting(meeting, host, now))

    def delay_meeting(self, id: str, now: datetime) -> None:
        self._carry_out(Meta(actor=SYSTEM), id, lambda a, _: a.delay_meeting(now))

    # How a command is carried out

    def _carry_out(
        self,
        cause: Meta,
        id: str,
        decide: Callable[[Appointment, Agendas], None],
        new: bool = False,
        known: Appointment | None = None,
    ) -> Appointment:
        loaded = [known] if known else []

        def attempt() -> Appointment:
            appointment = loaded.pop() if loaded else self._remembered(id)
            if not new:
                existing(appointment)
            if cause.command and cause.command in appointment.commands:
                return appointment
            agendas = Agendas(self.agenda)
            decide(appointment, agendas)
            self.save_all(cause, appointment, *agendas)
            return appointment

        return self.insist(attempt)

    def _remembered(self, id: str) -> Appointment:
        return Appointment.remember(id, self.stream_of("appointment", id))

    def _ask_member(self, id: str, cause: Meta, ask: Callable[[Member], None]) -> None:
        def attempt() -> None:
            member = self.member(id)
            ask(member)
            self.save_all(cause, member)

        self.insist(attempt)

    def _ask_owner(self, id: str, cause: Meta, ask: Callable[[Linkable], None]) -> None:
        def attempt() -> None:
            owner = self.owner(id)
            ask(owner)
            self.save_all(cause, owner)

        self.insist(attempt)

    # What is wrong with a proposal, beyond its own words

    def _problems(self, proposal: Proposal, agendas: Agendas, now: datetime) -> list[Problem]:
        people = self.members({*proposal.attendees, proposal.organizer})
        unknown = not all(people[attendee].version for attendee in proposal.attendees)
        problems = [
            *([Problem("attendees", "attendee_unknown")] if unknown else ()),
            *check_proposal(proposal, self.grid, people[proposal.organizer].can_host, now),
            *self._unknown_rooms(proposal.offers),
        ]
        return problems or self._reserved(proposal.attendees, proposal.offers, agendas)

    def _unknown_rooms(self, offers: Sequence[Offer]) -> Iterator[Problem]:
        for n, offer in enumerate(offers):
            if offer.room is not None and not self.are_rooms([offer.room]):
                yield Problem(f"candidates.{n}.room", "room_unknown")

    def _reserved(self, attendees: Sequence[str], offers: Sequence[Offer], agendas: Agendas) -> list[Problem]:
        resources = [(*attendees, offer.room) if offer.room else tuple(attendees) for offer in offers]
        asked = [(who, offer.slot) for who, offer in zip(resources, offers, strict=True)]
        agendas.know(self.agendas(id for who, slot in asked for id in agenda_ids(who, slot)))
        return [
            Problem(f"candidates.{n}.start", "candidate_reserved", {"who": resource})
            for n, (who, slot) in enumerate(asked)
            for resource in who
            if agendas.taken_by([resource], slot)
        ]
