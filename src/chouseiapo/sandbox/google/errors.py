"""Google's refusals: {"error": {"code", "message", "errors": [{"domain", "reason", "message"}]}}."""

from __future__ import annotations

from chouseiapo.sandbox.calls import Json, Refusal, Reply

USUAL = {
    400: ("badRequest", "Bad Request"),
    401: ("authError", "Invalid Credentials"),
    403: ("userRateLimitExceeded", "User Rate Limit Exceeded"),
    404: ("notFound", "Not Found"),
    409: ("duplicate", "The requested identifier already exists."),
    410: ("deleted", "Resource has been deleted"),
    412: ("conditionNotMet", "Precondition Failed"),
    429: ("rateLimitExceeded", "Rate Limit Exceeded"),
    503: ("backendError", "Backend Error"),
}
"""The reasons of Google's guide to Calendar errors."""

DOMAINS = {
    "rateLimitExceeded": "usageLimits",
    "userRateLimitExceeded": "usageLimits",
    "quotaExceeded": "usageLimits",
}


def error(status: int, reason: str = "", message: str = "", retry_after_s: int | None = None) -> Reply:
    usual_reason, usual_message = USUAL.get(status, USUAL[503] if status >= 500 else USUAL[400])
    reason, message = reason or usual_reason, message or usual_message
    detail: Json = {"domain": DOMAINS.get(reason, "global"), "reason": reason, "message": message}
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
    if status == 401:
        detail |= {"locationType": "header", "location": "Authorization"}
        headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return Reply(status, {"error": {"code": status, "message": message, "errors": [detail]}}, headers)


def refuse(status: int, reason: str = "", message: str = "") -> Refusal:
    return Refusal(error(status, reason, message))


def invalid(message: str, reason: str = "invalid") -> Refusal:
    return refuse(400, reason, message)
