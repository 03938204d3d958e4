"""Zoom's own page of the sandbox: what people do there without the product."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.sandbox.clients import ZoomMailbox
from tests.sandbox.listener import Listener

START = "2099-11-25T01:00:00Z"


def post(zoom: ZoomMailbox, path: str, **form: object) -> requests.Response:
    return zoom.http.post(f"{zoom.sandbox.url}/zoom/{path}", data=form, allow_redirects=False, timeout=10)


def page(zoom: ZoomMailbox, **query: str) -> str:
    return zoom.http.get(f"{zoom.sandbox.url}/zoom", params={"lang": "ja"} | query, timeout=10).text


def meeting(zoom: ZoomMailbox, id: int) -> dict[str, Any]:
    found: dict[str, Any] = zoom.ask("GET", f"/meetings/{id}").json()
    return found


def test_a_meeting_is_changed_in_zooms_page(zoom: ZoomMailbox, listener: Listener) -> None:
    zoom.sandbox.send_webhooks_to(listener.url)
    id = zoom.create(start_time=START).json()["id"]
    assert 'value="2099-11-25T10:00"' in page(zoom)
    form = {"topic": "変えた", "start": "2099-11-25T11:30", "duration": "45", "passcode": "hand1"}
    assert post(zoom, "meeting-changes", id=id, **form).status_code == 303
    now = meeting(zoom, id)
    assert [now[name] for name in ("topic", "start_time", "duration", "password")] == [
        "変えた",
        "2099-11-25T02:30:00Z",
        45,
        "hand1",
    ]
    assert "meeting.updated" in [each.body["event"] for each in listener.wait(2)]


def test_a_wrong_field_comes_back_with_what_was_typed(zoom: ZoomMailbox) -> None:
    id = zoom.create(start_time=START).json()["id"]
    answer = post(zoom, "meeting-changes", id=id, topic="残る", start="", duration="9999", passcode="p1")
    assert answer.status_code == 400
    assert "duration: The value should be between 1 and 1440." in answer.text
    for kept in ("残る", "9999", "p1"):
        assert f'value="{kept}"' in answer.text
    assert meeting(zoom, id)["duration"] == 60


@pytest.mark.parametrize("silent", [{}, {"silent": "1"}])
def test_a_meeting_is_deleted_in_zooms_page(
    zoom: ZoomMailbox, listener: Listener, silent: dict[str, str]
) -> None:
    id = zoom.create().json()["id"]
    zoom.sandbox.send_webhooks_to(listener.url)
    assert post(zoom, "meeting-deletions", id=id, **silent).status_code == 303
    assert meeting(zoom, id)["code"] == 3001
    deliveries = list(zoom.sandbox.world.webhooks.deliveries)
    assert (deliveries[-1].event, deliveries[-1].state == "lost") == ("meeting.deleted", bool(silent))
    assert post(zoom, "meeting-deletions", id=id).status_code == 400


def test_the_administrator_approves_in_zooms_page(zoom: ZoomMailbox) -> None:
    assert post(zoom, "approvals", state="needed").status_code == 303
    assert "管理者の承認が必要です。" in page(zoom)
    assert post(zoom, "approvals", state="approved").status_code == 303
    assert zoom.sandbox.world.zoom.approval == "approved"
    assert post(zoom, "approvals", state="maybe").status_code == 400


def test_a_user_removes_the_app_in_zooms_page(zoom: ZoomMailbox) -> None:
    assert post(zoom, "removals", email=zoom.email).status_code == 303
    assert zoom.ask("GET", "/users/me").status_code == 401


def test_a_user_becomes_a_free_one_in_zooms_page(zoom: ZoomMailbox) -> None:
    assert post(zoom, "kinds", email=zoom.email, type="1").status_code == 303
    assert zoom.ask("GET", "/users/me").json()["type"] == 1
    assert post(zoom, "kinds", email=zoom.email, type="7").status_code == 400


def test_webhooks_are_set_up_and_sent_again_in_zooms_page(zoom: ZoomMailbox, listener: Listener) -> None:
    form = {"url": listener.url, "delivery": "never", "late_s": "2"}
    assert post(zoom, "subscriptions", **form).status_code == 303
    zoom.create()
    assert "届かなかったことにした" in page(zoom)
    number = zoom.sandbox.world.webhooks.deliveries[-1].number
    assert post(zoom, "deliveries", number=number).status_code == 303
    assert listener.wait(1)[0].body["event"] == "meeting.created"
    for wrong in ({"url": "http://example.com/"}, {"late_s": "soon"}, {"delivery": "x"}):
        answer = post(zoom, "subscriptions", **{**form, **wrong})
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert (
        'value="http://example.com/"'
        in post(zoom, "subscriptions", **{**form, "url": "http://example.com/"}).text
    )
    zoom.sandbox.send_webhooks_to("", delivery="once")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_zooms_page_speaks_both_languages(zoom: ZoomMailbox, language: str) -> None:
    zoom.create(type=3, start_time=None)
    text = re.sub(r"<[^>]*>", "", page(zoom, lang=language))
    assert ("Recurring, no fixed time" in text) == (language == "en")
    assert ("ベーシック（無料）" in text) == (language == "ja")
    overview = zoom.http.get(zoom.sandbox.url, params={"lang": language}, timeout=10)
    assert overview.status_code == 200
