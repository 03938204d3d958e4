"""Mails as people get them: one appointment told in the variants that a mail can be about."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import msgspec

from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.appointment_state import Deviation
from chouseiapo.domain.event import Event
from chouseiapo.domain.links import Link, Provider
from chouseiapo.domain.proposal import Guest, Kind, Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Candidate, CandidateState, Slot
from chouseiapo.mail import Facts, Hand, Letter, LinkFacts, LinkRule, Mails, Person, Recipient, Rule
from chouseiapo.mail_preview import FOR_MEMBERS
from tests.domain.given import ID, SATO, SUZUKI, TANAKA, YAMADA, given, happened, proposed

NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
GUEST_URL = "https://appo.sample.example/g/AbCdEf0123456789_-AbCdEf0123456789_-AbCdEf01234567"
STAFF_URL = f"https://appo.sample.example/appointments/{ID}"
ZOOM = Meeting("https://us06web.zoom.us/j/98765432101?pwd=Zm9vYmFy.1&tk=x", "98765432101", "7K2mQx")
MESSAGE = "当日は資料を画面で共有いたします。\n\n  1. 現状のご確認\n  2. ご提案 <https://sample.example/>"
NOTE = "社内限り: 前回の見積もりは値引き不可"
PEOPLE = {
    TANAKA: Person("田中 一郎", "tanaka@sample.example"),
    SUZUKI: Person("鈴木 花子", "suzuki@sample.example"),
    SATO: Person("佐藤 健", "sato@sample.example"),
}
SETTINGS = replace(Settings(), company="株式会社サンプル", mail_from="no-reply@appo.sample.example")
SIDES = [
    (rule, side)
    for rule in Rule
    for side in ("guest", "member")
    if side == "member" or rule not in FOR_MEMBERS
]


WEEK = timedelta(weeks=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def story(rule: Rule, *more: Event, **changes: Any) -> Appointment:
    """The appointment as of the event that causes the rule's mail; `changes` to what was proposed."""
    told: dict[str, Any] = {"platform": Platform.ZOOM, "message": MESSAGE, "note": NOTE}
    told |= {"organizer": SUZUKI} if rule is Rule.REMOVED else {}
    told |= (SERIES if rule is Rule.OCCURRENCE_CANCELLED else {}) | changes
    start = proposed(**told)
    meeting = [happened(Appointment.MeetingIssued, meeting=ZOOM, host="zoom")]
    confirmed = [happened(Appointment.Confirmed, candidate="c1", guest=start.guest)]
    if start.platform is not Platform.ZOOM or rule in (Rule.CONFIRMATION_PENDING, Rule.MEETING_WITHDRAWN):
        meeting = []
    match rule:
        case Rule.REQUEST:
            then: list[Event] = []
        case Rule.EXPIRED:
            then = [happened(Appointment.Expired)]
        case Rule.ALL_GONE:
            then = [happened(Appointment.CandidateTaken, candidate=c.id, by="x") for c in start.candidates]
        case Rule.CANCELLED:
            then = [*confirmed, *meeting, happened(Appointment.Cancelled)]
        case Rule.OCCURRENCE_CANCELLED:
            called_off = happened(Appointment.OccurrenceCancelled, candidate="c1")
            then = [*confirmed, *meeting, called_off]
        case Rule.REMOVED:
            left = happened(Appointment.AttendeesChanged, attendees=(SUZUKI,), organizer=SUZUKI)
            then = [*confirmed, *meeting, left]
        case Rule.QUESTION:
            then = [*confirmed, *meeting, moved_by_hand()]
        case Rule.MEETING_FORGONE:
            gone = happened(Appointment.MeetingVanished, generation=1)
            then = [*confirmed, *meeting, gone, happened(Appointment.MeetingForgone)]
        case _:
            then = [*confirmed, *meeting]
    return given(start, *then, *more)


def without_url(*, by_hand: bool = False) -> Appointment:
    """Confirmed, and nobody can join yet; by_hand: until somebody asks for the meeting, none is made."""
    start = proposed(platform=Platform.ZOOM, message=MESSAGE, note=NOTE)
    return given(start, happened(Appointment.Confirmed, candidate="c1", guest=start.guest, by_hand=by_hand))


def moved_by_hand(owner: str = SUZUKI) -> Event:
    to = {"start": utc(2026, 11, 26, 5), "end": utc(2026, 11, 26, 6)}
    return happened(Appointment.OrganizerAsked, owner=owner, candidate="c1", gone=False, **to)


def deleted_by_hand(owner: str = SUZUKI) -> Event:
    return happened(Appointment.OrganizerAsked, owner=owner, candidate="c1", gone=True)


def facts(appointment: Appointment, **changes: Any) -> Facts:
    asked = appointment.question
    standing = Facts(
        appointment=appointment,
        organizer=PEOPLE[appointment.organizer],
        author=PEOPLE[appointment.author],
        attendees=tuple(PEOPLE[id] for id in appointment.attendees),
        rooms={"room-1": "会議室A"},
        guest_url=GUEST_URL,
        staff_url=STAFF_URL,
        hand=_hand(asked) if asked else None,
        occurrence=_called_off(appointment),
    )
    return replace(standing, **changes)


def _called_off(appointment: Appointment) -> Candidate | None:
    """The one of a series that will not take place."""
    found = (c for c in appointment.candidates.values() if c.state is CandidateState.WITHDRAWN)
    return next(found, None) if appointment.is_series else None


