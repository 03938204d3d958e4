"""The staff's pages without a script: who sees what, home and its lists, settings."""

from __future__ import annotations

import re

from chouseiapo.domain.proposal import Guest, Platform
from chouseiapo.tables import appointments
from projections.outbox import mails_of
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, confirmed, page_of, refuse

# Who sees what


def test_others_appointments_do_not_exist(company: Company) -> None:
    made = company.propose(attendees=(company.office.suzuki,), organizer=company.office.suzuki)
    own = company.sato.open("/settings").form("/sign-out").value("nonce")
    for path in ("", "/candidates", "/mails/0", "/mails/0/html"):
        company.sato.open(page_of(made, path))
        assert company.sato.status == 404, path
    for path in (
        "/words",
        "/attendees",
        "/resend",
        "/link",
        "/cancel",
        "/candidates",
        "/candidates/c1/withdraw",
    ):
        company.sato.post(page_of(made, path), {"nonce": own, "reason": "x"})
        assert company.sato.status == 404, path
    assert company.appointment(made.id).version == 1
    assert "山田" not in company.sato.open("/").text
    assert "山田" not in company.sato.open("/?q=山田").text.replace("山田」", "")


def test_authors_attendees_and_administrators_see_them(company: Company) -> None:
    made = company.propose(attendees=(company.office.suzuki,), organizer=company.office.suzuki)
    for desk in (company.tanaka, company.suzuki, company.chief):
        desk.open(page_of(made))
        assert desk.status == 200
    assert "山田太郎" in company.suzuki.open("/").text
    assert "山田太郎" not in company.chief.open("/").text
    assert "山田太郎" in company.chief.open("/?scope=all").text
    assert "山田太郎" not in company.sato.open("/?scope=all").text


def test_an_id_of_something_else_is_no_appointment(company: Company) -> None:
    for id in (company.office.tanaka, company.office.room, "nothing"):
        company.chief.open(f"/appointments/{id}")
        assert company.chief.status == 404, id
        company.chief.open(f"/members/{id.replace('member', 'room')}/week")
        assert company.chief.status == 404, id


def test_the_grid_shows_strangers_appointments_as_busy_only(company: Company) -> None:
    company.propose(attendees=(company.office.suzuki,), organizer=company.office.suzuki)
    company.propose(attendees=(company.office.tanaka,), organizer=company.office.tanaka)
    form = company.sato.open("/appointments/new").form("/appointments/new/")
    page = company.sato.send(form, attendee=[company.office.suzuki, company.office.tanaka])
    cell = re.findall(r'aria-label="11月25日\(水\) 10:00 ([^"]*)"', page.html)[0]
    assert cell == "鈴木 花子さんは予定あり、田中 一郎さんは予定あり"
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    page = company.tanaka.send(form, attendee=[company.office.suzuki, company.office.tanaka])
    cell = re.findall(r'aria-label="11月25日\(水\) 10:00 ([^"]*)"', page.html)[0]
    assert cell == "鈴木 花子さんは仮予定あり、田中 一郎さんは仮予定あり"


def test_a_week_is_ones_own_or_the_administrators_business(company: Company) -> None:
    company.propose()
    path = f"/members/{company.office.suzuki}/week?week=2026-11-25"
    page = company.suzuki.open(path)
    assert "10:00〜11:00" in page.text
    assert "ABC株式会社:山田太郎 様" in page.text
    company.chief.open(path)
    assert company.chief.status == 200
    company.sato.open(path)
    assert company.sato.status == 404
    company.chief.open("/members/member-nobody/week")
    assert company.chief.status == 404


def test_the_menu_marks_where_one_is(company: Company) -> None:
    for path, marked in (
        ("/", ["一覧"]),
        ("/settings", ["設定"]),
        ("/settings/organization", ["設定"]),
        ("/rooms", ["設定"]),
        ("/mail-previews", ["設定"]),
        ("/outbox", ["送信箱"]),
        ("/appointments/new", []),
    ):
        menu = company.chief.open(path).html.partition("<nav")[2].partition("</nav>")[0]
        assert re.findall(r'aria-current="(?:page|true)">([^<]+)<', menu) == marked, path


def test_the_week_tells_holds_from_confirmed_events(company: Company) -> None:
    confirmed(company)
    company.propose(offers=(offer(27, 1),))
    page = company.tanaka.open(f"/members/{company.office.tanaka}/week?week=2026-11-25")
    assert re.findall(r'class="entry (\w+)"', page.html) == ["solid", "hatched"]
    assert "【仮】" in page.text
    page = company.tanaka.open(f"/members/{company.office.tanaka}/week?week=2026-11-18")
    assert "この週の予定はありません。" in page.text


# Home


def test_an_empty_home_teaches(company: Company) -> None:
    page = company.tanaka.open("/")
    assert "最初の日程調整を始める" in page.text
    assert "/appointments/new" in page.links


def test_home_does_not_call_it_the_first_when_all_is_over(company: Company) -> None:
    made = company.propose()
    company.services.coordination.cancel(made.id, "", BY, NOW)
    company.read()
    page = company.tanaka.open("/")
    assert "最初の日程調整を始める" not in page.text
    assert "回答を待っているものはありません。" in page.text
    assert "11月21日(土) 09:00に依頼" in company.tanaka.open("/?state=all").text


