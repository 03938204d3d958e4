"""Graph's batches: JSON, at most twenty parts, each answered by itself and in no order to rely on."""

from __future__ import annotations

import json
from collections.abc import Callable

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.microsoft.errors import error, invalid

MOST_PARTS = 20
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")


def answer(call: Call, part: Callable[[Call], Reply]) -> Reply:
    """The outer 200 says nothing about the parts."""
    replies: dict[str, Reply] = {}
    requests = _checked(call)
    for each in requests:
        failed = any(replies[id].status >= 400 for id in each.get("dependsOn", []))
        replies[each["id"]] = error(424) if failed else _answered(each, call, part)
    responses = [_written(id, reply) for id, reply in reversed(replies.items())]
    return Reply(200, {"responses": responses}, parts=len(requests))


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
    return requests


def _check_part(each: object, seen: set[str]) -> None:
    """Ids are unique without regard to case; a part may wait for earlier ones only."""
    if not isinstance(each, dict) or not all(isinstance(each.get(k), str) for k in ("id", "method", "url")):
        raise invalid("A part of a batch has id, method and url.", "BadRequest")
    if each["id"].lower() in seen:
        raise invalid(f"Request Id {each['id']} has been used more than once.", "BadRequest")
    if each["method"].upper() not in METHODS or not each["url"].startswith("/"):
        raise invalid(f"{each['method']} {each['url']} is no request of a batch.", "BadRequest")
    if not isinstance(each.get("headers", {}), dict):
        raise invalid("headers is an object of texts.", "BadRequest")
    depends = each.get("dependsOn", [])
    if not isinstance(depends, list) or not all(isinstance(id, str) and id.lower() in seen for id in depends):
        raise invalid("dependsOn names parts that come before.", "BadRequest")


def _answered(each: Json, outer: Call, part: Callable[[Call], Reply]) -> Reply:
    headers = {str(name).lower(): str(value) for name, value in each.get("headers", {}).items()}
    if "body" in each and "content-type" not in headers:
        return invalid("Write request with a body needs a Content-Type header.", "BadRequest").reply
    for name in ("authorization", "host"):
        headers[name] = outer.headers.get(name, "")
    body = json.dumps(each["body"]).encode() if "body" in each else b""
    return part(Call.part(each["method"], each["url"], headers, body))


def _written(id: str, reply: Reply) -> Json:
    response: Json = {"id": id, "status": reply.status, "headers": dict(reply.headers)}
    if reply.body is not None:
        response["headers"] = {"Content-Type": "application/json", **reply.headers}
        response["body"] = reply.body
    return response
