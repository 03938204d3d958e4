"""The organization's rules for reminders: what they make due, for series, whole days and every zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.domain.slots import Offer, Slot
from chouseiapo.tables import appointments, mails
from chouseiapo.worker import Worker, set_alarms
from projections.occurrences import occurrences
from projections.outbox import GUEST, Mail, told_at
from tests.product import BY, NOW, YAMADA, Office, at, offer

SEVEN = at(24, 22)
START = at(25, 1)
ON_THE_DAY = ReminderRule(Reminding.ON_THE_DAY, at="07:00")
DAY_BEFORE = ReminderRule(Reminding.BEFORE, minutes=24 * 60)
HALF_AN_HOUR = ReminderRule(Reminding.BEFORE, minutes=30)
MINUTE = timedelta(minutes=1)


def choose(services: Services, *rules: ReminderRule, now: datetime = NOW) -> None:
    services.coordination.choose_reminders(rules, BY, now)


def made(services: Services) -> list[Mail]:
    """Reminders in the outbox, in the order of their keys."""
    with services.rows.read() as connection:
        found = connection.execute(select(mails).where(mails.c.rule.like("reminder%")).order_by(mails.c.key))
        return [Mail(*(getattr(row, f) for f in Mail.__struct_fields__)) for row in found]


def why(services: Services, now: datetime) -> set[tuple[str, str]]:
    return {(d.rule, d.why) for d in services.reminders.decide(now, dry_run=True)}


def plain_text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return body.get_content() if body else ""


@pytest.fixture
def confirmed(office: Office, services: Services) -> Appointment:
    """At 10:00 in Tokyo on the 25th; told four days before."""
    appointment = office.propose()
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    return office.app.appointment(appointment.id)


@pytest.fixture
def registered(office: Office, services: Services) -> Callable[..., Appointment]:
    def register(**changes: Any) -> Appointment:
        given: dict[str, Any] = {"direct": True, "offers": (offer(25, 1),), "attendees": (office.tanaka,)}
        appointment = office.propose(**given | changes)
        Worker(services).read()
        return office.app.appointment(appointment.id)

    return register


def fates(services: Services, now: datetime) -> dict[str, str]:
    """Why the reminders in the outbox, one for each rule, should not go at that moment."""
    return {mail.rule: services.reminders.still_due(mail, now) for mail in made(services)}


class TestRules:
    def test_each_rule_has_its_moment_and_its_key(self, confirmed: Appointment, services: Services) -> None:
        choose(services, ON_THE_DAY, DAY_BEFORE, HALF_AN_HOUR)
        for moment, total in (
            (START - timedelta(days=1) - MINUTE, 0),
            (START - timedelta(days=1), 3),
            (SEVEN - MINUTE, 3),
            (SEVEN, 6),
            (START - timedelta(minutes=31), 6),
            (START - timedelta(minutes=30), 9),
        ):
            services.reminders.sweep(moment)
            assert len(made(services)) == total, moment
        stem = f"{confirmed.id}/{{}}/20261125T0100Z/guest"
        rules = ("reminder", "reminder-1440", "reminder-30")
        assert {stem.format(rule) for rule in rules} <= {m.key for m in made(services)}

    def test_without_a_rule_on_the_day_there_is_none_at_seven(
        self, confirmed: Appointment, services: Services
    ) -> None:
        choose(services, HALF_AN_HOUR)
        assert services.reminders.sweep(SEVEN) == 0
        assert services.reminders.sweep(START - MINUTE) == 3

    def test_another_hour_counts_at_once(self, confirmed: Appointment, services: Services) -> None:
        choose(services, ReminderRule(Reminding.ON_THE_DAY, at="08:15"))
        assert services.reminders.sweep(SEVEN + timedelta(minutes=74)) == 0
        assert services.reminders.sweep(SEVEN + timedelta(minutes=75)) == 3

    def test_an_hour_that_is_changed_after_the_mails_reminds_nobody_twice(
        self, confirmed: Appointment, services: Services
    ) -> None:
        services.reminders.sweep(SEVEN)
        choose(services, ReminderRule(Reminding.ON_THE_DAY, at="08:15"), now=SEVEN + MINUTE)
        assert services.reminders.sweep(START - MINUTE) == 0

    def test_who_was_told_after_the_moment_has_just_heard_it(
        self, office: Office, services: Services
    ) -> None:
        choose(services, ON_THE_DAY, DAY_BEFORE)
        late = office.propose()
        office.app.confirm(late.id, "c1", YAMADA, BY, START - timedelta(hours=23))
        Worker(services).read()
        assert why(services, SEVEN) == {("reminder-1440", "told after it was due"), ("reminder", "due")}

    def test_a_rule_does_not_remind_of_what_was_due_before_it_was_made(
        self, confirmed: Appointment, services: Services
    ) -> None:
        noon = START - timedelta(hours=20)
        choose(services, ON_THE_DAY, DAY_BEFORE, now=noon)
        assert services.reminders.sweep(noon + MINUTE) == 0
        assert why(services, noon) == {("reminder-1440", "the rule is newer than the moment it was due")}
        choose(services, DAY_BEFORE, HALF_AN_HOUR, now=noon + MINUTE)
        assert services.reminders.in_force()[0].since == noon, "it has stood since"

    def test_who_is_late_reminds_once(
        self, confirmed: Appointment, office: Office, services: Services
    ) -> None:
        """The worker was away from the day before until half past seven."""
        choose(services, ON_THE_DAY, DAY_BEFORE, HALF_AN_HOUR)
        overtaken = ("reminder-1440", "the next one is due by now")
        assert why(services, SEVEN + 30 * MINUTE) == {overtaken, ("reminder", "due")}
        services.reminders.sweep(SEVEN + 30 * MINUTE)
        assert fates(services, SEVEN + 30 * MINUTE) == {"reminder-1440": "overtaken", "reminder": ""}
        assert fates(services, START - 31 * MINUTE)["reminder"] == ""
        assert fates(services, START - 30 * MINUTE)["reminder"] == "overtaken", "where the server was away"

    def test_of_two_at_the_same_moment_one_goes(self, confirmed: Appointment, services: Services) -> None:
        choose(services, ON_THE_DAY, ReminderRule(Reminding.BEFORE, minutes=180))
        services.reminders.sweep(SEVEN)
        assert fates(services, SEVEN) == {"reminder": "overtaken", "reminder-180": ""}

    def test_one_is_not_overtaken_by_a_rule_that_came_too_late(
        self, confirmed: Appointment, services: Services
    ) -> None:
        choose(services, DAY_BEFORE)
        services.reminders.sweep(START - timedelta(days=1))
        choose(services, DAY_BEFORE, ON_THE_DAY, now=SEVEN + MINUTE)
        assert fates(services, SEVEN + 2 * MINUTE) == {"reminder-1440": ""}

    def test_a_rule_that_was_given_up_holds_back_what_has_not_left(
        self, confirmed: Appointment, services: Services
    ) -> None:
        choose(services, ON_THE_DAY, DAY_BEFORE)
        services.reminders.sweep(START - timedelta(days=1))
        choose(services, ON_THE_DAY, now=START - timedelta(days=1))
        assert {services.reminders.still_due(m, SEVEN) for m in made(services)} == {"rule_removed"}

    def test_what_is_to_come_is_listed_rule_by_rule(
        self, confirmed: Appointment, office: Office, services: Services
    ) -> None:
        choose(services, ON_THE_DAY, DAY_BEFORE, HALF_AN_HOUR)
        day_before, half_an_hour = START - timedelta(days=1), START - timedelta(minutes=30)
        coming = services.reminders.coming
        assert coming(confirmed.id, GUEST, NOW) == [day_before, SEVEN, half_an_hour]
        assert coming(confirmed.id, office.tanaka, day_before) == [SEVEN, half_an_hour]
        assert services.reminders.upcoming(NOW) == (day_before, 3)
        assert services.reminders.upcoming(day_before) == (SEVEN, 3)
        assert services.reminders.upcoming(half_an_hour) is None

    def test_of_two_at_one_moment_one_is_announced_and_counted(
        self, confirmed: Appointment, services: Services
    ) -> None:
        half_an_hour = START - timedelta(minutes=30)
        clock = f"{half_an_hour.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}"
        choose(services, ReminderRule(Reminding.ON_THE_DAY, at=clock), HALF_AN_HOUR)
        assert services.reminders.coming(confirmed.id, GUEST, NOW) == [half_an_hour]
        assert services.reminders.upcoming(NOW) == (half_an_hour, 3)

    def test_a_worker_that_was_down_catches_up_with_each_rule_until_the_start(
        self, confirmed: Appointment, services: Services
    ) -> None:
        choose(services, ON_THE_DAY, HALF_AN_HOUR)
        assert services.reminders.sweep(START - MINUTE) == 6
        assert services.reminders.sweep(START) == 0

    def test_a_clock_that_is_set_back_reminds_nobody_twice(
        self, confirmed: Appointment, services: Services
    ) -> None:
        assert [services.reminders.sweep(SEVEN + n * MINUTE) for n in (0, -60, 0, 1)] == [3, 0, 0, 0]


class TestChanges:
    def test_a_moved_appointment_is_reminded_of_at_its_new_time(
        self, confirmed: Appointment, office: Office, services: Services
    ) -> None:
        services.reminders.sweep(SEVEN)
        office.app.move(confirmed.id, Slot(at(26, 1), at(26, 2)), BY, SEVEN + MINUTE)
        Worker(services).read()
        assert {services.reminders.still_due(m, SEVEN + MINUTE) for m in made(services)} == {"moved"}
        assert services.reminders.sweep(START - MINUTE) == 0
        assert services.reminders.sweep(SEVEN + timedelta(days=1)) == 3
        assert services.reminders.coming(confirmed.id, GUEST, SEVEN + MINUTE) == [SEVEN + timedelta(days=1)]

    def test_who_was_told_of_the_move_after_the_hour_is_not_reminded_of_it(
        self, confirmed: Appointment, office: Office, services: Services
    ) -> None:
        office.app.move(confirmed.id, Slot(at(25, 3), at(25, 4)), BY, SEVEN + MINUTE)
        Worker(services).read()
        assert why(services, SEVEN + 2 * MINUTE) == {("reminder", "told after it was due")}

    def test_each_time_of_a_series_has_its_own(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        registered(recurrence=Recurrence(Frequency.WEEKLY, 3))
        for week in range(3):
            assert services.reminders.sweep(SEVEN + timedelta(weeks=week)) == 2
        assert services.reminders.sweep(SEVEN + timedelta(weeks=3)) == 0
        starts = {mail.key.split("/")[2] for mail in made(services)}
        assert starts == {"20261125T0100Z", "20261202T0100Z", "20261209T0100Z"}

    def test_each_is_of_its_own_time(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        registered(recurrence=Recurrence(Frequency.WEEKLY, 2))
        for week in range(2):
            services.reminders.sweep(SEVEN + timedelta(weeks=week))
        bodies = [services.composer.compose(mail, SEVEN).get_body(("plain",)) for mail in made(services)]
        said = [str(part.get_content()) if part else "" for part in bodies]
        assert ["12月2日(水) 10:00〜11:00" in text for text in said] == [False, False, True, True]
        assert ["11月25日(水) 10:00〜11:00" in text for text in said] == [True, True, False, False]

    def test_a_time_of_a_series_that_was_called_off_has_none(
        self, registered: Callable[..., Appointment], office: Office, services: Services
    ) -> None:
        series = registered(recurrence=Recurrence(Frequency.DAILY, 3))
        later = SEVEN + timedelta(days=1)
        services.reminders.sweep(later)
        office.app.cancel_occurrence(series.id, "c2", "", BY, later)
        Worker(services).read()
        assert [services.reminders.still_due(m, later) for m in made(services)] == ["cancelled"] * 2
        assert {d.due for d in services.reminders.decide(SEVEN + timedelta(days=2))} == {
            SEVEN + timedelta(days=2)
        }

    def test_each_mail_tells_of_its_own_time_also_after_another_was_called_off(
        self, registered: Callable[..., Appointment], office: Office, services: Services
    ) -> None:
        series = registered(recurrence=Recurrence(Frequency.DAILY, 3))
        office.app.cancel_occurrence(series.id, "c2", "", BY, SEVEN - MINUTE)
        Worker(services).read()
        for days, day in ((0, "11月25日(水)"), (2, "11月27日(金)")):
            [batch] = services.reminders.due_mails(now := SEVEN + timedelta(days=days))
            for mail in batch:
                assert day in plain_text(services.composer.compose(mail, now))
            services.reminders.sweep(now)


class TestWholeDays:
    WHOLE = Offer(at(24, 15), at(26, 15), all_day=True)

    def test_they_are_reminded_of_at_the_hour_of_their_first_day(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        registered(offers=(self.WHOLE,))
        assert services.reminders.sweep(at(24, 15)) == 0
        assert services.reminders.sweep(SEVEN) == 2
        assert {services.reminders.still_due(m, at(25, 14, 59)) for m in made(services)} == {""}
        assert {services.reminders.still_due(m, at(25, 15)) for m in made(services)} == {"started"}

    def test_they_are_counted_among_those_to_come(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        registered(offers=(self.WHOLE,))
        assert services.reminders.upcoming(NOW) == (SEVEN, 2)
        assert services.reminders.upcoming(at(24, 16)) == (SEVEN, 2), "also once their day has begun"
        assert services.reminders.upcoming(SEVEN) is None

    def test_who_catches_up_on_the_second_day_is_too_late(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        registered(offers=(self.WHOLE,))
        assert services.reminders.sweep(at(25, 15)) == 0
        assert services.reminders.sweep(at(25, 14, 59)) == 2

    def test_rules_before_the_start_count_from_midnight(
        self, registered: Callable[..., Appointment], services: Services
    ) -> None:
        choose(services, HALF_AN_HOUR)
        registered(offers=(self.WHOLE,))
        assert services.reminders.sweep(at(24, 14, 29)) == 0
        assert services.reminders.sweep(at(24, 15)) == 0
        assert services.reminders.sweep(at(24, 14, 30)) == 2

    @pytest.mark.parametrize(
        "zone", ["Pacific/Honolulu", "America/New_York", "Europe/Berlin", "Pacific/Apia"]
    )
    def test_guests_anywhere_have_one_before_that_day_is_over(
        self, registered: Callable[..., Appointment], services: Services, zone: str
    ) -> None:
        whole = registered(offers=(self.WHOLE,), time_zone=zone)
        [due] = services.reminders.coming(whole.id, GUEST, NOW)
        assert due.astimezone(ZoneInfo(zone)).time() == time(7)
        assert due < at(25, 15)


class TestSweep:
    def test_streams_are_read_only_where_something_is_missing(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for day in (25, 26):
            appointment = office.propose(offers=(offer(day, 1),))
            office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        read: list[str] = []
        streams = services.coordination.streams

        def counted(ids: Iterable[str]) -> dict[str, list[Event]]:
            asked = list(ids)
            read.extend(id for id in asked if id.startswith("appointment-"))
            return streams(asked)

        monkeypatch.setattr(services.coordination, "streams", counted)
        counts = []
        for moment in (SEVEN - MINUTE, SEVEN, SEVEN + MINUTE):
            services.reminders.sweep(moment)
            counts.append(len(read))
        assert counts == [0, 1, 1]

    def test_every_page_of_what_is_to_come_is_looked_at(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(5):
            who = office.sato if n % 2 else office.tanaka
            appointment = office.propose(offers=(offer(25, 1 + n // 2),), attendees=(who,), organizer=who)
            office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()
        monkeypatch.setattr("projections.reminders.occurrences", partial(occurrences, page=2))
        assert [len(batch) for batch in services.reminders.due_mails(SEVEN)] == [4, 4, 2]
        assert services.reminders.sweep(SEVEN) == 10
        order = [(d.due, d.appointment) for d in services.reminders.decide(SEVEN)]
        assert len(order) == 10
        assert order == [(d.due, d.appointment) for d in services.reminders.decide(SEVEN)]

    def test_an_appointment_that_cannot_be_read_keeps_no_other_from_being_reminded(
        self, office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = (office.propose(offers=(offer(25, hour),)) for hour in (1, 3))
        for each in (first, second):
            office.app.confirm(each.id, "c1", YAMADA, BY, NOW)
        Worker(services).read()

        def failing(events: Sequence[Event]) -> Any:
            if events[0].originator_id == first.id:
                raise LookupError
            return told_at(events)

        monkeypatch.setattr("projections.reminders.told_at", failing)
        assert services.reminders.sweep(SEVEN) == 3

    def test_a_guest_whose_zone_the_rows_do_not_know_yet_is_reminded_all_the_same(
        self, office: Office, services: Services
    ) -> None:
        appointment = office.propose(attendees=(office.tanaka,))
        office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW, time_zone="Pacific/Auckland")
        Worker(services).read()
        with services.rows.write() as connection:
            connection.execute(update(appointments).values(time_zone=None))
        seven_there = at(24, 18)
        assert services.reminders.sweep(seven_there - MINUTE) == 0
        assert services.reminders.sweep(seven_there) == 1

    def test_a_dry_run_tells_of_guest_and_attendees_and_writes_nothing(
        self, confirmed: Appointment, office: Office, services: Services
    ) -> None:
        rows = list(services.reminders.decide(SEVEN, dry_run=True))
        assert [d.recipient for d in rows] == [GUEST, office.tanaka, office.suzuki]
        assert made(services) == []


def test_the_alarms_follow_the_rules(confirmed: Appointment, services: Services) -> None:
    worker = Worker(services)
    alarm = worker._alarm

    def rings() -> set[str]:
        set_alarms(alarm, services, worker.sweep)
        return {job.id for job in alarm.get_jobs() if job.name.startswith("reminder-")}

    assert rings() == {"reminder-07:00 Asia/Tokyo"}
    choose(services, ReminderRule(Reminding.ON_THE_DAY, at="08:30"))
    assert rings() == {"reminder-08:30 Asia/Tokyo"}
    choose(services, DAY_BEFORE)
    assert rings() == set()
