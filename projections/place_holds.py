"""Settling the ledger of calendar entries: read what is wanted, compare with what is placed, write the rest.

The booking is written before anything is removed, and only entries of our own making are ever touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.appointment_state import Deviation
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import Leaving
from chouseiapo.domain.slots import Slot
from chouseiapo.ledger import ensure
from chouseiapo.ports import Calendar, Entry, Found, Placed, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import entries, tasks
from projections.holds import LEDGER, WATCH, EntryWriter
from projections.placed import PRESENT, note_differing

Notes = Mapping[str, "Known"]
# How long an account is kept for what it has refused for good: somebody may yet mend that.
HOPE = timedelta(days=7)
# What calendars answer where somebody has been at an entry since we wrote it, and where we ask too much.
TOUCHED, THROTTLED = "touched", "throttled"


class Known(NamedTuple):
    """What our own notes say of an entry: where it is, with which content (empty: not as wanted), for which
    time, and when it was written."""

    link: str
    placed: Placed
    fingerprint: str
    start: datetime | None
    end: datetime | None
    at: datetime | None

    @property
    def in_doubt(self) -> bool:
        """Whether our last write got no answer: a newer version may be ours, or somebody else's."""
        return bool(self.placed.unsure and self.placed.vendor_id and self.placed.etag)

    def stands_at(self, seen: Found) -> bool:
        """Whether it is where we put it; entries of an earlier release have no time in our notes."""
        return self.start is None or (seen.start, seen.end) == (self.start, self.end)


