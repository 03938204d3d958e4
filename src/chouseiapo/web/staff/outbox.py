"""The outbox, for administrators: every mail with its fate and why; sign-in mails, which open doors, not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, g, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import GUEST, Event
from chouseiapo.domain.member import Member
from chouseiapo.ledger import down
from chouseiapo.mail_facts import Rule
from chouseiapo.web.history import actor_name
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.frame import administrators_only, moment, title_of
from chouseiapo.web.staff.mail_view import framed, shown
from projections.desk import Subject
from projections.mail_log import STATES, Logged, latest_mails, mails_about_accounts
from projections.mails_of_links import link_facts
from projections.outbox import LEDGER, is_reminder
from projections.send_mails import GIVEN_UP_AFTER

outbox = Blueprint("outbox", __name__)
PAGE = 50
Streams = Mapping[str, Sequence[Event]]


class MailLine(msgspec.Struct, frozen=True):
    """A mail in words: what it is, to whom, what became of it and why. `page` shows it; `about` is the page
    of what it is about, and `title` its name; `caused` says by whom it was caused, and when; `mend`
    what can be done so that the recipient is reached after all."""

    id: str
    page: str
    about: str
    title: str
    guest: str
    rule: str
    cause: str
    caused: str
    recipient: str
    address: str
    state: str
    state_words: str
    at: str
    why: str
    remedy: str
    tries: str
    mend: str
    to_guest: bool


class Halt(msgspec.Struct, frozen=True):
    """Why no mail leaves at all, since when, and when the server is asked again; in words."""

    what: str
    remedy: str
    since: str
    next_at: str


def halt() -> Halt | None:
    """The mail server's trouble, while all mails wait because of it."""
    found = down(services().rows, LEDGER) if services().mailer is not None else None
    if found is None:
        return None
    trouble = words.trouble(found.reason)
    return Halt(trouble.what, trouble.remedy, moment(found.since), moment(found.next_at))


@outbox.get("/outbox")
@session.signed_in
def page() -> Any:
    administrators_only()
    state = request.args.get("state", "") if request.args.get("state") in STATES else ""
    found = latest_mails(services().rows, state, request.args.get("cursor", ""), PAGE + 1)
    return render_template(
        "staff/outbox.html",
        lines=lines_of(found[:PAGE]),
        states=STATES,
        state=state,
        cursor=found[PAGE - 1].mail.key if len(found) > PAGE else "",
        no_server=services().mailer is None,
        down=halt(),
    )


@outbox.get("/outbox/<mail>")
@session.signed_in
def mail_page(mail: str) -> Any:
    """One mail that is about somebody's account."""
    logged = about_account(mail)
    return render_template(
        "staff/mail.html",
        line=line_about_account(logged),
        mail=shown(services().composer.compose(logged.mail, g.now)),
        part="text" if request.args.get("part") == "text" else "html",
    )


@outbox.get("/outbox/<mail>/html")
@session.signed_in
def mail_frame(mail: str) -> Any:
    return framed(services().composer.compose(about_account(mail).mail, g.now))


def about_account(id: str) -> Logged:
    administrators_only()
    found = next((logged for logged in mails_about_accounts(services().rows) if logged.id == id), None)
    if found is None:
        raise NotFound
    return found


def lines_of(found: Sequence[Logged]) -> list[MailLine]:
    """Mails in words; every appointment and member they need is read once, and all of them together."""
    asked = {
        id for each in found if each.mail.appointment for id in (each.mail.appointment, each.mail.recipient)
    }
    streams = services().coordination.streams(sorted(asked - {GUEST}))
    known = {
        id: Appointment.remember(id, streams[id]) for id in {each.mail.appointment for each in found} - {""}
    }

    def in_words(logged: Logged) -> MailLine:
        if not logged.mail.appointment:
            return line_about_account(logged)
        return _line_about(logged, known[logged.mail.appointment], streams)

    return [in_words(each) for each in found]


def line(logged: Logged) -> MailLine:
    """One mail of an appointment in words."""
    return lines_of([logged])[0]


