"""The outbox, for administrators: every mail with its fate and why; sign-in mails, which open doors, not."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, render_template, request

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import GUEST
from chouseiapo.web.errors import Refused
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.frame import is_administrator, moment, title_of
from projections.desk import names_guest
from projections.mail_log import STATES, Logged, latest_mails
from projections.outbox import REMINDER

outbox = Blueprint("outbox", __name__)
PAGE = 50


class MailLine(msgspec.Struct, frozen=True):
    """A mail in words: what it is, to whom, what became of it and why."""

    id: str
    appointment: str
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


def line(logged: Logged, appointment: Appointment) -> MailLine:
    """One mail of the appointment in words."""
    recipient = services().composer.recipient(appointment, logged.mail.recipient)
    why, remedy = _why(logged)
    guest, is_guest = appointment.guest, logged.mail.recipient == GUEST
    return MailLine(
        id=logged.id,
        appointment=appointment.id,
        title=title_of(appointment),
        guest="" if names_guest(title_of(appointment), guest) else wording.guest_in_text(guest, g.locale),
        rule=words.said(words.MAIL_RULES[logged.mail.rule]),
        cause=words.said(words.MAIL_CAUSES[_cause(logged)]),
        recipient=words.said(_("お客様")) if is_guest else recipient.name,
        address=recipient.email,
        state=logged.state,
        state_words=words.said(words.MAIL_STATES[logged.state]),
        at=moment(logged.sent_at or logged.given_up_at or logged.mail.created_at),
        why=why,
        remedy=remedy,
    )


def _cause(logged: Logged) -> str:
    """What made a mail, as `MAIL_CAUSES` knows it; a reminder is the clock's doing."""
    rule, version = logged.mail.rule, logged.mail.version
    if rule == REMINDER:
        return REMINDER
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
