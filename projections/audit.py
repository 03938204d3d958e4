"""Comparing calendars with the events, entry by entry: what is wanted, what stands, what is left over.

A comparison writes nothing to a calendar: what is missing or moved may be somebody's hand, and is noted as
such. A repair, which a person asks for, puts back what is missing and takes away what is left over; so many
entries that nobody can have meant it are taken away only when that person says so again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, select

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.slots import Slot
from chouseiapo.ledger import touch
from chouseiapo.ports import Calendar, Entry, Found, Placed, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import audits, entries, holds, tasks, vault
from projections.holds import AUDIT, LEDGER, EntryWriter, Wanted, to_come
from projections.people import find_people
from projections.place_holds import have_watched, placed_of
from projections.placed import PRESENT, mark_differing
from projections.watch import is_mass

# How far ahead entries that nobody wants are looked for, at least.
AHEAD = timedelta(weeks=52)
# So many details are kept; the counts are whole.
MOST_DETAILS = 200
MISSING, MOVED, ORPHAN = "missing", "moved", "orphan"


class Detail(msgspec.Struct, frozen=True):
    """One entry that is not as wanted: missing, moved (to these times), or an orphan, which nobody wants."""

    kind: str
    appointment: str
    candidate: str
    start: datetime
    end: datetime
    vendor_id: str = ""
    calendar: str = ""


_DETAILS = msgspec.json.Decoder(tuple[Detail, ...])


class Report(msgspec.Struct, frozen=True):
    """What the comparison of one calendar account found; `at` is UTC. error: why it could not be read."""

    link: str
    owner: str
    at: datetime
    wanted: int = 0
    standing: int = 0
    missing: int = 0
    orphans: int = 0
    moved: int = 0
    foreign_entries: int = 0
    error: str = ""
    details: tuple[Detail, ...] = ()

    @property
    def is_right(self) -> bool:
        return not (self.error or self.missing or self.orphans or self.moved)

    @property
    def held_back(self) -> bool:
        """Whether so much is left over that a person has to say again that it may go."""
        return is_mass(self.orphans, self.standing)


class Seen(NamedTuple):
    """An entry as it stands on one of the account's calendars."""

    calendar: str
    found: Found


