"""The entries of one mailbox, whichever vendor keeps them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.times import days_touched

Mark = tuple[str, str]
K = TypeVar("K")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One version of an entry. A change makes a new one, so that a snapshot needs no copying.

    `resource` is what was written, in the vendor's own form; the rest of the upper half is read from it.
    """

    id: str
    resource: Json
    start: datetime
    end: datetime
    title: str
    status: str
    visibility: str
    body: str
    attendees: tuple[str, ...] = ()
    busy: bool = True
    all_day: bool = False
    marks: tuple[Mark, ...] = ()
    """Private extended properties, by which a vendor finds entries."""
    tag: Mapping[str, str | None] = field(default_factory=dict)
    """Whose of ours it is: appointment and candidate; empty for an entry of somebody else."""

    created: datetime
    updated: datetime
    revision: int
    deleted: bool = False

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end

    @cached_property
    def encoded(self) -> str:
        """Its line in state.json; tens of thousands are asked for again and again."""
        shown = {
            "id": self.id,
            "title": self.title,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "status": self.status,
            "visibility": self.visibility,
            "body": self.body,
            "attendees": list(self.attendees),
            "tag": dict(self.tag),
        }
        return json.dumps(shown, ensure_ascii=False)

    @cached_property
    def saved(self) -> str:
        """What is needed to make it again after a restart."""
        kept = {
            "id": self.id,
            "resource": self.resource,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "revision": self.revision,
            "deleted": self.deleted,
        }
        return json.dumps(kept, ensure_ascii=False)


def read_tag(values: Mapping[str, str]) -> dict[str, str | None]:
    """`tag` of state.json, from the names that chouseiapo gives its private properties."""
    if not {"appointment", "candidate"} & set(values):
        return {}
    return {name: values.get(name) for name in ("appointment", "candidate")}


def _drop(index: dict[K, set[str]], key: K, id: str) -> None:
    index[key].discard(id)
    if not index[key]:
        del index[key]


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.start, entry.id


class Calendar:
    """Found by id, by mark and by the days they touch: load tests keep tens of thousands in one mailbox."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.transactions: dict[str, str] = {}
        """Graph's transactionIds and the entry each of them made."""
        self.clock = 0
        """Goes up with every change: entity tags and sync tokens are made of it."""
        self._days: defaultdict[date, set[str]] = defaultdict(set)
        self._marks: defaultdict[Mark, set[str]] = defaultdict(set)
        self._changed: dict[str, None] = {}

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def put(self, entry: Entry) -> None:
        """Adds it, or puts it in the place of its older version."""
        self._forget(entry.id)
        self.entries[entry.id] = entry
        self._changed[entry.id] = None
        for each in days_touched(entry.start, entry.end):
            self._days[each].add(entry.id)
        for mark in entry.marks:
            self._marks[mark].add(entry.id)

    def remove(self, id: str) -> None:
        """For good, as Graph does; Google keeps what is deleted, as cancelled."""
        self._forget(id)
        del self.entries[id]

    def _forget(self, id: str) -> None:
        old = self.entries.get(id)
        if old is None:
            return
        self._changed.pop(id, None)
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
        return sorted(
            (each for each in entries if not each.deleted and each.overlaps(start, end)), key=_order
        )

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
