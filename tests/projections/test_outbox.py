"""Who is told of a change of the people: which mails the events ask for, in which order, with what beside."""

from __future__ import annotations

from typing import Any

import pytest
from icalendar import Calendar

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Platform
from projections.outbox import Mail, mails_of
from tests.product import BY, NOW, YAMADA, Office


@pytest.fixture
def confirmed(office: Office) -> Appointment:
    return office.app.confirm(office.propose().id, "c1", YAMADA, BY, NOW)


def take_part(office: Office, appointment: Appointment, *people: str) -> list[tuple[str, str]]:
    """Change who takes part; answers the mails that this asks for: rule and recipient."""
    before = len(asked_for(office, appointment))
    office.app.revise(appointment.id, Edit(), BY, NOW, attendees=people)
    return [(mail.rule, mail.recipient) for mail in asked_for(office, appointment)[before:]]


def asked_for(office: Office, appointment: Appointment) -> list[Mail]:
    return mails_of(office.app.stream(appointment.id))


def event_in(services: Services, mail: Mail) -> Any:
    """The event that a mail brings, with the method of its calendar as METHOD; None without one."""
    parts = services.composer.compose(mail, NOW).walk()
    found = [part.get_content() for part in parts if part.get_content_type() == "text/calendar"]
    if not found:
        return None
    calendar = Calendar.from_ical(found[0])
    [event] = calendar.walk("VEVENT")
    return dict(event) | {"METHOD": str(calendar["METHOD"])}


def test_who_is_removed_from_a_confirmed_one_is_told_and_nobody_else(
    office: Office, confirmed: Appointment
) -> None:
    assert take_part(office, confirmed, office.tanaka) == [("removed", office.suzuki)]


def test_their_event_is_cancelled_for_them_alone(
    office: Office, confirmed: Appointment, services: Services
) -> None:
    told = next(m for m in asked_for(office, confirmed) if m.recipient == office.suzuki and m.version > 1)
    take_part(office, confirmed, office.tanaka)
    removed = asked_for(office, confirmed)[-1]
    request, cancel = event_in(services, told), event_in(services, removed)
    assert (request["METHOD"], cancel["METHOD"]) == ("REQUEST", "CANCEL")
    assert cancel["UID"] == request["UID"]
    assert cancel["SEQUENCE"] > request["SEQUENCE"]
    assert cancel["ATTENDEE"] == "mailto:suzuki@example.com"
    assert "担当から外れました" in str(services.composer.compose(removed, NOW)["Subject"])


def test_who_comes_back_is_invited_again_with_a_higher_sequence(
    office: Office, confirmed: Appointment, services: Services
) -> None:
    take_part(office, confirmed, office.tanaka)
    assert take_part(office, confirmed, office.tanaka, office.suzuki) == [("confirmation", office.suzuki)]
    removed, back = asked_for(office, confirmed)[-2:]
    cancel, request = event_in(services, removed), event_in(services, back)
    assert (cancel["METHOD"], request["METHOD"]) == ("CANCEL", "REQUEST")
    assert request["SEQUENCE"] > cancel["SEQUENCE"]


def test_whose_calendar_we_write_gets_the_mail_without_an_event(
    office: Office, confirmed: Appointment, services: Services
) -> None:
    office.app.link_account(office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    take_part(office, confirmed, office.tanaka)
    assert event_in(services, asked_for(office, confirmed)[-1]) is None


def test_an_author_who_stops_attending_is_told_as_well(office: Office) -> None:
    appointment = office.propose(attendees=(office.suzuki, office.tanaka), organizer=office.suzuki)
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    assert take_part(office, appointment, office.suzuki) == [("removed", office.tanaka)]


def test_who_is_removed_while_nothing_is_fixed_needs_no_mail(office: Office) -> None:
    appointment = office.propose()
    assert take_part(office, appointment, office.tanaka) == []
    office.app.cancel(appointment.id, "", BY, NOW)
    assert office.suzuki not in {m.recipient for m in asked_for(office, appointment) if m.version > 1}


def test_who_joins_while_the_meeting_is_awaited_is_told_with_the_others(office: Office) -> None:
    appointment = office.propose(platform=Platform.ZOOM, attendees=(office.tanaka,))
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    assert take_part(office, appointment, office.tanaka, office.sato) == []
    office.app.delay_meeting(appointment.id, NOW)
    told = [(m.rule, m.recipient) for m in asked_for(office, appointment)][-3:]
    assert ("confirmation_pending", office.sato) in told


@pytest.mark.parametrize(("locale", "name"), [("ja", "田中 一郎"), ("en", "Tanaka Ichiro")])
def test_members_are_named_in_letters_that_the_guest_reads(
    office: Office, services: Services, locale: str, name: str
) -> None:
    made = office.app.confirm(office.propose().id, "c1", YAMADA, BY, NOW, locale=locale)
    told = next(m for m in asked_for(office, made) if m.recipient == "guest" and m.rule == "confirmation")
    mail = services.composer.compose(told, NOW)
    assert name in str(mail["From"])
    part = mail.get_body(("plain",))
    assert part is not None
    assert name in part.get_content()
    assert event_in(services, told)["ORGANIZER"].params["CN"].startswith(name)
