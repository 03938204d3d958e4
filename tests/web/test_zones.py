"""The zones that forms offer: named as people name them, every place once, whatever was chosen among them."""

from __future__ import annotations

import re

from chouseiapo.web import zones
from tests.product import NOW
from tests.web.desk import Company


def test_every_place_has_a_name_and_an_offset_and_stands_from_west_to_east() -> None:
    for locale, tokyo, london in (
        ("ja", "東京 (UTC+9)", "ロンドン (UTC+0)"),
        ("en", "Tokyo (UTC+9)", "London (UTC+0)"),
    ):
        found = zones.everywhere(NOW, locale)
        assert len(found) > 400
        assert (found["Asia/Tokyo"], found["Europe/London"]) == (tokyo, london)
        assert all(re.search(r"UTC[+-]\d", words) for words in found.values())
        order = list(found)
        assert order.index("America/New_York") < order.index("Europe/London") < order.index("Asia/Tokyo")


def test_a_zone_of_another_name_can_stay_chosen() -> None:
    assert zones.choices("Europe/Kyiv", NOW, "en")["Europe/Kyiv"].endswith("(UTC+2)")
    assert "Mars/Olympus" not in zones.choices("Mars/Olympus", NOW, "en")


def test_a_guests_zone_is_picked_by_its_place(company: Company) -> None:
    for zone in ("Asia/Kolkata", "America/Anchorage", "Europe/Kyiv"):
        page = company.tanaka.write(time_zone=zone)
        assert page.form("/appointments/new/").value("time_zone") == zone
    assert page.html.count(">ニューヨーク (UTC-5)<") == 1
    assert page.html.count(">キーウ (UTC+2)<") == 1, "under one of its two names"
