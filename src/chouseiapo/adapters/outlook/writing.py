"""Putting and removing entries: what to ask Graph for, and what to make of its answers."""

from __future__ import annotations

from collections.abc import Sequence

from chouseiapo.adapters import guarded, taken_away
from chouseiapo.adapters.outlook import asks
from chouseiapo.adapters.outlook.events import Event, bears_tag, placed_as
from chouseiapo.adapters.outlook.graph import Answer, Ask, Mailbox, refusal
from chouseiapo.ports import Entry, Placed, PortError

MOST_GENERATIONS = 5


def put(mailbox: Mailbox, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError | None]:
    """None where a guarded write met another version."""
    answers = mailbox.answers([_first(entry, placed) for entry, placed in writes])
    return [_settled(mailbox, *write, answer) for write, answer in zip(writes, answers, strict=True)]


def _first(entry: Entry, placed: Placed) -> Ask:
    if guarded(placed):
        return asks.change(entry, placed.vendor_id, placed.etag)
    return _look_up(entry) if placed.present else asks.create(entry, placed.generation)


def _look_up(ours: Entry | Placed) -> Ask:
    return asks.tagged(ours.calendar, ours.appointment, ours.candidate)


def _settled(mailbox: Mailbox, entry: Entry, placed: Placed, answer: Answer) -> Placed | PortError | None:
    """What became of the first request; what it needs beyond that is done one by one."""
    try:
        if guarded(placed):
            return _changed(mailbox, entry, placed, answer)
        if placed.present:
            return _looked_up(mailbox, entry, placed, answer)
        made = _created(mailbox, entry, placed.generation, answer)
        return made or _create(mailbox, entry, placed.generation + 1)
    except PortError as error:
        return error


def _changed(mailbox: Mailbox, entry: Entry, placed: Placed, answer: Answer) -> Placed | None:
    """An entry that stood as we left it, or somebody changed (412) or deleted it since."""
    if answer.ok:
        return placed_as(entry, placed.generation, answer.body)
    if answer.is_gone or answer.status == 412 or (answer.status == 403 and not _stands(mailbox, entry)):
        return None
    raise refusal(answer)


def _stands(mailbox: Mailbox, entry: Entry) -> bool:
    """What is deleted may be refused like what is forbidden."""
    return bool(_tagged(mailbox.answer(_look_up(entry)), entry))


def _looked_up(mailbox: Mailbox, entry: Entry, placed: Placed, answer: Answer) -> Placed:
    """Adopt what bears the entry's tag; there should never be more than one, and then there is not."""
    standing = sorted(_tagged(answer, entry), key=lambda event: event["id"] != placed.vendor_id)
    for surplus in standing[1:]:
        _delete(mailbox, entry.calendar, surplus["id"])
    if standing:
        return _adopt(mailbox, entry, placed.generation, standing[0])
    used_up = 1 if placed.vendor_id else 0
    return _create(mailbox, entry, placed.generation + used_up, unsure=True)


def _create(mailbox: Mailbox, entry: Entry, generation: int, unsure: bool = False) -> Placed:
    for later in range(generation, generation + MOST_GENERATIONS):
        answer = mailbox.answer(asks.create(entry, later))
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
    standing = _tagged(mailbox.answer(_look_up(entry)), entry)
    return _adopt(mailbox, entry, generation, standing[0]) if standing else None


def _adopt(mailbox: Mailbox, entry: Entry, generation: int, standing: Event) -> Placed:
    change = asks.change(entry, standing["id"], standing.get("@odata.etag", ""))
    return placed_as(entry, generation, mailbox.answer(change).expect())


def _tagged(answer: Answer, ours: Entry | Placed) -> list[Event]:
    listed: list[Event] = answer.expect().get("value", [])
    return [event for event in listed if bears_tag(event, ours)]


def remove(mailbox: Mailbox, chunk: Sequence[Placed]) -> list[Placed | PortError]:
    """Answered by place: entries that nobody wants have no keys of their own."""
    asked = [_look_up(p) if p.unsure else asks.delete(p.calendar, p.vendor_id) for p in chunk if p.present]
    answers = iter(mailbox.answers(asked))
    return [_removed(mailbox, placed, next(answers)) if placed.present else placed for placed in chunk]


def _removed(mailbox: Mailbox, placed: Placed, answer: Answer) -> Placed | PortError:
    """Whatever bears the tag goes when we are unsure: a lost answer may hide that the next was made."""
    try:
        if placed.unsure:
            ids = [event["id"] for event in _tagged(answer, placed)]
            for id in dict.fromkeys([*ids, placed.vendor_id]):
                if id:
                    _delete(mailbox, placed.calendar, id)
        elif not answer.is_gone:
            answer.expect()
    except PortError as error:
        return error
    return taken_away(placed, placed.generation + (2 if placed.unsure else 1))


def _delete(mailbox: Mailbox, calendar: str, id: str) -> None:
    answer = mailbox.answer(asks.delete(calendar, id))
    if not answer.is_gone:
        answer.expect()