class Audit:
    """One task is one calendar account, compared in its lane: nobody writes there meanwhile."""

    def __init__(
        self, app: Coordination, rows: Rows, writer: EntryWriter, calendar_of: Callable[[str], Calendar]
    ) -> None:
        self._app = app
        self._rows = rows
        self._writer = writer
        self._calendar_of = calendar_of

    def compare(self, link: str, now: datetime) -> Report:
        """Compare and keep the report; what may be a hand's work is noted, what got stuck is taken up."""
        report = self._report(link, now)
        self._have_watched(report)
        gone = [each for each in report.details if each.kind == MISSING and each.vendor_id]
        if is_mass(len(gone), report.wanted):
            self._app.note_vanished(link, len(gone), now)
            return report
        for each in report.details:
            place = (each.appointment, link_owner(link), each.candidate)
            if each in gone:
                self._app.note_deviation(*place, None, now)
            elif each.kind == MOVED:
                self._app.note_deviation(*place, Slot(each.start, each.end), now)
            self._take_up(link, each.appointment)
        return report

    def repair(self, link: str, now: datetime, *, force: bool = False) -> Report:
        """Put back what is missing or moved, take away what is left over; answers how it was before."""
        report = self._report(link, now, spare_noted=False)
        for each in report.details:
            if each.kind != ORPHAN:
                self._put_back(link, each, now)
        if force or not report.held_back:
            self._take_away(link, [each for each in report.details if each.kind == ORPHAN])
        return report

    def _report(self, link: str, now: datetime, *, spare_noted: bool = True) -> Report:
        try:
            report = self._compared(link, now, spare_noted)
        except PortError as error:
            self._keep(Report(link, link_owner(link), now, error=error.reason))
            raise
        self._keep(report)
        return report

    def _compared(self, link: str, now: datetime, spare_noted: bool) -> Report:
        known = {row.key: row for row in self._known(link)}
        concerned = [self._app.appointment(id) for id in self._to_come(link, now)]
        wanted = {each.id: self._wanted(link, each) for each in concerned}
        places = [w.entry for each in wanted.values() for w in each]
        until = max([now + AHEAD, *(entry.end + timedelta(days=1) for entry in places)])
        standing = [
            Seen(calendar, found)
            for calendar in self._calendars(link, places)
            for found in self._calendar_of(link).entries(link, now, until, calendar)
        ]
        ours = [each for each in standing if self._is_ours(each.found)]
        expected = [
            entry
            for each in concerned
            for entry in _expected(each, wanted[each.id], spare_noted)
            if entry.end > now
        ]
        for over in {each.found.appointment for each in ours} - wanted.keys():
            wanted[over] = self._wanted(link, self._app.appointment(over))
        details = [
            *self._looked_at(link, known, list(_not_as_placed(expected, known, ours))),
            *self._left_over(link, known, ours, wanted),
        ]
        counts = {kind: sum(d.kind == kind for d in details) for kind in (MISSING, MOVED, ORPHAN)}
        return Report(
            link,
            link_owner(link),
            now,
            wanted=len(expected),
            standing=len(ours),
            missing=counts[MISSING],
            orphans=counts[ORPHAN],
            moved=counts[MOVED],
            foreign_entries=len(standing) - len(ours),
            details=tuple(details),
        )

    # What to compare

    def _to_come(self, link: str, now: datetime) -> list[str]:
        """The appointments that want something on the account and are not over."""
        with self._rows.read() as connection:
            return list(connection.scalars(to_come(holds.c.link == link, now)))

    def _wanted(self, link: str, appointment: Appointment) -> list[Wanted]:
        return [wanted for wanted in self._writer.wanted(appointment) if wanted.link == link]

    def _calendars(self, link: str, wanted: Iterable[Entry]) -> list[str]:
        """Where something of ours is wanted, or ever stood: what was left behind there is found again."""
        with self._rows.read() as connection:
            found = connection.scalars(select(entries.c.calendar).where(entries.c.link == link).distinct())
            return sorted({entry.calendar for entry in wanted} | set(found) or {""})

    def _known(self, link: str) -> list[Any]:
        with self._rows.read() as connection:
            return list(connection.execute(select(entries).where(entries.c.link == link, PRESENT)))

    def _is_ours(self, found: Found) -> bool:
        """Another installation may put its entries on the same calendar: those are none of ours."""
        return is_of("appointment", found.appointment) and bool(self._app.stream(found.appointment))

    def _looked_at(self, link: str, known: Mapping[str, Any], details: Sequence[Detail]) -> Iterator[Detail]:
        """What a listing does not show may stand outside of its window: read directly."""
        lost = [d for d in details if d.kind == MISSING and d.vendor_id]
        rows = {row.vendor_id: row for row in known.values()}
        seen = self._calendar_of(link).look(link, [placed_of(rows[d.vendor_id]) for d in lost])
        found = dict(zip(lost, seen, strict=True))
        for detail in details:
            where = found.get(detail)
            if isinstance(where, PortError):
                raise where
            if where is None:
                yield detail
            elif (where.start, where.end) != (detail.start, detail.end):
                times = {"start": where.start, "end": where.end}
                yield msgspec.structs.replace(detail, kind=MOVED, **times)

    def _left_over(
        self,
        link: str,
        known: Mapping[str, Any],
        ours: Sequence[Seen],
        wanted: Mapping[str, Sequence[Wanted]],
    ) -> Iterator[Detail]:
        """What bears our tag and is neither wanted, here or through another link, nor about to be looked for
        after a lost answer."""
        here = {row.vendor_id: row.key for row in known.values()}
        keys = {w.entry.key for each in wanted.values() for w in each}
        elsewhere, unsure = self._known_elsewhere(link, {each.found.appointment for each in ours})
        for calendar, found in ours:
            place = (found.appointment, found.candidate)
            if found.vendor_id in elsewhere or place in unsure:
                continue
            if here.get(found.vendor_id) not in keys:
                yield Detail(ORPHAN, *place, found.start, found.end, found.vendor_id, calendar)

    def _known_elsewhere(self, link: str, ids: Iterable[str]) -> tuple[set[str], set[tuple[str, str]]]:
        """Ids of entries that were put through other links, which may lead to the same calendar; and for
        which candidates an answer is lost, on whichever link."""
        with self._rows.read() as connection:
            rows = connection.execute(
                select(entries).where(entries.c.appointment.in_(list(ids)), PRESENT)
            ).all()
        unsure = {(row.appointment, row.candidate) for row in rows if row.unsure}
        return {row.vendor_id for row in rows if row.link != link and row.vendor_id}, unsure

    # What to do

    def _put_back(self, link: str, detail: Detail, now: datetime) -> None:
        """Write it again, whatever stands there; a person has said so."""
        this = and_(
            entries.c.link == link,
            entries.c.appointment == detail.appointment,
            entries.c.candidate == detail.candidate,
        )
        with self._rows.write() as connection:
            mark_differing(connection, this, gone=detail.kind == MISSING)
        self._app.restore_entry(detail.appointment, link_owner(link), detail.candidate, now)
        self._take_up(link, detail.appointment)

    def _take_away(self, link: str, orphans: Sequence[Detail]) -> None:
        placed = [
            Placed(d.vendor_id, d.appointment, d.candidate, vendor_id=d.vendor_id, calendar=d.calendar)
            for d in orphans
        ]
        for result in self._calendar_of(link).remove(link, placed):
            if isinstance(result, PortError):
                raise result
        for detail in orphans:
            self._take_up(link, detail.appointment)

    def _have_watched(self, report: Report) -> None:
        """Whatever an earlier release, or an operator, may have left unwatched."""
        if report.wanted:
            with self._rows.write() as connection:
                have_watched(connection, report.link, report.at)

    def _take_up(self, link: str, appointment: str) -> None:
        with self._rows.write() as connection:
            touch(connection, LEDGER, f"{link}/{appointment}", lane=link)

    def _keep(self, report: Report) -> None:
        row = msgspec.structs.asdict(report)
        details = msgspec.json.encode(report.details[:MOST_DETAILS]).decode()
        with self._rows.write() as connection:
            upsert(connection, audits, [row | {"details": details}])


