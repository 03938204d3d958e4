"""The part of the settings that gives a calendar app its address: copied, replaced, revoked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.web.live import Live


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(live: Live, new_context: NewContext) -> Page:
    context = new_context(permissions=["clipboard-read", "clipboard-write"])
    page = signed_in(context, live, live.office.tanaka)
    page.goto(f"{live.url}/settings")
    return page


def test_its_states(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    page = signed_in(new_context(**GUISES[guise]), live, live.office.tanaka)
    page.goto(f"{live.url}/settings")
    look(page, f"feed-none-{guise}", axe, shoot)
    page.locator("#feed form button").click()
    page.wait_for_url("**/settings?feed=issued*")
    page.locator("#feed summary").click()
    look(page, f"feed-issued-{guise}", axe, shoot)
    page.locator("#feed button[formaction]").click()
    page.wait_for_url("**/settings?feed=revoked*")
    look(page, f"feed-revoked-{guise}", axe, shoot)


def test_what_is_copied_is_what_an_app_can_read(settings: Page) -> None:
    settings.get_by_role("button", name="購読用URLを発行する").click()
    settings.locator("#feed [data-copy]").click()
    expect(settings.locator("#feed [data-copy]")).to_have_text("コピーしました")
    copied = settings.evaluate("navigator.clipboard.readText()")
    answer = settings.request.get(copied)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")


def test_a_replaced_address_works_no_longer(settings: Page) -> None:
    settings.get_by_role("button", name="購読用URLを発行する").click()
    first = settings.locator("#feed-url").input_value()
    settings.get_by_text("URLを作り直す・無効にする").click()
    settings.get_by_role("button", name="URLを作り直す", exact=True).click()
    expect(settings.locator("#feed-url")).not_to_have_value(first)
    assert settings.request.get(first).status == 410
    assert settings.request.get(settings.locator("#feed-url").input_value()).status == 200
