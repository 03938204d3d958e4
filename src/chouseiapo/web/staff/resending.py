"""Sending a mail once more, by hand: to whom is said first; what nobody needs any more is not sent again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import NotFound
from chouseiapo.mail_facts import Rule
from chouseiapo.web.errors import Refused
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.outbox import MailLine, about_account, line_about_account
from chouseiapo.web.staff.outbox import line as line_of
from chouseiapo.web.staff.picking import number
from projections.due_mails import mail_of, why_not
from projections.mail_log import Logged, mails_about, short_name, times_again
from projections.outbox import again, is_reminder, original, want

resending = Blueprint("resending", __name__)


@resending.get("/appointments/<id>/mails/<mail>/again")
@session.signed_in
def ask(id: str, mail: str) -> Any:
    """To whom it would go, and what speaks against it."""
    logged, line, later = _of_appointment(id, mail)
    return _page(logged, line, later)


@resending.post("/appointments/<id>/mails/<mail>/again")
@session.signed_in
def resend(id: str, mail: str) -> Any:
    logged, line, later = _of_appointment(id, mail)
    key = _sent_again(logged)
    if not key:
        return _page(logged, line, later), 409
    return redirect(url_for("appointment.mail_page", id=id, mail=short_name(key)), 303)


@resending.get("/outbox/<mail>/again")
@session.signed_in
def ask_about_account(mail: str) -> Any:
    logged = about_account(mail)
    return _page(logged, line_about_account(logged), "")


@resending.post("/outbox/<mail>/again")
@session.signed_in
def resend_about_account(mail: str) -> Any:
    logged = about_account(mail)
    key = _sent_again(logged)
    if not key:
        return _page(logged, line_about_account(logged), ""), 409
    return redirect(url_for("outbox.mail_page", mail=short_name(key)), 303)


def _of_appointment(id: str, mail: str) -> tuple[Logged, MailLine, str]:
    """The mail, in words, and which later one its recipient has got."""
    visible(id)
    known = mails_about(services().rows, id)
    logged = next((each for each in known if each.id == mail), None)
    if logged is None:
        raise NotFound
    after = [
        each
        for each in known
        if each.mail.recipient == logged.mail.recipient
        and each.mail.version > logged.mail.version
        and each.state == "sent"
    ]
    later = words.said(words.MAIL_RULES[Rule.of(after[-1].mail.rule)]) if after else ""
    return logged, line_of(logged), later


def _page(logged: Logged, line: MailLine, later: str) -> str:
    why = _why_not(logged)
    return render_template(
        "staff/resend.html",
        line=line,
        later=later,
        reminds=is_reminder(logged.mail.rule),
        why=words.said(words.MAIL_SKIPS[f"skipped_{why}"]) if why else _waiting(logged),
        number=times_again(services().rows, logged.mail.key) + 1,
        no_server=services().mailer is None,
    )


def _waiting(logged: Logged) -> str:
    return (
        words.said(_("まだ送信を待っています。送られるまでお待ちください。"))
        if logged.state == "queued"
        else ""
    )


def _why_not(logged: Logged) -> str:
    first = mail_of(services().rows, original(logged.mail.key))
    return why_not(services().composer, services().reminders, first, g.now)


def _sent_again(logged: Logged) -> str:
    """Put it into the outbox once more; answers the new mail's key, empty where that makes no sense.

    Which time it is stands in the form: pressed twice, or by two people at once, it is one mail.
    """
    time = number(request.form.get("number", "")) or 0
    if not 1 <= time <= times_again(services().rows, logged.mail.key) + 1:
        raise Refused(400, "bad_request")
    if logged.state == "queued" or _why_not(logged):
        return ""
    mail = again(logged.mail, time, g.now)
    with services().rows.write() as connection:
        want(connection, mail, asked_by=g.member.id)
    return mail.key
