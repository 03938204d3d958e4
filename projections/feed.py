"""A member's calendar feed, put together when it is asked for: what stands on their calendar, what left it.

Rows name the appointments; what they say is told by their own streams, in the words of calendar entries.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import exists, or_, select

from chouseiapo import wording
from chouseiapo.application import Coordination
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Visibility
from chouseiapo.domain.slots import Candidate
from chouseiapo.invitation import uid
from chouseiapo.ports import cut
from chouseiapo.publication import Publication, Published, Status
from chouseiapo.storage import Rows
from chouseiapo.tables import appointment_people, appointments, parked
from projections.appointments import Appointments
from projections.holds import EntryWriter
from projections.offers import claims_of

# So long, past times stay, and so long what was called off is said to be: a client that has not asked for
# longer than that forgets it all the same, because a feed is everything that there is.
KEPT = timedelta(days=30)
# As much as Google Calendar takes, whose limit is the lowest we know of.
_LONGEST_DESCRIPTION = 8192
_NAMES = {"ja": "調整アポ（{}）", "en": "chouseiapo ({})"}


class Feed(msgspec.Struct, frozen=True):
    """What a member's feed is made of: the appointments that may have something to say since then."""

    member: Member
    since: datetime
    changed: tuple[tuple[str, datetime], ...]

    @property
    def digest(self) -> str:
        """Another one as soon as anything in the feed may have changed."""
        made_of = [self.member.id, str(self.member.version), self.since.isoformat()]
        made_of += [f"{id} {at.isoformat()}" for id, at in self.changed]
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


class Told(msgspec.Struct, frozen=True):
    """How a candidate's entry stands for one member: by which event it became what it is, and since when it
    has this status.
    """

    status: Status
    says: tuple[Any, ...]
    sequence: int
    changed_at: datetime
    since: datetime


class Feeds:
    """Reads feeds: `of` is one query, `calendar` loads every appointment that has something to say."""

    def __init__(self, app: Coordination, rows: Rows, writer: EntryWriter, settings: Settings) -> None:
        self._app = app
        self._rows = rows
        self._writer = writer
        self._settings = settings

    def of(self, member: Member, now: datetime) -> Feed:
        """Whole days, so that a day's feed stays the same while nothing happens."""
        since = (now - KEPT).replace(hour=0, minute=0, second=0, microsecond=0)
        return Feed(member, since, _changed(self._rows, member.id, since))

    def calendar(self, feed: Feed) -> bytes:
        """The feed as iCalendar, in the member's language and zone."""
        member, settings = feed.member, self._settings
        return Publication(
            name=_NAMES[member.locale or settings.locale].format(member.name),
            time_zone=member.time_zone or settings.time_zone,
            since=feed.since,
            events=list(self._events(feed)),
        ).render()

    def _events(self, feed: Feed) -> Iterator[Published]:
        streams = self._app.streams(id for id, _ in feed.changed)
        read = [follow(id, events, feed.member.id) for id, events in streams.items()]
        organizers = self._app.members({appointment.organizer for appointment, _ in read})
        room_name = functools.cache(lambda room: self._app.room(room).name)
        for appointment, told in read:
            for id, how in told.items():
                candidate = appointment.candidates[id]
                if candidate.end > feed.since and (how.status != "CANCELLED" or how.since >= feed.since):
                    words = self._words(feed.member, appointment, candidate, how, room_name)
                    yield self._event(appointment, candidate, how, organizers[appointment.organizer], words)

    def _words(
        self,
        member: Member,
        appointment: Appointment,
        candidate: Candidate,
        how: Told,
        room_name: Callable[[str], str],
    ) -> dict[str, str]:
        """Those of the entry; what was called off is named, and tells nothing more."""
        locale = member.locale or self._settings.locale
        if how.status == "CANCELLED":
            return {"summary": wording.title_for_member(appointment.title, appointment.guest, locale)}
        entry = self._writer.told(appointment, candidate, locale, room_name)
        description = cut(entry.body, _LONGEST_DESCRIPTION)
        return {"summary": entry.title, "description": description, "location": entry.location}

    def _event(
        self,
        appointment: Appointment,
        candidate: Candidate,
        how: Told,
        organizer: Member,
        words: dict[str, str],
    ) -> Published:
        visibility = appointment.visibility
        return Published(
            uid=uid(f"{appointment.id}-{candidate.id}", self._settings.mail_from),
            sequence=how.sequence,
            changed_at=how.changed_at,
            status=how.status,
            start=candidate.start,
            end=candidate.end,
            organizer=(organizer.name, organizer.email),
            days=self._days(candidate) if candidate.all_day else None,
            classification="" if visibility is Visibility.DEFAULT else visibility.upper(),
            **words,
        )

    def _days(self, candidate: Candidate) -> tuple[date, date]:
        """The organization's, wherever the reader is."""
        zone = self._settings.zone
        return candidate.start.astimezone(zone).date(), candidate.end.astimezone(zone).date()


def follow(id: str, events: Sequence[Event], member: str) -> tuple[Appointment, dict[str, Told]]:
    """The appointment now, and every candidate that ever stood for the member.

    Told by what entries say before and after each event, not by which event it is: one that changes nothing
    to be seen leaves the entry as it was.
    """
    appointment, told = Appointment(id), dict[str, Told]()
    for event in events:
        appointment.when(event)
        standing = _standing(appointment, member)
        for candidate in {**told, **standing}:
            status: Status = standing.get(candidate, "CANCELLED")
            before = told.get(candidate)
            says = _says(appointment, appointment.candidates[candidate], status)
            if before is None or before.says != says:
                since = before.since if before and before.status == status else event.at
                told[candidate] = Told(status, says, event.originator_version, event.at, since)
    return appointment, told


def _standing(appointment: Appointment, member: str) -> dict[str, Status]:
    claims = (claim for claim in claims_of(appointment) if claim.resource == member)
    return {claim.candidate: "CONFIRMED" if claim.confirmed else "TENTATIVE" for claim in claims}


def _says(appointment: Appointment, candidate: Candidate, status: Status) -> tuple[Any, ...]:
    """What of the appointment is in the candidate's entry."""
    named = (status, candidate.start, candidate.end, appointment.title, appointment.guest)
    shown = (*named, appointment.organizer, appointment.visibility)
    if status == "CANCELLED":
        return shown
    return (*shown, candidate.room, appointment.place, appointment.meeting, appointment.note)


def _changed(rows: Rows, member: str, since: datetime) -> tuple[tuple[str, datetime], ...]:
    """Appointments of the member that are open, end after that time or changed after it; those whose stream
    is parked can't be read.
    """
    stuck = exists().where(parked.c.stream == appointments.c.id, parked.c.projection == Appointments.name)
    found = (
        select(appointments.c.id, appointments.c.changed_at)
        .join(appointment_people, appointment_people.c.appointment == appointments.c.id)
        .where(
            appointment_people.c.member == member,
            or_(
                appointments.c.state == State.PROPOSED.value,
                appointments.c.ends_at > since,
                appointments.c.changed_at >= since,
            ),
            ~stuck,
        )
        .order_by(appointments.c.id)
    )
    with rows.read() as connection:
        return tuple((row.id, row.changed_at) for row in connection.execute(found))
