"""Putting, removing and reading entries: what to ask Google for, and what to make of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chouseiapo.adapters.google.client import THROTTLED, Account, Client, reason, refusal
from chouseiapo.adapters.google.events import found, is_ours, placed_as, read
from chouseiapo.config import Settings
from chouseiapo.ports import Busy, Entry, Found, Placed, PortError, Tokens, in_chunks

if TYPE_CHECKING:
    from chouseiapo.adapters.google.client import Answer

MOST_PARTS = 50  # the guide says 1000 now and said 50 before
BUSY_WINDOW = timedelta(days=31)
MOST_GENERATIONS = 5


class GoogleCalendar:
    """Implements ports.Calendar."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._client = Client(settings, tokens)

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        with self._client.account(link) as account:
            return in_chunks(writes, MOST_PARTS, lambda chunk: _put(account, chunk))

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        with self._client.account(link) as account:
            return in_chunks(placed, MOST_PARTS, lambda chunk: _remove(account, chunk))

    def busy(self, link: str, start: datetime, end: datetime) -> list[Busy]:
        with self._client.account(link) as account:
            return [busy for window in _windows(start, end) for busy in _busy(account, *window)]

    def entries(self, link: str, start: datetime, end: datetime) -> list[Found]:
        with self._client.account(link) as account:
            return [
                found(event, ZoneInfo(page.get("timeZone", "UTC")))
                for page in account.pages(start, end)
                for event in page.get("items", [])
            ]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _put(account: Account, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
    answers = account.answers(
        [
            account.patch(entry, placed.generation, placed.etag)
            if placed.vendor_id
            else account.insert(entry, placed.generation)
            for entry, placed in writes
        ]
    )
    return [_settled(account, *write, answer) for write, answer in zip(writes, answers, strict=True)]


def _settled(account: Account, entry: Entry, placed: Placed, answer: Answer) -> Placed | PortError:
    """What became of the first request; what it needs beyond that is done one by one."""
    if isinstance(answer, dict):
        return placed_as(entry, placed.generation, answer)
    # 409: the id is taken. 412: somebody changed the event. 403, 404, 410: perhaps somebody deleted it.
    mendable = (403, 404, 410, 412) if placed.vendor_id else (409,)
    if answer.status_code not in mendable or reason(answer) in THROTTLED:
        return refusal(answer)
    try:
        return _mend(account, entry, placed.generation)
    except PortError as error:
        return error


def _mend(account: Account, entry: Entry, generation: int) -> Placed:
    """Make right what stands under our id; where that is no longer ours, take the next generation's."""
    for later in range(generation, generation + MOST_GENERATIONS):
        if later > generation:
            inserted = account.answer(account.insert(entry, later))
            if isinstance(inserted, dict):
                return placed_as(entry, later, inserted)
            if inserted.status_code != 409:
                raise refusal(inserted)
        if adopted := _adopt(account, entry, later):
            return adopted
    raise PortError("conflict")


def _adopt(account: Account, entry: Entry, generation: int) -> Placed | None:
    """Patch what stands under the id, with its present etag; None when it is deleted or not ours."""
    standing = account.answer(account.get(entry.key, generation))
    if not isinstance(standing, dict):
        if standing.status_code in (404, 410):
            return None
        raise refusal(standing)
    if not is_ours(standing, entry):
        return None
    patched = account.answer(account.patch(entry, generation, standing["etag"], standing))
    if isinstance(patched, dict):
        return placed_as(entry, generation, patched)
    raise refusal(patched)


def _remove(account: Account, chunk: Sequence[Placed]) -> list[Placed | PortError]:
    present = [placed for placed in chunk if placed.present]
    answers = account.answers([account.delete(placed.key, placed.generation) for placed in present])
    removed = {p.key: _removed(account, p, answer) for p, answer in zip(present, answers, strict=True)}
    return [removed.get(placed.key, placed) for placed in chunk]


def _removed(account: Account, placed: Placed, answer: Answer) -> Placed | PortError:
    """A lost answer may hide that later generations were begun: they go too, up to one that never was."""
    generation = placed.generation
    while isinstance(answer, dict) or answer.status_code in (404, 410):
        generation += 1
        never_was = not isinstance(answer, dict) and answer.status_code == 404
        if never_was or not placed.unsure:
            return Placed(placed.key, placed.appointment, placed.candidate, generation=generation)
        try:
            answer = account.answer(account.delete(placed.key, generation))
        except PortError as error:
            return error
    return refusal(answer)


def _busy(account: Account, start: datetime, end: datetime) -> list[Busy]:
    (calendar,) = account.expect(account.free_busy(start, end))["calendars"].values()
    # With errors, "nothing busy" means that it is unknown, not that it is free.
    for error in calendar.get("errors", []):
        if error.get("reason") == "notFound":
            raise PortError("calendar_not_found", permanent=True)
        raise PortError("busy_unknown")
    return [Busy(read(period["start"]), read(period["end"])) for period in calendar.get("busy", [])]


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces: Google refuses to look far in one query."""
    while start < end:
        yield start, min(start + BUSY_WINDOW, end)
        start += BUSY_WINDOW
