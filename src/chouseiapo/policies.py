"""Event in, command out: what follows from an event by itself, and what the clock brings about.

A policy's command bears an id made of the causing event and its target: doing it twice is doing it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from chouseiapo import wording
from chouseiapo.application import Coordination
from chouseiapo.domain.agenda import Agendas
from chouseiapo.domain.appointment import Answer, Appointment
from chouseiapo.domain.errors import Busy, DomainError
from chouseiapo.domain.event import Event, caused_by
from chouseiapo.domain.links import AccountHealed, AccountLinked, AccountUnlinked
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import Organization
from chouseiapo.event_store import StoreTrouble
from chouseiapo.storage import DatabaseTrouble, Rows
from projections.appointments import awaiting_meeting_since, overtaken_by_time
from projections.catch_up import LostRace, Read, is_parked, move, park, position, read_log, unpark
from projections.meetings import Meetings, hosted_through, without_host
from projections.offers import Offers, claims_on

NAME = "policies"

log = logging.getLogger(__name__)


class Policies:
    """Closes candidates over which somebody else was confirmed, from both sides of the race."""

    def __init__(self, app: Coordination, rows: Rows, meeting_wait: timedelta, locale: str = "ja") -> None:
        self._app = app
        self._locale = locale
        self._rows = rows
        self._meeting_wait = meeting_wait

    def catch_up(self, now: datetime) -> int:
        """React to one batch of events; answers how many it had.

        Only to events that the offers have taken in: then every candidate proposed before is listed there,
        and one proposed later is held against the agendas when its own event comes. And only to events that
        the meetings have taken in: then those without a host wait as such.
        """
        before = position(self._rows, NAME)
        known = min(position(self._rows, name) for name in (Offers.name, Meetings.name))
        batch = read_log(self._app, before, until=known) if known > before else []
        if not batch:
            return 0
        for read in batch:
            self._react_or_park(read, now)
        try:
            with self._rows.write() as connection:
                move(connection, NAME, before, batch[-1].place)
        except LostRace:
            pass  # another worker has done the same commands, which changed nothing
        return len(batch)

    def take_up(self, stream: str, now: datetime) -> int:
        """React to everything of a parked stream and let it go on; what was reacted to before stays done."""
        self._react_to_all(stream, now)
        with self._rows.write() as connection:
            unpark(connection, NAME, stream)
        return self._react_to_all(stream, now)  # what came while it was still parked

    def _react_to_all(self, stream: str, now: datetime) -> int:
        events = self._app.stream(stream)
        for event in events:
            self._react(event, now)
        return len(events)

    def observe_time(self, now: datetime) -> int:
        """Close what the clock has overtaken; answers how many appointments it looked at."""
        overtaken = overtaken_by_time(self._rows, now)
        waited = awaiting_meeting_since(self._rows, now - self._meeting_wait)
        for id in overtaken:
            self._each(self._app.observe_time, id, now)
        for id in waited:
            self._each(self._app.delay_meeting, id, now)
        return len(overtaken) + len(waited)

    def _each(self, command: Callable[[str, datetime], None], id: str, now: datetime) -> None:
        try:
            command(id, now)
        except Exception:  # one appointment's fault must not keep the others from expiring
            log.exception("the clock can't move %s on", id)

    def _react_or_park(self, read: Read, now: datetime) -> None:
        """A store in trouble, or too many writers, ends the batch; any other fault stops its stream only."""
        with self._rows.read() as connection:
            if is_parked(connection, NAME, read.stream):
                return
        try:
            self._react(read.event(), now)
        except (Busy, StoreTrouble, DatabaseTrouble):
            raise
        except Exception as error:  # a fault of ours in one stream must not stop the others
            with self._rows.write() as connection:
                park(connection, NAME, read, error, now)

    def _react(self, event: Event, now: datetime) -> None:
        match event:
            case Appointment.Confirmed():
                self._end_replaced(event, now)
                self._close_overlapped(event, now)
            case Appointment.Moved() | Appointment.MeetingRequested():
                self._close_overlapped(event, now)
            case Member.Unlinked() | Organization.Unlinked():
                # Read again much later, the event says nothing any more of an account that was linked again.
                taken_away = self._app.was_taken_away(event.link)
                withdrawn = self._withdraw_meetings(event, now) if taken_away else []
                self._book_hosts([*withdrawn, *without_host(self._rows)], event, now)
            case Appointment.MeetingIssued() if self._app.was_taken_away(event.host):
                self._withdraw(event.originator_id, event.host, event, now)  # it was being made meanwhile
            case Organization.Linked() | Organization.LinkHealed():
                self._book_hosts(without_host(self._rows), event, now)
            case Appointment.AttendeesChanged():
                self._close_overlapped(event, now)
                self._close_own(event, now)
            case Appointment.CandidateMoved():
                self._close_own(event, now)
            case Appointment.Proposed() | Appointment.CandidatesAdded():
                self._answer_replaced(event, now)
                self._close_own(event, now)

    def _answer_replaced(self, event: Event, now: datetime) -> None:
        """New times for an appointment whose entry somebody deleted or moved are the answer to that."""
        replaced = self._app.appointment(event.originator_id).instead_of
        asked = self._app.appointment(replaced).question if replaced else None
        if asked is not None:
            cause = caused_by(event, replaced)
            answer = Answer.RESCHEDULE
            self._app.answer_question(replaced, asked.owner, asked.candidate, answer, cause, now)

    def _end_replaced(self, event: Event, now: datetime) -> None:
        """The time that was agreed on instead is fixed: the old one ends."""
        winner = self._app.appointment(event.originator_id)
        if not winner.instead_of:
            return
        reason = wording.replaced(winner.locale or self._locale)
        try:
            self._app.cancel(winner.instead_of, reason, caused_by(event, winner.instead_of), now)
        except Busy:
            raise
        except DomainError:
            return  # it has ended or taken place meanwhile

    def _close_overlapped(self, event: Event, now: datetime) -> None:
        """Candidates of others that overlap the time that was just confirmed."""
        winner = self._app.appointment(event.originator_id)
        for fixed in winner.occurrences:
            for claim in claims_on(self._rows, winner.bookings(fixed), fixed.slot):
                if claim.confirmed or claim.appointment == winner.id:
                    continue
                if self._app.appointment(claim.appointment).instead_of != winner.id:
                    self._take(claim.appointment, claim.candidate, winner.id, event, now)

    def _withdraw_meetings(self, event: AccountUnlinked, now: datetime) -> list[str]:
        """Its owner wants the meetings to come deleted: whoever was told of one hears of another later."""
        hosted = hosted_through(self._rows, event.link, now)
        for id in hosted:
            self._withdraw(id, event.link, event, now)
        return hosted

    def _withdraw(self, id: str, host: str, event: Event, now: datetime) -> None:
        try:
            self._app.withdraw_meeting(id, host, caused_by(event, id), now)
        except Busy:
            raise
        except DomainError:
            return  # over, or not its host any more

    def _book_hosts(
        self, ids: Sequence[str], event: AccountUnlinked | AccountLinked | AccountHealed, now: datetime
    ) -> None:
        """Book a free host for meetings that nobody can host."""
        for id in ids:
            conference = self._app.appointment(id).conference
            if not conference.wanted or conference.generation == conference.standing:
                continue  # there is one, or none is to be made
            try:
                self._app.request_meeting(id, caused_by(event, f"host/{id}"), now)
            except Busy:
                raise
            except DomainError:
                continue  # over, or nothing is to be made any more

    def _close_own(self, event: Event, now: datetime) -> None:
        """Candidates that were offered while somebody else was being confirmed over them."""
        for candidate, winner in self._beaten(event.originator_id):
            self._take(event.originator_id, candidate, winner, event, now)

    def _beaten(self, id: str) -> Iterator[tuple[str, str]]:
        appointment = self._app.appointment(id)
        agendas = Agendas(self._app.agenda)
        if appointment.chosen is not None:
            return
        for candidate in appointment.open_candidates:
            needed, own = appointment.resources(candidate), (id, appointment.instead_of)
            if winner := agendas.taken_by(needed, candidate.slot, own):
                yield candidate.id, winner

    def _take(self, appointment: str, candidate: str, by: str, event: Event, now: datetime) -> None:
        cause = caused_by(event, f"{appointment}/{candidate}")
        try:
            self._app.take_candidate(appointment, candidate, by, cause, now)
        except Busy:
            raise
        except DomainError:
            return  # ended or withdrawn meanwhile: nothing is left to close
