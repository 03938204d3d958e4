"""Ids: what kind of thing each names stands in front, and who belongs to it can be read from it."""

from __future__ import annotations

import re
import uuid

_PEOPLE = uuid.UUID("6f0c3c52-5d0e-4d3a-9a3b-6e1f6f9f7d11")


def new_id(kind: str, seed: str = "") -> str:
    """An id of that kind: random, or the same for the same seed (so a repeated command names the same)."""
    unique = uuid.uuid5(_PEOPLE, f"{kind}/{seed}") if seed else uuid.uuid4()
    return f"{kind}-{unique.hex}"


def member_id(email: str) -> str:
    """A member's id follows from the address, so that registering it twice can't succeed."""
    return new_id("member", email.strip().lower())


def link_id(provider: str, owner: str, subject: str) -> str:
    """A link's id names its member or room and, unreadably, its account: linked again, it is the same."""
    unique = uuid.uuid5(_PEOPLE, f"{provider}/{subject}").hex[:12]
    return f"{provider}-{owner.removeprefix('member-')}-{unique}"


def link_owner(link: str) -> str:
    """The member, room or organization that a link, or a built-in calendar, belongs to."""
    provider, _, rest = link.partition("-")
    if provider == "builtin":
        return rest
    owner = rest.rpartition("-")[0]
    return owner if owner == "organization" or is_of("room", owner) else f"member-{owner}"


def is_of(kind: str, id: str) -> bool:
    """Whether the id is of that kind: the ids of other streams are no answer to a question for it."""
    return re.fullmatch(rf"{kind}-[0-9a-z-]{{1,64}}", id) is not None
