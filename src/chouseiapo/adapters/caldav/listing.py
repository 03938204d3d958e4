"""Which calendars an account has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from caldav.elements import cdav, dav

from chouseiapo.adapters.caldav.dav import Resource
from chouseiapo.adapters.caldav.home import folder

# RFC 3744, 5.4: what a server that knows no privileges does not say, we have.
WRITING = frozenset({"{DAV:}all", "{DAV:}write", "{DAV:}write-content", "{DAV:}bind"})
PROPERTIES = (
    dav.ResourceType,
    dav.DisplayName,
    dav.CurrentUserPrivilegeSet,
    cdav.SupportedCalendarComponentSet,
)

# Asks for properties of what stands at a place, with `depth=1` of what is in it, too.
Propfind = Callable[..., list[Resource]]


class Collection(NamedTuple):
    """A calendar; `writable`: entries can be put there."""

    path: str
    name: str
    writable: bool


def calendars_in(propfind: Propfind, homes: Iterable[str]) -> Iterator[Collection]:
    """All that hold events. Raises PortError."""
    for home in homes:
        yield from (
            _collection(found) for found in propfind(home, *PROPERTIES, depth=1) if is_calendar(found)
        )


def calendar_at(propfind: Propfind, place: str) -> Collection:
    """The calendar that stands there, whatever it says of itself. Raises PortError."""
    return _collection(propfind(place, *PROPERTIES)[0])


def is_calendar(found: Resource) -> bool:
    components = found.properties.get(str(cdav.SupportedCalendarComponentSet.tag))
    kinds = {inner.get("name", "").upper() for inner in components} if components is not None else set()
    return str(cdav.Calendar.tag) in found.names(dav.ResourceType) and (not kinds or "VEVENT" in kinds)


def _collection(found: Resource) -> Collection:
    privileges = found.names(dav.CurrentUserPrivilegeSet)
    name = found.text(dav.DisplayName).strip() or unquote(found.path.rstrip("/").rpartition("/")[2])
    return Collection(folder(found.path), name, not privileges or not privileges.isdisjoint(WRITING))
