"""Mails about accounts on the outbox page: administrators see them like any other."""

from __future__ import annotations

from chouseiapo.domain.links import Provider
from tests.product import BY, NOW
from tests.web.desk import Company


def broken(company: Company) -> str:
    """The address of the page that shows the mail."""
    app, office = company.services.coordination, company.office
    link = app.link_account(office.tanaka, Provider.GOOGLE, "1", "tanaka@example.com", BY, NOW)
    app.break_link(link, "token_refused", NOW)
    company.read()
    return next(path for path in company.chief.open("/outbox").links if path.startswith("/outbox/"))


def test_the_outbox_shows_it_with_whom_it_goes_to_and_why(company: Company) -> None:
    broken(company)
    page = company.chief.open("/outbox")
    for said in ("連携が切れたお知らせ", "田中 一郎", "tanaka@example.com", "連携先につながらなくなったため"):
        assert said in page.text


def test_it_can_be_read_by_administrators_alone(company: Company) -> None:
    address = broken(company)
    assert "Googleカレンダーとの連携が切れました" in company.chief.open(address).text
    assert "設定を開いて連携し直す" in company.chief.open(f"{address}/html").text
    assert company.chief.status == 200
    company.tanaka.open(address)
    assert company.tanaka.status == 403
    company.chief.open("/outbox/nothing")
    assert company.chief.status == 404


def test_one_that_opens_a_door_is_not_shown(company: Company) -> None:
    company.services.mail_sign_in_link(company.office.tanaka, NOW)
    company.read()
    assert [path for path in company.chief.open("/outbox").links if path.startswith("/outbox/")] == []
