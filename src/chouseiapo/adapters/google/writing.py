"""Putting and removing entries: what to ask Google for, and what to make of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chouseiapo.adapters import guarded, taken_away
from chouseiapo.adapters.google.account import Account
from chouseiapo.adapters.google.answers import GONE, expected, is_forbidden, may_be_deleted, refusal
from chouseiapo.adapters.google.events import event_id, is_ours, placed_as
from chouseiapo.ports import Entry, Placed, PortError

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError
    from googleapiclient.http import HttpRequest

    from chouseiapo.adapters.google.answers import Answer

MOST_GENERATIONS = 5


def put(account: Account, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError | None]:
    """None where a guarded write met another version."""
    answers = account.answers([_first(account, *write) for write in writes])
    return [_settled(account, *write, answer) for write, answer in zip(writes, answers, strict=True)]


def _first(account: Account, entry: Entry, placed: Placed) -> HttpRequest:
    if guarded(placed):
        return account.patch(entry, placed.generation, placed.etag)
    if placed.vendor_id:
        return account.get(entry.calendar, event_id(entry.key, placed.generation))
    return account.insert(entry, placed.generation)


def _settled(account: Account, entry: Entry, placed: Placed, answer: Answer) -> Placed | PortError | None:
    """What became of the first request; what it needs beyond that is done one by one."""
    try:
        if guarded(placed):
            return _changed(account, entry, placed, answer)
        adopt = _adopted if placed.vendor_id else _inserted
        made = adopt(account, entry, placed.generation, answer)
        return made or _insert(account, entry, placed.generation + 1)
    except PortError as error:
        return error


def _changed(account: Account, entry: Entry, placed: Placed, answer: Answer) -> Placed | None:
    """An entry that stood as we left it, or somebody changed or deleted it since."""
    if isinstance(answer, dict):
        return placed_as(entry, placed.generation, answer)
    if may_be_deleted(answer) and not _is_only_forbidden(account, entry, placed, answer):
        return None
    raise refusal(answer)


def _is_only_forbidden(account: Account, entry: Entry, placed: Placed, refused: HttpError) -> bool:
    """403 is said of deleted events too: whether ours still stands."""
    if not is_forbidden(refused):
        return False
    standing = account.answer(account.get(entry.calendar, event_id(entry.key, placed.generation)))
    return is_ours(standing, entry) if isinstance(standing, dict) else standing.status_code not in GONE


def _insert(account: Account, entry: Entry, generation: int) -> Placed:
    for later in range(generation, generation + MOST_GENERATIONS):
        answer = account.answer(account.insert(entry, later))
        if made := _inserted(account, entry, later, answer):
            return made
    raise PortError("conflict")


def _inserted(account: Account, entry: Entry, generation: int, answer: Answer) -> Placed | None:
    """None when the id is taken (409) by what is deleted or not ours."""
    if isinstance(answer, dict):
        return placed_as(entry, generation, answer)
    if answer.status_code != 409:
        raise refusal(answer)
    standing = account.answer(account.get(entry.calendar, event_id(entry.key, generation)))
    return _adopted(account, entry, generation, standing)


def _adopted(account: Account, entry: Entry, generation: int, standing: Answer) -> Placed | None:
    """Patch what stands under our id, over its present version; None when it is deleted or not ours."""
    if not isinstance(standing, dict):
        if standing.status_code in GONE:
            return None
        raise refusal(standing)
    if not is_ours(standing, entry):
        return None
    patch = account.patch(entry, generation, standing["etag"], standing)
    return placed_as(entry, generation, expected(account.answer(patch)))


def remove(account: Account, chunk: Sequence[Placed]) -> list[Placed | PortError]:
    """Answered by place: entries that nobody wants have no keys of their own."""
    answers = iter(account.answers([_delete(account, placed) for placed in chunk if placed.present]))
    return [_removed(account, placed, next(answers)) if placed.present else placed for placed in chunk]


def _delete(account: Account, placed: Placed) -> HttpRequest:
    """By the id that it was seen under, else by the one that we would have given it."""
    return account.delete(placed.calendar, placed.vendor_id or event_id(placed.key, placed.generation))


def _removed(account: Account, placed: Placed, answer: Answer) -> Placed | PortError:
    """A lost answer may hide that later generations were begun: they go too, up to one that never was."""
    generation = placed.generation
    while isinstance(answer, dict) or answer.status_code in GONE:
        generation += 1
        never_was = not isinstance(answer, dict) and answer.status_code == 404
        if never_was or not placed.unsure:
            return taken_away(placed, generation)
        try:
            later = event_id(placed.key, generation)
            answer = account.answer(account.delete(placed.calendar, later))
        except PortError as error:
            return error
    return refusal(answer)
