"""The pages, as HTML."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, GraphMailbox, ZoomMailbox, session, tagged

NOW = datetime(2026, 11, 25, 1, 20, tzinfo=UTC)  # a Wednesday, 10:20 in Tokyo
TAG = {"private": {"appointment": "a1", "candidate": "c1"}}


class Demo:
    """A sandbox with a hold, a confirmed event, somebody's own business, a meeting and two mails."""

    def __init__(self) -> None:
        self.mornings = 0
        self.sandbox = Sandbox(now=lambda: NOW, on_morning=self.morning, links=[("図", "/figures")])
        self.sandbox.start()
        self.http = session()
        google = GoogleMailbox(self.sandbox, "tanaka@example.com")
        google.insert(
            summary="【仮】打ち合わせ", status="tentative", extendedProperties=TAG, description="<b>x</b>"
        )
        graph = GraphMailbox(self.sandbox, "suzuki@example.com")
        graph.create(subject="確定した打ち合わせ", singleValueExtendedProperties=tagged(appointment="a1"))
        zoom = ZoomMailbox(self.sandbox, "tanaka@example.com")
        self.meeting = zoom.create(topic="Web会議", start_time="2026-11-25T03:00:00Z").json()
        for mailbox in (google, graph, zoom):
            mailbox.close()
        self.http.post(
            f"{self.sandbox.url}/entries/sato@example.com",
            json={
                "title": "歯医者",
                "start": "2026-11-28T22:00:00+09:00",
                "end": "2026-11-29T01:00:00+09:00",
            },
            timeout=10,
        )
        self.mail(
            "yamada@example.net",
            "日程のお知らせ",
            html='<html><head></head><a href="http://x/">開く</a></html>',
        )
        self.mail("tanaka@example.com", "")

    def morning(self) -> int:
        self.mornings += 1
        return 2

    def mail(self, to: str, subject: str, html: str = "", text: str = "本文です。") -> None:
        mail = EmailMessage()
        mail["To"], mail["Subject"] = to, subject
        mail.set_content(f"{text}\n")
        if html:
            mail.add_alternative(html, subtype="html")
        address = urlsplit(self.sandbox.env["CHOUSEIAPO_SMTP_URL"])
        with smtplib.SMTP(address.hostname or "", address.port or 0) as client:
            client.send_message(mail, from_addr="no-reply@example.com")

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.http.get(self.sandbox.url + path, headers=headers, timeout=10)

    def text(self, path: str, **headers: str) -> str:
        return self.get(path, **headers).text

    def stop(self) -> None:
        self.http.close()
        self.sandbox.stop()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    made = Demo()
    yield made
    made.stop()


def test_holds_are_hatched_confirmed_is_solid_and_other_business_is_grey(demo: Demo) -> None:
    page = demo.text("/")
    looks = re.findall(r'<li class="block (\w+)[^>]*>.*?class="name">([^<]*)<', page, re.S)
    assert sorted(set(looks)) == [
        ("busy", "歯医者"),
        ("fixed", "確定した打ち合わせ"),
        ("held", "【仮】打ち合わせ"),
    ]
    assert page.count('class="sheet"') == 3
    assert "11月23日(月) – 11月29日(日)" in page, "the weekend is part of the week"


def test_an_entry_over_midnight_stands_on_both_days(demo: Demo) -> None:
    page = demo.text("/")
    assert 'title="22:00–24:00 歯医者"' in page
    assert 'title="00:00–01:00 歯医者"' in page


