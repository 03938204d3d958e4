"""The guest's pages without a browser: what each state says, what is kept, what is refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from icalendar import Calendar

from chouseiapo.domain.proposal import Meeting
from chouseiapo.domain.slots import Slot
from chouseiapo.invitation import uid
from chouseiapo.web import limits
from tests.product import BY, NOW, at
from tests.web.api import Api
from tests.web.pages import Page


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
        "10:00〜11:00",
        'value="山田太郎"',
        "ご提案",
        "種類: Web会議",
        "所要時間: 60分",
        "ご回答期限: <time>11月26日(木) 11:00</time>",
        "田中 一郎からのメッセージ",
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
    assert 'value="c2|' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [("", "ほかの候補もなくなりました。担当者に伝えました。"), ("?lang=en", "this was the last open time")],
)
def test_the_last_time_that_was_just_taken_leaves_nothing_to_pick(api: Api, query: str, said: str) -> None:
    visit = Visit(api)
    [nonce] = re.findall(r'name="nonce" value="([^"]+)"', visit.open())
    for candidate in ("c1", "c2"):
        api.services.coordination.take_candidate(visit.made["id"], candidate, "calendar", BY, NOW)
    answer = api.http.post(visit.path + query, data={"candidate": "c1", "name": "山田", "nonce": nonce})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert said in page
    assert "ほかの日時をお選びください" not in page


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
        ("?tz=America/New_York", ("11月24日(火)", "20:00〜21:00", "東京 (UTC+9): 11月25日(水) 10:00〜11:00")),
        ("?lang=en", ("Wed, Nov 25", "10:00–11:00")),
        ("?tz=../../etc/passwd", ("11月25日(水)", "10:00〜11:00")),
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
        "revoked": ("このリンクは無効になりました。", 410),
        "unknown": ("ページが見つかりません。", 404),
    }[state]
    page = Page(visit.open())
    assert words in page.text
    assert visit.status == status
    assert "10:00" not in page.text
    way_on = {
        "cancelled": "田中 一郎( tanaka@example.com )まで",
        "expired": "田中 一郎( tanaka@example.com )まで",
        "revoked": "担当者からお伝えした新しいリンクをお使いください。",
        "unknown": "ご案内をお送りした担当者に",
    }[state]
    assert way_on in page.text, "what to do"
    assert ("mailto:tanaka@example.com" in page.links) == (state in ("cancelled", "expired"))
    assert "?lang=en" in page.links
    assert re.search("please write to Tanaka Ichiro|ask the person who", Page(visit.open("?lang=en")).text)


def test_a_cancelled_appointment_names_the_time_that_was_confirmed(api: Api) -> None:
    visit = Visit(api)
    visit.send("c1")
    api.tanaka.call("POST", f"/appointments/{visit.made['id']}/cancel", {})
    assert "取り消された日時: 11月25日(水) 10:00〜11:00" in Page(visit.open()).text
    assert "The cancelled time: Wed, Nov 25, 10:00–11:00" in Page(visit.open("?lang=en")).text


def test_whom_no_time_suits_is_told_whom_to_write_to(api: Api) -> None:
    visit = Visit(api)
    page = Page(visit.open())
    assert "ご都合の合う日時がないときは、お手数ですが 田中 一郎( tanaka@example.com )まで" in page.text
    assert "mailto:tanaka@example.com" in page.links
    assert "None of these suits you? Please write to Tanaka Ichiro" in Page(visit.open("?lang=en")).text


def test_whoever_is_to_be_called_is_asked_for_a_number(api: Api) -> None:
    visit = Visit(api, kind="phone")
    assert "この番号に、担当者からお電話します。" in Page(visit.open()).text
    refused = visit.send(phone="", company="新社名")
    page = Page(refused.get_data(as_text=True))
    assert refused.status_code == 422
    assert "お電話番号を入力してください。" in page.text
    assert page.form(visit.path).value("company") == "新社名"
    wrong = Page(visit.send(phone="0" * 300).get_data(as_text=True))
    assert wrong.form(visit.path).value("phone") == "0" * 300, "kept"
    assert visit.send(phone="03-1234-5678").status_code == 303
    assert "田中 一郎から 03-1234-5678 にお電話します。" in Page(visit.open()).text
    assert api.services.coordination.appointment(visit.made["id"]).guest.phone == "03-1234-5678"


def test_a_number_that_is_known_or_not_needed_is_not_asked_for(api: Api) -> None:
    known = {"name": "山田", "email": "y@example.net", "phone": "03-1234-5678"}
    visit = Visit(api, kind="phone", guest=known)
    assert 'name="phone"' not in visit.open() + Visit(api).open()
    assert visit.send().status_code == 303
    assert "03-1234-5678 にお電話します。" in visit.open()


@pytest.mark.parametrize(("picked", "status", "said"), [("c1", 200, False), ("c2", 409, True)])
def test_a_page_left_open_too_long_shows_what_stands_first(
    api: Api, picked: str, status: int, said: bool
) -> None:
    visit = Visit(api)
    visit.send("c1")
    answer = api.http.post(visit.path, data={"candidate": picked, "name": "山田", "nonce": "stale"})
    page = Page(answer.get_data(as_text=True))
    assert answer.status_code == status
    assert "日程が確定しました" in page.text
    assert ("すでに別の日時で確定しています" in page.text) == said
    assert "この日時で確定する" not in page.text


def test_the_deadline_names_its_zone_where_that_is_another_one(api: Api) -> None:
    visit = Visit(api)
    told = "ご回答期限: 11月25日(水) 21:00 ニューヨーク (UTC-5)"
    assert told in Page(visit.open("?tz=America/New_York")).text
    assert "11:00 東京" not in Page(visit.open()).text


def test_the_language_button_takes_a_zone_along_that_is_chosen_in_the_box(api: Api) -> None:
    answer = Visit(api).send("c1", show="en", zone="America/New_York")
    assert "Tue, Nov 24" in Page(answer.get_data(as_text=True)).text


def test_each_time_brings_the_words_that_a_script_puts_on_the_button(api: Api) -> None:
    visit = Visit(api)
    assert 'data-confirm="11月25日(水) 10:00 で確定する"' in visit.open()
    assert 'data-confirm="Confirm Wed, Nov 25, 10:00"' in visit.open("?lang=en")


def test_a_very_long_subject_is_folded_and_whole(api: Api) -> None:
    subject = "新製品のご提案と、導入までの進め方についてのお打ち合わせ " * 8
    assert "folded" not in Visit(api, title="短い件名").open()
    visit = Visit(api, title=subject.strip())
    folded = f'<details class="folded"><summary>{subject.strip()}</summary></details>'
    assert folded in visit.open()
    visit.send("c1")
    assert folded in visit.open()


def test_a_meetings_number_is_shown_in_groups(api: Api) -> None:
    visit = Visit(api, platform="zoom")
    visit.send("c1")
    zoom = Meeting("https://zoom.example/j/1", "81700860989", "7K2mQx")
    api.services.coordination.issue_meeting(visit.made["id"], zoom, "h", BY, NOW)
    assert "817 0086 0989" in visit.open()


def test_a_taken_time_is_struck_through_for_eyes_and_readers(api: Api) -> None:
    visit, rival = Visit(api), api.tanaka.propose()
    api.guest.confirm(rival, "c1")
    from chouseiapo.worker import Worker

    Worker(api.services).read()
    page = visit.open()
    assert re.search(r"<s>10:00〜11:00</s> 埋まりました", page)
    assert 'value="c1' not in page


def test_when_nothing_is_left_to_pick_the_page_says_so_and_asks_for_nothing(api: Api) -> None:
    visit = Visit(api)
    for candidate in ("c1", "c2"):
        api.services.coordination.take_candidate(visit.made["id"], candidate, "other", BY, NOW)
    page = Page(visit.open())
    assert "現在お選びいただける日時がありません" in page.text
    assert page.text.count("埋まりました") == 2
    assert 'class="main"' not in page.html
    assert "お名前" not in page.text


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
    assert event["uid"] == uid(visit.made["id"], api.services.settings.mail_from), "as in the mails"


def test_what_is_taken_into_a_calendar_says_how_to_join(api: Api) -> None:
    visit = Visit(api, platform="zoom")
    visit.send("c1")
    zoom = Meeting("https://zoom.example/j/1", "123 456", "7K2mQx")
    api.services.coordination.issue_meeting(visit.made["id"], zoom, "h", BY, NOW)
    told = "参加URL: https://zoom.example/j/1\nミーティングID: 123 456\nパスコード: 7K2mQx"
    [event] = Calendar.from_ical(api.http.get(f"{visit.path}/calendar.ics").data).walk("VEVENT")
    assert event["description"] == told
    forms = [parse_qs(urlsplit(link).query) for link in Page(visit.open()).links if "://calendar.g" in link]
    forms += [parse_qs(urlsplit(link).query) for link in Page(visit.open()).links if "outlook" in link]
    assert [form.get("details", form.get("body")) for form in forms] == [[told], [told]]


def test_a_blank_title_is_filled_with_the_other_sides_name(api: Api) -> None:
    visit = Visit(api)
    assert "株式会社サンプルとのWeb会議" in visit.open()
    assert "Web meeting with 株式会社サンプル" in visit.open("?lang=en")
    visit.send("c1")
    assert "株式会社サンプルとのWeb会議" in visit.open()


def test_english_reads_as_english(api: Api) -> None:
    text = Page(Visit(api, message="Hello").open("?lang=en")).text
    for words in (
        "Choose a time for the web meeting",
        "Type: Web meeting",
        "Duration: 60 min",
        "Please choose by: Thu, Nov 26, 11:00",
        "Message from Tanaka Ichiro",
        "Available times",
        "Times are local to Tokyo (UTC+9)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"show": "zone", "zone": "America/New_York"}, ("ニューヨーク (UTC-5)", "11月25日(水) 21:00〜22:00")),
        ({"show": "en"}, ("Confirm this time", "Thu, Nov 26 11:00–12:00")),
    ],
)
def test_another_zone_or_language_keeps_what_was_picked_and_typed(
    api: Api, shown: dict[str, str], words: tuple[str, ...]
) -> None:
    visit = Visit(api, delivery="link", guest={"name": "山田"})
    answer = visit.send("c2", name="山田 花子", company="新社名", email="hanako@example.net", **shown)
    assert answer.status_code == 200
    page = Page(answer.get_data(as_text=True))
    form = page.form(visit.path)
    kept = [form.value(field) for field in ("candidate", "name", "company", "email")]
    assert kept[0].startswith("c2|")
    assert kept[1:] == ["山田 花子", "新社名", "hanako@example.net"]
    assert [word for word in words if word not in page.text] == []
    assert page.problems == []
    assert "hanako" not in form.action + "".join(page.links), "no personal data in an address"
    assert len(api.services.coordination.stream(visit.made["id"])) == 1, "nothing is decided"
    assert api.http.post(form.action, data=form.filled()).status_code == 303
    appointment = api.services.coordination.appointment(visit.made["id"])
    assert appointment.guest.email == "hanako@example.net"
    asked = (shown.get("zone", "Asia/Tokyo"), "en" if shown["show"] == "en" else "ja")
    assert (appointment.time_zone, appointment.locale) == asked


def test_zones_to_choose_from_have_names(api: Api) -> None:
    page = Visit(api).open("?tz=Asia/Kathmandu")
    assert '<option value="America/New_York">ニューヨーク (UTC-5)</option>' in page
    assert '<option value="Asia/Kathmandu" selected>' in page


def test_enter_confirms_and_does_not_change_the_zone(api: Api) -> None:
    """A browser presses the form's first button."""
    form = Visit(api).open().partition("<form")[2]
    assert "name=" not in re.findall(r"<button([^>]*)>", form)[0]


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"candidate": "", "name": ""}, 'id="c1"'),
        ({"name": "", "email": ""}, 'id="name"'),
        ({"email": "x"}, 'id="email"'),
        ({"nonce": ""}, 'class="notice bad"'),
    ],
)
def test_after_a_refusal_one_goes_on_at_what_is_wrong_first(api: Api, typed: dict[str, str], at: str) -> None:
    visit = Visit(api, delivery="link", guest={"name": "山田"})
    page = visit.send(**{"candidate": "c1", "email": "y@example.net", **typed}).get_data(as_text=True)
    [focused] = re.findall(r"<[^>]*\bautofocus\b[^>]*>", page)
    assert at in focused
    assert "autofocus" not in visit.open()
    for described in re.findall(r'aria-describedby="([^"]+)"', page):
        assert f'id="{described}"' in page


