"""The outbox, for administrators: every mail with its fate and why; sign-in mails, which open doors, not."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import GUEST
from chouseiapo.mail_facts import Rule
from chouseiapo.web.errors import Refused
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.frame import is_administrator, moment, title_of
from chouseiapo.web.staff.mail_view import framed, shown
from projections.desk import names_guest
from projections.mail_log import STATES, Logged, latest_mails, mails_about_accounts
from projections.mails_of_links import link_facts

outbox = Blueprint("outbox", __name__)
PAGE = 50


class MailLine(msgspec.Struct, frozen=True):
    """A mail in words: what it is, to whom, what became of it and why. `page` shows it; `about` is the page
    of what it is about, and `title` its name."""

    id: str
    page: str
    about: str
    title: str
    guest: str
    rule: str
    cause: str
    recipient: str
    address: str
    state: str
    state_words: str
    at: str
    why: str
    remedy: str


@outbox.get("/outbox")
@session.signed_in
def page() -> Any:
    if not is_administrator():
        raise Refused(403, "forbidden")
    state = request.args.get("state", "") if request.args.get("state") in STATES else ""
    found = latest_mails(services().rows, state, request.args.get("cursor", ""), PAGE + 1)
    known: dict[str, Appointment] = {}
    lines = []
    for logged in found[:PAGE]:
        id = logged.mail.appointment
        if not id:
            lines.append(line_about_account(logged))
            continue
        known[id] = known.get(id) or services().coordination.appointment(id)
        lines.append(line(logged, known[id]))
    return render_template(
        "staff/outbox.html",
        lines=lines,
        states=STATES,
        state=state,
        cursor=found[PAGE - 1].mail.key if len(found) > PAGE else "",
        no_server=services().mailer is None,
    )


@outbox.get("/outbox/<mail>")
@session.signed_in
def mail_page(mail: str) -> Any:
    """One mail that is about somebody's account."""
    logged = _about_account(mail)
    return render_template(
        "staff/mail.html",
        line=line_about_account(logged),
        mail=shown(services().composer.compose(logged.mail, g.now)),
        part="text" if request.args.get("part") == "text" else "html",
    )


@outbox.get("/outbox/<mail>/html")
@session.signed_in
def mail_frame(mail: str) -> Any:
    return framed(services().composer.compose(_about_account(mail).mail, g.now))


def _about_account(id: str) -> Logged:
    if not is_administrator():
        raise Refused(403, "forbidden")
    found = next((logged for logged in mails_about_accounts(services().rows) if logged.id == id), None)
    if found is None:
        raise NotFound
    return found


def line(logged: Logged, appointment: Appointment) -> MailLine:
    """One mail of the appointment in words."""
    recipient = services().composer.recipient(appointment, logged.mail.recipient)
    guest, is_guest = appointment.guest, logged.mail.recipient == GUEST
    return _line(
        logged,
        page=url_for("appointment.mail_page", id=appointment.id, mail=logged.id),
        about=url_for("appointment.page", id=appointment.id),
        title=title_of(appointment),
        guest="" if names_guest(title_of(appointment), guest) else wording.guest_in_text(guest, g.locale),
        recipient=words.said(_("お客様")) if is_guest else recipient.name,
        address=recipient.email,
    )


def line_about_account(logged: Logged) -> MailLine:
    """One mail about an account, of which nothing but its address is known here."""
    told = link_facts(services().coordination, logged.mail, "")
    recipient = services().coordination.member(logged.mail.recipient)
    return _line(
        logged,
        page=url_for("outbox.mail_page", mail=logged.id),
        about=url_for("outbox.page"),
        title=told.link.account,
        guest=told.room,
        recipient=recipient.name,
        address=recipient.email,
    )


def _line(logged: Logged, **about: str) -> MailLine:
    why, remedy = _why(logged)
    return MailLine(
        id=logged.id,
        rule=words.said(words.MAIL_RULES[logged.mail.rule]),
        cause=words.said(words.MAIL_CAUSES[_cause(logged)]),
        state=logged.state,
        state_words=words.said(words.MAIL_STATES[logged.state]),
        at=moment(logged.sent_at or logged.given_up_at or logged.mail.created_at),
        why=why,
        remedy=remedy,
        **about,
    )


def _cause(logged: Logged) -> str:
    """What made a mail, as `MAIL_CAUSES` knows it; neither the clock nor an account has one."""
    rule, version = logged.mail.rule, logged.mail.version
    if rule == Rule.REMINDER or not logged.mail.appointment:
        return rule
    event = services().coordination.stream(logged.mail.appointment, until=version)[version - 1].NAME
    return f"{rule} {event}" if f"{rule} {event}" in words.MAIL_CAUSES else event


def _why(logged: Logged) -> tuple[str, str]:
    """Why a mail was not sent, or has not been yet, and what can be done."""
    if logged.state == "skipped":
        return words.said(words.MAIL_SKIPS[logged.outcome]), ""
    if logged.state == "refused":
        return words.trouble(logged.outcome)
    if logged.state == "queued" and logged.error:
        return words.trouble(logged.error)
    return "", ""
