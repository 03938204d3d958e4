"""Linking a calendar on a CalDAV server: its address, a name and an app password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from chouseiapo.accounts.caldav import credentials
from chouseiapo.accounts.secrets import hashed
from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Linkable, Provider
from chouseiapo.domain.proposal import is_address
from chouseiapo.ports import PortError
from chouseiapo.web import limits
from chouseiapo.web.request import services
from chouseiapo.web.staff import session
from chouseiapo.web.staff.linking import linked, owner_of

caldav = Blueprint("caldav", __name__)
# Which field a refusal is about, and what is said there; others are about the address.
_SAID = {
    "token_refused": ("password", "caldav_token_refused"),
    "not_caldav": ("url", "caldav_not_caldav"),
    "no_calendar": ("url", "caldav_no_calendar"),
    "address_invalid": ("url", "caldav_address_invalid"),
    "address_not_allowed": ("url", "caldav_address_not_allowed"),
    "https_required": ("url", "caldav_https_required"),
    "redirected_elsewhere": ("url", "caldav_redirected"),
    "certificate_not_trusted": ("url", "caldav_certificate"),
    "unreachable": ("url", "caldav_unreachable"),
    "unavailable": ("url", "caldav_unreachable"),
    "throttled": ("url", "caldav_unreachable"),
}


@caldav.get("/settings/calendar/link/caldav")
@caldav.get("/rooms/<room>/link/caldav")
@session.signed_in
def form(room: str = "") -> Any:
    standing = _owner(room).calendar
    user = standing.account if standing and standing.provider is Provider.CALDAV else ""
    return _form(room, user=user)


@caldav.post("/settings/calendar/link/caldav")
@caldav.post("/rooms/<room>/link/caldav")
@session.signed_in
def link(room: str = "") -> Any:
    """Everything that was typed but the password is there again when it did not work."""
    owner = _owner(room)
    url, user = (request.form.get(name, "").strip() for name in ("url", "user"))
    password = request.form.get("password", "")
    # Who types an address of mail need not type it again as their name.
    needed = {"url": url, **({} if is_address(url) else {"user": user}), "password": password}
    if missing := {name: Problem(name, "missing") for name, value in needed.items() if not value}:
        return _form(room, missing, url, user), 422
    limits.hit(limits.APP_PASSWORDS, g.member.id)
    # Not the form's digest, which the password is part of.
    cause = Meta(actor=g.member.id, command=f"link/{hashed(request.form.get('nonce', ''))}")
    try:
        made = services().link_to(owner.id, Provider.CALDAV, credentials(url, user, password), cause)
    except PortError as error:
        field, code = _SAID.get(error.reason, ("url", "caldav_other"))
        return _form(room, {field: Problem(field, code)}, url, user), 422
    return linked(room, owner.calendar, made)


def _owner(room: str) -> Linkable:
    if Provider.CALDAV.value not in services().calendars:
        raise NotFound
    return owner_of(room)


def _form(room: str, problems: dict[str, Problem] | None = None, url: str = "", user: str = "") -> str:
    return render_template(
        "staff/linking_caldav.html", room=room, problems=problems or {}, url=url, user=user
    )
