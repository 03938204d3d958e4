"""What Google's answers mean, in our terms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chouseiapo.adapters import seconds, word
from chouseiapo.adapters.google.events import Event
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError

    Answer = Event | HttpError

THROTTLED = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})
GONE = (404, 410)


def expected(answer: Answer) -> Event:
    """What Google says; raises PortError for a refusal."""
    if isinstance(answer, dict):
        return answer
    raise refusal(answer)


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


def may_be_deleted(error: HttpError) -> bool:
    """Whether a write that was refused so may have met an event that somebody deleted."""
    return error.status_code in (*GONE, 412) or is_forbidden(error)


def is_forbidden(error: HttpError) -> bool:
    """403 says so, but also throttles, and switches whole APIs off."""
    return error.status_code == 403 and reason(error) not in {*THROTTLED, "accessNotConfigured"}


def reason(error: HttpError) -> str:
    try:
        return word(json.loads(error.content)["error"]["errors"][0]["reason"])
    except (ValueError, LookupError, TypeError):
        return "unknown"
