"""Requests to Graph, alone or in a batch, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chouseiapo.adapters import Wire, content, seconds, word
from chouseiapo.ports import PortError

# Ids change when an item moves, unless every single request asks for those that don't.
IMMUTABLE_IDS = 'IdType="ImmutableId"'
MOST_PARTS = 20
LARGEST_BATCH = 3_500_000  # of the 4 MB that Graph takes
GONE = (404, 410)


class Ask(NamedTuple):
    """A request below Graph's root. `page_size` is for listings that take no $top."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    if_match: str = ""
    page_size: int = 0

    @property
    def headers(self) -> dict[str, str]:
        page = f", odata.maxpagesize={self.page_size}" if self.page_size else ""
        headers = {"Prefer": f"{IMMUTABLE_IDS}{page}"}
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
    def is_gone(self) -> bool:
        """With immutable ids, deleting what is deleted is sometimes refused in another way."""
        return self.status in GONE or self.error.get("code") == "ErrorCannotDeleteObject"

    @property
    def asks_to_wait(self) -> bool:
        """Not every 5xx: some are about one event, and the others must not wait for that."""
        return self.status == 429 or self.retry_after is not None

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
        """One answer a request; several go in batches. Raises PortError when the whole fails.

        Exchange takes four requests at a time for a mailbox: in a batch, each waits for the one before. So
        one that fails holds up the rest, which goes again without it; unless we are asked to wait.
        """
        answers: dict[int, Answer] = {}
        while waiting := {n: ask for n, ask in enumerate(asks) if n not in answers}:
            answers |= self._some(waiting)
            last = answers[max(answers)]
            if last.asks_to_wait:
                answers = dict.fromkeys(waiting, last) | answers
        return [answers[number] for number in range(len(asks))]

    def _some(self, asks: Mapping[int, Ask]) -> dict[int, Answer]:
        """As many answers as one request brings, at least the first."""
        batch = _fitting(asks)
        if len(batch) == 1:
            return {number: self.answer(asks[number]) for number in batch}
        outer = self.answer(Ask("POST", "/$batch", {"requests": list(batch.values())})).expect()
        found = {part["id"]: _part_answer(part) for part in outer.get("responses", [])}
        if len(found) < len(batch):
            raise PortError("unreachable")
        answers = {n: found[str(n)] for n in batch if n == min(batch) or found[str(n)].status != 424}
        # A token that ran out between two parts: alone, the request gets a new one.
        return {n: self.answer(asks[n]) if a.status == 401 else a for n, a in answers.items()}

    def reaches(self, address: str) -> bool:
        """Whether it is an address of Graph's."""
        return self._wire.reaches(address)

    def pages(self, ask: Ask) -> Iterator[dict[str, Any]]:
        """Every item of a listing, page by page; the next page's address is taken as it is."""
        while True:
            page = self.answer(ask).expect()
            yield from page.get("value", [])
            if "@odata.nextLink" not in page:
                return
            ask = ask._replace(path=page["@odata.nextLink"])


def _fitting(asks: Mapping[int, Ask]) -> dict[int, dict[str, Any]]:
    """The first of them as the parts of a chain, as many as a batch takes."""
    parts: dict[int, dict[str, Any]] = {}
    size = 0
    for number, ask in asks.items():
        part = {"id": str(number), "method": ask.method, "url": ask.path, "headers": ask.headers}
        if ask.body is not None:
            part["body"] = ask.body
        if parts:
            part["dependsOn"] = [str(max(parts))]
        size += len(json.dumps(part))
        if parts and (len(parts) == MOST_PARTS or size > LARGEST_BATCH):
            break
        parts[number] = part
    return parts


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
