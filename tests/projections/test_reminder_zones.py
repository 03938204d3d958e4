"""When a reminder is due holds in every zone there is, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from projections.reminders import ALL_DAY, HORIZON, due_at

ZONES = sorted(available_timezones() - {"Factory", "localtime"})


@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2030-01-01")),
    hour=st.times(),
)
def test_the_hour_is_that_of_the_start_s_local_date_in_any_zone(
    zone: str, start: datetime, hour: time
) -> None:
    start, local = start.replace(tzinfo=UTC, second=0, microsecond=0), ZoneInfo(zone)
    hour = hour.replace(second=0, microsecond=0)
    due = due_at(ReminderRule(Reminding.ON_THE_DAY, at=f"{hour:%H:%M}"), start, zone)
    there = due.astimezone(local)
    asked = datetime.combine(start.astimezone(local).date(), hour)
    is_left_out = asked.replace(tzinfo=local).astimezone(UTC).astimezone(local).replace(tzinfo=None) != asked
    assert there.replace(tzinfo=None) == asked or is_left_out, "unless the clocks jump over it"
    assert abs(start - due) <= HORIZON, "the sweep looks far enough"


@given(day=st.dates(date(2026, 1, 1), date(2030, 1, 1)), zone=st.sampled_from(ZONES))
def test_the_first_of_whole_days_is_within_the_sweep_s_reach(day: date, zone: str) -> None:
    local = ZoneInfo(zone)
    first, second = (datetime.combine(d, time(), tzinfo=local) for d in (day, day + timedelta(days=1)))
    assert second.astimezone(UTC) - first.astimezone(UTC) <= ALL_DAY
