"""Who hosts a web meeting, and the commands about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from chouseiapo.deciding import Deciding, own
from chouseiapo.directory import BY_ITSELF
from chouseiapo.domain.agenda import Agendas, agenda_ids
from chouseiapo.domain.appointment import Appointment, Booking
from chouseiapo.domain.errors import Invalid, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.meeting_options import USUAL, MeetingOptions, layered
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import Organization
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.domain.slots import Candidate, Slot


class Hosting(Deciding):
    """Every command takes `cause` (who, which command), unless it happens by itself, and `now` (UTC)."""

    def fix(
        self,
        appointment: Appointment,
        agendas: Agendas,
        fix: Callable[[Booking], None],
        now: datetime,
        times: Sequence[Candidate] | None = None,
    ) -> None:
        """Fix times and reserve them; a host is booked where the organizer has no account. Times that the
        appointment had before (a repeated choice) are reserved already."""
        times = appointment.open_candidates if times is None else times
        known = [id for c in times for id in agenda_ids(appointment.resources(c), c.slot)]
        agendas.know(self.agendas(known))
        fix(self._booking(appointment, times, agendas))
        if appointment.instead_of:
            self.release(self.remembered(appointment.instead_of), agendas, now)
        self.reserve(appointment, agendas, now)

    def _booking(self, appointment: Appointment, times: Sequence[Candidate], agendas: Agendas) -> Booking:
        """Who hosts, and whether the meeting is made at once; without a free host the time stands as well."""
        if appointment.platform is not Platform.ZOOM:
            return Booking()
        organizer, organization = self._organizer(appointment), self.organization()
        options = _together(appointment, organizer, organization)
        slots = [candidate.slot for candidate in times]
        host = "" if organizer.zoom else self._free_host(organization, appointment, slots, agendas)
        return Booking(host, by_hand=not options.automatic)

    def _organizer(self, appointment: Appointment) -> Member:
        return self.members([appointment.organizer])[appointment.organizer]

    @staticmethod
    def _free_host(
        organization: Organization, appointment: Appointment, times: Sequence[Slot], agendas: Agendas
    ) -> str:
        """The first of the organization's hosts that nobody has booked at any of the times; else empty."""
        hosts = (link.id for link in organization.hosts)
        return next((host for host in hosts if not _is_booked(host, appointment, times, agendas)), "")

    def host_at(self, appointment: Appointment, slot: Slot, agendas: Agendas) -> str | None:
        """The host to book for another time, None to leave that as it is: the one that is booked, as long as
        it is free then. Raises Invalid when every host is taken."""
        reserved = appointment.conference.reserved
        if not (reserved or appointment.awaits_meeting):
            return None
        if reserved and not _is_booked(reserved, appointment, [slot], agendas):
            return None
        if self._organizer(appointment).zoom:
            return "" if reserved else None
        host = self._free_host(self.organization(), appointment, [slot], agendas)
        if reserved and not host:
            raise Invalid(Problem("start", "hosts_reserved"))
        return host or None

    def meeting_options(self, appointment: Appointment) -> MeetingOptions:
        """What the appointment's conference would be like if it were made now: every layer together."""
        return _together(appointment, self._organizer(appointment), self.organization())

    def can_host(self, organizer: Member) -> bool:
        """Whether there is a Zoom account that works: their own, or one of the organization's."""
        return organizer.can_host or (organizer.zoom is None and bool(self.organization().hosts))

    def request_meeting(self, id: str, cause: Meta, now: datetime) -> Appointment:
        """Have the conference made, or another one instead of the one that stands."""

        def decide(appointment: Appointment, agendas: Agendas) -> None:
            times = [c.slot for c in appointment.occurrences if c.end > now]
            before = appointment.conference.reserved
            own_account = self._organizer(appointment).zoom
            host = "" if own_account else self._host_again(appointment, times, agendas)
            appointment.request_meeting(host, now)
            self._release_host(appointment, before, agendas, now)
            self.reserve(appointment, agendas, now)

        return self.carry_out(cause, id, decide)

    @staticmethod
    def _release_host(appointment: Appointment, before: str, agendas: Agendas, now: datetime) -> None:
        """The host that was booked is free again, unless it is booked still."""
        if before and before != appointment.conference.reserved:
            for occurrence in (c for c in appointment.occurrences if c.end > now):
                agendas.release(appointment.reservation(occurrence), [before], occurrence.slot, now)

    def _without_host(
        self, id: str, decide: Callable[[Appointment], None], cause: Meta, now: datetime
    ) -> Appointment:
        """Decide that the conference goes; whoever was booked to host it goes in the same save."""

        def release(appointment: Appointment, agendas: Agendas) -> None:
            before = appointment.conference.reserved
            decide(appointment)
            self._release_host(appointment, before, agendas, now)

        return self.carry_out(cause, id, release)

    def _host_again(self, appointment: Appointment, times: Sequence[Slot], agendas: Agendas) -> str:
        """The host that is booked already, as long as it can host; else one that is free."""
        organization, before = self.organization(), appointment.conference.reserved
        if any(link.id == before for link in organization.hosts):
            return before
        return self._free_host(organization, appointment, times, agendas)

    def choose_appointment_options(
        self, id: str, options: MeetingOptions, cause: Meta, now: datetime
    ) -> Appointment:
        """What this appointment's conference is to be like when it is made; raises Invalid."""
        return self.carry_out(cause, id, lambda a, _: a.choose_meeting_options(options, now))

    def apply_meeting_options(self, id: str, cause: Meta, now: datetime) -> Appointment:
        """Let the conference that stands have the options that hold by now."""
        return self.carry_out(cause, id, lambda a, _: a.apply_meeting_options(self.meeting_options(a), now))

    def forgo_meeting(self, id: str, cause: Meta, now: datetime) -> Appointment:
        """Answer that nothing follows from a conference that somebody deleted."""
        return self._without_host(id, lambda a: a.forgo_meeting(now), cause, now)

    def note_meeting_gone(self, id: str, generation: int, now: datetime) -> Appointment:
        """Note that somebody deleted the conference on its platform."""
        return self.carry_out(BY_ITSELF, id, lambda a, _: a.note_meeting_gone(generation, now))

    def withdraw_meeting(self, id: str, host: str, cause: Meta, now: datetime) -> Appointment:
        """Whoever owns the link that hosts it has unlinked it, conferences included: another is needed."""
        return self._without_host(id, lambda a: a.withdraw_meeting(host, now), cause, now)

    def issue_meeting(
        self,
        id: str,
        meeting: Meeting,
        host: str,
        cause: Meta,
        now: datetime,
        options: MeetingOptions = USUAL,
        generation: int = 1,
    ) -> Appointment:
        """Take the data of a conference that was made, or whose way in has changed."""
        return self.carry_out(
            cause, id, lambda a, _: a.issue_meeting(meeting, host, now, options, generation)
        )

    def delay_meeting(self, id: str, now: datetime) -> None:
        self.carry_out(BY_ITSELF, id, lambda a, _: a.delay_meeting(now))


def _together(appointment: Appointment, organizer: Member, organization: Organization) -> MeetingOptions:
    return layered(appointment.meeting_options, organizer.meeting_options, organization.meeting_options)


def _is_booked(host: str, appointment: Appointment, times: Sequence[Slot], agendas: Agendas) -> bool:
    """Whether an appointment other than this one has the host at any of the times."""
    return any(agendas.taken_by([host], slot, own(appointment)) for slot in times)
