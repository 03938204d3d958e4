"""Renders one mail to one recipient. What happened is a rule; its words are files in mail_templates/."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)
from markupsafe import Markup

from chouseiapo import wording
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Visibility
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.envelope import Envelope, compose
from chouseiapo.invitation import Invitation, Method, uid
from chouseiapo.mail_facts import (
    SIGN_IN,
    Facts,
    Hand,
    Letter,
    Person,
    Recipient,
    Rule,
    sign_in_words,
    told_kind,
    words,
)
from chouseiapo.mail_links import LinkFacts, LinkRule, link_words
from chouseiapo.ports import RawMail, cut

__all__ = [
    "Facts",
    "Hand",
    "Letter",
    "LinkFacts",
    "LinkRule",
    "Mails",
    "Person",
    "Recipient",
    "Rule",
    "environment",
    "own_templates",
    "raw_mail",
]

log = logging.getLogger(__name__)

# What a mail with a calendar part does to the event. A reminder changes nothing, so it brings none.
_METHODS: Mapping[Rule, Method] = {
    Rule.CONFIRMATION: "REQUEST",
    Rule.CONFIRMATION_PENDING: "REQUEST",
    Rule.MEETING_URL: "REQUEST",
    Rule.MEETING_CHANGED: "REQUEST",
    Rule.MEETING_WITHDRAWN: "REQUEST",
    Rule.MEETING_FORGONE: "REQUEST",
    Rule.MOVED: "REQUEST",
    Rule.OCCURRENCE_CANCELLED: "REQUEST",
    Rule.CANCELLED: "CANCEL",
    Rule.REMOVED: "CANCEL",
}
# As much as Google Calendar takes, whose limit is the lowest we know of; the mail itself has all of it.
_LONGEST_DESCRIPTION = 8192
_CLASSES = {Visibility.PUBLIC: "PUBLIC", Visibility.PRIVATE: "PRIVATE"}
_REPEATING = {
    Frequency.DAILY: "FREQ=DAILY",
    Frequency.WEEKDAYS: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    Frequency.WEEKLY: "FREQ=WEEKLY",
    Frequency.MONTHLY: "FREQ=MONTHLY",
}
# Whatever can go wrong in a template; ours are tried by the tests, an operator's by nobody.
WRONG = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
# For addresses that are no ASCII; headers stand in it as they are (see envelope).
_WITH_UTF8 = policy.SMTPUTF8.clone(refold_source="none")
_PRODUCT = {"ja": "調整アポ", "en": "chouseiapo"}


class Mails:
    """Renders mails. Templates are compiled once: a changed file shows after a restart.

    A template of the operator's that can't be filled in is replaced with ours, so that no mail is lost;
    `strict` raises one of WRONG instead.
    """

    def __init__(self, settings: Settings, *, strict: bool = False) -> None:
        self._settings = settings
        self._own_name, self._address = parseaddr(settings.mail_from)
        self._templates = environment(settings.mail_templates)
        self._own = environment(None) if settings.mail_templates and not strict else None
        self._reported: set[str] = set()
        self.fingerprint = _fingerprint(settings.mail_templates)
        self._inline = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False).inline

    def render(
        self,
        rule: Rule,
        recipient: Recipient,
        facts: Facts,
        *,
        message_id: str,
        sequence: int,
        now: datetime,
    ) -> EmailMessage:
        """The mail that tells the recipient what happened; `message_id` in brackets.

        `sequence` is the event's own, for the calendar part: higher than in the mail before when the time,
        the place or the meeting changed, and on cancelling.
        """
        reader = self._settled(recipient)
        printed = words(rule, reader, facts, self._settings, now)
        envelope = Envelope(
            sender=self._sender(reader, facts.organizer.name),
            recipient=(reader.name, reader.email),
            reply_to=dataclasses.astuple(facts.organizer) if reader.guest else ("", ""),
            message_id=message_id,
            date=now,
        )
        calendar, method, chosen = b"", _METHODS.get(rule), facts.chosen
        if method and chosen and reader.calendar_part:
            calendar = self._invitation(method, sequence, facts, chosen, reader, printed).render(now)
        folder = f"{'guest' if reader.guest else 'member'}_{rule}"
        return self._compose(folder, printed, envelope, reader, calendar, method or "")

    def render_sign_in(
        self, recipient: Recipient, url: str, expires_minutes: int, *, message_id: str, now: datetime
    ) -> EmailMessage:
        """The mail with a one-time sign-in link."""
        reader = self._settled(recipient)
        envelope = Envelope(
            sender=self._sender(reader),
            recipient=(reader.name, reader.email),
            message_id=message_id,
            date=now,
        )
        printed = sign_in_words(reader, url, expires_minutes, self._settings)
        return self._compose(SIGN_IN, printed, envelope, reader)

    def render_about_link(
        self, rule: LinkRule, recipient: Recipient, facts: LinkFacts, *, message_id: str, now: datetime
    ) -> EmailMessage:
        """The mail that tells of an account that speaks for the recipient, or for a room in their care."""
        reader = self._settled(recipient)
        envelope = Envelope(
            sender=self._sender(reader),
            recipient=(reader.name, reader.email),
            message_id=message_id,
            date=now,
        )
        printed = link_words(reader, facts, self._settings, now)
        return self._compose(f"member_{rule}", printed, envelope, reader)

    def _settled(self, recipient: Recipient) -> Recipient:
        locale = recipient.locale or self._settings.locale
        zone = recipient.time_zone or self._settings.time_zone
        return dataclasses.replace(recipient, locale=locale, time_zone=zone)

    def _sender(self, reader: Recipient, organizer: str = "") -> tuple[str, str]:
        """To a guest the organizer writes, from our address; to a member, the product."""
        company = self._settings.company
        if not reader.guest:
            return self._own_name or _PRODUCT[reader.locale], self._address
        if not organizer or not company:
            return organizer or company or self._own_name or _PRODUCT[reader.locale], self._address
        joined = f"{organizer}（{company}）" if reader.locale == "ja" else f"{organizer} ({company})"
        return joined, self._address

    def _invitation(
        self,
        method: Method,
        sequence: int,
        facts: Facts,
        chosen: Candidate,
        reader: Recipient,
        printed: Mapping[str, Any],
    ) -> Invitation:
        """The event as the recipient's calendar should show it."""
        appointment, organizer = facts.appointment, facts.organizer.name
        sender, _ = self._sender(reader, organizer)
        meeting = printed["meeting"]
        where = meeting.join_url if meeting else " ".join(filter(None, (printed["place"], printed["room"])))
        told = self._fill(f"{reader.locale}/_base/calendar.txt", printed).strip()
        if method == "CANCEL":  # it names the event; who is out need not hear once more how to join
            where, told = "", ""
        return Invitation(
            method=method,
            uid=uid(appointment.id, self._address),
            sequence=sequence,
            **self._times(appointment, chosen, reader),
            summary=self._title(appointment, organizer, reader),
            description=cut(told, _LONGEST_DESCRIPTION),
            location=where,
            organizer=(sender if reader.guest else organizer or sender, self._address),
            attendee=(reader.name, reader.email),
            classification="" if reader.guest else _CLASSES.get(appointment.visibility, ""),
        )

    def _times(self, appointment: Appointment, chosen: Candidate, reader: Recipient) -> dict[str, Any]:
        """When it is: what repeats, and whole days, by the organization's clock, all else by the reader's."""
        home, all_day = self._settings.time_zone, chosen.all_day
        if appointment.recurrence is None:
            zone = home if all_day else reader.time_zone
            return {"start": chosen.start, "end": chosen.end, "time_zone": zone, "all_day": all_day}
        series = list(appointment.candidates.values())
        return {
            "start": series[0].start,
            "end": series[0].end,
            "time_zone": home,
            "all_day": all_day,
            "rule": repeating(appointment.recurrence),
            "last": series[-1].start,
            "exdates": [c.start for c in series if c.state is CandidateState.WITHDRAWN],
        }

    def _title(self, appointment: Appointment, organizer: str, reader: Recipient) -> str:
        if not reader.guest:
            return wording.title_for_member(appointment.title, appointment.guest, reader.locale)
        host = self._settings.company or organizer
        return wording.title_for_guest(appointment.title, told_kind(appointment), host, reader.locale)

    def _compose(
        self,
        folder: str,
        printed: dict[str, Any],
        envelope: Envelope,
        reader: Recipient,
        calendar: bytes = b"",
        method: str = "",
    ) -> EmailMessage:
        path = f"{reader.locale}/{folder}"
        subject = self._fill(f"{path}/subject.txt", printed).strip()
        text = self._fill(f"{path}/body.txt", printed)
        html = ""
        if not reader.text_only:
            html = self._fill(f"{path}/body.html", printed | {"subject": subject}, self._inline)
        return compose(envelope, subject, text, html, calendar, method)

    def _fill(self, template: str, printed: Mapping[str, Any], finish: Callable[[str], str] = str) -> str:
        try:
            return finish(self._templates.get_template(template).render(printed))
        except WRONG as error:
            if self._own is None:
                raise
            self._report(template, error)
        return finish(self._own.get_template(template).render(printed))

    def _report(self, template: str, error: Exception) -> None:
        """Once a template; without the error's words, which may hold somebody's name."""
        if template not in self._reported:
            self._reported.add(template)
            what = type(error).__name__
            log.warning("mail template %s: %s; ours is used. See: chouseiapo mail preview", template, what)


