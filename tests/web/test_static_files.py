"""Styles and scripts are kept for ever under the address of their content, each release under its own."""

from __future__ import annotations

import re

from tests.web.desk import Company


def test_what_a_page_asks_for_is_kept_for_ever(company: Company) -> None:
    page = company.stranger.open("/sign-in")
    addresses = re.findall(r'"(/static/[^"]+)"', page.html)
    assert len(addresses) >= 2
    for address in addresses:
        with company.stranger.http.get(address) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_what_a_script_imports_is_of_the_same_version(company: Company) -> None:
    page = company.tanaka.open("/appointments/new")
    [script] = re.findall(r'"(/static/[^"]+slot-grid\.js)"', page.html)
    folder = script.rpartition("/")[0]
    with company.stranger.http.get(script) as answer:
        imported = re.findall(r'from "\./([^"]+)"', answer.get_data(as_text=True))
    assert imported
    for name in imported:
        with company.stranger.http.get(f"{folder}/{name}") as answer:
            assert "immutable" in answer.headers["Cache-Control"]


def test_another_releases_address_is_answered_but_not_kept(company: Company) -> None:
    with company.stranger.http.get("/static/0123456789ab/app.css") as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        tag = answer.headers["ETag"]
    with company.stranger.http.get("/static/0123456789ab/app.css", headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304
    assert company.stranger.http.get("/static/0123456789ab/../app.py").status_code == 404
