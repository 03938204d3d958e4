"""Every mail with sample data, so that whoever changes a template sees what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.links import Link, Provider
from chouseiapo.domain.proposal import LOCALES, Delivery, Guest, Kind, Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Candidate
from chouseiapo.mail import Facts, Hand, Letter, LinkFacts, LinkRule, Mails, Person, Recipient, Rule
from chouseiapo.mail_facts import SIGN_IN, sign_in_words, words
from chouseiapo.mail_links import link_words

# What no guest is ever told.
FOR_MEMBERS = (Rule.ALL_GONE, Rule.REMOVED, Rule.QUESTION, Rule.MEETING_VANISHED)
_SIGN_IN_URL = "https://example.com/sign-in/sample"
_ABOUT_LINKS = {f"member_{rule}": rule for rule in LinkRule}
_ID = "appointment-" + "0" * 32
_MEETING = Meeting("https://zoom.example/j/98765432101?pwd=sample", "98765432101", "7K2mQx")
_SAMPLES: dict[str, Any] = {
    "ja": {
        "guest": Guest("ABC株式会社", "山田 太郎", "yamada@example.net", "03-0000-0000"),
        "people": ("田中 一郎", "鈴木 花子"),
        "title": "導入のご相談",
        "subject": "当日の資料について",
        "message": "資料は当日、画面でご覧いただけます。\nお時間になりましたらURLからお入りください。",
        "note": "前回の見積もりを用意する。",
        "reason": "担当者の都合がつかなくなったため",
    },
    "en": {
        "guest": Guest("ABC Inc.", "Taro Yamada", "yamada@example.net", "03-0000-0000"),
        "people": ("Ichiro Tanaka", "Hanako Suzuki"),
        "title": "Getting started",
        "subject": "About the slides",
        "message": "I will show the slides on screen.\nPlease join by the link at the time agreed.",
        "note": "Bring the last quotation.",
        "reason": "Something urgent came up.",
    },
}


def names() -> list[str]:
    """Every mail there is, as the folder of its templates."""
    told = [f"{side}_{rule}" for rule in Rule for side in _sides(rule)]
    return [f"{locale}/{mail}" for locale in LOCALES for mail in (*told, *_ABOUT_LINKS, SIGN_IN)]


def preview(mails: Mails, name: str, now: datetime) -> EmailMessage:
    """The mail of that name, about an appointment that nobody has; raises KeyError for an unknown name."""
    if name not in names():
        raise KeyError(name)
    locale, _, mail = name.partition("/")
    reader, message_id = _reader(name), f"<{name.replace('/', '-')}@example.com>"
    if mail == SIGN_IN:
        return mails.render_sign_in(reader, _SIGN_IN_URL, 15, message_id=message_id, now=now)
    if about := _ABOUT_LINKS.get(mail):
        return mails.render_about_link(about, reader, _about_link(about, now), message_id=message_id, now=now)
    rule = Rule(mail.partition("_")[2])
    facts = _facts(rule, locale, now)
    if rule is Rule.REMINDER and facts.chosen:  # half an hour before, so on the day in most zones
        now = facts.chosen.start - timedelta(minutes=30)
    return mails.render(rule, reader, facts, message_id=message_id, sequence=1, now=now)


def known_names(name: str, settings: Settings, now: datetime) -> set[str]:
    """The names that the templates of that mail know."""
    locale, _, mail = name.partition("/")
    reader = replace(_reader(name), time_zone=settings.time_zone)
    if mail == SIGN_IN:
        told = sign_in_words(reader, _SIGN_IN_URL, 15, settings)
    elif about := _ABOUT_LINKS.get(mail):
        told = link_words(reader, _about_link(about, now), settings, now)
    else:
        rule = Rule(mail.partition("_")[2])
        told = words(rule, reader, _facts(rule, locale, now), settings, now)
    return {*told, "subject"}


def _reader(name: str) -> Recipient:
    locale, _, mail = name.partition("/")
    sample, guest = _SAMPLES[locale], mail.startswith("guest_")
    return Recipient(
        id="sample",
        name=sample["guest"].name if guest else sample["people"][0],
        email=sample["guest"].email if guest else "member@example.com",
        locale=locale,
        guest=guest,
        calendar_part=True,
        host=not guest,
    )


def _sides(rule: Rule) -> tuple[str, ...]:
    return ("member",) if rule in FOR_MEMBERS else ("guest", "member")


def _about_link(rule: LinkRule, now: datetime) -> LinkFacts:
    """An account that Google has let go after a week, or from which a dozen entries have disappeared; or one
    at Zoom that speaks for somebody else now, or has put our app out."""
    broken = "token_refused" if rule is LinkRule.LINK_BROKEN else ""
    linked_at = now - timedelta(days=7)
    provider = Provider.ZOOM if rule in (LinkRule.LINK_MOVED, LinkRule.DEAUTHORIZED) else Provider.GOOGLE
    link = Link("sample", provider, "member@example.com", linked_at, broken=broken)
    return LinkFacts(link=link, at=now, url="https://example.com/settings", count=12)


def _facts(rule: Rule, locale: str, now: datetime) -> Facts:
    sample = _SAMPLES[locale]
    organizer, colleague = (Person(name, "member@example.com") for name in sample["people"])
    appointment = Appointment.remember(_ID, _story(rule, locale, now))
    return Facts(
        appointment=appointment,
        organizer=organizer,
        author=organizer,
        attendees=(colleague,) if rule is Rule.REMOVED else (organizer, colleague),
        guest_url="https://example.com/g/sample",
        staff_url="https://example.com/appointments/sample",
        reason=sample["reason"] if rule is Rule.CANCELLED else "",
        hand=Hand(colleague.name, False, appointment.question) if appointment.question else None,
        occurrence=appointment.candidates["c2"] if rule is Rule.OCCURRENCE_CANCELLED else None,
        before=appointment.candidates["c2"].slot if rule is Rule.MOVED else None,
        letter=Letter(sample["subject"], sample["message"], organizer.name) if rule is Rule.MESSAGE else None,
        start_url_page="https://example.com/appointments/sample/start",
    )


def _story(rule: Rule, locale: str, now: datetime) -> Iterator[Event]:
    """What happened to the appointment before the mail; it always has three candidates in the coming days."""
    sample = _SAMPLES[locale]
    morning = now.astimezone(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
    starts = {f"c{n}": morning + timedelta(days=n + 1) for n in (1, 2, 3)}
    happened: dict[str, Any] = {"originator_id": _ID, "originator_version": 1, "at": now}
    yield Appointment.Proposed(
        **happened,
        author="member-1",
        attendees=("member-1", "member-2"),
        organizer="member-1",
        kind=Kind.WEB,
        platform=Platform.ZOOM,
        delivery=Delivery.MAIL,
        guest=sample["guest"],
        title=sample["title"],
        message=sample["message"],
        note=sample["note"],
        direct=rule is Rule.OCCURRENCE_CANCELLED,
        recurrence=Recurrence(Frequency.DAILY, 3) if rule is Rule.OCCURRENCE_CANCELLED else None,
        candidates=tuple(Candidate(id, start, start + timedelta(hours=1)) for id, start in starts.items()),
    )
    match rule:
        case Rule.ALL_GONE:
            for id in starts:
                yield Appointment.CandidateTaken(**happened, candidate=id, by="another")
        case Rule.EXPIRED:
            yield Appointment.Expired(**happened)
        case Rule.REQUEST:
            return
        case _:
            yield Appointment.Confirmed(**happened, candidate="c1", guest=sample["guest"])
            if rule not in (Rule.CONFIRMATION_PENDING, Rule.MEETING_WITHDRAWN):
                yield Appointment.MeetingIssued(**happened, meeting=_MEETING, host="sample")
            if rule is Rule.MEETING_FORGONE:
                yield Appointment.MeetingVanished(**happened, generation=1)
                yield Appointment.MeetingForgone(**happened)
            if rule is Rule.OCCURRENCE_CANCELLED:
                yield Appointment.OccurrenceCancelled(**happened, candidate="c2")
            if rule is Rule.CANCELLED:
                yield Appointment.Cancelled(**happened)
            if rule is Rule.QUESTION:
                start = starts["c1"] + timedelta(hours=4)
                moved: dict[str, Any] = {"gone": False, "start": start, "end": start + timedelta(hours=1)}
                yield Appointment.OrganizerAsked(**happened, owner="member-2", candidate="c1", **moved)
