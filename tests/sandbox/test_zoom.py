"""Zoom's meetings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth2Session

from chouseiapo.sandbox import Sandbox
from chouseiapo.sandbox.times import utc_now
from tests.sandbox.clients import ZoomMailbox
from tests.sandbox.conftest import Turn


def fields(answer: requests.Response) -> set[str]:
    """Those that a validation error names."""
    assert answer.json()["code"] == 300
    return {each["field"] for each in answer.json()["errors"]}


def test_a_meeting_has_all_that_a_mail_needs(zoom: ZoomMailbox) -> None:
    answer = zoom.create(agenda="議題", settings={"waiting_room": True})
    made = answer.json()
    assert answer.status_code == 201
    assert made["join_url"].endswith(f"/j/{made['id']}?pwd={made['password']}")
    assert (made["start_time"], made["duration"], made["host_email"]) == (
        "2026-11-25T01:00:00Z",
        60,
        zoom.email,
    )
    assert (made["settings"]["waiting_room"], made["settings"]["email_notification"]) == (True, True)
    assert zoom.ask("GET", f"/meetings/{made['id']}").json()["agenda"] == "議題"


def test_what_the_sandbox_shows_of_a_meeting_has_no_start_url(zoom: ZoomMailbox) -> None:
    made = zoom.create().json()
    state = zoom.http.get(f"{zoom.sandbox.url}/state.json", timeout=10)
    assert [each for each in state.json()["meetings"] if each["host"] == zoom.email] == [
        {
            "id": made["id"],
            "host": zoom.email,
            "topic": "打ち合わせ",
            "start": "2026-11-25T01:00:00+00:00",
            "duration": 60,
            "join_url": made["join_url"],
            "passcode": made["password"],
            "type": 2,
            "agenda": "",
            "settings": made["settings"],
        }
    ]
    assert "zak=" in made["start_url"]
    assert "zak=" not in state.text


def test_a_local_start_is_read_in_its_zone(zoom: ZoomMailbox) -> None:
    local = zoom.create(start_time="2026-11-25T10:00:00", timezone="Asia/Tokyo").json()
    elsewhere = zoom.create(start_time="2026-11-25T10:00:00", timezone="America/New_York").json()
    assert (local["start_time"], elsewhere["start_time"]) == ("2026-11-25T01:00:00Z", "2026-11-25T15:00:00Z")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"topic": "長" * 201}, {"topic"}),
        ({"agenda": "長" * 2001, "duration": 0}, {"agenda", "duration"}),
        ({"duration": 1441}, {"duration"}),
        ({"duration": "60"}, {"duration"}),
        ({"password": "12345678901"}, {"password"}),
        ({"password": "パスコード"}, {"password"}),
        ({"start_time": "2026-11-25T10:00:00+09:00"}, {"start_time"}),
        ({"start_time": "2026-13-25T10:00:00Z"}, {"start_time"}),
        ({"type": 4}, {"type"}),
        ({"timezone": "Tokyo Standard Time"}, {"timezone"}),
        ({"title": "a typo of ours"}, {"title"}),
        ({"settings": []}, {"settings"}),
        ({"settings": {"waiting_room": "yes"}}, {"settings.waiting_room"}),
        ({"settings": {"approval_type": 3}}, {"settings.approval_type"}),
        (
            {"settings": {"auto_recording": "disk", "waitingroom": True}},
            {"settings.auto_recording", "settings.waitingroom"},
        ),
        ({"settings": {"alternative_hosts": ["a@example.com"]}}, {"settings.alternative_hosts"}),
        ({"settings": {"waiting_room_options": []}}, {"settings.waiting_room_options"}),
        ({"tracking_fields": [{"name": "x"}]}, {"tracking_fields"}),
        ({"default_password": 1}, {"default_password"}),
    ],
)
def test_all_wrong_fields_are_named(zoom: ZoomMailbox, wrong: dict[str, Any], named: set[str]) -> None:
    answer = zoom.create(**wrong)
    assert (answer.status_code, fields(answer)) == (400, named)


def test_a_passcode_is_made_up_unless_one_is_given_or_none_is_wanted(zoom: ZoomMailbox) -> None:
    assert len(zoom.create().json()["password"]) == 6
    assert zoom.create(password="A-1").json()["password"] == "A-1"
    bare = zoom.create(default_password=False).json()
    assert (bare["password"], "pwd" in bare["join_url"]) == ("", False)


def test_a_change_keeps_the_meeting_and_what_it_does_not_name(zoom: ZoomMailbox) -> None:
    made = zoom.create(settings={"waiting_room": True}).json()
    change = {"start_time": "2026-11-26T01:00:00Z", "settings": {"mute_upon_entry": True}, "password": "new1"}
    answer = zoom.ask("PATCH", f"/meetings/{made['id']}", change)
    assert (answer.status_code, answer.text) == (204, "")
    now = zoom.ask("GET", f"/meetings/{made['id']}").json()
    assert (now["id"], now["topic"], now["start_time"]) == (made["id"], made["topic"], "2026-11-26T01:00:00Z")
    assert (now["settings"]["waiting_room"], now["settings"]["mute_upon_entry"]) == (True, True)
    assert now["join_url"].endswith("pwd=new1")


def test_a_start_in_the_past_is_ignored_without_a_word(zoom: ZoomMailbox) -> None:
    made = zoom.create().json()
    assert (
        zoom.ask("PATCH", f"/meetings/{made['id']}", {"start_time": "2020-01-01T00:00:00Z"}).status_code
        == 204
    )
    assert zoom.ask("GET", f"/meetings/{made['id']}").json()["start_time"] == made["start_time"]


def test_a_deleted_or_foreign_meeting_does_not_exist(sandbox: Sandbox, zoom: ZoomMailbox) -> None:
    made = zoom.create().json()
    path = f"/meetings/{made['id']}"
    other = ZoomMailbox(sandbox, "tanaka@example.com")
    assert other.ask("GET", path).json()["code"] == 3001
    other.close()
    assert zoom.ask("DELETE", path, params={"schedule_for_reminder": "false"}).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"topic": "x"}), ("DELETE", None)):
        answer = zoom.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, 3001)
    assert zoom.ask("GET", "/meetings/none").status_code == 404


def test_meetings_are_listed_page_by_page_with_their_agenda_cut(zoom: ZoomMailbox) -> None:
    ids = [
        zoom.create(agenda="議" * 300, start_time=f"2099-11-2{n}T01:00:00Z").json()["id"] for n in range(3)
    ]
    parameters = {"type": "upcoming", "page_size": "2"}
    first = zoom.ask("GET", "/users/me/meetings", params=parameters).json()
    token = {"next_page_token": first["next_page_token"]}
    second = zoom.ask("GET", f"/users/{zoom.email}/meetings", params=parameters | token).json()
    assert [each["id"] for each in first["meetings"] + second["meetings"]] == ids
    assert (len(first["meetings"][0]["agenda"]), second["next_page_token"]) == (250, "")


def test_kinds_of_lists(zoom: ZoomMailbox) -> None:
    zoom.create(start_time="2099-11-25T01:00:00Z")
    zoom.create(start_time="2020-11-25T01:00:00Z")

    def count(**parameters: str) -> int:
        return int(zoom.ask("GET", "/users/me/meetings", params=parameters).json()["total_records"])

    counts = {kind: count(type=kind) for kind in ("scheduled", "live", "upcoming", "previous_meetings")}
    assert counts == {"scheduled": 2, "live": 0, "upcoming": 1, "previous_meetings": 1}
    assert count(**{"from": "2099-01-01", "to": "2099-12-31"}) == 1


@pytest.mark.parametrize(
    "parameters",
    [{"type": "all"}, {"page_size": "301"}, {"page_size": "x"}, {"next_page_token": "x"}, {"from": "x"}],
)
def test_a_list_with_a_wrong_parameter_is_refused(zoom: ZoomMailbox, parameters: dict[str, str]) -> None:
    assert zoom.ask("GET", "/users/me/meetings", params=parameters).status_code == 400


def test_a_list_may_lag_behind_the_creates(zoom: ZoomMailbox, turn: Turn) -> None:
    turn(zoom_list_lag_s=5)
    id = zoom.create().json()["id"]
    assert zoom.ask("GET", "/users/me/meetings").json()["meetings"] == []
    assert zoom.ask("GET", f"/meetings/{id}").status_code == 200
    turn(zoom_list_lag_s=0)
    assert len(zoom.ask("GET", "/users/me/meetings").json()["meetings"]) == 1


def test_creates_and_changes_have_a_daily_limit(zoom: ZoomMailbox, turn: Turn) -> None:
    turn(zoom_daily_limit=2)
    id = zoom.create().json()["id"]
    assert zoom.ask("PATCH", f"/meetings/{id}", {"topic": "別"}).status_code == 204
    answer = zoom.create()
    assert (answer.status_code, answer.json()["code"]) == (429, 429)
    assert answer.headers["Retry-After"].endswith("T00:00:00Z")
    assert zoom.ask("DELETE", f"/meetings/{id}").status_code == 204


def test_who_am_i_and_what_does_the_account_ask_of_meetings(zoom: ZoomMailbox) -> None:
    me = zoom.ask("GET", "/users/me").json()
    assert (me["email"], me["type"]) == (zoom.email, 2)
    assert zoom.ask("GET", f"/users/{me['id']}").json()["id"] == me["id"]
    settings = zoom.ask("GET", "/users/me/settings").json()
    assert settings["schedule_meeting"]["meeting_password_requirement"]["length"] == 0
    security = zoom.ask("GET", "/users/me/settings", params={"option": "meeting_security"}).json()
    assert "meeting_password_requirement" in security["meeting_security"]


def test_another_user_does_not_exist_for_this_token(zoom: ZoomMailbox) -> None:
    answer = zoom.ask("POST", "/users/suzuki@example.com/meetings", {"topic": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, 1001)


def test_other_paths_are_not_found_in_zooms_way(zoom: ZoomMailbox) -> None:
    for answer in (
        zoom.ask("GET", "/accounts"),
        zoom.http.get(f"{zoom.sandbox.url}/zoom/v3/users", timeout=10),
    ):
        assert answer.status_code == 404
        assert {"code", "message"} <= set(answer.json())


def test_a_missing_scope_is_named(sandbox: Sandbox, zoom: ZoomMailbox) -> None:
    zoom.refresh_token = sandbox.grant("zoom", zoom.email, ["meeting:read:meeting"])
    zoom.sign_in()
    answer = zoom.create()
    assert (answer.status_code, answer.json()["code"]) == (400, 4711)
    assert "meeting:write:meeting" in answer.json()["message"]


def test_a_refresh_token_is_good_once(sandbox: Sandbox, zoom: ZoomMailbox) -> None:
    first = sandbox.grant("zoom", zoom.email)
    answer = zoom.refresh(first).json()
    again = zoom.refresh(first)
    assert (again.status_code, again.json()) == (400, {"reason": "Invalid Token!", "error": "invalid_grant"})
    assert zoom.refresh(answer["refresh_token"]).status_code == 200


def test_a_new_consent_voids_the_older_tokens(sandbox: Sandbox, zoom: ZoomMailbox) -> None:
    older = sandbox.grant("zoom", zoom.email)
    newer = sandbox.grant("zoom", zoom.email)
    assert zoom.refresh(older).status_code == 400
    assert zoom.refresh(newer).status_code == 200


def test_requests_oauthlib_refreshes_and_gets_the_whole_list_of_scopes(
    sandbox: Sandbox, zoom: ZoomMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    before = sandbox.grant("zoom", zoom.email)
    with OAuth2Session(zoom.env["ZOOM_CLIENT_ID"], token={"refresh_token": before}) as client:
        client.trust_env = False
        token = client.refresh_token(
            zoom.env["ZOOM_OAUTH_ROOT"] + "/token",
            auth=(zoom.env["ZOOM_CLIENT_ID"], zoom.env["ZOOM_CLIENT_SECRET"]),
        )
        assert token["refresh_token"] != before
        assert "meeting:write:meeting" in token["scope"]
        assert client.get(zoom.env["ZOOM_API_ROOT"] + "/users/me", timeout=10).json()["email"] == zoom.email


def test_a_wrong_client_is_refused(zoom: ZoomMailbox) -> None:
    answer = zoom.http.post(
        zoom.env["ZOOM_OAUTH_ROOT"] + "/token",
        data={"grant_type": "refresh_token", "refresh_token": zoom.refresh_token},
        auth=("somebody", "else"),
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_start_url_is_another_one_each_time_and_leads_in_as_the_host(zoom: ZoomMailbox) -> None:
    made = zoom.create().json()
    again = zoom.ask("GET", f"/meetings/{made['id']}").json()
    assert made["start_url"] != again["start_url"]
    for url in (made["start_url"], again["start_url"]):
        page = zoom.http.get(url, headers={"Accept-Language": "ja"}, timeout=10)
        assert (page.status_code, "ホストとして開始" in page.text) == (200, True)
    other = zoom.create().json()
    stolen = again["start_url"].replace(str(made["id"]), str(other["id"]))
    for url in (stolen, again["start_url"] + "0", again["start_url"].partition("?")[0]):
        assert zoom.http.get(url, timeout=10).status_code == 403


def test_a_start_url_is_good_for_two_hours(zoom: ZoomMailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    url, world = zoom.create().json()["start_url"], zoom.sandbox.world
    for hours, status in ((1.99, 200), (2.01, 403)):
        with monkeypatch.context() as later:
            later.setattr(world, "now", lambda hours=hours: utc_now() + timedelta(hours=hours))
            assert zoom.http.get(url, timeout=10).status_code == status


def test_a_join_url_says_what_awaits_a_guest(zoom: ZoomMailbox) -> None:
    waiting = zoom.create(settings={"waiting_room": True}).json()["join_url"]
    assert "待機室" in zoom.http.get(waiting, params={"lang": "ja"}, timeout=10).text
    registered = zoom.create(settings={"approval_type": 0}).json()
    for url in (registered["join_url"], registered["registration_url"]):
        page = zoom.http.get(url, params={"lang": "ja"}, timeout=10)
        assert (page.status_code, "事前登録" in page.text) == (403, True)


def test_a_hundred_creates_and_changes_a_day_are_the_rule() -> None:
    with Sandbox() as sandbox:
        zoom = ZoomMailbox(sandbox, "tanaka@example.com")
        id = zoom.create().json()["id"]
        statuses = [zoom.ask("PATCH", f"/meetings/{id}", {"topic": str(n)}).status_code for n in range(99)]
        assert set(statuses) == {204}
        answer = zoom.ask("PATCH", f"/meetings/{id}", {"topic": "x"})
        assert (answer.status_code, "(100)" in answer.json()["message"]) == (429, True)
        assert zoom.ask("GET", f"/meetings/{id}").json()["topic"] == "98"
        other = ZoomMailbox(sandbox, "suzuki@example.com")
        assert other.create().status_code == 201
        for each in (zoom, other):
            each.close()
