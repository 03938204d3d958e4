"""Times as Graph writes them, in the zone that Prefer asks for."""

from __future__ import annotations

import re
from datetime import datetime

from chouseiapo.sandbox.calls import Call, Json
from chouseiapo.sandbox.microsoft.errors import invalid
from chouseiapo.sandbox.times import any_zone

PREFERENCE = re.compile(r'outlook\.timezone\s*=\s*"([^"]*)"', re.I)


def preferred_zone(call: Call) -> str:
    """Prefer: outlook.timezone="Tokyo Standard Time" changes what is answered, never what is written."""
    found = PREFERENCE.search(call.headers.get("prefer", ""))
    name = found[1] if found else "UTC"
    try:
        any_zone(name)
    except ValueError as problem:
        raise invalid(f"The time zone is not known: {problem}", "TimeZoneNotSupportedException") from problem
    return name


def written(at: datetime, zone: str) -> Json:
    """Seven digits after the point and no offset."""
    local = at.astimezone(any_zone(zone))
    return {"dateTime": f"{local:%Y-%m-%dT%H:%M:%S.%f}0", "timeZone": zone}
