"""Calendars linked in a real browser, at the vendors' own pages: one's own, and a room's."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.product import offer
from tests.radicale import CalDavServer, radicale_server
from tests.web.outside import LiveAbroad

__all__ = ["radicale_server"]
TANAKA, BOSS = "tanaka@example.com", "boss@example.com"
WORK = "c_work@group.calendar.google.com"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def agree(page: Page, email: str) -> None:
    """On the vendor's page, as that person."""
    page.locator(f"button[value='{email}']").click()


def card(page: Page, words: str) -> None:
    """The calendar's card says so."""
    expect(page.locator(".calendar-card").first).to_contain_text(words)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_member_links_google_loses_it_heals_it_and_leaves(
    live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot, scripts: bool
) -> None:
    live = live_abroad
    live.sandbox.add_calendar(TANAKA, "仕事", id=WORK)
    page = signed_in(new_context(java_script_enabled=scripts), live, live.office.tanaka)

    def look() -> None:
        if scripts:
            axe(page)

    page.get_by_role("link", name="設定").click()
    page.get_by_role("button", name="Googleと連携する").click()
    agree(page, TANAKA)
    expect(page.get_by_role("heading", level=1)).to_have_text("Google カレンダーと連携しました")
    assert "code=" not in page.url
    look()
    page.get_by_label("仕事").first.check()
    page.get_by_role("button", name="保存する").click()
    card(page, "正常です")
    card(page, "仕事")
    look()
    live.propose()
    assert live.entries(WORK) == ["tentative"] * 2

    live.sandbox.revoke("google", TANAKA)
    live.propose(offers=(offer(27, 1),))
    page.reload()
    card(page, "連携が切れています")
    look()
    page.get_by_role("button", name="もう一度連携する").click()
    agree(page, TANAKA)
    expect(page.get_by_role("status")).to_contain_text("もう一度連携しました。")
    card(page, "正常です")
    live.read()
    assert live.entries(WORK) == ["tentative"] * 3

    page.locator("#calendar").get_by_role("link", name="連携を解除する").click()
    look()
    page.get_by_text("すべて消す").click()
    page.get_by_role("button", name="連携を解除する").click()
    expect(page.get_by_text("Google カレンダーから予定を片付けています。")).to_be_visible()
    expect(page.get_by_text("残り3件")).to_be_visible()
    shoot(page, f"linking-unlinked-{'script' if scripts else 'plain'}")
    live.read()
    if not scripts:
        page.reload()
    expect(page.get_by_text("片付けています")).to_have_count(0, timeout=15_000)
    assert live.entries(WORK) == []
    card(page, "内蔵カレンダー")


def test_who_says_no_may_try_again_by_phone(
    live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot
) -> None:
    page = signed_in(new_context(**PHONE), live_abroad, live_abroad.office.suzuki)
    page.goto(f"{live_abroad.url}/settings")
    page.get_by_role("button", name="Microsoftと連携する").tap()
    page.locator("form button").last.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("連携は許可されませんでした")
    axe(page)
    shoot(page, "linking-declined-phone")
    page.get_by_role("button", name="もう一度試す").tap()
    agree(page, "suzuki@example.com")
    expect(page.get_by_role("heading", level=1)).to_have_text("Outlookと連携しました")
    page.get_by_role("button", name="保存する").tap()
    card(page, "正常です")
    live_abroad.propose()
    assert live_abroad.entries("suzuki@example.com") == ["tentative"] * 2


def test_a_caldav_calendar_is_linked_after_a_wrong_password(
    live_abroad: LiveAbroad,
    radicale_server: CalDavServer,
    new_context: NewContext,
    axe: Axed,
    shoot: Shoot,
) -> None:
    place = radicale_server.add_person("sato@example.com", "app-password")
    radicale_server.add_calendar(f"{place}work/", "仕事", "sato@example.com", "app-password")
    page = signed_in(new_context(), live_abroad, live_abroad.office.sato)
    page.goto(f"{live_abroad.url}/settings")
    page.get_by_role("link", name="CalDAVと連携する").click()
    page.get_by_label("サーバーのアドレス").fill(radicale_server.url)
    page.get_by_label("ユーザー名").fill("sato@example.com")
    page.get_by_label("アプリ用パスワード").fill("wrong")
    page.get_by_role("button", name="連携する", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("ユーザー名かパスワードが違います。")
    expect(page.get_by_label("サーバーのアドレス")).to_have_value(radicale_server.url)
    axe(page)
    shoot(page, "linking-caldav-wrong")
    page.get_by_label("アプリ用パスワード").fill("app-password")
    page.get_by_role("button", name="連携する", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CalDAVと連携しました")
    page.get_by_role("button", name="保存する").click()
    card(page, "正常です")


def test_an_administrator_gives_a_new_room_its_calendar(
    live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot
) -> None:
    live = live_abroad
    resource = live.sandbox.add_room("応接室", "google", [BOSS])
    page = signed_in(new_context(), live, live.boss)
    page.get_by_role("link", name="設定").click()
    page.get_by_role("link", name="会議室一覧").click()
    page.get_by_label("名前").fill("応接室")
    page.get_by_label("席数").fill("4")
    page.get_by_role("button", name="追加する").click()
    expect(page.get_by_role("status")).to_contain_text("会議室を追加しました。")
    axe(page)
    page.get_by_role("button", name="Googleと連携する").click()
    agree(page, BOSS)
    expect(page.get_by_label("応接室").first).to_be_checked()
    axe(page)
    shoot(page, "rooms-chosen")
    page.get_by_role("button", name="保存する").click()
    card(page, "正常です")
    found = re.search(r"/rooms/(room-\w+)", page.url)
    assert found
    live.propose(offers=(offer(25, 1, room=found[1]),))
    assert live.entries(resource.id) == ["tentative"]
    page.get_by_role("link", name="会議室一覧").first.click()
    expect(page.locator(".rooms")).to_contain_text("正常")
