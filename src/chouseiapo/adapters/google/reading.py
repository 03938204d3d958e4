"""Reading entries, calendars and changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chouseiapo.adapters import chunks
from chouseiapo.adapters.google.account import Account
from chouseiapo.adapters.google.answers import GONE, refusal
from chouseiapo.adapters.google.events import Event, event_id, found, is_ours
from chouseiapo.ports import Changes, Found, Listed, Placed, PortError

if TYPE_CHECKING:
    from chouseiapo.adapters.google.answers import Answer

WRITERS = ("owner", "writer")
MOST_PARTS = 50  # the guide says 1000 now and said 50 before


def entries(account: Account, calendar: str, start: datetime, end: datetime) -> list[Found]:
    return [each for page in account.pages(calendar, start, end) for each in _listed(account, page)]


def changes(account: Account, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
    """A page that has no token yet has another after it; deleted events come as cancelled ones."""
    pages = list(account.changed(calendar, since, start, end))
    return Changes(
        entries=[each for page in pages for each in _listed(account, page)],
        gone=[event["id"] for page in pages for event in page.get("items", []) if _is_gone(event)],
        token=pages[-1].get("nextSyncToken", ""),
        whole=not since,
    )


def _listed(account: Account, page: Event) -> list[Found]:
    zone = ZoneInfo(page.get("timeZone", "UTC"))
    return [found(event, zone, account.our_zone) for event in page.get("items", []) if not _is_gone(event)]


def _is_gone(event: Event) -> bool:
    return event.get("status") == "cancelled"


def look(account: Account, chunk: Sequence[Placed]) -> list[Found | PortError | None]:
    present = [placed for placed in chunk if placed.present]
    asked = [account.get(placed.calendar, event_id(placed.key, placed.generation)) for placed in present]
    answers = zip(present, account.answers(asked), strict=True)
    seen = {placed.key: _seen(account, placed, answer) for placed, answer in answers}
    return [seen.get(placed.key) for placed in chunk]


def _seen(account: Account, placed: Placed, answer: Answer) -> Found | PortError | None:
    """Deleted events can be read for a while; 404 may also mean that the whole calendar is out of reach."""
    try:
        if isinstance(answer, dict):
            if not is_ours(answer, placed):
                return None
            return found(answer, account.our_zone, account.our_zone)
        if answer.status_code == 404:
            account.zone(placed.calendar)
        return None if answer.status_code in GONE else refusal(answer)
    except PortError as error:
        return error


def calendars(account: Account) -> list[Listed]:
    """The account's own first. What others own can be written by some consents and not by others: whether
    ours lets us, is asked.
    """
    listed = sorted(account.calendar_list(), key=lambda each: not each.get("primary"))
    shared = [each["id"] for each in listed if each["accessRole"] == "writer"]
    open_to_us = {id for some in chunks(shared, MOST_PARTS) for id in _readable(account, some)}
    return [
        Listed(
            id="" if each.get("primary") else each["id"],
            name=each.get("summaryOverride") or each.get("summary", ""),
            writable=each["accessRole"] == "owner" or each["id"] in open_to_us,
        )
        for each in listed
    ]


def may_write(account: Account, calendar: str) -> bool:
    return account.expect(account.head(calendar)).get("accessRole") in WRITERS


def _readable(account: Account, calendars: Sequence[str]) -> list[str]:
    """With `calendar.events.owned`, the events of what others own can't even be listed."""
    answers = account.answers([account.head(calendar) for calendar in calendars])
    return [id for id, answer in zip(calendars, answers, strict=True) if isinstance(answer, dict)]
