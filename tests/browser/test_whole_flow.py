"""The whole flow as people see it, in the demo: staff at a desk, a guest on a phone, the calendars."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import BrowserContext, Locator, Page, expect

from chouseiapo import wording
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.journeys.company import Process, eventually

JAPAN = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = Process({}, "demo", "--port", str(port), "--data", str(folder / "data"), log=folder / "log")
    yield process.ready()
    assert process.stop() == 0


def state(demo: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(f"{demo['sandbox']}/state.json", timeout=30).json()
    return answer


def entries(demo: dict[str, Any], email: str, company: str) -> list[tuple[str, str]]:
    """Status and title of what stands for a guest's company on a calendar."""
    found = state(demo)["calendars"][f"{email}@example.com"]["entries"]
    return [(e["status"], e["title"]) for e in found if company in e["title"]]


def mails(demo: dict[str, Any], to: str, subject: str) -> list[dict[str, Any]]:
    return [m for m in state(demo)["mails"] if m["to"] == to and subject in m["subject"]]


def enter(page: Page, demo: dict[str, Any], name: str = "田中") -> None:
    page.goto(demo["url"])
    page.get_by_role("button", name=f"{name}さんとして入る").click()
    expect(page.get_by_role("link", name="新しい日程調整")).to_be_visible()


def free_cells(page: Page, count: int) -> list[Locator]:
    """Cells of the next week shown, one a day, whose hour nobody is busy in, between 10:00 and 16:00."""
    page.get_by_role("button", name="次の週").click()
    found: dict[str, str] = {}
    for cell in page.locator("[role=gridcell][data-start]").all():
        start, label = cell.get_attribute("data-start") or "", cell.get_attribute("aria-label") or ""
        if not re.search(r"T1[0-5]:00", start) or "予定" in label or start[:10] in found:
            continue
        half = page.locator(f"[role=gridcell][data-start^='{start[:14]}30']").get_attribute("aria-label")
        if "予定" not in (half or ""):
            found[start[:10]] = start
        if len(found) == count:
            break
    return [page.locator(f"[role=gridcell][data-start='{start}']") for start in found.values()]


def add_by_mouse(page: Page, cells: list[Locator]) -> None:
    for cell in cells:
        cell.scroll_into_view_if_needed()
        box = cell.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 3)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 1.5, steps=4)
        page.mouse.up()


def add_by_keyboard(page: Page, cells: list[Locator]) -> None:
    """As keys do it: walk from the one cell that Tab reaches to the wanted one, extend, enter."""
    page.locator("[role=gridcell][tabindex='0']").focus()
    for cell in cells:
        down, right = cell.evaluate(STEPS)
        for key, times in (("Down", down), ("Up", -down), ("Right", right), ("Left", -right)):
            for _ in range(times):
                page.keyboard.press(f"Arrow{key}")
        expect(cell).to_be_focused()
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Enter")


# How many rows down and columns to the right of the focused cell another one lies.
STEPS = """target => {
  const place = cell => [[...cell.closest('[role=grid]').children].indexOf(cell.parentElement),
    [...cell.parentElement.children].indexOf(cell)];
  const from = place(document.activeElement.closest('[role=gridcell]')), to = place(target);
  return [to[0] - from[0], to[1] - from[1]];
}"""


def write_offer(page: Page, company: str, email: str) -> None:
    page.get_by_label("会社名").fill(company)
    page.get_by_label("お客様のお名前").fill("山田太郎")
    page.get_by_label("お客様のメールアドレス").fill(email)


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_from_the_proposal_to_the_reminder(
    hand: str,
    demo: dict[str, Any],
    page: Page,
    phone: BrowserContext,
    axe: Axed,
    shoot: Shoot,
) -> None:
    company, email = f"{hand}株式会社", f"{hand}@example.net"
    enter(page, demo)
    page.get_by_role("link", name="新しい日程調整").click()
    page.get_by_role("button", name=re.compile("鈴木 花子")).first.click()
    expect(page.get_by_text("Outlook").first).to_be_visible()
    cells = free_cells(page, 3)
    (add_by_mouse if hand == "mouse" else add_by_keyboard)(page, cells)
    expect(page.get_by_text("候補 3件").first).to_be_visible()
    write_offer(page, company, email)
    axe(page)
    shoot(page, f"flow-{hand}-1-new")
    page.get_by_role("button", name="内容を確認する").click()
    expect(page.get_by_role("heading", name="この内容でよろしいですか")).to_be_visible()
    axe(page)
    shoot(page, f"flow-{hand}-2-review")
    page.get_by_role("button", name="日時候補をお客様に送る").click()
    expect(page.get_by_label("お客様用リンク")).to_be_visible()
    axe(page)

    eventually(lambda: [1] if len(holds(demo, company)) != 6 else [])
    assert {status for status, _ in holds(demo, company)} == {"tentative"}
    calendars = page.context.new_page()
    calendars.goto(demo["sandbox"])
    shoot(calendars, f"flow-{hand}-3-holds")

    eventually(lambda: [] if mails(demo, email, "日程調整をお願いします") else ["no request"])
    guest_picks(phone.new_page(), mails(demo, email, "日程調整をお願いします")[0], axe, shoot, hand)

    eventually(lambda: [1] if [s for s, _ in holds(demo, company)] != ["confirmed"] * 2 else [])
    eventually(lambda: [] if mails(demo, email, "日程が確定しました") else ["no confirmation"])
    told = mails(demo, email, "日程が確定しました")[0]["text"]
    [meeting] = [m for m in state(demo)["meetings"] if company in m["topic"]]
    for words in (meeting["join_url"], wording.meeting_id(str(meeting["id"])), meeting["passcode"]):
        assert words in told
    page.reload()
    expect(page.get_by_text("予定 2件中 2件を確認")).to_be_visible()
    axe(page)
    shoot(page, f"flow-{hand}-5-confirmed")


