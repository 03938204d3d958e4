"""Linking an account: away to the vendor's page of consent, and back.

One's own calendar, a room's, and one's own Zoom go the same way; whose it is stands in the address, and in
what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for

from chouseiapo.accounts.linking import Attempt, LinkAttempts
from chouseiapo.accounts.secrets import hashed
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.domain.member import Member
from chouseiapo.ports import PortError
from chouseiapo.web import limits
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.accounts import asks_of_replaced, linked_before
from chouseiapo.web.staff.frame import administrators_only
from chouseiapo.web.staff.refusals import refusal
from chouseiapo.web.staff.zoom_linking import forget_begun, note_begun, what_linking_meant

linking = Blueprint("linking", __name__)
ZOOM = Provider.ZOOM.value


def owner_of(room: str) -> Linkable:
    """Whose calendar a page is about: one's own, or, for administrators, a room's."""
    if not room:
        return services().coordination.member(g.member.id)
    administrators_only()
    return services().coordination.room(room)


def home(room: str, provider: str = "", **more: Any) -> Any:
    """Back to the page with the card."""
    if room:
        return redirect(url_for("rooms.page", id=room, **more), 303)
    anchor = ZOOM if provider == ZOOM else "calendar"
    return redirect(url_for("settings.page", **more, _anchor=anchor), 303)


def standing_link(owner: Linkable, provider: str) -> Link | None:
    """The account that speaks for the same purpose by now."""
    if provider != ZOOM:
        return owner.calendar
    return owner.zoom if isinstance(owner, Member) else None


@linking.post("/settings/calendar/link/<provider>")
@linking.post("/rooms/<room>/link/<provider>")
@session.signed_in
def begin(provider: str, room: str = "") -> Any:
    """To the vendor. A page that moves on by itself, and not a redirect: the policy for forms would follow it
    through whatever sign-in the company has behind the vendor's.
    """
    owner = owner_of(room)
    consent = services().consents.get(provider)
    if consent is None or (room and provider == ZOOM):
        raise NotFound
    limits.hit(limits.LINKINGS, g.member.id)
    standing, wanted = standing_link(owner, provider), linked_before(owner, request.form.get("was", ""))
    hint = standing.account if standing and standing.provider == provider else "" if room else g.member.email
    if wanted and wanted.provider == provider:
        hint = wanted.account
    try:
        begun = consent.begin(_back(provider), hint, for_room=bool(room))
    except PortError as error:
        return _refused(provider, error.reason, room)
    attempt = Attempt(provider, owner.id, g.member.id, hashed(g.session), begun.kept)
    _attempts().begin(begun.state, attempt, g.now)
    vendor = words.said(words.VENDORS[provider])
    page = make_response(
        render_template("staff/linking_go.html", url=begun.url, vendor=vendor, zoom=provider == ZOOM)
    )
    return note_begun(page) if provider == ZOOM else page


@linking.get("/settings/linked/<provider>")
def answered(provider: str) -> Any:
    """The vendor's answer. It bears a code, so it leads on at once, to an address without it."""
    if provider not in services().consents:
        raise NotFound
    if not session.enter():
        return redirect(url_for("sign_in.ask", next=url_for("settings.page"), why="ended"), 303)
    answer = request.args.to_dict()
    attempt = _attempts().take(answer.get("state", ""), provider, g.session, g.now)
    if attempt is None or attempt.member != g.member.id:
        return _came_back(provider, _refused(provider, "stale", ""))
    return _came_back(provider, _finished(provider, attempt, answer))


def _finished(provider: str, attempt: Attempt, answer: Mapping[str, str]) -> Any:
    room = attempt.owner if attempt.owner != g.member.id else ""
    before = standing_link(owner_of(room), provider)
    try:
        granted = services().consents[provider].finish(attempt.kept, answer)
        cause = Meta(actor=g.member.id, command=f"link/{hashed(answer['state'])}")
        link = services().keep_account(attempt.owner, Provider(provider), granted, cause)
    except PortError as error:
        return _refused(provider, error.reason, room)
    if provider == ZOOM:
        return home("", ZOOM, **what_linking_meant(g.member.id, before, link))
    return linked(room, before, link)


def _came_back(provider: str, answer: Any) -> Any:
    return forget_begun(answer) if provider == ZOOM else answer


def linked(room: str, before: Link | None, link: str) -> Any:
    """Whoever links an account anew says what it is for; one that is healed keeps what was chosen."""
    if before is None or before.id != link:
        asks: dict[str, Any] = {"new": 1, **asks_of_replaced(before, link)}
        return redirect(url_for("choosing.page", room=room or None, **asks), 303)
    return home(room, done="linked")


def _refused(provider: str, why: str, room: str) -> Any:
    return redirect(url_for("linking.refused", provider=provider, why=why, room=room or None), 303)


@linking.get("/settings/calendar/refused")
@session.signed_in
def refused() -> Any:
    """Why an account is not linked, and the way to try once more."""
    provider, room = request.args.get("provider", ""), request.args.get("room", "")
    if provider not in words.VENDORS:
        raise NotFound
    why, link = request.args.get("why", ""), standing_link(owner_of(room), provider)
    # An address that was opened twice says nothing against what its first use has brought about.
    stands = why in ("stale", "code_refused") and link is not None and link.provider == provider
    return render_template(
        "staff/linking_refused.html",
        told=refusal(provider, why),
        provider=provider,
        room=room,
        stands=stands and link is not None and not link.broken,
    )


def _attempts() -> LinkAttempts:
    return LinkAttempts(services().rows, services().sealer)


def _back(provider: str) -> str:
    """As it is registered with the vendor: below the address that people use, however this request came."""
    return f"{services().settings.base_url}{url_for('linking.answered', provider=provider)}"
