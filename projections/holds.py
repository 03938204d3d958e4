"""Ledger of calendar entries: what should stand on every attendee's and room's calendar.

Wanted is a pure function of one appointment and of who is linked where. While proposed, each open candidate
is a hold on each calendar; once confirmed, the chosen candidate's entry is the confirmed event, under the
same key, so that it is turned in place; whatever else was placed should be gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache

import msgspec
from sqlalchemy import Select, Table, bindparam, delete, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from chouseiapo import wording
from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import (
    AccountHealed,
    AccountLinked,
    AccountUnlinked,
    CalendarSelected,
    DisappearanceAnswered,
    Linkable,
)
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Kind
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.ledger import stands, touch, wake_lane
from chouseiapo.ports import Entry
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import appointments, entries, holds, tasks, watched
from projections.appointments import not_over
from projections.catch_up import readable
from projections.seen import Seen

LEDGER = "holds"
# What else is done in a calendar's lane, so that nothing else is asked of it at the same time.
WATCH, RESTORE, ACCEPT = "watch", "restore", "accept"
AUDIT, REPAIR, REPAIR_ALL = "audit", "repair", "repair-all"
# Beside the calendars' names in `watched`: how far the answers to disappearances have been carried out.
ANSWERED = "answered"
# What changes where or in which language a member's entries stand.
_MOVING = (AccountLinked, AccountUnlinked, AccountHealed, CalendarSelected, Member.LocalityChosen)
# Built once: putting a statement together takes as long as its answer.
_PLACED = select(
    entries.c.key, entries.c.link, entries.c.vendor_id, entries.c.unsure, entries.c.fingerprint
).where(entries.c.appointment == bindparam("appointment"))
_FAILING = select(tasks.c.lane, tasks.c.error, tasks.c.failing_since).where(
    tasks.c.ledger == LEDGER,
    tasks.c.key.in_(bindparam("keys", expanding=True)),
    tasks.c.failing_since.is_not(None),
)


class Wanted(msgspec.Struct, frozen=True):
    """An entry that should stand on the calendar of `owner` (a member or room) through `link`."""

    link: str
    owner: str
    entry: Entry


class CalendarState(msgspec.Struct, frozen=True):
    """How far the calendars have come."""

    wanted: int
    settled: int
    removing: int
    failed: tuple[Failure, ...]

    @property
    def is_done(self) -> bool:
        return self.settled == self.wanted and not self.removing


class Failure(msgspec.Struct, frozen=True):
    """What does not get through to whose calendar (a member's or room's), and since when (UTC)."""

    owner: str
    reason: str
    since: datetime


class Words(msgspec.Struct, frozen=True):
    """What entries say in one language, beside what the appointment itself says."""

    mark: str
    notice: str
    guest: str
    email: str
    phone: str
    place: str
    note: str


_WORDS = {
    "ja": Words(
        mark="【仮】",
        notice="日程調整中の仮予定です。\n"
        "お客様が日時を選ぶと、この仮予定は確定予定に変わるか、自動で消えます。",
        guest="お客様",
        email="メール",
        phone="電話番号",
        place="場所",
        note="社内メモ",
    ),
    "en": Words(
        mark="[Hold] ",
        notice="A tentative entry: the time is still to be chosen.\n"
        "When the guest chooses, it becomes the confirmed entry or disappears by itself.",
        guest="Guest",
        email="E-mail",
        phone="Phone",
        place="Place",
        note="Internal note",
    ),
}


class Home(msgspec.Struct, frozen=True):
    """Where somebody's entries go: which of a link's calendars (empty: its own), and in which language."""

    link: str
    calendar: str
    locale: str

    @property
    def suffix(self) -> str:
        """Tells keys of entries on other calendars apart, so that a change of calendar moves them."""
        return f"@{hashlib.sha256(self.calendar.encode()).hexdigest()[:12]}" if self.calendar else ""


def _home(id: str, owner: Linkable, locale: str) -> Home:
    link = owner.calendar_in_use
    return Home(link.id, link.calendar, locale) if link else Home(f"builtin-{id}", "", locale)


class EntryWriter:
    """Words an appointment's calendar entries, each in its owner's language; guests never see them."""

    def __init__(self, app: Coordination, base_url: str, time_zone: str, locale: str) -> None:
        self._app = app
        self._base_url = base_url
        self._time_zone = time_zone
        self._locale = locale

    def wanted(self, appointment: Appointment) -> list[Wanted]:
        """Every entry that should stand now, on whichever calendar."""
        standing = _standing(appointment)
        owners = {owner for candidate in standing for owner in appointment.resources(candidate)}
        homes_at = self._homes_at(owners)
        placed = [
            (candidate, owner, homes_at(candidate)[owner])
            for candidate in standing
            for owner in appointment.resources(candidate)
        ]
        bodies = {locale: self._body(appointment, locale) for locale in {home.locale for *_, home in placed}}
        return [
            Wanted(
                home.link,
                owner,
                self._entry(appointment, candidate, home, bodies[home.locale], self._room_name),
            )
            for candidate, owner, home in placed
        ]

    def _homes_at(self, owners: Collection[str]) -> Callable[[Candidate], dict[str, Home]]:
        """Where everybody's entry of a candidate goes: what took place stays where it stood then, whoever
        links what afterwards. Each owner's events are read once."""
        seen = Seen(self._app)
        newest = max((e.at for events in seen.streams(owners).values() for e in events), default=None)

        @cache
        def homes(until: datetime | None) -> dict[str, Home]:
            found = seen.owners(owners, until)
            return {id: _home(id, owner, owner.locale or self._locale) for id, owner in found.items()}

        def homes_of(candidate: Candidate) -> dict[str, Home]:
            fixed = candidate.state is CandidateState.CHOSEN
            return homes(candidate.end if fixed and newest and candidate.end < newest else None)

        return homes_of

    def told(
        self, appointment: Appointment, candidate: Candidate, locale: str, room_name: Callable[[str], str]
    ) -> Entry:
        """The entry of a candidate that stands, for a reader of that language, whatever they read it on."""
        body = self._body(appointment, locale)
        return self._entry(appointment, candidate, Home("", "", locale), body, room_name)

    def link_of(self, resource: str) -> str:
        """Through which link a member's or room's calendar is written; the built-in one has its own."""
        return _home(resource, self._app.owners([resource])[resource], self._locale).link

    def _entry(
        self,
        appointment: Appointment,
        candidate: Candidate,
        home: Home,
        body: str,
        room_name: Callable[[str], str],
    ) -> Entry:
        title = wording.title_for_member(appointment.title, appointment.guest, home.locale)
        confirmed = candidate.state is CandidateState.CHOSEN
        return Entry(
            key=f"{home.link}/{appointment.id}/{candidate.id}{home.suffix}",
            appointment=appointment.id,
            candidate=candidate.id,
            title=title if confirmed else f"{_WORDS[home.locale].mark}{title}",
            body=body,
            location=self._location(appointment, candidate, room_name),
            start=candidate.start,
            end=candidate.end,
            time_zone=self._time_zone,
            confirmed=confirmed,
            visibility=appointment.visibility.value,
            calendar=home.calendar,
            all_day=candidate.all_day,
        )

    def _body(self, appointment: Appointment, locale: str) -> str:
        """The last line is the way to the full text; adapters keep it when they must cut."""
        words, guest = _WORDS[locale], appointment.guest
        facts = (
            (words.guest, wording.guest_in_text(guest, locale)),
            (words.email, guest.email),
            (words.phone, guest.phone),
            (words.place, appointment.place),
        )
        paragraphs = (
            "" if appointment.chosen or appointment.took_place else words.notice,
            "\n".join(
                [f"{label}: {text}" for label, text in facts if text]
                + wording.joining(appointment.meeting, locale)
            ),
            f"{words.note}:\n{appointment.note}" if appointment.note else "",
            f"{self._base_url}/appointments/{appointment.id}",
        )
        return "\n\n".join(filter(None, paragraphs))

    def _location(
        self, appointment: Appointment, candidate: Candidate, room_name: Callable[[str], str]
    ) -> str:
        if appointment.kind is Kind.WEB and appointment.meeting is not None:
            return appointment.meeting.join_url
        return appointment.place or (room_name(candidate.room) if candidate.room else "")

    def _room_name(self, room: str) -> str:
        return self._app.room(room).name