class PlaceHolds:
    """One task is one appointment on one calendar: at most a write and a batch of removals."""

    def __init__(
        self,
        app: Coordination,
        rows: Rows,
        writer: EntryWriter,
        calendar_of: Callable[[str], Calendar],
        grace: timedelta,
        watch_every: timedelta,
    ) -> None:
        self._app = app
        self._rows = rows
        self._writer = writer
        self._calendar_of = calendar_of
        self._grace = grace
        self._watch_every = watch_every

    def settle(self, link: str, appointment: str, now: datetime) -> datetime | None:
        """Make the calendar right for the appointment; raises the first failure after trying everything.
        Answers when to look at what somebody's hand seems to have done."""
        standing = self._standing(link, appointment)
        found = self._follow_hands(link, self._app.appointment(appointment), standing, now)
        wanted = [w.entry for w in self._writer.wanted(found) if w.link == link]
        failures = self._put(wanted, standing, found, link, now)
        if any(not failure.permanent for failure in failures):
            raise _first_to_mend(failures)
        keys = {entry.key for entry in wanted}
        surplus = [k.placed for key, k in standing.items() if key not in keys and k.placed.present]
        failures += self._remove(surplus, found, link, now)
        if failures:
            raise _first_to_mend(failures)
        return self._next_look(link, self._app.appointment(appointment))

    # What hands have done

    def _follow_hands(
        self, link: str, appointment: Appointment, standing: Notes, now: datetime
    ) -> Appointment:
        """Look at what was seen deleted or moved, once it has stood so for a while, and do what was meant."""
        mine = [d for d in appointment.deviations if d.owner == link_owner(link)]
        for deviation in mine:
            known = self._known(standing, deviation.candidate)
            if known is None or not known.placed.vendor_id:  # it never stood on this calendar
                appointment = self._app.restore_entry(
                    appointment.id, deviation.owner, deviation.candidate, now
                )
                continue
            note_differing(self._rows, [known.placed.key])
            if not deviation.asked and deviation.seen_at + self._grace <= now:
                appointment = self._follow(link, appointment.id, deviation, known, now)
        return appointment

    def _follow(
        self, link: str, appointment: str, deviation: Deviation, known: Known, now: datetime
    ) -> Appointment:
        place = (appointment, deviation.owner, deviation.candidate)
        [seen] = self._calendar_of(link).look(link, [known.placed])
        if isinstance(seen, PortError):
            raise seen
        if seen is not None and known.stands_at(seen):
            return self._app.restore_entry(*place, now)
        return self._app.follow_deviation(*place, Slot(seen.start, seen.end) if seen else None, now)

    def _next_look(self, link: str, appointment: Appointment) -> datetime | None:
        owner = link_owner(link)
        waiting = [d.seen_at for d in appointment.deviations if d.owner == owner and not d.asked]
        return min(waiting) + self._grace if waiting else None

    @staticmethod
    def _known(standing: Notes, candidate: str) -> Known | None:
        found = (known for known in standing.values() if known.placed.candidate == candidate)
        return max(found, key=lambda known: bool(known.placed.vendor_id), default=None)

    # What should stand

    def _put(
        self, wanted: Sequence[Entry], standing: Notes, appointment: Appointment, link: str, now: datetime
    ) -> list[PortError]:
        owner = link_owner(link)
        plain: list[tuple[Entry, Known]] = []
        results: list[Placed | PortError | None] = []
        for entry in wanted:
            known = standing.get(entry.key) or _unknown(entry, link)
            if known.fingerprint == entry.fingerprint() or appointment.deviation(owner, entry.candidate):
                continue  # as long as nobody knows what a hand meant, its work stays
            if known.in_doubt and not _turned(known, appointment):
                results.append(self._put_after_a_look(entry, known, now))
            else:
                plain.append((entry, known))
        answers = self._write([(entry, known.placed) for entry, known in plain], link, now)
        for (entry, known), answer in zip(plain, answers, strict=True):
            if _is_touched(answer) and _turned(known, appointment):
                results += self._write([(entry, _over_whatever(known.placed))], link, now)
            elif _is_touched(answer):
                results.append(self._put_after_a_look(entry, known, now))
            else:
                results.append(answer)
        return [result for result in results if isinstance(result, PortError)]

    def _put_after_a_look(self, entry: Entry, known: Known, now: datetime) -> Placed | PortError | None:
        """Somebody may have been at the entry since we wrote it: at its time, or only at what is theirs."""
        [seen] = self._calendar_of(known.link).look(known.link, [known.placed])
        if isinstance(seen, PortError):
            return seen
        ours = (entry.start, entry.end)  # a write of ours may have come through without an answer
        if seen is not None and (known.stands_at(seen) or (seen.start, seen.end) == ours):
            return self._write([(entry, _over_whatever(known.placed))], known.link, now)[0]
        moved_to = Slot(seen.start, seen.end) if seen else None
        place = (entry.appointment, link_owner(known.link), entry.candidate)
        self._app.note_deviation(*place, moved_to, now)
        note_differing(self._rows, [known.placed.key])
        return None

    def _write(
        self, due: Sequence[tuple[Entry, Placed]], link: str, now: datetime
    ) -> list[Placed | PortError]:
        if not due:
            return []
        # From here on an entry may stand although no answer ever came.
        self._keep([(msgspec.structs.replace(placed, unsure=True), "") for _, placed in due], link)
        try:
            results = self._calendar_of(link).put(link, due)
        except PortError as refusal:
            self._take_back([placed for _, placed in due], [refusal] * len(due), link)
            raise
        self._take_back([placed for _, placed in due], results, link)
        written = [(result, entry) for (entry, _), result in zip(due, results, strict=True)]
        self._keep_written([(r, entry) for r, entry in written if isinstance(r, Placed)], link, now)
        return results

    def _take_back(self, placed: Sequence[Placed], results: Sequence[Placed | PortError], link: str) -> None:
        """What was plainly refused was not written: the version to go by is still the one before."""
        refused = [p for p, r in zip(placed, results, strict=True) if _was_refused(p, r)]
        self._keep([(p, "") for p in refused], link)

    # What should be gone

    def _remove(
        self, surplus: Sequence[Placed], appointment: Appointment, link: str, now: datetime
    ) -> list[PortError]:
        staying = [p for p in surplus if self._stays(p, appointment, link)]
        self._keep([(_let_go(placed), "") for placed in staying], link)
        going = [p for p in surplus if p not in staying]
        if not going:
            return []
        results = self._calendar_of(link).remove(link, going)
        self._keep([(r, "") for r in results if isinstance(r, Placed)], link)
        return [result for result in results if isinstance(result, PortError)]

    def _stays(self, placed: Placed, appointment: Appointment, link: str) -> bool:
        """Whether whoever unlinked the calendar wanted this entry to stay there."""
        owner = link_owner(link)
        leave = self._app.owners([owner])[owner].left.get(link, Leaving.REMOVE)
        confirmed = any(
            fixed.id == placed.candidate for fixed in (*appointment.occurrences, *appointment.took_place)
        )
        return leave is Leaving.KEEP or (leave is Leaving.KEEP_CONFIRMED and confirmed)

    # What we know

    def _standing(self, link: str, appointment: str) -> dict[str, Known]:
        found = select(entries).where(entries.c.appointment == appointment, entries.c.link == link)
        with self._rows.read() as connection:
            return {row.key: _known(row) for row in connection.execute(found)}

    def _keep(self, placed: Sequence[tuple[Placed, str]], link: str) -> None:
        """Write down what is known of entries; when and for which time they were written stays as it was."""
        self._store(
            [msgspec.structs.asdict(known) | {"fingerprint": print, "link": link} for known, print in placed]
        )

    def _keep_written(self, written: Sequence[tuple[Placed, Entry]], link: str, now: datetime) -> None:
        """And have the calendar watched: something of ours stands there from now on."""
        rows = [
            msgspec.structs.asdict(known)
            | {"fingerprint": entry.fingerprint(), "link": link, "placed_at": now}
            | {"starts_at": entry.start, "ends_at": entry.end}
            for known, entry in written
        ]
        self._store(rows, watched_from=now + self._watch_every)

    def _store(self, rows: Sequence[dict[str, Any]], watched_from: datetime | None = None) -> None:
        if not rows:
            return
        link = str(rows[0]["link"])
        with self._rows.write() as connection:
            upsert(connection, entries, rows)
            if watched_from is not None:
                have_watched(connection, link, watched_from)


