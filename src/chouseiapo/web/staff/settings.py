"""My settings: what is linked and whether it works, and how mails come."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.links import Link, Provider
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.frame import moment
from chouseiapo.web.staff.words import Trouble

settings = Blueprint("settings", __name__)


class Card(msgspec.Struct, frozen=True):
    """A link and its health: linked, broken or none."""

    purpose: str
    state: str
    name: str
    account: str = ""
    since: str = ""
    trouble: Trouble | None = None


@settings.get("/settings")
@session.signed_in
def page() -> Any:
    return render_template(
        "staff/settings.html",
        cards=_cards(),
        saved="saved" in request.args,
        reminder_at=f"{services().settings.reminder_at:%H:%M}",
    )


@settings.post("/settings/mails")
@session.signed_in
def choose_mails() -> Any:
    """How one's own mails read: their language, the zone of their times, and their format."""
    form, app = request.form, services().coordination
    app.choose_locality(
        g.member.id, form.get("locale", ""), form.get("time_zone", ""), session.command(), g.now
    )
    app.choose_mail_format(g.member.id, form.get("format") == "text", session.command(), g.now)
    return redirect(url_for("settings.page", saved=1, _anchor="mails"), 303)


def _cards() -> list[Card]:
    return [_card("calendar", g.member.calendar), _card("zoom", g.member.zoom)]


def _card(purpose: str, link: Link | None) -> Card:
    if link is None:
        missing = words.BUILT_IN if purpose == "calendar" else words.PROVIDERS[Provider.ZOOM]
        return Card(purpose, "none", words.said(missing))
    name = words.said(words.PROVIDERS[link.provider])
    if not link.broken:
        return Card(purpose, "linked", name, link.account)
    since = moment(link.broken_since) if link.broken_since else ""
    return Card(purpose, "broken", name, link.account, since, words.trouble(link.broken))