def test_rooms_and_further_calendars_have_their_weeks_beside_those_of_people() -> None:
    with Sandbox(now=lambda: NOW) as sandbox, session() as http:
        room = sandbox.add_room("会議室A", "google", ["tanaka@example.com"])
        sandbox.add_room("会議室B", "microsoft", id="room-b@example.com")
        sandbox.add_calendar("suzuki@example.com", "出張")
        wish = {"title": "役員会", "start": "2026-11-25T10:00:00+09:00", "end": "2026-11-25T11:00:00+09:00"}
        http.post(f"{sandbox.url}/entries/{room.id}", json=wish, timeout=10)
        page = http.get(sandbox.url, timeout=10).text
        assert re.findall(r'<h3 id="sheet-\d">([^<]*)<', page) == [
            "田中", "鈴木", "佐藤", "会議室A", "会議室B", "出張",
        ]  # fmt: skip
        assert "会議室 tanaka@example.com" in page
        assert "会議室 room-b@example.com" in page
        (path,) = re.findall(r'href="(/calendars/[^"]*resource[^"]+)"', page)
        assert "役員会" in http.get(sandbox.url + path, timeout=10).text


def test_a_whole_day_is_as_long_as_the_hours_that_are_shown() -> None:
    with Sandbox(now=lambda: NOW) as sandbox, session() as http:
        wish = {"title": "休暇", "start": "2026-11-25", "end": "2026-11-26"}
        http.post(f"{sandbox.url}/entries/tanaka@example.com", json=wish, timeout=10)
        page = http.get(sandbox.url, timeout=10).text
        assert 'title="終日 休暇"' in page
        assert re.search(r'<li class="block busy l\d+ a1 z45 wide">', page)
        assert '<li class="a1">8</li>' in page, "and leaves the hours as they are"


def test_every_day_of_the_week_is_shown_and_one_without_entries_says_so(demo: Demo) -> None:
    page = demo.text("/")
    assert page.count('<section class="day') == 3 * 7
    assert page.count('<li class="none">予定なし</li>') == 3 * 7 - 4


def test_the_weeks_before_and_after_are_a_link_away(demo: Demo) -> None:
    page = demo.text("/?week=2026-12-02")
    assert "11月30日(月) – 12月6日(日)" in page
    assert 'href="/?week=2026-12-07"' in page
    assert 'href="/"' in page
    assert demo.get("/?week=nonsense").status_code == 200


def test_the_week_first_shown_is_the_one_where_something_of_ours_is_coming() -> None:
    sandbox, http = Sandbox(now=lambda: NOW), session()
    sandbox.start()
    assert "11月23日(月)" in http.get(sandbox.url, timeout=10).text
    mailbox = GoogleMailbox(sandbox, "tanaka@example.com")
    for day in ("2026-11-24", "2026-12-10"):  # the first is over
        start, end = ({"dateTime": f"{day}T{hour}:00:00+09:00"} for hour in (10, 11))
        mailbox.insert(start=start, end=end, extendedProperties=TAG)
    mailbox.close()
    page = http.get(sandbox.url, timeout=10).text
    assert "12月7日(月)" in page
    assert "今週" in page
    sandbox.stop()


def test_an_entry_can_be_read_as_the_calendar_holds_it(demo: Demo) -> None:
    path = re.findall(r'href="(/calendars/tanaka@example.com/[^"]+)"', demo.text("/"))[0]
    page = demo.text(path)
    assert "【仮】打ち合わせ" in page
    assert "11月25日(水) 10:00〜11:00" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "a1 / c1" in page
    assert demo.get("/calendars/tanaka@example.com/none").status_code == 404
    assert demo.get("/calendars/nobody@example.com/none").status_code == 404


def test_a_meeting_is_a_card_and_its_address_opens_a_room(demo: Demo) -> None:
    page, meeting = demo.text("/"), demo.meeting
    digits = str(meeting["id"])
    assert f"{digits[:3]} {digits[3:7]} {digits[7:]}" in page
    assert meeting["password"] in page
    assert "zak=" not in page
    room = demo.http.get(meeting["join_url"], timeout=10)
    assert (room.status_code, "Web会議" in room.text) == (200, True)
    assert demo.get(f"/j/{meeting['id']}?pwd=wrong").status_code == 403
    assert demo.get("/j/1").status_code == 404


