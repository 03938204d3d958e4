"""The time zones that forms offer, in the reader's words: 「東京 (UTC+9)」."""

from __future__ import annotations

from datetime import datetime

from chouseiapo import wording

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
    """IANA name and words of each zone offered, the chosen one among them; offsets are those at `at`."""
    offered = OFFERED if not chosen or chosen in OFFERED else (chosen, *OFFERED)
    return {zone: wording.zone_name(zone, at, locale) for zone in offered}
