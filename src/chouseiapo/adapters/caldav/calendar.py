"""The port, in one account's name at a time; what it takes is imported when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chouseiapo.adapters import Pool, told_in_place
from chouseiapo.adapters.caldav.hosts import Hosts
from chouseiapo.config import Settings
from chouseiapo.ports import (
    Busy,
    Changes,
    Counting,
    Entry,
    Found,
    Listed,
    Placed,
    PortError,
    Tokens,
    in_chunks,
)

if TYPE_CHECKING:
    from chouseiapo.adapters.caldav.reading import Reading
    from chouseiapo.adapters.caldav.server import Server
    from chouseiapo.adapters.caldav.session import GuardedSession

MOST_AT_ONCE = 50


class CaldavCalendar:
    """Implements ports.Calendar. `clock` tells the present instant, UTC."""

    def __init__(self, settings: Settings, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._sessions = Pool(functools.partial(_session, settings))

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        from chouseiapo.adapters.caldav.writing import Writer

        if not writes:
            return []
        with self._server(link) as server:
            writer = Writer(server, self._clock())
            return told_in_place(in_chunks(writes, MOST_AT_ONCE, writer.put))

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        from chouseiapo.adapters.caldav.writing import Writer

        if not any(each.present for each in placed):
            return list(placed)
        with self._server(link) as server:
            return in_chunks(placed, MOST_AT_ONCE, Writer(server, self._clock()).remove)

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        if not placed:
            return []
        with self._reading(link) as reading:
            return reading.look(placed)

    def calendars(self, link: str) -> list[Listed]:
        with self._reading(link) as reading:
            return reading.calendars()

    def may_write(self, link: str, calendar: str) -> bool:
        with self._reading(link) as reading:
            return reading.may_write(calendar)

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008 - frozen
    ) -> list[Busy]:
        """From entries: a server's own free/busy would count ours, and does not know how to count."""
        from chouseiapo.adapters.caldav.reading import Window

        with self._reading(link) as reading:
            return reading.busy(calendars, Window(start, end), counting)

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        """Nobody else's: few servers tell, and those that do mail the people whom they are asked about."""
        return dict.fromkeys(addresses)

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        from chouseiapo.adapters.caldav.reading import Window

        with self._reading(link) as reading:
            return reading.entries(calendar, Window(start, end))

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        from chouseiapo.adapters.caldav.reading import Window

        with self._reading(link) as reading:
            return reading.changes(calendar, since, Window(start, end))

    def close(self) -> None:
        """Close all connections."""
        self._sessions.close()

    @contextmanager
    def _reading(self, link: str) -> Iterator[Reading]:
        from chouseiapo.adapters.caldav.found import Reader
        from chouseiapo.adapters.caldav.reading import Reading

        with self._server(link) as server:
            yield Reading(server, Reader(self._settings.zone, server.home.addresses))

    @contextmanager
    def _server(self, link: str) -> Iterator[Server]:
        from chouseiapo.adapters.caldav.server import Server

        with self._sessions.one() as session:
            yield Server(session, self._tokens, link)


class Discovered(NamedTuple):
    """access: what the calendar needs. calendar: the path of the account's own."""

    access: str
    principal: str
    email: str
    calendar: str


class CaldavDiscovery:
    """Finds an account's calendars from what a person types: a host, an address of mail, or any address of
    the server, of themselves there, of their calendars, or of one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, url: str, user: str, password: str, calendar: str = "") -> Discovered:
        """`calendar`: the account's own, where it has been found before.

        Raises PortError: token_refused, unreachable, unavailable, certificate_not_trusted, not_caldav,
        no_calendar, address_invalid, address_not_allowed, https_required, redirected_elsewhere,
        sign_in_not_supported.
        """
        from chouseiapo.adapters.caldav.finding import Finder

        with _session(self._settings) as session:
            home = Finder(session, Hosts(self._settings), url, user, password).find(calendar)
        access = msgspec.json.encode(home).decode()
        return Discovered(access, home.principal, [*home.addresses, user][0], home.calendar)


def _session(settings: Settings) -> GuardedSession:
    from chouseiapo.adapters.caldav.session import GuardedSession

    return GuardedSession(settings)
