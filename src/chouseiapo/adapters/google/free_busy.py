"""When people are busy: by Google's own reckoning, or by what stands on a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chouseiapo.adapters import chunks, windows
from chouseiapo.adapters.google.account import PRIMARY, Account
from chouseiapo.adapters.google.events import Event, read
from chouseiapo.adapters.google.reading import entries
from chouseiapo.ports import Busy, Counting, PortError, counted

WINDOW = timedelta(days=31)  # how far Google looks in one query is not written down; two months by hearsay
MOST_CALENDARS = 50


def busy(
    account: Account, calendars: Sequence[str], start: datetime, end: datetime, counting: Counting
) -> list[Busy]:
    """Google's reckoning knows no rules of ours: where there are some, entries are read and counted."""
    ids = list(dict.fromkeys(calendars))
    if counting == Counting():
        return _by_query(account, ids, start, end)
    return [busy for id in ids for busy in _by_entries(account, id, start, end, counting)]


def _by_entries(
    account: Account, calendar: str, start: datetime, end: datetime, counting: Counting
) -> list[Busy]:
    """Of some calendars only busy times can be seen: then all of them count."""
    try:
        return counted(entries(account, calendar, start, end), counting)
    except PortError as error:
        if not calendar or error.reason not in ("no_permission", "calendar_not_found"):
            raise
        return _by_query(account, [calendar], start, end)


def _by_query(account: Account, calendars: Sequence[str], start: datetime, end: datetime) -> list[Busy]:
    found: list[Busy] = []
    for _, said in _asked(account, calendars, start, end):
        if said.get("errors"):
            raise _unknown(said)
        found += _periods(said)
    return found


def _unknown(said: Event) -> PortError:
    """With errors, "nothing busy" means that it is unknown, not that it is free."""
    if any(error.get("reason") == "notFound" for error in said["errors"]):
        return PortError("calendar_not_found", permanent=True)
    return PortError("busy_unknown")


def schedules(
    account: Account, addresses: Sequence[str], start: datetime, end: datetime
) -> dict[str, list[Busy] | None]:
    """None for whom one of the answers is an error."""
    found: dict[str, list[Busy] | None] = {address: [] for address in addresses}
    for address, said in _asked(account, list(found), start, end):
        known = found[address]
        found[address] = None if known is None or said.get("errors") else [*known, *_periods(said)]
    return found


def _asked(
    account: Account, calendars: Sequence[str], start: datetime, end: datetime
) -> Iterator[tuple[str, Event]]:
    """What Google says of each calendar in each window; of one it leaves out, it says an error."""
    for window in windows(start, end, WINDOW):
        for some in chunks(calendars, MOST_CALENDARS):
            said = account.expect(account.free_busy(some, *window)).get("calendars", {})
            # The account's own may be answered under its address.
            others = [told for id, told in said.items() if id not in some]
            for id in some:
                told = said.get(id or PRIMARY) or (others[0] if not id and others else None)
                yield id, told or {"errors": [{"reason": "missing"}]}


def _periods(said: Event) -> list[Busy]:
    return [Busy(read(period["start"]), read(period["end"])) for period in said.get("busy", [])]
