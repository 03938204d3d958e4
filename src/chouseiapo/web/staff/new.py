"""Writing a proposal. Every button posts the whole form to its draft and leads back to a page that can be
reloaded: nothing is sent twice, and nothing typed is lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.accounts.drafts import Drafts
from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.ids import new_id
from chouseiapo.web.i18n import _
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import frame, people, refused, session, words
from chouseiapo.web.staff.busy import booked
from chouseiapo.web.staff.direct import at_fields
from chouseiapo.web.staff.draft import DIRECT, Draft, first_draft, problems_of, proposal_of, read_draft
from chouseiapo.web.staff.frame import in_language
from chouseiapo.web.staff.options import FOLLOW_ORGANIZER, below, groups, says_something, worded
from chouseiapo.web.staff.panel import is_cut_off
from chouseiapo.web.staff.picker import picker
from chouseiapo.web.staff.picking import Picking, acted
from projections.appointments import last_by

new = Blueprint("new", __name__, url_prefix="/appointments/new")
PREFIX = "new-"
_DRAFT = msgspec.json.Decoder(Draft)
# What a button leads back to on the page: where one goes on.
_PLACES = {
    "search": "query",
    "add": "query",
    "drop": "query",
    "week": "grid",
    "slot": "day",
    "remove": "picked",
    "refresh": "next_room",
}


def _keep(writer: str, id: str) -> str:
    """Keep what was posted after the session had ended; answers where its writer finds it."""
    return url_for("new.form", id=_write(id, _read(id, writer), writer))


def _read(id: str, writer: str) -> Draft:
    """The form as it was posted, with what its draft knows and no form says."""
    content = drafts().read(PREFIX + id, writer)
    before = decoded(content) if content is not None else None
    draft = read_draft(request.form)
    return msgspec.structs.replace(
        draft,
        instead_of=before.instead_of if before else "",
        picking=_following(draft, before.timing.day if before else ""),
    )


def _following(draft: Draft, day: str) -> Picking:
    """The week of a fixed time whose date has been typed since it was `day`."""
    follows = draft.direct and draft.timing.day not in ("", day)
    return msgspec.structs.replace(draft.picking, week=draft.timing.day) if follows else draft.picking


@new.get("")
@session.signed_in
def begin() -> Any:
    """An empty form; its draft comes into being with what is typed first."""
    first = msgspec.structs.replace(_first(), direct=request.args.get("way") == DIRECT)
    return page(secrets.token_hex(16), first, others=begun()[:1])


def _first() -> Draft:
    last, app = last_by(services().rows, g.member.id), services().coordination
    return first_draft(g.member, app.appointment(last) if last else None, app.can_host(g.member))


@new.get("/<string(length=32):id>")
@session.signed_in
def form(id: str) -> Any:
    draft = kept(id)
    if draft is None:
        return _proposed_already(id)
    return page(id, draft, check="check" in request.args)


@new.post("/<string(length=32):id>")
@session.signed_in_writing(_keep)
def write(id: str) -> Any:
    draft, action = _read(id, g.member.id), request.form.get("action", "")
    what, which = _parts(action)
    if g.stale:
        return page(id, draft, refusal="form_expired"), 409
    if what == "discard":
        drafts().forget(PREFIX + id, g.member.id)
        return redirect(url_for("staff.home", done="discarded"), 303)
    if what == "save":
        return _saved(id, draft)
    place = _PLACES.get(what) or _searched(id, draft)
    id = _write(id, _acted(draft, action), g.member.id)
    if what == "review":
        return redirect(url_for("review.page", id=id), 303)
    check = request.form.get("check") or None
    there = redirect(url_for("new.form", id=id, check=check, _anchor=place), 303)
    return in_language(there, which) if what == "language" else there


def _saved(id: str, draft: Draft) -> Any:
    """What the script sends while somebody types: no page comes of it. What was sent meanwhile stays sent."""
    if _is_proposed(id):
        return "", 204
    _write(id, draft, g.member.id)
    return kept_now()


def kept_now() -> str:
    """What the page says once the script's words are kept."""
    clock = wording.clock(g.now, services().settings.time_zone)
    return words.said(_("下書きを保存しました %(clock)s"), clock=clock)


