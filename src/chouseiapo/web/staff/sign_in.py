"""Signing in by a mailed link: opening it shows a button, and only the button signs in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, make_response, render_template, request

from chouseiapo.accounts.secrets import hashed
from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.proposal import is_address
from chouseiapo.web import limits
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session

sign_in = Blueprint("sign_in", __name__)
demo_sign_in = Blueprint("demo_sign_in", __name__)
# Why somebody who was at work has to sign in again.
REASONS = {
    "ended": _("しばらく操作がなかったため、もう一度サインインしてください。"),
    "kept": _("しばらく操作がなかったため、もう一度サインインしてください。入力した内容は残っています。"),
}


@sign_in.get("/sign-in")
def ask() -> Any:
    reason = REASONS.get(request.args.get("why", ""), "")
    return _page(session.local(request.args.get("next", "")), reason=reason)


@sign_in.post("/sign-in")
def send() -> Any:
    """Mail a link to a member; the answer is the same for an address that nobody has."""
    session.must_be_genuine()
    target = session.local(request.form.get("next", ""))
    typed = request.form.get("email", "").strip()
    if not is_address(typed):
        problem = Problem("email", "email_invalid" if typed else "email_empty")
        return _page(target, typed=typed, problem=problem), 422
    email = typed.lower()
    limits.must_be_below(limits.FAILED_SIGN_INS, limits.address())
    limits.hit(limits.SIGN_IN_MAILS, hashed(email))
    try:
        services().mail_sign_in_link(services().coordination.member(member_id(email)).id, g.now)
    except NotFound:
        limits.hit(limits.FAILED_SIGN_INS, limits.address())
    page = make_response(_page(target, sent=email))
    session.remember_target(page, target)
    return page


@sign_in.get("/sign-in/<token>")
def open_link(token: str) -> Any:
    """Mail scanners open links, too: so opening signs nobody in."""
    limits.must_be_below(limits.FAILED_SIGN_INS, limits.address())
    member = services().access.peek_sign_in_link(token, g.now)
    if member is None:
        return _stale()
    name = services().coordination.member(member).name
    return render_template("staff/sign_in_confirm.html", name=name, token=token)


@sign_in.post("/sign-in/<token>")
def use_link(token: str) -> Any:
    session.must_be_genuine()
    limits.must_be_below(limits.FAILED_SIGN_INS, limits.address())
    member = services().access.use_sign_in_link(token, g.now)
    if member is None:
        return _stale()
    return session.begin(member, session.remembered_target())


def _stale() -> Any:
    """The link opens nothing (any more); the form for a new one stands on the same page."""
    limits.hit(limits.FAILED_SIGN_INS, limits.address())
    return _page(session.local(session.remembered_target()), stale=True), 410


def _page(target: str, **more: Any) -> str:
    return render_template("staff/sign_in.html", next=target, **more)


@sign_in.post("/sign-out")
@session.signed_in
def leave() -> Any:
    return session.end()


@demo_sign_in.post("/demo/sign-in")
def enter_as() -> Any:
    """The demo alone lets anybody in as one of its made-up members; `serve` has no such route."""
    session.must_be_genuine("anonymous", *([g.session] if session.enter() else []))
    member = services().coordination.member(member_id(request.form.get("email", "")))
    return session.begin(member.id, request.form.get("next", ""))
