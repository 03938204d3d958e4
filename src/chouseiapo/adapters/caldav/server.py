"""One account's calendars on its server, in one thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urljoin

import msgspec
from caldav.elements import cdav, dav
from caldav.elements.base import BaseElement

from chouseiapo.adapters import chunks
from chouseiapo.adapters.caldav.dav import GONE, Answer, Resource, ask, asking, connected, refusal, within
from chouseiapo.adapters.caldav.found import Object
from chouseiapo.adapters.caldav.home import Home
from chouseiapo.adapters.caldav.session import GuardedSession
from chouseiapo.ports import PortError, Tokens

MOST_READ = 50
CALENDAR = "text/calendar; charset=utf-8"
_HOME = msgspec.json.Decoder(Home)


class Server:
    """Requests in the name of a linked account; a password that is refused is asked for once more."""

    def __init__(self, session: GuardedSession, tokens: Tokens, link: str) -> None:
        self._session = session
        self._tokens = tokens
        self._link = link
        self._sign_in(tokens.access_token(link))

    def _sign_in(self, token: str) -> None:
        try:
            home = _HOME.decode(token)
        except msgspec.MsgspecError:
            raise PortError("token_unreadable", permanent=True, auth=True) from None
        self._token, self.home = token, home
        self.client = connected(self._session, home.root, home.user, home.password, home.kind)

    def send(
        self, method: str, path: str, body: BaseElement | str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What the server says, be it a refusal. Raises PortError when it says nothing."""
        answer = ask(self.client, method, urljoin(self.home.root, path), body, headers)
        if answer.status != 401:
            return answer
        self._sign_in(self._tokens.access_token(self._link, refused=self._token))
        return ask(self.client, method, urljoin(self.home.root, path), body, headers)

    def properties(self, path: str, *wanted: type[BaseElement], depth: int = 0) -> list[Resource]:
        return self.send("PROPFIND", path, asking(*wanted), {"Depth": str(depth)}).resources()

    def read(self, calendar: str, paths: Iterable[str]) -> dict[str, Object]:
        """The objects that stand there, by path; those that don't are missing."""
        there: dict[str, Object] = {}
        for chunk in chunks(list(dict.fromkeys(paths)), MOST_READ):
            body = within(cdav.CalendarMultiGet(), _wanted(), *(dav.Href(value=path) for path in chunk))
            told = {found.path: found for found in self.send("REPORT", calendar, body).resources()}
            there |= {path: _object(told[path]) for path in chunk if not self._is_gone(path, told.get(path))}
        return there

    def _is_gone(self, path: str, told: Resource | None) -> bool:
        """By the server's word; of what it does not mention it is asked once more."""
        if told is not None:
            return told.status in GONE
        answer = self.send("GET", path)
        if answer.status not in GONE:
            raise PortError("unavailable") if answer.ok else refusal(answer)
        return True

    def query(self, calendar: str, start: datetime, end: datetime) -> list[Object]:
        """Every object of which something may lie inside the window."""
        return self._events(calendar, cdav.TimeRange(start, end))

    def with_uid(self, calendar: str, uid: str) -> Object | None:
        """The object of that UID, however it is called; there is never more than one (RFC 4791, 5.3.2.1)."""
        found = self._events(calendar, within(cdav.PropFilter("UID"), cdav.TextMatch(uid)))
        return found[0] if found else None

    def _events(self, calendar: str, condition: BaseElement) -> list[Object]:
        events = within(cdav.CompFilter("VEVENT"), condition)
        filter = within(cdav.Filter(), within(cdav.CompFilter("VCALENDAR"), events))
        body = within(cdav.CalendarQuery(), _wanted(), filter)
        listed = self.send("REPORT", calendar, body, {"Depth": "1"}).resources()
        return [_object(found) for found in listed if found.text(cdav.CalendarData)]

    def put(self, path: str, body: str, condition: Mapping[str, str]) -> Answer:
        return self.send("PUT", path, body, {"Content-Type": CALENDAR, **condition})

    def delete(self, path: str, etag: str) -> Answer:
        return self.send("DELETE", path, headers=only_over(etag))


def only_over(etag: str) -> dict[str, str]:
    """Only over that version, where the server names versions."""
    return {"If-Match": etag} if etag else {}


def _object(found: Resource) -> Object:
    """Raises PortError where it stands and is not shown: what can't be read is not gone."""
    text = found.text(cdav.CalendarData)
    if not text:
        raise PortError("unavailable")
    return Object(found.path, found.text(dav.GetEtag).strip(), text)


def _wanted() -> BaseElement:
    return within(dav.Prop(), dav.GetEtag(), cdav.CalendarData())
