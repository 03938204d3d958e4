"""The benchmarks still run. How fast anything is, they say themselves: a machine has its moods."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import growth, morning, vendors, web, week
from benchmarks.__main__ import beneath, line
from benchmarks.measure import QUICK, Size

TINY = Size(rounds=1, requests=32, confirmations=5, events=1_500, reminders=60)


def test_a_confirmation_costs_no_request_too_many(tmp_path: Path) -> None:
    row = vendors.requests_for_a_confirmation(tmp_path, QUICK)
    assert row.met, row.details
    assert row.details["confirming"] == {
        "google PATCH": 2,
        "google batch of 4": 1,
        "microsoft PATCH": 2,
        "microsoft batch of 4": 1,
        "zoom POST": 1,
    }


@pytest.mark.slow
def test_confirmations_over_http_are_measured(tmp_path: Path) -> None:
    row = web.confirms(tmp_path, TINY)
    assert row.ours > 0
    assert row.baseline > 0
    assert line(row).startswith("B1")
    assert len(list(beneath(row))) == 3


@pytest.mark.slow
def test_a_store_is_filled_with_events_that_the_product_reads(tmp_path: Path) -> None:
    row = growth.confirm_in_a_full_store(tmp_path, TINY)
    assert row.details["events"] >= TINY.events


@pytest.mark.slow
def test_the_week_is_drawn_with_everybodys_busy_time(tmp_path: Path) -> None:
    row = week.week_page(tmp_path, TINY)
    assert (row.name, row.ours > 0, row.baseline > 0) == ("B12", True, True)


@pytest.mark.slow
def test_a_morning_of_reminders_is_sent_by_both(tmp_path: Path) -> None:
    row = morning.reminders(tmp_path, TINY)
    assert (row.name, row.ours > 0, row.baseline > 0) == ("B8", True, True)
    assert line(row).startswith("B8")
