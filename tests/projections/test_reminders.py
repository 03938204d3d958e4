"""Exactly one reminder per recipient, rule and start: before, at, after 07:00, late, moved, cancelled."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from freezegun import freeze_time
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.clock import utc_now
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from chouseiapo.mail_facts import Rule
from chouseiapo.tables import mails
from chouseiapo.worker import Worker
from projections.outbox import Mail
from projections.reminders import Decision
from tests.product import BY, NOW, YAMADA, Office, at, offer

# 07:00 in Tokyo on the 25th is 22:00 UTC on the 24th; the appointment starts at 10:00 in Tokyo.
SEVEN = at(24, 22)


@pytest.fixture
def confirmed(office: Office, services: Services) -> Appointment:
    appointment = office.propose()
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    return appointment


def reminders(services: Services) -> list[Mail]:
    """Reminder rows in the outbox."""
    with services.rows.read() as connection:
        found = connection.execute(select(mails).where(mails.c.rule == Rule.REMINDER).order_by(mails.c.key))
        return [Mail(*(getattr(row, f) for f in Mail.__struct_fields__)) for row in found]


def sweep_as_now(services: Services) -> list[Decision]:
    """Sweep at what the (frozen) clock of this process says."""
    return list(services.reminders.decide(utc_now()))


def test_not_a_second_before_seven(confirmed: Appointment, services: Services) -> None:
    with freeze_time(SEVEN - timedelta(seconds=1)):
        assert sweep_as_now(services) == []
    assert reminders(services) == []


def test_at_seven_each_recipient_has_one(confirmed: Appointment, services: Services, office: Office) -> None:
    with freeze_time(SEVEN):
        assert {d.recipient for d in sweep_as_now(services) if d.sent} == {
            "guest",
            office.tanaka,
            office.suzuki,
        }
    assert [m.created_at for m in reminders(services)] == [SEVEN] * 3


def test_a_worker_that_starts_late_catches_up_until_the_start(
    confirmed: Appointment, services: Services
) -> None:
    with freeze_time(at(25, 0, 59)):
        sweep_as_now(services)
    assert len(reminders(services)) == 3


def test_after_the_start_it_is_too_late(confirmed: Appointment, services: Services) -> None:
    with freeze_time(at(25, 1)):
        assert sweep_as_now(services) == []
    assert reminders(services) == []


def test_sweeping_every_minute_makes_no_second_one(confirmed: Appointment, services: Services) -> None:
    for minute in range(5):
        with freeze_time(SEVEN + timedelta(minutes=minute)):
            sweep_as_now(services)
    assert len(reminders(services)) == 3


def test_two_sweeps_at_the_same_moment_make_one(confirmed: Appointment, services: Services) -> None:
    sweeps = [threading.Thread(target=services.reminders.sweep, args=(SEVEN,)) for _ in range(4)]
    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()
    assert len(reminders(services)) == 3


def test_who_confirms_after_seven_was_just_told(office: Office, services: Services) -> None:
    appointment = office.propose()
    office.app.confirm(appointment.id, "c1", YAMADA, BY, SEVEN + timedelta(minutes=1))
    Worker(services).read()
    decisions = services.reminders.decide(SEVEN + timedelta(minutes=2))
    assert {d.why for d in decisions} == {"told after it was due"}
    assert reminders(services) == []


def test_who_joins_after_seven_was_just_told_the_others_are_reminded(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    people = [office.tanaka, office.suzuki, office.sato]
    office.app.revise(confirmed.id, Edit(), BY, SEVEN + timedelta(minutes=1), attendees=people)
    Worker(services).read()
    decisions = {d.recipient: d.why for d in services.reminders.decide(SEVEN + timedelta(minutes=2))}
    assert decisions.pop(office.sato) == "told after it was due"
    assert decisions == dict.fromkeys(("guest", office.tanaka, office.suzuki), "due")


def test_who_left_and_came_back_after_seven_was_just_told(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    for minutes, people in ((-9, [office.tanaka]), (1, [office.tanaka, office.suzuki])):
        office.app.revise(confirmed.id, Edit(), BY, SEVEN + timedelta(minutes=minutes), attendees=people)
    Worker(services).read()
    services.reminders.sweep(SEVEN + timedelta(minutes=2))
    assert {m.recipient for m in reminders(services)} == {"guest", office.tanaka}


def test_while_the_confirmation_waits_for_its_meeting_nobody_is_reminded(
    office: Office, services: Services
) -> None:
    """It is going to be told within a minute: reminding first would say less."""
    appointment = office.propose(platform=Platform.ZOOM)
    office.app.confirm(appointment.id, "c1", YAMADA, BY, SEVEN - timedelta(seconds=10))
    Worker(services).read()
    assert {d.why for d in services.reminders.decide(SEVEN)} == {"not told yet that the time is fixed"}
    zoom = Meeting("https://zoom.example/j/1")
    office.app.issue_meeting(appointment.id, zoom, "h", BY, SEVEN + timedelta(seconds=10))
    Worker(services).read()
    assert not [d for d in services.reminders.decide(SEVEN + timedelta(minutes=1)) if d.sent]


def test_removed_between_the_sweep_and_the_sending_it_does_not_go(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.revise(confirmed.id, Edit(), BY, SEVEN, attendees=[office.tanaka])
    why_not = {m.recipient: services.reminders.still_due(m, SEVEN) for m in reminders(services)}
    assert why_not == {"guest": "", office.tanaka: "", office.suzuki: "removed"}


def test_what_is_to_come_is_known_beforehand(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    def coming(id: str, now: datetime) -> list[datetime]:
        return services.reminders.coming(id, "guest", now)

    assert coming(confirmed.id, NOW) == [SEVEN]
    assert coming(confirmed.id, SEVEN) == []
    early = office.propose(offers=(offer(24, 21, hours=1),))
    assert coming(early.id, NOW) == [], "nothing is fixed"
    office.app.confirm(early.id, "c1", YAMADA, BY, NOW)
    assert coming(early.id, NOW) == [], "it starts before the hour"
    assert services.reminders.coming(confirmed.id, office.sato, NOW) == []


def test_cancelled_at_a_minute_to_seven_none_is_made(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    office.app.cancel(confirmed.id, "", BY, SEVEN - timedelta(minutes=1))
    Worker(services).read()
    assert services.reminders.sweep(SEVEN) == 0


def test_cancelled_between_the_sweep_and_the_sending_it_does_not_go(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.cancel(confirmed.id, "", BY, SEVEN)
    assert {services.reminders.still_due(m, SEVEN) for m in reminders(services)} == {"cancelled"}


def test_it_does_not_go_once_the_appointment_has_started(confirmed: Appointment, services: Services) -> None:
    services.reminders.sweep(SEVEN)
    assert {services.reminders.still_due(m, at(25, 1)) for m in reminders(services)} == {"started"}


def test_a_meeting_at_half_past_six_has_none(office: Office, services: Services) -> None:
    early = office.propose(offers=(offer(24, 21, hours=1),))
    office.app.confirm(early.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    decided = services.reminders.decide(at(24, 20))
    assert {d.why for d in decided} == {"starts before the hour of the reminder"}
    assert reminders(services) == []


def test_a_meeting_at_seven_sharp_has_none(office: Office, services: Services) -> None:
    sharp = office.propose(offers=(offer(24, 22),))
    office.app.confirm(sharp.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    assert not [d for d in services.reminders.decide(SEVEN) if d.sent]
    services.reminders.sweep(SEVEN)
    assert reminders(services) == []


def test_an_edited_note_makes_no_second_one(
    confirmed: Appointment, office: Office, services: Services
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.revise(confirmed.id, Edit(note="資料を持参"), BY, SEVEN)
    Worker(services).read()
    services.reminders.sweep(SEVEN + timedelta(minutes=1))
    assert len(reminders(services)) == 3


def test_a_key_of_another_start_is_another_reminder(confirmed: Appointment, services: Services) -> None:
    """A moved appointment gets a new one: the start is part of the key."""
    services.reminders.sweep(SEVEN)
    [mail, *_] = reminders(services)
    moved = Mail(
        mail.key.replace("20261125T0100Z", "20261126T0200Z"),
        mail.appointment,
        mail.recipient,
        Rule.REMINDER,
        2,
        SEVEN,
    )
    assert services.reminders.still_due(moved, SEVEN) == "moved"


@pytest.mark.parametrize(
    ("zone", "start", "due"),
    [
        # New York sets its clocks back on 1 November 2026: 07:00 is 11:00 UTC before, 12:00 UTC after.
        ("America/New_York", datetime(2026, 10, 31, 14, tzinfo=UTC), datetime(2026, 10, 31, 11, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 14, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)),
        # Berlin a week before that.
        ("Europe/Berlin", datetime(2026, 10, 24, 9, tzinfo=UTC), datetime(2026, 10, 24, 5, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 9, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        # A start on the 25th in Tokyo is still the 24th in Honolulu.
        ("Pacific/Honolulu", datetime(2026, 11, 25, 4, tzinfo=UTC), datetime(2026, 11, 24, 17, tzinfo=UTC)),
    ],
)
def test_the_hour_is_local_to_each_recipient(
    office: Office, services: Services, zone: str, start: datetime, due: datetime
) -> None:
    before = start - timedelta(days=20)
    slot = offer(25, 1)
    appointment = office.propose(
        before, offers=(type(slot)(start, start + timedelta(hours=1)),), attendees=(office.tanaka,)
    )
    office.app.confirm(appointment.id, "c1", YAMADA, BY, before, time_zone=zone)
    Worker(services).read()
    services.reminders.sweep(due - timedelta(seconds=1))
    assert "guest" not in {m.recipient for m in reminders(services)}
    services.reminders.sweep(due)
    assert "guest" in {m.recipient for m in reminders(services)}


def test_a_guest_without_an_address_is_passed_over(office: Office, services: Services) -> None:
    nowhere = Guest("ABC", "山田太郎")
    office.propose(direct=True, delivery=Delivery.LINK, guest=nowhere, offers=(offer(25, 1),))
    Worker(services).read()
    services.reminders.sweep(SEVEN)
    assert {m.recipient for m in reminders(services)} == {office.tanaka, office.suzuki}


def test_a_dry_run_writes_nothing(confirmed: Appointment, services: Services) -> None:
    assert len(list(services.reminders.decide(SEVEN, dry_run=True))) == 3
    assert reminders(services) == []


def test_the_alarm_rings_at_seven_in_every_zone_in_use(confirmed: Appointment, services: Services) -> None:
    assert services.reminders.zones(SEVEN) == {"Asia/Tokyo"}
    worker = Worker(services)
    alarm = worker._alarm
    assert {job.id for job in alarm.get_jobs()} >= {"sweep", "zones"}
    assert services.settings.reminder_at == time(7)
