"""What stands on an account's calendars, and what has changed there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from caldav.elements import dav
from caldav.elements.base import BaseElement

from chouseiapo.adapters.caldav.dav import GONE, Answer, within
from chouseiapo.adapters.caldav.found import Object, Reader, is_ours
from chouseiapo.adapters.caldav.listing import Collection, calendar_at, calendars_in
from chouseiapo.adapters.caldav.objects import name_of
from chouseiapo.adapters.caldav.server import Server
from chouseiapo.ports import Busy, Changes, Counting, Found, Listed, Placed, PortError, counted

MOST_PAGES = 100
VALID_TOKEN = "{DAV:}valid-sync-token"  # noqa: S105 - a condition's name
SYNC, STATE = "sync:", "state:"


class GetCtag(BaseElement):
    """Of the Calendar Server; most servers have it."""

    tag = "{http://calendarserver.org/ns/}getctag"


class Window(NamedTuple):
    start: datetime
    end: datetime


class Reading:
    """Reads in one account's name."""

    def __init__(self, server: Server, reader: Reader) -> None:
        self._server = server
        self._reader = reader

    def calendars(self) -> list[Listed]:
        home, propfind = self._server.home, self._server.properties
        listed = {found.path: found for found in calendars_in(propfind, home.homes)}
        own = listed.pop(home.path_of(""), None) or calendar_at(propfind, home.path_of(""))
        others = sorted(listed.values(), key=lambda found: (found.name, found.path))
        return [_listed("", own), *(_listed(found.path, found) for found in others)]

    def may_write(self, calendar: str) -> bool:
        return calendar_at(self._server.properties, self._server.home.path_of(calendar)).writable

    def busy(self, calendars: Sequence[str], window: Window, counting: Counting) -> list[Busy]:
        found = [entry for each in dict.fromkeys(calendars) for entry in self.entries(each, window)]
        if counting == Counting():
            return [Busy(entry.start, entry.end) for entry in found if not entry.free]
        return counted(found, counting)

    def entries(self, calendar: str, window: Window) -> list[Found]:
        there = self._server.query(self._server.home.path_of(calendar), *window)
        return _in_order(entry for each in there for entry in self._reader.between(each, *window))

    def look(self, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        paths = [self._where(each) for each in placed]
        calendars = dict.fromkeys(each.calendar for each in placed)
        there: dict[str, Object] = {}
        for calendar in calendars:
            of_this = [path for path, each in zip(paths, placed, strict=True) if each.calendar == calendar]
            there |= self._server.read(self._server.home.path_of(calendar), of_this)
        return [
            self._reader.one(there[path]) if path in there and is_ours(there[path], each) else None
            for path, each in zip(paths, placed, strict=True)
        ]

    def _where(self, placed: Placed) -> str:
        home = self._server.home
        return placed.vendor_id or home.path_of(placed.calendar) + name_of(placed.key, placed.generation)

    # What has changed

    def changes(self, calendar: str, since: str, window: Window) -> Changes:
        path = self._server.home.path_of(calendar)
        if since.startswith(SYNC):
            return self._changed(path, since.removeprefix(SYNC), window)
        if since and not since.startswith(STATE):
            raise PortError("resync")
        # Before it is read, so that what comes meanwhile is told twice rather than not at all.
        token = self._token(path)
        if since and since == token:
            return Changes([], [], token, whole=False)
        return Changes(self.entries(calendar, window), [], token, whole=True)

    def _token(self, path: str) -> str:
        """A point in the calendar's time: its sync token, or what it says of its state as a whole."""
        said = self._server.properties(path, dav.SyncToken, dav.SupportedReportSet, GetCtag)[0]
        token = said.text(dav.SyncToken).strip()
        if token and str(dav.SyncCollection.tag) in said.names(dav.SupportedReportSet):
            return SYNC + token
        return STATE + (said.text(GetCtag).strip() or self._etags(path))

    def _etags(self, path: str) -> str:
        listed = self._server.properties(path, dav.GetEtag, depth=1)
        state = sorted(f"{found.path} {found.text(dav.GetEtag)}" for found in listed)
        return hashlib.sha256("\n".join(state).encode()).hexdigest()

    def _changed(self, path: str, token: str, window: Window) -> Changes:
        """The latest that is said of each object counts: it may come, go and come again from page to page."""
        latest: dict[str, bool] = {}
        for _ in range(MOST_PAGES):
            answer = self._synced(path, token)
            pages = [found for found in answer.resources() if found.path != path]
            latest |= {found.path: found.status not in GONE for found in pages if found.status != 507}
            token = _token_of(answer)
            if not any(found.status == 507 for found in answer.resources()):
                return self._told(path, latest, token, window)
        raise PortError("unavailable")

    def _synced(self, path: str, token: str) -> Answer:
        since = dav.SyncToken(value=token), dav.SyncLevel(value="1")
        body = within(dav.SyncCollection(), *since, within(dav.Prop(), dav.GetEtag()))
        answer = self._server.send("REPORT", path, body, {"Depth": "0"})
        if _is_too_old(answer):
            raise PortError("resync")
        return answer

    def _told(self, path: str, latest: dict[str, bool], token: str, window: Window) -> Changes:
        there = self._server.read(path, (each for each, stands in latest.items() if stands))
        told = {each: self._reader.whole(found, *window) for each, found in there.items()}
        entries = _in_order(entry for found in told.values() for entry in found)
        return Changes(entries, [each for each in latest if not told.get(each)], SYNC + token, whole=False)


def _in_order(entries: Iterable[Found]) -> list[Found]:
    return sorted(entries, key=lambda entry: (entry.start, entry.end, entry.vendor_id))


def _token_of(answer: Answer) -> str:
    found = answer.tree.find(dav.SyncToken.tag)
    if found is None or not found.text:
        raise PortError("resync")
    return str(found.text).strip()


def _is_too_old(answer: Answer) -> bool:
    """RFC 6578, 3.2 has one way of saying it; servers have more."""
    return VALID_TOKEN in answer.conditions or answer.status in (400, 409, 410, 412, 501)


def _listed(id: str, found: Collection) -> Listed:
    return Listed(id, found.name, found.writable)