def _expected(appointment: Appointment, wanted: Iterable[Wanted], spare_noted: bool) -> Iterator[Entry]:
    """What should stand as it was put. What a hand has changed is left as it is: once a person is asked
    about it in any case, before only where nobody has just said that it is to be put back."""
    spared = {(d.owner, d.candidate) for d in appointment.deviations if d.asked or spare_noted}
    return (w.entry for w in wanted if (w.owner, w.entry.candidate) not in spared)


def _not_as_placed(
    wanted: Iterable[Entry], known: Mapping[str, Any], ours: Sequence[Seen]
) -> Iterator[Detail]:
    """What is wanted and does not stand, or not where we put it."""
    standing = {each.found.vendor_id: each.found for each in ours}
    for entry in wanted:
        row = known.get(entry.key)
        place = (entry.appointment, entry.candidate)
        found = standing.get(row.vendor_id) if row else None
        if row is None or found is None:
            id = row.vendor_id if row else ""
            yield Detail(MISSING, *place, entry.start, entry.end, id, entry.calendar)
        elif row.starts_at and (found.start, found.end) != (row.starts_at, row.ends_at):
            yield Detail(MOVED, *place, found.start, found.end, found.vendor_id, entry.calendar)


# Asking for it, and what it said


def calendars_in_use(app: Coordination, rows: Rows) -> list[str]:
    """Every calendar account that is linked, or on which something of ours is wanted or stands."""
    people = [person.id for kind in ("member", "room") for person in find_people(rows, kind, most=100_000)]
    linked = {link.id for owner in app.owners(people).values() if (link := owner.calendar_in_use)}
    with rows.read() as connection:
        wanted = set(connection.scalars(select(holds.c.link).distinct()))
        standing = set(connection.scalars(select(entries.c.link).where(PRESENT).distinct()))
        reachable = set(connection.scalars(select(vault.c.link)))  # unlinked, but not let go of yet
    kept = {link for link in wanted | standing if link.startswith("builtin-") or link in reachable}
    return sorted(linked | kept)


def ask(rows: Rows, links: Sequence[str], what: str = AUDIT, due_at: datetime | None = None) -> None:
    """Have accounts compared (or repaired) by whoever holds their lanes."""
    with rows.write() as connection:
        for link in links:
            more = {"due_at": due_at} if due_at else {}
            touch(connection, LEDGER, f"{link}/{what}", lane=link, **more)


def is_asked(rows: Rows, links: Sequence[str], what: str = AUDIT) -> bool:
    """Whether some of these accounts still wait to be compared, and nothing has gone wrong so far."""
    keys = [f"{link}/{what}" for link in links]
    waiting = select(tasks.c.key).where(
        tasks.c.ledger == LEDGER, tasks.c.key.in_(keys), tasks.c.failing_since.is_(None)
    )
    with rows.read() as connection:
        return connection.scalar(waiting.limit(1)) is not None


def reports(rows: Rows) -> list[Report]:
    """What the last comparison of each account said, the worst first."""
    with rows.read() as connection:
        found = [_report_of(row) for row in connection.execute(select(audits))]
    return sorted(found, key=lambda r: (r.is_right, r.owner, r.link))


def _report_of(row: Any) -> Report:
    details = _DETAILS.decode(row.details or "[]")
    return msgspec.structs.replace(
        Report(**{name: getattr(row, name) for name in Report.__struct_fields__ if name != "details"}),
        details=details,
    )