def test_hostile_words_are_shown_as_words(api: Api) -> None:
    visit = Visit(
        api, title="<script>alert(1)</script>", guest={"name": '"><img src=x>', "email": "a@b.example"}
    )
    page = visit.open()
    assert re.findall(r"<script[^>]*>", page) == re.findall(
        r'<script type="module" src="/static/[^"]*">', page
    )
    assert "alert(1)</script>" not in page
    assert "<img" not in page


def test_the_page_is_small(api: Api) -> None:
    candidates = [
        {"start": f"2026-11-{day}T{hour}:00:00+09:00", "end": f"2026-11-{day}T{hour + 1}:00:00+09:00"}
        for day in range(25, 30)
        for hour in range(10, 18)
    ]
    page = Visit(api, candidates=candidates).open()
    fetched = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert [address.rpartition("/")[2] for address in fetched] == ["app.css", "guest.js"]
    whole = len(page.encode())
    for address in fetched:
        with api.http.get(address) as answer:
            whole += len(answer.get_data())
    assert whole < 30_000


class Dragged(Visit):
    """The guest has the page open, with c2 picked, while a member moves that hold to the day after."""

    def __init__(self, api: Api, **changes: Any) -> None:
        super().__init__(api, **changes)
        self.form = Page(self.open()).form(self.path)
        [self.seen] = re.findall(r'value="(c2[^"]*)"', self.open())
        app, office, id = api.services.coordination, api.office, self.made["id"]
        there = Slot(at(27, 2), at(27, 3))
        app.note_deviation(id, office.tanaka, "c2", there, NOW)
        app.follow_deviation(id, office.tanaka, "c2", there, NOW)

    def post(self, **typed: str) -> Page:
        answer = self.api.http.post(self.path, data=self.form.filled(candidate=self.seen, **typed))
        self.status = answer.status_code
        return Page(answer.get_data(as_text=True))

    def confirmed(self) -> datetime | None:
        chosen = self.api.services.coordination.appointment(self.made["id"]).chosen
        return chosen.start if chosen else None