def _searched(id: str, draft: Draft) -> str | None:
    """Enter in the search field presses the form's first button: then the search is where one goes on."""
    before = kept(id)
    return "query" if draft.query != (before.query if before else "") else None


def _write(id: str, draft: Draft, writer: str) -> str:
    """Keep the draft; answers its id. What is written on the page of one that was sent is a new one."""
    if _is_proposed(id):
        id = secrets.token_hex(16)
    if not drafts().keep(PREFIX + id, writer, msgspec.json.encode(draft), g.now):
        raise NotFound
    return id


def _is_proposed(id: str) -> bool:
    return bool(services().coordination.stream(appointment_of(id)))


def page(id: str, draft: Draft, check: bool = False, refusal: str = "", others: Sequence[Begun] = ()) -> str:
    """The form with everything that was typed; `check` says what is wrong with it. `others`: what was begun
    before and may be meant.
    """
    problems: list[Problem] = []
    if check:
        problems = problems_of(draft, services().coordination, services().settings.zone, g.now)
        problems = at_fields(problems) if draft.direct else problems
    attending = people.all_shown(draft.attendees)
    shown = draft.shown_picking(services().settings.zone)
    picking = picker(shown, [each.id for each in attending], problems, besides=draft.instead_of)
    return render_template(
        "staff/new.html",
        id=id,
        draft=draft,
        attending=attending,
        found=people.found(draft.query, draft.attendees),
        problems=refused.by_field(problems),
        summary=refused.summary(problems, picking["rows"]),
        check=check,
        refusal=REFUSALS.get(refusal, ""),
        blank_title=wording.title_for_member("", draft.guest, g.locale),
        guests_title=_guests_title(draft),
        others=others,
        **_about_meeting(draft, shown, problems),
        **picking,
    )


def _about_meeting(draft: Draft, shown: Picking, problems: Sequence[Problem]) -> dict[str, Any]:
    """The options of the meeting; what the organizer's accounts mean for it."""
    lead = draft.lead if people.shown(draft.lead) else ""
    fixed = services().coordination.member(lead).meeting_url if lead else ""
    return {
        "options": groups(draft.meeting_options, below(lead), FOLLOW_ORGANIZER),
        "option_problems": worded(problems),
        "has_options": says_something(draft.meeting_options),
        "fixed_url_of": people.addressed(lead) if fixed else "",
        "free": is_cut_off(lead, [slot.end - slot.start for slot in shown.slots]),
    }


def _guests_title(draft: Draft) -> str:
    """What the guest reads where the title was left blank."""
    kind = proposal_of(draft, services().coordination, services().settings.zone)[0].kind
    return people.blank_title(kind, draft.lead if people.shown(draft.lead) else "")


class Begun(msgspec.Struct, frozen=True):
    """A draft in a list: for whom or, as long as that is open, with what; and when it was written last."""

    id: str
    title: str
    at: datetime


def begun() -> list[Begun]:
    """What the member has begun to write and not sent, the newest first."""
    first = _first()
    found = drafts().newest(g.member.id, PREFIX)
    kept = [(id.removeprefix(PREFIX), at, decoded(content)) for id, at, content in found]
    return [Begun(id, _called(draft), at) for id, at, draft in kept if draft and draft.adds_to(first)]


def _called(draft: Draft) -> str:
    """What tells a draft from others: its title, else its candidates."""
    if title := wording.title_for_member(draft.title, draft.guest, g.locale):
        return title
    picked = draft.picking.picked
    if not picked:
        return words.said(_("(お客様が未入力)"))
    return words.said(_("候補%(n)s件 %(day)s〜"), n=len(picked), day=frame.day(picked[0].start))


def drafts() -> Drafts:
    return Drafts(services().rows, services().sealer)


def kept(id: str) -> Draft | None:
    """The member's own draft of that id."""
    content = drafts().read(PREFIX + id, g.member.id)
    return None if content is None else decoded(content)


def decoded(content: bytes) -> Draft | None:
    """A draft that an older release kept in another shape is as good as forgotten."""
    try:
        return _DRAFT.decode(content)
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
    taken = booked(draft.attendees, draft.instead_of)
    picking = acted(draft.picking, action, services().coordination.grid, g.now, taken)
    return msgspec.structs.replace(draft, picking=picking)
