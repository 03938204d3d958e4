"""Two ids for one event: the usual one changes when an item moves, the immutable one has to be asked for."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

IMMUTABLE, USUAL = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A", "AAMkADU2NzhkLTcwYTMtNGQ5NgBGAAAAAAC"


def new_id() -> str:
    return IMMUTABLE + secrets.token_urlsafe(16)


def wants_immutable(headers: Mapping[str, str]) -> bool:
    """Prefer: IdType="ImmutableId" holds for one request only, so it belongs on every one."""
    return bool(re.search(r'IdType\s*=\s*"ImmutableId"', headers.get("prefer", ""), re.I))


def shown(id: str, headers: Mapping[str, str]) -> str:
    """Who forgets the header gets ids that it will not find again in its own books."""
    return id if wants_immutable(headers) else USUAL + id.removeprefix(IMMUTABLE) + "="


def stored(id: str) -> str:
    """Both kinds are understood in a path."""
    return IMMUTABLE + id.removeprefix(USUAL).removesuffix("=") if id.startswith(USUAL) else id
