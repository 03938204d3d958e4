"""One appointment: its page, and what its staff can do with it. Refusals are said in place, input is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment, Edit, State
from chouseiapo.domain.errors import Busy, DomainError, NotFound, Problem
from chouseiapo.domain.event import Meta
from chouseiapo.domain.proposal import Visibility
from chouseiapo.web.api.requests import services, visible
from chouseiapo.web.errors import answer_to
from chouseiapo.web.i18n import _
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.staff import people, session
from chouseiapo.web.staff.mail_view import framed, shown
from chouseiapo.web.staff.outbox import line
from chouseiapo.web.staff.overview import overview, told_of_cancelling
from projections.mail_log import Logged, mails_about

appointment = Blueprint("appointment", __name__, url_prefix="/appointments/<id>")
Decide = Callable[[Meta], object]


# What the page says after something was done.
DONE = {
    "words": _("内容を保存しました。"),
    "attendees": _("担当者を変更しました。"),
    "candidates": _("日時候補を追加しました。"),
    "withdraw": _("日時候補を取り下げました。"),
    "resend": _("依頼メールをもう一度送ります。"),
    "link": _("新しいリンクを発行しました。以前のリンクは使えません。"),
    "cancel": _("キャンセルしました。"),
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
    texts = {field: form.get(field, "").replace("\r\n", "\n") for field in ("title", "message", "note")}
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
    concerned, logged = visible(id), _logged(id, mail)
    return render_template(
        "staff/mail.html",
        appointment=concerned,
        line=line(logged, concerned),
        mail=shown(services().composer.compose(logged.mail, g.now)),
        part="text" if request.args.get("part") == "text" else "html",
    )


@appointment.get("/mails/<mail>/html")
@session.signed_in
def mail_frame(id: str, mail: str) -> Any:
    visible(id)
    return framed(services().composer.compose(_logged(id, mail).mail, g.now))


def _do(id: str, what: str, decide: Decide) -> Any:
    """Carry a command out and lead back to the page; a refusal is shown there, with what was typed."""
    visible(id)
    try:
        decide(session.command())
    except (Busy, NotFound):
        raise
    except DomainError as refusal:
        answer = answer_to(refusal)
        problems = {problem.field: problem for problem in reversed(answer.problems)}
        shown_again = _page(visible(id), what, answer.code, problems)
        return Response(shown_again, answer.status, answer.headers)
    return redirect(url_for("appointment.page", id=id, done=what), 303)


def _page(
    concerned: Appointment, tried: str = "", refusal: str = "", problems: dict[str, Problem] | None = None
) -> str:
    """The page; `tried` names the form that was refused, which stands open with what was typed."""
    stands = concerned.state in (State.PROPOSED, State.CONFIRMED)
    over = concerned.chosen is not None and concerned.chosen.end <= g.now
    query = request.args.get("who", "")
    return render_template(
        "staff/appointment.html",
        **overview(concerned),
        found=people.found(query, concerned.attendees),
        query=query,
        told=told_of_cancelling(concerned.id) if stands and not over else [],
        done=DONE.get(request.args.get("done", ""), ""),
        tried=tried,
        typed=request.form if tried else {},
        refusal=REFUSALS.get(refusal, ""),
        problems=problems or {},
    )


def _logged(id: str, mail: str) -> Logged:
    found = next((logged for logged in mails_about(services().rows, id) if logged.id == mail), None)
    if found is None:
        raise NotFound
    return found
