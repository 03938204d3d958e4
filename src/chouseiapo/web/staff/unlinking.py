"""Unlinking a calendar: what becomes of our entries there is asked before, and said."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from chouseiapo.domain.links import Leaving, Link
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.linking import home, owner_of
from projections.place_holds import left_on, let_go
from projections.standing import standing

unlinking = Blueprint("unlinking", __name__)


@unlinking.get("/settings/calendar/unlink")
@unlinking.get("/rooms/<room>/unlink")
@session.signed_in
def page(room: str = "") -> Any:
    owner = owner_of(room)
    link = owner.calendar
    if link is None:
        return home(room)
    return render_template(
        "staff/unlinking.html",
        owner=owner,
        link=link,
        room=room,
        provider=words.said(words.PROVIDERS[link.provider]),
        vendor=words.said(words.VENDORS.get(link.provider, words.PROVIDERS[link.provider])),
        standing=standing(services().rows, link.id, g.now),
        out_of_reach=left_on(services().rows, link.id)[0] if link.broken else 0,
    )


@unlinking.post("/settings/calendar/unlink")
@unlinking.post("/rooms/<room>/unlink")
@session.signed_in
def unlink(room: str = "") -> Any:
    """Sent twice it is done once: what is not linked any more has nothing to be unlinked."""
    owner = owner_of(room)
    link = owner.calendar
    if link is None or link.id != request.form.get("link", ""):
        return home(room)
    services().coordination.unlink_account(owner.id, link.provider, session.command(), g.now, _leaving())
    return home(room, done="unlinked", left=_out_of_reach(link) or None)


def _leaving() -> Leaving:
    try:
        return Leaving(request.form.get("leave", ""))
    except ValueError:
        return Leaving.KEEP_CONFIRMED


def _out_of_reach(link: Link) -> int:
    """What a broken account keeps is out of our hands: nobody shall wait for it. Answers how much it is."""
    if not link.broken:
        return 0
    left, _at_work = left_on(services().rows, link.id)
    services().forget_account(link.id)
    let_go(services().rows, link.id)
    return left
