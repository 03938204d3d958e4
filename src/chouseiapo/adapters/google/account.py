"""Requests to one account's calendars, in the words of the vendor's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from chouseiapo.adapters.google.answers import expected, refusal
from chouseiapo.adapters.google.events import Event, event_id, instant, patched, wanted
from chouseiapo.ports import Entry, PortError

if TYPE_CHECKING:
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.errors import HttpError
    from googleapiclient.http import HttpRequest

    from chouseiapo.adapters.google.answers import Answer

PRIMARY = "primary"
QUIET = "none"  # sendUpdates: nobody is mailed
LARGEST_PAGE = 2500
STALE = (400, 410)  # a sync token that Google has forgotten, or made for other parameters


class Account:
    """Requests to one account's calendars, made and sent in one thread. `our_zone` is the organization's, in
    which days of ours are meant.
    """

    def __init__(self, service: Any, http: AuthorizedHttp, our_zone: ZoneInfo) -> None:
        self.our_zone = our_zone
        self._service = service
        self._events = service.events()
        self._http = http
        self._zones: dict[str, ZoneInfo] = {}

    def insert(self, entry: Entry, generation: int) -> HttpRequest:
        body = {"id": event_id(entry.key, generation), **wanted(entry)}
        return _made(self._events.insert(calendarId=_named(entry.calendar), sendUpdates=QUIET, body=body))

    def patch(self, entry: Entry, generation: int, etag: str, standing: Event | None = None) -> HttpRequest:
        """Only over the version with that etag, when there is one."""
        id, body = event_id(entry.key, generation), patched(entry, standing)
        calendar = _named(entry.calendar)
        request: Any = self._events.patch(calendarId=calendar, eventId=id, sendUpdates=QUIET, body=body)
        if etag:
            request.headers["If-Match"] = etag
        return _made(request)

    def get(self, calendar: str, id: str) -> HttpRequest:
        return _made(self._events.get(calendarId=_named(calendar), eventId=id))

    def delete(self, calendar: str, id: str) -> HttpRequest:
        return _made(self._events.delete(calendarId=_named(calendar), eventId=id, sendUpdates=QUIET))

    def free_busy(self, calendars: Sequence[str], start: datetime, end: datetime) -> HttpRequest:
        items = [{"id": _named(calendar)} for calendar in calendars]
        body = {"timeMin": instant(start), "timeMax": instant(end), "items": items}
        return _made(self._service.freebusy().query(body=body))

    def head(self, calendar: str) -> HttpRequest:
        """As little as can be asked of a calendar's events: whether they can be read, what more we may do
        there, and its zone.
        """
        listing = self._events.list(calendarId=_named(calendar), maxResults=1, fields="accessRole,timeZone")
        return _made(listing)

    def zone(self, calendar: str) -> ZoneInfo:
        """The calendar's, in which whole days are meant; raises PortError when it can't be read."""
        if calendar not in self._zones:
            self._zones[calendar] = ZoneInfo(self.expect(self.head(calendar)).get("timeZone", "UTC"))
        return self._zones[calendar]

    def pages(self, calendar: str, start: datetime, end: datetime) -> Iterator[Event]:
        """The events that overlap the window, series taken apart, page by page."""
        yield from self.changed(calendar, "", start, end)

    def changed(self, calendar: str, since: str, start: datetime, end: datetime) -> Iterator[Event]:
        """As `pages`; with a sync token, what changed since. Raises PortError("resync") for a stale one."""
        window = {"timeMin": instant(start), "timeMax": instant(end)}
        request = self._events.list(
            calendarId=_named(calendar),
            singleEvents=True,
            maxResults=LARGEST_PAGE,
            **({"syncToken": since} if since else window),
        )
        while request is not None:
            answer = self.answer(request)
            if since and not isinstance(answer, dict) and answer.status_code in STALE:
                raise PortError("resync")
            page = expected(answer)
            yield page
            request = self._events.list_next(request, page)

    def calendar_list(self) -> Iterator[Event]:
        """The calendars that the account's owner has in their list."""
        listing = self._service.calendarList()
        request = listing.list()
        while request is not None:
            page = self.expect(request)
            yield from page.get("items", [])
            request = listing.list_next(request, page)

    def answers(self, requests: Sequence[HttpRequest]) -> list[Answer]:
        """One answer a request; several requests go as one batch. Raises PortError when the whole fails."""
        if len(requests) < 2:
            return [self.answer(request) for request in requests]
        from googleapiclient.errors import BatchError, HttpError

        answers: dict[str, Answer] = {}

        def keep(id: str, answer: Any, error: HttpError | None) -> None:
            answers[id] = error or answer or {}

        batch = self._service.new_batch_http_request(callback=keep)
        for number, request in enumerate(requests):
            batch.add(request, request_id=str(number))
        try:
            self._send(batch.execute)
        except (BatchError, LookupError):  # no answer of the form that batches have
            raise PortError("unreachable") from None
        except HttpError as error:
            raise refusal(error) from None
        return [answers[str(number)] for number in range(len(requests))]

    def answer(self, request: HttpRequest) -> Answer:
        """What Google says, be it a refusal. Raises PortError when it says nothing."""
        from googleapiclient.errors import HttpError

        try:
            return self._send(request.execute) or {}
        except HttpError as error:
            return error

    def expect(self, request: HttpRequest) -> Event:
        """What Google says; raises PortError for a refusal too."""
        return expected(self.answer(request))

    def _send(self, execute: Callable[..., Any]) -> Any:
        from httplib2 import HttpLib2Error

        try:
            return execute(http=self._http)
        except (OSError, HTTPException, HttpLib2Error, ValueError):  # ValueError: an answer cut short
            raise PortError("unreachable") from None


def _named(calendar: str) -> str:
    return calendar or PRIMARY


def _made(request: Any) -> HttpRequest:
    """Its type: the client's methods are made at run time."""
    made: HttpRequest = request
    return made
