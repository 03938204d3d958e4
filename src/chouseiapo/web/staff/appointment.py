"""One appointment: its page, and what its staff can do with it. Refusals are said in place, input is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.errors import Busy, DomainError, NotFound, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.proposal import Delivery, Visibility
from chouseiapo.domain.slots import CandidateState
from chouseiapo.web.errors import Refused, answer_to
from chouseiapo.web.i18n import _
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import people, refused, session
from chouseiapo.web.staff.frame import slot, title_of
from chouseiapo.web.staff.mail_view import framed, shown
from chouseiapo.web.staff.outbox import line
from chouseiapo.web.staff.overview import overview, told_of
from projections.mail_log import Logged, mails_about

appointment = Blueprint("appointment", __name__, url_prefix="/appointments/<id>")
Decide = Callable[[Meta], object]


# What the page says after something was done; what is on its way because of it stands below.
DONE = {
    "sent": _("日時候補を送信しました。"),
    "registered": _("登録しました。日時は確定しています。"),
    "occurrence": _("この回をキャンセルしました。"),
    "issued": _("お客様用リンクを発行しました。リンクをコピーして、お客様に伝えてください。"),
    "words": _("内容を保存しました。"),
    "attendees": _("担当者を変更しました。"),
    "candidates": _("日時候補を追加しました。"),
    "withdraw": _("日時候補を取り下げました。"),
    "resend": _("依頼メールを再送しました。"),
    "link": _("新しいリンクを発行しました。以前のリンクは使えません。新しいリンクをお客様に伝えてください。"),
    "cancel": _("キャンセルしました。"),
    "meeting": _("Web会議の発行を始めました。発行されると、双方にURLがメールで届きます。"),
    "forgone": _("Web会議なしで続けます。"),
    "options": _("会議の設定を保存しました。"),
    "applied": _("いまの設定を、発行済みの会議に反映しています。"),
    "moved": _("日時を変更しました。"),
    "message": _("メッセージを送りました。"),
    "kept": _("この日時のままにします。カレンダーの予定を元に戻しています。"),
}
# What it says instead, once all of that has arrived.
ARRIVED = {
    "meeting": _("Web会議を発行しました。"),
    "applied": _("会議の設定を反映しました。"),
    "kept": _("この日時のままにしました。"),
}

# What stands elsewhere on this page than on the form of a proposal.
_FIELDS = refused.FIELDS | {
    "attendees": ("attendee-choice", _("担当者")),
    "reason": ("reason", _("理由")),
}
_TEXTS = ("title", "message", "note")
# Refusals that elsewhere speak to the guest.
_REFUSALS = REFUSALS | {
    "candidate_taken": _("この候補はすでに埋まっています。"),
    "candidate_passed": _("この候補はすでに開始時刻を過ぎています。"),
}


@appointment.get("")
@session.signed_in
def page(id: str) -> Any:
    return _page(visible(id))


@appointment.post("/words")
@session.signed_in
def edit(id: str) -> Any:
    """Change title, message, note and visibility."""
    form = request.form
    texts = {field: form.get(field, "").strip().replace("\r\n", "\n") for field in _TEXTS}
    known = form.get("visibility") in tuple(Visibility)
    words = Edit(**texts, visibility=Visibility(form["visibility"]) if known else None)
    return _do(id, "words", lambda cause: services().coordination.revise(id, words, cause, g.now))


@appointment.post("/attendees")
@session.signed_in
def change_attendees(id: str) -> Any:
    """Who takes part; whoever organized it goes on doing so unless another one is chosen."""
    attendees = tuple(dict.fromkeys(m for m in request.form.getlist("attendee") if m.startswith("member-")))
    organizer = request.form.get("organizer", "")
    lead = organizer if organizer in attendees else ""

    def decide(cause: Meta) -> object:
        return services().coordination.revise(id, Edit(), cause, g.now, attendees, lead)

    return _do(id, "attendees", decide)


@appointment.get("/candidates/<candidate>/withdraw")
@session.signed_in
def ask_before_withdrawing(id: str, candidate: str) -> Any:
    """What will follow; where it can't be done any more, the page says why."""
    concerned = visible(id)
    going = concerned.candidates.get(candidate)
    if going is None:
        raise NotFound
    if going.state is CandidateState.WITHDRAWN:
        return redirect(url_for("appointment.page", id=id), 303)
    try:
        told = told_of(id, lambda imagined: imagined.withdraw_candidate(candidate, g.now))
    except DomainError as refusal:
        return page_refusing(id, refusal)
    return render_template(
        "staff/withdraw.html",
        appointment=concerned,
        candidate=going,
        title=title_of(concerned),
        when=slot(going.start, going.end),
        calendars=[people.name_of(owner) for owner in concerned.resources(going)],
        told=told,
        left=len(concerned.open_candidates) - 1,
    )


