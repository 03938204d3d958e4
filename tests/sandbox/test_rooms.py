"""Meeting rooms: a calendar at Google, a mailbox at Microsoft; and hands on any calendar."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import (
    AUTH,
    END,
    SHARED,
    START,
    GoogleMailbox,
    GraphMailbox,
    google_event,
    graph_event,
    graph_time,
)
from tests.sandbox.conftest import new_person

TIMES = {"start": START, "end": END}


def test_a_google_room_is_a_calendar_on_which_some_may_write(sandbox: Sandbox, google: GoogleMailbox) -> None:
    wish = {"name": "会議室A", "provider": "google", "writers": [google.email]}
    room = google.by_hand("POST", "/rooms", wish).json()
    assert room["id"].endswith("@resource.calendar.google.com")
    assert room["access"] == {google.email: "writer"}
    google.refresh_token = sandbox.grant("google", google.email, [f"{AUTH}calendar.events"])
    google.sign_in()
    path = f"/calendar/v3/calendars/{room['id']}/events"
    assert google.ask("POST", path, google_event()).status_code == 200
    assert len(google.standing(room["id"])) == 1
    other = GoogleMailbox(sandbox, new_person(sandbox, "google"), [f"{AUTH}calendar.events"])
    assert other.ask("GET", path).status_code == 404
    other.close()


def test_a_microsoft_room_is_a_mailbox_that_some_may_write_to_and_that_signs_in_itself(
    sandbox: Sandbox, graph: GraphMailbox
) -> None:
    room = sandbox.add_room("会議室B", "microsoft", [graph.email], f"room-of-{graph.email}")
    shared = GraphMailbox(sandbox, graph.email, SHARED)
    assert shared.ask("POST", f"/users/{room.id}/events", graph_event()).status_code == 201
    assert [each["name"] for each in shared.ask("GET", "/me/calendars").json()["value"]] == [
        "Calendar",
        "会議室B",
    ]
    itself = GraphMailbox(sandbox, room.id)
    assert len(itself.ask("GET", "/me/events").json()["value"]) == 1
    for each in (shared, itself):
        each.close()
    with pytest.raises(ValueError, match="no account at zoom"):
        sandbox.grant("zoom", room.id)


def test_colleagues_see_when_a_room_is_busy(
    sandbox: Sandbox, google: GoogleMailbox, graph: GraphMailbox
) -> None:
    rooms = [sandbox.add_room("会議室", provider) for provider in ("google", "microsoft")]
    for room in rooms:
        google.by_hand("POST", f"/entries/{room.id}", {"title": "役員会", **TIMES})
    body = {"timeMin": START, "timeMax": END, "items": [{"id": rooms[0].id}]}
    answer = google.ask("POST", "/calendar/v3/freeBusy", body).json()["calendars"]
    assert len(answer[rooms[0].id]["busy"]) == 1
    wish = {
        "schedules": [rooms[1].id],
        "startTime": graph_time("2026-11-25T10:00:00"),
        "endTime": graph_time("2026-11-25T11:00:00"),
    }
    (found,) = graph.ask("POST", "/me/calendar/getSchedule", wish).json()["value"]
    assert found["availabilityView"] == "22"
    assert "役員会" not in str(found)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rooms", {"name": "A", "provider": "yahoo"}),
        ("/rooms", {"name": "A", "provider": "google", "writers": ["nobody@example.com"]}),
        ("/rooms", {"name": "A", "provider": "google", "writers": "tanaka@example.com"}),
        ("/rooms", {"name": "A", "provider": "google", "id": "tanaka@example.com"}),
        ("/rooms", {"name": "A", "provider": "microsoft", "id": "no address"}),
        ("/calendars/nobody@example.com", {"name": "A"}),
        ("/calendars/tanaka@example.com", {"name": "A", "access": "boss"}),
        ("/calendars/tanaka@example.com", {"name": "A", "id": "tanaka@example.com"}),
        ("/calendars/tanaka@example.com", {"name": "A", "id": "suzuki@example.com"}),
        ("/calendars/tanaka@example.com", {"name": "A", "id": "a/b"}),
        ("/calendars/tanaka@example.com", {"name": "A", "hidden": "yes"}),
        ("/sync-expirations", {"calendar": "nobody@example.com"}),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_calendar(
    sandbox: Sandbox, http: requests.Session, path: str, body: Any
) -> None:
    before = set(sandbox.world.calendars)
    answer = http.post(sandbox.url + path, json=body, timeout=10)
    assert (answer.status_code, answer.text.strip()[-1]) == (400, ".")
    assert set(sandbox.world.calendars) == before


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_hands_reach_any_calendar_by_its_id(sandbox: Sandbox, http: requests.Session, provider: str) -> None:
    room = sandbox.add_room("会議室", provider)
    url = f"{sandbox.url}/entries/{room.id}"
    id = http.post(url, json={"title": "役員会", **TIMES}, timeout=10).json()["id"]
    later = {"start": "2026-11-26T10:00:00+09:00", "end": "2026-11-26T11:00:00+09:00"}
    moved = http.patch(f"{url}/{id}", json=later, timeout=10)
    assert (moved.status_code, moved.json()["start"]) == (200, "2026-11-26T01:00:00+00:00")
    assert http.delete(f"{url}/{id}", timeout=10).status_code == 204


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_a_whole_calendar_can_be_emptied_by_hand(
    sandbox: Sandbox, http: requests.Session, provider: str
) -> None:
    email = new_person(sandbox, provider)
    other = sandbox.add_calendar(email, "出張")
    for id in (email, email, other.id):
        http.post(f"{sandbox.url}/entries/{id}", json={"title": "会議", **TIMES}, timeout=10)
    answer = http.delete(f"{sandbox.url}/entries/{email}", timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"removed": 2})
    state = http.get(f"{sandbox.url}/state.json", timeout=10).json()["calendars"]
    assert (state[email]["entries"], len(state[other.id]["entries"])) == ([], 1)


def test_google_tells_an_emptied_calendar_as_cancelled_events(google: GoogleMailbox) -> None:
    ids = [google.insert().json()["id"] for _ in range(12)]
    token = google.ask("GET", google.events_path).json()["nextSyncToken"]
    google.by_hand("DELETE", f"/entries/{google.email}")
    items = google.ask("GET", google.events_path, params={"syncToken": token}).json()["items"]
    assert {(each["id"], each["status"]) for each in items} == {(id, "cancelled") for id in ids}
