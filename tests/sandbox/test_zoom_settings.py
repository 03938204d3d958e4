"""What a user's own settings, and an administrator's locks, make of a meeting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.clients import ZoomMailbox

Settings = Callable[..., None]


@pytest.fixture
def set_up(zoom: ZoomMailbox) -> Settings:
    """Changes the host's settings by section, or `locked`."""

    def change(locked: list[str] | None = None, **sections: Any) -> None:
        wish: dict[str, Any] = {"settings": sections}
        if locked is not None:
            wish["locked"] = locked
        url = f"{zoom.sandbox.url}/zoom-users/{zoom.email}"
        zoom.http.patch(url, json=wish, timeout=10).raise_for_status()

    return change


def required(set_up: Settings, **rules: Any) -> None:
    set_up(schedule_meeting={"meeting_password_requirement": rules})


RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"length": 8}, "1234567", "12345678"),
    ({"have_letter": True}, "123456", "12345a"),
    ({"have_number": True}, "abcdef", "abcde1"),
    ({"have_special_character": True}, "abc123", "abc12@"),
    ({"have_upper_and_lower_characters": True}, "abcdef", "abcdeF"),
    ({"only_allow_numeric": True}, "12345a", "123456"),
    ({"consecutive_characters_length": 4}, "1234", "1235"),
    ({"consecutive_characters_length": 4}, "aaaa", "aaab"),
    ({"consecutive_characters_length": 4}, "dcba", "dcbb"),
    ({"length": 6, "have_letter": True, "have_number": True}, "a1", "abc1de"),
]


@pytest.mark.parametrize(("rules", "refused", "taken"), RULES)
def test_a_passcode_has_to_follow_the_users_rules(
    zoom: ZoomMailbox, set_up: Settings, rules: dict[str, Any], refused: str, taken: str
) -> None:
    required(set_up, **rules)
    made = zoom.create(password=taken)
    assert made.status_code == 201
    one = f"/meetings/{made.json()['id']}"
    for answer in (zoom.create(password=refused), zoom.ask("PATCH", one, {"password": refused})):
        assert (answer.status_code, answer.json()["code"]) == (400, 300)
        assert [each["field"] for each in answer.json()["errors"]] == ["password"]
    assert zoom.ask("GET", one).json()["password"] == taken
    assert zoom.ask("PATCH", one, {"topic": "別"}).status_code == 204


@pytest.mark.parametrize(("rules", "refused", "taken"), RULES)
def test_a_passcode_of_zooms_making_follows_them_too(
    zoom: ZoomMailbox, set_up: Settings, rules: dict[str, Any], refused: str, taken: str
) -> None:
    required(set_up, **rules)
    made = zoom.create().json()["password"]
    assert zoom.create(password=made).status_code == 201
    assert len(made) >= max(6, rules.get("length", 0))


def test_the_rules_are_shown_in_both_answers(zoom: ZoomMailbox, set_up: Settings) -> None:
    required(set_up, length=9, have_letter=True)
    security = zoom.ask("GET", "/users/me/settings", params={"option": "meeting_security"}).json()
    for answer in (
        zoom.ask("GET", "/users/me/settings").json()["schedule_meeting"],
        security["meeting_security"],
    ):
        rules = answer["meeting_password_requirement"]
        assert (rules["length"], rules["have_letter"], rules["have_number"]) == (9, True, False)


def test_who_requires_no_passcode_gets_none(zoom: ZoomMailbox, set_up: Settings) -> None:
    set_up(schedule_meeting={"require_password_for_scheduling_new_meetings": False})
    assert zoom.create().json()["password"] == ""
    assert zoom.create(password="abc").json()["password"] == "abc"


def test_a_passcode_that_the_account_insists_on_cannot_be_left_out(
    zoom: ZoomMailbox, set_up: Settings
) -> None:
    set_up(locked=["passcode"])
    made = zoom.create(default_password=False).json()
    assert made["password"]
    answer = zoom.ask("PATCH", f"/meetings/{made['id']}", {"password": ""})
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


def test_a_passcode_can_be_taken_away_where_nobody_insists(zoom: ZoomMailbox) -> None:
    made = zoom.create().json()
    assert zoom.ask("PATCH", f"/meetings/{made['id']}", {"password": ""}).status_code == 204
    now = zoom.ask("GET", f"/meetings/{made['id']}").json()
    assert (now["password"], "pwd" in now["join_url"]) == ("", False)


def settings_of(zoom: ZoomMailbox, **wish: Any) -> dict[str, Any]:
    answer: requests.Response = zoom.create(settings=wish)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["settings"]
    return found


