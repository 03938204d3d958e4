"""The pages in a real Chromium: nothing for axe to find, nothing too wide, nothing on the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright

from tests.browser import chromium
from tests.sandbox.clients import AUTH
from tests.sandbox.test_pages import NOW, Demo

pytestmark = pytest.mark.browser
VIEWS = {"desktop, light": ((1280, 900), "light"), "phone, dark": ((390, 844), "dark")}


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    made = Demo()
    made.sandbox.add_room("会議室A", "google", ["tanaka@example.com"])
    made.sandbox.add_room("会議室B", "microsoft", ["suzuki@example.com"], "room-b@example.com")
    made.sandbox.add_calendar("tanaka@example.com", "営業部の出張", "writer")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def driven(request: pytest.FixtureRequest) -> Iterator[Browser]:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(chromium.NODE)
    found, playwright = chromium.find(), request.getfixturevalue("playwright")
    assert isinstance(playwright, Playwright)
    browser = playwright.chromium.launch(
        executable_path=str(found.executable),
        args=list(chromium.ARGUMENTS),
        env={**os.environ, **found.environment},
    )
    yield browser
    browser.close()


@pytest.fixture
def tab(request: pytest.FixtureRequest, driven: Browser, demo: Demo) -> Iterator[Page]:
    """Fails the test when the page complains: a breach of its own policy is a complaint."""
    (width, height), scheme = VIEWS[getattr(request, "param", "desktop, light")]
    context = driven.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="ja-JP",
        base_url=demo.sandbox.url,
    )
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda problem: complaints.append(str(problem.error)))
    yield context.new_page()
    context.close()
    assert complaints == []


@pytest.mark.parametrize("tab", VIEWS, indirect=True)
def test_every_page_is_clean_and_fits(tab: Page, demo: Demo) -> None:
    tab.goto("/")
    entry = tab.locator(".held a").first.get_attribute("href") or ""
    env = demo.sandbox.env
    consent = (
        f"{env['CHOUSEIAPO_GOOGLE_AUTH_URL']}?client_id={env['CHOUSEIAPO_GOOGLE_CLIENT_ID']}"
        f"&response_type=code&redirect_uri=http://127.0.0.1:9/&scope=openid {AUTH}calendar.events.owned"
    )
    start = demo.sandbox.world.meetings.start_url(demo.sandbox.world.meetings.by_id[demo.meeting["id"]], NOW)
    zoom = (
        f"{env['CHOUSEIAPO_ZOOM_OAUTH_ROOT']}/authorize?client_id={env['CHOUSEIAPO_ZOOM_CLIENT_ID']}"
        "&response_type=code&redirect_uri=http://127.0.0.1:9/"
    )
    for path in ("/", "/inbox/1", "/inbox/1?view=raw", entry, consent, "/zoom", start, zoom):
        tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        # A mail stands in a frame without an origin, which axe cannot talk to; some releases complain of it.
        found = Axe().run(tab, options={"iframes": False})
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_a_link_of_a_mail_opens_beside_the_inbox(tab: Page, demo: Demo) -> None:
    demo.mail("link@example.net", "リンク", html=f'<a href="{demo.sandbox.url}/inbox">開く</a>')
    tab.goto("/inbox")
    tab.locator(".mails a").first.click()
    with tab.context.expect_page() as opened:
        tab.frame_locator("iframe").get_by_role("link", name="開く").click()
    opened.value.wait_for_load_state()
    assert opened.value.url == demo.sandbox.inbox
    assert opened.value.locator("h1").is_visible()


@pytest.mark.parametrize("tab", VIEWS, indirect=True)
def test_a_long_mail_is_shown_whole(tab: Page, demo: Demo) -> None:
    lines = [f"候補{n}: 11月25日(水) 10:00〜11:00 Web会議（Zoom）" for n in range(60)]
    demo.mail(
        "long@example.net", "長い", html="".join(f"<p>{line}</p>" for line in lines), text="\n".join(lines)
    )
    tab.goto("/inbox")
    tab.locator(".mails a").first.click()
    hidden = "document.documentElement.scrollHeight - innerHeight"
    tab.frame_locator("iframe").get_by_text("候補59").wait_for()
    assert tab.frames[-1].evaluate(hidden) <= 0


def test_the_morning_button_and_the_weeks_work_by_keyboard(tab: Page, demo: Demo) -> None:
    mornings = demo.mornings
    tab.goto("/")
    tab.get_by_role("button", name="次の朝7時にする").press("Enter")
    tab.get_by_text("11月25日(水) 10:20 に進めました。送ったリマインド: 2通").wait_for()
    assert demo.mornings == mornings + 1
    tab.get_by_role("link", name="次の週").press("Enter")
    tab.get_by_text("11月30日(月) – 12月6日(日)").wait_for()
    tab.get_by_role("link", name="今週").press("Enter")
    tab.get_by_text("11月23日(月) – 11月29日(日)").wait_for()


@pytest.mark.parametrize("tab", VIEWS, indirect=True)
def test_single_permissions_can_be_refused_by_keyboard(tab: Page, demo: Demo) -> None:
    env = demo.sandbox.env
    scopes = f"openid email {AUTH}calendar.events.owned {AUTH}calendar.events.freebusy"
    tab.goto(
        f"{env['CHOUSEIAPO_GOOGLE_AUTH_URL']}?client_id={env['CHOUSEIAPO_GOOGLE_CLIENT_ID']}"
        f"&response_type=code&redirect_uri={demo.sandbox.inbox}&scope={scopes}"
    )
    tab.get_by_role("checkbox", name="空き時間の表示").press("Space")
    assert tab.get_by_role("checkbox").count() == 2, "signing in cannot be refused alone"
    tab.get_by_role("button", name="佐藤").press("Enter")
    tab.wait_for_url("**/inbox?code=*")
    found = demo.sandbox.world.tokens.redeem("google", parse_qs(urlsplit(tab.url).query)["code"][0])
    assert found
    assert {each.rpartition("/")[2] for each in found.grant.scopes} == {
        "openid",
        "userinfo.email",
        "calendar.events.owned",
    }


@pytest.mark.parametrize("tab", VIEWS, indirect=True)
def test_an_administrator_approves_the_app_before_a_member_can_link_zoom(tab: Page, demo: Demo) -> None:
    env = demo.sandbox.env
    demo.sandbox.approve_zoom_app("needed")
    page = (
        f"{env['CHOUSEIAPO_ZOOM_OAUTH_ROOT']}/authorize?client_id={env['CHOUSEIAPO_ZOOM_CLIENT_ID']}"
        f"&response_type=code&redirect_uri={demo.sandbox.inbox}&state=s1"
    )
    tab.goto(page)
    tab.get_by_role("button", name="佐藤").press("Enter")
    tab.get_by_role("heading", name="アプリを承認できません").wait_for()
    assert Axe().run(tab).violations_count == 0
    tab.get_by_role("button", name="管理者に承認を依頼する").press("Enter")
    tab.get_by_text("管理者に承認を依頼しました").wait_for()
    tab.goto("/zoom")
    tab.get_by_role("button", name="承認する", exact=True).press("Enter")
    tab.get_by_text("管理者が承認しました。").wait_for()
    tab.goto(page)
    tab.get_by_role("button", name="佐藤").press("Enter")
    tab.wait_for_url("**/inbox?code=*")
    demo.sandbox.approve_zoom_app("free")


@pytest.mark.parametrize("tab", VIEWS, indirect=True)
def test_a_host_changes_a_meeting_in_zoom_by_keyboard(tab: Page, demo: Demo) -> None:
    tab.goto("/zoom")
    tab.get_by_text("Zoom で変更・削除").first.press("Enter")
    tab.get_by_label("パスコード").first.fill("keyed1")
    tab.get_by_role("button", name="変更する").first.press("Enter")
    tab.wait_for_url("**/zoom#m*")
    assert demo.sandbox.world.meetings.by_id[demo.meeting["id"]].password == "keyed1"
    assert Axe().run(tab).violations_count == 0
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
