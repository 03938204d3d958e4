"""Mails about accounts: who is told once that one is broken or empty, and when nobody needs to hear it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Answer, Appointment
from chouseiapo.domain.links import Provider
from chouseiapo.domain.member import Role
from chouseiapo.domain.slots import Slot
from chouseiapo.worker import Worker
from projections.mail_log import Logged, latest_mails
from projections.outbox import Outbox
from projections.rebuild import rebuild
from tests.product import BY, NOW, YAMADA, Office, at
from tests.projections.post import Post, send_due

LATER = NOW + timedelta(hours=1)


class Outgoing:
    """The outbox, to be sent when a test says so."""

    def __init__(self, office: Office, services: Services) -> None:
        self.office, self.services, self.app = office, services, office.app
        self.post = Post()

    def asked(self, *rules: str) -> list[Logged]:
        Worker(self.services).read()
        found = [logged for logged in latest_mails(self.services.rows) if logged.mail.rule in rules]
        return sorted(found, key=lambda logged: logged.mail.key)

    def send(self, *rules: str, at: datetime = LATER) -> list[tuple[str, str]]:
        """What leaves now, or why not: recipient and outcome."""
        self.asked(*rules)
        send_due(self.services, self.post, at)
        return [(logged.mail.recipient, logged.outcome) for logged in self.asked(*rules)]


@pytest.fixture
def outgoing(office: Office, services: Services) -> Outgoing:
    return Outgoing(office, services)


@pytest.fixture
def link(office: Office) -> str:
    account = "tanaka@example.com"
    return office.app.link_account(office.tanaka, Provider.GOOGLE, "1", account, BY, NOW)


@pytest.fixture
def rooms_link(office: Office) -> str:
    return office.app.link_account(office.room, Provider.GOOGLE, "2", "rooms@example.com", BY, NOW)


def boss(office: Office, name: str) -> str:
    email = f"{name}@example.com"
    return office.app.register_member(email, name, BY, NOW, role=Role.ADMINISTRATOR).id


class TestBroken:
    def test_its_owner_is_told_once(self, outgoing: Outgoing, link: str) -> None:
        for minute in range(3):
            outgoing.app.break_link(link, "token_refused", NOW + timedelta(minutes=minute))
        assert outgoing.send("link_broken") == [(outgoing.office.tanaka, "sent")]
        [mail] = outgoing.post.taken
        assert mail["To"].addresses[0].addr_spec == "tanaka@example.com"
        assert "Googleカレンダーとの連携が切れました" in mail["Subject"]
        assert "許可が取り消された可能性があります" in outgoing.post.last
        assert "7日" not in outgoing.post.last

    def test_googles_week_of_unpublished_apps_is_named(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.break_link(link, "token_refused", NOW + timedelta(days=7))
        assert outgoing.send("link_broken", at=NOW + timedelta(days=7)) == [(outgoing.office.tanaka, "sent")]
        assert "7日" in outgoing.post.last

    def test_of_a_rooms_every_administrator_is_told(self, outgoing: Outgoing, rooms_link: str) -> None:
        bosses = {boss(outgoing.office, name) for name in ("boss", "chief")}
        outgoing.app.break_link(rooms_link, "token_refused", NOW)
        assert set(outgoing.send("link_broken")) == {(id, "sent") for id in bosses}
        assert "会議室A" in outgoing.post.taken[0]["Subject"]

    def test_what_healed_before_it_was_sent_is_not_told(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.break_link(link, "token_refused", NOW)
        outgoing.app.heal_link(link, NOW)
        assert outgoing.send("link_broken") == [(outgoing.office.tanaka, "skipped_healed")]
        assert outgoing.post.taken == []

    def test_broken_anew_it_is_told_of_the_new_break_alone(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.break_link(link, "token_refused", NOW)
        outgoing.app.heal_link(link, NOW + timedelta(minutes=1))
        outgoing.app.break_link(link, "token_refused", NOW + timedelta(minutes=2))
        assert [outcome for _, outcome in outgoing.send("link_broken")] == ["skipped_healed", "sent"]

    def test_nobody_hears_of_an_account_that_was_unlinked(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.break_link(link, "token_refused", NOW)
        outgoing.app.unlink_account(outgoing.office.tanaka, Provider.GOOGLE, BY, NOW)
        assert outgoing.send("link_broken") == [(outgoing.office.tanaka, "skipped_unlinked")]


class TestVanished:
    def test_its_owner_is_asked(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.note_vanished(link, 12, NOW)
        assert outgoing.send("vanished") == [(outgoing.office.tanaka, "sent")]
        [mail] = outgoing.post.taken
        assert "12件" in mail["Subject"]
        assert f"/calendars/{link}/vanished" in outgoing.post.last

    def test_what_was_answered_before_is_not_asked(self, outgoing: Outgoing, link: str) -> None:
        outgoing.app.note_vanished(link, 12, NOW)
        outgoing.app.answer_vanished(link, True, BY, NOW)
        assert outgoing.send("vanished") == [(outgoing.office.tanaka, "skipped_answered")]


class TestRebuilding:
    def test_asks_for_no_mail_that_was_not_asked_for_then(
        self, outgoing: Outgoing, link: str, rooms_link: str
    ) -> None:
        boss(outgoing.office, "boss")
        outgoing.app.break_link(link, "token_refused", NOW)
        outgoing.app.break_link(rooms_link, "token_refused", NOW)
        outgoing.asked()
        late = LATER + timedelta(days=1)
        outgoing.app.register_member("late@example.com", "後任", BY, late, role=Role.ADMINISTRATOR)
        outgoing.asked()
        assert rebuild(outgoing.app, outgoing.services.rows, Outbox(outgoing.app)).changes == []


class TestQuestions:
    @pytest.fixture
    def asked(self, outgoing: Outgoing) -> Appointment:
        """Suzuki has moved a confirmed time on her calendar."""
        app, office = outgoing.app, outgoing.office
        made = office.propose(attendees=(office.sato, office.suzuki), organizer=office.sato)
        app.confirm(made.id, "c1", YAMADA, BY, NOW)
        self.move(outgoing, made.id, 5)
        return app.follow_deviation(made.id, office.suzuki, "c1", Slot(at(26, 5), at(26, 6)), NOW)

    def move(self, outgoing: Outgoing, id: str, hour: int) -> Appointment:
        to = Slot(at(26, hour), at(26, hour + 1))
        return outgoing.app.note_deviation(
            id, outgoing.office.suzuki, "c1", to, NOW + timedelta(minutes=hour)
        )

    def test_organizer_and_author_are_asked(self, outgoing: Outgoing, asked: Appointment) -> None:
        office = outgoing.office
        assert set(outgoing.send("question")) == {(office.sato, "sent"), (office.tanaka, "sent")}
        assert "鈴木 花子さんのカレンダーで" in outgoing.post.last

    def test_what_was_answered_or_put_back_is_not_asked(self, outgoing: Outgoing, asked: Appointment) -> None:
        suzuki = outgoing.office.suzuki
        outgoing.app.answer_question(asked.id, suzuki, "c1", Answer.KEEP, BY, NOW)
        assert {outcome for _, outcome in outgoing.send("question")} == {"skipped_answered"}

    def test_what_has_ended_is_not_asked(self, outgoing: Outgoing, asked: Appointment) -> None:
        outgoing.app.cancel(asked.id, "", BY, NOW)
        assert {outcome for _, outcome in outgoing.send("question")} == {"skipped_ended"}

    def test_moved_again_before_it_was_sent_only_the_last_place_is_asked_about(
        self, outgoing: Outgoing, asked: Appointment
    ) -> None:
        self.move(outgoing, asked.id, 7)
        outcomes = [outcome for _, outcome in outgoing.send("question")]
        assert sorted(outcomes) == ["sent", "sent", "skipped_answered", "skipped_answered"]
        assert "16:00" in outgoing.post.last
