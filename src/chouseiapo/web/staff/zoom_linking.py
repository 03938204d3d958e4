"""What is particular about linking Zoom: an administrator may have to approve the app first, and an account
speaks for one member alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Response, g, request

from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import AccountLinked, AccountUnlinked, Link, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.web.request import services

# In the browser of whoever went to Zoom, until they come back with an answer.
BEGUN = "zoom-linking"
BEGUN_S = 14 * 24 * 3600


def note_begun(response: Response) -> Response:
    """Remember that the member has gone to Zoom: who waits for an approval never comes back from there."""
    secure = services().settings.secure
    response.set_cookie(
        BEGUN, g.member.id, max_age=BEGUN_S, secure=secure, httponly=True, samesite="Lax", path="/settings"
    )
    return response


def forget_begun(response: Response) -> Response:
    response.delete_cookie(BEGUN, path="/settings", secure=services().settings.secure, httponly=True)
    return response


def was_begun() -> bool:
    """Whether the member has gone to Zoom in this browser and not come back."""
    return bool(request.cookies.get(BEGUN, "") == g.member.id)


class Lost(msgspec.Struct, frozen=True):
    """Why somebody's Zoom account speaks for them no longer, when that was not their own doing here: it was
    linked by `to`, empty where the app was removed at Zoom."""

    event: AccountUnlinked
    to: str = ""


def lost(member: str) -> Lost | None:
    """How the member lost Zoom, as long as no other account stands in its place."""
    events = reversed(services().coordination.stream(member))
    last = next((e for e in events if isinstance(e, AccountLinked | AccountUnlinked) and _is_zoom(e)), None)
    if not isinstance(last, AccountUnlinked) or not (last.moved_to or last.deauthorized):
        return None
    return Lost(last, last.moved_to)


def what_linking_meant(member: str, before: Link | None, link: str) -> dict[str, Any]:
    """What the next page's address says: `moved` names the colleague for whom the account spoke until now."""
    if before is not None and before.id == link:
        return {"done": "zoom_again"}
    replaced = {"was": before.id} if before is not None else {}
    return {"done": "zoom", "moved": next(_losers(member, link), None), **replaced}


def moved_from(member: str) -> str:
    """The colleague, or the organization, that the page's address names, if that is true."""
    asked = request.args.get("moved", "")
    if asked != ORGANIZATION and not is_of("member", asked):
        return ""
    return asked if any(event.moved_to == member for event in _unlinked(asked)) else ""


def _losers(member: str, link: str) -> Iterator[str]:
    """Whom the same save has unlinked."""
    mine = services().coordination.linked(link)
    for other in services().vault.of_account(link):
        events = (e for e in _unlinked(link_owner(other)) if e.link == other and e.moved_to == member)
        if mine is not None and any(event.at == mine.linked_at for event in events):
            yield link_owner(other)


def _unlinked(owner: str) -> list[AccountUnlinked]:
    return [e for e in services().coordination.stream(owner) if isinstance(e, AccountUnlinked)]


def _is_zoom(event: AccountLinked | AccountUnlinked) -> bool:
    return event.link.startswith(f"{Provider.ZOOM}-")
