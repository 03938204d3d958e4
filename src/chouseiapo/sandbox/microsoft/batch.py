"""Graph's batches: JSON, at most twenty parts, each answered by itself and in no order to rely on.

Either no part depends on another, then all are in flight together and count one by one; or each depends on
the part before it, then they go one after the other and count as one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.microsoft.errors import error, invalid
from chouseiapo.sandbox.world import World

MOST_PARTS = 20
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")


class Desk(Protocol):
    """Who answers the parts, and knows how many requests a mailbox takes at a time."""

    world: World

    def mailbox(self, call: Call) -> str: ...
    def admitted(self, mailbox: str) -> bool: ...
    def landed(self, mailbox: str) -> None: ...
    def part(self, call: Call, *, in_flight: bool = False) -> Reply: ...


class Batch:
    """One POST to /$batch; Refusal when it is none."""

    def __init__(self, call: Call, desk: Desk) -> None:
        self._desk = desk
        self._parts = _checked(call)
        self._sequential = any(each.get("dependsOn") for each in self._parts)
        self._calls = {each["id"]: _call(each, call) for each in self._parts}
        self._mailboxes = {id: desk.mailbox(part) for id, part in self._calls.items()}

    def answer(self, delay_s: float) -> Reply:
        """The outer 200 says nothing about the parts."""
        replies: dict[str, Reply] = {}
        with self._in_flight() as admitted:
            self._desk.world.closing.wait(delay_s)
            for each in self._parts:
                id = each["id"]
                failed = any(replies[before].status >= 400 for before in each.get("dependsOn", []))
                replies[id] = error(424) if failed else self._answered(each, id in admitted)
        responses = [_written(id, reply) for id, reply in reversed(replies.items())]
        return Reply(200, {"responses": responses}, parts=len(self._parts))

    @contextmanager
    def _in_flight(self) -> Iterator[set[str]]:
        """Those parts for which there is room at their mailbox."""
        held: dict[str, str] = {}
        for id, mailbox in self._mailboxes.items():
            counted = self._sequential and mailbox in held.values()
            if not counted and self._desk.admitted(mailbox):
                held[id] = mailbox
        try:
            yield {id for id, mailbox in self._mailboxes.items() if self._admits(held, id, mailbox)}
        finally:
            for mailbox in held.values():
                self._desk.landed(mailbox)

    def _admits(self, held: Mapping[str, str], id: str, mailbox: str) -> bool:
        return mailbox in held.values() if self._sequential else id in held

    def _answered(self, each: Json, admitted: bool) -> Reply:
        if not admitted:
            return error(429, retry_after_s=1)
        if "body" in each and "content-type" not in self._calls[each["id"]].headers:
            return invalid("Write request with a body needs a Content-Type header.", "BadRequest").reply
        return self._desk.part(self._calls[each["id"]], in_flight=True)


def _checked(call: Call) -> list[Json]:
    try:
        requests = call.object().get("requests")
    except ValueError as problem:
        raise invalid(str(problem), "BadRequest") from problem
    if not isinstance(requests, list) or not requests:
        raise invalid("A batch has requests.", "BadRequest")
    if len(requests) > MOST_PARTS:
        raise invalid(
            f"Number of batch request steps exceeds the maximum value of {MOST_PARTS}.",
            "MaximumValueExceeded",
        )
    seen: set[str] = set()
    for each in requests:
        _check_part(each, seen)
        seen.add(each["id"].lower())
    _check_order(requests)
    return requests


def _check_part(each: object, seen: set[str]) -> None:
    """Ids are unique without regard to case."""
    if not isinstance(each, dict) or not all(isinstance(each.get(k), str) for k in ("id", "method", "url")):
        raise invalid("A part of a batch has id, method and url.", "BadRequest")
    if each["id"].lower() in seen:
        raise invalid(f"Request Id {each['id']} has been used more than once.", "BadRequest")
    if each["method"].upper() not in METHODS or not each["url"].startswith("/"):
        raise invalid(f"{each['method']} {each['url']} is no request of a batch.", "BadRequest")
    if not isinstance(each.get("headers", {}), dict):
        raise invalid("headers is an object of texts.", "BadRequest")


def _check_order(requests: list[Json]) -> None:
    """Graph has room for more, but takes a batch that is fully parallel or fully sequential."""
    depends = [each.get("dependsOn", []) for each in requests]
    if depends == [[]] * len(requests):
        return
    chain = [[], *([each["id"]] for each in requests[:-1])]
    if depends != chain:
        message = "A batch is fully parallel, or fully sequential: each part depends on the one before."
        raise invalid(message, "BadRequest")


def _call(each: Json, outer: Call) -> Call:
    headers = {str(name).lower(): str(value) for name, value in each.get("headers", {}).items()}
    for name in ("authorization", "host"):
        headers[name] = outer.headers.get(name, "")
    body = json.dumps(each["body"]).encode() if "body" in each else b""
    return Call.part(each["method"], each["url"], headers, body)


def _written(id: str, reply: Reply) -> Json:
    response: Json = {"id": id, "status": reply.status, "headers": dict(reply.headers)}
    if reply.body is not None:
        response["headers"] = {"Content-Type": "application/json", **reply.headers}
        response["body"] = reply.body
    return response
