"""Which calendars an account has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urljoin

from caldav.elements import cdav, dav

from chouseiapo.adapters.caldav.dav import Client, Resource, properties
from chouseiapo.adapters.caldav.home import folder

# RFC 3744, 5.4: what a server that knows no privileges does not say, we have.
WRITING = frozenset({"{DAV:}all", "{DAV:}write", "{DAV:}write-content", "{DAV:}bind"})
PROPERTIES = (
    dav.ResourceType,
    dav.DisplayName,
    dav.CurrentUserPrivilegeSet,
    cdav.SupportedCalendarComponentSet,
)


class Collection(NamedTuple):
    """A calendar; `writable`: entries can be put there."""

    path: str
    name: str
    writable: bool


def calendars_in(client: Client, root: str, homes: Iterable[str]) -> Iterator[Collection]:
    """All that hold events. Raises PortError."""
    for home in homes:
        listed = properties(client, urljoin(root, home), *PROPERTIES, depth=1)
        yield from (_collection(found) for found in listed.resources() if is_calendar(found))


def calendar_at(client: Client, url: str) -> Collection:
    """The calendar that stands there, whatever it says of itself. Raises PortError."""
    found = properties(client, url, *PROPERTIES).resources()
    return _collection(found[0])


def is_calendar(found: Resource) -> bool:
    components = found.properties.get(str(cdav.SupportedCalendarComponentSet.tag))
    kinds = {inner.get("name", "").upper() for inner in components} if components is not None else set()
    return str(cdav.Calendar.tag) in found.names(dav.ResourceType) and (not kinds or "VEVENT" in kinds)


def _collection(found: Resource) -> Collection:
    privileges = found.names(dav.CurrentUserPrivilegeSet)
    name = found.text(dav.DisplayName).strip() or unquote(found.path.rstrip("/").rpartition("/")[2])
    return Collection(folder(found.path), name, not privileges or not privileges.isdisjoint(WRITING))
