"""What the staff's pages do in a browser that they can't show without one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from tests.browser.conftest import Axed, NewContext
from tests.browser.staff import signed_in
from tests.product import BY, NOW, offer
from tests.projections.post import Post, send_due
from tests.web.desk import slot
from tests.web.live import Live

FINGER_PX = 44
LINK_ONLY: dict[str, Any] = {"delivery": Delivery.LINK, "guest": Guest(name="山田太郎")}


@pytest.fixture
def narrow(new_context: NewContext) -> BrowserContext:
    return new_context(viewport={"width": 390, "height": 844}, has_touch=True)


def test_a_page_shows_by_itself_that_everything_is_in_place(
    live: Live, new_context: NewContext, axe: Axed
) -> None:
    made = live.office.propose(**LINK_ONLY)
    page = signed_in(new_context(viewport={"width": 1280, "height": 500}), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}?done=sent")
    expect(page.get_by_role("status")).to_contain_text("反映しています。")
    expect(page.get_by_text("仮予定: 4件中0件を登録済み")).to_be_visible()
    axe(page)
    page.get_by_role("textbox", name="お客様用リンク").focus()
    top = page.evaluate("scrollY")
    assert top > 0
    live.read()
    expect(page.get_by_role("status")).to_contain_text("すべて反映済みです。", timeout=15_000)
    expect(page.get_by_text("仮予定: 4件中4件を登録済み")).to_have_count(1)
    expect(page.get_by_text("予定 4件中 4件を確認")).to_have_count(1)
    expect(page.get_by_role("textbox", name="お客様用リンク")).to_be_focused()
    assert page.evaluate("scrollY") == top
    axe(page)


def test_a_part_that_is_being_used_is_left_alone(live: Live, new_context: NewContext) -> None:
    made = live.office.propose(**LINK_ONLY)
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}")
    refresh = page.locator("[data-live=calendars]").get_by_role("link", name="更新")
    refresh.focus()
    live.read()
    expect(page.locator("[data-watch]")).to_have_attribute("data-state", "done", timeout=15_000)
    expect(refresh).to_be_focused()


def test_the_way_in_can_be_copied_as_soon_as_it_is_there(live: Live, new_context: NewContext) -> None:
    """The page looks at itself again and shows the meeting, with what it needs to be used."""
    made = live.propose(platform=Platform.ZOOM)
    app, office = live.services.coordination, live.office
    app.confirm(made.id, "c1", made.guest, BY, NOW)
    page = signed_in(new_context(), live, office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}?done=meeting")
    meeting = Meeting("https://zoom.example/j/81700860989", "81700860989", "123456")
    app.issue_meeting(made.id, meeting, office.zoom[office.tanaka], BY, NOW)
    copy = page.get_by_role("button", name="コピー 参加URL")
    copy.click(timeout=15_000)
    expect(page.locator("[data-copy=join-url]")).to_have_text("コピーしました")


def test_a_mail_that_waits_is_seen_to_leave(live: Live, new_context: NewContext) -> None:
    made = live.propose()
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}")
    page.get_by_role("link", name="お客様", exact=True).first.click()
    expect(page.get_by_role("status")).to_contain_text("送信待ち")
    send_due(live.services, Post(), NOW + timedelta(minutes=1))
    expect(page.get_by_role("status")).to_contain_text("送信済み", timeout=15_000)
    expect(page.get_by_role("link", name="再送する")).to_be_visible()


@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
def test_the_menu_is_whole_on_a_phone(live: Live, new_context: NewContext, locale: str) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale=locale)
    page = signed_in(context, live, live.boss)
    page.locator("header summary").tap()
    targets = page.locator("header a:not(.brand), header summary, header button").all()
    assert len(targets) == 8, "four pages, a new one, the account, its language and its way out"
    for target in targets:
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= FINGER_PX
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_enter_in_a_field_keeps_what_was_picked(live: Live, new_context: NewContext) -> None:
    """The form's first button lies in the account menu, which is closed."""
    made = live.propose(offers=(offer(25, 1),))
    page = signed_in(new_context(java_script_enabled=False), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}/candidates")
    page.locator("details.typed summary").click()
    page.locator("#day").press("Enter")
    expect(page).to_have_url(re.compile("/candidates#grid$"))
    assert live.appointment(made.id).version == 1


def test_a_candidate_is_withdrawn_with_a_finger_after_a_second_look(
    live: Live, narrow: BrowserContext
) -> None:
    made = live.propose()
    page = signed_in(narrow, live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}")
    page.get_by_role("link", name="取り下げる: 11月25日(水) 10:00〜11:00").tap()
    page.get_by_role("button", name="この候補を取り下げる").tap()
    expect(page.get_by_role("heading", name="日時候補を取り下げました。")).to_be_visible()
    page.get_by_role("link", name="もう一度候補に加える").tap()
    page.wait_for_url("**/candidates?again=c1")
    assert slot(25, 10) in page.locator("[name=candidate]").evaluate_all("all => all.map(each => each.value)")
