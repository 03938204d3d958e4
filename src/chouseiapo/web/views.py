"""How appointments look to programs. Times are RFC 3339 in the organization's zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import shown_title
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.web.dry_run import Finding
from projections.appointments import Listed
from projections.holds import calendar_state
from projections.outbox import Mail

# A guest sees what can still be picked, what was chosen, and that something was taken from under their eyes.
_SHOWN_TO_GUESTS = (CandidateState.OPEN, CandidateState.CHOSEN, CandidateState.TAKEN)


class Views:
    """JSON-ready views, read from the aggregate itself, so that they are right at once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._app = services.coordination
        self._composer = services.composer
        self._zone = services.settings.zone
        self._people: dict[str, Member] = {}

    def moment(self, instant: datetime | None) -> str | None:
        return instant.astimezone(self._zone).isoformat() if instant else None

    def email(self, member: str) -> str:
        return self._member(member).email

    def _member(self, id: str) -> Member:
        """One answer names the same people several times, and is over before they change."""
        if id not in self._people:
            self._people[id] = self._app.member(id)
        return self._people[id]

    def appointment(self, appointment: Appointment) -> dict[str, Any]:
        """The appointment as its staff see it."""
        people = {appointment.author, *appointment.attendees, appointment.organizer}
        self._people |= self._app.members(people)
        return {
            "id": appointment.id,
            "state": appointment.state.value,
            "revision": appointment.version,
            "guest_url": self._services.guest_url(appointment),
            "kind": appointment.kind.value,
            "platform": appointment.platform.value,
            "url": appointment.url,
            "place": appointment.place,
            "title": appointment.title,
            "shown_title": shown_title(appointment.title, appointment.guest),
            "author": self.email(appointment.author),
            "attendees": [self.email(member) for member in appointment.attendees],
            "organizer": self.email(appointment.organizer),
            "guest": msgspec.structs.asdict(appointment.guest)
            | {"time_zone": appointment.time_zone or None, "locale": appointment.locale or None},
            "delivery": appointment.delivery.value,
            "message": appointment.message,
            "note": appointment.note,
            "visibility": appointment.visibility.value,
            "deadline": None if appointment.direct else self.moment(appointment.deadline),
            "proposed_at": self.moment(appointment.proposed_at),
            "direct": appointment.direct,
            "candidates": [self._candidate(c) | {"room": c.room} for c in appointment.candidates.values()],
            "confirmed": self._confirmed(appointment),
            **self._series(appointment),
            "round": None,
            "meeting": self._meeting(appointment),
            "meeting_options": msgspec.to_builtins(appointment.meeting_options),
            "calendar": self._calendar(appointment),
            "question": self._question(appointment),
        }

    def imagined(self, appointment: Appointment, mails: Sequence[Mail]) -> dict[str, Any]:
        """An appointment that is not there: without what would name or open it, with the mails to come."""
        shown = self.appointment(appointment)
        return {name: shown[name] for name in shown if name not in ("id", "revision", "guest_url")} | {
            "mails": [
                {"to": self._composer.recipient(appointment, mail.recipient).email, "rule": mail.rule}
                for mail in mails
            ]
        }

    def finding(self, finding: Finding) -> dict[str, str]:
        """Members are named by address, rooms by id."""
        is_member = is_of("member", finding.who)
        return {
            "who": self.email(finding.who) if is_member else finding.who,
            "kind": finding.kind,
            "level": finding.level.value,
            "reason": finding.reason,
        }

    def for_guest(self, appointment: Appointment) -> dict[str, Any]:
        """The appointment as its guest sees it: no address, no note, nobody's calendar."""
        organizer = self._member(appointment.organizer)
        return {
            "state": appointment.state.value,
            "company": self._services.settings.company,
            "organizer": organizer.name,
            "kind": appointment.kind.value,
            "platform": appointment.platform.value,
            "place": appointment.place,
            "title": appointment.title,
            "deadline": None if appointment.direct else self.moment(appointment.deadline),
            "candidates": [
                self._candidate(c) for c in appointment.candidates.values() if c.state in _SHOWN_TO_GUESTS
            ],
            "confirmed": self._confirmed(appointment),
            **self._series(appointment),
            "meeting": self._meeting_of_guest(appointment),
            "guest": {
                "company": appointment.guest.company,
                "name": appointment.guest.name,
                "email_known": bool(appointment.guest.email),
            },
            "time_zone": appointment.time_zone or self._services.settings.time_zone,
        }

    def listed(self, line: Listed) -> dict[str, Any]:
        return {
            "id": line.id,
            "state": line.state,
            "shown_title": line.title,
            "proposed_at": self.moment(line.proposed_at),
            "deadline": self.moment(line.deadline),
            "start": self.moment(line.starts_at),
            "end": self.moment(line.ends_at),
            "open_candidates": line.open_count,
        }

    def _candidate(self, candidate: Candidate) -> dict[str, Any]:
        return {
            "id": candidate.id,
            "start": self.moment(candidate.start),
            "end": self.moment(candidate.end),
            "state": candidate.state.value,
            "all_day": candidate.all_day,
        }

    def _series(self, appointment: Appointment) -> dict[str, Any]:
        """How it repeats, and every fixed time that was not called off."""
        how = appointment.recurrence
        return {
            "recurrence": msgspec.to_builtins(how) | {"interval": how.interval} if how else None,
            "occurrences": [self._fixed(c) for c in appointment.occurrences],
        }

    def _confirmed(self, appointment: Appointment) -> dict[str, Any] | None:
        return self._fixed(appointment.chosen) if appointment.chosen else None

    def _fixed(self, candidate: Candidate) -> dict[str, Any]:
        return {
            "start": self.moment(candidate.start),
            "end": self.moment(candidate.end),
            "candidate": candidate.id,
        }

    def _meeting(self, appointment: Appointment) -> dict[str, Any] | None:
        if appointment.meeting is None or appointment.state is not State.CONFIRMED:
            return None
        return msgspec.structs.asdict(appointment.meeting)

    def _meeting_of_guest(self, appointment: Appointment) -> dict[str, Any] | None:
        """By the guest's own way in, where there is one."""
        if appointment.meeting is None or appointment.chosen is None:
            return None
        told = msgspec.structs.asdict(appointment.meeting.for_guest)
        del told["guest_url"]
        return told

    def _question(self, appointment: Appointment) -> dict[str, Any] | None:
        if (asked := appointment.question) is None:
            return None
        return {
            "owner": self._name(asked.owner),
            "candidate": asked.candidate,
            "gone": asked.gone,
            "start": self.moment(asked.start),
            "end": self.moment(asked.end),
            "since": self.moment(asked.seen_at),
        }

    def _calendar(self, appointment: Appointment) -> dict[str, Any]:
        wanted = self._services.entry_writer.wanted(appointment)
        state = calendar_state(self._services.rows, wanted, appointment.id)
        return {
            "wanted": state.wanted,
            "settled": state.settled,
            "removing": state.removing,
            "failed": [
                {"member": self._name(f.owner), "reason": f.reason, "since": self.moment(f.since)}
                for f in state.failed
            ],
        }

    def _name(self, owner: str) -> str:
        return self.email(owner) if owner.startswith("member-") else self._app.room(owner).name