def holds(demo: dict[str, Any], company: str) -> list[tuple[str, str]]:
    return entries(demo, "tanaka", company) + entries(demo, "suzuki", company)


def guest_picks(page: Page, mail: dict[str, Any], axe: Axed, shoot: Shoot, hand: str) -> None:
    """On a phone, from the mailed link: by a tap, or by keys alone."""
    [link] = set(re.findall(r"http://127\.0\.0\.1:\d+/g/[\w-]+", mail["text"]))
    page.goto(link)
    axe(page)
    choice = page.get_by_role("radio").first
    if hand == "mouse":
        page.locator(".slot").first.tap()
    else:
        choice.focus()
        page.keyboard.press("Space")
    expect(choice).to_be_checked()
    shoot(page, f"flow-{hand}-4-guest")
    told = page.locator(".slot input").first.get_attribute("data-confirm") or ""
    button = page.get_by_role("button", name=told, exact=True)
    expect(button).to_have_text(re.compile(r"^(\d+年)?\d+月\d+日\(.\) \d\d:\d\d で確定する$"))
    if hand == "mouse":
        button.tap()
    else:
        button.focus()
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="日程が確定しました")).to_be_visible()
    axe(page)
    shoot(page, f"flow-{hand}-4-done")


def test_on_a_phone_the_guest_sees_what_is_wrong_and_loses_nothing(
    demo: dict[str, Any], phone: BrowserContext, axe: Axed, shoot: Shoot
) -> None:
    page = phone.new_page()
    page.goto(proposed(demo, delivery="link", guest={"name": "林"})["guest_url"])
    page.locator(".slot").first.tap()
    page.get_by_label("会社名").fill("林商店")
    page.get_by_text("変更").tap()
    page.get_by_label("タイムゾーン").select_option(label="ニューヨーク (UTC-5)")
    page.get_by_role("button", name="この時刻で表示する").tap()
    expect(page.get_by_text("東京 (UTC+9): ").first).to_be_visible()
    page.get_by_role("button", name="English").tap()
    expect(page.get_by_role("radio").first).to_be_checked()
    expect(page.get_by_label("Company")).to_have_value("林商店")
    axe(page)
    page.get_by_role("button", name=re.compile("^Confirm .* 20:00$")).tap()
    wrong = page.get_by_label("E-mail address")
    expect(wrong).to_be_focused()
    axe(page)
    shoot(page, "guest-phone-refused")
    top, bottom = wrong.evaluate(EDGES)
    assert top >= 0
    assert bottom < page.locator(".foot").evaluate(EDGES)[0], "the button does not lie over it"
    share = page.locator(".slot").first.evaluate("card => card.clientWidth / innerWidth")
    assert share > 0.85, "a card is as wide as the phone"


LONG = "新製品のご提案と、導入までの進め方についてのお打ち合わせ（第2回）" * 6


@pytest.mark.parametrize("look", ["phone", "desk", "dark"])
def test_a_call_with_a_long_subject_from_the_question_to_its_end(
    look: str, demo: dict[str, Any], new_context: NewContext, axe: Axed, shoot: Shoot
) -> None:
    width = 1280 if look == "desk" else 390
    context = new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if look == "dark" else "light"
    )
    page = context.new_page()
    body = {"kind": "phone", "title": LONG, "message": "お電話でご相談させてください。"}
    made = proposed(demo, guest={"name": "林", "email": f"{look}@example.net"}, **body)
    page.goto(made["guest_url"])
    folded = page.get_by_text(LONG)
    line = folded.evaluate("at => parseFloat(getComputedStyle(at).lineHeight)")
    assert folded.evaluate("at => at.clientHeight") <= 3.1 * line
    axe(page)
    shoot(page, f"guest-call-{look}")
    page.locator(".slot input").first.check()
    page.locator("#confirm").click()
    expect(page.get_by_label("お電話番号")).to_be_focused()
    page.get_by_label("お電話番号").fill("03-1234-5678")
    folded.click()
    assert folded.evaluate("at => at.clientHeight >= at.scrollHeight"), "the whole subject, without a script"
    axe(page)
    shoot(page, f"guest-call-asked-{look}")
    page.locator("#confirm").click()
    expect(page.get_by_text("03-1234-5678 にお電話します。")).to_be_visible()
    axe(page)
    shoot(page, f"guest-call-confirmed-{look}")
    token = {"Authorization": f"Bearer {demo['api_tokens']['sato@example.com']}"}
    address = f"{demo['url']}/api/v1/appointments/{made['id']}/cancel"
    assert requests.post(address, json={}, headers=token, timeout=10).ok
    page.reload()
    expect(page.get_by_text("取り消された日時: ")).to_be_visible()
    axe(page)
    shoot(page, f"guest-call-cancelled-{look}")