def _line_about(logged: Logged, appointment: Appointment, streams: Streams) -> MailLine:
    """One mail of the appointment in words; `streams` has its events, and those of who gets the mail."""
    guest, to = appointment.guest, logged.mail.recipient
    subject = Subject(appointment.title, guest)
    member = None if to == GUEST else Member.remember(to, streams[to])
    return _line(
        logged,
        streams[appointment.id],
        page=url_for("appointment.mail_page", id=appointment.id, mail=logged.id),
        about=url_for("appointment.page", id=appointment.id),
        title=title_of(appointment),
        guest="" if subject.names_guest else wording.guest_in_text(guest, g.locale),
        recipient=member.name if member else words.said(_("お客様")),
        address=member.email if member else guest.email,
    )


def line_about_account(logged: Logged) -> MailLine:
    """One mail about an account, of which nothing but its address is known here."""
    told = link_facts(services().coordination, logged.mail, "")
    recipient = services().coordination.member(logged.mail.recipient)
    return _line(
        logged,
        (),
        page=url_for("outbox.mail_page", mail=logged.id),
        about=url_for("outbox.page"),
        title=told.link.account,
        guest=told.room,
        recipient=recipient.name,
        address=recipient.email,
    )


def _line(logged: Logged, events: Sequence[Event], **about: str) -> MailLine:
    why, remedy = _why(logged)
    cause, caused = _cause(logged, events)
    return MailLine(
        id=logged.id,
        rule=words.said(words.MAIL_RULES[_rule(logged)]),
        cause=cause,
        caused=caused,
        state=logged.state,
        state_words=words.said(words.MAIL_STATES[logged.state]),
        at=moment(logged.sent_at or logged.given_up_at or logged.mail.created_at),
        why=why,
        remedy=remedy,
        tries=_tries(logged),
        to_guest=logged.mail.recipient == GUEST,
        mend=_mend(logged) or remedy,
        **about,
    )


def _rule(logged: Logged) -> str:
    """The mail's rule, as `MAIL_RULES` knows it: reminders so long before the start are one kind."""
    rule = logged.mail.rule
    return "reminder_before" if is_reminder(rule) and rule != Rule.REMINDER else rule


def _cause(logged: Logged, events: Sequence[Event]) -> tuple[str, str]:
    """What made the mail, in words, and who did it when; the clock and an account are nobody. `events`: those
    of its appointment."""
    rule, version, at = _rule(logged), logged.mail.version, moment(logged.mail.created_at)
    if logged.asked_by:
        return words.said(_ASKED), f"{actor_name(logged.asked_by)} {at}"
    if is_reminder(logged.mail.rule) or not events:
        return words.mail_cause(rule), at
    event = events[version - 1]
    return words.mail_cause(rule, event.NAME), f"{actor_name(event.meta.actor)} {moment(event.at)}"


def _tries(logged: Logged) -> str:
    """How often a mail that waits was tried, and when it is the next time."""
    if logged.state != "queued" or not logged.attempts or logged.next_at is None:
        return ""
    return words.said(_TRIED, n=logged.attempts, at=moment(logged.next_at))


def _why(logged: Logged) -> tuple[str, str]:
    """Why a mail was not sent, or has not been yet, and what can be done."""
    if logged.state == "skipped":
        return words.said(words.MAIL_SKIPS[logged.outcome]), ""
    if logged.state == "refused":
        return words.mail_refusal(logged.outcome, GIVEN_UP_AFTER)
    if logged.state == "queued" and logged.error:
        return words.trouble(logged.error)
    return "", ""


def _mend(logged: Logged) -> str:
    """What can be done about an address that takes no mail."""
    if not words.is_for_good(logged.outcome):
        return ""
    return words.said(_MENDED if logged.mail.recipient == GUEST else _MENDED_OF_MEMBER)


_ASKED = _("再送が指示されたため")
_TRIED = _("%(n)s回試しました。次は%(at)sに試します。")
_MENDED_OF_MEMBER = _("本人のアドレスとメールボックスを確かめてから、再送してください。")
_MENDED = _(
    "アドレスを確かめてください。違っていたら、お客様用リンクを電話などで伝えるか、キャンセルしてから「同じ内容でもう一度調整する」で正しいアドレスに送れます。"
)
