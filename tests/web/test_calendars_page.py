"""The page on which administrators see whether calendars are as the events say, and put them right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from chouseiapo.tables import builtin_entries
from tests.web.desk import Company


@pytest.fixture
def emptied(company: Company) -> Company:
    """Tanaka's built-in calendar has lost everything behind our back."""
    company.propose()
    company.read()
    with company.services.rows.write() as connection:
        link = f"builtin-{company.office.tanaka}"
        connection.execute(delete(builtin_entries).where(builtin_entries.c.link == link))
    return company


def compare(company: Company) -> None:
    page = company.chief.open("/calendars")
    company.chief.send(page.form("/calendars/compare"))
    company.read()


def test_it_is_for_administrators(company: Company) -> None:
    company.tanaka.open("/calendars")
    assert company.tanaka.status == 403
    assert "/calendars" not in company.tanaka.open("/settings").links
    assert "/calendars" in company.chief.open("/settings").links


def test_before_the_first_comparison_it_says_so(company: Company) -> None:
    company.propose()
    company.read()
    page = company.chief.open("/calendars")
    assert "まだ照合していません。" in page.text
    assert "田中 一郎" in page.text


def test_calendars_that_are_right_are_said_to_be(company: Company) -> None:
    company.propose()
    company.read()
    compare(company)
    assert "2件のカレンダーは、すべて記録どおりです。" in company.chief.open("/calendars").text


def test_what_is_missing_is_named_and_put_back(emptied: Company) -> None:
    compare(emptied)
    page = emptied.chief.open("/calendars")
    assert "2件中1件のカレンダーに、ご確認いただくことがあります。" in page.text
    assert "カレンダーにありません" in page.text
    emptied.chief.send(page.form("/repair"))
    emptied.read()
    emptied.clock.now += timedelta(seconds=5)
    emptied.read()
    assert "2件のカレンダーは、すべて記録どおりです。" in emptied.chief.open("/calendars").text


def test_a_calendar_that_nobody_has_is_not_repaired(company: Company) -> None:
    company.propose()
    company.read()
    company.chief.open("/calendars")
    nonce = company.chief.open("/calendars").form("/calendars/compare").filled()["nonce"]
    assert company.chief.post("/calendars/google-1-abc/repair", {"nonce": nonce}).status_code == 404


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-21", "2026-11-21T00:00:00+00:00"])
def test_any_moment_asked_for_answers_a_page(company: Company, since: str) -> None:
    company.chief.open(f"/calendars?since={since}")
    assert company.chief.status == 200