def test_without_a_script_the_button_says_what_it_does(demo: dict[str, Any], new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(proposed(demo, guest={"name": "林", "email": "plain@example.net"})["guest_url"])
    page.locator(".slot input").first.check()
    page.locator("#confirm", has_text=re.compile("^この日時で確定する$")).click()
    expect(page.get_by_role("heading", name="日程が確定しました")).to_be_visible()


# Where the upper and the lower edge of an element are in the window.
EDGES = "at => { const box = at.getBoundingClientRect(); return [box.top, box.bottom]; }"


def proposed(demo: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What the API makes of a proposal for a day in January, when New York is five hours behind UTC."""
    year = datetime.now(JAPAN).year + 1
    body = {
        "attendees": ["sato@example.com"],
        "candidates": [{"start": f"{year}-01-15T10:00:00+09:00", "end": f"{year}-01-15T11:00:00+09:00"}],
    }
    token = {"Authorization": f"Bearer {demo['api_tokens']['sato@example.com']}"}
    answer = requests.post(
        f"{demo['url']}/api/v1/appointments", json=body | changes, headers=token, timeout=10
    )
    made: dict[str, Any] = answer.json()
    return made


def test_the_reminder_arrives_when_the_morning_is_pulled_near(
    demo: dict[str, Any], page: Page, new_context: NewContext
) -> None:
    """A meeting three hours after; the newcomer presses the button, and both sides are reminded."""
    morning = (datetime.now(JAPAN) + timedelta(hours=17)).replace(hour=7, minute=0, second=0, microsecond=0)
    ten = morning + timedelta(hours=3)
    body = {
        "attendees": ["tanaka@example.com"],
        "platform": "zoom",
        "candidates": [{"start": ten.isoformat(), "end": (ten + timedelta(hours=1)).isoformat()}],
        "guest": {"company": "明日株式会社", "name": "森", "email": "mori@example.net"},
    }
    token = {"Authorization": f"Bearer {demo['api_tokens']['tanaka@example.com']}"}
    made = requests.post(f"{demo['url']}/api/v1/appointments", json=body, headers=token, timeout=10).json()
    secret = made["guest_url"].rpartition("/")[2]
    confirm = f"{demo['url']}/api/v1/guest/{secret}/confirm"
    assert requests.post(confirm, json={"candidate": "c1"}, timeout=10).status_code == 200
    eventually(lambda: [] if mails(demo, "mori@example.net", "確定しました") else ["no confirmation"])
    page.goto(demo["sandbox"])
    page.get_by_role("button", name="次の朝7時にする").click()
    expect(page.get_by_role("status")).to_contain_text(f"{morning.month}月{morning.day}日")
    expect(page.get_by_role("status")).to_contain_text("07:00 に進めました。送ったリマインド: 2通")
    eventually(lambda: [] if mails(demo, "mori@example.net", "リマインド") else ["no reminder"])
    [mail] = mails(demo, "mori@example.net", "リマインド")
    assert mail["subject"].startswith("[株式会社サンプル]本日のWeb会議予定のリマインド: ")
    assert "パスコード" in mail["text"]
    eventually(lambda: [] if mails(demo, "tanaka@example.com", "リマインド") else ["no reminder"])
    [told] = mails(demo, "tanaka@example.com", "リマインド")
    assert "明日株式会社:森様" in told["subject"]


def missing(url: str, token: dict[str, str]) -> list[str]:
    """Who of the three people of the demo is not listed."""
    found = requests.get(url, headers=token, timeout=10).json()["members"]
    return sorted({"tanaka", "suzuki", "sato"} - {member["email"].partition("@")[0] for member in found})


def test_the_demo_survives_a_restart_with_its_data(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for _ in range(2):
        process = Process({}, "demo", "--port", port, "--data", str(tmp_path / "data"), log=tmp_path / "log")
        told = process.ready()
        token = {"Authorization": f"Bearer {told['api_tokens']['sato@example.com']}"}
        members = f"{told['url']}/api/v1/members"
        eventually(partial(missing, members, token))
        assert process.stop() == 0
