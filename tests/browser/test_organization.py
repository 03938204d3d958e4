"""The organization's settings: their states in every guise, and the form by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.product import BY, NOW, YAMADA, offer
from tests.web.live import Live

PATH = "/settings/organization"


@pytest.mark.parametrize("guise", list(GUISES))
def test_its_states(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    made = live.propose(offers=(offer(25, 1),))
    live.services.coordination.confirm(made.id, "c1", YAMADA, BY, NOW)
    live.read()
    page = signed_in(new_context(**GUISES[guise]), live, live.boss)
    page.goto(live.url + PATH)
    look(page, f"organization-usual-{guise}", axe, shoot)
    for _ in range(2):
        page.locator("button[value=add]").click()
    look(page, f"organization-unsaved-{guise}", axe, shoot)
    page.locator("#amount-1").fill("0")
    page.locator("#at").fill("")
    page.locator("#reminders button.main").click()
    look(page, f"organization-refused-{guise}", axe, shoot)
    page.locator("#amount-1").fill("30")
    page.locator("#unit-1").select_option("minutes")
    page.locator("#at").fill("08:30")
    page.locator("#reminders button.main").click()
    look(page, f"organization-saved-{guise}", axe, shoot)
    page.goto(f"{live.url}/appointments/{made.id}")
    look(page, f"organization-appointment-{guise}", axe, shoot)


def test_enter_saves_and_removes_nothing(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.boss)
    page.goto(live.url + PATH)
    page.locator("button[value=add]").click()
    page.locator("#amount-0").fill("48")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("保存しました。")
    expect(page.locator("#reminders dd").first).to_have_text("開始の2日前、当日の07:00")
