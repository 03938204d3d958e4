"""Writing a proposal. Every button posts the whole form to its draft and leads back to a page that can be
reloaded: nothing is sent twice, and nothing typed is lost.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.accounts.drafts import Drafts
from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.proposal import shown_title
from chouseiapo.web.api.requests import services, visible
from chouseiapo.web.i18n import _
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.draft import Draft, first_draft, problems_of, read_draft
from chouseiapo.web.staff.frame import in_language
from chouseiapo.web.staff.picker import picker
from chouseiapo.web.staff.picking import acted
from chouseiapo.web.zones import OFFERED
from projections.appointments import last_by

new = Blueprint("new", __name__, url_prefix="/appointments/new")
PREFIX = "new-"
# Where a button leads back to on the page.
_PLACES = {
    "search": "people",
    "add": "people",
    "drop": "people",
    "week": "grid",
    "slot": "typed",
    "remove": "picked",
    "refresh": "grid",
}


_FIELDS = {
    "attendees": ("people", _("担当者")),
    "organizer": ("organizer", _("主催者")),
    "candidates": ("picked", _("日時候補")),
    "delivery": ("delivery-choice", _("届け方")),
    "guest.company": ("company", _("会社名")),
    "guest.name": ("name", _("お客様のお名前")),
    "guest.email": ("email", _("お客様のメールアドレス")),
    "guest.phone": ("phone", _("電話番号")),
    "guest.time_zone": ("time_zone", _("お客様のタイムゾーン")),
    "guest.locale": ("locale", _("お客様の言語")),
    "kind": ("kind-choice", _("種類")),
    "platform": ("platform-choice", _("Web会議")),
    "url": ("url", _("Web会議のURL")),
    "place": ("place", _("場所")),
    "title": ("title", _("件名")),
    "message": ("message", _("お客様へのメッセージ")),
    "note": ("note", _("社内メモ")),
    "deadline": ("deadline", _("回答期限")),
    "visibility": ("visibility-choice", _("予定の公開範囲")),
}


@new.get("")
@session.signed_in
def begin() -> Any:
    """An empty form; its draft comes into being with the first button."""
    last = last_by(services().rows, g.member.id)
    draft = first_draft(g.member, services().coordination.appointment(last) if last else None)
    return page(secrets.token_hex(16), draft)


@new.get("/<string(length=32):id>")
@session.signed_in
def form(id: str) -> Any:
    draft = kept(id)
    if draft is None:
        return _proposed_already(id)
    return page(id, draft, check="check" in request.args)


@new.post("/<string(length=32):id>")
@session.signed_in_writing
def write(id: str) -> Any:
    draft, action = read_draft(request.form), request.form.get("action", "")
    if g.stale:
        return page(id, draft, refusal="form_expired"), 409
    if services().coordination.stream(appointment_of(id)):
        id = secrets.token_hex(16)  # that draft was sent; what is written on a page gone back to is a new one
    draft = _acted(draft, action)
    if not drafts().keep(PREFIX + id, g.member.id, msgspec.json.encode(draft), g.now):
        raise NotFound
    what, which = _parts(action)
    if what == "review":
        return redirect(url_for("review.page", id=id), 303)
    place = _PLACES.get(what) or ("people" if draft.query else None)
    check = request.form.get("check") or None
    there = redirect(url_for("new.form", id=id, check=check, _anchor=place), 303)
    return in_language(there, which) if what == "language" else there


def page(id: str, draft: Draft, check: bool = False, refusal: str = "") -> str:
    """The form with everything that was typed; `check` says what is wrong with it."""
    problems: list[Problem] = []
    if check:
        problems = problems_of(draft, services().coordination, services().settings.zone, g.now)
    attending = [found for found in map(people.shown, draft.attendees) if found]
    by_field = _by_field(problems)
    return render_template(
        "staff/new.html",
        id=id,
        draft=draft,
        attending=attending,
        found=people.found(draft.query, draft.attendees),
        problems=by_field,
        summary=[(*_place_of(field), problem) for field, problem in by_field.items()],
        check=check,
        refusal=REFUSALS.get(refusal, ""),
        blank_title=shown_title("", draft.guest),
        zones=OFFERED,
        **picker(draft.picking, [each.id for each in attending], problems),
    )


def drafts() -> Drafts:
    return Drafts(services().rows, services().sealer)


def kept(id: str) -> Draft | None:
    """The member's own draft of that id."""
    content = drafts().read(PREFIX + id, g.member.id)
    return None if content is None else decoded(content)


def decoded(content: bytes) -> Draft | None:
    """A draft that an older release kept in another shape is as good as forgotten."""
    try:
        return msgspec.json.decode(content, type=Draft)
    except msgspec.ValidationError:
        return None


def appointment_of(id: str) -> str:
    """The appointment that a draft becomes: however often it is sent, one."""
    return new_id("appointment", id)


def _proposed_already(id: str) -> Any:
    """Going back to a draft that was sent leads to what became of it."""
    return redirect(url_for("appointment.page", id=visible(appointment_of(id)).id), 303)


def _parts(action: str) -> tuple[str, str]:
    """A button's value: what to do, and with whom or what."""
    what, _colon, which = action.partition(":")
    return what, which


def _acted(draft: Draft, action: str) -> Draft:
    what, who = _parts(action)
    if what == "add" and who not in draft.attendees and people.shown(who):
        return msgspec.structs.replace(draft, attendees=(*draft.attendees, who), query="")
    if what == "drop":
        rest = tuple(member for member in draft.attendees if member != who)
        return msgspec.structs.replace(draft, attendees=rest)
    picking = acted(draft.picking, action, services().settings.zone)
    return msgspec.structs.replace(draft, picking=picking)


def _place_of(field: str) -> tuple[str, str]:
    """Where a field stands on the page, and its name in words."""
    if field.startswith("candidates."):
        number = int(field.split(".")[1]) + 1
        return "picked", words.said(_("%(number)s番目の候補"), number=number)
    anchor, label = _FIELDS[field]
    return anchor, words.said(label)


def _by_field(problems: list[Problem]) -> dict[str, Problem]:
    """The first problem of each field."""
    return {problem.field: problem for problem in reversed(problems)}
