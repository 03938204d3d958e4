"""When people are busy: by Exchange's own reckoning, or by what stands on a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chouseiapo.adapters import chunks, windows
from chouseiapo.adapters.outlook import asks
from chouseiapo.adapters.outlook.events import BUSY, read
from chouseiapo.adapters.outlook.graph import Mailbox
from chouseiapo.adapters.outlook.reading import entries
from chouseiapo.ports import Busy, Counting, PortError, counted

WINDOW = timedelta(days=60)  # getSchedule takes less than 62
MOST_MAILBOXES = 20
VIEW_STEP = timedelta(minutes=30)  # of availabilityView, unless another is asked for
FREE = frozenset("04")  # free, and working elsewhere

Schedule = Mapping[str, Any]


def busy(
    mailbox: Mailbox, calendars: Sequence[str], start: datetime, end: datetime, counting: Counting
) -> list[Busy]:
    """Exchange reckons for whole mailboxes, and knows no rules of ours: whatever else is asked for is read
    from the entries.
    """
    ids = list(dict.fromkeys(calendars))
    reckoned = [id for id in ids if counting == Counting() and (not id or asks.is_mailbox(id))]
    found = _by_schedule(mailbox, reckoned, start, end)
    return found + [
        busy for id in ids if id not in reckoned for busy in _by_entries(mailbox, id, start, end, counting)
    ]


def _by_entries(
    mailbox: Mailbox, calendar: str, start: datetime, end: datetime, counting: Counting
) -> list[Busy]:
    """Of some mailboxes only busy times can be seen: then all of them count."""
    try:
        return counted(entries(mailbox, calendar, start, end), counting)
    except PortError as error:
        if not calendar or error.reason not in ("no_permission", "calendar_not_found"):
            raise
        if asks.is_mailbox(calendar):
            return _by_schedule(mailbox, [calendar], start, end)
        # Somebody shares it no longer; that does not break the account.
        raise PortError("calendar_not_found", permanent=True) from None


def _by_schedule(mailbox: Mailbox, calendars: Sequence[str], start: datetime, end: datetime) -> list[Busy]:
    """What is unknown is not free."""
    addresses = [calendar or _own_address(mailbox) for calendar in calendars]
    found = schedules(mailbox, addresses, start, end)
    return [busy for address in addresses for busy in _known(found[address])]


def _known(schedule: list[Busy] | None) -> list[Busy]:
    if schedule is None:
        raise PortError("busy_unknown")
    return schedule


def _own_address(mailbox: Mailbox) -> str:
    me = mailbox.answer(asks.account()).expect()
    return str(me.get("mail") or me["userPrincipalName"])


def schedules(
    mailbox: Mailbox, addresses: Sequence[str], start: datetime, end: datetime
) -> dict[str, list[Busy] | None]:
    """None for whom one of the answers is an error."""
    found: dict[str, list[Busy] | None] = {address: [] for address in addresses}
    for window in windows(start, end, WINDOW):
        for some in chunks(list(found), MOST_MAILBOXES):
            answer = mailbox.answer(asks.schedules(some, *window)).expect()
            told = {str(each.get("scheduleId")).casefold(): each for each in answer.get("value", [])}
            for address in some:
                found[address] = _joined(found[address], told.get(address.casefold()), window[0])
    return found


def _joined(known: list[Busy] | None, schedule: Schedule | None, start: datetime) -> list[Busy] | None:
    """An error stands beside the mailbox, while HTTP says 200."""
    if known is None or schedule is None or schedule.get("error"):
        return None
    return [*known, *_periods(schedule, start)]


def _periods(schedule: Schedule, start: datetime) -> Iterator[Busy]:
    """Who may see no more than whether somebody is busy is told no items, just a digit for each half hour."""
    items = schedule.get("scheduleItems") or []
    for item in items:
        if item.get("status") in BUSY:
            yield Busy(read(item["start"]), read(item["end"]))
    for number, digit in enumerate("" if items else schedule.get("availabilityView") or ""):
        if digit not in FREE:
            yield Busy(start + number * VIEW_STEP, start + (number + 1) * VIEW_STEP)
