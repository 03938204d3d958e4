"""Registering a fixed time in a real browser: the week and the fields follow each other; how it all looks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Offer
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import cell, drag, fill_guest, middle, picked, signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.product import BY, NOW, at, offer
from tests.web.live import Live

WEDNESDAY, THURSDAY = "11月25日(水)", "11月26日(木)"
BLOCKS = ".block .body"


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def begin(page: Page, live: Live) -> None:
    page.goto(f"{live.url}/appointments/new")
    page.get_by_role("radio", name="日時を決めて登録する").check()


def typed(page: Page) -> tuple[str, str, str, str]:
    on, begin, end, last = (page.locator(f"#{field}").input_value() for field in ("on", "from", "to", "last"))
    return on, begin, end, last


def test_what_is_drawn_on_the_week_is_typed_and_what_is_typed_is_drawn(
    live: Live, new_context: NewContext
) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    begin(page, live)
    drag(page, middle(cell(page, WEDNESDAY, "10:00")), middle(cell(page, WEDNESDAY, "11:00")))
    assert typed(page) == ("2026-11-25", "10:00", "11:30", "")
    cell(page, THURSDAY, "14:00").click()
    assert typed(page) == ("2026-11-26", "14:00", "15:00", ""), "another one takes its place"
    expect(page.locator(BLOCKS)).to_have_count(1)
    page.locator("#from").select_option("09:00")
    expect(page.locator(BLOCKS).first).to_have_attribute("data-start", "2026-11-26T09:00+09:00")
    page.get_by_role("checkbox", name="終日").check()
    expect(page.locator("#from")).to_be_hidden()
    expect(page.locator(BLOCKS).first).to_have_attribute("data-start", "2026-11-26T00:00+09:00")
    page.locator(".block .drop").first.click()
    assert typed(page)[0] == ""


def test_the_week_follows_the_date_that_is_typed(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    begin(page, live)
    page.locator("#on").fill("2026-12-09")
    page.locator("#on").press("Tab")
    expect(page.locator(".paging strong")).to_have_text("12月7日(月)〜12月13日(日)")
    expect(page.locator(BLOCKS).first).to_have_attribute("data-start", "2026-12-09T10:00+09:00")
    assert typed(page) == ("2026-12-09", "10:00", "11:00", "")
    page.get_by_role("button", name="次の週").click()
    expect(page.locator(".paging strong")).to_have_text("12月14日(月)〜12月20日(日)")
    expect(page.locator(BLOCKS)).to_have_count(0)
    assert typed(page)[0] == "2026-12-09", "looking at another week changes nothing"


def test_candidates_are_kept_aside(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    cell(page, WEDNESDAY, "10:00").click()
    cell(page, THURSDAY, "10:00").click()
    page.get_by_role("radio", name="日時を決めて登録する").check()
    assert typed(page) == ("2026-11-25", "10:00", "11:00", ""), "the first one is where one goes on"
    cell(page, THURSDAY, "15:00").click()
    page.get_by_role("radio", name="候補を出して選んでもらう").check()
    assert picked(page) == ["11月25日(水) 10:00〜11:00", "11月26日(木) 10:00〜11:00"]


def test_a_series_from_the_week_to_the_called_off_date(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    begin(page, live)
    cell(page, WEDNESDAY, "10:00").click()
    page.get_by_role("radio", name="毎週").check()
    fill_guest(page)
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.get_by_text("12月16日(水) 10:00〜11:00").first).to_be_visible()
    page.get_by_role("button", name="この日時で登録する").click()
    expect(page.get_by_text("登録しました。日時は確定しています。")).to_be_visible()
    made = live.appointment(page.url.partition("?")[0].rpartition("/")[2])
    assert len(made.occurrences) == 4
    page.get_by_role("link", name="この回をキャンセルする: 12月2日(水) 10:00〜11:00").click()
    page.get_by_role("button", name="この回をキャンセルする").click()
    expect(page.get_by_text("この回をキャンセルしました。")).to_be_visible()
    assert [c.id for c in live.appointment(made.id).occurrences] == ["c1", "c3", "c4"]


def test_without_a_script(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(java_script_enabled=False), live, live.office.tanaka)
    begin(page, live)
    expect(page.locator("#deadline")).to_be_hidden()
    page.locator("#on").fill("2026-12-09")
    page.get_by_role("button", name="この日の週を見る").click()
    expect(page.locator(".paging strong")).to_have_text("12月7日(月)〜12月13日(日)")
    page.locator("#on").fill("2026-11-25")
    page.locator("#last").fill("2026-11-27")
    page.get_by_role("checkbox", name="終日").check()
    page.locator("#name").fill("山田太郎")
    page.locator("#email").fill("yamada@example.net")
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.get_by_text("11月25日(水)〜11月27日(金)").first).to_be_visible()
    page.get_by_role("button", name="この日時で登録する").click()
    made = live.appointment(page.url.partition("?")[0].rpartition("/")[2])
    assert [(c.start, c.end, c.all_day) for c in made.occurrences] == [(at(24, 15), at(27, 15), True)]


def test_pages(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    page = signed_in(new_context(**GUISES[guise]), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new?way=direct")
    look(page, f"direct-empty-{guise}", axe, shoot)
    page.locator("[name=repeat][value=monthly]").check()
    page.locator("#times").fill("99")
    page.locator("[value=review]").click()
    page.wait_for_url("**#problems")
    look(page, f"direct-wrong-{guise}", axe, shoot)
    page.locator("#on").fill("2026-11-25")
    page.locator("#times").fill("3")
    page.locator("#name").fill("山田太郎")
    page.locator("#email").fill("yamada@example.net")
    page.locator("[name=platform][value=none]").check()
    page.locator("[value=review]").click()
    page.wait_for_url("**/review")
    look(page, f"direct-review-{guise}", axe, shoot)
    for name, path in furnish(live).items():
        page.goto(live.url + path)
        look(page, f"direct-{name}-{guise}", axe, shoot)


def furnish(live: Live) -> dict[str, str]:
    """A series with a date called off, another that is asked about, and days."""
    app, office = live.services.coordination, live.office
    fixed: dict[str, Any] = {"direct": True, "platform": Platform.NONE}
    weekly = Recurrence(Frequency.WEEKLY, 5)
    series = live.propose(**fixed, offers=(offer(26, 1),), recurrence=weekly)
    app.cancel_occurrence(series.id, "c2", "休業日", BY, NOW)
    asked = live.propose(**fixed, offers=(offer(27, 1),), recurrence=weekly)
    app.note_deviation(asked.id, office.tanaka, "c3", None, NOW)
    app.follow_deviation(asked.id, office.tanaka, "c3", None, NOW)
    days = live.propose(**fixed, offers=(Offer(at(27, 15), at(30, 15), None, all_day=True),))
    live.read()
    return {
        "series": f"/appointments/{series.id}",
        "call-off": f"/appointments/{series.id}/occurrences/c3/cancel",
        "question": f"/appointments/{asked.id}",
        "days": f"/appointments/{days.id}",
        "week": f"/members/{office.tanaka}/week?week=2026-11-25",
        "home": "/",
        "guest-series": urlsplit(live.services.guest_url(series)).path,
        "guest-days": urlsplit(live.services.guest_url(days)).path,
    }
