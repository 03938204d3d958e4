"""The calendar of members and rooms that have no other: our own rows, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chouseiapo.adapters import taken_away
from chouseiapo.ports import (
    Busy,
    Changes,
    Counting,
    Entry,
    EntryShelf,
    Found,
    Listed,
    Placed,
    PortError,
    counted,
)


class BuiltinCalendar:
    """Implements ports.Calendar. An entry's key is its id, and nobody but us writes here: there are no other
    versions to go by, nothing to be told, and whatever is missing can always be put back.
    """

    def __init__(self, shelf: EntryShelf) -> None:
        self._shelf = shelf

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        for entry, _ in writes:
            self._shelf.put(link, entry.key, entry)
        return [
            Placed(
                e.key,
                e.appointment,
                e.candidate,
                vendor_id=e.key,
                generation=p.generation,
                calendar=e.calendar,
            )
            for e, p in writes
        ]

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        for each in placed:
            self._shelf.remove(link, each.key)
        return [taken_away(each, each.generation + 1) for each in placed]

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        standing = [(each.key, self._shelf.read(link, each.key)) for each in placed]
        return [_found(id, entry) if entry else None for id, entry in standing]

    def calendars(self, link: str) -> list[Listed]:
        return [Listed("", "", writable=True)]

    def may_write(self, link: str, calendar: str) -> bool:
        return True

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008 - frozen
    ) -> list[Busy]:
        entries = self.entries(link, start, end)
        if counting == Counting():
            return [Busy(entry.start, entry.end) for entry in entries]
        return counted(entries, counting)

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        return dict.fromkeys(addresses)

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        return [_found(id, entry) for id, entry in self._shelf.between(link, start, end)]

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        return Changes([], [], "", whole=False)


def _found(id: str, entry: Entry) -> Found:
    return Found(
        id,
        entry.title,
        entry.start,
        entry.end,
        entry.confirmed,
        entry.appointment,
        entry.candidate,
        all_day=entry.all_day,
    )
