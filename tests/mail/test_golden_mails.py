"""Whole mails, kept as files for people to read. `pytest tests/mail --rewrite-golden` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import msgspec
import pytest

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.links import Provider
from chouseiapo.mail import LinkRule, Mails, Recipient, Rule
from tests.domain.given import given, happened, proposed
from tests.mail.reading import read, readable
from tests.mail.stories import (
    ACROSS_DST,
    FIXED_URL,
    IN_ROOM,
    LINK_ONLY,
    LONG_TITLE,
    NEW_YORK,
    NO_COMPANY,
    NOW,
    OVER_MIDNIGHT,
    PHONE,
    SERIES,
    SETTINGS,
    SIDES,
    STAFF_URL,
    TWO_DAYS,
    UNTIL_MIDNIGHT,
    VISIT_THEM,
    VISIT_US,
    ZOOM,
    about_link,
    deleted_by_hand,
    rendered,
    story,
    utc,
    without_url,
)

GOLDEN = Path(__file__).parent / "golden"
A = Appointment


def sign_in(locale: str) -> EmailMessage:
    who = Recipient(id="m", name="田中 一郎", email="tanaka@sample.example", locale=locale)
    url = "https://appo.sample.example/sign-in/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
    return Mails(SETTINGS).render_sign_in(who, url, 15, message_id="<s@appo.sample.example>", now=NOW)


def before_the_answer(side: str) -> EmailMessage:
    withdrawn = given(proposed(), happened(A.Cancelled))
    return rendered(Rule.CANCELLED, side, appointment=withdrawn, telling={"reason": "日程が先に決まったため"})


def deleted(locale: str = "ja") -> EmailMessage:
    return rendered(
        Rule.QUESTION, "member", locale, appointment=given(proposed(), *CONFIRMED, deleted_by_hand())
    )


def of_the_last_time(locale: str = "ja") -> EmailMessage:
    """The room's calendar, from which the only candidate's hold is gone."""
    start = proposed(candidates=IN_ROOM[:1])
    return rendered(Rule.QUESTION, "member", locale, appointment=given(start, deleted_by_hand("room-1")))


def about_host(rule: LinkRule, locale: str) -> EmailMessage:
    """An account that is, or was, one of the organization's hosts."""
    url = "https://appo.sample.example/settings/organization"
    return about_link(rule, Provider.ZOOM, locale, of_organization=True, url=url)


def pending(rule: Rule, side: str, locale: str, **how: bool) -> EmailMessage:
    return rendered(rule, side, locale, appointment=without_url(**how))


def after(rule: Rule, side: str, locale: str, *what: type[Event]) -> EmailMessage:
    """A mail that goes after somebody deleted the meeting, and after what was decided then."""
    gone = happened(A.MeetingVanished, generation=1)
    return rendered(rule, side, locale, appointment=story(rule, gone, *map(happened, what)))


def without_passcode() -> EmailMessage:
    """Another way in, which has no passcode."""
    meeting = msgspec.structs.replace(ZOOM, passcode="")
    told = story(Rule.MEETING_CHANGED, happened(A.MeetingIssued, meeting=meeting, host="zoom"))
    return rendered(Rule.MEETING_CHANGED, "guest", appointment=told)


