"""Ledger of meetings: one conference for each confirmed appointment on a platform that issues them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, Table, delete, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.account import account_id
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import AccountHealed, AccountLinked, AccountUnlinked, Provider
from chouseiapo.domain.proposal import Platform, shown_title
from chouseiapo.ledger import stands, touch, wake_lane
from chouseiapo.ports import MeetingPlan, MeetingSettings, Registrant
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import appointments, issued_meetings, meetings, tasks
from projections.appointments import not_over
from projections.catch_up import readable

LEDGER = "meetings"
LONGEST = timedelta(hours=24)
_MISSING = "missing"


class Known(NamedTuple):
    """What is known of one generation of an appointment's conference.

    unsure_since: when a request that may have made it had ended, at the latest, as long as its appointment
    was not told. Without an id it may stand or not.
    """

    generation: int
    link: str
    meeting_id: str
    fingerprint: str
    unsure_since: datetime | None
    look: int

    @property
    def is_issued(self) -> bool:
        """Whether it stands, and its appointment was told."""
        return bool(self.meeting_id) and self.unsure_since is None


class What(StrEnum):
    """What can be done next about an appointment's conference."""

    ISSUE = "issue"
    REMOVE = "remove"
    LOOK = "look"
    UPDATE = "update"


class Step(NamedTuple):
    """One thing to do, through which link; `known` is the conference that it is about, where there is one."""

    what: What
    lane: str
    known: Known | None = None


