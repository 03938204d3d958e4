"""The time zones that forms offer, in the reader's words: 「東京 (UTC+9)」."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from markupsafe import Markup

from chouseiapo import wording
from chouseiapo.domain.proposal import is_time_zone

# Any other IANA name works where one is asked for in the address or by the API.
OFFERED = (
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Bangkok",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Pacific/Honolulu",
    "Australia/Sydney",
    "Pacific/Auckland",
    "UTC",
)


def choices(chosen: str, at: datetime, locale: str) -> dict[str, str]:
    """IANA name and words of each zone offered, the chosen one (if it is one) among them; offsets at `at`."""
    # Nothing chosen is told first: to ask whether a name is a zone's, the whole machine's list is read.
    known = not chosen or chosen in OFFERED or not is_time_zone(chosen)
    offered = OFFERED if known else (chosen, *OFFERED)
    return {zone: wording.zone_name(zone, at, locale) for zone in offered}


def options(chosen: str, at: datetime, locale: str) -> Markup:
    """The same as a list's options: every guest's page has them, and they are nearly always the same ones."""
    return _options(chosen, _hour(at), locale)


@lru_cache(maxsize=1024)
def _options(chosen: str, at: datetime, locale: str) -> Markup:
    option, marks = Markup('<option value="{}"{}>{}</option>'), {chosen: Markup(" selected")}
    offered = choices(chosen, at, locale).items()
    return Markup("").join(option.format(zone, marks.get(zone, ""), words) for zone, words in offered)


def everywhere(at: datetime, locale: str) -> dict[str, str]:
    """Every place's zone with its words, from west to east; for pages that need not be small."""
    return _everywhere(_hour(at), locale)


@lru_cache(maxsize=4)
def _everywhere(at: datetime, locale: str) -> dict[str, str]:
    """Each zone once, under its present name; those that are an offset alone are no place."""
    places = available_timezones() & get_global("zone_territories").keys()
    named = {zone: wording.zone_name(zone, at, locale) for zone in places if not zone.startswith("Etc/GMT")}
    offsets = {zone: at.astimezone(ZoneInfo(zone)).utcoffset() for zone in named}
    return dict(sorted(named.items(), key=lambda item: (offsets[item[0]], item[1])))


def _hour(at: datetime) -> datetime:
    """Offsets change on the hour."""
    return at.replace(minute=0, second=0, microsecond=0)
