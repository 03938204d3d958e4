"""Zoom's daily limits, counted by UTC day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from chouseiapo.sandbox.calls import Refusal
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.errors import error


def spend(world: World, host: str) -> None:
    """One of the creates and updates of that host's meetings."""
    words = (
        "You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API requests permitted for"
        " this particular user. You may resume these requests at GMT 00:00:00."
    )
    _count(world, host, world.switches.zoom_daily_limit, words)


def spend_registrant(world: World, meeting: int, email: str, what: str, limit: int) -> None:
    """Registering somebody (3 a day), or changing that registration's state (10)."""
    words = (
        f"You have exceeded the daily rate limit of ({{limit}}) for {what} API requests for the registrant"
        f" ({email}). You can resume these API requests at GMT 00:00:00."
    )
    _count(world, f"{what} {meeting} {email.lower()}", limit, words)


def _count(world: World, key: str, limit: int | None, words: str) -> None:
    now = world.now().astimezone(UTC)
    spent = world.meetings.spent
    if limit is not None and spent[key, now.date()] >= limit:
        message = words.format(limit=limit)
        raise Refusal(error(429, message=message, headers=_headers(limit, now)))
    spent[key, now.date()] += 1


def _headers(limit: int, now: datetime) -> Mapping[str, str]:
    """Retry-After is an instant here, no number of seconds."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return {
        "X-RateLimit-Category": "Light",
        "X-RateLimit-Type": "Daily-limit",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "Retry-After": zulu(midnight),
    }
