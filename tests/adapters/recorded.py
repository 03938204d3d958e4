"""Every request that the product's HTTP clients send in this process, as it leaves them."""

from __future__ import annotations

import json
from email import message_from_bytes
from typing import Any, NamedTuple
from urllib.parse import urljoin

import httplib2
import pytest
import requests


class Recorded(NamedTuple):
    """A request; header names in lower case. `status` is 0 where no answer came."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    def json(self) -> Any:
        return json.loads(self.body)

    def parts(self) -> list[Recorded]:
        """The requests inside, if this is a batch of Google or Microsoft."""
        if self.headers.get("content-type", "").startswith("multipart/mixed"):
            return [self._google_part(part) for part in self._multipart()]
        if self.url.endswith("/$batch"):
            return [self._graph_part(part) for part in self.json()["requests"]]
        return []

    def _multipart(self) -> list[bytes]:
        whole = message_from_bytes(
            f"content-type: {self.headers['content-type']}\r\n\r\n".encode() + self.body
        )
        payload: Any = whole.get_payload()
        return [part.get_payload(decode=True) for part in payload]

    def _google_part(self, part: bytes) -> Recorded:
        line, _, rest = part.partition(b"\n")
        method, path, _ = line.decode().split(" ")
        inner = message_from_bytes(rest)
        headers = {name.lower(): value for name, value in inner.items()}
        headers.setdefault("authorization", self.headers.get("authorization", ""))
        body: Any = inner.get_payload(decode=True)
        return Recorded(method, urljoin(self.url, path), headers, body.strip())

    def _graph_part(self, part: dict[str, Any]) -> Recorded:
        headers = {name.lower(): value for name, value in part.get("headers", {}).items()}
        headers["authorization"] = self.headers.get("authorization", "")
        body = json.dumps(part["body"]).encode() if "body" in part else b""
        return Recorded(part["method"], self.url.removesuffix("/$batch") + part["url"], headers, body)


class RecordedRequests(list[Recorded]):
    """In the order in which they were answered."""

    def note(self, method: str, url: str, headers: Any, body: Any, status: int) -> None:
        lowered = {str(name).lower(): _text(value) for name, value in dict(headers or {}).items()}
        raw = body.encode() if isinstance(body, str) else body or b""
        self.append(Recorded(method, url, lowered, raw, status))


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture
def recorded_requests(monkeypatch: pytest.MonkeyPatch) -> RecordedRequests:
    """What requests and httplib2 send while the test runs, whoever uses them."""
    recorded = RecordedRequests()
    send, request = requests.Session.send, httplib2.Http.request

    def recording_send(self: Any, prepared: Any, **options: Any) -> Any:
        status = 0
        try:
            answer = send(self, prepared, **options)
            status = answer.status_code
        finally:
            recorded.note(prepared.method, prepared.url, prepared.headers, prepared.body, status)
        return answer

    def recording_request(
        self: Any, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **options: Any
    ) -> Any:
        status = 0
        try:
            answer = request(self, uri, method, body=body, headers=headers, **options)
            status = answer[0].status
        finally:
            recorded.note(method, uri, headers, body, status)
        return answer

    monkeypatch.setattr(requests.Session, "send", recording_send)
    monkeypatch.setattr(httplib2.Http, "request", recording_request)
    return recorded