def _hand(asked: Deviation) -> Hand:
    is_room = asked.owner.startswith("room-")
    return Hand("会議室A" if is_room else PEOPLE[asked.owner].name, is_room, asked)


def about_link(
    rule: LinkRule, provider: Provider, locale: str = "ja", days: float = 90, **told: Any
) -> EmailMessage:
    """A mail about an account that was linked so many days before."""
    broken = told.pop("reason", "token_refused") if rule is LinkRule.LINK_BROKEN else ""
    linked_at = NOW - timedelta(days=days)
    link = Link("link", provider, "tanaka@sample.example", linked_at, broken=broken)
    address = "calendars/link/vanished" if rule is LinkRule.VANISHED else "settings"
    told = {"url": f"https://appo.sample.example/{address}"} | told
    who = Recipient(id="m", name="田中 一郎", email="tanaka@sample.example", locale=locale)
    message_id = f"<{rule}-{locale}@appo.sample.example>"
    given = LinkFacts(link=link, at=NOW, **told)
    return mails(SETTINGS).render_about_link(rule, who, given, message_id=message_id, now=NOW)


def reader(appointment: Appointment, side: str, locale: str = "ja", **changes: Any) -> Recipient:
    guest = appointment.guest
    who = (
        (guest.name, guest.email or "guest@example.net")
        if side == "guest"
        else ("田中 一郎", "tanaka@sample.example")
    )
    standing = Recipient(
        id=side, name=who[0], email=who[1], locale=locale, guest=side == "guest", calendar_part=True
    )
    return replace(standing, **changes)


@functools.cache
def mails(settings: Settings) -> Mails:
    """Compiled once, as in the product."""
    return Mails(settings)


def rendered(
    rule: Rule,
    side: str,
    locale: str = "ja",
    *,
    settings: Settings = SETTINGS,
    appointment: Appointment | None = None,
    telling: dict[str, Any] | None = None,
    reading: dict[str, Any] | None = None,
    now: datetime | None = None,
    **changes: Any,
) -> EmailMessage:
    """One mail; `changes` to the proposal, `telling` to the facts, `reading` to the recipient. A reminder is
    sent in the morning of the day."""
    told = appointment or story(rule, **changes)
    return mails(settings).render(
        rule,
        reader(told, side, locale, **(reading or {})),
        facts(told, **(TOLD.get(rule, {}) | (telling or {}))),
        message_id=f"<{side}-{rule}-{locale}@appo.sample.example>",
        sequence=2 if rule in (Rule.CANCELLED, Rule.REMOVED) else 1,
        now=now or (MORNING if rule is Rule.REMINDER else NOW),
    )


# What some rules tell that is no part of the appointment.
TOLD: dict[Rule, dict[str, Any]] = {
    Rule.MOVED: {"before": Slot(utc(2026, 11, 24, 5), utc(2026, 11, 24, 6))},
    Rule.MESSAGE: {
        "letter": Letter(
            "当日の持ち物について", "図面を2部お持ちください。\n\nよろしくお願いいたします。", "佐藤 健"
        )
    },
}
VISIT_US: dict[str, Any] = {
    "kind": Kind.VISIT_US,
    "platform": Platform.NONE,
    "place": "東京都千代田区丸の内1-1-1 サンプルビル10階",
}
VISIT_THEM: dict[str, Any] = {
    "kind": Kind.VISIT_THEM,
    "platform": Platform.NONE,
    "place": "大阪市北区梅田1-1 ABCタワー",
}
PHONE: dict[str, Any] = {
    "kind": Kind.PHONE,
    "platform": Platform.NONE,
    "guest": msgspec.structs.replace(YAMADA, phone="03-1234-5678"),
}
FIXED_URL: dict[str, Any] = {"platform": Platform.URL, "url": "https://meet.example/our-room"}
IN_ROOM = (
    Candidate("c1", utc(2026, 11, 25, 1), utc(2026, 11, 25, 2), "room-1"),
    Candidate("c2", utc(2026, 11, 26, 2), utc(2026, 11, 26, 3)),
)
ACROSS_DST = (
    Candidate("c1", utc(2026, 10, 30, 13), utc(2026, 10, 30, 14)),
    Candidate("c2", utc(2026, 11, 3, 14), utc(2026, 11, 3, 15)),
)
OVER_MIDNIGHT = (Candidate("c1", utc(2026, 12, 31, 14), utc(2026, 12, 31, 16)),)
UNTIL_MIDNIGHT = (Candidate("c1", utc(2026, 11, 25, 14), utc(2026, 11, 25, 15)),)
WEEKLY = tuple(
    Candidate(f"c{n}", utc(2026, 11, 25, 1) + n * WEEK - WEEK, utc(2026, 11, 25, 2) + n * WEEK - WEEK)
    for n in range(1, 6)
)
SERIES: dict[str, Any] = {
    "candidates": WEEKLY,
    "direct": True,
    "recurrence": Recurrence(Frequency.WEEKLY, len(WEEKLY)),
}
TWO_DAYS: dict[str, Any] = {
    "candidates": (Candidate("c1", utc(2026, 11, 24, 15), utc(2026, 11, 26, 15), all_day=True),),
    "direct": True,
}
LONG_TITLE = "新製品のご提案と、導入までの進め方についてのお打ち合わせ（第2回）👩‍👩‍👧‍👦🎌 " * 5
LINK_ONLY: dict[str, Any] = {"guest": Guest(name="山田太郎")}
NEW_YORK: dict[str, Any] = {"time_zone": "America/New_York"}
NO_COMPANY = replace(SETTINGS, company="")
