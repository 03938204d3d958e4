"""The guest's pages without a browser: what each state says, what is kept, what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from chouseiapo.web import limits
from tests.product import NOW, at
from tests.web.api import Api


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    limits.forget_all()


class Visit:
    """A guest with a link and no script."""

    def __init__(self, api: Api, **changes: Any) -> None:
        self.api = api
        self.made = api.tanaka.propose(**changes)
        self.path = self.made["guest_url"].removeprefix("http://127.0.0.1:8000")

    def open(self, query: str = "", **headers: str) -> str:
        answer = self.api.http.get(
            self.path + query, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        self.status = answer.status_code
        return answer.get_data(as_text=True)

    def send(self, candidate: str = "c1", query: str = "", **typed: str) -> Any:
        [nonce] = re.findall(r'name="nonce" value="([^"]+)"', self.open(query)) or [""]
        form = {"candidate": candidate, "name": "山田太郎", "company": "ABC", "nonce": nonce} | typed
        return self.api.http.post(self.path + query, data=form)


def test_the_page_offers_the_times_and_knows_the_guest(api: Api) -> None:
    page = Visit(api, title="ご提案", message="資料").open()
    for words in (
        "株式会社サンプル",
        "田中 一郎",
        "11月25日(水)",
        "10:00–11:00",
        'value="山田太郎"',
        "ご提案",
    ):
        assert words in page
    assert 'name="email"' not in page, "the address is known"


def test_an_unknown_address_is_asked_for(api: Api) -> None:
    visit = Visit(api, delivery="link", guest={"name": "山田"})
    assert 'name="email"' in visit.open()
    answer = visit.send(email="")
    assert answer.status_code == 422
    assert "メールアドレスを入力してください" in answer.get_data(as_text=True)
    assert visit.send(email="yamada@example.net").status_code == 303


def test_confirming_leads_to_the_page_that_says_so(api: Api) -> None:
    visit = Visit(api)
    answer = visit.send("c2")
    assert (answer.status_code, answer.headers["Location"]) == (303, visit.path)
    page = visit.open()
    assert "日程が確定しました" in page
    assert "11月26日(木)" in page
    assert "この日時で確定する" not in page


def test_sending_the_same_form_twice_confirms_once(api: Api) -> None:
    visit = Visit(api)
    [nonce] = re.findall(r'name="nonce" value="([^"]+)"', visit.open())
    form = {"candidate": "c1", "name": "山田", "nonce": nonce}
    assert [api.http.post(visit.path, data=form).status_code for _ in range(2)] == [303, 303]
    assert len(api.services.coordination.stream(visit.made["id"])) == 2


def test_another_choice_from_a_page_left_open_is_told_what_stands(api: Api) -> None:
    visit = Visit(api)
    [nonce] = re.findall(r'name="nonce" value="([^"]+)"', visit.open())
    visit.send("c1")
    answer = api.http.post(visit.path, data={"candidate": "c2", "name": "山田", "nonce": nonce})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "すでに別の日時で確定しています" in page
    assert "11月25日(水)" in page


def test_an_emptied_name_is_asked_for_again(api: Api) -> None:
    visit = Visit(api, delivery="link", guest={"name": "山田"})
    page = visit.send(name="").get_data(as_text=True)
    assert "お名前を入力してください" in page
    assert "メールアドレスを入力してください" in page
    assert len(api.services.coordination.stream(visit.made["id"])) == 1


def test_nothing_picked_is_said_at_the_list_and_the_rest_is_kept(api: Api) -> None:
    answer = Visit(api).send("", name="山田 花子", company="新社名")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "日時を1つ選んでください" in page
    assert 'value="山田 花子"' in page
    assert 'value="新社名"' in page


def test_a_time_that_was_just_taken_leaves_the_others_to_pick(api: Api) -> None:
    visit, rival = Visit(api), api.tanaka.propose()
    [nonce] = re.findall(r'name="nonce" value="([^"]+)"', visit.open())
    api.guest.confirm(rival, "c1")
    answer = api.http.post(visit.path, data={"candidate": "c1", "name": "山田花子", "nonce": nonce})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "たった今埋まりました" in page
    assert 'value="山田花子"' in page
    assert 'value="c2"' in page


def test_a_form_of_another_link_or_none_at_all_is_not_accepted_and_its_input_kept(api: Api) -> None:
    visit, other = Visit(api), Visit(api)
    [foreign] = re.findall(r'name="nonce" value="([^"]+)"', other.open())
    for nonce in (foreign, "", "x", "A" * 40):
        answer = api.http.post(visit.path, data={"candidate": "c1", "name": "山田花子", "nonce": nonce})
        assert answer.status_code == 409
        assert 'value="山田花子"' in answer.get_data(as_text=True)
    assert len(api.services.coordination.stream(visit.made["id"])) == 1


def test_a_form_that_lay_open_over_night_is_made_anew(api: Api) -> None:
    visit = Visit(api)
    [nonce] = re.findall(r'name="nonce" value="([^"]+)"', visit.open())
    api.clock.now = NOW + timedelta(hours=13)
    answer = api.http.post(visit.path, data={"candidate": "c1", "name": "山田", "nonce": nonce})
    assert answer.status_code == 409
    assert "もう一度送信してください" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?tz=America/New_York", ("11月24日(火)", "20:00–21:00", "11月25日(水) 10:00〜11:00")),
        ("?lang=en", ("Wed, Nov 25", "10:00–11:00")),
        ("?tz=../../etc/passwd", ("11月25日(水)", "10:00–11:00")),
    ],
)
def test_times_are_shown_where_the_guest_is(api: Api, query: str, words: tuple[str, ...]) -> None:
    page = Visit(api).open(query)
    assert [word for word in words if word not in page] == []


def test_zone_and_language_are_kept_with_the_confirmation(api: Api) -> None:
    visit = Visit(api)
    visit.send("c1", "?tz=America/New_York&lang=en")
    appointment = api.services.coordination.appointment(visit.made["id"])
    assert (appointment.time_zone, appointment.locale) == ("America/New_York", "en")
    page = visit.open()
    assert "Tue, Nov 24" in page
    assert 'lang="en"' in page


def test_the_browsers_language_counts_when_nothing_else_is_known(api: Api) -> None:
    assert '<html lang="en">' in Visit(api).open(Accept_Language="en-GB,en;q=0.9,ja;q=0.5")


@pytest.mark.parametrize("state", ["cancelled", "expired", "revoked", "unknown"])
def test_every_end_of_a_link_is_said_plainly(api: Api, state: str) -> None:
    visit = Visit(api)
    if state == "cancelled":
        api.tanaka.call("POST", f"/appointments/{visit.made['id']}/cancel", {})
    if state == "expired":
        api.clock.now = at(27, 0)
    if state == "revoked":
        api.tanaka.call("POST", f"/appointments/{visit.made['id']}/link")
    if state == "unknown":
        visit.path = "/g/" + "A" * 46
    words, status = {
        "cancelled": ("キャンセルされました", 200),
        "expired": ("回答期限を過ぎた", 200),
        "revoked": ("新しいリンクに置き換えられました", 410),
        "unknown": ("見つかりません", 404),
    }[state]
    assert words in visit.open()
    assert visit.status == status
    assert "10:00–11:00" not in visit.open()


def test_a_taken_time_is_struck_through_for_eyes_and_readers(api: Api) -> None:
    visit, rival = Visit(api), api.tanaka.propose()
    api.guest.confirm(rival, "c1")
    from chouseiapo.worker import Worker

    Worker(api.services).read()
    page = visit.open()
    assert re.search(r"<s>10:00–11:00</s> 埋まりました", page)
    assert 'value="c1"' not in page


def test_the_confirmed_time_can_be_taken_into_any_calendar(api: Api) -> None:
    visit = Visit(api, platform="url", url="https://meet.example/abc", title="打合せ")
    visit.send("c1")
    page = visit.open()
    assert "https://calendar.google.com/calendar/render?action=TEMPLATE" in page
    assert "20261125T010000Z%2F20261125T020000Z" in page
    assert "https://outlook.office.com/calendar/" in page
    [event] = Calendar.from_ical(api.http.get(f"{visit.path}/calendar.ics").data).walk("VEVENT")
    assert event.decoded("dtstart") == at(25, 1)
    assert event["location"] == "https://meet.example/abc"


def test_hostile_words_are_shown_as_words(api: Api) -> None:
    visit = Visit(
        api, title="<script>alert(1)</script>", guest={"name": '"><img src=x>', "email": "a@b.example"}
    )
    page = visit.open()
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_is_small(api: Api) -> None:
    candidates = [
        {"start": f"2026-11-{day}T{hour}:00:00+09:00", "end": f"2026-11-{day}T{hour + 1}:00:00+09:00"}
        for day in range(25, 30)
        for hour in range(10, 18)
    ]
    page = Visit(api, candidates=candidates).open()
    [address] = re.findall(r'href="(/static/[^"]+)"', page)
    with api.http.get(address) as answer:
        style = answer.get_data()
    assert len(page.encode()) + len(style) < 30_000
    assert page.count('<link rel="stylesheet"') == 1
    assert "<script" not in page
