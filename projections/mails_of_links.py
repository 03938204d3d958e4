"""Mails about linked accounts: what they tell of, from the events, and when they have become pointless."""

from __future__ import annotations

from chouseiapo.application import Coordination
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.links import AccountBroken, EntriesDisappeared
from chouseiapo.domain.member import Member
from chouseiapo.domain.room import Room
from chouseiapo.mail import LinkFacts, LinkRule
from projections.outbox import Mail

RULES = tuple(LinkRule)


def link_facts(app: Coordination, mail: Mail, base_url: str) -> LinkFacts:
    """The account as it was at the event that caused the mail."""
    kind = Room if is_of("room", mail.stream) else Member
    owner: Room | Member = kind.remember(mail.stream, app.stream(mail.stream, until=mail.version))
    link = owner.links[_link(app, mail)]
    is_room = isinstance(owner, Room)
    relinked_at = f"{base_url}/rooms/{owner.id}" if is_room else f"{base_url}/settings"
    vanished = mail.rule == LinkRule.VANISHED
    return LinkFacts(
        link=link,
        at=mail.created_at,
        url=f"{base_url}/calendars/{link.id}/vanished" if vanished else relinked_at,
        room=owner.name if is_room else "",
        count=link.vanished if vanished else 0,
    )


def why_pointless(app: Coordination, mail: Mail) -> str:
    """Empty as long as there is something to do about it; else what became of it."""
    link = app.linked(_link(app, mail))
    if link is None:
        return "unlinked"
    if mail.rule == LinkRule.VANISHED:
        return "" if link.vanished else "answered"
    return "" if link.broken and link.broken_since == mail.created_at else "healed"


def _link(app: Coordination, mail: Mail) -> str:
    cause = app.stream(mail.stream, until=mail.version)[-1:]
    return next(e.link for e in cause if isinstance(e, AccountBroken | EntriesDisappeared))
