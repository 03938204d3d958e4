"""Graph's refusals: {"error": {"code", "message", "innerError"}}."""

from __future__ import annotations

import uuid

from chouseiapo.sandbox.calls import Json, Refusal, Reply

USUAL = {
    400: ("ErrorInvalidRequest", "The request is invalid."),
    401: ("InvalidAuthenticationToken", "Access token is empty, expired or not valid."),
    403: ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    404: ("ErrorItemNotFound", "The specified object was not found in the store."),
    409: ("ErrorIrresolvableConflict", "The send or update operation could not be performed."),
    410: ("SyncStateNotFound", "The sync state generation is not found."),
    412: (
        "ErrorIrresolvableConflict",
        "The change key passed in the request does not match that of the item.",
    ),
    424: ("FailedDependency", "A request that this one depends on has failed."),
    429: ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}


def error(
    status: int,
    code: str = "",
    message: str = "",
    retry_after_s: int | None = None,
    extra: Json | None = None,
) -> Reply:
    usual_code, usual_message = USUAL.get(status, USUAL[503] if status >= 500 else USUAL[400])
    inner = {"request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4())}
    content = {"code": code or usual_code, "message": message or usual_message, "innerError": inner} | (
        extra or {}
    )
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
    return Reply(status, {"error": content}, headers)


def refuse(status: int, code: str = "", message: str = "", extra: Json | None = None) -> Refusal:
    return Refusal(error(status, code, message, extra=extra))


def invalid(message: str, code: str = "") -> Refusal:
    return refuse(400, code, message)
