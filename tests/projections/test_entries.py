"""How entries on calendars are worded: in the owner's language, else in the organization's."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from chouseiapo.application import Coordination
from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.ports import Entry
from tests.product import BY, NOW, YAMADA, Office, offer


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, base_url="https://appo.example")


def smith(app: Coordination) -> str:
    """A member who reads English."""
    return app.register_member("smith@example.com", "Ann Smith", BY, NOW, locale="en").id


def entries(services: Services, appointment: Appointment) -> dict[str, Entry]:
    """The entry of the first candidate on each owner's calendar."""
    standing = services.coordination.appointment(appointment.id)
    wanted = services.entry_writer.wanted(standing)
    return {w.owner: w.entry for w in wanted if w.entry.candidate == "c1"}


def test_each_owner_reads_the_hold_in_their_own_language(office: Office, services: Services) -> None:
    ann = smith(office.app)
    appointment = office.propose(attendees=(office.tanaka, ann), offers=(offer(25, 1, room=office.room),))
    found = entries(services, appointment)
    for owner in (office.tanaka, office.room):
        assert found[owner].title == "【仮】ABC株式会社:山田太郎 様"
        assert found[owner].body.startswith("日程調整中の仮予定です。\n")
        assert "\nお客様: ABC株式会社 山田太郎 様\nメール: yamada@example.net\n" in found[owner].body
    assert found[ann].title == "[Hold] ABC株式会社: 山田太郎"
    assert found[ann].body.startswith("A tentative entry: the time is still to be chosen.\n")
    assert "\nGuest: 山田太郎 (ABC株式会社)\nE-mail: yamada@example.net\n" in found[ann].body


def test_the_confirmed_entry_says_how_to_join_in_the_owners_language(
    office: Office, services: Services
) -> None:
    ann = smith(office.app)
    appointment = office.propose(
        attendees=(office.tanaka, ann), platform=Platform.ZOOM, title="導入のご相談", note="見積もり"
    )
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    zoom = Meeting("https://zoom.example/j/1", "123", "7K2mQx")
    office.app.issue_meeting(appointment.id, zoom, "h", BY, NOW)
    found = entries(services, appointment)
    assert found[office.tanaka].body == "\n".join(
        (
            "お客様: ABC株式会社 山田太郎 様",
            "メール: yamada@example.net",
            "参加URL: https://zoom.example/j/1",
            "ミーティングID: 123",
            "パスコード: 7K2mQx",
            "",
            "社内メモ:",
            "見積もり",
            "",
            f"https://appo.example/appointments/{appointment.id}",
        )
    )
    assert found[office.tanaka].title == found[ann].title == "導入のご相談"
    assert "Join URL: https://zoom.example/j/1\nMeeting ID: 123\nPasscode: 7K2mQx\n" in found[ann].body
    assert "Internal note:\n見積もり\n" in found[ann].body


def test_without_a_language_of_their_own_the_organizations_counts(settings: Settings) -> None:
    with closing(build(replace(settings, locale="en"))) as services:
        titles = {entry.title for entry in entries(services, Office(services).propose()).values()}
    assert titles == {"[Hold] ABC株式会社: 山田太郎"}
