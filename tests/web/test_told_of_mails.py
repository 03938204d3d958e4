"""What the page of a confirmed time says about mails: nothing but what went, or is going to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.storage import upsert
from chouseiapo.tables import sent_mails
from chouseiapo.web.guest.told import told
from chouseiapo.worker import Worker
from projections.outbox import mails_of
from tests.product import BY, NOW, YAMADA, Office, at, offer
from tests.web.api import Api, StandingClock

SHORTLY = "確定のお知らせを、まもなくメールでお送りします。"
SENT = "確定のお知らせを、お客様と田中 一郎にメールでお送りしました。"
LINK = "参加URLは、まもなくメールでお届けします。"
REMINDER = "11月25日(水) 07:00に、リマインドもメールでお送りします。"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mail server, at which nobody listens: what was sent, each test notes by itself."""
    return replace(settings, smtp_url="smtp://127.0.0.1:9")


@pytest.fixture
def office(settings: Settings) -> Iterator[Speaking]:
    with closing(build(settings, StandingClock())) as services:
        yield Speaking(services)


class Speaking(Office):
    """An office whose page can be asked what it says."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.services = services

    def confirm(self, appointment: Appointment, now: datetime = NOW) -> Appointment:
        return self.app.confirm(appointment.id, "c1", YAMADA, BY, now)

    def says(self, appointment: Appointment, now: datetime = NOW, locale: str = "ja") -> list[str]:
        Worker(self.services).read()
        standing = self.app.appointment(appointment.id)
        name = self.app.member(standing.organizer).name
        return list(told(self.services, standing, name, "Asia/Tokyo", locale, now))

    def leave(self, appointment: Appointment, outcome: str, *recipients: str) -> None:
        """Note what became of the confirmations."""
        fate = {"message_id": "", "sent_at": NOW, "given_up_at": None, "outcome": outcome}
        asked = mails_of(self.app.stream(appointment.id))
        rows = [fate | {"key": m.key} for m in asked if m.recipient in recipients and m.rule != "request"]
        with self.services.rows.write() as connection:
            upsert(connection, sent_mails, rows)


def test_a_confirmation_is_said_to_be_sent_when_it_was(office: Speaking) -> None:
    appointment = office.confirm(office.propose())
    assert office.says(appointment) == [SHORTLY, REMINDER]
    office.leave(appointment, "sent", "guest")
    assert office.says(appointment) == ["確定のお知らせをメールでお送りしました。", REMINDER]
    office.leave(appointment, "sent", office.tanaka)
    assert office.says(appointment) == [SENT, REMINDER]
    assert office.says(appointment, locale="en") == [
        "We have e-mailed a confirmation to you and to 田中 一郎.",
        "We’ll also e-mail you a reminder on Wed, Nov 25, 07:00.",
    ]


def test_a_refused_address_is_promised_nothing(office: Speaking) -> None:
    appointment = office.confirm(office.propose())
    office.leave(appointment, "refused_550", "guest")
    assert office.says(appointment) == [REMINDER]


def test_whoever_has_no_address_is_promised_no_mail(office: Speaking) -> None:
    nobody = Guest("", "山田太郎", "")
    confirmed = office.propose(
        platform=Platform.ZOOM, delivery=Delivery.LINK, guest=nobody, direct=True, offers=(offer(25, 1),)
    )
    assert office.says(confirmed) == ["参加URLは、準備ができしだいこのページに表示します。"]


def test_while_somebody_is_asked_no_url_is_promised(office: Speaking) -> None:
    appointment = office.confirm(office.propose(platform=Platform.ZOOM))
    issued = Meeting("https://zoom.example/j/1", "1", "")
    office.app.issue_meeting(appointment.id, issued, "zoom-x-1", BY, NOW)
    office.app.note_meeting_gone(appointment.id, 1, NOW)
    assert "参加方法は、担当者からあらためてお知らせします。" in office.says(appointment)


def test_no_reminder_is_promised_where_none_is_due(office: Speaking) -> None:
    early = office.confirm(office.propose(offers=(offer(24, 21),)))
    assert office.says(early) == [SHORTLY]
    late = office.propose()
    seven = at(24, 22)
    assert office.says(office.confirm(late, seven), seven) == [SHORTLY]


def test_a_reminder_is_no_longer_promised_once_its_hour_has_come(office: Speaking) -> None:
    appointment = office.confirm(office.propose())
    assert REMINDER in office.says(appointment, at(24, 22) - timedelta(seconds=1))
    assert REMINDER not in office.says(appointment, at(24, 22))


def test_of_many_reminders_the_first_are_named(office: Speaking) -> None:
    weekly = Recurrence(Frequency.WEEKLY, count=4)
    office.propose()
    series = office.propose(direct=True, recurrence=weekly, offers=(offer(25, 1),))
    named, others = office.says(series)[-2:]
    assert named.startswith("11月25日(水) 07:00、12月2日(水) 07:00、12月9日(水) 07:00に、")
    assert others == "その後の分も、同じようにお送りします。"


def test_a_link_that_somebody_has_to_issue_follows_later(office: Speaking) -> None:
    office.app.choose_meeting_options(ORGANIZATION, MeetingOptions(automatic=False), BY, NOW)
    appointment = office.confirm(office.propose(platform=Platform.ZOOM))
    assert "参加URLは、後ほどメールでお届けします。" in office.says(appointment)


def test_a_link_that_follows_is_announced_and_comes_with_the_confirmation(office: Speaking) -> None:
    appointment = office.confirm(office.propose(platform=Platform.ZOOM))
    assert office.says(appointment) == [LINK, REMINDER]
    office.app.issue_meeting(appointment.id, Meeting("https://zoom.example/j/1"), "h", BY, NOW)
    assert office.says(appointment) == [SHORTLY, REMINDER]


def test_without_a_mail_server_no_mail_is_promised(settings: Settings) -> None:
    with closing(build(replace(settings, smtp_url=""), StandingClock())) as services:
        office = Speaking(services)
        appointment = office.confirm(office.propose(platform=Platform.ZOOM))
        assert office.says(appointment) == ["参加URLは、準備ができしだいこのページに表示します。"]
        assert office.says(office.confirm(office.propose(offers=(offer(27, 1),)))) == []


def test_the_page_says_it(api: Api) -> None:
    made = api.tanaka.propose()
    api.guest.confirm(made, "c1")
    page = api.http.get(f"/g/{made['guest_url'].rpartition('/')[2]}").get_data(as_text=True)
    assert SHORTLY in page
    assert REMINDER in page
