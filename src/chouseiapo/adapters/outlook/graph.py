"""Requests to Graph, alone or in a batch, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chouseiapo.adapters import Wire, content, seconds, word
from chouseiapo.ports import PortError

# Ids change when an item moves, unless every single request asks for those that don't.
IMMUTABLE_IDS = 'IdType="ImmutableId"'
MOST_PARTS = 4  # Graph would take 20, but dispatches 4 at once to a mailbox and throttles the rest


class Ask(NamedTuple):
    """A request below Graph's root."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    if_match: str = ""

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Prefer": IMMUTABLE_IDS}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.if_match:
            headers["If-Match"] = self.if_match
        return headers


class Answer(NamedTuple):
    """What Graph said; `retry_after` in seconds."""

    status: int
    body: dict[str, Any]
    retry_after: float | None

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def error(self) -> dict[str, Any]:
        error = self.body.get("error")
        return error if isinstance(error, dict) else {}

    def expect(self) -> dict[str, Any]:
        """The body of a success; raises PortError for anything else."""
        if not self.ok:
            raise refusal(self)
        return self.body


class Mailbox:
    """One account's part of Graph."""

    def __init__(self, wire: Wire, link: str) -> None:
        self._wire = wire
        self._link = link

    def answer(self, ask: Ask) -> Answer:
        """What Graph says, be it a refusal. Raises PortError when it says nothing."""
        answer = self._wire.send(self._link, ask.method, ask.path, headers=ask.headers, json=ask.body)
        return Answer(answer.status_code, content(answer), seconds(answer.headers.get("Retry-After")))

    def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        """One answer a request; several go as one batch. Raises PortError when the whole fails."""
        if len(asks) < 2:
            return [self.answer(ask) for ask in asks]
        parts = [_part(number, ask) for number, ask in enumerate(asks)]
        outer = self.answer(Ask("POST", "/$batch", {"requests": parts})).expect()
        found = {part["id"]: _part_answer(part) for part in outer.get("responses", [])}
        if len(found) < len(asks):
            raise PortError("unreachable")
        answers = [found[str(number)] for number in range(len(asks))]
        # A token that ran out between two parts: alone, the request gets a new one.
        return [self.answer(ask) if a.status == 401 else a for ask, a in zip(asks, answers, strict=True)]

    def pages(self, ask: Ask) -> Iterator[dict[str, Any]]:
        """Every item of a listing, page by page; the next page's address is taken as it is."""
        while True:
            page = self.answer(ask).expect()
            yield from page.get("value", [])
            if "@odata.nextLink" not in page:
                return
            ask = ask._replace(path=page["@odata.nextLink"])


def _part(number: int, ask: Ask) -> dict[str, Any]:
    part = {"id": str(number), "method": ask.method, "url": ask.path, "headers": ask.headers}
    return part if ask.body is None else part | {"body": ask.body}


def _part_answer(part: Mapping[str, Any]) -> Answer:
    body = part.get("body")
    headers = {name.lower(): value for name, value in part.get("headers", {}).items()}
    return Answer(part["status"], body if isinstance(body, dict) else {}, seconds(headers.get("retry-after")))


def refusal(answer: Answer) -> PortError:
    """A refusal in our terms: https://learn.microsoft.com/graph/errors"""
    status, code = answer.status, word(answer.error.get("code"))
    if status == 429:
        return PortError("throttled", retry_after=answer.retry_after)
    if status >= 500:
        return PortError("unavailable", retry_after=answer.retry_after)
    if status == 401:
        return PortError("token_refused", permanent=True, auth=True)
    if status == 403:
        return PortError("no_permission", permanent=True, auth=True)
    if status == 404:
        return PortError("calendar_not_found", permanent=True)
    if status in (409, 412):
        return PortError("conflict")
    return PortError(f"rejected_{status}_{code}", permanent=True)
