"""Putting and removing entries: one conditional request each, over the very version that was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from chouseiapo.adapters import guarded, taken_away
from chouseiapo.adapters.caldav.dav import GONE, UID_TAKEN, Answer, denied
from chouseiapo.adapters.caldav.found import Object, is_ours
from chouseiapo.adapters.caldav.objects import changed, made, name_of, uid_of
from chouseiapo.adapters.caldav.server import Server, only_over
from chouseiapo.ports import Entry, Placed, PortError

MOST_GENERATIONS = 5
MOST_RACES = 3

T = TypeVar("T")
R = TypeVar("R")
There = dict[str, Object]


class Writer:
    """Writes in one account's name; `now` is UTC."""

    def __init__(self, server: Server, now: datetime) -> None:
        self._server = server
        self._now = now

    # What should stand

    def put(self, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError | None]:
        """None where a guarded write met another version."""
        there = self._standing(placed for _, placed in writes if placed.vendor_id)
        return _each(writes, lambda write: self._placed(*write, there.get(write[1].vendor_id)))

    def _placed(self, entry: Entry, placed: Placed, there: Object | None) -> Placed | None:
        if guarded(placed) and (there is None or there.etag != placed.etag):
            return None
        if not placed.vendor_id:
            return self._make(entry, placed.generation)
        if there is None or not is_ours(there, placed):
            return self._make(entry, placed.generation + 1)
        if guarded(placed):
            return self._change(entry, placed.generation, there)
        return self._mend(entry, placed.generation, there)

    def _make(self, entry: Entry, generation: int) -> Placed:
        """Put it where nothing stands yet; what does may be ours, from an answer that was lost."""
        for later in range(generation, generation + MOST_GENERATIONS):
            path = self._path(entry.key, later, entry.calendar)
            answer = self._server.put(path, made(entry, later, self._now), {"If-None-Match": "*"})
            if answer.ok:
                return self._written(entry, later, path, answer)
            if answer.status != 412 and UID_TAKEN not in answer.conditions:
                raise denied(answer)
            there = self._read(entry.calendar, path) or self._renamed(entry, later)
            if there and is_ours(there, _known(entry, later)):
                return self._mend(entry, later, there)
        raise PortError("conflict")

    def _renamed(self, entry: Entry, generation: int) -> Object | None:
        """Ours under another name: some client has written it anew."""
        calendar = self._server.home.path_of(entry.calendar)
        return self._server.with_uid(calendar, uid_of(entry.key, generation))

    def _mend(self, entry: Entry, generation: int, there: Object) -> Placed:
        """Make it right, whoever else writes there meanwhile."""
        latest: Object | None = there
        for _ in range(MOST_RACES):
            if latest is None:
                return self._make(entry, generation + 1)
            if mended := self._change(entry, generation, latest):
                return mended
            latest = self._read(entry.calendar, there.path)
        raise PortError("conflict")

    def _change(self, entry: Entry, generation: int, there: Object) -> Placed | None:
        """Make right what is ours in this version; None where there is another by now."""
        body = changed(there.text, entry, generation, self._now)
        if body is None:
            return _known(entry, generation, there)
        answer = self._server.put(there.path, body, only_over(there.etag))
        if answer.status == 412:
            return None
        if not answer.ok:
            raise denied(answer)
        return self._written(entry, generation, there.path, answer)

    def _written(self, entry: Entry, generation: int, path: str, answer: Answer) -> Placed:
        """A server that has changed what it was given says no etag (RFC 4791, 5.3.4)."""
        if etag := answer.headers.get("ETag", ""):
            return _known(entry, generation, Object(path, etag, ""))
        there = self._read(entry.calendar, path)
        return _known(entry, generation, there or Object(path, "", ""))

    # What should be gone

    def remove(self, placed: Sequence[Placed]) -> list[Placed | PortError]:
        there = self._standing(each for each in placed if each.present and not guarded(each))
        return _each(placed, lambda one: self._removed(one, there) if one.present else one)

    def _removed(self, placed: Placed, there: There) -> Placed:
        """A lost answer may hide that later generations were begun: they go too."""
        generation = placed.generation
        if guarded(placed):
            self._delete_version(placed)
        else:
            for later, path in self._paths(placed):
                self._delete(placed, later, there.get(path))
                generation = later if path in there else generation
        return taken_away(placed, generation + 1)

    def _delete_version(self, placed: Placed) -> None:
        """It is as we left it; otherwise it has to be read."""
        answer = self._server.delete(placed.vendor_id, placed.etag)
        if answer.status == 412:
            self._delete(placed, placed.generation, self._read(placed.calendar, placed.vendor_id))
        elif not answer.ok and answer.status not in GONE:
            raise denied(answer)

    def _delete(self, placed: Placed, generation: int, there: Object | None) -> None:
        """Only what bears our tag, and only the version that does."""
        for _ in range(MOST_RACES):
            if there is None or not is_ours(there, placed, generation):
                return
            answer = self._server.delete(there.path, there.etag)
            if answer.ok or answer.status in GONE:
                return
            if answer.status != 412:
                raise denied(answer)
            there = self._read(placed.calendar, there.path)
        raise PortError("conflict")

    # What stands

    def _standing(self, placed: Iterable[Placed]) -> There:
        """What stands where these do, or may, by path."""
        wanted: dict[str, list[str]] = {}
        for each in placed:
            wanted.setdefault(each.calendar, []).extend(path for _, path in self._paths(each))
        there: There = {}
        for calendar, paths in wanted.items():
            there |= self._server.read(self._server.home.path_of(calendar), paths)
        return there

    def _read(self, calendar: str, path: str) -> Object | None:
        return self._server.read(self._server.home.path_of(calendar), [path]).get(path)

    def _paths(self, placed: Placed) -> list[tuple[int, str]]:
        """Where it stands; when we are unsure, where later generations would."""
        last = placed.generation + (MOST_GENERATIONS if placed.unsure else 0)
        begun = ((n, self._path(placed.key, n, placed.calendar)) for n in range(placed.generation, last))
        known = [(placed.generation, placed.vendor_id)] if placed.vendor_id else []
        return known + [each for each in begun if each[1] != placed.vendor_id]

    def _path(self, key: str, generation: int, calendar: str) -> str:
        return self._server.home.path_of(calendar) + name_of(key, generation)


def _each(items: Iterable[T], work: Callable[[T], R]) -> list[R | PortError]:
    """One by one; trouble of the whole account is not asked for again."""
    results: list[R | PortError] = []
    trouble: PortError | None = None
    for item in items:
        try:
            if trouble:
                raise trouble
            results.append(work(item))
        except PortError as error:
            results.append(error)
            if error.auth or not (error.permanent or error.reason == "conflict"):
                trouble = error
    return results


def _known(entry: Entry, generation: int, there: Object | None = None) -> Placed:
    return Placed(
        entry.key,
        entry.appointment,
        entry.candidate,
        vendor_id=there.path if there else "",
        generation=generation,
        etag=there.etag if there else "",
        calendar=entry.calendar,
    )