def repeating(how: Recurrence) -> str:
    """As an RRULE has it (RFC 5545, 3.3.10)."""
    interval = f";INTERVAL={how.interval}" if how.interval > 1 else ""
    return f"{_REPEATING[how.frequency]};COUNT={how.count}{interval}"


def environment(override: Path | None) -> Environment:
    """The operator's folder comes first, file by file; a file that it lacks is ours."""
    folders = [folder for folder in (override, own_templates()) if folder]
    templates = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    templates.filters["lines"] = _lines
    return templates


def raw_mail(message: EmailMessage) -> RawMail:
    """The mail as it goes over the wire. One recipient a mail: several would share one answer."""
    (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
    addresses = sender.addr_spec, recipient.addr_spec
    is_plain = all(address.isascii() for address in addresses)
    return RawMail(*addresses, message.as_bytes(policy=None if is_plain else _WITH_UTF8))


def _fingerprint(override: Path | None) -> str:
    """Equal for equal templates, wherever they lie."""
    seen = hashlib.sha256()
    for folder in filter(None, (override, own_templates())):
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            seen.update(f"{file.relative_to(folder)}\n".encode() + file.read_bytes())
    return seen.hexdigest()


def own_templates() -> Path:
    """The checkout's folder where there is one: an editable install may have left a stale copy elsewhere."""
    here = Path(__file__).resolve().parent
    checkout = here.parents[1] / "mail_templates"
    return checkout if here.parent.name == "src" and checkout.is_dir() else here / "mail_templates"


def _lines(text: str) -> Markup:
    """What somebody wrote, escaped, with their line breaks kept."""
    return Markup("<br>").join(text.splitlines())