def test_the_inbox_lists_the_newest_first(demo: Demo) -> None:
    page = demo.text("/inbox")
    assert page.index("（件名なし）") < page.index("日程のお知らせ")
    assert demo.sandbox.inbox == demo.sandbox.url + "/inbox"


def test_a_mail_has_a_view_for_each_part(demo: Demo) -> None:
    assert 'src="/inbox/1/html"' in demo.text("/inbox/1")
    assert "本文です。" in demo.text("/inbox/1?view=text")
    assert "Subject:" in demo.text("/inbox/1?view=raw")
    assert "この部分はありません" in demo.text("/inbox/1?view=ics")
    assert "本文です。" in demo.text("/inbox/2"), "without HTML the text comes first"
    for missing in ("/inbox/3", "/inbox/0", "/inbox/1?view=pdf"):
        assert demo.get(missing).status_code == 404


def test_a_mails_html_is_locked_in_and_its_links_open_outside(demo: Demo) -> None:
    answer = demo.get("/inbox/1/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups ")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert '<head><base target="_blank">' in answer.text


def test_the_other_pages_have_a_strict_policy_and_keep_to_it(demo: Demo) -> None:
    for path in ("/", "/inbox", "/inbox/1", "/nothing"):
        answer = demo.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        for forbidden in ("<script", " style=", " onclick=", "<style"):
            assert forbidden not in answer.text


def test_japanese_comes_first_and_english_where_it_is_wanted(demo: Demo) -> None:
    assert '<html lang="ja">' in demo.text("/")
    assert '<html lang="en">' in demo.text("/", **{"Accept-Language": "en-GB,en;q=0.9"})
    english = demo.text("/?lang=en", **{"Accept-Language": "ja"})
    assert "Skip to the next 7:00 a.m." in english
    assert 'href="/inbox?lang=en"' in english, "the choice goes along"
    assert "Wed 25 Nov 12:00–13:00" in english


def test_the_page_refreshes_itself_only_when_asked(demo: Demo) -> None:
    assert "http-equiv" not in demo.text("/")
    assert '<meta http-equiv="refresh" content="5">' in demo.text("/?live=1")


def test_the_morning_comes_by_a_button_and_never_by_get(demo: Demo) -> None:
    assert "次の朝7時にする" in demo.text("/")
    assert demo.get("/morning").status_code == 405
    answer = demo.http.post(f"{demo.sandbox.url}/morning", allow_redirects=False, timeout=10)
    assert (answer.status_code, demo.mornings) == (303, 1)


def test_after_the_morning_the_page_tells_the_time_and_how_many_were_reminded(demo: Demo) -> None:
    page = demo.http.post(f"{demo.sandbox.url}/morning", timeout=10).text
    assert re.search(r"デモの時計 <time[^>]*>11月25日\(水\) 10:20</time>", page)
    assert "11月25日(水) 10:20 に進めました。送ったリマインド: 2通" in page
    assert "Moved to Wed 25 Nov 10:20. Reminders sent: 2" in demo.text("/?lang=en")


def test_without_a_morning_there_is_no_button(sandbox: Sandbox, http: requests.Session) -> None:
    assert "次の朝7時にする" not in http.get(sandbox.url, timeout=10).text
    assert http.post(f"{sandbox.url}/morning", timeout=10).status_code == 404


def test_the_way_to_the_product_is_shown_once_it_is_known(demo: Demo) -> None:
    assert "調整アポを開く" not in demo.text("/")
    demo.sandbox.product_url = "http://127.0.0.1:8000"
    assert 'href="http://127.0.0.1:8000"' in demo.text("/")
    assert 'href="/figures"' in demo.text("/")


def test_the_style_sheet_has_a_class_for_every_quarter_hour(demo: Demo) -> None:
    style = demo.text("/sandbox.css")
    for block in re.findall(r'class="block ([^"]+)"', demo.text("/")):
        for name in block.split():
            assert f".{name}" in style or name == "wide"
    assert ".z97{" in style
    assert demo.get("/icon.svg").headers["Content-Type"].startswith("image/svg+xml")
