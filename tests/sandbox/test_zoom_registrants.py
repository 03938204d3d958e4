"""Registration for meetings at the simulated Zoom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from chouseiapo.sandbox.zoom import registrants
from tests.sandbox.clients import ZoomMailbox

LATER = "2099-11-25T01:00:00Z"
YAMADA = {"email": "yamada@example.net", "first_name": "太郎", "last_name": "山田", "language": "jp-JP"}


class Open:
    """A meeting that asks for registration."""

    def __init__(self, zoom: ZoomMailbox, approval_type: int = 0, **fields: Any) -> None:
        self.zoom = zoom
        settings = {"approval_type": approval_type}
        self.made = zoom.create(start_time=LATER, settings=settings, **fields).json()
        self.path = f"/meetings/{self.made['id']}/registrants"

    def add(self, **changes: Any) -> requests.Response:
        return self.zoom.ask("POST", self.path, YAMADA | changes)

    def listed(self, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.zoom.ask("GET", self.path, params=query).json()["registrants"]
        return found

    def change(self, action: str, **who: str) -> requests.Response:
        return self.zoom.ask("PUT", f"{self.path}/status", {"action": action, "registrants": [who]})


@pytest.fixture
def open_meeting(zoom: ZoomMailbox) -> Open:
    return Open(zoom)


def test_everybody_who_registers_gets_an_own_join_url(open_meeting: Open) -> None:
    first, second = open_meeting.add(), open_meeting.add(email="suzuki@example.net")
    assert (first.status_code, second.status_code) == (201, 201)
    urls = {each.json()["join_url"] for each in (first, second)}
    assert len(urls) == 2
    assert open_meeting.made["join_url"] not in urls
    assert first.json()["id"] == open_meeting.made["id"]
    assert "register" in open_meeting.made["registration_url"]
    for url in urls:
        assert requests.get(url, timeout=10).status_code == 200


def test_the_same_address_again_is_the_same_registrant(open_meeting: Open) -> None:
    first, again = open_meeting.add(), open_meeting.add(email="Yamada@example.net", first_name="次郎")
    assert first.json() == again.json()
    assert len(open_meeting.listed()) == 1


def test_an_address_is_registered_three_times_a_day_at_most(open_meeting: Open) -> None:
    statuses = [open_meeting.add().status_code for _ in range(4)]
    answer = open_meeting.add()
    assert statuses == [201, 201, 201, 429]
    assert "yamada@example.net" in answer.json()["message"]
    assert answer.headers["Retry-After"].endswith("T00:00:00Z")
    assert open_meeting.add(email="other@example.net").status_code == 201


def test_without_registration_nobody_registers(zoom: ZoomMailbox) -> None:
    answer = Open(zoom, approval_type=2).add()
    assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert "Registration has not been enabled for this meeting" in answer.json()["message"]


def test_registration_needs_a_licensed_host(zoom: ZoomMailbox) -> None:
    zoom.sandbox.change_zoom_user(zoom.email, type=1)
    opened = Open(zoom)
    assert opened.made["settings"]["approval_type"] == 2
    answer = opened.add()
    assert (answer.status_code, answer.json()["code"]) == (400, 200)


def test_without_a_fixed_time_registration_is_dropped_without_a_word(zoom: ZoomMailbox) -> None:
    opened = Open(zoom, type=3)
    assert opened.made["settings"]["approval_type"] == 2
    zoom.ask("PATCH", f"/meetings/{opened.made['id']}", {"settings": {"approval_type": 0}})
    assert opened.add().json()["code"] == 404


def test_by_hand_a_registrant_waits_for_approval(zoom: ZoomMailbox) -> None:
    opened = Open(zoom, approval_type=1)
    made = opened.add().json()
    assert "join_url" not in made
    assert opened.listed() == []
    assert [each["id"] for each in opened.listed(status="pending")] == [made["registrant_id"]]
    assert opened.change("approve", id=made["registrant_id"]).status_code == 204
    assert "join_url" in opened.listed()[0]
    opened.change("deny", id="", email="yamada@example.net")
    assert [each["status"] for each in opened.listed(status="denied")] == ["denied"]
    assert "join_url" in opened.add(email="vip@example.net", auto_approve=True).json()


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_who_is_cancelled_or_deleted_has_gone_and_the_url_with_it(open_meeting: Open, how: str) -> None:
    made = open_meeting.add().json()
    one = f"{open_meeting.path}/{made['registrant_id']}"
    assert open_meeting.zoom.ask("GET", one).json()["email"] == "yamada@example.net"
    answer = (
        open_meeting.change("cancel", id=made["registrant_id"])
        if how == "cancel"
        else open_meeting.zoom.ask("DELETE", one)
    )
    assert answer.status_code == 204
    assert open_meeting.zoom.ask("GET", one).status_code == 404
    assert open_meeting.change("approve", id=made["registrant_id"]).status_code == 404
    assert requests.get(made["join_url"], timeout=10).status_code == 404


def test_a_state_changes_ten_times_a_day_at_most(open_meeting: Open) -> None:
    id = open_meeting.add().json()["registrant_id"]
    assert {open_meeting.change("approve", id=id).status_code for _ in range(10)} == {204}
    assert open_meeting.change("approve", id=id).status_code == 429


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "x" * 120 + "@example.net"}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "名" * 65}, "first_name"),
        ({"language": "ja-JP"}, "language"),
        ({"nickname": "x"}, "nickname"),
        ({"auto_approve": 1}, "auto_approve"),
    ],
)
def test_a_wrong_field_of_a_registrant_is_named(
    open_meeting: Open, wrong: dict[str, Any], field: str
) -> None:
    answer = open_meeting.add(**wrong)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("wish", [{"action": "praise"}, {"action": "approve", "registrants": ["x"]}])
def test_a_wrong_change_of_state_is_refused(open_meeting: Open, wish: dict[str, Any]) -> None:
    answer = open_meeting.zoom.ask("PUT", f"{open_meeting.path}/status", wish)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


def test_a_meeting_is_full_at_last(open_meeting: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registrants.MOST == 4_999
    monkeypatch.setattr(registrants, "MOST", 1)
    open_meeting.add()
    answer = open_meeting.add(email="late@example.net")
    assert (answer.status_code, answer.json()["code"]) == (404, 3043)
    assert open_meeting.add().status_code == 201, "who is in already stays in"


def test_nobody_registers_for_what_is_over(zoom: ZoomMailbox) -> None:
    made = zoom.create(start_time="2020-01-01T00:00:00Z", settings={"approval_type": 0}).json()
    answer = zoom.ask("POST", f"/meetings/{made['id']}/registrants", YAMADA)
    assert (answer.status_code, answer.json()["code"]) == (400, 3038)


def test_registrants_survive_a_restart(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path) as first:
        opened = Open(ZoomMailbox(first, "tanaka@example.com"))
        made = opened.add().json()
        opened.zoom.close()
    with Sandbox(data=tmp_path) as second:
        zoom = ZoomMailbox(second, "tanaka@example.com")
        assert zoom.ask("GET", opened.path).json()["registrants"][0]["id"] == made["registrant_id"]
        zoom.close()
