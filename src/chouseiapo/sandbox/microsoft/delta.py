"""calendarView/delta: a window once, and from then on what has changed in it.

The window stands in the token; both kinds of links are followed as they are. Graph takes no $select here and
no other option that narrows a list; extended properties never come along.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json, Refusal, Reply
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.microsoft import ids
from chouseiapo.sandbox.microsoft.errors import error, invalid
from chouseiapo.sandbox.microsoft.listing import CONTEXT
from chouseiapo.sandbox.microsoft.query import link, page, window
from chouseiapo.sandbox.microsoft.shown import public
from chouseiapo.sandbox.world import World

TOKENS = ("$deltatoken", "$skiptoken")
OPTIONS = {*TOKENS, "startDateTime", "endDateTime"}


@dataclass(frozen=True)
class Round:
    """One reading of the window, page by page. `since` is the revision that the caller knows, None: nothing;
    `until` is the one that the round began with; `after` is the last item of the page before."""

    calendar: str
    epoch: int
    start: str
    end: str
    until: int
    since: int | None = None
    after: tuple[str, str] | None = None

    @property
    def window(self) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)

    def key(self, entry: Entry) -> tuple[str, str]:
        """Changes come in their own order: what changes between two pages comes again, later."""
        at = entry.start.isoformat() if self.since is None else f"{entry.revision:016d}"
        return at, entry.id

    def token(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


def delta(world: World, calendar: Calendar, call: Call) -> Reply:
    _check_options(call)
    round = _begun(calendar, call)
    items = [each for each in _items(calendar, round) if round.after is None or round.key(each) > round.after]
    _, top = page(call)
    shown, rest = items[:top], items[top:]
    answer: Json = {
        "@odata.context": f"{CONTEXT}Collection(event)",
        "value": [_shown(world, calendar, call, round, each) for each in shown],
    }
    if rest:
        further = replace(round, after=round.key(shown[-1]))
        answer["@odata.nextLink"] = link(call, **{"$skiptoken": further.token()})
    else:
        done = replace(round, since=round.until, after=None)
        answer["@odata.deltaLink"] = link(call, **{"$deltatoken": done.token()})
    return Reply(200, answer)


def _check_options(call: Call) -> None:
    if unknown := sorted(name for name in call.query if name not in OPTIONS):
        message = (
            "The following parameters are not supported with change tracking over the 'CalendarView' "
            f"resource: '{', '.join(unknown)}'."
        )
        raise invalid(message, "ErrorInvalidUrlQuery")
    if len(call.query) > 1 and any(name in call.query for name in TOKENS):
        raise invalid("A token says all; nothing goes beside it.", "ErrorInvalidUrlQuery")


def _begun(calendar: Calendar, call: Call) -> Round:
    """A first round by its window, or the one that the token goes on with."""
    token = call.one("$deltatoken") or call.one("$skiptoken")
    if not token:
        start, end = (each.isoformat() for each in window(call))
        return Round(calendar.id, calendar.epoch, start, end, calendar.clock)
    round = _read(token)
    if round is None or (round.calendar, round.epoch) != (calendar.id, calendar.epoch):
        message = f"The sync state generation is not found; generation={calendar.epoch}."
        raise Refusal(error(410, message=message))
    return replace(round, until=calendar.clock) if "$deltatoken" in call.query else round


def _read(token: str) -> Round | None:
    try:
        read = json.loads(base64.urlsafe_b64decode(token.encode()))
        return Round(**read | {"after": tuple(read["after"]) if read["after"] else None})
    except (ValueError, TypeError, KeyError):
        return None


def _items(calendar: Calendar, round: Round) -> list[Entry]:
    """All that stands in the window; later what has changed in it, and what has left it."""
    start, end = round.window
    if round.since is None:
        return calendar.between(start, end)
    return [
        each
        for each in calendar.changed_since(round.since)
        if _stands(each, round) or calendar.was_within(each.id, round.since, start, end)
    ]


def _stands(entry: Entry, round: Round) -> bool:
    return not entry.deleted and entry.overlaps(*round.window)


def _shown(world: World, calendar: Calendar, call: Call, round: Round, entry: Entry) -> Json:
    if _stands(entry, round):
        return public(world, entry, calendar, call)
    return {"id": ids.shown(entry.id, call.headers), "@removed": {"reason": "deleted"}}
