"""Mails rendered beforehand: they leave as they are while all that they tell stands, and never otherwise."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.ledger import Task
from chouseiapo.tables import rendered_mails
from chouseiapo.worker import Worker
from projections.due_mails import due_mails
from projections.mail_log import latest_mails
from projections.outbox import Mail, lane_of
from projections.rendered import EVERY, RenderAhead
from tests.product import BY, NOW, YAMADA, Office, at
from tests.projections.post import Post, rendering, send_due

SEVEN = at(24, 22)
SOON = NOW + timedelta(minutes=1)
TURN = Task("", "", "", 0, 0)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def confirmed(office: Office, services: Services, post: Post) -> Appointment:
    appointment = office.propose()
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    send_due(services, post, SOON)
    post.taken.clear()
    return appointment


@pytest.fixture
def rendered(services: Services, confirmed: Appointment) -> int:
    ahead = RenderAhead(services.reminders, rendering(services))
    ahead.settle(TURN, SEVEN - timedelta(minutes=30))
    return len(kept(services))


@pytest.fixture
def composed(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who is rendered for at the moment of sending."""
    compose, seen = services.composer.compose, []

    def counted(mail: Any, now: Any) -> Any:
        seen.append(mail.recipient)
        return compose(mail, now)

    monkeypatch.setattr(services.composer, "compose", counted)
    return seen


def test_they_leave_as_they_are(services: Services, post: Post, rendered: int, composed: list[str]) -> None:
    assert rendered == 3
    services.reminders.sweep(SEVEN)
    assert send_due(services, post, SEVEN) == 3
    assert (composed, len(post.taken)) == ([], 3)
    assert {mail["Date"].datetime for mail in post.taken} == {SEVEN}


def test_and_say_what_would_be_said_then(services: Services, post: Post, rendered: int) -> None:
    services.reminders.sweep(SEVEN)
    send_due(services, post, SEVEN)
    reminders = [m for m in latest_mails(services.rows) if m.mail.rule == "reminder"]
    then = {bytes(services.composer.compose(each.mail, SEVEN)) for each in reminders}
    assert set(post.contents[-3:]) == then


def test_nobody_can_read_them_in_the_rows(services: Services, rendered: int) -> None:
    for row in kept(services):
        assert not any(word in str(row) for word in ("山田", "yamada", "tanaka@"))


def test_one_of_a_cancelled_appointment_does_not_go(
    office: Office, services: Services, post: Post, rendered: int, confirmed: Appointment
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.cancel(confirmed.id, "", BY, SEVEN)
    send_due(services, post, SEVEN)
    assert post.taken == []
    assert {m.outcome for m in latest_mails(services.rows) if m.mail.rule == "reminder"} == {
        "skipped_cancelled"
    }


def test_what_has_changed_since_is_in_what_leaves(
    office: Office, services: Services, post: Post, rendered: int, confirmed: Appointment
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.revise(confirmed.id, Edit(title="新しい件名"), BY, SEVEN)
    send_due(services, post, SEVEN)
    assert len(post.taken) == 3
    assert all("新しい件名" in plain_text(mail) for mail in post.taken)


def test_the_page_of_a_reminder_shows_what_has_left(
    office: Office, services: Services, post: Post, rendered: int, confirmed: Appointment
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.revise(confirmed.id, Edit(title="新しい件名"), BY, SEVEN)
    send_due(services, post, SEVEN)
    office.app.revise(confirmed.id, Edit(title="もっと新しい件名"), BY, SEVEN)
    reminders = [m for m in latest_mails(services.rows) if m.mail.rule == "reminder"]
    shown = {bytes(services.composer.compose(each.mail, SEVEN)) for each in reminders}
    assert set(post.contents[-3:]) == shown


def test_a_recipient_who_now_reads_english_gets_it_in_english(
    office: Office, services: Services, post: Post, rendered: int, composed: list[str]
) -> None:
    services.reminders.sweep(SEVEN)
    office.app.choose_locality(office.suzuki, "en", "", BY, SEVEN)
    send_due(services, post, SEVEN)
    assert office.suzuki in composed
    [mail] = [mail for mail in post.taken if "suzuki" in mail["To"]]
    assert "reminder" in mail["Subject"].lower()


def test_not_once_the_appointment_has_started(services: Services, post: Post, rendered: int) -> None:
    services.reminders.sweep(SEVEN)
    send_due(services, post, at(25, 1))
    assert post.taken == []


def test_other_templates_make_another_mail(
    services: Services, post: Post, rendered: int, composed: list[str]
) -> None:
    services.reminders.sweep(SEVEN)
    services.composer.__dict__["fingerprint"] = "of other templates"
    send_due(services, post, SEVEN)
    assert len(composed) == 3


def test_what_is_rendered_is_not_rendered_again_and_goes_when_it_has_left(
    services: Services, post: Post, rendered: int
) -> None:
    before = SEVEN - timedelta(minutes=20)
    [ahead] = services.reminders.due_mails(SEVEN)
    assert (len(ahead), rendering(services).missing(ahead)) == (3, [])
    assert RenderAhead(services.reminders, rendering(services)).settle(TURN, before) == before + EVERY
    services.reminders.sweep(SEVEN)
    send_due(services, post, SEVEN)
    rendering(services).forget(SEVEN)
    assert kept(services) == []


def test_something_happened_and_they_are_forgotten(
    office: Office, services: Services, rendered: int, confirmed: Appointment
) -> None:
    office.app.cancel(confirmed.id, "", BY, SEVEN - timedelta(minutes=10))
    Worker(services).read()
    assert kept(services) == []


def test_once_the_guest_is_erased_nobody_can_open_them(
    office: Office, services: Services, rendered: int, confirmed: Appointment
) -> None:
    """Not even somebody with a copy of the row from before, and SECRET_KEY."""
    services.reminders.sweep(SEVEN)
    before = due_mails(services.rows, lane_of_reminders(confirmed), SEVEN, 10)
    assert all(rendering(services).opened(due) for due in before)
    services.erase_guest(confirmed.id, BY, cancel=True)
    assert [rendering(services).opened(due) for due in before] == [None] * 3
    Worker(services).read()
    assert kept(services) == []


def test_what_is_erased_while_it_is_rendered_is_not_kept(
    office: Office, services: Services, confirmed: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    [coming] = services.reminders.due_mails(SEVEN)

    write = services.rows.write

    def erased_before() -> Any:
        monkeypatch.setattr(services.rows, "write", write)
        services.erase_guest(confirmed.id, BY, cancel=True)
        Worker(services).read()
        return write()

    monkeypatch.setattr(services.rows, "write", erased_before)
    rendering(services).render(coming, SEVEN)
    assert kept(services) == []


def test_one_that_cannot_be_rendered_keeps_no_other_from_it(
    office: Office, services: Services, confirmed: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = type(services.composer).render

    def failing(composer: Any, mail: Any, *rest: Any) -> Any:
        if mail.recipient == "guest":
            raise RuntimeError("cannot be rendered")
        return render(composer, mail, *rest)

    monkeypatch.setattr(type(services.composer), "render", failing)
    RenderAhead(services.reminders, rendering(services)).settle(TURN, SEVEN - timedelta(minutes=30))
    assert len(kept(services)) == 2


def kept(services: Services) -> list[Any]:
    with services.rows.read() as connection:
        return list(connection.execute(select(rendered_mails)))


def lane_of_reminders(appointment: Appointment) -> str:
    return lane_of(Mail("", appointment.id, "", "reminder", 0, NOW))


def plain_text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
