"""What a vendor is asked and what it answers: a request of its own, or one part of a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

Json = dict[str, Any]


def parse_query(text: str) -> dict[str, list[str]]:
    return parse_qs(text, keep_blank_values=True)


@dataclass(frozen=True)
class Call:
    """`path` starts below the API's root and is percent-decoded; header names are in lower case.
    `scopes` are those of its token, once that is known."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scopes: frozenset[str] = frozenset()

    @classmethod
    def part(cls, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Call:
        """A part of a batch names its path and query in one."""
        path, _, query = url.partition("?")
        return cls(method.upper(), unquote(path), parse_query(query), headers, body)

    def one(self, name: str, default: str = "") -> str:
        """A query parameter that is meant to be given once."""
        values = self.query.get(name)
        return values[-1] if values else default

    def flag(self, name: str) -> bool:
        return self.one(name).lower() == "true"

    def object(self) -> Json:
        """The body, which every vendor wants to be one JSON object; ValueError otherwise."""
        try:
            read = json.loads(self.body)
        except ValueError as error:
            raise ValueError("The body is no JSON.") from error
        if not isinstance(read, dict):
            raise ValueError("The body is no JSON object.")
        return read

    def form(self) -> dict[str, str]:
        """The body as a form, the way OAuth speaks."""
        return {
            name: values[-1] for name, values in parse_query(self.body.decode("utf-8", "replace")).items()
        }


@dataclass(frozen=True)
class Reply:
    """`body` is JSON unless it is bytes already, None is no body at all; `parts` counts those of a batch."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    parts: int = 0

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class Refusal(Exception):
    """The vendor says no, in its own words."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.body)
        self.reply = reply


@dataclass(frozen=True)
class Route:
    """A method and a path, whose groups the handler is given. `scopes`: any one of them opens it."""

    method: str
    path: re.Pattern[str]
    handler: Callable[..., Reply]
    scopes: frozenset[str] = frozenset()


def route(method: str, path: str, handler: Callable[..., Reply], *scopes: str) -> Route:
    """`path` is written as the vendors' pages do: /calendars/{calendarId}/events."""
    pattern = re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(path))
    return Route(method, re.compile(pattern), handler, frozenset(scopes))
