"""The one place that reads the time; everything else is told `now`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo

Clock = Callable[[], datetime]


def day_ends(at: datetime, zone: tzinfo) -> datetime:
    """When the date of that instant ends in a zone (UTC)."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=zone).astimezone(UTC)


def utc_now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)
