"""Many entries have disappeared from a calendar at once: whoever looks after it says what that means."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import Link
from chouseiapo.web.errors import Refused
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, session
from chouseiapo.web.staff.frame import is_administrator

vanished = Blueprint("vanished", __name__, url_prefix="/calendars/<link>/vanished")
ANSWERS = {"restore": "restored", "leave": "left"}


@vanished.get("")
@session.signed_in
def page(link: str) -> Any:
    """The two answers and what each means; nothing is left to ask once one was given."""
    standing = _in_care(link)
    owner = link_owner(link)
    return render_template(
        "staff/vanished.html", link=standing, room=people.name_of(owner) if is_of("room", owner) else ""
    )


@vanished.post("")
@session.signed_in
def answer(link: str) -> Any:
    if (given := request.form.get("answer", "")) not in ANSWERS:
        raise Refused(400, "bad_request")
    _in_care(link)
    restore = given == "restore"
    services().coordination.answer_vanished(link, restore, session.command(), g.now)
    return redirect(url_for("staff.home", done=ANSWERS[given]), 303)


def _in_care(link: str) -> Link:
    """The link, for its owner or, a room's, for administrators; to others it does not exist."""
    owner = link_owner(link)
    theirs = owner == g.member.id or (is_of("room", owner) and is_administrator())
    found = services().coordination.linked(link) if theirs else None
    if found is None:
        raise NotFound
    return found
