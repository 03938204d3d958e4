"""Writing a proposal in a real browser: nothing typed is lost, the focus stays at work, refusals are seen."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import cell, drag, fill_guest, middle, picked, signed_in
from tests.product import BY, NOW, at, offer
from tests.web.live import Live

MONDAY, WEDNESDAY, THURSDAY = "11月23日(月)", "11月25日(水)", "11月26日(木)"


def writing(live: Live, context: BrowserContext) -> Page:
    page = signed_in(context, live, live.office.tanaka)
    live.read()
    page.goto(f"{live.url}/appointments/new")
    return page


def book(live: Live, *, day: int, hour: int) -> None:
    booked = live.propose(offers=(offer(day, hour),))
    live.services.coordination.confirm(booked.id, "c1", booked.guest, BY, NOW)
    live.read()


def size(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def test_what_is_typed_is_there_after_leaving_by_the_menu(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_label("会社名").fill("ABC株式会社")
    cell(page, WEDNESDAY, "10:00").click()
    page.get_by_label("件名").fill("ご提案")
    page.get_by_role("link", name="一覧").first.click()
    page.get_by_role("link", name="ご提案").click()
    expect(page.get_by_label("件名")).to_have_value("ご提案")
    assert picked(page) == ["11月25日(水) 10:00〜11:00"]
    page.get_by_label("電話番号").fill("03-1234-5678")
    page.get_by_role("link", name="わたしの週").click()
    page.wait_for_url("**/week")  # what is typed is on its way first
    page.go_back()
    expect(page.get_by_label("電話番号")).to_have_value("03-1234-5678")


def test_the_first_words_of_a_new_draft_are_found_by_going_back(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_label("会社名").fill("ABC株式会社")
    page.wait_for_url("**/appointments/new/*")
    page.get_by_role("link", name="設定").click()
    page.wait_for_url("**/settings")
    page.go_back()
    expect(page.get_by_label("会社名")).to_have_value("ABC株式会社")


def test_what_is_typed_after_the_session_ended_is_there_after_signing_in(
    live: Live, new_context: NewContext
) -> None:
    page = writing(live, new_context())
    live.clock.now += timedelta(days=15)
    fill_guest(page)
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.get_by_role("alert")).to_contain_text("入力した内容は残っています。")
    page.get_by_label("メールアドレス").fill("tanaka@example.com")
    page.get_by_role("button", name="リンクを送る").click()
    page.goto(live.services.mail_sign_in_link(live.office.tanaka, live.clock.now))
    page.get_by_role("button", name="サインインする").click()
    expect(page.get_by_label("お客様のお名前")).to_have_value("山田太郎")


def test_a_room_applies_as_soon_as_it_is_chosen(live: Live, new_context: NewContext) -> None:
    office = live.office
    live.propose(attendees=(office.sato,), organizer=office.sato, offers=(offer(26, 5, room=office.room),))
    page = writing(live, new_context())
    cell(page, WEDNESDAY, "10:00").click()
    expect(page.get_by_role("gridcell", name="11月26日(木) 14:00 空き")).to_be_attached()
    room = page.get_by_label("会議室", exact=True)
    room.focus()
    room.select_option("会議室A")
    expect(page.get_by_role("gridcell", name="11月26日(木) 14:00 会議室Aは仮予定あり")).to_be_attached()
    expect(room).to_be_focused()
    cell(page, THURSDAY, "14:00").click()
    expect(page.locator(".picked select")).to_have_count(2)
    for own in page.locator(".picked select").all():
        expect(own).to_have_value(office.room)
    expect(page.locator(".picked .clash").last).to_have_text("会議室Aの予定と重なっています")
    page.get_by_label("会議室 11月25日(水) 10:00〜11:00").select_option("会議室なし")
    fill_guest(page)
    page.get_by_role("radio", name="URLなし").check()
    page.get_by_role("button", name="内容を確認する").click()
    page.wait_for_url("**/review")
    rooms = [item.inner_text() for item in page.locator(".review-slots li").all()]
    assert ["会議室A" in each for each in rooms] == [False, True]


def test_the_focus_goes_on_where_one_works(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_role("button", name="鈴木 花子").click()
    page.wait_for_url("**#query")
    expect(page.get_by_label("担当者を追加")).to_be_focused()
    page.get_by_role("button", name="鈴木 花子さんを外す").click()
    page.wait_for_function("document.querySelectorAll('.attending li').length === 1")
    expect(page.get_by_label("担当者を追加")).to_be_focused()
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.locator("#problems")).to_be_focused()
    page.get_by_role("link", name="お客様のメールアドレス").click()
    expect(page.get_by_label("お客様のメールアドレス")).to_be_focused()


def test_enter_in_a_field_presses_no_button(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    cell(page, WEDNESDAY, "10:00").click()
    page.wait_for_url("**/appointments/new/*")
    page.evaluate("window.same = true")
    page.get_by_label("会社名").fill("ABC株式会社")
    for label in ("会社名", "お客様のメールアドレス", "件名"):
        page.get_by_label(label).press("Enter")
    assert page.evaluate("window.same"), "the page stands as it was"
    page.get_by_text("日付と時刻から追加する", exact=True).click()
    day = page.locator("#day")
    day.fill("2026-11-26")
    day.press("Enter")
    page.wait_for_url("**#day")
    assert picked(page) == ["11月25日(水) 10:00〜11:00", "11月26日(木) 10:00〜11:00"]
    expect(day).to_be_focused()


def test_without_a_script_enter_keeps_everything_and_a_draft_is_discarded(
    live: Live, new_context: NewContext
) -> None:
    page = writing(live, new_context(java_script_enabled=False))
    page.get_by_label("会社名").fill("ABC株式会社")
    page.get_by_label("会社名").press("Enter")
    page.wait_for_url("**/appointments/new/*")
    expect(page.get_by_label("会社名")).to_have_value("ABC株式会社")
    assert page.locator("html").get_attribute("lang") == "ja"
    page.get_by_label("担当者を追加").fill("さとう")
    page.get_by_label("担当者を追加").press("Enter")
    page.wait_for_url("**#query")
    expect(page.get_by_role("button", name="佐藤 健")).to_be_visible()
    page.get_by_text("下書きを破棄").click()
    page.get_by_role("button", name="破棄する").click()
    page.wait_for_url("**/?done=discarded")
    expect(page.get_by_text("下書きを破棄しました。")).to_be_visible()
    expect(page.get_by_text("書きかけ")).to_have_count(0)


def test_reserved_time_is_named_and_can_not_be_picked(
    live: Live, new_context: NewContext, axe: Axed, shoot: Shoot
) -> None:
    book(live, day=26, hour=5)
    page = writing(live, new_context())
    taken = cell(page, THURSDAY, "14:00")
    expect(taken).to_have_text("確定済み")
    taken.click()
    expect(page.locator(".announce")).to_have_text(
        "11月26日(木) 14:00〜15:00 は確定済みの予定があるため選べません。"
    )
    expect(page.locator(".announce")).to_be_in_viewport()
    assert picked(page) == []
    cell(page, THURSDAY, "10:00").click()
    drag(page, middle(page.locator(".block .body")), middle(taken))
    expect(page.locator(".announce")).to_have_text("この時間には移動できません。")
    assert picked(page) == ["11月26日(木) 10:00〜11:00"]
    page.locator(".block .body").focus()
    for _ in range(7):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".announce")).to_have_text("この長さには変更できません。")
    assert picked(page) == ["11月26日(木) 10:00〜14:00"]
    shoot(page, "staff-new-reserved")
    axe(page)


def test_short_candidates_can_be_read_and_taken_away(
    live: Live, new_context: NewContext, phone: BrowserContext
) -> None:
    for context, least in ((new_context(), 24), (phone, 44)):
        page = writing(live, context)
        page.get_by_label("長さ").select_option("30")
        cell(page, WEDNESDAY, "10:00").click()
        label = page.locator(".block .body span").first
        expect(label).to_have_text("10:00")
        whole = "each => each.scrollWidth <= each.parentElement.clientWidth"
        assert label.evaluate(whole)
        width, height = size(page.locator(".block .drop"))
        assert min(width, height) >= least
        page.locator(".block .drop").click()
        assert picked(page) == []


def test_the_present_week_opens_at_business_hours(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_role("button", name="今週").click()
    page.wait_for_url("**#grid")
    expect(page.get_by_text("この週に空きはありません。")).to_be_visible()
    head = page.locator(".sheet .corner").bounding_box()
    nine = page.locator("[role=rowheader]", has_text="09:00").bounding_box()
    assert head is not None
    assert nine is not None
    assert 0 <= nine["y"] - (head["y"] + head["height"]) < 28, "although its weekdays are over"


def test_a_candidate_over_midnight_stands_on_both_days(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_label("会社名").fill("ABC株式会社")
    page.wait_for_url("**/appointments/new/*")
    night = "2026-11-25T23:00+09:00|2026-11-26T01:00+09:00"
    page.evaluate(
        """night => { const form = document.getElementById("offer");
        const field = Object.assign(document.createElement("input"), { name: "candidate", value: night });
        form.append(field); form.requestSubmit(form.querySelector("[value=keep]") ?? undefined); }""",
        night,
    )
    expect(page.locator(".picked .when")).to_have_text("11月25日(水) 23:00〜11月26日(木) 01:00")
    blocks = page.locator(".block")
    expect(blocks).to_have_count(2)
    assert [body.inner_text().split() for body in blocks.locator(".body").all()] == [
        ["23:00", "〜24:00"],
        ["00:00", "〜01:00"],
    ]
    blocks.last.locator(".body").focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".picked .when")).to_have_text("11月25日(水) 23:00〜11月26日(木) 01:00")
    assert live.clock.now < at(25, 14)
    blocks.last.locator(".drop").click()
    assert picked(page) == []


def test_whose_time_is_busy_is_seen_before_and_after_it_is_picked(
    live: Live, new_context: NewContext, axe: Axed, shoot: Shoot
) -> None:
    live.propose(offers=(offer(25, 1),))
    page = writing(live, new_context())
    busy, under = cell(page, WEDNESDAY, "10:00"), page.locator(".pointed")
    busy.hover()
    expect(under).to_have_text("11月25日(水) 10:00 田中 一郎さんは仮予定あり")
    assert busy.get_attribute("title") == under.inner_text()
    cell(page, MONDAY, "09:00").focus()
    expect(under).to_have_text("11月23日(月) 09:00 空き")
    expect(page.get_by_text("候補をコピー")).to_be_hidden()
    busy.click()
    cell(page, THURSDAY, "10:00").click()
    expect(page.locator(".picked .clash").first).to_have_text("田中 一郎さんの予定と重なっています")
    expect(page.locator(".block .overlap").first).to_have_text("予定と重複")
    expect(page.locator(".block .overlap").last).to_be_hidden()
    expect(page.locator(".count")).to_have_text("候補 2件(1件は予定と重複)")
    expect(page.get_by_text("候補をコピー")).to_be_visible()
    page.locator(".block .body").first.hover()
    expect(under).to_have_text("11月25日(水) 10:00〜11:00 田中 一郎さんの予定と重なっています")
    shoot(page, "staff-new-overlap")
    axe(page)


def test_a_time_that_is_over_says_so_when_pressed(live: Live, new_context: NewContext) -> None:
    page = writing(live, new_context())
    page.get_by_role("button", name="今週").click()
    page.wait_for_url("**#grid")
    cell(page, "11月20日(金)", "10:00").click(force=True)
    expect(page.locator(".announce")).to_have_text("11月20日(金) 10:00 過ぎた時刻です")
    expect(page.locator(".announce")).to_be_visible()


def test_the_field_that_is_needed_changes_with_the_delivery_and_the_draft_says_that_it_is_kept(
    live: Live, new_context: NewContext
) -> None:
    page = writing(live, new_context())
    email, name = (page.locator(f"label[for={each}] .needed") for each in ("email", "name"))
    expect(email).to_be_visible()
    expect(name).to_be_hidden()
    page.get_by_role("radio", name="リンクだけ発行する").check()
    expect(email).to_be_hidden()
    expect(name).to_be_visible()
    expect(page.locator(".kept")).to_have_text("下書きを保存しました 09:00")
