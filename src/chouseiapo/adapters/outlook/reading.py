"""Reading entries, calendars and changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chouseiapo.adapters.outlook import asks
from chouseiapo.adapters.outlook.events import Event, bears_tag, found
from chouseiapo.adapters.outlook.graph import Answer, Mailbox, refusal
from chouseiapo.ports import Changes, Found, Listed, Placed, PortError

STALE = (400, 410)  # a link that Graph has forgotten, or can't read any more


def entries(mailbox: Mailbox, calendar: str, start: datetime, end: datetime) -> list[Found]:
    return [found(event) for event in mailbox.pages(asks.view(calendar, start, end))]


def look(mailbox: Mailbox, chunk: Sequence[Placed]) -> list[Found | PortError | None]:
    """One question for all of an appointment's entries on a calendar."""
    groups = list(dict.fromkeys((p.calendar, p.appointment) for p in chunk if p.present))
    answers = dict(zip(groups, mailbox.answers([asks.tagged(*group) for group in groups]), strict=True))
    return [_seen(p, answers[p.calendar, p.appointment]) if p.present else None for p in chunk]


def _seen(placed: Placed, answer: Answer) -> Found | PortError | None:
    if not answer.ok:
        return refusal(answer)
    ours = [event for event in answer.body.get("value", []) if bears_tag(event, placed)]
    return next((found(event) for event in ours if placed.vendor_id in ("", event["id"])), None)


def calendars(mailbox: Mailbox) -> list[Listed]:
    """The account's own first. What others share appears here too; it is written as their mailbox."""
    listed = sorted(mailbox.pages(asks.calendars()), key=lambda each: not each.get("isDefaultCalendar"))
    owner = _owner(listed[0]) if listed else ""
    return [
        Listed(
            id="" if each.get("isDefaultCalendar") else each["id"],
            name=each.get("name") or "",
            writable=bool(each.get("canEdit")) and _owner(each) == owner,
        )
        for each in listed
    ]


def may_write(mailbox: Mailbox, calendar: str) -> bool:
    return bool(mailbox.answer(asks.rights(calendar)).expect().get("canEdit"))


def _owner(calendar: Event) -> str:
    return str((calendar.get("owner") or {}).get("address") or "").casefold()


def changes(mailbox: Mailbox, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
    if since and not mailbox.reaches(since):
        raise PortError("resync")
    events: list[Event] = []
    link, ask = "", asks.following(since) if since else asks.delta(calendar, start, end)
    while not link:
        page = _page(mailbox.answer(ask), since)
        events += page.get("value", [])
        link = page.get("@odata.deltaLink", "")
        ask = asks.following(page.get("@odata.nextLink", ""))
    return Changes(
        entries=[found(event) for event in _whole(events)],
        gone=[event["id"] for event in events if "@removed" in event],
        token=link,
        whole=not since,
    )


def _page(answer: Answer, since: str) -> Mapping[str, Any]:
    if since and answer.status in STALE:
        raise PortError("resync")
    page = answer.expect()
    if "@odata.deltaLink" not in page and "@odata.nextLink" not in page:
        raise PortError("unreachable")  # no answer of the form that changes have
    return page


def _whole(events: Sequence[Event]) -> Iterator[Event]:
    """Occurrences of a series say little beside their times: the rest stands in the series' master, which
    is told along with them and is no entry itself.
    """
    masters = {event["id"]: event for event in events if event.get("type") == "seriesMaster"}
    for event in events:
        if "@removed" not in event and event["id"] not in masters:
            yield masters.get(event.get("seriesMasterId") or "", {}) | event
