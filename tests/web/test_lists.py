"""Lists of appointments: who each is with, in what order they stand, what presses, what empty ones say."""

from __future__ import annotations

from datetime import timedelta

from chouseiapo.domain.proposal import Guest
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, confirmed, page_of

TITLED = {"title": "ご提案"}
GUEST = "ABC株式会社 山田太郎 様"


# Who it is with


def test_a_title_of_ones_own_leaves_the_guest_in_the_second_line(company: Company) -> None:
    company.propose(**TITLED)
    for path in ("/", "/?q=山田", "/?state=proposed"):
        assert f"ご提案 {GUEST} · 調整中 · 候補 2件" in company.tanaka.open(path).text, path
    week = f"/members/{company.office.tanaka}/week?week=2026-11-25"
    assert f"ご提案 {GUEST}" in company.tanaka.open(week).text
    assert (
        f"日程調整の依頼 {GUEST} · お客様 yamada@example.net · ご提案" in company.chief.open("/outbox").text
    )
    english = company.tanaka.open("/?lang=en").text
    assert "ご提案 山田太郎 (ABC株式会社) · " in english


def test_a_title_that_names_the_guest_says_so_once(company: Company) -> None:
    company.propose()
    for desk, path in (
        (company.tanaka, "/"),
        (company.tanaka, f"/members/{company.office.tanaka}/week?week=2026-11-25"),
        (company.chief, "/outbox"),
    ):
        text = desk.open(path).text
        assert "ABC株式会社:山田太郎 様" in text, path
        assert GUEST not in text, path


def test_a_title_that_names_the_guest_does_so_in_the_readers_language(company: Company) -> None:
    company.propose(offers=(offer(21, 3),))
    for desk, path in (
        (company.tanaka, "/?lang=en"),
        (company.tanaka, "/?state=proposed&lang=en"),
        (company.chief, "/outbox?lang=en"),
    ):
        text = desk.open(path).text
        assert "ABC株式会社: 山田太郎" in text, path
        assert "様" not in text, path
        assert "山田太郎 (ABC株式会社)" not in text, path


def test_what_needs_somebody_says_who_it_is_with(company: Company) -> None:
    company.propose(offers=(offer(21, 3),), **TITLED)
    assert f"ご提案 {GUEST} · まもなく回答期限です" in company.tanaka.open("/").text


def test_a_guest_who_was_erased_is_in_no_list(company: Company) -> None:
    made = company.propose(**TITLED)
    company.services.coordination.cancel(made.id, "", BY, NOW)
    company.services.erase_guest(made.id, BY)
    company.read()
    text = company.tanaka.open("/?state=all").text
    assert "（消去済み）" in text
    assert "山田" not in text
    assert "（消去済み） 様" not in text


# What is first


def test_the_soonest_deadline_stands_first_and_the_last_day_is_marked(company: Company) -> None:
    company.propose(offers=(offer(27, 1),), guest=Guest(name="あとの人", email="a@example.net"))
    company.propose(offers=(offer(26, 1),), guest=Guest(name="さきの人", email="b@example.net"))
    text = company.tanaka.open("/").text
    assert text.index("さきの人") < text.index("あとの人")
    assert "あと1日" not in text
    company.clock.now = at(26, 1) - timedelta(hours=47)
    text = company.tanaka.open("/").text
    assert text.count("あと1日") == 1
    assert text.index("さきの人") < text.index("あと1日") < text.index("あとの人")
    company.clock.now = at(26, 1) - timedelta(hours=23)
    assert "あと1日" not in company.tanaka.open("/?q=さきの人").text


def test_a_weekend_shows_the_week_that_comes(company: Company) -> None:
    company.propose()
    path = f"/members/{company.office.tanaka}/week"
    page = company.tanaka.open(path)
    assert "11月23日(月)〜11月29日(日)" in page.text, "today is Saturday"
    [this] = [link for link in page.links if link == f"{path}?week=2026-11-16"][:1]
    assert "11月16日(月)〜11月22日(日)" in company.tanaka.open(this).text
    company.clock.now = at(25, 0)
    assert "11月23日(月)〜11月29日(日)" in company.tanaka.open(path).text
    assert "11月16日(月)〜11月22日(日)" in company.tanaka.open(f"{path}?week=2026-11-18").text


# Where nothing is


def test_a_home_whose_times_are_all_over_says_that_nothing_is_coming(company: Company) -> None:
    confirmed(company)
    company.clock.now = at(28, 0)
    assert "これからの予定はありません。" in company.tanaka.open("/").text


def test_an_empty_filter_leads_to_everything(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open("/?state=expired")
    assert "当てはまるアポイントメントはありません。 すべて見る" in page.text
    company.chief.open("/outbox?state=sent")
    assert "当てはまるメールはありません。 すべて見る" in company.chief.open("/outbox?state=sent").text
    assert page_of(made) in company.tanaka.open("/?state=all").links
    assert "すべて見る" not in company.sato.open("/?state=all").text
