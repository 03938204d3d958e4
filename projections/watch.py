"""Watching calendars: what members do there by hand is noticed here, verified, and then followed.

Signals lie: a listing may lag behind, a vendor may forget. So a signal is only noted on the appointment;
what stands is read directly some time later, by whoever settles the entry. So many entries gone at once that
nobody can have meant each of them stop everything and are asked about.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from chouseiapo.application import Coordination
from chouseiapo.domain.errors import Busy, DomainError
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import Link
from chouseiapo.domain.slots import Slot
from chouseiapo.ledger import touch
from chouseiapo.ports import Calendar, Changes, Counting, Found, PortError, counted
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import entries, watched
from projections.holds import ANSWERED, LEDGER
from projections.offers import claims_on
from projections.place_holds import placed_of
from projections.placed import mark_differing, note_differing, ours_among

# More than this many, and more than half of a mailbox's: nobody has meant each of them.
MASS = 10
# How far ahead of the last entry a calendar is read, so that new entries need no reading anew.
AHEAD = timedelta(weeks=8)
BEHIND = timedelta(days=1)
FOREIGN = "calendar"
# What is said of calendars whose entries are not for us to read, though their busy time may be.
NOT_FOR_US = ("no_permission", "calendar_not_found")


class Watch:
    """One turn is one calendar account: what has changed there since the last one."""

    def __init__(
        self,
        app: Coordination,
        rows: Rows,
        calendar_of: Callable[[str], Calendar],
        every: timedelta,
        take_foreign: bool,
    ) -> None:
        self._app = app
        self._rows = rows
        self._calendar_of = calendar_of
        self._every = every
        self._take_foreign = take_foreign

    def turn(self, link: str, now: datetime) -> datetime | None:
        """Notice what has changed. Answers when to look next; never, when nothing of ours is to come."""
        standing = self._app.linked(link)
        ours = self._to_come(link, now)
        if standing is None or not ours:
            return None
        if not standing.vanished:
            self._read_all(standing, ours, now)
        return now + self._every * (0.8 + random.random() * 0.4)  # noqa: S311 - spread, no secret

    def probe(self, link: str, now: datetime) -> None:
        """Ask for as little as needs a live token; raises PortError."""
        standing = self._app.linked(link)
        calendar = standing.calendar if standing else ""
        self._calendar_of(link).entries(link, now, now + timedelta(minutes=1), calendar)

    def answered(self, link: str, restore: bool, now: datetime) -> None:
        """Do with the entries that had disappeared at once what their owner has said."""
        self._do_as_answered(link, restore, now)
        said = self._app.owner(link_owner(link)).version
        self._keep(link, ANSWERED, str(said), now, now)

    def _do_as_answered(self, link: str, restore: bool, now: datetime) -> None:
        ours = self._to_come(link, now)
        seen = self._calendar_of(link).look(link, [placed_of(row) for row in ours])
        for found in seen:
            if isinstance(found, PortError):
                raise found
        missing = [row for row, found in zip(ours, seen, strict=True) if found is None]
        if restore:
            self._put_back(link, missing)
        else:
            # Known from here on: they do not disappear a second time.
            note_differing(self._rows, [row.key for row in missing])
            self._note_gone(link, missing, now)

    def _read_all(self, link: Link, ours: Sequence[Any], now: datetime) -> None:
        """Each calendar that bears something of ours, and what else counts as busy where that closes
        candidates. One that can't be read keeps none of the others from being read."""
        mine = {row.calendar for row in ours}
        failures = []
        for calendar in sorted({*mine, *(link.busy_calendars if self._take_foreign else ())}):
            try:
                self._read(link, calendar, ours, now)
            except PortError as failure:
                if calendar in mine or failure.reason not in NOT_FOR_US:
                    failures.append(failure)
        if failures:
            raise min(failures, key=lambda failure: not failure.auth)

    def _read(self, link: Link, calendar: str, ours: Sequence[Any], now: datetime) -> None:
        mine = [row for row in ours if row.calendar == calendar]
        until = max((row.ends_at for row in mine), default=now)
        token, window_end = self._token(link.id, calendar, until)
        window_end = window_end if token else max(until, now) + AHEAD
        changes = self._changes(link.id, calendar, token, now - BEHIND, window_end)
        gone = _gone(mine, changes)
        if _is_mass(gone, ours):
            self._app.note_vanished(link.id, len(gone), now)
            return  # the token stays as it was: what was said here is said again
        self._note_gone(link.id, gone, now)
        self._note_moved(link.id, mine, changes, now)
        if self._take_foreign and not changes.whole:  # what stood there before was offered knowingly
            self._take(link, calendar, changes, now)
        self._keep(link.id, calendar, changes.token, window_end, now)

    def _changes(self, link: str, calendar: str, token: str, start: datetime, end: datetime) -> Changes:
        try:
            return self._calendar_of(link).changes(link, calendar, token, start, end)
        except PortError as error:
            if error.reason != "resync" or not token:
                raise
        return self._calendar_of(link).changes(link, calendar, "", start, end)

    def _note_gone(self, link: str, rows: Sequence[Any], now: datetime) -> None:
        for row in rows:
            self._app.note_deviation(row.appointment, link_owner(link), row.candidate, None, now)

    def _note_moved(self, link: str, mine: Sequence[Any], changes: Changes, now: datetime) -> None:
        known = {row.vendor_id: row for row in mine}
        for found in changes.entries:
            if (row := known.get(found.vendor_id)) is None:
                continue
            place = (row.appointment, link_owner(link), row.candidate)
            if (found.start, found.end) != (row.starts_at, row.ends_at):
                self._app.note_deviation(*place, Slot(found.start, found.end), now)
            elif not row.fingerprint and self._stands_again(link, row):
                self._app.restore_entry(*place, now)

    def _stands_again(self, link: str, row: Any) -> bool:
        """What was noted as differing, read directly: listings may lag behind."""
        [seen] = self._calendar_of(link).look(link, [placed_of(row)])
        if isinstance(seen, PortError):
            raise seen
        return seen is not None and (seen.start, seen.end) == (row.starts_at, row.ends_at)

    def _take(self, link: Link, calendar: str, changes: Changes, now: datetime) -> None:
        """Close candidates over which their owner has something else now."""
        owner = link_owner(link.id)
        for slot in self._foreign(link, changes.entries):
            for claim in claims_on(self._rows, [owner], slot):
                over = Slot(claim.start, claim.end)
                if not claim.confirmed and self._stands_over(link, calendar, over):
                    cause = Meta(actor=SYSTEM, command=f"taken/{claim.appointment}/{claim.candidate}/{owner}")
                    self._close(claim.appointment, claim.candidate, cause, now)

    def _close(self, appointment: str, candidate: str, cause: Meta, now: datetime) -> None:
        try:
            self._app.take_candidate(appointment, candidate, FOREIGN, cause, now)
        except Busy:
            raise
        except DomainError:
            return  # ended meanwhile

    def _stands_over(self, link: Link, calendar: str, slot: Slot) -> bool:
        """Whether it is true: read directly, at this moment."""
        found = self._calendar_of(link.id).entries(link.id, slot.start, slot.end, calendar)
        return any(slot.overlaps(other) for other in self._foreign(link, found))

    def _foreign(self, link: Link, found: Sequence[Found]) -> Iterator[Slot]:
        """Busy time that is not of our making, as its owner counts it."""
        ours = ours_among(self._rows, link.id, [each.vendor_id for each in found])
        counting = Counting(link.tentative_busy, link.all_day_busy)
        for busy in counted((f for f in found if f.vendor_id not in ours), counting):
            yield Slot(busy.start, busy.end)

    # What we know

    def _to_come(self, link: str, now: datetime) -> list[Any]:
        found = select(entries).where(
            entries.c.link == link, entries.c.vendor_id != "", entries.c.ends_at > now
        )
        with self._rows.read() as connection:
            return list(connection.execute(found))

    def _token(self, link: str, calendar: str, until: datetime) -> tuple[str, datetime]:
        """Where the last turn ended, as long as its window reaches far enough."""
        found = select(watched).where(watched.c.link == link, watched.c.calendar == calendar)
        with self._rows.read() as connection:
            row = connection.execute(found).one_or_none()
        return (row.token, row.window_ends_at) if row and row.window_ends_at >= until else ("", until)

    def _keep(self, link: str, calendar: str, token: str, window_end: datetime, now: datetime) -> None:
        row = {"link": link, "calendar": calendar, "token": token, "read_at": now}
        with self._rows.write() as connection:
            upsert(connection, watched, [row | {"window_ends_at": window_end}])

    def _put_back(self, link: str, rows: Sequence[Any]) -> None:
        """Gone for good: then they are wanted and not there."""
        with self._rows.write() as connection:
            mark_differing(connection, entries.c.key.in_([row.key for row in rows]), gone=True)
            for row in rows:
                touch(connection, LEDGER, f"{link}/{row.appointment}", lane=link)


def _gone(rows: Sequence[Any], changes: Changes) -> list[Any]:
    standing, told = {found.vendor_id for found in changes.entries}, set(changes.gone)
    return [row for row in rows if row.vendor_id in told or (changes.whole and row.vendor_id not in standing)]


def _is_mass(gone: Sequence[Any], ours: Sequence[Any]) -> bool:
    """What is known as differing already is not counted again."""
    fresh = [row for row in gone if row.fingerprint]
    return is_mass(len(fresh), len(ours))


def is_mass(gone: int, among: int) -> bool:
    """Whether so many are gone, or would go, that nobody can have meant each of them."""
    return gone > MASS and gone * 2 > among
