"""The sample mails: administrators see every one, and what is wrong with their own templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chouseiapo.mail_preview import names
from chouseiapo.web import create_app
from tests.web.desk import Company, Desk

PAGE = "/mail-previews"


def with_templates(company: Company, folder: Path) -> Desk:
    """The administrator's browser, where that folder overrides our templates."""
    services = company.services
    settings = replace(services.settings, mail_templates=folder)
    session = services.access.open_session(company.boss, company.clock.now)
    return Desk(create_app(replace(services, settings=settings)).test_client(), session)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Beside the database, which no template folder holds."""
    return tmp_path / "own"


def put(folder: Path, file: str, text: str) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")


def test_the_outbox_leads_there(company: Company) -> None:
    assert PAGE in company.chief.open("/outbox").links


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}/ja/guest_request", f"{PAGE}/ja/guest_request/html"])
def test_administrators_alone_see_them(company: Company, address: str) -> None:
    company.tanaka.open(address)
    assert company.tanaka.status == 403


def test_every_mail_of_a_language_is_listed_and_can_be_seen(company: Company) -> None:
    for language in ("ja", "en"):
        listed = company.chief.open(f"{PAGE}?language={language}").links
        mails = [name for name in names() if name.startswith(f"{language}/")]
        assert {f"{PAGE}/{name}" for name in mails} <= set(listed)
        for name in mails:
            company.chief.open(f"{PAGE}/{name}")
            assert company.chief.status == 200, name


def test_one_mail_is_shown_as_text_and_as_html(company: Company) -> None:
    text = company.chief.open(f"{PAGE}/ja/guest_confirmation?part=text").text
    assert "[株式会社サンプル]アポイントメントの日程が確定しました" in text
    assert "■ Web会議への参加" in text
    assert "日程が確定しました" in company.chief.open(f"{PAGE}/ja/guest_confirmation/html").text


@pytest.mark.parametrize("address", ["ja/guest_nothing", "fr/guest_request", "ja/guest_nothing/html"])
def test_what_is_no_mail_is_not_found(company: Company, address: str) -> None:
    company.chief.open(f"{PAGE}/{address}")
    assert company.chief.status == 404


def test_a_faultless_template_shows_in_its_mail(company: Company, own: Path) -> None:
    put(own, "ja/guest_confirmation/subject.txt", "ご予約の確定: {{ chosen.text }}")
    chief = with_templates(company, own)
    assert "独自のテンプレート 1件に誤りはありません。" in chief.open(PAGE).text
    assert "ご予約の確定: " in chief.open(f"{PAGE}/ja/guest_confirmation").text


def test_a_fault_is_told_with_its_place_and_ours_is_shown(company: Company, own: Path) -> None:
    put(own, "ja/guest_confirmation/subject.txt", "\n{{ compnay }}")
    put(own, "ja/guest_confirmtion/body.txt", "はい")
    chief = with_templates(company, own)
    told = chief.open(PAGE).text
    assert "テンプレートの誤り: 2件" in told
    assert "ja/guest_confirmation/subject.txt:2 compnay という名前は使えません。" in told
    assert "ja/guest_confirmtion/body.txt この名前のファイルを使うメールはありません。" in told
    assert "ja/guest_confirmation/body.txt" in told, "what may have been meant"
    one = chief.open(f"{PAGE}/ja/guest_confirmation").text
    assert "compnay という名前は使えません。" in one
    assert "アポイントメントの日程が確定しました" in one
    assert "テンプレートの誤り" not in chief.open(f"{PAGE}/ja/guest_request").text
