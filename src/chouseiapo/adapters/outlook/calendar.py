"""Putting, removing and reading entries: what to ask Graph for, and what to make of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from chouseiapo.adapters import Wire
from chouseiapo.adapters.outlook import events
from chouseiapo.adapters.outlook.events import Event, bears_tag, placed_as
from chouseiapo.adapters.outlook.graph import MOST_PARTS, Answer, Ask, Mailbox, refusal
from chouseiapo.config import Settings
from chouseiapo.ports import Busy, Entry, Found, Placed, PortError, Tokens, in_chunks

BUSY_WINDOW = timedelta(days=60)  # getSchedule takes less than 62
BUSY = frozenset({"tentative", "busy", "oof"})
MOST_GENERATIONS = 5


class OutlookCalendar:
    """Implements ports.Calendar."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._wire = Wire(settings, tokens, settings.graph_root)

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        mailbox = Mailbox(self._wire, link)
        return in_chunks(writes, MOST_PARTS, lambda chunk: _put(mailbox, chunk))

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        mailbox = Mailbox(self._wire, link)
        return in_chunks(placed, MOST_PARTS, lambda chunk: _remove(mailbox, chunk))

    def busy(self, link: str, start: datetime, end: datetime) -> list[Busy]:
        mailbox = Mailbox(self._wire, link)
        me = mailbox.answer(Ask("GET", "/me?$select=mail,userPrincipalName")).expect()
        address = me.get("mail") or me["userPrincipalName"]
        return [busy for window in _windows(start, end) for busy in _busy(mailbox, address, *window)]

    def entries(self, link: str, start: datetime, end: datetime) -> list[Found]:
        mailbox = Mailbox(self._wire, link)
        return [events.found(event) for event in mailbox.pages(events.view(start, end))]

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()


