"""Who hears what of a meeting: the first brings the confirmation, what changes is told to everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.member import Role
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Slot
from chouseiapo.mail import LinkRule
from chouseiapo.worker import Worker
from projections.mail_log import latest_mails
from projections.outbox import Mail, mails_of
from tests.product import BY, NOW, YAMADA, Office, at, offer

ISSUED = Meeting("https://zoom.example/j/1", "81234567890", "p1")
OWN_WAY = msgspec.structs.replace(ISSUED, guest_url="https://zoom.example/w/1?tk=mine")


class Story:
    """One appointment, and the mails that each thing that happens asks for."""

    def __init__(self, office: Office, services: Services, **changes: Any) -> None:
        self.office, self.app, self.services = office, office.app, services
        self.id = office.propose(**({"platform": Platform.ZOOM} | changes)).id
        self._told = len(self._mails())

    def _mails(self) -> list[Mail]:
        return mails_of(self.app.stream(self.id))

    def new(self) -> list[Mail]:
        mails = self._mails()
        new, self._told = mails[self._told :], len(mails)
        return new

    def told(self) -> set[tuple[str, str]]:
        return {(mail.rule, self._who(mail.recipient)) for mail in self.new()}

    def everybody(self, rule: str) -> set[tuple[str, str]]:
        return {(rule, who) for who in ("guest", "tanaka", "suzuki")}

    def _who(self, id: str) -> str:
        named = {self.office.tanaka: "tanaka", self.office.suzuki: "suzuki", self.office.sato: "sato"}
        return named.get(id, id)

    def confirm(self) -> Appointment:
        return self.app.confirm(self.id, "c1", YAMADA, BY, NOW)

    def issue(self, meeting: Meeting = ISSUED, generation: int = 1) -> None:
        host = self.office.zoom[self.office.tanaka]
        self.app.issue_meeting(self.id, meeting, host, BY, NOW, generation=generation)

    def text(self, mail: Mail) -> str:
        part = self.services.composer.compose(mail, NOW).get_body(("plain",))
        return str(part.get_content()) if part else ""

    def texts(self) -> dict[str, str]:
        """By recipient, what the new mails say."""
        return {self._who(mail.recipient): self.text(mail) for mail in self.new()}


@pytest.fixture
def story(office: Office, services: Services) -> Story:
    return Story(office, services)


def test_the_confirmation_waits_for_the_meeting_and_brings_it(story: Story) -> None:
    story.confirm()
    assert story.told() == set()
    story.issue()
    assert story.told() == story.everybody("confirmation")


def test_after_a_while_it_goes_without_and_another_mail_follows(story: Story) -> None:
    story.confirm()
    story.app.delay_meeting(story.id, NOW)
    assert story.told() == story.everybody("confirmation_pending")
    story.issue()
    assert story.told() == story.everybody("meeting_url")


def test_by_hand_it_goes_at_once_and_another_mail_follows(office: Office, services: Services) -> None:
    story = Story(office, services, meeting_options=MeetingOptions(automatic=False))
    story.confirm()
    new = story.new()
    assert {mail.rule for mail in new} == {"confirmation_pending"}
    told = {mail.recipient: "手動で発行する設定です" in story.text(mail) for mail in new}
    assert told == {"guest": False, office.tanaka: True, office.suzuki: True}, "nobody else issues it"
    story.app.request_meeting(story.id, BY, NOW)
    assert story.told() == set()
    story.issue()
    assert story.told() == story.everybody("meeting_url")


def test_another_way_in_is_told_to_everybody(story: Story) -> None:
    story.confirm()
    story.issue()
    story.told()
    story.issue(msgspec.structs.replace(ISSUED, passcode="n3w"))
    assert story.told() == story.everybody("meeting_changed")
    story.app.request_meeting(story.id, BY, NOW)
    assert story.told() == set(), "the one before stands until the new one is there"
    story.issue(msgspec.structs.replace(ISSUED, meeting_id="82222222222"), generation=2)
    texts = story.texts()
    assert set(texts) == {"guest", "tanaka", "suzuki"}
    assert all("822 2222 2222" in text for text in texts.values())


def test_a_withdrawn_one_is_told_to_everybody_and_the_next_one_too(story: Story) -> None:
    story.confirm()
    story.issue()
    story.told()
    host = story.office.zoom[story.office.tanaka]
    story.app.withdraw_meeting(story.id, host, BY, NOW)
    assert story.told() == story.everybody("meeting_withdrawn")
    story.issue(generation=2)
    assert story.told() == story.everybody("meeting_changed")


def test_one_that_somebody_deleted_is_a_question_to_organizer_and_author(
    office: Office, services: Services
) -> None:
    story = Story(office, services, organizer=office.suzuki)
    story.confirm()
    story.issue()
    story.told()
    story.app.note_meeting_gone(story.id, 1, NOW)
    new = story.new()
    assert {(m.rule, m.recipient) for m in new} == {
        ("meeting_vanished", office.suzuki),
        ("meeting_vanished", office.tanaka),
    }
    assert {services.composer.why_pointless(mail, NOW) for mail in new} == {""}
    story.app.forgo_meeting(story.id, BY, NOW)
    texts = story.texts()
    assert set(texts) == {"guest", "tanaka", "suzuki"}, "they hold a URL that leads nowhere"
    assert not [text for text in texts.values() if ISSUED.join_url in text]
    assert "担当者からご連絡いたします" in texts["guest"]
    assert {services.composer.why_pointless(mail, NOW) for mail in new} == {"answered"}


def test_who_joins_hears_that_the_url_follows_as_long_as_it_does(story: Story, office: Office) -> None:
    people = (office.tanaka, office.suzuki, office.sato)
    story.confirm()
    story.app.revise(story.id, Edit(), BY, NOW, attendees=people)
    assert story.told() == set(), "the confirmation is still to come, for all of them"
    story.app.delay_meeting(story.id, NOW)
    story.told()
    story.app.revise(story.id, Edit(), BY, NOW, attendees=people[:2])
    story.told()
    story.app.revise(story.id, Edit(), BY, NOW, attendees=people)
    assert story.told() == {("confirmation_pending", "sato")}
    story.issue()
    story.told()
    story.app.revise(story.id, Edit(), BY, NOW, attendees=people[:2])
    story.told()
    story.app.revise(story.id, Edit(), BY, NOW, attendees=people)
    assert story.told() == {("confirmation", "sato")}


def test_another_time_is_told_with_the_one_before(story: Story) -> None:
    story.confirm()
    story.issue()
    story.told()
    story.app.move(story.id, Slot(at(27, 3), at(27, 4)), BY, NOW)
    texts = story.texts()
    assert set(texts) == {"guest", "tanaka", "suzuki"}
    for text in texts.values():
        assert "11月27日(金) 12:00" in text
        assert "11月25日(水) 10:00" in text


def test_one_of_several_that_is_called_off_is_told_to_everybody(office: Office, services: Services) -> None:
    weekly = Recurrence(Frequency.WEEKLY, 3)
    story = Story(
        office, services, direct=True, recurrence=weekly, platform=Platform.NONE, offers=(offer(25, 1),)
    )
    second = story.app.appointment(story.id).occurrences[1]
    story.app.cancel_occurrence(story.id, second.id, "祝日のため", BY, NOW)
    new = story.new()
    assert {mail.rule for mail in new} == {"occurrence_cancelled"}
    assert len(new) == 3
    assert "12月2日" in story.text(new[0])


def test_a_direct_one_asks_nobody_to_choose(office: Office, services: Services) -> None:
    story = Story(office, services, direct=True, offers=(offer(25, 1),))
    assert [mail for mail in mails_of(story.app.stream(story.id)) if mail.rule == "request"] == []


def test_a_message_goes_to_the_guest_with_a_copy_to_the_others(story: Story, office: Office) -> None:
    by_suzuki = Meta(actor=office.suzuki)
    story.app.send_message(story.id, "図面について", "2部お持ちください。", by_suzuki, NOW)
    texts = story.texts()
    assert set(texts) == {"guest", "tanaka"}, "who wrote it has it"
    assert all("2部お持ちください。" in text for text in texts.values())
    assert "鈴木 花子さんが、" in texts["tanaka"]


def test_the_guest_s_own_way_in_is_the_guest_s_alone(story: Story) -> None:
    story.confirm()
    story.issue(OWN_WAY)
    texts = story.texts()
    assert OWN_WAY.guest_url in texts["guest"]
    assert OWN_WAY.join_url not in texts["guest"]
    assert OWN_WAY.join_url in texts["tanaka"]
    assert "tk=mine" not in texts["tanaka"]


def test_whoever_hosts_is_told_where_to_start(story: Story) -> None:
    story.confirm()
    story.issue()
    told = {who: f"/appointments/{story.id}/start" in text for who, text in story.texts().items()}
    assert told == {"guest": False, "tanaka": True, "suzuki": False}


def test_the_organizer_starts_what_the_organization_hosts(office: Office, services: Services) -> None:
    story = Story(office, services, organizer=office.suzuki)
    for member in (office.tanaka, office.suzuki):
        office.app.unlink_account(member, Provider.ZOOM, BY, NOW, Leaving.KEEP)
    host = office.app.link_account(ORGANIZATION, Provider.ZOOM, "u1", "host@example.com", BY, NOW)
    story.confirm()
    story.app.issue_meeting(story.id, ISSUED, host, BY, NOW)
    told = {who: f"/appointments/{story.id}/start" in text for who, text in story.texts().items()}
    assert told == {"guest": False, "tanaka": False, "suzuki": True}


class TestAccountsThatEnded:
    def told(self, services: Services) -> list[tuple[str, str, str]]:
        """Rule, recipient and text of what accounts have given rise to."""
        Worker(services).read()
        rules = (LinkRule.LINK_MOVED, LinkRule.DEAUTHORIZED)
        found = [logged.mail for logged in latest_mails(services.rows) if logged.mail.rule in rules]
        return [(mail.rule, mail.recipient, self.text(services, mail)) for mail in found]

    def text(self, services: Services, mail: Mail) -> str:
        part = services.composer.compose(mail, NOW).get_body(("plain",))
        return str(part.get_content()) if part else ""

    def test_who_loses_an_account_to_another_is_told(self, office: Office, services: Services) -> None:
        account = "tanaka@example.com"
        office.app.link_account(office.sato, Provider.ZOOM, account, account, BY, NOW)
        [(rule, recipient, text)] = self.told(services)
        assert (rule, recipient) == ("link_moved", office.tanaka)
        assert f"{account}）が、ほかの方の調整アポと連携されました" in text
        assert "/settings" in text

    def test_nobody_is_told_of_what_they_did_themselves(self, office: Office, services: Services) -> None:
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.REMOVE)
        office.app.link_account(office.suzuki, Provider.ZOOM, "another", "another", BY, NOW)
        assert self.told(services) == []

    def test_who_got_it_back_meanwhile_needs_no_mail(self, office: Office, services: Services) -> None:
        account = "tanaka@example.com"
        office.app.link_account(office.sato, Provider.ZOOM, account, account, BY, NOW)
        Worker(services).read()
        office.app.link_account(
            office.tanaka, Provider.ZOOM, account, account, BY, NOW + timedelta(seconds=1)
        )
        Worker(services).read()
        found = [logged.mail for logged in latest_mails(services.rows) if logged.mail.rule == "link_moved"]
        pointless = {mail.recipient: services.composer.why_pointless(mail, NOW) for mail in found}
        assert pointless == {office.tanaka: "healed", office.sato: ""}

    def test_administrators_hear_of_the_organization_s_hosts(
        self, office: Office, services: Services
    ) -> None:
        boss = office.app.register_member("boss@example.com", "社長", BY, NOW, role=Role.ADMINISTRATOR).id
        office.app.link_account(ORGANIZATION, Provider.ZOOM, "u1", "host@example.com", BY, NOW)
        office.app.link_account(office.sato, Provider.ZOOM, "u1", "host@example.com", BY, NOW)
        [(rule, recipient, text)] = self.told(services)
        assert (rule, recipient) == ("link_moved", boss)
        assert "会社のホストだったZoomのアカウント（host@example.com）" in text
        assert "/settings/organization" in text

    def test_whose_account_became_a_host_is_told_that(self, office: Office, services: Services) -> None:
        account = "tanaka@example.com"
        office.app.link_account(ORGANIZATION, Provider.ZOOM, account, account, BY, NOW)
        [(rule, recipient, text)] = self.told(services)
        assert (rule, recipient) == ("link_moved", office.tanaka)
        assert f"{account}）が会社のホストになったため" in text

    def test_administrators_hear_of_a_broken_host(self, office: Office, services: Services) -> None:
        boss = office.app.register_member("boss@example.com", "社長", BY, NOW, role=Role.ADMINISTRATOR).id
        host = office.app.link_account(ORGANIZATION, Provider.ZOOM, "u1", "host@example.com", BY, NOW)
        office.app.break_link(host, "account_not_found", NOW)
        Worker(services).read()
        [mail] = [logged.mail for logged in latest_mails(services.rows) if logged.mail.rule == "link_broken"]
        assert mail.recipient == boss
        assert "host@example.com" in self.text(services, mail)
        assert "/settings/organization" in self.text(services, mail)