def test_home_says_what_needs_me_then_what_waits_then_what_comes(company: Company) -> None:
    soon = company.propose(offers=(offer(21, 3),), guest=Guest(name="急ぐ人", email="a@example.net"))
    gone = company.propose(offers=(offer(25, 1),), guest=Guest(name="埋まった人", email="b@example.net"))
    company.propose(offers=(offer(26, 1),), guest=Guest(name="待つ人", email="c@example.net"))
    won = company.propose(
        offers=(offer(25, 1),), platform=Platform.NONE, guest=Guest("", "来る人", "d@example.net")
    )
    company.services.coordination.confirm(won.id, "c1", won.guest, BY, NOW)
    company.read()
    with company.services.rows.write() as connection:
        values = {"state": "proposed", "open_count": 0, "deadline": at(28, 0)}
        connection.execute(appointments.update().where(appointments.c.id == gone.id).values(values))
    text = company.tanaka.open("/").text
    order = [
        "選べる日時候補がなくなりました",
        "まもなく回答期限です",
        "お客様の回答待ち",
        "待つ人",
        "これからの予定",
        "来る人",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert text.count("急ぐ人") == 1
    assert soon.id in company.tanaka.open("/").html


def test_broken_links_and_refused_mails_need_me(company: Company) -> None:
    made = company.propose()
    company.services.coordination.break_link(company.office.zoom[company.office.tanaka], "token_refused", NOW)
    mail = mails_of(company.services.coordination.stream(made.id))[0]
    refuse(company, mail.key, "refused_550")
    text = company.tanaka.open("/").text
    assert "Zoomとの連携が切れています" in text
    assert "届かなかったメールがあります" in text
    page = company.tanaka.open(page_of(made))
    assert "宛先のメールサーバーが受け取りを断りました。" in page.text
    page = company.tanaka.open("/settings")
    assert "Zoomの連携はまだ使えません。管理者に設定を頼んでください。" in page.text
    assert "CHOUSEIAPO_ZOOM_CLIENT_ID" in company.chief.open("/settings").text


def test_the_list_is_searched_filtered_and_paged(company: Company) -> None:
    for n in range(52):
        company.office.propose(guest=Guest(name=f"客{n:02}", email="g@example.net"), offers=(offer(26, 1),))
    cancelled = company.office.propose(guest=Guest(name="やめた人", email="g@example.net"))
    company.services.coordination.cancel(cancelled.id, "", BY, NOW)
    company.read()
    assert "やめた人" in company.tanaka.open("/?state=cancelled").text
    assert "客" not in company.tanaka.open("/?state=cancelled").text
    assert "客07" in company.tanaka.open("/?q=客07").text
    first = company.tanaka.open("/?state=proposed")
    [following] = [link for link in first.links if "cursor=" in link]
    second = company.tanaka.open(following)
    assert first.html.count("data-row") == 50
    assert second.html.count("data-row") == 2
    assert "当てはまるアポイントメントはありません。" in company.tanaka.open("/?q=いない").text


def test_all_means_all_and_a_search_looks_everywhere(company: Company) -> None:
    company.propose(guest=Guest(name="待つ人", email="a@example.net"))
    ended = company.propose(guest=Guest(name="やめた人", email="b@example.net"), offers=(offer(26, 5),))
    company.services.coordination.cancel(ended.id, "", BY, NOW)
    confirmed(company, guest=Guest(name="会った人", email="c@example.net"), offers=(offer(25, 3),))
    company.clock.now = at(25, 12)
    company.read()
    everyone = ("待つ人", "やめた人", "会った人")
    assert [name in company.tanaka.open("/").text for name in everyone] == [True, False, False]
    assert "/?state=all" in company.tanaka.open("/").links
    assert all(name in company.tanaka.open("/?state=all").text for name in everyone)
    assert "やめた人" in company.tanaka.open("/?q=やめた").text


# What is not there


def test_a_refusal_stands_in_the_frame_with_the_way_back(company: Company) -> None:
    for path, status in (("/outbox", 403), ("/nowhere", 404), ("/appointments/appointment-x", 404)):
        page = company.tanaka.open(path)
        assert company.tanaka.status == status
        assert {"/", "/settings"} <= set(page.links), path
        assert "田中 一郎" in page.text
        page = company.tanaka.send(page.form("/language"), lang="en")
        assert "Back to the appointments" in page.text, "the language changes in place"
        company.tanaka.send(page.form("/language"), lang="ja")


def test_a_stranger_who_finds_nothing_can_sign_in(company: Company) -> None:
    page = company.stranger.open("/nowhere")
    assert company.stranger.status == 404
    assert "/sign-in" in page.links
    assert "サインアウト" not in page.text


# Settings


def test_ones_own_mails_are_set(company: Company) -> None:
    page = company.tanaka.open("/settings")
    assert "この場所の07:00に送ります。" in page.text
    page = company.tanaka.send(page.form("/mails"), format="text", locale="en", time_zone="America/New_York")
    assert "保存しました。" in page.text
    member = company.services.coordination.member(company.office.tanaka)
    assert (member.text_only, member.locale, member.time_zone) == (True, "en", "America/New_York")
    form = page.form("/mails")
    assert (form.value("locale"), form.value("time_zone"), form.value("format")) == (
        "en", "America/New_York", "text",
    )  # fmt: skip


def test_a_zone_that_is_none_is_refused(company: Company) -> None:
    form = company.tanaka.open("/settings").form("/mails")
    page = company.tanaka.send(form, time_zone="Mars/Olympus")
    assert company.tanaka.status == 422
    assert "入力を確かめてください。" in page.text
    assert company.services.coordination.member(company.office.tanaka).time_zone == ""


def test_pages_keep_to_themselves(company: Company) -> None:
    answer = company.tanaka.http.get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_every_page_asks_who_comes(company: Company) -> None:
    for path in ("/", "/appointments/new", "/settings", "/outbox", "/members/member-x/week"):
        company.stranger.open(path)
        assert company.stranger.path == "/sign-in"