def have_watched(connection: Connection, link: str, since: datetime) -> None:
    """Look from then on at what is done by hand on a calendar; nobody's hand gets at the built-in ones."""
    if not link.startswith("builtin-"):
        ensure(connection, LEDGER, f"{link}/{WATCH}", lane=link, due_at=since)


def _is_touched(result: Placed | PortError) -> bool:
    return isinstance(result, PortError) and result.reason == TOUCHED


def _was_refused(placed: Placed, result: Placed | PortError) -> bool:
    """A vendor's client may send an insert again by itself when no answer came: what the second is told, of
    the account or of the moment, says nothing about the first."""
    if isinstance(result, Placed):
        return False
    if not placed.vendor_id:
        return result.permanent and not result.auth
    return result.permanent or result.auth or result.reason in (TOUCHED, THROTTLED)


def _turned(known: Known, appointment: Appointment) -> bool:
    """Whether a hold becomes the confirmed event: what the guest chose stands, whatever was done to holds."""
    fixed = appointment.confirmed_at
    return fixed is not None and (known.at is None or known.at < fixed)


def _over_whatever(placed: Placed) -> Placed:
    return msgspec.structs.replace(placed, etag="")


def _let_go(placed: Placed) -> Placed:
    """It is no longer ours to touch; which ids are used up is remembered."""
    return msgspec.structs.replace(placed, vendor_id="", etag="", unsure=False)


def _unknown(entry: Entry, link: str) -> Known:
    placed = Placed(entry.key, entry.appointment, entry.candidate, calendar=entry.calendar)
    return Known(link, placed, "", None, None, None)


def left_on(rows: Rows, link: str) -> tuple[int, bool]:
    """How many entries of ours stand on a calendar, or may; whether something is still to be done there."""
    standing = select(func.count()).select_from(entries).where(entries.c.link == link, PRESENT)
    due = _to_do(link).where(tasks.c.ledger == LEDGER, tasks.c.parked.is_(False))
    with rows.read() as connection:
        return connection.scalar(standing) or 0, connection.scalar(due.limit(1)) is not None


def is_used(rows: Rows, link: str, now: datetime) -> bool:
    """Whether something waits to be done through an account."""
    hope = or_(tasks.c.parked.is_(False), tasks.c.failing_since > now - HOPE)
    with rows.read() as connection:
        return connection.scalar(_to_do(link).where(hope).limit(1)) is not None


def _to_do(link: str) -> Select[tuple[str]]:
    """The tasks of an account; to watch it leaves nothing undone."""
    return select(tasks.c.key).where(tasks.c.lane == link, tasks.c.key != f"{link}/{WATCH}")


def let_go(rows: Rows, link: str) -> None:
    """Forget what stands on a calendar that is out of our hands; which ids are used up is remembered."""
    gone = {"vendor_id": "", "etag": "", "fingerprint": "", "unsure": False}
    with rows.write() as connection:
        connection.execute(update(entries).where(entries.c.link == link).values(gone))
        connection.execute(delete(tasks).where(tasks.c.ledger == LEDGER, tasks.c.lane == link))


def _first_to_mend(failures: Sequence[PortError]) -> PortError:
    """The account's own trouble first, then what another try can mend; final refusals only when alone."""
    return min(failures, key=lambda failure: (not failure.auth, failure.permanent))


def placed_of(row: Any) -> Placed:
    """An entry's row, as calendars want it."""
    return Placed(
        key=row.key,
        appointment=row.appointment,
        candidate=row.candidate,
        vendor_id=row.vendor_id,
        generation=row.generation,
        etag=row.etag,
        unsure=row.unsure,
        calendar=row.calendar,
    )


def _known(row: Any) -> Known:
    return Known(row.link, placed_of(row), row.fingerprint, row.starts_at, row.ends_at, row.placed_at)
