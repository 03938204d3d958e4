"""Zoom's status and code in our terms: https://developers.zoom.us/docs/api/errors/"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from chouseiapo.adapters import content, seconds
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests

INVALID_TOKEN, NO_SCOPE, NOT_HOST = 124, 4711, 3003
NO_SUCH_USER = frozenset({1001, 1010})
MISSING = frozenset({3000, 3001})
UNDER_WAY, ENDED = 3002, 3007
VALIDATION_FAILED = 300


def refusal(answer: requests.Response, now: datetime) -> PortError:
    """What an answer that is not ok means; `now` is UTC."""
    status, code = answer.status_code, content(answer).get("code")
    wait = _wait(answer.headers.get("Retry-After"), now)
    if status == 429 and answer.headers.get("X-RateLimit-Type", "").lower().startswith("daily"):
        return PortError("daily_limit", retry_after=wait)
    if status == 429:
        return PortError("throttled", retry_after=wait)
    if status >= 500 or (code is None and status in (403, 404)):  # something before Zoom has answered
        return PortError("unavailable", retry_after=wait)
    if status == 401 or code == INVALID_TOKEN:
        return PortError("token_refused", permanent=True, auth=True)
    if status == 403 or code in (NO_SCOPE, NOT_HOST):
        return PortError("no_permission", permanent=True, auth=code != NOT_HOST)
    if code in NO_SUCH_USER:
        return PortError("account_not_found", permanent=True, auth=True)
    if is_missing(answer):
        return PortError("gone", permanent=True)
    if code == UNDER_WAY:
        return PortError("meeting_under_way")
    return PortError(f"rejected_{status}_{code if isinstance(code, int) else 'unknown'}", permanent=True)


def is_missing(answer: requests.Response) -> bool:
    """Whether the meeting does not exist any more, in Zoom's own words: a 404 alone is anybody's."""
    return content(answer).get("code") in MISSING


def has_ended(answer: requests.Response) -> bool:
    return content(answer).get("code") == ENDED


def says_against(answer: requests.Response, field: str) -> bool:
    """Whether it is this field that Zoom does not take."""
    said = content(answer)
    errors = said.get("errors")
    named = [each.get("field") for each in errors if isinstance(each, dict)] if errors else []
    return said.get("code") == VALIDATION_FAILED and field in named


def _wait(retry_after: str | None, now: datetime) -> float | None:
    """Seconds to wait. Daily limits tell the instant when they end, in ISO 8601."""
    if (plain := seconds(retry_after)) is not None or not retry_after:
        return plain
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            until = reader(retry_after)
        except ValueError:
            continue
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    return None