@appointment.post("/candidates/<candidate>/withdraw")
@session.signed_in
def withdraw(id: str, candidate: str) -> Any:
    def decide(cause: Meta) -> object:
        return services().coordination.withdraw_candidate(id, candidate, cause, g.now)

    return _do(id, "withdraw", decide)


@appointment.post("/resend")
@session.signed_in
def resend(id: str) -> Any:
    return _do(id, "resend", lambda cause: services().coordination.resend_request(id, cause, g.now))


@appointment.post("/link")
@session.signed_in
def reissue_link(id: str) -> Any:
    return _do(id, "link", lambda cause: services().coordination.reissue_link(id, cause, g.now))


@appointment.post("/cancel")
@session.signed_in
def cancel(id: str) -> Any:
    reason = request.form.get("reason", "").strip()
    return _do(id, "cancel", lambda cause: services().coordination.cancel(id, reason, cause, g.now))


@appointment.get("/mails/<mail>")
@session.signed_in
def mail_page(id: str, mail: str) -> Any:
    """One mail as it was, or will be, sent."""
    visible(id)
    logged = _logged(id, mail)
    return render_template(
        "staff/mail.html",
        line=line(logged),
        mail=shown(services().composer.compose(logged.mail, g.now)),
        part="text" if request.args.get("part") == "text" else "html",
    )


@appointment.get("/mails/<mail>/html")
@session.signed_in
def mail_frame(id: str, mail: str) -> Any:
    visible(id)
    return framed(services().composer.compose(_logged(id, mail).mail, g.now))


def carry_out(id: str, done: str, decide: Decide, *, tried: str = "", anchor: str | None = None) -> Any:
    """Carry a command out and lead back to the page; a refusal is shown there, with what was typed into the
    form that `tried` names.
    """
    visible(id)
    try:
        decide(session.command())
    except (Busy, NotFound):
        raise
    except DomainError as refusal:
        return page_refusing(id, refusal, tried)
    return redirect(url_for("appointment.page", id=id, done=done, _anchor=anchor), 303)


def _do(id: str, what: str, decide: Decide) -> Any:
    """What a form on the page itself asks for."""
    return carry_out(id, what, decide, tried=what)


def page_refusing(id: str, refusal: DomainError | Refused, tried: str = "") -> Response:
    """The page as it stands now, with what could not be done on top; `tried` names the form it was."""
    answer = answer_to(refusal)
    return Response(_page(visible(id), tried, answer.code, answer.problems), answer.status, answer.headers)


def _page(
    concerned: Appointment, tried: str = "", refusal: str = "", problems: Sequence[Problem] = ()
) -> str:
    """The page; `tried` names the form that was refused, which stands open with what was typed."""
    seen = overview(concerned)
    query, done = request.args.get("who", ""), request.args.get("done", "")
    said = "issued" if done == "sent" and concerned.delivery is Delivery.LINK else done
    cancellable = seen["stands"] and not seen["over"]
    return render_template(
        "staff/appointment.html",
        **seen,
        found=people.found(query, concerned.attendees),
        query=query,
        told=told_of(concerned.id, lambda imagined: imagined.cancel("", g.now)) if cancellable else [],
        done=(DONE | ARRIVED if seen["progress"].state == "done" else DONE).get(said, ""),
        after=_after(concerned, done),
        address=url_for("appointment.page", id=concerned.id, done=done or None),
        tried=tried,
        typed=request.form if tried else {},
        refusal=_REFUSALS.get(refusal, ""),
        problems=refused.first_of_each(problems),
        summary=refused.summary(problems, fields=_FIELDS),
    )


def _after(concerned: Appointment, done: str) -> str:
    """What the guest does not know yet after something was done, and can be mailed; or sees already."""
    if concerned.state is not State.PROPOSED:
        return ""
    if done == "link":
        return "new_link" if concerned.guest.email else ""
    if done not in ("candidates", "withdraw"):
        return ""
    return "untold" if concerned.delivery is Delivery.MAIL else "seen"


def _logged(id: str, mail: str) -> Logged:
    found = next((logged for logged in mails_about(services().rows, id) if logged.id == mail), None)
    if found is None:
        raise NotFound
    return found
