"""The calendar of members and rooms that have no other: our own rows, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chouseiapo.ports import Busy, Entry, EntryShelf, Found, Placed, PortError


class BuiltinCalendar:
    """Implements ports.Calendar. An entry's key is its id: whoever deleted it, it can always be put back."""

    def __init__(self, shelf: EntryShelf) -> None:
        self._shelf = shelf

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        for entry, _ in writes:
            self._shelf.put(link, entry.key, entry)
        return [
            Placed(e.key, e.appointment, e.candidate, vendor_id=e.key, generation=p.generation)
            for e, p in writes
        ]

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        for each in placed:
            self._shelf.remove(link, each.key)
        return [Placed(p.key, p.appointment, p.candidate, generation=p.generation + 1) for p in placed]

    def busy(self, link: str, start: datetime, end: datetime) -> list[Busy]:
        return [Busy(entry.start, entry.end) for _, entry in self._shelf.between(link, start, end)]

    def entries(self, link: str, start: datetime, end: datetime) -> list[Found]:
        return [
            Found(id, e.title, e.start, e.end, e.confirmed, e.appointment, e.candidate)
            for id, e in self._shelf.between(link, start, end)
        ]
