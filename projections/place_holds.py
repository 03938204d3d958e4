"""Settling the ledger of calendar entries: read what is wanted, compare with what is placed, write the rest.

The booking is written before anything is removed, and only entries of our own making are ever touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select, update

from chouseiapo.application import Coordination
from chouseiapo.ledger import Task
from chouseiapo.ports import Calendar, Entry, Placed, PortError
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import appointments, entries, meetings, tasks
from projections.holds import LEDGER, EntryWriter

Standing = Mapping[str, tuple[Placed, str]]


class PlaceHolds:
    """One task is one appointment on one calendar: at most a write and a batch of removals."""

    ledger = LEDGER

    def __init__(
        self, app: Coordination, rows: Rows, writer: EntryWriter, calendar_of: Callable[[str], Calendar]
    ) -> None:
        self._app = app
        self._rows = rows
        self._writer = writer
        self._calendar_of = calendar_of

    def settle(self, task: Task, now: datetime) -> datetime | None:
        """Make the calendar right for the appointment; raises the first failure after trying everything."""
        link, _, appointment = task.key.partition("/")
        wanted = [w for w in self._writer.wanted(self._app.appointment(appointment)) if w.link == link]
        standing = self._standing(link, appointment)
        failures = self._put([w.entry for w in wanted], standing, link, now)
        if any(not failure.permanent for failure in failures):
            raise _first_to_mend(failures)
        keys = {w.entry.key for w in wanted}
        surplus = [placed for key, (placed, _) in standing.items() if key not in keys and placed.present]
        failures += self._remove(surplus, link, now)
        if failures:
            raise _first_to_mend(failures)
        return None

    def _put(self, wanted: Sequence[Entry], standing: Standing, link: str, now: datetime) -> list[PortError]:
        due = []
        for entry in wanted:
            new = Placed(entry.key, entry.appointment, entry.candidate, calendar=entry.calendar)
            placed, fingerprint = standing.get(entry.key, (new, ""))
            if fingerprint != entry.fingerprint():
                due.append((entry, placed))
        if not due:
            return []
        # From here on an entry may stand although no answer ever came.
        self._keep([(msgspec.structs.replace(placed, unsure=True), "") for _, placed in due], link, None)
        results = self._calendar_of(link).put(link, due)
        done = [
            (result, entry.fingerprint())
            for (entry, _), result in zip(due, results, strict=True)
            if isinstance(result, Placed)
        ]
        self._keep(done, link, now)
        return [result for result in results if isinstance(result, PortError)]

    def _remove(self, surplus: Sequence[Placed], link: str, now: datetime) -> list[PortError]:
        if not surplus:
            return []
        results = self._calendar_of(link).remove(link, surplus)
        self._keep([(r, "") for r in results if isinstance(r, Placed)], link, now)
        return [result for result in results if isinstance(result, PortError)]

    def _standing(self, link: str, appointment: str) -> dict[str, tuple[Placed, str]]:
        found = select(entries).where(entries.c.appointment == appointment, entries.c.link == link)
        with self._rows.read() as connection:
            return {row.key: (_placed(row), row.fingerprint) for row in connection.execute(found)}

    def _keep(self, placed: Sequence[tuple[Placed, str]], link: str, now: datetime | None) -> None:
        """Write down what is known of entries; without `now` the time of placing stays as it was."""
        rows: list[dict[str, Any]] = []
        for known, fingerprint in placed:
            row = msgspec.structs.asdict(known) | {"fingerprint": fingerprint, "link": link}
            rows.append(row if now is None else row | {"placed_at": now})
        if rows:
            with self._rows.write() as connection:
                upsert(connection, entries, rows)


def left_on(rows: Rows, link: str) -> tuple[int, bool]:
    """How many entries of ours stand on a calendar, or may; whether something is still to be done there."""
    present = or_(entries.c.vendor_id != "", entries.c.unsure)
    standing = select(func.count()).select_from(entries).where(entries.c.link == link, present)
    due = select(tasks.c.key).where(tasks.c.ledger == LEDGER, tasks.c.lane == link, tasks.c.parked.is_(False))
    with rows.read() as connection:
        return connection.scalar(standing) or 0, connection.scalar(due.limit(1)) is not None


def is_used(rows: Rows, link: str, now: datetime) -> bool:
    """Whether something waits to be done through an account, or it hosts a conference to come."""
    due = select(tasks.c.key).where(tasks.c.lane == link, tasks.c.parked.is_(False))
    to_come = or_(appointments.c.ends_at.is_(None), appointments.c.ends_at > now)
    hosted = (
        select(meetings.c.appointment)
        .outerjoin(appointments, appointments.c.id == meetings.c.appointment)
        .where(meetings.c.link == link, to_come)
    )
    with rows.read() as connection:
        return any(connection.scalar(each.limit(1)) is not None for each in (due, hosted))


def let_go(rows: Rows, link: str) -> None:
    """Forget what stands on a calendar that is out of our hands; which ids are used up is remembered."""
    gone = {"vendor_id": "", "etag": "", "fingerprint": "", "unsure": False}
    with rows.write() as connection:
        connection.execute(update(entries).where(entries.c.link == link).values(gone))
        connection.execute(delete(tasks).where(tasks.c.ledger == LEDGER, tasks.c.lane == link))


def _first_to_mend(failures: Sequence[PortError]) -> PortError:
    """The account's own trouble first, then what another try can mend; final refusals only when alone."""
    return min(failures, key=lambda failure: (not failure.auth, failure.permanent))


def _placed(row: Any) -> Placed:
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
