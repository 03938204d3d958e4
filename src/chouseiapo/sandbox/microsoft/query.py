"""As much of OData as finding one's own entries needs: $filter, $expand, $select, $orderby, $top, $skip."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from chouseiapo.sandbox.calls import Call, Json
from chouseiapo.sandbox.entries import Entry, Mark
from chouseiapo.sandbox.microsoft.errors import invalid
from chouseiapo.sandbox.microsoft.fields import property_key
from chouseiapo.sandbox.times import instant

TEXT = r"'((?:[^']|'')*)'"
MARK_CLAUSE = re.compile(
    rf"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id eq {TEXT} and \1/value eq {TEXT}\s*\)", re.I
)
TIME_CLAUSE = re.compile(rf"(start|end)/dateTime (ge|gt|le|lt|eq) {TEXT}")
EXPAND = re.compile(rf"singleValueExtendedProperties\(\$filter=(id eq {TEXT}(?: or id eq {TEXT})*)\)")
COMPARISONS: dict[str, Callable[[datetime, datetime], bool]] = {
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
    "eq": lambda a, b: a == b,
}
ORDERS: dict[str, Callable[[Entry], Any]] = {
    "start/dateTime": lambda each: each.start,
    "end/dateTime": lambda each: each.end,
    "subject": lambda each: each.title,
    "createdDateTime": lambda each: each.created,
    "lastModifiedDateTime": lambda each: each.updated,
}
OPTIONS = {
    "$count",
    "$expand",
    "$filter",
    "$orderby",
    "$select",
    "$skip",
    "$top",
    "startDateTime",
    "endDateTime",
}
DEFAULT_PAGE, LARGEST_PAGE = 10, 1000


@dataclass(frozen=True)
class Filter:
    """Clauses that all have to hold: marks, and comparisons with start or end."""

    marks: list[Mark] = field(default_factory=list)
    times: list[Callable[[Entry], bool]] = field(default_factory=list)

    def fits(self, entry: Entry) -> bool:
        return set(self.marks) <= set(entry.marks) and all(each(entry) for each in self.times)


def mark(property_id: str, value: str) -> Mark:
    """Values are compared without regard to case, names are not."""
    return property_key(property_id), value.casefold()


def read_filter(text: str) -> Filter:
    """Clauses with `and` between them. Anything else is refused: the sandbox shall not guess."""
    wanted = Filter()
    rest = text.strip()
    while rest:
        if found := MARK_CLAUSE.match(rest):
            wanted.marks.append(mark(_unquoted(found[2]), _unquoted(found[3])))
        elif found := TIME_CLAUSE.match(rest):
            wanted.times.append(_comparison(found[1], found[2], found[3]))
        else:
            raise invalid(f"Invalid filter clause: {rest!r}.", "ErrorInvalidUrlQueryFilter")
        rest = rest[found.end() :]
        if rest and not rest.startswith(" and "):
            raise invalid(f"Invalid filter clause: {rest!r}.", "ErrorInvalidUrlQueryFilter")
        rest = rest.removeprefix(" and ")
    return wanted


def _unquoted(text: str) -> str:
    return text.replace("''", "'")


def _comparison(name: str, operator: str, text: str) -> Callable[[Entry], bool]:
    """Times without an offset are UTC."""
    at, holds = when(text), COMPARISONS[operator]
    return lambda entry: holds(entry.start if name == "start" else entry.end, at)


def when(text: str) -> datetime:
    try:
        return instant(text.replace(" ", "+"), ZoneInfo("UTC")).astimezone(UTC)
    except ValueError as problem:
        raise invalid(str(problem), "ErrorInvalidParameter") from problem


def expanded(call: Call) -> set[str]:
    """Keys of the extended properties that are to be answered: without $expand there are none."""
    text = call.one("$expand").strip()
    if not text:
        return set()
    found = EXPAND.fullmatch(text)
    if not found:
        raise invalid(f"Invalid $expand: {text!r}.", "ErrorInvalidUrlQuery")
    return {property_key(_unquoted(id)) for id in re.findall(f"id eq {TEXT}", found[1])}


def check_options(call: Call) -> None:
    if unknown := sorted(name for name in call.query if name not in OPTIONS):
        raise invalid(f"The query parameter '{unknown[0]}' is not supported.", "ErrorInvalidUrlQuery")
    expanded(call)


def select(call: Call, event: Json) -> Json:
    """$select; id and etag are answered in any case."""
    names = [each.strip() for each in call.one("$select").split(",") if each.strip()]
    if not names:
        return event
    kept = {*names, "id", "@odata.etag", "singleValueExtendedProperties"}
    return {name: value for name, value in event.items() if name in kept}


def ordered(call: Call, entries: list[Entry]) -> list[Entry]:
    text = call.one("$orderby")
    if not text:
        return entries
    name, _, direction = text.partition(" ")
    if name not in ORDERS or direction not in ("", "asc", "desc"):
        raise invalid(f"The property '{text}' does not support sorting.", "ErrorInvalidUrlQuery")
    return sorted(entries, key=ORDERS[name], reverse=direction == "desc")


def window(call: Call) -> tuple[datetime, datetime]:
    """startDateTime and endDateTime; without an offset they are UTC."""
    for name in ("startDateTime", "endDateTime"):
        if not call.one(name):
            message = "This request requires a time window specified by startDateTime and endDateTime."
            raise invalid(message, "ErrorInvalidParameter")
    start, end = when(call.one("startDateTime")), when(call.one("endDateTime"))
    if start >= end:
        raise invalid("EndDateTime must be after StartDateTime.", "ErrorInvalidParameter")
    return start, end


def page(call: Call) -> tuple[int, int]:
    """Where it begins and how many it holds: $skip and $top, or odata.maxpagesize of Prefer."""
    preferred = re.search(r"odata\.maxpagesize\s*=\s*(\d+)", call.headers.get("prefer", ""))
    top = call.one("$top") or (preferred[1] if preferred else str(DEFAULT_PAGE))
    skip = call.one("$skip", "0")
    if not top.isdecimal() or not skip.isdecimal() or not 1 <= int(top) <= LARGEST_PAGE:
        raise invalid(f"$top is a number from 1 to {LARGEST_PAGE}.", "ErrorInvalidUrlQuery")
    return int(skip), int(top)


def link(call: Call, **query: str) -> str:
    """Absolute, and to be followed verbatim."""
    path, host = quote(call.path), call.headers.get("host", "")
    return f"http://{host}/graph/v1.0{path}?{urlencode(query)}"


def next_link(call: Call, skip: int) -> str:
    return link(call, **{name: values[-1] for name, values in call.query.items()} | {"$skip": str(skip)})
