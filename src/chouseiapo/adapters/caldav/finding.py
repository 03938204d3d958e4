"""Discovery (RFC 6764, 5397, 4791 section 6.2): from what a person types to where their calendars are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from caldav.elements import cdav, dav
from caldav.elements.base import BaseElement

from chouseiapo.adapters.caldav.dav import Answer, Resource, connected, properties, refusal
from chouseiapo.adapters.caldav.home import Home, folder, path_of, root_of, written
from chouseiapo.adapters.caldav.hosts import Hosts, parsed
from chouseiapo.adapters.caldav.listing import calendars_in, is_calendar
from chouseiapo.adapters.caldav.session import GuardedSession
from chouseiapo.ports import PortError

WELL_KNOWN = "/.well-known/caldav"
MOST_REDIRECTS = 5
IS_PRINCIPAL = "{DAV:}principal"


class DefaultCalendar(BaseElement):
    """RFC 6638, 9.2"""

    tag = "{urn:ietf:params:xml:ns:caldav}schedule-default-calendar-URL"


HERE = (
    dav.CurrentUserPrincipal,
    dav.ResourceType,
    cdav.CalendarHomeSet,
    cdav.SupportedCalendarComponentSet,
)
OWNER = (cdav.CalendarHomeSet, cdav.CalendarUserAddressSet, cdav.ScheduleInboxURL)


class Seen(NamedTuple):
    """What stands at an address, after all redirects."""

    url: str
    resource: Resource

    def urls(self, property: type[BaseElement]) -> list[str]:
        return [urljoin(self.url, href) for href in self.resource.hrefs(property)]


class Finder:
    """One person's search, beginning where they said. Their password goes to that host only."""

    def __init__(self, session: GuardedSession, hosts: Hosts, address: str, user: str, password: str) -> None:
        self._starts = starts(address)
        self._named = self._starts[0]
        self._hosts = hosts
        hosts.check(self._named)
        self._user, self._password = user, password
        self._client = connected(session, self._named, user, password)
        self._forbidden = False

    def find(self, calendar: str) -> Home:
        """`calendar`: the path of the account's own, where it has been chosen before. Raises PortError."""
        for start in self._starts:
            seen = self._look(start, *HERE)
            if seen and (home := self._home(seen, calendar)):
                return home
        if self._forbidden:
            raise PortError("token_refused", permanent=True, auth=True)
        raise PortError("not_caldav", permanent=True)

    def _home(self, seen: Seen, calendar: str) -> Home | None:
        owner = self._owner(seen)
        homes = [home for each in (owner, seen) if each for home in each.urls(cdav.CalendarHomeSet)]
        typed = seen.url if is_calendar(seen.resource) else ""
        if not homes and not typed and not self._holds_calendars(seen):
            return None
        base = typed or (homes or [seen.url])[0]
        self._hosts.check_redirect(self._named, base)
        root = root_of(base)
        paths = [folder(path_of(url, root)) for url in homes or [seen.url] if root_of(url) == root]
        own = calendar or (folder(path_of(typed, root)) if typed else self._own(root, paths, owner))
        return Home(
            user=self._user,
            password=self._password,
            root=root,
            kind=self._client.kind,
            calendar=own,
            homes=tuple(dict.fromkeys(paths)),
            principal=written(owner.url) if owner else root + own,
            addresses=tuple(_addresses(owner)),
        )

    def _holds_calendars(self, seen: Seen) -> bool:
        try:
            return any(calendars_in(self._properties, [seen.url]))
        except PortError as error:
            if not error.permanent:
                raise
            return False

    def _owner(self, seen: Seen) -> Seen | None:
        """The principal that we are there; one that lets anybody in is told who we are."""
        urls = _principal(seen)
        if not urls and not self._client.kind and self._user:
            self._client.build_auth_object(["basic"])
            urls = _principal(self._look(seen.url, *HERE) or seen)
        return self._look(urls[0], *OWNER) if urls else None

    def _own(self, root: str, homes: Sequence[str], owner: Seen | None) -> str:
        """The account's own calendar: where invitations would go, or the first that can be written."""
        # In an order of ours: linked again, the same account has the same calendar.
        listed = calendars_in(self._properties, (root + home for home in homes))
        usable = sorted(each.path for each in listed if each.writable)
        if not usable:
            raise PortError("no_calendar", permanent=True)
        for inbox in owner.urls(cdav.ScheduleInboxURL) if owner else []:
            seen = self._look(inbox, DefaultCalendar)
            for url in seen.urls(DefaultCalendar) if seen else []:
                if (path := folder(path_of(url, root))) in usable:
                    return path
        return usable[0]

    def _look(self, url: str, *wanted: type[BaseElement]) -> Seen | None:
        """What stands there; None when nothing does that speaks WebDAV."""
        answer = self._asked(url, *wanted)
        for _ in range(MOST_REDIRECTS):
            if not 300 <= answer.status < 400 or "Location" not in answer.headers:
                break
            answer = self._asked(urljoin(answer.base, answer.headers["Location"]), *wanted)
        if answer.status in (401, 429) or answer.status >= 500:
            raise refusal(answer)
        self._forbidden = self._forbidden or answer.status == 403
        found = answer.resources() if answer.is_multistatus else []
        return Seen(answer.base, found[0]) if found else None

    def _properties(self, url: str, *wanted: type[BaseElement], depth: int = 0) -> list[Resource]:
        return properties(self._client, url, *wanted, depth=depth).resources()

    def _asked(self, url: str, *wanted: type[BaseElement]) -> Answer:
        self._hosts.check_redirect(self._named, url)
        return properties(self._client, url, *wanted)


def starts(address: str) -> list[str]:
    """Where to begin: an address as it is, then where its host would say. Raises PortError."""
    text = address.strip()
    if "://" not in text:
        text = f"https://{text if '/' in text else text.rpartition('@')[2]}"
    parts = parsed(text)
    root = root_of(text)
    well_known = [root + WELL_KNOWN, f"{root}/"]
    return well_known if parts.path in ("", "/") else [root + parts.path, *well_known]


def _principal(seen: Seen) -> list[str]:
    itself = [seen.url] if IS_PRINCIPAL in seen.resource.names(dav.ResourceType) else []
    return seen.urls(dav.CurrentUserPrincipal) or itself


def _addresses(owner: Seen | None) -> list[str]:
    found = owner.resource.hrefs(cdav.CalendarUserAddressSet) if owner else []
    return [each[len("mailto:") :].lower() for each in found if each.lower().startswith("mailto:")]
