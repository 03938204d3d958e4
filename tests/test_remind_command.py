"""`chouseiapo remind` as an operator runs it, and what doctor says of reminders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chouseiapo.domain.ids import new_id
from chouseiapo.domain.proposal import Platform, Proposal
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.domain.slots import Offer
from tests.product import BY, YAMADA
from tests.terminal import Operator

# Told four days before it begins, at 10:00 in Tokyo.
TOLD = datetime(2026, 11, 20, tzinfo=UTC)
START = datetime(2026, 11, 25, 1, tzinfo=UTC)
SEVEN = "2026-11-25T07:00:00+09:00"


@pytest.fixture
def appointment(operator: Operator) -> str:
    return confirm(operator, START, TOLD)


def confirm(operator: Operator, start: datetime, told: datetime) -> str:
    """A confirmed appointment of one member and a guest."""
    services = operator.services()
    try:
        app = services.coordination
        tanaka = app.register_member("tanaka@example.com", "田中 一郎", BY, told).id
        offers = (Offer(start, start + timedelta(hours=1)),)
        proposal = Proposal(
            attendees=(tanaka,), organizer=tanaka, offers=offers, guest=YAMADA, platform=Platform.NONE
        )
        made = app.propose(new_id("appointment"), proposal, tanaka, BY, told)
        app.confirm(made.id, "c1", YAMADA, BY, told)
        app.choose_reminders(
            (
                ReminderRule(Reminding.ON_THE_DAY, at="07:00"),
                ReminderRule(Reminding.BEFORE, minutes=24 * 60),
            ),
            BY,
            told,
        )
        return made.id
    finally:
        services.close()


def remind(operator: Operator, *more: str, now: str = SEVEN) -> list[tuple[Any, ...]]:
    rows = operator.lines("remind", "--now", now, *more)
    assert all(
        {*row} - {"sent", "skipped"} == {"appointment", "recipient", "rule", "due", "why"} for row in rows
    )
    return [
        (row["rule"], row["recipient"][:6], "sent" if "sent" in row else "skipped", row["why"])
        for row in rows
    ]


def test_it_tells_what_it_would_do_and_then_does_it_once(operator: Operator, appointment: str) -> None:
    due = [
        each
        for who in ("guest", "member")
        for each in (
            ("reminder-1440", who, "skipped", "the next one is due by now"),
            ("reminder", who, "sent", "due"),
        )
    ]
    assert remind(operator, "--dry-run") == due
    assert remind(operator, "--dry-run") == due, "a dry run writes nothing"
    assert remind(operator) == due
    assert remind(operator) == [(*row[:2], "skipped", "already in the outbox") for row in due]


def test_each_row_names_appointment_and_moment(operator: Operator, appointment: str) -> None:
    [row, *_] = operator.lines("remind", "--now", "2026-11-24T10:00:00+09:00", "--dry-run")
    assert row == {
        "appointment": appointment,
        "recipient": "guest",
        "rule": "reminder-1440",
        "due": "2026-11-24T01:00:00Z",
        "sent": True,
        "why": "due",
    }


def test_nobody_is_reminded_before_the_moment_or_after_the_start(
    operator: Operator, appointment: str
) -> None:
    for now in ("2026-11-24T09:59:59+09:00", "2026-11-25T10:00:00+09:00"):
        assert remind(operator, now=now) == []


def test_a_time_that_is_none_is_refused(operator: Operator) -> None:
    for now in ("2026-11-25T07:00:00", "tomorrow"):
        assert operator.run("remind", "--now", now).returncode == 2


def test_doctor_tells_the_rules_what_is_next_and_what_is_overdue(operator: Operator) -> None:
    now = datetime.now(UTC)
    next_hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    confirm(operator, next_hour + timedelta(days=10), now - timedelta(days=3))
    operator.lines("worker", "--once")
    told = operator.run("doctor").stdout
    assert "ok   reminders: 1440 min before, on the day at 07:00; next " in told
    operator.lines("remind")
    assert "overdue" not in told


def test_doctor_says_that_reminders_are_overdue(operator: Operator) -> None:
    now = datetime.now(UTC)
    next_hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    confirm(operator, next_hour + timedelta(hours=2), now - timedelta(days=3))
    operator.lines("rebuild", "offers")
    operator.lines("rebuild", "appointments")
    told = operator.run("doctor")
    assert "BAD  reminders: " in told.stdout
    assert "chouseiapo worker" in told.stdout
    operator.lines("worker", "--once")
    assert "BAD  reminders" not in operator.run("doctor").stdout