HOST = {"host": True}
START = {"start_url_page": f"{STAFF_URL}/start"}
CONFIRMED = (happened(A.Confirmed, candidate="c1", guest=proposed().guest),)
BROKEN, VANISHED = LinkRule.LINK_BROKEN, LinkRule.VANISHED
RULE = Rule
CASES: dict[str, Callable[[], EmailMessage]] = {
    **{
        f"{locale}/{side}_{rule}": partial(rendered, rule, side, locale)
        for locale in ("ja", "en")
        for rule, side in SIDES
    },
    **{
        f"{locale}/member_link_broken": partial(about_link, BROKEN, Provider.MICROSOFT, locale)
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_link_broken.google_week": partial(
            about_link, BROKEN, Provider.GOOGLE, locale, days=7.1
        )
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_link_broken.google_revoked": partial(
            about_link, BROKEN, Provider.GOOGLE, locale, days=1
        )
        for locale in ("ja", "en")
    },
    "ja/member_link_broken.zoom": partial(about_link, BROKEN, Provider.ZOOM, days=3),
    "ja/member_link_broken.room": partial(
        about_link, BROKEN, Provider.GOOGLE, room="会議室A", reason="no_permission", days=3
    ),
    **{
        f"{locale}/member_vanished": partial(about_link, VANISHED, Provider.GOOGLE, locale, count=12)
        for locale in ("ja", "en")
    },
    "en/member_vanished.room": partial(about_link, VANISHED, Provider.CALDAV, "en", count=31, room="Room A"),
    **{
        f"{locale}/member_{rule}": partial(about_link, rule, Provider.ZOOM, locale)
        for rule in (LinkRule.LINK_MOVED, LinkRule.DEAUTHORIZED)
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_link_moved.by_organization": partial(
            about_link, LinkRule.LINK_MOVED, Provider.ZOOM, locale, by_organization=True
        )
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_{rule}.of_organization": partial(about_host, rule, locale)
        for rule in (LinkRule.LINK_MOVED, LinkRule.DEAUTHORIZED, LinkRule.LINK_BROKEN)
        for locale in ("ja", "en")
    },
    "ja/member_deauthorized.room": partial(
        about_link, LinkRule.DEAUTHORIZED, Provider.MICROSOFT, room="会議室A"
    ),
    "ja/member_confirmation.host": partial(
        rendered, RULE.CONFIRMATION, "member", reading=HOST, telling=START
    ),
    "en/member_reminder.host": partial(rendered, RULE.REMINDER, "member", "en", reading=HOST, telling=START),
    "ja/guest_moved.pending": partial(
        rendered, RULE.MOVED, "guest", appointment=story(RULE.CONFIRMATION_PENDING)
    ),
    **{
        f"{locale}/{side}_reminder.pending": partial(pending, RULE.REMINDER, side, locale)
        for side in ("guest", "member")
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_{rule}.by_hand": partial(pending, rule, "member", locale, by_hand=True)
        for rule in (RULE.CONFIRMATION_PENDING, RULE.MOVED)
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/member_reminder.vanished": partial(after, RULE.REMINDER, "member", locale)
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/{side}_reminder.forgone": partial(after, RULE.REMINDER, side, locale, A.MeetingForgone)
        for side in ("guest", "member")
        for locale in ("ja", "en")
    },
    "ja/guest_meeting_changed.no_passcode": without_passcode,
    **{
        f"{locale}/{side}_cancelled.series": partial(rendered, RULE.CANCELLED, side, locale, **SERIES)
        for locale, side in (("ja", "guest"), ("en", "member"))
    },
    **{
        f"{locale}/guest_confirmation.series": partial(rendered, RULE.CONFIRMATION, "guest", locale, **SERIES)
        for locale in ("ja", "en")
    },
    "ja/member_confirmation.series_called_off": partial(
        rendered,
        RULE.CONFIRMATION,
        "member",
        appointment=story(RULE.OCCURRENCE_CANCELLED),
        telling={"occurrence": None},
    ),
    **{
        f"{locale}/guest_confirmation.two_days": partial(
            rendered, RULE.CONFIRMATION, "guest", locale, reading=NEW_YORK, **TWO_DAYS
        )
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/guest_reminder.two_days": partial(rendered, RULE.REMINDER, "guest", locale, **TWO_DAYS)
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/guest_reminder.tomorrow": partial(
            rendered, RULE.REMINDER, "guest", locale, now=utc(2026, 11, 24, 1)
        )
        for locale in ("ja", "en")
    },
    "en/member_reminder.in_days": partial(rendered, RULE.REMINDER, "member", "en", now=NOW),
    "ja/guest_reminder.in_days": partial(rendered, RULE.REMINDER, "guest", now=NOW),
    "ja/member_question.deleted": deleted,
    "en/member_question.deleted": partial(deleted, "en"),
    "ja/member_question.last_time": of_the_last_time,
    "en/member_question.last_time": partial(of_the_last_time, "en"),
    "ja/sign_in": partial(sign_in, "ja"),
    "en/sign_in": partial(sign_in, "en"),
    "ja/member_confirmation.text_only": partial(
        rendered, RULE.CONFIRMATION, "member", reading={"text_only": True, "calendar_part": False}
    ),
    "ja/guest_confirmation.text_only": partial(
        rendered, RULE.CONFIRMATION, "guest", reading={"text_only": True}
    ),
    "ja/guest_confirmation.link_only": partial(rendered, RULE.CONFIRMATION, "guest", **LINK_ONLY),
    "ja/guest_confirmation.no_company": partial(rendered, RULE.CONFIRMATION, "guest", settings=NO_COMPANY),
    "ja/guest_confirmation.visit_us": partial(
        rendered, RULE.CONFIRMATION, "guest", candidates=IN_ROOM, **VISIT_US
    ),
    "ja/guest_confirmation.visit_them": partial(rendered, RULE.CONFIRMATION, "guest", **VISIT_THEM),
    "ja/guest_confirmation.fixed_url": partial(rendered, RULE.CONFIRMATION, "guest", **FIXED_URL),
    "ja/guest_confirmation.over_midnight": partial(
        rendered, RULE.CONFIRMATION, "guest", candidates=OVER_MIDNIGHT
    ),
    **{
        f"{locale}/guest_request.one_until_midnight": partial(
            rendered, RULE.REQUEST, "guest", locale, candidates=UNTIL_MIDNIGHT
        )
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/guest_request.instead": partial(
            rendered, RULE.REQUEST, "guest", locale, telling={"agreed": UNTIL_MIDNIGHT[0]}
        )
        for locale in ("ja", "en")
    },
    **{
        f"{locale}/{side}_message.of_what_was_cancelled": partial(
            rendered, RULE.MESSAGE, side, locale, appointment=story(RULE.CANCELLED)
        )
        for locale in ("ja", "en")
        for side in ("guest", "member")
    },
    "ja/guest_reminder.phone": partial(rendered, RULE.REMINDER, "guest", **PHONE),
    "ja/member_request.visit_us": partial(rendered, RULE.REQUEST, "member", candidates=IN_ROOM, **VISIT_US),
    "ja/member_reminder.visit_them": partial(rendered, RULE.REMINDER, "member", **VISIT_THEM),
    "ja/member_confirmation.long_title": partial(
        rendered, RULE.CONFIRMATION, "member", title=LONG_TITLE[:251]
    ),
    "ja/guest_cancelled.before_the_answer": partial(before_the_answer, "guest"),
    "ja/member_cancelled.before_the_answer": partial(before_the_answer, "member"),
    "en/guest_request.new_york_across_dst": partial(
        rendered,
        RULE.REQUEST,
        "guest",
        "en",
        reading=NEW_YORK,
        candidates=ACROSS_DST,
        now=utc(2026, 10, 20),
    ),
    "en/guest_confirmation.new_york": partial(rendered, RULE.CONFIRMATION, "guest", "en", reading=NEW_YORK),
    "ja/member_reminder.new_york": partial(rendered, RULE.REMINDER, "member", reading=NEW_YORK),
    "en/guest_confirmation.visit_us": partial(
        rendered, RULE.CONFIRMATION, "guest", "en", candidates=IN_ROOM, **VISIT_US
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_mail_reads_as_it_did(name: str, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{name}.eml"
    now = readable(read(CASES[name]()))
    if request.config.getoption("--rewrite-golden", default=False):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert now == file.read_text(encoding="utf-8"), (
        "changed: read it, then pytest tests/mail --rewrite-golden"
    )


def test_every_golden_mail_is_still_rendered() -> None:
    kept = {str(file.relative_to(GOLDEN).with_suffix("")) for file in GOLDEN.rglob("*.eml")}
    assert kept == set(CASES)
