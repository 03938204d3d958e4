"""Outlook calendars as a port: each call works in the name of one account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chouseiapo.adapters import Wire, told_in_place
from chouseiapo.adapters.outlook import free_busy, reading, writing
from chouseiapo.adapters.outlook.graph import MOST_PARTS, Mailbox
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


class OutlookCalendar:
    """Implements ports.Calendar."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._wire = Wire(settings, tokens, settings.graph_root)

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        mailbox = Mailbox(self._wire, link)
        return told_in_place(in_chunks(writes, MOST_PARTS, lambda chunk: writing.put(mailbox, chunk)))

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        mailbox = Mailbox(self._wire, link)
        return in_chunks(placed, MOST_PARTS, lambda chunk: writing.remove(mailbox, chunk))

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        mailbox = Mailbox(self._wire, link)
        return in_chunks(placed, MOST_PARTS, lambda chunk: reading.look(mailbox, chunk))

    def calendars(self, link: str) -> list[Listed]:
        return reading.calendars(Mailbox(self._wire, link))

    def may_write(self, link: str, calendar: str) -> bool:
        return reading.may_write(Mailbox(self._wire, link), calendar)

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008 - frozen
    ) -> list[Busy]:
        return free_busy.busy(Mailbox(self._wire, link), calendars, start, end, counting)

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        return free_busy.schedules(Mailbox(self._wire, link), addresses, start, end)

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        return reading.entries(Mailbox(self._wire, link), calendar, start, end)

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        return reading.changes(Mailbox(self._wire, link), calendar, since, start, end)

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()
