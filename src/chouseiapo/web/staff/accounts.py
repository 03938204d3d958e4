"""Whose account speaks: another one than before, or one that speaks for a colleague, too."""

from __future__ import annotations

import msgspec
from flask import request

from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import AccountLinked, Link, Linkable
from chouseiapo.web.request import services
from chouseiapo.web.staff import words
from projections.place_holds import left_on


class Replaced(msgspec.Struct, frozen=True):
    """The account before; `left`: so many entries stay there, out of our reach."""

    link: str
    provider: str
    was: str
    now: str
    left: int


def asks_of_replaced(before: Link | None, link: str) -> dict[str, str]:
    """What the next page's address says when another account came back than the one that stood."""
    if before is None or before.id == link:
        return {}
    return {"was": before.id} | ({"broken": "1"} if before.broken else {})


def replaced(owner: Linkable, link: Link) -> Replaced | None:
    """By the page's address; whatever somebody else wrote there can name no account but the owner's."""
    asked = request.args.get("was", "")
    before = linked_before(owner, asked)
    if before is None or asked == link.id:
        return None
    was, now = before.account, link.account
    if before.provider is not link.provider:
        was, now = (
            f"{words.said(words.PROVIDERS[each.provider])} ({each.account})" for each in (before, link)
        )
    left = left_on(services().rows, asked)[0] if "broken" in request.args else 0
    return Replaced(asked, before.provider.value, was, now, left)


def linked_before(owner: Linkable, link: str) -> AccountLinked | None:
    """How a link of theirs began, whether or not it stands."""
    events = services().coordination.stream(owner.id)
    return next((e for e in reversed(events) if isinstance(e, AccountLinked) and e.link == link), None)


def shared_with(link: Link) -> list[str]:
    """The other members for whom the same account speaks. Rooms may share one."""
    if is_of("room", link_owner(link.id)):
        return []
    others = {
        link_owner(each): each
        for each in services().vault.of_account(link.id)
        if is_of("member", link_owner(each)) and each != link.id
    }
    found = services().coordination.members(others)
    return sorted(member.name for id, member in found.items() if others[id] in member.links)
