"""A series as any calendar expands it: the times that were registered, whatever the clocks do meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from chouseiapo.domain.recurrence import Frequency, Recurrence, check_recurrence, occurring
from chouseiapo.domain.slots import Offer
from chouseiapo.invitation import Invitation
from chouseiapo.mail import repeating
from tests.mail import libical

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ZONES = st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@st.composite
def series(draw: st.DrawFn) -> tuple[str, list[Offer], Recurrence, set[int]]:
    """A zone, every time, how it repeats, and which of them were called off. Clocks change at night: hours
    that a day may lack are left to the tests of recurrence."""
    zone = draw(ZONES)
    day = date(2026, 12, 1) + timedelta(days=draw(st.integers(0, 700)))
    all_day = draw(st.booleans())
    start = datetime.combine(day, time(0 if all_day else draw(st.integers(4, 22))), ZoneInfo(zone))
    length = timedelta(days=draw(st.integers(1, 3))) if all_day else timedelta(minutes=30)
    how = Recurrence(draw(st.sampled_from(Frequency)), draw(st.integers(2, 20)), draw(st.integers(1, 3)))
    if list(check_recurrence(how, day)):
        how = Recurrence(Frequency.WEEKLY, how.count)
    every = occurring(Offer(start, start + length, None, all_day), how, zone)
    gone = draw(st.sets(st.integers(0, len(every) - 1), max_size=len(every) - 1))
    return zone, every, how, gone


def written(zone: str, every: list[Offer], how: Recurrence, gone: set[int]) -> bytes:
    return Invitation(
        method="REQUEST",
        uid="appointment-1@example.com",
        sequence=1,
        start=every[0].start.astimezone(UTC),
        end=every[0].end.astimezone(UTC),
        time_zone=zone,
        summary="定例会",
        description="",
        location="",
        organizer=("田中 一郎", "no-reply@example.com"),
        attendee=("山田太郎", "yamada@example.net"),
        all_day=every[0].all_day,
        rule=repeating(how),
        last=every[-1].start.astimezone(UTC),
        exdates=[every[n].start.astimezone(UTC) for n in sorted(gone)],
    ).render(NOW)


@settings(max_examples=60, deadline=None)
@given(series())
def test_a_calendar_has_the_times_that_stand_and_no_other(
    told: tuple[str, list[Offer], Recurrence, set[int]],
) -> None:
    zone, every, _how, gone = told
    content = written(*told)
    calendar: Any = Calendar.from_ical(content)
    shown = recurring_ical_events.of(calendar).between(date(2026, 11, 1), date(2040, 1, 1))
    found = sorted((edge(e["DTSTART"].dt), edge(e["DTEND"].dt)) for e in shown)
    stand = [offer for n, offer in enumerate(every) if n not in gone]
    local = ZoneInfo(zone)
    if every[0].all_day:
        wanted = [tuple(at.astimezone(local).date().isoformat() for at in (o.start, o.end)) for o in stand]
    else:
        wanted = [tuple(at.astimezone(UTC).isoformat() for at in (o.start, o.end)) for o in stand]
    assert found == sorted(wanted)


@settings(max_examples=20, deadline=None)
@given(series())
def test_libical_finds_nothing_to_complain_about(
    told: tuple[str, list[Offer], Recurrence, set[int]],
) -> None:
    assert libical.complaints(written(*told)) == []


def edge(at: date) -> str:
    """A date as it is, a time as an instant."""
    return at.astimezone(UTC).isoformat() if isinstance(at, datetime) else at.isoformat()