def _put(mailbox: Mailbox, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
    answers = mailbox.answers([_first(entry, placed) for entry, placed in writes])
    return [_settled(mailbox, *write, answer) for write, answer in zip(writes, answers, strict=True)]


def _first(entry: Entry, placed: Placed) -> Ask:
    if placed.vendor_id:
        return events.change(entry, placed.vendor_id, placed.etag)
    if placed.unsure:
        return events.look_up(entry.appointment, entry.candidate)
    return events.create(entry, placed.generation)


def _settled(mailbox: Mailbox, entry: Entry, placed: Placed, answer: Answer) -> Placed | PortError:
    """What became of the first request; what it needs beyond that is done one by one."""
    try:
        if placed.vendor_id:
            return _changed(mailbox, entry, placed, answer)
        if placed.unsure:
            return _looked_up(mailbox, entry, placed.generation, answer)
        return _created(mailbox, entry, placed.generation, answer) or _create(
            mailbox, entry, placed.generation + 1
        )
    except PortError as error:
        return error


def _changed(mailbox: Mailbox, entry: Entry, placed: Placed, answer: Answer) -> Placed:
    """An entry that stood: somebody may have changed (412) or deleted (404) it meanwhile."""
    if answer.ok:
        return placed_as(entry, placed.generation, answer.body)
    if answer.status == 412:
        standing = mailbox.answer(events.get(placed.vendor_id))
        if standing.ok and bears_tag(standing.body, entry.appointment, entry.candidate):
            return _adopt(mailbox, entry, placed.generation, standing.body)
    elif answer.status != 404:
        raise refusal(answer)
    if placed.unsure:  # a lost answer may hide that it was made anew already
        looked = mailbox.answer(events.look_up(entry.appointment, entry.candidate))
        return _looked_up(mailbox, entry, placed.generation + 1, looked)
    return _create(mailbox, entry, placed.generation + 1)


def _looked_up(mailbox: Mailbox, entry: Entry, generation: int, answer: Answer) -> Placed:
    """Adopt what bears the entry's tag; there should never be more than one, and then there is not."""
    standing = _tagged(answer, entry.appointment, entry.candidate)
    for surplus in standing[1:]:
        _delete(mailbox, surplus["id"])
    if standing:
        return _adopt(mailbox, entry, generation, standing[0])
    return _create(mailbox, entry, generation, unsure=True)


def _create(mailbox: Mailbox, entry: Entry, generation: int, unsure: bool = False) -> Placed:
    for later in range(generation, generation + MOST_GENERATIONS):
        answer = mailbox.answer(events.create(entry, later))
        if made := _created(mailbox, entry, later, answer, unsure):
            return made
    raise PortError("conflict")


def _created(
    mailbox: Mailbox, entry: Entry, generation: int, answer: Answer, unsure: bool = False
) -> Placed | None:
    """None when the transactionId belongs to an event that is gone: another has to be used."""
    if answer.ok and unsure:  # perhaps the event that an earlier try made, with what was wanted then
        return _adopt(mailbox, entry, generation, answer.body)
    if answer.ok:
        return placed_as(entry, generation, answer.body)
    if answer.status != 409 and answer.error.get("code") != "ErrorDuplicateTransactionId":
        raise refusal(answer)
    standing = _existing(mailbox, entry, answer)
    return _adopt(mailbox, entry, generation, standing) if standing else None


def _existing(mailbox: Mailbox, entry: Entry, answer: Answer) -> Event | None:
    """The event that took the transactionId: named in the error, or found by its tag."""
    if id := answer.error.get("@event.existingEventId"):
        standing = mailbox.answer(events.get(id))
        if standing.ok and bears_tag(standing.body, entry.appointment, entry.candidate):
            return standing.body
    looked = mailbox.answer(events.look_up(entry.appointment, entry.candidate))
    return next(iter(_tagged(looked, entry.appointment, entry.candidate)), None)


def _adopt(mailbox: Mailbox, entry: Entry, generation: int, standing: Event) -> Placed:
    change = events.change(entry, standing["id"], standing.get("@odata.etag", ""))
    return placed_as(entry, generation, mailbox.answer(change).expect())


def _tagged(answer: Answer, appointment: str, candidate: str) -> list[Event]:
    listed: list[Event] = answer.expect().get("value", [])
    return [event for event in listed if bears_tag(event, appointment, candidate)]


def _remove(mailbox: Mailbox, chunk: Sequence[Placed]) -> list[Placed | PortError]:
    present = [placed for placed in chunk if placed.present]
    asks = [
        events.look_up(placed.appointment, placed.candidate)
        if placed.unsure
        else events.delete(placed.vendor_id)
        for placed in present
    ]
    answers = mailbox.answers(asks)
    removed = {p.key: _removed(mailbox, p, answer) for p, answer in zip(present, answers, strict=True)}
    return [removed.get(placed.key, placed) for placed in chunk]


def _removed(mailbox: Mailbox, placed: Placed, answer: Answer) -> Placed | PortError:
    """Whatever bears the tag goes when we are unsure: a lost answer may hide that the next was made."""
    try:
        if placed.unsure:
            ids = [event["id"] for event in _tagged(answer, placed.appointment, placed.candidate)]
            for id in dict.fromkeys([*ids, placed.vendor_id]):
                if id:
                    _delete(mailbox, id)
        elif answer.status != 404:
            answer.expect()
    except PortError as error:
        return error
    begun = 2 if placed.unsure else 1
    return Placed(placed.key, placed.appointment, placed.candidate, generation=placed.generation + begun)


def _delete(mailbox: Mailbox, id: str) -> None:
    answer = mailbox.answer(events.delete(id))
    if answer.status != 404:
        answer.expect()


def _busy(mailbox: Mailbox, address: str, start: datetime, end: datetime) -> list[Busy]:
    (schedule,) = mailbox.answer(events.schedule(address, start, end)).expect()["value"]
    if schedule.get("error"):  # answered with 200; what is unknown is not free
        raise PortError("busy_unknown")
    items: list[dict[str, Any]] = schedule.get("scheduleItems", [])
    return [
        Busy(events.read(item["start"]), events.read(item["end"]))
        for item in items
        if item.get("status") in BUSY
    ]


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces that getSchedule takes."""
    while start < end:
        yield start, min(start + BUSY_WINDOW, end)
        start += BUSY_WINDOW
