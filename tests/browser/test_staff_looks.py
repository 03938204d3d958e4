"""Every page of the staff's in its states, in four guises: no axe violation, none wider than the screen."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from playwright.sync_api import Page

from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Guest, Platform
from projections.outbox import mails_of
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import cell, signed_in
from tests.product import BY, NOW, offer
from tests.web.live import Live

# Every two of wide or narrow, Japanese or English, light or dark meet in one of them.
GUISES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "english": {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", "color_scheme": "dark"},
    "english-phone": {"viewport": {"width": 390, "height": 844}, "locale": "en-GB"},
}
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def furnish(live: Live) -> dict[str, str]:
    """Appointments in every state, a broken link, and a calendar that can't be read; addresses by name."""
    app, office = live.services.coordination, live.office
    app.break_link(office.zoom[live.office.tanaka], "token_refused", NOW)
    app.link_account(office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    opened = live.propose(
        message="資料をお送りします。", note="社内のメモ", offers=(offer(25, 1), offer(26, 2))
    )
    confirmed = live.propose(
        platform=Platform.URL,
        url="https://meet.example/room",
        offers=(offer(27, 1), offer(27, 5, room=office.room)),
        guest=Guest(
            "とても長い名前の株式会社アルファベット・ホールディングス", "長谷川 光太郎", "h@example.net"
        ),
    )
    app.confirm(confirmed.id, "c2", confirmed.guest, BY, NOW)
    cancelled = live.propose()
    app.cancel(cancelled.id, "都合により", BY, NOW)
    live.propose(offers=(offer(21, 3),))
    thinned = live.propose(offers=(offer(28, 1), offer(29, 1)), time_zone="Europe/London", locale="en")
    app.withdraw_candidate(thinned.id, "c1", BY, NOW)
    called_off = live.propose(
        platform=Platform.NONE, title="製品のご紹介と、これからの進め方のご相談 " * 8, offers=(offer(30, 1),)
    )
    app.confirm(called_off.id, "c1", called_off.guest, BY, NOW)
    app.cancel(called_off.id, "", BY, NOW)
    live.read()
    mail = mails_of(app.stream(opened.id))[0]
    return {
        "home": "/",
        "everybody": "/?scope=all",
        "found": "/?q=ABC",
        "nothing-found": "/?q=nothing",
        "all": "/?state=all&scope=all",
        "open": f"/appointments/{opened.id}",
        "done": f"/appointments/{opened.id}?done=words",
        "withdraw": f"/appointments/{opened.id}/candidates/c1/withdraw",
        "withdrawn": f"/appointments/{thinned.id}?done=withdraw",
        "new-link": f"/appointments/{opened.id}?done=link",
        "called-off": f"/appointments/{called_off.id}",
        "searching": f"/appointments/{opened.id}?who=sato",
        "confirmed": f"/appointments/{confirmed.id}",
        "cancelled": f"/appointments/{cancelled.id}",
        "more": f"/appointments/{opened.id}/candidates",
        "week": f"/members/{office.tanaka}/week?week=2026-11-25",
        "free-week": f"/members/{office.tanaka}/week?week=2026-11-16",
        "settings": "/settings",
        "outbox": "/outbox",
        "mail": f"/appointments/{opened.id}/mails/{_short(mail.key)}",
        "mail-text": f"/appointments/{opened.id}/mails/{_short(mail.key)}?part=text",
        "missing": "/appointments/appointment-nothing",
        "nowhere": "/nowhere",
        "forbidden": "/outbox",
    }


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:20]


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pages(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    addresses = furnish(live)
    boss, tanaka = (signed_in(new_context(**GUISES[guise]), live, m) for m in (live.boss, live.office.tanaka))
    for name, path in addresses.items():
        page = tanaka if name in ("home", "settings", "forbidden") else boss
        page.goto(live.url + path)
        for details in page.locator("details.fold, details.account").all():
            details.evaluate("each => each.open = true")
        look(page, f"staff-{name}-{guise}", axe, shoot)


def test_signing_in(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    page = new_context(**GUISES[guise]).new_page()
    page.goto(f"{live.url}/sign-in")
    look(page, f"staff-sign-in-{guise}", axe, shoot)
    page.locator("main form button").click()
    look(page, f"staff-sign-in-blank-{guise}", axe, shoot)
    page.locator("#email").fill("tanaka@example.com")
    page.locator("main form button").click()
    look(page, f"staff-sign-in-sent-{guise}", axe, shoot)
    page.goto(live.services.mail_sign_in_link(live.office.tanaka, NOW))
    look(page, f"staff-sign-in-link-{guise}", axe, shoot)
    page.goto(f"{live.url}/sign-in/stale")
    look(page, f"staff-sign-in-stale-{guise}", axe, shoot)


def test_proposing(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    """The form when it is empty, when it is wrong, when a calendar is unknown; both halves of the review."""
    page = signed_in(new_context(**GUISES[guise]), live, live.office.tanaka)
    look(page, f"staff-empty-home-{guise}", axe, shoot)
    app = live.services.coordination
    app.link_account(live.office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    live.propose(attendees=(live.office.tanaka,), offers=(offer(25, 5),))
    page.goto(f"{live.url}/appointments/new")
    page.locator("button.add", has_text="鈴木").click()
    day = "Wed, Nov 25," if guise.startswith("english") else "11月25日(水)"
    cell(page, day, "10:00").click()
    cell(page, day, "14:00").click()
    page.locator("details.more, details.typed").evaluate_all("all => all.forEach(each => each.open = true)")
    page.locator("#title").fill("x" * 252)
    page.locator("[value=review]").click()
    page.wait_for_url("**#problems")
    look(page, f"staff-new-wrong-{guise}", axe, shoot)
    page.locator("#title").fill("")
    page.locator("#email").fill("yamada@example.net")
    page.locator("#company").fill("ABC株式会社")
    page.locator("details.more").evaluate("each => each.open = true")
    page.locator("#message").fill("よろしくお願いいたします。")
    page.locator("[name=platform][value=none]").check()
    page.locator(".copying summary").click()
    look(page, f"staff-new-{guise}", axe, shoot)
    page.locator(".copying summary").click()
    page.locator("[value=review]").click()
    page.wait_for_url("**/review")
    look(page, f"staff-review-{guise}", axe, shoot)
    page.locator(".tabs a").last.click()
    look(page, f"staff-review-text-{guise}", axe, shoot)


def look(page: Page, name: str, axe: Axed, shoot: Shoot) -> None:
    page.wait_for_load_state()  # a press may still be leading away
    shoot(page, name)
    axe(page)
    assert page.evaluate(OVERFLOW) <= 0, f"{name} is wider than the screen"
