"""What the simulated Zoom tells the product, how it signs it, and when it sends it again."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_schema_validator import validate

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import ZoomMailbox
from tests.sandbox.listener import Heard, Listener

LATER = "2099-11-26T01:00:00Z"


@pytest.fixture
def subscribed(sandbox: Sandbox, listener: Listener) -> Listener:
    sandbox.send_webhooks_to(listener.url, delivery="once", late_s=5, timeout_s=3, retry_s=[300, 1200, 3600])
    return listener


def options(zoom: ZoomMailbox, **wish: Any) -> None:
    zoom.http.patch(f"{zoom.sandbox.url}/zoom-webhooks", json=wish, timeout=10).raise_for_status()


def told(listener: Listener, count: int, event: str) -> Heard:
    (found,) = [each for each in listener.wait(count) if each.body["event"] == event]
    return found


def valid(contracts: Path, heard: Heard) -> None:
    schemas = json.loads((contracts / "zoom_webhooks.schemas.json").read_text(encoding="utf-8"))["schemas"]
    name = heard.body["event"]
    named = {each.partition(" ")[0]: schema for each, schema in schemas.items()}
    validate(heard.body, named[name])


def test_a_meetings_life_is_told_in_zooms_form(
    zoom: ZoomMailbox, subscribed: Listener, contracts: Path
) -> None:
    made = zoom.create(start_time=LATER).json()
    one = f"/meetings/{made['id']}"
    created = told(subscribed, 1, "meeting.created")
    zoom.ask("PATCH", one, {"topic": "別", "password": "new1"})
    updated = told(subscribed, 2, "meeting.updated")
    zoom.ask("DELETE", one)
    deleted = told(subscribed, 3, "meeting.deleted")
    zoom.sandbox.remove_zoom_app(zoom.email)
    for each in (created, updated, deleted, told(subscribed, 4, "app_deauthorized")):
        valid(contracts, each)
    assert [each.object["id"] for each in (created, updated, deleted)] == [made["id"]] * 3
    assert created.object["host_id"] == made["host_id"]
    payload = updated.body["payload"]
    fresh = made["join_url"].partition("?")[0] + "?pwd=new1"
    assert {name: updated.object[name] for name in ("topic", "password", "join_url")} == {
        "topic": "別",
        "password": "new1",
        "join_url": fresh,
    }
    assert payload["old_object"]["topic"] == made["topic"]
    assert payload["old_object"]["password"] == made["password"]
    assert "duration" not in updated.object, "only what has changed is told"


def test_a_change_of_nothing_is_not_told(zoom: ZoomMailbox, subscribed: Listener) -> None:
    made = zoom.create(start_time=LATER).json()
    zoom.ask("PATCH", f"/meetings/{made['id']}", {"topic": made["topic"]})
    zoom.ask("PATCH", f"/meetings/{made['id']}", {"start_time": "2020-01-01T00:00:00Z"})
    zoom.ask("DELETE", f"/meetings/{made['id']}")
    events = [each.body["event"] for each in subscribed.wait(2)]
    assert sorted(events) == ["meeting.created", "meeting.deleted"]


def test_webhooks_are_signed_over_their_raw_bytes(zoom: ZoomMailbox, subscribed: Listener) -> None:
    zoom.create(topic="署名 ✓")
    (heard,) = subscribed.wait(1)
    assert heard.is_signed_by(zoom.env["ZOOM_WEBHOOK_SECRET"])
    assert not heard.is_signed_by("another")
    assert abs(int(heard.headers["x-zm-request-timestamp"]) - time.time()) < 60
    assert "署名 ✓" in heard.raw.decode()
    assert subscribed.url.endswith("?x=1")


def test_another_secret_signs_from_then_on(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, secret="another")
    zoom.create()
    (heard,) = subscribed.wait(1)
    options(zoom, secret=zoom.env["ZOOM_WEBHOOK_SECRET"])
    assert heard.is_signed_by("another")


@pytest.mark.parametrize("knows", [True, False])
def test_an_endpoint_is_asked_whether_it_knows_the_secret(
    zoom: ZoomMailbox, subscribed: Listener, contracts: Path, knows: bool
) -> None:
    subscribed.secret = zoom.env["ZOOM_WEBHOOK_SECRET"] if knows else "another"
    answer = zoom.http.post(f"{zoom.sandbox.url}/zoom-webhooks/validations", timeout=10).json()
    assert answer == {"valid": knows, "status": 200}
    (heard,) = subscribed.wait(1)
    valid(contracts, heard)
    assert heard.is_signed_by(zoom.env["ZOOM_WEBHOOK_SECRET"])
    plain = heard.body["payload"]["plainToken"]
    digest = hmac.new(subscribed.secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
    assert json.loads(subscribed.answer(heard.body))["encryptedToken"] == digest


def state_of_last(zoom: ZoomMailbox, state: str) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        listed = zoom.http.get(f"{zoom.sandbox.url}/zoom-webhooks", timeout=10).json()["deliveries"]
        if listed and listed[-1]["state"] == state:
            found: dict[str, Any] = listed[-1]
            return found
        time.sleep(0.01)
    raise AssertionError(listed[-1:])


def test_what_is_not_answered_by_2xx_is_sent_again(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, retry_s=[0.05, 0.05, 0.05])
    subscribed.statuses = [500, 404, 204]
    zoom.create()
    heard = subscribed.wait(3)
    assert len({each.raw for each in heard}) == 1
    assert all(each.is_signed_by(zoom.env["ZOOM_WEBHOOK_SECRET"]) for each in heard)
    assert state_of_last(zoom, "delivered")["statuses"] == [500, 404, 204]


def test_after_the_last_attempt_it_is_given_up(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, retry_s=[0.02])
    subscribed.statuses = [503]
    zoom.create()
    assert state_of_last(zoom, "dropped")["statuses"] == [503, 503]


def test_who_answers_too_late_has_not_answered(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, timeout_s=0.1, retry_s=[])
    subscribed.delay_s = 0.4
    zoom.create()
    assert state_of_last(zoom, "dropped")["statuses"] == [0]


def test_nobody_waits_for_a_slow_endpoint(zoom: ZoomMailbox, subscribed: Listener) -> None:
    subscribed.delay_s = 1.0
    begun = time.monotonic()
    zoom.create().raise_for_status()
    assert time.monotonic() - begun < 0.9


def test_a_delivery_can_come_twice(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, delivery="twice")
    zoom.create()
    first, second = subscribed.wait(2)
    assert first.raw == second.raw


def test_a_delivery_can_come_late_and_out_of_order(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, delivery="late", late_s=0.3)
    made = zoom.create(start_time=LATER).json()
    options(zoom, delivery="once")
    zoom.ask("DELETE", f"/meetings/{made['id']}")
    events = [each.body["event"] for each in subscribed.wait(2)]
    assert events == ["meeting.deleted", "meeting.created"]


def test_a_lost_delivery_can_be_sent_after_all(zoom: ZoomMailbox, subscribed: Listener) -> None:
    options(zoom, delivery="never")
    zoom.create()
    lost = state_of_last(zoom, "lost")
    assert subscribed.heard == []
    zoom.http.post(f"{zoom.sandbox.url}/zoom-webhooks/{lost['number']}", timeout=10).raise_for_status()
    subscribed.wait(1)
    assert state_of_last(zoom, "delivered")["number"] == lost["number"]


def test_webhooks_leave_this_machine_never(zoom: ZoomMailbox) -> None:
    wishes: list[dict[str, object]] = [
        {"url": "http://example.com/hook"},
        {"url": "https://127.0.0.1/hook"},
        {"url": 5},
        {"delivery": "sometimes"},
        {"retry_s": ["soon"]},
        {"timeout_s": -1},
        {"events": []},
    ]
    for wrong in wishes:
        answer = zoom.http.patch(f"{zoom.sandbox.url}/zoom-webhooks", json=wrong, timeout=10)
        assert answer.status_code == 400, wrong
    assert zoom.http.post(f"{zoom.sandbox.url}/zoom-webhooks/validations", timeout=10).status_code == 400
    assert zoom.http.post(f"{zoom.sandbox.url}/zoom-webhooks/0", timeout=10).status_code == 400


def test_where_webhooks_go_survives_a_restart(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path) as first:
        first.send_webhooks_to("http://127.0.0.1:9/hook", retry_s=[1, 2])
        first.approve_zoom_app("needed")
        first.change_zoom_user("tanaka@example.com", settings={"in_meeting": {"waiting_room": True}})
        before = first.world.webhooks.subscription
    with Sandbox(data=tmp_path) as second:
        assert second.world.webhooks.subscription == before
        assert second.world.zoom.approval == "needed"
        zoom = ZoomMailbox(second, "tanaka@example.com")
        assert zoom.create().json()["settings"]["waiting_room"] is True
        zoom.close()


def by_hand(
    zoom: ZoomMailbox, method: str, id: int, body: object = None, query: str = ""
) -> requests.Response:
    return zoom.by_hand(method, f"/zoom-meetings/{id}{query}", body)


def test_a_host_moves_a_meeting_in_zoom_itself(zoom: ZoomMailbox, subscribed: Listener) -> None:
    id = zoom.create(start_time=LATER).json()["id"]
    moved = by_hand(zoom, "PATCH", id, {"start": "2099-11-27T10:00:00+09:00", "duration": 30})
    assert moved.json()["start"] == "2099-11-27T01:00:00+00:00"
    heard = told(subscribed, 2, "meeting.updated")
    assert (heard.object["start_time"], heard.object["duration"]) == ("2099-11-27T01:00:00Z", 30)
    assert heard.body["payload"]["old_object"]["start_time"] == LATER
    assert zoom.ask("GET", f"/meetings/{id}").json()["start_time"] == "2099-11-27T01:00:00Z"


def test_a_host_changes_the_passcode_and_with_it_the_join_url(
    zoom: ZoomMailbox, subscribed: Listener
) -> None:
    made = zoom.create().json()
    by_hand(zoom, "PATCH", made["id"], {"passcode": "byhand1"}).raise_for_status()
    now = zoom.ask("GET", f"/meetings/{made['id']}").json()
    assert (now["password"], now["join_url"]) == (
        "byhand1",
        made["join_url"].partition("?")[0] + "?pwd=byhand1",
    )
    assert told(subscribed, 2, "meeting.updated").object["join_url"] == now["join_url"]


@pytest.mark.parametrize("query", ["", "?silent=1"])
def test_a_host_deletes_a_meeting_and_the_webhook_may_get_lost(
    zoom: ZoomMailbox, subscribed: Listener, query: str
) -> None:
    id = zoom.create().json()["id"]
    subscribed.wait(1)
    assert by_hand(zoom, "DELETE", id, query=query).status_code == 204
    assert zoom.ask("GET", f"/meetings/{id}").json()["code"] == 3001
    if query:
        assert state_of_last(zoom, "lost")["event"] == "meeting.deleted"
    else:
        assert told(subscribed, 2, "meeting.deleted").object["id"] == id
    assert by_hand(zoom, "DELETE", id).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"duration": 0}, {"duration": "x"}, {"passcode": "パスコード"}, {"start": "soon"}, {"host": "x"}],
)
def test_zoom_takes_nonsense_from_no_hand(zoom: ZoomMailbox, wrong: dict[str, Any]) -> None:
    made = zoom.create().json()
    assert by_hand(zoom, "PATCH", made["id"], wrong).status_code == 400
    assert by_hand(zoom, "PATCH", 1, {"topic": "x"}).status_code == 404
    assert zoom.ask("GET", f"/meetings/{made['id']}").json()["join_url"] == made["join_url"]


def test_a_meeting_under_way_cannot_be_deleted_and_is_told_with_its_id_as_a_string(
    zoom: ZoomMailbox, subscribed: Listener, contracts: Path
) -> None:
    id = zoom.create(start_time=LATER).json()["id"]
    zoom.by_hand("POST", f"/zoom-meetings/{id}/start").raise_for_status()
    started = told(subscribed, 2, "meeting.started")
    answer = zoom.ask("DELETE", f"/meetings/{id}")
    assert (answer.status_code, answer.json()["code"]) == (400, 3002)
    assert zoom.ask("GET", f"/meetings/{id}").json()["status"] == "started"
    live = zoom.ask("GET", "/users/me/meetings", params={"type": "live"}).json()["meetings"]
    assert [each["id"] for each in live] == [id]
    zoom.by_hand("POST", f"/zoom-meetings/{id}/end").raise_for_status()
    ended = told(subscribed, 3, "meeting.ended")
    assert [each.object["id"] for each in (started, ended)] == [str(id)] * 2
    for each in (started, ended):
        valid(contracts, each)
    assert zoom.ask("DELETE", f"/meetings/{id}").status_code == 204
    assert zoom.by_hand("POST", f"/zoom-meetings/{id}/start").status_code == 404
