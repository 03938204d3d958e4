"""Zoom's recurring meetings, with a fixed time and without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.clients import ZoomMailbox
from tests.sandbox.test_zoom import fields


def test_a_recurring_meeting_without_a_fixed_time_needs_no_start(zoom: ZoomMailbox) -> None:
    made = zoom.create(type=3, start_time=None, duration=None).json()
    assert "start_time" not in made
    upcoming = zoom.ask("GET", "/users/me/meetings", params={"type": "upcoming"}).json()["meetings"]
    assert [(each["id"], each["type"], "start_time" in each) for each in upcoming] == [(made["id"], 3, False)]
    (shown,) = [
        each for each in zoom.by_hand("GET", "/state.json").json()["meetings"] if each["id"] == made["id"]
    ]
    assert (shown["type"], shown["start"]) == (3, None)


@pytest.mark.parametrize(
    ("recurrence", "starts"),
    [
        ({"type": 1, "end_times": 3}, ["25", "26", "27"]),
        ({"type": 1, "repeat_interval": 2, "end_date_time": "2026-11-28T00:00:00Z"}, ["25", "27"]),
        ({"type": 2, "weekly_days": "4,6", "end_times": 3}, ["25", "27", "02"]),
        ({"type": 3, "monthly_day": 25, "end_times": 2}, ["25", "25"]),
        ({"type": 3, "monthly_week": -1, "monthly_week_day": 4, "end_times": 2}, ["25", "30"]),
    ],
)
def test_a_recurring_meeting_lists_its_times(
    zoom: ZoomMailbox, recurrence: dict[str, Any], starts: list[str]
) -> None:
    made = zoom.create(type=8, recurrence=recurrence, timezone="Asia/Tokyo").json()
    assert [each["start_time"][8:10] for each in made["occurrences"]] == starts
    assert {each["start_time"][11:] for each in made["occurrences"]} == {"01:00:00Z"}
    assert len({each["occurrence_id"] for each in made["occurrences"]}) == len(starts)


def test_a_recurring_meeting_keeps_its_time_of_day_when_clocks_change(zoom: ZoomMailbox) -> None:
    made = zoom.create(
        type=8,
        start_time="2027-03-13T09:00:00",
        timezone="America/New_York",
        recurrence={"type": 1, "end_times": 2},
    ).json()
    assert [each["start_time"] for each in made["occurrences"]] == [
        "2027-03-13T14:00:00Z",
        "2027-03-14T13:00:00Z",
    ]


@pytest.mark.parametrize(
    "recurrence",
    [
        None,
        {"type": 4},
        {"type": 1, "end_times": 61},
        {"type": 1, "repeat_interval": 100},
        {"type": 2, "weekly_days": "8"},
        {"type": 1, "end_times": 2, "end_date_time": "2026-11-28T00:00:00Z"},
        {"type": 1, "colour": "red"},
    ],
)
def test_a_recurring_meeting_needs_a_recurrence_that_makes_sense(
    zoom: ZoomMailbox, recurrence: dict[str, Any] | None
) -> None:
    answer = zoom.create(type=8, recurrence=recurrence)
    assert (answer.status_code, fields(answer)) == (400, {"recurrence"})