def test_a_time_that_was_moved_since_is_not_confirmed_but_offered_anew(api: Api) -> None:
    visit = Dragged(api)
    page = visit.post(name="山田 花子", company="新社名")
    assert (visit.status, visit.confirmed()) == (409, None)
    assert page.problems == [
        "お選びの日時は11月27日(金) 11:00〜12:00に変わりました。もう一度お選びください。"
    ]
    assert "まだ確定していません。" in page.text
    again = page.form(visit.path)
    assert [again.value(field) for field in ("candidate", "name", "company")] == ["", "山田 花子", "新社名"]
    [now] = re.findall(r'value="(c2[^"]*)"', page.html)
    assert api.http.post(visit.path, data=again.filled(candidate=now)).status_code == 303
    assert visit.confirmed() == at(27, 2)


def test_a_moved_time_is_told_of_in_english_too(api: Api) -> None:
    visit = Dragged(api)
    visit.path += "?lang=en"
    page = visit.post()
    assert page.problems == ["The time you chose has moved to Fri, Nov 27, 11:00–12:00. Please choose again."]
    assert "Nothing is confirmed yet" in page.text


@pytest.mark.parametrize("typed", [{"name": ""}, {"show": "zone", "zone": "Asia/Seoul"}, {"nonce": ""}])
def test_whatever_brings_the_page_back_a_moved_time_is_to_be_picked_anew(
    api: Api, typed: dict[str, str]
) -> None:
    page = Dragged(api).post(**typed)
    assert "お選びの日時は11月27日(金) 11:00〜12:00に変わりました。" in page.text
    assert page.forms[0].value("candidate") == ""


