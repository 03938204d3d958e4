"""A calendar: its entries, how they have changed, and who may do what with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from chouseiapo.sandbox.entries import Entry, Mark
from chouseiapo.sandbox.times import days_touched

K = TypeVar("K")
Place = tuple[int, datetime, datetime]
"""From that revision on the entry stood there."""

ROLES = ("none", "freeBusyReader", "reader", "writer", "owner")
"""Google's words for what somebody may do, from less to more."""


@dataclass(frozen=True)
class Share:
    """What a calendar is to one person. `hidden`: the person has taken it out of sight in the own list."""

    role: str
    hidden: bool = False


NOTHING = Share("none")


def _drop(index: dict[K, set[str]], key: K, id: str) -> None:
    index[key].discard(id)
    if not index[key]:
        del index[key]


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.start, entry.id


class Calendar:
    """Found by id, by mark and by the days they touch: load tests keep tens of thousands in one mailbox."""

    def __init__(self, id: str, provider: str, name: str, *, room: bool = False) -> None:
        self.id, self.provider, self.name, self.room = id, provider, name, room
        self.shares: dict[str, Share] = {}
        self.shows_busy = True
        """Whether colleagues to whom nothing was shared see when it is busy, as they do by default."""
        self.epoch = 1
        """Tokens of incremental reading are good within one epoch."""
        self.entries: dict[str, Entry] = {}
        self.transactions: dict[str, str] = {}
        """Graph's transactionIds and the entry each of them made."""
        self.clock = 0
        """Goes up with every change: entity tags and sync tokens are made of it."""
        self._days: defaultdict[date, set[str]] = defaultdict(set)
        self._marks: defaultdict[Mark, set[str]] = defaultdict(set)
        self._changed: dict[str, None] = {}
        self.places: dict[str, list[Place]] = {}
        """Where each entry has stood, so that incremental reading can tell what left a window."""

    def role(self, email: str) -> str:
        return self.shares.get(email, NOTHING).role

    def allows(self, email: str, role: str) -> bool:
        return ROLES.index(self.role(email)) >= ROLES.index(role)

    @property
    def owner(self) -> str:
        """Whose it is; empty where it belongs to nobody here, as rooms and other teams' calendars do."""
        return next((email for email, share in self.shares.items() if share.role == "owner"), "")

    def shows_busy_to(self, email: str) -> bool:
        """To whom anything is shared, and by default to colleagues, whose address has the same domain."""
        if self.allows(email, "freeBusyReader"):
            return True
        domain = email.rpartition("@")[2]
        return self.shows_busy and (self.room or self.id.rpartition("@")[2] == domain)

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def put(self, entry: Entry) -> None:
        """Adds it, or puts it in the place of its older version."""
        self._forget(entry.id)
        self.entries[entry.id] = entry
        self._changed[entry.id] = None
        places = self.places.setdefault(entry.id, [])
        if not places or places[-1][1:] != (entry.start, entry.end):
            places.append((entry.revision, entry.start, entry.end))
        if not entry.deleted:
            for each in days_touched(entry.start, entry.end):
                self._days[each].add(entry.id)
        for mark in entry.marks:
            self._marks[mark].add(entry.id)

    def _forget(self, id: str) -> None:
        old = self.entries.get(id)
        if old is None:
            return
        self._changed.pop(id, None)
        if not old.deleted:
            for each in days_touched(old.start, old.end):
                _drop(self._days, each, id)
        for mark in old.marks:
            _drop(self._marks, mark, id)

    def live(self) -> list[Entry]:
        """What stands on the calendar, in order of time."""
        return sorted((each for each in self.entries.values() if not each.deleted), key=_order)

    def between(self, start: datetime, end: datetime) -> list[Entry]:
        """What stands and overlaps [start, end), in order of time."""
        if start >= end:
            return []
        found: set[str] = set()
        for each in self._days_between(start, end):
            found |= self._days[each]
        entries = (self.entries[id] for id in found)
        return sorted((each for each in entries if each.overlaps(start, end)), key=_order)

    def _days_between(self, start: datetime, end: datetime) -> Iterable[date]:
        if (end - start).days > len(self._days):
            return [each for each in self._days if start.date() <= each <= end.date()]
        return [each for each in days_touched(start, end) if each in self._days]

    def marked(self, mark: Mark) -> list[Entry]:
        """Those that carry the mark, deleted ones too, in order of time."""
        return sorted((self.entries[id] for id in self._marks.get(mark, ())), key=_order)

    def changed_since(self, revision: int) -> list[Entry]:
        """Everything newer than that revision, the oldest change first."""
        newer = []
        for id in reversed(self._changed):
            if self.entries[id].revision <= revision:
                break
            newer.append(self.entries[id])
        return newer[::-1]

    def was_within(self, id: str, since: int, start: datetime, end: datetime) -> bool:
        """Whether the entry has stood in [start, end) at that revision or at any later one."""
        places = self.places.get(id, [])
        at_first = max((n for n, place in enumerate(places) if place[0] <= since), default=0)
        return any(begin < end and start < finish for _, begin, finish in places[at_first:])
