"""Zoom's refusals: {"code", "message", "errors": [{"field", "message"}]}."""

from __future__ import annotations

from collections.abc import Mapping

from chouseiapo.sandbox.calls import Json, Refusal, Reply

USUAL = {
    400: (300, "Validation Failed."),
    401: (124, "Invalid access token."),
    403: (200, "No permission."),
    404: (404, "Not found."),
    429: (429, "You have reached the maximum per-second rate limit for this API. Try again later."),
    500: (500, "Internal Server Error"),
    503: (503, "Service Unavailable"),
}


def error(status: int, code: int = 0, message: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    usual_code, usual_message = USUAL.get(status, USUAL[503] if status >= 500 else USUAL[400])
    return Reply(status, {"code": code or usual_code, "message": message or usual_message}, headers or {})


def refuse(status: int, code: int = 0, message: str = "") -> Refusal:
    return Refusal(error(status, code, message))


def invalid(problems: Mapping[str, str]) -> Refusal:
    """Code 300: every field with its own message."""
    listed = [{"field": field, "message": message} for field, message in problems.items()]
    body: Json = {"code": 300, "message": "Validation Failed.", "errors": listed}
    return Refusal(Reply(400, body))
