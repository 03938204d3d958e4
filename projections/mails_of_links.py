"""Mails about linked accounts: what they tell of, from the events, and when they have become pointless."""

from __future__ import annotations

from chouseiapo.application import Coordination
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.links import AccountBroken, AccountUnlinked, EntriesDisappeared, Linkable
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import ORGANIZATION, Organization
from chouseiapo.domain.room import Room
from chouseiapo.mail import LinkFacts, LinkRule
from projections.outbox import Mail

RULES = tuple(LinkRule)
_ENDED = (LinkRule.LINK_MOVED, LinkRule.DEAUTHORIZED)


def link_facts(app: Coordination, mail: Mail, base_url: str) -> LinkFacts:
    """The account as it was at the event that caused the mail; one that ended, as it was before."""
    until = mail.version - 1 if mail.rule in _ENDED else mail.version
    owner = _owner(app, mail.stream, until)
    link = owner.links[_link(app, mail)]
    vanished = mail.rule == LinkRule.VANISHED
    return LinkFacts(
        link=link,
        at=mail.created_at,
        url=f"{base_url}/calendars/{link.id}/vanished" if vanished else f"{base_url}{_relinked_at(owner)}",
        room=owner.name if isinstance(owner, Room) else "",
        count=link.vanished if vanished else 0,
    )


def _owner(app: Coordination, id: str, until: int) -> Linkable:
    kind = Organization if id == ORGANIZATION else Room if is_of("room", id) else Member
    found: Linkable = kind.remember(id, app.stream(id, until=until))
    return found


def _relinked_at(owner: Linkable) -> str:
    match owner:
        case Room():
            return f"/rooms/{owner.id}"
        case Organization():
            return "/settings/organization"
    return "/settings"


def why_pointless(app: Coordination, mail: Mail) -> str:
    """Empty as long as there is something to do about it; else what became of it."""
    link = app.linked(_link(app, mail))
    if mail.rule in _ENDED:
        return "" if link is None else "healed"
    if link is None:
        return "unlinked"
    if mail.rule == LinkRule.VANISHED:
        return "" if link.vanished else "answered"
    return "" if link.broken and link.broken_since == mail.created_at else "healed"


def _link(app: Coordination, mail: Mail) -> str:
    cause = app.stream(mail.stream, until=mail.version)[-1:]
    told = (AccountBroken, EntriesDisappeared, AccountUnlinked)
    return next(e.link for e in cause if isinstance(e, told))
