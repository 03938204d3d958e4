"""Proposing an appointment in a real browser: by mouse, by touch, by keyboard alone, without any script."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewContext, Shoot
from tests.browser.staff import cell, drag, draw, fill_guest, finger, middle, picked, signed_in, touch
from tests.product import BY, NOW, at
from tests.web.live import Live

WEDNESDAY, THURSDAY = "11月25日(水)", "11月26日(木)"


def made(live: Live, page: Page) -> list[tuple[object, object]]:
    """The open candidates of the appointment that the page shows."""
    appointment = live.appointment(page.url.partition("?")[0].rpartition("/")[2])
    return [(c.start, c.end) for c in appointment.open_candidates]


def test_by_mouse_from_the_mailed_link_to_the_sent_proposal(
    live: Live, new_context: NewContext, shoot: Shoot
) -> None:
    page = new_context().new_page()
    page.goto(live.services.mail_sign_in_link(live.office.tanaka, live.clock.now))
    page.get_by_role("button", name="サインインする").click()
    page.get_by_role("link", name="新しい日程調整").click()
    page.get_by_role("button", name="鈴木 花子").click()
    drag(page, middle(cell(page, WEDNESDAY, "10:00")), middle(cell(page, WEDNESDAY, "11:00")))
    assert picked(page) == ["11月25日(水) 10:00〜11:30"]
    cell(page, THURSDAY, "13:00").click()
    assert picked(page)[1] == "11月26日(木) 13:00〜14:00", "a click adds the usual length"
    grip = page.locator(".block .grip").first
    drag(page, middle(grip), middle(cell(page, WEDNESDAY, "12:30")))
    assert picked(page)[0] == "11月25日(水) 10:00〜13:00"
    body = page.locator(".block .body").first
    drag(page, middle(body), (middle(body)[0], middle(body)[1] + 56))
    assert picked(page)[0] == "11月25日(水) 11:00〜14:00"
    shoot(page, "staff-new")
    expect(page.locator(".count")).to_have_text("候補 2件")
    fill_guest(page)
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.get_by_text("合わせて、2個のカレンダーに4件の仮予定が入ります。")).to_be_visible()
    expect(page.frame_locator(".mail-frame").get_by_text("日程を選ぶ")).to_be_visible()
    shoot(page, "staff-review")
    page.get_by_role("button", name="日時候補をお客様に送る").click()
    expect(page.get_by_role("heading", name="ABC株式会社:山田太郎 様")).to_be_visible()
    assert made(live, page) == [(at(25, 2), at(25, 5)), (at(26, 4), at(26, 5))]
    shoot(page, "staff-appointment")


def test_the_mouse_takes_candidates_away_and_never_lays_one_over_another(
    live: Live, new_context: NewContext
) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    cell(page, WEDNESDAY, "10:00").click()
    cell(page, WEDNESDAY, "15:00").click()
    drag(page, middle(cell(page, WEDNESDAY, "09:00")), middle(cell(page, WEDNESDAY, "10:30")))
    assert len(picked(page)) == 2
    expect(page.locator(".announce")).to_have_text("ほかの候補と重なるため、追加できません。")
    page.locator(".block .drop").first.click()
    assert picked(page) == ["11月25日(水) 15:00〜16:00"]
    page.get_by_role("button", name="外す: 11月25日(水) 15:00〜16:00").last.click()
    assert picked(page) == []
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_by_touch(live: Live, phone: BrowserContext, shoot: Shoot) -> None:
    page = signed_in(phone, live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    page.locator("#grid").evaluate("grid => grid.scrollIntoView()")
    draw(page, middle(cell(page, WEDNESDAY, "10:00")), middle(cell(page, WEDNESDAY, "11:00")))
    assert picked(page) == ["11月25日(水) 10:00〜11:30"]
    draw(page, middle(page.locator(".block .grip")), middle(cell(page, WEDNESDAY, "12:00")), wait_ms=0)
    assert picked(page) == ["11月25日(水) 10:00〜12:30"]
    with finger(page) as session:
        touch(session, "touchStart", *middle(cell(page, "11月24日(火)", "14:00")))
        touch(session, "touchEnd")
    expect(page.locator(".picked")).to_have_count(2)
    shoot(page, "staff-new-phone")
    fill_guest(page)
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    page.get_by_role("button", name="日時候補をお客様に送る").click()
    expect(page.get_by_text("お客様の回答を待っています。")).to_be_visible()
    assert made(live, page) == [(at(24, 5), at(24, 6)), (at(25, 1), at(25, 3, 30))]


def test_a_finger_that_moves_at_once_scrolls(live: Live, phone: BrowserContext) -> None:
    page = signed_in(phone, live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    page.locator("#grid").evaluate("grid => grid.scrollIntoView()")
    sheet = page.locator(".sheet")
    before = sheet.evaluate("sheet => sheet.scrollTop")
    x, y = middle(cell(page, WEDNESDAY, "15:00"))
    with finger(page) as session:
        touch(session, "touchStart", x, y)
        for n in range(1, 9):
            touch(session, "touchMove", x, y - 20 * n)
            page.wait_for_timeout(16)
        touch(session, "touchEnd")
    page.wait_for_timeout(400)
    assert picked(page) == []
    assert sheet.evaluate("sheet => sheet.scrollTop") > before


def test_by_keyboard_alone(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    keys = page.keyboard
    live.read()

    def tab_to(name: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            here = page.evaluate(
                "(document.activeElement.ariaLabel || document.activeElement.innerText || '').trim()"
            )
            if name in str(here):
                return
        raise AssertionError(f"{name} can't be reached by Tab")

    tab_to("新しい日程調整")
    keys.press("Enter")
    page.wait_for_url("**/appointments/new")
    tab_to("鈴木 花子")
    keys.press("Enter")
    page.wait_for_url("**#query")
    tab_to("11月23日(月) 09:00")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        keys.press(key)
    keys.press("Shift+ArrowDown")
    keys.press("Shift+ArrowDown")
    keys.press("Enter")
    assert picked(page) == ["11月25日(水) 10:00〜11:30"]
    keys.press("End")
    keys.press("PageDown")
    keys.press(" ")
    assert picked(page)[1] == "11月29日(日) 15:00〜16:00"
    tab_to("候補 11月25日(水) 10:00〜11:30")
    keys.press("Shift+ArrowDown")
    assert picked(page)[0] == "11月25日(水) 10:00〜12:00"
    keys.press("Shift+ArrowUp")
    keys.press("Shift+ArrowUp")
    assert picked(page)[0] == "11月25日(水) 10:00〜11:00"
    keys.press("Tab")
    keys.press("Delete")
    assert picked(page) == ["11月25日(水) 10:00〜11:00"]
    for label, text in (("お客様のお名前", "山田太郎"), ("お客様のメールアドレス", "yamada@example.net")):
        while page.evaluate("document.activeElement.labels?.[0]?.firstChild.data ?? ''") != label:
            keys.press("Tab")
        keys.type(text)
    while not page.evaluate("document.activeElement.matches('[name=platform]')"):
        keys.press("Tab")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    tab_to("内容を確認する")
    keys.press("Enter")
    page.wait_for_url("**/review")
    tab_to("日時候補をお客様に送る")
    keys.press("Enter")
    page.wait_for_url("**/appointments/appointment-*")
    assert made(live, page) == [(at(25, 1), at(25, 2))]


def test_escape_leaves_a_selection_and_enter_on_a_candidate_leads_to_its_block(
    live: Live, new_context: NewContext
) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    cell(page, "11月23日(月)", "09:00").focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".sel")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".sel")).to_have_count(0)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".block .body")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    assert picked(page) == []


def test_enter_in_a_field_keeps_everything_and_presses_no_other_button(
    live: Live, new_context: NewContext
) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    live.read()
    page.goto(f"{live.url}/appointments/new")
    cell(page, WEDNESDAY, "10:00").click()
    page.get_by_label("担当者を追加").fill("さとう")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="佐藤 健")).to_be_visible()
    expect(page.get_by_role("button", name="鈴木 花子")).to_have_count(0)
    assert picked(page) == ["11月25日(水) 10:00〜11:00"]
    assert page.locator("html").get_attribute("lang") == "ja"


def test_without_a_script(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(java_script_enabled=False), live, live.office.tanaka)
    page.get_by_role("link", name="新しい日程調整").click()
    page.get_by_text("日付と時刻から追加する", exact=True).click()
    typed = page.locator("details", has_text="日付と時刻から追加する")
    typed.get_by_label("日付").fill("2026-11-25")
    typed.get_by_label("開始").select_option("10:00")
    typed.get_by_label("終了", exact=True).select_option("11:00")
    page.get_by_role("button", name="候補に追加").click()
    assert picked(page) == ["11月25日(水) 10:00〜11:00"]
    fill_guest(page)
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    page.get_by_role("button", name="日時候補をお客様に送る").click()
    assert made(live, page) == [(at(25, 1), at(25, 2))]


def test_a_moved_time_keeps_its_length_until_its_end_is_changed(live: Live, new_context: NewContext) -> None:
    page, made = signed_in(new_context(), live, live.office.tanaka), live.propose()
    live.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    page.goto(f"{live.url}/appointments/{made.id}/move")
    begin, finish = page.get_by_label("開始"), page.get_by_label("終了")
    begin.select_option("15:00")
    expect(finish).to_have_value("16:00")
    finish.select_option("16:30")
    begin.select_option("09:30")
    expect(finish).to_have_value("11:00")
    begin.select_option("23:30")
    expect(finish).to_have_value("24:00")


def test_a_kind_without_a_url_turns_it_off_and_back_on(live: Live, new_context: NewContext) -> None:
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/new")
    chosen = page.locator("[name=platform]:checked")
    expect(chosen).to_have_value("zoom")
    page.get_by_role("radio", name="来訪").check()
    expect(chosen).to_have_value("none")
    expect(page.get_by_text("固定URL", exact=True)).to_be_hidden()
    expect(page.get_by_label("場所")).to_be_visible()
    page.get_by_role("radio", name="Web会議").check()
    expect(chosen).to_have_value("zoom")


def test_the_list_is_walked_by_keys(live: Live, new_context: NewContext) -> None:
    first, second = live.propose(), live.propose()
    page = signed_in(new_context(), live, live.office.tanaka)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/appointments/*")
    assert page.url.rpartition("/")[2] in (first.id, second.id)
    page.goto(live.url)
    page.keyboard.press("/")
    page.keyboard.type("山田")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="「山田」の検索結果")).to_be_visible()


def test_link_and_candidates_are_copied(live: Live, new_context: NewContext) -> None:
    appointment = live.propose()
    context = new_context(permissions=["clipboard-read", "clipboard-write"])
    page = signed_in(context, live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{appointment.id}")
    page.get_by_role("button", name="コピー").last.click()
    expect(page.get_by_role("button", name="コピーしました")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == live.services.guest_url(appointment)
    page.get_by_text("候補をコピー").click()
    page.get_by_role("button", name="コピー", exact=True).first.click()
    expect(page.get_by_role("button", name="コピーしました").first).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == "11月25日(水) 10:00〜11:00\n11月26日(木) 11:00〜12:00"
