"""Google Calendar as a port: each call works in the name of one account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chouseiapo.adapters import told_in_place
from chouseiapo.adapters.google import free_busy, reading, writing
from chouseiapo.adapters.google.client import Client
from chouseiapo.adapters.google.reading import MOST_PARTS
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


class GoogleCalendar:
    """Implements ports.Calendar."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._client = Client(settings, tokens)

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        with self._client.account(link) as account:
            return told_in_place(in_chunks(writes, MOST_PARTS, lambda chunk: writing.put(account, chunk)))

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        with self._client.account(link) as account:
            return in_chunks(placed, MOST_PARTS, lambda chunk: writing.remove(account, chunk))

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        with self._client.account(link) as account:
            return in_chunks(placed, MOST_PARTS, lambda chunk: reading.look(account, chunk))

    def calendars(self, link: str) -> list[Listed]:
        with self._client.account(link) as account:
            return reading.calendars(account)

    def may_write(self, link: str, calendar: str) -> bool:
        with self._client.account(link) as account:
            return reading.may_write(account, calendar)

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008 - frozen
    ) -> list[Busy]:
        with self._client.account(link) as account:
            return free_busy.busy(account, calendars, start, end, counting)

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        with self._client.account(link) as account:
            return free_busy.schedules(account, addresses, start, end)

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        with self._client.account(link) as account:
            return reading.entries(account, calendar, start, end)

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        with self._client.account(link) as account:
            return reading.changes(account, calendar, since, start, end)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