def _standing(appointment: Appointment) -> list[Candidate]:
    """What has an entry: candidates that can be picked, fixed times, and what took place before the rest was
    cancelled."""
    match appointment.state:
        case State.PROPOSED | State.CONFIRMED:
            return appointment.occurrences or appointment.open_candidates
        case State.CANCELLED:
            return appointment.took_place
        case _:
            return []


class Holds:
    """The wanted half: one row an entry, and a task for each calendar that differs from it."""

    name = LEDGER
    tables: Sequence[Table] = (holds,)

    def __init__(self, app: Coordination, writer: EntryWriter) -> None:
        self._app = app
        self._writer = writer

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if stream.startswith("appointment-"):
            self._write(connection, stream)
        elif any(isinstance(e, _MOVING) for e in events):
            self._follow_links(connection, stream, events[-1].at)
        for answered in (e for e in events if isinstance(e, DisappearanceAnswered)):
            if answered.originator_version > _answered_until(connection, answered.link):
                key = f"{answered.link}/{RESTORE if answered.restore else ACCEPT}"
                touch(connection, LEDGER, key, lane=answered.link)

    def _write(self, connection: Connection, id: str) -> None:
        appointment = self._app.appointment(id)
        wanted = self._writer.wanted(appointment)
        before = set(connection.scalars(select(holds.c.link).where(holds.c.appointment == id)))
        connection.execute(delete(holds).where(holds.c.appointment == id))
        upsert(connection, holds, [_row(w) for w in wanted])
        differing = _differing(connection, id, wanted)
        touched_by_hand = [w.link for w in wanted if appointment.deviation(w.owner, w.entry.candidate)]
        # A worker may be writing from what the appointment was a moment ago: it has to look once more.
        standing = {link for link in before if stands(connection, LEDGER, f"{link}/{id}")}
        for link in sorted({*standing, *differing, *touched_by_hand}):
            touch(connection, LEDGER, f"{link}/{id}", lane=link)

    def _follow_links(self, connection: Connection, owner: str, at: datetime) -> None:
        """An owner's account came, went or healed: everything that concerns them is worked out again."""
        # What was over by then stays where it stood.
        concerned = to_come(holds.c.owner == owner, at)
        for id in readable(connection, self.name, connection.scalars(concerned)):
            self._write(connection, id)
        wake_lane(connection, LEDGER, self._writer.link_of(owner))


