"""Instants and zones as the vendors write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

TOKYO = ZoneInfo("Asia/Tokyo")
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII | re.I)


def utc_now() -> datetime:
    return datetime.now(UTC)


def instant(text: object, zone: ZoneInfo | None = None) -> datetime:
    """RFC 3339 to UTC; without an offset it is the wall clock's in `zone`. ValueError for neither."""
    if not isinstance(text, str) or not STAMP.fullmatch(text):
        raise ValueError(f"{text!r} is no time of the form 2026-11-25T10:00:00+09:00.")
    read = datetime.fromisoformat(_microseconds(text).upper())
    if read.tzinfo is None and zone is None:
        raise ValueError(f"{text!r} has no offset.")
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


def _microseconds(text: str) -> str:
    """Graph writes seven digits after the point; Python reads six."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def has_offset(text: str) -> bool:
    return bool(re.search(r"(Z|[+-]\d{2}:\d{2})$", text, re.I))


def day(text: object, zone: ZoneInfo) -> datetime:
    """A whole day's midnight in that zone, in UTC."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(f"{text!r} is no date of the form 2026-11-25.")
    at = date.fromisoformat(text)
    return datetime(at.year, at.month, at.day, tzinfo=zone).astimezone(UTC)


def zulu(at: datetime, timespec: str = "seconds") -> str:
    """2026-11-25T01:00:00Z"""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    """Graph takes both kinds of names and answers in Windows' own: Tokyo Standard Time."""
    mapping: dict[str, str] = dict(get_global("windows_zone_mapping"))
    return {name.casefold(): zone for name, zone in mapping.items()}


@lru_cache(maxsize=1)
def _iana() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=256)
def iana_zone(name: str) -> ZoneInfo:
    """ValueError for a name that is none."""
    if name not in _iana():
        raise ValueError(f"{name!r} is no time zone.")
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def any_zone(name: str) -> ZoneInfo:
    """A Windows or an IANA name; ValueError for neither."""
    return iana_zone(_windows().get(name.casefold(), name))


def days_touched(start: datetime, end: datetime) -> list[date]:
    """Every UTC day of the half-open interval; an empty one still has its own."""
    first, last = start.date(), max(start, end - timedelta(microseconds=1)).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
