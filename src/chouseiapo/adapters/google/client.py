"""The vendor's own client, with the discovery document that it bundles. It is imported when first needed."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from chouseiapo.adapters import TIMEOUT_S, Pool, seconds, word
from chouseiapo.adapters.google.events import Event, changes, event_id, instant, wanted
from chouseiapo.config import Settings
from chouseiapo.ports import Entry, PortError, Tokens

if TYPE_CHECKING:
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.errors import HttpError
    from googleapiclient.http import HttpRequest
    from httplib2 import Http

    Answer = Event | HttpError

# It warns with the whole content of an answer that it can't read.
logging.getLogger("googleapiclient.http").setLevel(logging.ERROR)

PRIMARY = "primary"
QUIET = "none"  # sendUpdates: nobody is mailed
LARGEST_PAGE = 2500
THROTTLED = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


class Client:
    """Shared by all threads and accounts."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._root = settings.google_api_root
        self._authorities = str(settings.ca_file) if settings.ca_file else None
        self._tokens = tokens
        self._https = Pool(self._http)

    @contextmanager
    def account(self, link: str) -> Iterator[Account]:
        from google_auth_httplib2 import AuthorizedHttp

        credentials = _credentials()(self._tokens, link)
        with self._https.one() as http:
            yield Account(self._service, AuthorizedHttp(credentials, http=http, max_refresh_attempts=1))

    def close(self) -> None:
        self._https.close()

    def _http(self) -> Http:
        """Without a timeout it would wait for ever."""
        from httplib2 import Http

        return Http(timeout=TIMEOUT_S, ca_certs=self._authorities)

    @functools.cached_property
    def _service(self) -> Any:
        """Batches ignore the client's `api_endpoint`; rewriting the document's root moves everything."""
        from googleapiclient import discovery, discovery_cache
        from httplib2 import Http

        document: Any = json.loads(discovery_cache.get_static_doc("calendar", "v3") or "{}")  # type: ignore[no-untyped-call]
        document["rootUrl"] = f"{self._root}/"
        build: Any = discovery.build_from_document  # type: ignore[attr-defined]  # the stubs have forgotten it
        return build(document, http=Http(timeout=TIMEOUT_S))


class Account:
    """Requests to one account's primary calendar, made and sent in one thread."""

    def __init__(self, service: Any, http: AuthorizedHttp) -> None:
        self._service = service
        self._events = service.events()
        self._http = http

    def insert(self, entry: Entry, generation: int) -> HttpRequest:
        body = {"id": event_id(entry.key, generation), **wanted(entry)}
        return self._made(self._events.insert(calendarId=PRIMARY, sendUpdates=QUIET, body=body))

    def patch(self, entry: Entry, generation: int, etag: str, standing: Event | None = None) -> HttpRequest:
        """Only over the version with that etag, when there is one."""
        id, body = event_id(entry.key, generation), changes(entry, standing)
        request: Any = self._events.patch(calendarId=PRIMARY, eventId=id, sendUpdates=QUIET, body=body)
        if etag:
            request.headers["If-Match"] = etag
        return self._made(request)

    def get(self, key: str, generation: int) -> HttpRequest:
        return self._made(self._events.get(calendarId=PRIMARY, eventId=event_id(key, generation)))

    def delete(self, key: str, generation: int) -> HttpRequest:
        id = event_id(key, generation)
        return self._made(self._events.delete(calendarId=PRIMARY, eventId=id, sendUpdates=QUIET))

    def free_busy(self, start: datetime, end: datetime) -> HttpRequest:
        body = {"timeMin": instant(start), "timeMax": instant(end), "items": [{"id": PRIMARY}]}
        return self._made(self._service.freebusy().query(body=body))

    def pages(self, start: datetime, end: datetime) -> Iterator[Event]:
        """The events that overlap the window, series taken apart, page by page."""
        window = {"timeMin": instant(start), "timeMax": instant(end)}
        request = self._events.list(calendarId=PRIMARY, singleEvents=True, maxResults=LARGEST_PAGE, **window)
        while request is not None:
            page = self.expect(request)
            yield page
            request = self._events.list_next(request, page)

    @staticmethod
    def _made(request: Any) -> HttpRequest:
        """Its type: the client's methods are made at run time."""
        made: HttpRequest = request
        return made

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
        answer = self.answer(request)
        if isinstance(answer, dict):
            return answer
        raise refusal(answer)

    def _send(self, execute: Callable[..., Any]) -> Any:
        from httplib2 import HttpLib2Error

        try:
            return execute(http=self._http)
        except (OSError, HTTPException, HttpLib2Error, ValueError):  # ValueError: an answer cut short
            raise PortError("unreachable") from None


@functools.cache
def _credentials() -> Any:
    """A class, made when it is first needed: its base takes long to import."""
    from google.auth.credentials import Credentials

    class LinkCredentials(Credentials):
        """Takes the link's token; when Google refuses it, the client asks for another, once."""

        def __init__(self, tokens: Tokens, link: str) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self._tokens = tokens
            self._link = link

        def refresh(self, request: object) -> None:
            self.token = self._tokens.access_token(self._link, refused=self.token or "")

    return LinkCredentials


def refusal(error: HttpError) -> PortError:
    """A refusal in our terms: https://developers.google.com/calendar/api/guides/errors"""
    status, why = error.status_code, reason(error)
    wait = seconds(error.resp.get("retry-after"))
    if status == 429 or (status == 403 and why in THROTTLED):
        return PortError("throttled", retry_after=wait)
    if status >= 500:
        return PortError("unavailable", retry_after=wait)
    if status == 401:
        return PortError("token_refused", permanent=True, auth=True)
    if status == 403 and why == "accessNotConfigured":
        return PortError("api_not_enabled")
    if status == 403 and why != "forbiddenForNonOrganizer":
        return PortError("no_permission", permanent=True, auth=True)
    if status == 404:
        return PortError("calendar_not_found", permanent=True)
    if status in (409, 412):
        return PortError("conflict")
    return PortError(f"rejected_{status}_{why}", permanent=True)


def reason(error: HttpError) -> str:
    try:
        return word(json.loads(error.content)["error"]["errors"][0]["reason"])
    except (ValueError, LookupError, TypeError):
        return "unknown"