def test_new_meetings_are_like_the_users_settings_unless_they_say_otherwise(
    zoom: ZoomMailbox, set_up: Settings
) -> None:
    set_up(
        schedule_meeting={"host_video": True, "participants_video": True},
        in_meeting={"waiting_room": True, "meeting_summary_with_ai_companion": {"auto_enable": True}},
        recording={"auto_recording": "cloud"},
    )
    asked_nothing = settings_of(zoom)
    names = (
        "host_video", "participant_video", "waiting_room", "auto_start_meeting_summary", "auto_recording",
    )  # fmt: skip
    assert [asked_nothing[name] for name in names] == [True, True, True, True, "cloud"]
    asked = {
        "host_video": False,
        "waiting_room": False,
        "auto_start_meeting_summary": False,
        "auto_recording": "none",
    }
    made = settings_of(zoom, **asked)
    assert {name: made[name] for name in asked} == asked


@pytest.mark.parametrize("name", ["waiting_room", "join_before_host", "meeting_authentication"])
def test_what_an_administrator_has_locked_wins_without_a_word(
    zoom: ZoomMailbox, set_up: Settings, name: str
) -> None:
    own = {
        "waiting_room": {"in_meeting": {"waiting_room": True}},
        "join_before_host": {"schedule_meeting": {"join_before_host": True}},
        "meeting_authentication": {"meeting_authentication": {"meeting_authentication": True}},
    }
    set_up(**own[name])
    assert settings_of(zoom, **{name: False})[name] is False
    set_up(locked=[name])
    made = zoom.create(settings={name: False}).json()
    assert made["settings"][name] is True
    zoom.ask("PATCH", f"/meetings/{made['id']}", {"settings": {name: False}})
    assert zoom.ask("GET", f"/meetings/{made['id']}").json()["settings"][name] is True


def test_a_waiting_room_switches_join_before_host_off(zoom: ZoomMailbox) -> None:
    made = settings_of(zoom, waiting_room=True, join_before_host=True, jbh_time=5)
    assert (made["waiting_room"], made["join_before_host"]) == (True, False)
    id = zoom.create(settings={"join_before_host": True, "jbh_time": 15}).json()["id"]
    before = zoom.ask("GET", f"/meetings/{id}").json()["settings"]
    assert (before["join_before_host"], before["jbh_time"]) == (True, 15)
    zoom.ask("PATCH", f"/meetings/{id}", {"settings": {"waiting_room": True}})
    assert zoom.ask("GET", f"/meetings/{id}").json()["settings"]["join_before_host"] is False


@pytest.mark.parametrize("minutes", [-1, 1, 20, "5"])
def test_people_join_0_5_10_or_15_minutes_early(zoom: ZoomMailbox, minutes: object) -> None:
    answer = zoom.create(settings={"jbh_time": minutes})
    assert [each["field"] for each in answer.json()["errors"]] == ["settings.jbh_time"]


def test_signing_in_is_by_one_of_the_ways_that_the_settings_list(zoom: ZoomMailbox) -> None:
    listed = zoom.ask("GET", "/users/me/settings", params={"option": "meeting_authentication"}).json()
    (way,) = listed["authentication_options"]
    for wish in ({}, {"authentication_option": way["id"]}):
        made = settings_of(zoom, meeting_authentication=True, **wish)
        assert (made["authentication_option"], made["authentication_name"]) == (way["id"], way["name"])
    answer = zoom.create(settings={"meeting_authentication": True, "authentication_option": "unknown"})
    assert [each["field"] for each in answer.json()["errors"]] == ["settings.authentication_option"]


def test_a_free_host_records_nothing_in_the_cloud_and_registers_nobody(zoom: ZoomMailbox) -> None:
    zoom.sandbox.change_zoom_user(zoom.email, type=1)
    made = settings_of(zoom, auto_recording="cloud", approval_type=0)
    assert (made["auto_recording"], made["approval_type"]) == ("none", 2)


def test_all_options_of_a_meeting_are_kept_and_shown(zoom: ZoomMailbox) -> None:
    wish = {
        "approval_type": 1,
        "registration_type": 2,
        "registrants_email_notification": False,
        "email_notification": False,
        "auto_start_meeting_summary": True,
        "mute_upon_entry": True,
        "participant_video": True,
        "auto_recording": "local",
        "alternative_hosts": "a@example.com;b@example.com",
    }
    id = zoom.create(settings=wish).json()["id"]
    shown = zoom.ask("GET", f"/meetings/{id}").json()["settings"]
    assert {name: shown[name] for name in wish} == wish
    zoom.ask("PATCH", f"/meetings/{id}", {"settings": {"mute_upon_entry": False}})
    shown = zoom.ask("GET", f"/meetings/{id}").json()["settings"]
    assert {name: shown[name] for name in wish} == wish | {"mute_upon_entry": False}
