"""Routes under /g/<secret>. Opening changes nothing; only the posted form does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.errors import DomainError, Invalid, Problem
from chouseiapo.domain.proposal import Guest, is_time_zone
from chouseiapo.web import limits
from chouseiapo.web.errors import STATUS, answer_to
from chouseiapo.web.guest.picking import Picked, read_picked
from chouseiapo.web.guest.show import Shown
from chouseiapo.web.i18n import LOCALES, _
from chouseiapo.web.links import appointment_behind
from chouseiapo.web.live_check import Choice
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.nonces import genuine, new_nonce
from chouseiapo.web.request import live_check, services

guest = Blueprint("guest", __name__, url_prefix="/g")
# In the order of the page, where the first that is wrong is where one goes on.
_TYPED = ("name", "company", "email", "phone")
_FIELDS = ("candidate", *_TYPED)
_NOTHING = Picked()
_LAST_TAKEN = _(
    "申し訳ありません。この日時はたった今埋まり、ほかの候補もなくなりました。担当者に伝えました。"
)


@guest.get("/<secret>")
def page(secret: str) -> Any:
    """What stands now: candidates to pick from, the time that is fixed, or how it ended."""
    appointment = _opened(secret)
    return _standing(appointment, secret, appointment.guest)


@guest.post("/<secret>")
def confirm(secret: str) -> Any:
    """Fix the picked time, then lead to the page that shows it."""
    appointment = _opened(secret)
    typed = Guest(**{field: request.form.get(field, "").strip() for field in _TYPED})
    picked = read_picked(request.form.get("candidate", ""))
    if "show" in request.form:  # in another zone or language, with all that was typed: nothing is decided
        return _standing(appointment, secret, typed, picked)
    limits.hit(limits.POSTS_PER_LINK, appointment.id)
    try:
        _must_be_ours(secret)
        if problems := list(_missing(appointment, typed, picked)):
            raise Invalid(*problems)
        choice = Choice(picked.candidate, typed, _zone(appointment), g.locale, picked.start)
        live_check().confirm(appointment, choice, g.now)
    except DomainError as refusal:
        return _refused(refusal, secret, typed, picked)
    except FormExpired:
        if _decided(appointment):  # what stands matters more than how long the page lay open
            other = appointment.chosen is not None and not appointment.is_chosen(*picked)
            return _ended(appointment, secret, refusal="already_confirmed" if other else "")
        return _form(appointment, secret, known=typed, picked=picked, refusal="form_expired"), 409
    return redirect(_address(secret), 303)


@guest.get("/<secret>/calendar.ics")
def calendar(secret: str) -> Any:
    """The confirmed time as a file for any calendar."""
    appointment = _opened(secret)
    if appointment.chosen is None:
        return redirect(url_for("guest.page", secret=secret), 303)
    content = _shown(appointment).event.ics(g.now)
    headers = {"Content-Disposition": 'attachment; filename="appointment.ics"'}
    return Response(content, headers=headers, content_type="text/calendar; charset=utf-8")


def _missing(appointment: Appointment, typed: Guest, picked: Picked) -> Iterator[Problem]:
    """What the page asks for and the guest left empty; an emptied name is not filled in behind their back."""
    if not picked.candidate:
        yield Problem("candidate", "candidate_missing")
    if not typed.name:
        yield Problem("guest.name", "name_missing")
    if not (typed.email or appointment.guest.email):
        yield Problem("guest.email", "email_missing")
    if _shown(appointment).phone_needed and not typed.phone:
        yield Problem("guest.phone", "phone_missing")


def _decided(appointment: Appointment) -> bool:
    """Whether there is nothing left to pick: a time is fixed, or it is over."""
    return appointment.state is not State.PROPOSED or appointment.deadline <= g.now


class FormExpired(Exception):
    """The form's nonce is not ours or too old."""


def _must_be_ours(secret: str) -> None:
    if not genuine(services().form_signer, request.form.get("nonce", ""), secret, g.now):
        raise FormExpired


def _refused(refusal: DomainError, secret: str, typed: Guest, picked: Picked) -> Any:
    """The page once more, with what is left to pick, what was typed, and what was wrong where."""
    appointment = appointment_behind(secret)
    answer = answer_to(refusal)
    if _decided(appointment):
        return _ended(appointment, secret, refusal=answer.code)
    problems = {p.field.removeprefix("guest."): p for p in answer.problems}
    shown = _form(appointment, secret, known=typed, picked=picked, refusal=answer.code, problems=problems)
    return Response(shown, answer.status, answer.headers)


def _standing(appointment: Appointment, secret: str, known: Guest, picked: Picked = _NOTHING) -> Any:
    if _decided(appointment):
        return _ended(appointment, secret)
    return _form(appointment, secret, known=known, picked=picked)


def _form(
    appointment: Appointment,
    secret: str,
    known: Guest,
    picked: Picked = _NOTHING,
    refusal: str = "",
    problems: dict[str, Problem] | None = None,
) -> str:
    """With what they picked, unless that has become another time: then it is theirs to pick again."""
    shown, wrong = _shown(appointment), problems or {}
    if moved_to := shown.moved_to(picked):
        wrong = {**wrong, "candidate": Problem("candidate", "candidate_moved", {"to": moved_to})}
    return render_template(
        "guest/pick.html",
        shown=shown,
        secret=secret,
        nonce=new_nonce(services().form_signer, secret, g.now),
        known=known,
        picked="" if moved_to else picked.candidate,
        refusal=_LAST_TAKEN
        if refusal == "candidate_taken" and not shown.first
        else REFUSALS.get(refusal, ""),
        problems=wrong,
        focus=next((field for field in _FIELDS if field in wrong), ""),
        chosen_words=g.chosen,
    )


def _ended(appointment: Appointment, secret: str, refusal: str = "") -> Any:
    """The page of an appointment that nobody can pick from any more."""
    confirmed = appointment.chosen is not None
    late = "" if confirmed or appointment.state is not State.PROPOSED else "expired"
    code = late or appointment.state.value
    page = render_template(
        "guest/confirmed.html" if confirmed else "guest/ended.html",
        shown=_shown(appointment),
        secret=secret,
        refusal=REFUSALS[refusal] if refusal == "already_confirmed" else "",
        sentence=REFUSALS.get(code, ""),
        chosen_words=g.chosen,
    )
    status = next((s for e, s in STATUS.items() if e.code == refusal), 200) if refusal else 200
    return page, status


def _opened(secret: str) -> Appointment:
    """The appointment behind the link; its guest's own language counts unless another one was asked for."""
    appointment = appointment_behind(secret)
    g.chosen = _chosen_words()
    g.locale = g.chosen.get("lang") or appointment.locale or g.locale
    return appointment


def _shown(appointment: Appointment) -> Shown:
    return Shown(services(), appointment, _zone(appointment), g.locale, g.now)


def _zone(appointment: Appointment) -> str:
    """The zone asked for, else what is known of the guest, else the organization's."""
    return g.chosen.get("tz") or appointment.time_zone or services().settings.time_zone


def _chosen_words() -> dict[str, Any]:
    """Language and zone as long as the guest has asked for them, to be carried along in the address."""
    show = request.form.get("show", "")
    zone = request.form.get("zone", "") if show else request.args.get("tz", "")
    language = show if show in LOCALES else request.args.get("lang", "")
    chosen = {"tz": zone} if zone and is_time_zone(zone) else {}
    return chosen | ({"lang": language} if language in LOCALES else {})


def _address(secret: str) -> str:
    """The page's own address, with what the guest has asked for."""
    return url_for("guest.page", secret=secret, **g.chosen)