def to_come(which: ColumnElement[bool], at: datetime) -> Select[tuple[str]]:
    """The appointments that want entries of that kind and are not over by then."""
    return (
        select(holds.c.appointment)
        .outerjoin(appointments, appointments.c.id == holds.c.appointment)
        .where(which, not_over(at))
        .distinct()
    )


def _answered_until(connection: Connection, link: str) -> int:
    """The version of its owner up to which answers to a disappearance have been carried out."""
    found = select(watched.c.token).where(watched.c.link == link, watched.c.calendar == ANSWERED)
    return int(connection.scalar(found) or 0)


def _row(wanted: Wanted) -> dict[str, object]:
    entry = wanted.entry
    return {
        "key": entry.key,
        "link": wanted.link,
        "owner": wanted.owner,
        "appointment": entry.appointment,
        "candidate": entry.candidate,
        "fingerprint": entry.fingerprint(),
    }


def _differing(connection: Connection, id: str, wanted: Sequence[Wanted]) -> list[str]:
    """The links on whose calendars something of the appointment is not as wanted."""
    should = {w.entry.key: (w.link, w.entry.fingerprint()) for w in wanted}
    placed = {row.key: row for row in connection.execute(_PLACED, {"appointment": id})}
    missing = {
        link for key, (link, print) in should.items() if key not in placed or placed[key].fingerprint != print
    }
    surplus = {row.link for key, row in placed.items() if key not in should and (row.vendor_id or row.unsure)}
    return sorted(missing | surplus)


def calendar_state(rows: Rows, wanted: Sequence[Wanted], appointment: str) -> CalendarState:
    """How far the calendars have come with what an appointment wants now (computed from itself)."""
    should = {w.entry.key: w.entry.fingerprint() for w in wanted}
    with rows.read() as connection:
        placed = connection.execute(_PLACED, {"appointment": appointment}).all()
        links = {row.link for row in placed} | {w.link for w in wanted}
        asked = {"keys": [f"{link}/{appointment}" for link in links]}
        failing = connection.execute(_FAILING, asked).all()
    return CalendarState(
        wanted=len(should),
        settled=sum(row.fingerprint == should.get(row.key) for row in placed),
        removing=sum(row.key not in should and bool(row.vendor_id or row.unsure) for row in placed),
        failed=tuple(Failure(link_owner(f.lane), f.error, f.failing_since) for f in failing),
    )
