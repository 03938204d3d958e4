"""The week grid as the server draws it: times, words, what lies over it, weeks in which the clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from chouseiapo.config import Settings
from chouseiapo.domain.slots import Slot
from chouseiapo.web.staff.grid import Cell, Overlay, Week, monday_of, week, window
from tests.product import NOW, at, offer
from tests.web.desk import Company

TOKYO = Settings()
NEW_YORK = replace(TOKYO, time_zone="America/New_York")
MONDAY = date(2026, 11, 23)


def drawn(settings: Settings = TOKYO, monday: date = MONDAY, now: datetime = NOW, **overlay: object) -> Week:
    return week(monday, now, settings, "ja", Overlay(**overlay))  # type: ignore[arg-type]  # in a test's words


def cells(found: Week, clock: str) -> list[Cell]:
    return [cell for row in found.rows if row.clock == clock for cell in row.cells]


def column(found: Week, day: int) -> list[Cell]:
    return [row.cells[day] for row in found.rows if row.cells[day].start]


def test_cells_name_their_times_with_the_offset_and_themselves_in_words() -> None:
    found = drawn()
    assert len(found.rows) == 48
    cell = cells(found, "10:00")[2]
    assert (cell.start, cell.end) == ("2026-11-25T10:00+09:00", "2026-11-25T10:30+09:00")
    assert cell.label == "11月25日(水) 10:00 空き"
    assert found.rows[-1].until == "24:00"
    assert found.zone == "東京 (UTC+9)"


def test_what_is_busy_is_said_and_shaded_the_darker_the_more_are() -> None:
    span = [Slot(at(25, 1), at(25, 2))]
    one = drawn(busy={"田中": span, "鈴木": []})
    two = drawn(busy={"田中": span, "鈴木": span})
    assert cells(one, "10:30")[2].look == "o b1"
    assert cells(two, "10:00")[2].look == "o b2"
    assert cells(two, "11:00")[2].look == "o"
    assert cells(one, "10:00")[2].label.endswith("田中は予定あり")
    assert cells(drawn(busy=dict.fromkeys("甲乙丙丁", span)), "10:00")[2].look == "o b3"


def test_a_cell_that_is_touched_is_busy_where_it_is_touched() -> None:
    found = drawn(busy={"田中": [Slot(at(25, 1, 10), at(25, 1, 31))]})
    looks = [cells(found, clock)[2].look for clock in ("09:30", "10:00", "10:30", "11:00")]
    assert looks == ["o", "o b1 f4", "o b1 u1", "o"], "in twelfths of half an hour: from 10:10, to 10:31"
    early, late = Slot(at(25, 1, 5), at(25, 1, 6)), Slot(at(25, 1, 10), at(25, 1, 15))
    short = drawn(busy={"田中": [late], "鈴木": [early]})
    assert cells(short, "10:00")[2].look == "o b2 f2 u6"


def test_holds_candidates_and_what_nobody_knows_look_different() -> None:
    span = [Slot(at(25, 1), at(25, 2))]
    assert cells(drawn(busy={"田中": span}, held={"田中": span}), "10:00")[2].look == "o h"
    assert cells(drawn(standing=span), "10:00")[2].look == "o s"
    own = cells(drawn(own=span), "10:00")[2]
    assert (own.look, own.chosen) == ("o m", True)
    assert cells(drawn(unknown=["鈴木"]), "10:00")[2].label.endswith("鈴木は不明")


def test_reserved_time_is_solid_named_once_and_no_shade_of_busy() -> None:
    span = [Slot(at(25, 1), at(25, 2))]
    found = drawn(busy={"田中": span, "鈴木": span}, reserved={"田中": span})
    first, second = cells(found, "10:00")[2], cells(found, "10:30")[2]
    assert (first.look, first.first, second.first) == ("o b1 r", True, False)
    assert first.label.endswith("田中は確定済みの予定あり、鈴木は予定あり")
    night = drawn(reserved={"田中": [Slot(at(25, 14), at(25, 16))]})
    assert cells(night, "23:00")[2].first
    assert cells(night, "00:00")[3].first, "once on each day"


def test_a_week_without_free_business_hours_says_so() -> None:
    week_long = [Slot(at(22, 0), at(30, 0))]
    assert not drawn().full
    assert drawn(busy={"田中": week_long}).full
    assert drawn(now=at(28, 1)).full, "on Saturday nothing of it is left"
    assert not drawn(busy={"田中": [Slot(at(22, 0), at(27, 8, 30))]}).full


def test_what_is_over_can_not_be_picked_and_now_is_marked() -> None:
    now = at(25, 1, 20)
    found = drawn(now=now)
    assert [cell.start != "" for cell in cells(found, "10:00")] == [False] * 3 + [True] * 4
    assert cells(found, "10:00")[2].now == "2"
    assert cells(found, "10:30")[2].start


def test_business_hours_are_white_on_weekdays() -> None:
    found = drawn(replace(TOKYO, business_hours=(time(8, 30), time(17))))
    working = [row.clock for row in found.rows if "o" in row.cells[0].look.split()]
    assert working[::16] == ["08:30", "16:30"]
    assert working == [row.clock for row in found.rows if row.working]
    assert not any("o" in cell.look.split() for row in found.rows for cell in row.cells[5:])


@pytest.mark.parametrize(
    ("now", "asked", "monday"),
    [
        (at(25, 1), "", date(2026, 11, 23)),
        (at(27, 8, 59), "", date(2026, 11, 23)),
        (at(27, 9), "", date(2026, 11, 30)),  # Friday evening
        (at(28, 1), "", date(2026, 11, 30)),
        (at(25, 1), "2026-12-03", date(2026, 11, 30)),
        (at(25, 1), "2026-11-01", date(2026, 11, 23)),
        (at(25, 1), "9999-12-31", date(2028, 11, 20)),
        (at(25, 1), "nonsense", date(2026, 11, 23)),
    ],
)
def test_the_week_is_never_one_that_is_over(now: datetime, asked: str, monday: date) -> None:
    assert monday_of(asked, now, TOKYO) == monday


def test_paging_leads_back_no_further_than_this_week() -> None:
    assert drawn(monday=date(2026, 11, 16)).back == ""
    assert drawn().back == "2026-11-16"


def test_an_hour_that_does_not_exist_can_not_be_picked() -> None:
    found = drawn(NEW_YORK, date(2027, 3, 8), datetime(2027, 3, 1, tzinfo=UTC))
    gap = cells(found, "02:00")[6]
    assert gap.start == ""
    assert "この時刻はありません" in gap.label
    before = cells(found, "01:30")[6]
    assert (before.end, before.until) == ("2027-03-14T03:00-04:00", "03:00")
    assert len(column(found, 6)) == 46


def test_an_hour_that_comes_twice_has_rows_of_its_own() -> None:
    found = drawn(NEW_YORK, date(2026, 10, 26), datetime(2026, 10, 1, tzinfo=UTC))
    assert [row.clock for row in found.rows][2:7] == ["01:00", "01:30", "01:00′", "01:30′", "02:00"]
    sunday = column(found, 6)
    assert [cell.start for cell in sunday[2:6]] == [
        "2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00",
        "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00",
    ]  # fmt: skip
    assert cells(found, "01:00′")[0].start == "", "on other days there is no second one"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_column_is_without_gaps_or_overlaps_in_every_week_of_a_year(zone: str, minutes: int) -> None:
    settings = replace(TOKYO, time_zone=zone, grid_minutes=minutes)
    for n in range(53):
        monday = date(2026, 1, 5) + timedelta(weeks=n)
        found = drawn(settings, monday, datetime(2025, 12, 1, tzinfo=UTC))
        spans = [(cell.start, cell.end) for day in range(7) for cell in column(found, day)]
        starts, ends = ([datetime.fromisoformat(each) for each in side] for side in zip(*spans, strict=True))
        whole = window(monday, settings.zone)
        assert (starts[0], ends[-1]) == (whole.start, whole.end)
        assert starts[1:] == ends[:-1]


def test_the_page_with_the_grid_stays_light(company: Company) -> None:
    people = (company.office.tanaka, company.office.suzuki, company.office.sato)
    for day in range(23, 28):
        company.propose(attendees=people, offers=(offer(day, 0, hours=9),), organizer=company.office.tanaka)
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    for minutes in (30, 15):
        object.__setattr__(company.services.settings, "grid_minutes", minutes)
        page = company.tanaka.send(form, attendee=list(people))
        assert page.html.count("佐藤 健さんは仮予定あり") == 5 * 9 * 60 // minutes
        assert len(page.html.encode()) < 200_000, "time zones take 27 kB of it, a fixed time 10 kB"
