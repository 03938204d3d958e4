"""Linking a calendar on a CalDAV server, a real one: by its address, a name and an app password."""

from __future__ import annotations

import itertools
import re

import pytest
from sqlalchemy import text

from chouseiapo.web.limits import APP_PASSWORDS
from tests.radicale import CalDavServer, radicale_server
from tests.web.outside import Abroad
from tests.web.pages import Page

__all__ = ["radicale_server"]
PASSWORD = "app-password-that-nobody-guesses"
numbers = itertools.count(1)


@pytest.fixture
def user(radicale_server: CalDavServer) -> str:
    """Somebody with one calendar there."""
    user = f"linker{next(numbers)}@example.com"
    place = radicale_server.add_person(user, PASSWORD)
    radicale_server.add_calendar(f"{place}work/", "仕事", user, PASSWORD)
    return user


def typed(abroad: Abroad, url: str, user: str, password: str = PASSWORD, page: str = "/settings") -> Page:
    form = abroad.tanaka.open(f"{page}/calendar/link/caldav").form("/link/caldav")
    return abroad.tanaka.send(form, url=url, user=user, password=password)


def test_a_calendar_is_linked_chosen_and_written(
    abroad: Abroad, radicale_server: CalDavServer, user: str
) -> None:
    assert "/settings/calendar/link/caldav" in abroad.tanaka.open("/settings").links
    page = typed(abroad, radicale_server.url, user)
    assert abroad.tanaka.path == "/settings/calendar/choose?new=1"
    assert "仕事" in page.text
    page = abroad.tanaka.send(page.form("/choose"))
    assert "正常です" in page.text
    assert f"{user} · 127.0.0.1" in page.text, "which server it is on"
    abroad.propose()
    inside = radicale_server.ask(
        "PROPFIND", "/".join(("", user, "work", "")), "", {"Depth": "1"}, user, PASSWORD
    )
    assert inside.text.count(".ics</href>") == 2


@pytest.mark.parametrize(
    ("url", "password", "problem"),
    [
        ("{server}", "wrong", "ユーザー名かパスワードが違います。"),
        ("http://127.0.0.1:9", PASSWORD, "サーバーにつながりません。"),
        ("{server}/nowhere/at/all/", "", "必須の項目です。"),
        ("ftp://example.com", PASSWORD, "アドレスの形を確かめてください"),
        ("https://localhost:1", PASSWORD, "社内のネットワークにあるサーバーは"),
        ("", PASSWORD, "必須の項目です。"),
    ],
)
def test_what_does_not_work_is_said_at_its_field_and_the_password_alone_is_typed_again(
    abroad: Abroad, radicale_server: CalDavServer, user: str, url: str, password: str, problem: str
) -> None:
    address = url.format(server=radicale_server.url)
    page = typed(abroad, address, user, password)
    assert abroad.tanaka.status == 422
    assert len(page.problems) == 1
    assert page.problems[0].startswith(problem)
    form = page.form("/link/caldav")
    assert (form.value("url"), form.value("user"), form.value("password")) == (address, user, "")
    assert PASSWORD not in page.html
    wrong = re.findall(r'<input[^>]* id="(\w+)"[^>]* autofocus aria-invalid="true"', page.html)
    assert len(wrong) == 1, "typing begins where something is wrong"
    assert abroad.services.coordination.member(abroad.office.tanaka).calendar is None


def test_the_form_says_what_it_needs_takes_an_address_of_mail_and_can_be_left(abroad: Abroad) -> None:
    page = abroad.tanaka.open("/settings/calendar/link/caldav")
    assert page.text.count("必須") == 3
    assert "連携をやめる" in page.text
    assert re.search(r'<input type="text" id="url"[^>]* inputmode="email" autocapitalize="off"', page.html)
    assert "autofocus" not in page.html


def test_passwords_can_t_be_guessed_at_through_us(
    abroad: Abroad, radicale_server: CalDavServer, user: str
) -> None:
    for _ in range(APP_PASSWORDS.most):
        typed(abroad, radicale_server.url, user, "guess")
    typed(abroad, radicale_server.url, user)
    assert abroad.tanaka.status == 429


def test_the_password_stands_nowhere_in_the_clear(
    abroad: Abroad, radicale_server: CalDavServer, user: str
) -> None:
    typed(abroad, radicale_server.url, user)
    with abroad.services.rows.read() as connection:
        sealed = str(connection.execute(text("select * from vault")).all())
    stored = str(abroad.services.coordination.recorder.select_notifications(start=1, limit=1000))
    assert PASSWORD not in sealed + stored
    assert user not in sealed


def test_a_new_password_heals_a_refused_one(abroad: Abroad, radicale_server: CalDavServer, user: str) -> None:
    typed(abroad, radicale_server.url, user)
    link = abroad.services.coordination.member(abroad.office.tanaka).calendar
    assert link is not None
    abroad.services.coordination.break_link(link.id, "token_refused", abroad.clock.now)
    page = abroad.tanaka.open("/settings")
    assert "連携が切れています" in page.text
    assert "/settings/calendar/link/caldav" in page.links, "the way to type another one"
    page = typed(abroad, radicale_server.url, user)
    assert "もう一度連携しました。" in page.text
    assert "正常です" in page.text
