"""A calendar in memory: it keeps the port's promises, can be told to fail, and is open to members' hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from chouseiapo.ports import Busy, Changes, Counting, Entry, Found, Listed, Placed, PortError


class Standing(msgspec.Struct):
    entry: Entry | None
    found: Found
    calendar: str


class Board:
    """`answers` are given to the next writes, one each; `meanwhile` is called while something is written;
    `blind`: so many of the next looks fail; `forgetful`: the next token is no longer good; `unreadable`: said
    of the next readings; `stale`: told once more as if it were news; `closed`: said of every call."""

    def __init__(self) -> None:
        self.standing: dict[str, Standing] = {}
        self.answers: list[PortError | None] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.asked: list[str] = []
        self.forgetful = False
        self.blind = 0
        self.unreadable: list[PortError] = []
        self.stale: list[Found] = []
        self.closed: PortError | None = None
        self.closed_calendars: dict[str, PortError] = {}
        self._log: list[str] = []
        self._clock = 0

    @property
    def stands(self) -> dict[str, Entry]:
        """Our entries, by key."""
        return {s.entry.key: s.entry for s in self.standing.values() if s.entry is not None}

    # The port

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        self._ask("put")
        self.meanwhile()
        return [self._put(entry, placed) for entry, placed in writes]

    def _put(self, entry: Entry, placed: Placed) -> Placed | PortError:
        failure = self.answers.pop(0) if self.answers else None
        if failure is not None:
            return failure
        known = self.standing.get(placed.vendor_id)
        if placed.etag and not placed.unsure and (known is None or known.found.etag != placed.etag):
            return PortError("touched")
        generation = placed.generation if known or not placed.vendor_id else placed.generation + 1
        id = placed.vendor_id if known else f"{entry.key}#{generation}"
        tag = (entry.appointment, entry.candidate)
        found = Found(id, entry.title, entry.start, entry.end, entry.confirmed, *tag, etag=self._tick(id))
        self.standing[id] = Standing(entry, found, entry.calendar)
        return Placed(
            entry.key, *tag, vendor_id=id, generation=generation, etag=found.etag, calendar=entry.calendar
        )

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        self._ask("remove")
        for each in placed:
            self._drop(each.vendor_id)
        gone = {"vendor_id": "", "etag": "", "unsure": False}
        return [msgspec.structs.replace(p, **gone, generation=p.generation + 1) for p in placed]

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        self._ask("look")
        if self.blind:
            self.blind -= 1
            raise PortError("unavailable")
        return [s.found if (s := self.standing.get(p.vendor_id)) else None for p in placed]

    def calendars(self, link: str) -> list[Listed]:
        return [Listed("", "", True)]

    def may_write(self, link: str, calendar: str) -> bool:
        return True

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008
    ) -> list[Busy]:
        return []

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        return dict.fromkeys(addresses)

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        self._ask("entries", calendar)
        inside = (s.found for s in self.standing.values() if s.calendar == calendar)
        return [found for found in inside if found.start < end and start < found.end]

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        self._ask("changes", calendar)
        if self.unreadable:
            raise self.unreadable.pop(0)
        if since and self.forgetful:
            self.forgetful = False
            raise PortError("resync")
        token = str(len(self._log))
        if not since:
            return Changes(self.entries(link, start, end, calendar), [], token, whole=True)
        ids = list(dict.fromkeys(self._log[int(since) :]))
        changed = [self.standing[id].found for id in ids if id in self.standing]
        changed, self.stale = [*self.stale, *changed] if self.stale else changed, []
        return Changes(changed, [id for id in ids if id not in self.standing], token, whole=False)

    def _ask(self, what: str, calendar: str = "") -> None:
        self.asked.append(what)
        if refusal := self.closed or self.closed_calendars.get(calendar):
            raise refusal

    # A member's hand

    def delete_by_hand(self, *keys: str) -> None:
        for key in keys:
            self._drop(self._of(key))

    def move_by_hand(self, key: str, start: datetime, end: datetime) -> None:
        self._change(self._of(key), start=start, end=end)

    def rename_by_hand(self, key: str, title: str) -> None:
        self._change(self._of(key), title=title)

    def book_by_hand(self, title: str, start: datetime, end: datetime, **more: Any) -> None:
        id = f"foreign-{len(self._log)}"
        found = Found(id, title, start, end, True, etag=self._tick(id), **more)
        self.standing[id] = Standing(None, found, "")

    def times(self) -> dict[str, tuple[datetime, datetime]]:
        """Where our entries stand now, by candidate."""
        ours = (s.found for s in self.standing.values() if s.entry is not None)
        return {found.candidate: (found.start, found.end) for found in ours}

    def _of(self, key: str) -> str:
        return next(id for id, s in self.standing.items() if s.entry is not None and s.entry.key == key)

    def _change(self, id: str, **changes: Any) -> None:
        standing = self.standing[id]
        standing.found = msgspec.structs.replace(standing.found, etag=self._tick(id), **changes)

    def _drop(self, id: str) -> None:
        if self.standing.pop(id, None):
            self._tick(id)

    def _tick(self, id: str) -> str:
        self._log.append(id)
        return str(len(self._log))
