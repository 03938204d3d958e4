"""Mails rendered beforehand: they leave as they are while all that they tell stands, and never otherwise."""

from __future__ import annotations

import zlib
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.domain.slots import Offer
from chouseiapo.ledger import Task
from chouseiapo.tables import keys, rendered_mails
from chouseiapo.worker import Worker
from projections.due_mails import due_mails
from projections.mail_log import latest_mails
from projections.outbox import Mail, lane_of
from projections.rendered import EVERY, RenderAhead
from tests.product import BY, NOW, YAMADA, Office, at, offer
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
        readable = [part for first in range(20) if (part := unpacked(row.sealed[first:]))]
        assert readable == []


def unpacked(packed: bytes) -> bytes:
    """What it holds, if it is only compressed."""
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return b""


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


def test_what_has_changed_since_the_list_was_made_is_in_what_is_rendered(
    office: Office, services: Services, post: Post, confirmed: Appointment
) -> None:
    [coming] = services.reminders.due_mails(SEVEN)
    office.app.revise(confirmed.id, Edit(title="新しい件名"), BY, NOW)
    rendering(services).render(coming, SEVEN)
    services.reminders.sweep(SEVEN)
    send_due(services, post, SEVEN)
    assert ["新しい件名" in plain_text(mail) for mail in post.taken] == [True] * 3


def test_nothing_is_rendered_for_whom_an_old_list_names_in_vain(
    office: Office, services: Services, post: Post, confirmed: Appointment
) -> None:
    """Cancelled, or no longer taking part, after the reminder was put into the outbox."""
    other = office.propose(offers=(offer(25, 3),))
    office.app.confirm(other.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    [coming] = services.reminders.due_mails(SEVEN)
    services.reminders.sweep(SEVEN)
    office.app.cancel(confirmed.id, "", BY, SEVEN)
    office.app.revise(other.id, Edit(), BY, SEVEN, attendees=[office.tanaka])
    rendering(services).render(coming, SEVEN)
    assert [row.key.rpartition("/")[2] for row in kept(services)] == ["guest", office.tanaka]
    for turn in range(3):  # others that were asked for before go first
        send_due(services, post, SEVEN + turn * timedelta(seconds=2))
    assert sum("リマインド" in mail["Subject"] for mail in post.taken) == 2


def test_one_that_shows_another_version_than_its_row_is_rendered_when_it_leaves(
    office: Office, services: Services, post: Post, confirmed: Appointment, composed: list[str]
) -> None:
    [coming] = services.reminders.due_mails(SEVEN)
    services.reminders.sweep(SEVEN)
    office.app.revise(confirmed.id, Edit(title="新しい件名"), BY, SEVEN)
    rendering(services).render(coming, SEVEN)
    send_due(services, post, SEVEN)
    reminders = [m for m in latest_mails(services.rows) if m.mail.rule == "reminder"]
    shown = {bytes(services.composer.compose(each.mail, SEVEN)) for each in reminders}
    assert set(post.contents[-3:]) == shown


def test_one_that_says_tomorrow_does_not_leave_on_the_day(
    office: Office, services: Services, post: Post, confirmed: Appointment
) -> None:
    """The server was down from its hour until the next morning."""
    office.app.choose_reminders((ReminderRule(Reminding.BEFORE, minutes=600),), BY, NOW)
    midnight = at(24, 15)  # in Tokyo
    RenderAhead(services.reminders, rendering(services)).settle(TURN, midnight - timedelta(minutes=20))
    assert {row.good_until for row in kept(services)} == {at(24, 16)}
    office.app.choose_locality(office.suzuki, "", "America/New_York", BY, NOW)
    RenderAhead(services.reminders, rendering(services)).settle(TURN, midnight - timedelta(minutes=10))
    services.reminders.sweep(at(24, 16))
    send_due(services, post, at(24, 23))
    assert ["本日" in mail["Subject"] for mail in post.taken] == [True] * 3


def test_those_of_a_whole_day_leave_as_they_are(
    office: Office, services: Services, post: Post, composed: list[str]
) -> None:
    office.propose(direct=True, offers=(Offer(at(24, 15), at(25, 15), all_day=True),))
    Worker(services).read()
    send_due(services, post, SOON)
    RenderAhead(services.reminders, rendering(services)).settle(TURN, SEVEN - timedelta(minutes=30))
    services.reminders.sweep(SEVEN)
    composed.clear()
    assert (send_due(services, post, SEVEN), composed) == (3, [])


def test_what_cannot_be_read_any_more_is_rendered_when_it_leaves(
    services: Services, post: Post, rendered: int, composed: list[str]
) -> None:
    first, second, _ = kept(services)
    sealed = services.keyring.seal(first.appointment, b"from another release")
    with services.rows.write() as connection:
        change = rendered_mails.update()
        connection.execute(change.where(rendered_mails.c.key == first.key).values(sealed=sealed))
        connection.execute(change.where(rendered_mails.c.key == second.key).values(basis="{}"))
    services.reminders.sweep(SEVEN)
    send_due(services, post, SEVEN)
    assert (len(post.taken), len(composed)) == (3, 2)


def test_a_key_that_cannot_be_opened_holds_up_its_own_mails_alone(
    office: Office, services: Services, post: Post, confirmed: Appointment
) -> None:
    made = [office.propose(offers=(offer(25, 2 + n),)) for n in range(8)]
    for each in made:
        office.app.confirm(each.id, "c1", YAMADA, BY, NOW)
    Worker(services).read()
    RenderAhead(services.reminders, rendering(services)).settle(TURN, SEVEN - timedelta(minutes=30))
    services.reminders.sweep(SEVEN)
    with services.rows.write() as connection:
        damaged = keys.update().where(keys.c.subject == confirmed.id)
        connection.execute(damaged.values(sealed="of another SECRET_KEY"))
    services.keyring._known_until = 0.0
    for turn in range(3):
        send_due(services, post, SEVEN + turn * timedelta(minutes=1))
    reminded = [mail for mail in post.taken if "リマインド" in mail["Subject"]]
    assert len(reminded) == 3 * len(made)


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