class Meetings:
    """The wanted half: which appointment needs a conference of which content, hosted through which link."""

    name = LEDGER
    tables: Sequence[Table] = (meetings,)

    def __init__(self, app: Coordination, time_zone: str) -> None:
        self._app = app
        self._time_zone = time_zone

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if stream.startswith("appointment-"):
            self._write(connection, self._app.appointment(stream))
            return
        told = [e for e in events if isinstance(e, AccountLinked | AccountUnlinked | AccountHealed)]
        for link, at in {e.link: e.at for e in told if e.link.startswith(f"{Provider.ZOOM}-")}.items():
            self._follow_link(connection, link, at)

    def plan(self, appointment: Appointment) -> MeetingPlan | None:
        """The conference as it should be now; None when there should be none."""
        fixed, conference = appointment.occurrences, appointment.conference
        if not fixed or appointment.platform is not Platform.ZOOM or appointment.erased:
            return None
        if not conference.wanted:
            return None
        made = conference.standing == conference.generation
        options = conference.options if made else self._app.meeting_options(appointment)
        said = msgspec.to_builtins(options)
        settings = MeetingSettings(**{name: said.get(name) for name in MeetingSettings.__struct_fields__})
        start = None if has_no_fixed_time(appointment) else fixed[0].start
        if start is None:  # nobody can be registered for what has no time
            settings = msgspec.structs.replace(settings, registration=None)
        return MeetingPlan(
            tag=tag(appointment.id, conference.generation),
            topic=shown_title(appointment.title, appointment.guest),
            start=start,
            minutes=int((fixed[0].end - fixed[0].start).total_seconds() // 60),
            time_zone=self._time_zone,
            settings=settings,
            registrant=_registrant(appointment) if settings.registration else None,
        )

    def host(self, appointment: Appointment, known: Known | None) -> str:
        """The link whose account hosts what is not issued yet: where people were told it stands, where it may
        stand as far as we can look, the one that is booked, or the organizer's. Without one there is a lane
        that waits for it."""
        conference = appointment.conference
        if appointment.meeting and conference.standing == conference.generation:
            return conference.host
        if known and known.unsure_since:
            holder = self._app.account(known.link).holder or known.link
            if self._app.is_linked(holder):
                return holder
        reserved = conference.reserved
        if reserved and self._app.is_linked(reserved):
            return reserved
        zoom = self._app.member(appointment.organizer).zoom
        return zoom.id if zoom else missing(appointment.organizer)

    def manager(self, link: str) -> str | None:
        """The link through which conferences of that link's account are changed and deleted by now; None when
        the account was unlinked and its owner let them stand."""
        if holder := self._app.account(link).holder:
            return holder
        return link if self._app.is_linked(link) or self._app.was_taken_away(link) else None

    def step(self, appointment: Appointment, known: Sequence[Known]) -> Step | None:
        """What is to be done next; None where nothing is, or nothing can be.

        A conference that people have goes when there is another; what nobody has goes at once.
        """
        plan, wanted = self.plan(appointment), appointment.conference.generation
        current = next((k for k in known if plan is not None and k.generation == wanted), None)
        issued = current is not None and current.is_issued
        in_use = appointment.conference.standing if plan and not issued and appointment.meeting else 0
        for old in known:
            if old is not current and old.generation != in_use and (lane := self.manager(old.link)):
                return Step(What.REMOVE, lane, old)
        if plan is None:
            return None
        if current is None or not issued:
            host = self.host(appointment, current)
            elsewhere = self.manager(current.link) if current is not None else host
            if elsewhere and account_id(elsewhere) != account_id(host):
                return Step(What.REMOVE, elsewhere, current)  # it may stand there, through a link that goes
            return Step(What.ISSUE, host, current)
        lane = self.manager(current.link)
        if lane is None:
            return None
        if current.look:
            return Step(What.LOOK, lane, current)
        return Step(What.UPDATE, lane, current) if current.fingerprint != plan.fingerprint() else None

    def _follow_link(self, connection: Connection, link: str, at: datetime) -> None:
        """A host came, went or healed: what waits for one goes on with whom there is now, and what is to come
        at the same account can be changed again."""
        waiting = select(tasks.c.key).where(
            tasks.c.ledger == LEDGER,
            tasks.c.lane.startswith(_links_of(link_owner(link)), autoescape=True),
            tasks.c.key.startswith("appointment-", autoescape=True),
        )
        hosted = (row.appointment for row in to_come(connection, link, at))
        concerned = dict.fromkeys((*connection.scalars(waiting), *hosted))
        for id in readable(connection, self.name, iter(concerned)):
            self._write(connection, self._app.appointment(id))
        if self._app.is_linked(link):
            wake_lane(connection, LEDGER, link)

    def _write(self, connection: Connection, appointment: Appointment) -> None:
        plan, before = self.plan(appointment), known_meetings(connection, appointment.id)
        connection.execute(delete(meetings).where(meetings.c.appointment == appointment.id))
        if plan is not None:
            wanted = appointment.conference.generation
            current = next((k for k in before if k.generation == wanted), None)
            row = {"link": self.host(appointment, current), "fingerprint": plan.fingerprint()}
            upsert(connection, meetings, [{"appointment": appointment.id, **row}])
        if (step := self.step(appointment, before)) is not None:
            touch(connection, LEDGER, appointment.id, lane=step.lane)
        elif stands(connection, LEDGER, appointment.id):
            # A worker may be making the conference right now: it has to look once more.
            touch(connection, LEDGER, appointment.id, lane=self.host(appointment, None))


def to_come(connection: Connection, link: str, at: datetime) -> Sequence[Row[Any, Any, Any]]:
    """Appointment, its start, and id of each conference at the link's account whose appointment was not over
    by then."""
    same_account = issued_meetings.c.link.endswith(f"-{link.rpartition('-')[2]}", autoescape=True)
    hosted = (
        select(issued_meetings.c.appointment, issued_meetings.c.meeting_id, appointments.c.starts_at)
        .outerjoin(appointments, appointments.c.id == issued_meetings.c.appointment)
        .where(same_account, not_over(at))
    )
    return connection.execute(hosted).all()


def known_meetings(connection: Connection, appointment: str) -> list[Known]:
    """Every generation of an appointment's conference that something is known of, the oldest first."""
    found = (
        select(*(issued_meetings.c[field] for field in Known._fields))
        .where(issued_meetings.c.appointment == appointment)
        .order_by(issued_meetings.c.generation)
    )
    return [Known(*row) for row in connection.execute(found)]


def hosted_through(rows: Rows, link: str, at: datetime) -> list[str]:
    """The appointments, not over by then, whose conferences were issued through a link."""
    issued = issued_meetings.c.link == link, issued_meetings.c.meeting_id != ""
    found = (
        select(issued_meetings.c.appointment)
        .outerjoin(appointments, appointments.c.id == issued_meetings.c.appointment)
        .where(*issued, not_over(at))
    )
    with rows.read() as connection:
        return list(connection.scalars(found.distinct()))


def tag(appointment: str, generation: int) -> str:
    """What a conference is found by at its platform."""
    return appointment if generation == 1 else f"{appointment}/{generation}"


def missing(organizer: str) -> str:
    """The lane of what waits until the organizer links Zoom."""
    return f"{_links_of(organizer)}{_MISSING}"


def without_host(rows: Rows) -> list[str]:
    """The appointments whose conferences wait until somebody can host them."""
    waiting = select(tasks.c.key).where(tasks.c.ledger == LEDGER, tasks.c.lane.endswith(f"-{_MISSING}"))
    with rows.read() as connection:
        return list(connection.scalars(waiting.order_by(tasks.c.key)))


def has_no_fixed_time(appointment: Appointment) -> bool:
    """What takes place several times, or for days, has a conference that can be joined at any time."""
    first = appointment.chosen
    lasting = first is not None and (first.all_day or first.end - first.start > LONGEST)
    return lasting or appointment.is_series


def _registrant(appointment: Appointment) -> Registrant | None:
    guest = appointment.guest
    return Registrant(guest.name or guest.email, guest.email, appointment.locale) if guest.email else None


def _links_of(owner: str) -> str:
    """How every Zoom link of a member, or of the organization, begins."""
    return f"{Provider.ZOOM}-{owner.removeprefix('member-')}-"