def test_a_moved_time_that_was_confirmed_meanwhile_is_another_one(api: Api) -> None:
    visit = Dragged(api)
    api.guest.confirm(visit.made, "c2")
    for typed in ({}, {"nonce": "stale"}):
        page = visit.post(**typed)
        assert visit.status == 409
        assert "すでに別の日時で確定しています" in page.text
        assert "11月27日(金)" in page.text


def test_the_same_choice_again_is_the_same_with_its_time(api: Api) -> None:
    visit = Visit(api)
    [value] = re.findall(r'value="(c1[^"]*)"', visit.open("?tz=America/New_York"))
    form = Page(visit.open()).form(visit.path).filled(candidate=value)
    assert [api.http.post(visit.path, data=form).status_code for _ in range(2)] == [303, 303]
    assert len(api.services.coordination.stream(visit.made["id"])) == 2


@pytest.mark.parametrize(
    "value",
    ["c1|", "c1|yesterday", "c1|2026-11-25", "c1|2026-11-25T10:00:00", "c1|0001-01-01T00:00:00+14:00"],
)
def test_a_time_that_is_none_picks_nothing_and_one_that_is_left_out_is_not_compared(
    api: Api, value: str
) -> None:
    assert Visit(api).send(value).status_code == (303 if value == "c1|" else 422)
