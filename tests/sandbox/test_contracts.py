"""What the sandbox answers is what the vendors publish: no adapter may learn anything else from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.sandbox.clients import (
    END,
    IMMUTABLE,
    START,
    GoogleMailbox,
    GraphMailbox,
    ZoomCompany,
    ZoomMailbox,
    google_event,
    graph_event,
    graph_time,
    property_id,
    tagged,
)
from tests.sandbox.conftest import Turn

FILES = {
    "google": "google_calendar.openapi.json",
    "microsoft": "graph_calendar.openapi.json",
    "zoom": "zoom_meetings.openapi.json",
}
BELOW = {"google": "/google/calendar/v3", "microsoft": "/graph/v1.0", "zoom": "/zoom/v2"}
Held = Callable[[str, requests.Response, int], Any]


@lru_cache
def contract(folder: Path, vendor: str) -> tuple[OpenAPI, str]:
    document = json.loads((folder / FILES[vendor]).read_text(encoding="utf-8"))
    return OpenAPI.from_dict(document), document["servers"][0]["url"]


@pytest.fixture
def held(contracts: Path) -> Held:
    """Holds one answer against the vendor's contract and returns what is in it."""

    def check(vendor: str, answer: requests.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        openapi, server = contract(contracts, vendor)
        sent, url = answer.request, urlsplit(answer.request.url or "")
        root = urlsplit(server)
        request = MockRequest(
            f"{root.scheme}://{root.netloc}",
            (sent.method or "").lower(),
            root.path + str(url.path).removeprefix(BELOW[vendor]),
            args={name: values[-1] for name, values in parse_qs(str(url.query)).items()},
            headers=dict(sent.headers),
            data=sent.body if isinstance(sent.body, bytes) else b"",
            content_type="application/json",
        )
        if status < 400:
            openapi.validate_request(request)
        if status != 204:
            response = MockResponse(answer.content, status, content_type="application/json")
            openapi.validate_response(request, response)
        return answer.json() if answer.content else None

    return check


def test_google(held: Held, google: GoogleMailbox) -> None:
    events = google.events_path
    fields = {
        "status": "tentative",
        "visibility": "private",
        "attendees": [{"email": "a@example.com"}],
        "extendedProperties": {"private": {"appointment": "a1"}},
        "conferenceData": {"entryPoints": [{"entryPointType": "video", "uri": "https://example.com/j/1"}]},
    }
    made = held(
        "google", google.ask("POST", events + "?conferenceDataVersion=1", google_event(**fields)), 200
    )
    one = f"{events}/{made['id']}"
    held("google", google.ask("GET", one), 200)
    held("google", google.ask("PATCH", one, {"summary": "別"}), 200)
    held("google", google.ask("PUT", one, google_event(transparency="transparent")), 200)
    held("google", google.insert(start={"date": "2026-11-25"}, end={"date": "2026-11-26"}), 200)
    listed = held("google", google.ask("GET", events), 200)
    held("google", google.ask("GET", events, params={"syncToken": listed["nextSyncToken"]}), 200)
    items = [{"id": "primary"}, {"id": "x@example.com"}]
    held(
        "google",
        google.ask("POST", "/calendar/v3/freeBusy", {"timeMin": START, "timeMax": END, "items": items}),
        200,
    )
    window = {"timeMin": START, "timeMax": END}
    token = held("google", google.ask("GET", events, params=window), 200)["nextSyncToken"]
    google.ask("PATCH", one, {"start": {"dateTime": END}, "end": {"dateTime": "2026-11-25T12:00:00+09:00"}})
    changed = held("google", google.ask("GET", events, params={"syncToken": token}), 200)
    assert changed["items"][0]["status"] == "cancelled"
    held("google", google.ask("GET", "/calendar/v3/users/me/calendarList"), 200)
    held("google", google.ask("GET", "/calendar/v3/users/me/calendarList/primary"), 200)
    held("google", google.ask("DELETE", one), 204)


def test_googles_refusals(held: Held, google: GoogleMailbox) -> None:
    events = google.events_path
    held("google", google.ask("POST", events, {}), 400)
    held("google", google.ask("GET", f"{events}/nothere1"), 404)
    id = google.insert().json()["id"]
    held("google", google.insert(id=id), 409)
    held("google", google.ask("PATCH", f"{events}/{id}", {}, headers={"If-Match": '"0"'}), 412)
    google.ask("DELETE", f"{events}/{id}")
    held("google", google.ask("DELETE", f"{events}/{id}"), 410)
    held("google", google.ask("GET", events, params={"syncToken": "x"}), 410)
    held("google", google.ask("GET", events, headers={"Authorization": ""}), 401)


def test_graph(held: Held, graph: GraphMailbox) -> None:
    fields = {
        "showAs": "tentative",
        "sensitivity": "private",
        "transactionId": "t1",
        "location": {"displayName": "東京"},
        "attendees": [{"emailAddress": {"address": "a@example.com", "name": "A"}, "type": "required"}],
        "singleValueExtendedProperties": tagged(appointment="a1"),
    }
    made = held("microsoft", graph.create(**fields), 201)
    expand = {"$expand": f"singleValueExtendedProperties($filter=id eq '{property_id('appointment')}')"}
    one = f"/me/events/{made['id']}"
    prefer = {"Prefer": f'{IMMUTABLE}, outlook.timezone="Tokyo Standard Time"'}
    found = held("microsoft", graph.ask("GET", one, params=expand, headers=prefer), 200)
    assert found["singleValueExtendedProperties"]
    held("microsoft", graph.ask("PATCH", one, {"showAs": "busy"}), 200)
    held("microsoft", graph.ask("GET", "/me/events", params={"$top": "1"}), 200)
    held("microsoft", graph.ask("GET", "/me/calendar/events"), 200)
    window = {"startDateTime": START, "endDateTime": END}
    held("microsoft", graph.ask("GET", "/me/calendarView", params=window), 200)
    delta = held("microsoft", graph.ask("GET", "/me/calendarView/delta", params=window), 200)
    graph.ask("DELETE", one)
    gone = graph.http.get(delta["@odata.deltaLink"], timeout=10)
    assert held("microsoft", gone, 200)["value"][0]["@removed"]
    held("microsoft", graph.ask("GET", "/me"), 200)
    body = {
        "schedules": [graph.email, "nobody@example.com"],
        "startTime": graph_time("2026-11-25T00:00:00"),
        "endTime": graph_time("2026-11-26T00:00:00"),
    }
    held("microsoft", graph.ask("POST", "/me/calendar/getSchedule", body), 200)
    part = {
        "id": "1",
        "method": "POST",
        "url": "/me/events",
        "headers": {"Content-Type": "application/json"},
        "body": graph_event(),
    }
    delete = {"id": "2", "method": "DELETE", "url": one, "dependsOn": ["1"]}
    held("microsoft", graph.ask("POST", "/$batch", {"requests": [part, delete]}), 200)
    id = graph.create().json()["id"]
    held("microsoft", graph.ask("DELETE", f"/me/events/{id}"), 204)


def test_graphs_refusals(held: Held, graph: GraphMailbox, turn: Turn) -> None:
    held("microsoft", graph.create(showAs="sure"), 400)
    held("microsoft", graph.ask("GET", "/me/events/none"), 404)
    held("microsoft", graph.ask("GET", "/me/calendarView/delta", params={"$deltatoken": "x"}), 410)
    held("microsoft", graph.ask("GET", "/me", headers={"Authorization": ""}), 401)
    graph.create(transactionId="t1")
    for mode, status in (("bad_request", 400), ("conflict", 409)):
        turn(graph_duplicate=mode)
        held("microsoft", graph.create(transactionId="t1"), status)


def test_zoom(held: Held, zoom: ZoomMailbox) -> None:
    settings = {"waiting_room": True, "auto_start_meeting_summary": False, "approval_type": 2}
    made = held("zoom", zoom.create(agenda="議題", timezone="Asia/Tokyo", settings=settings), 201)
    one = f"/meetings/{made['id']}"
    held("zoom", zoom.ask("GET", one), 200)
    held("zoom", zoom.ask("GET", "/users/me/meetings", params={"type": "upcoming", "page_size": "30"}), 200)
    held("zoom", zoom.ask("PATCH", one, {"topic": "別"}), 204)
    held("zoom", zoom.ask("GET", "/users/me"), 200)
    held("zoom", zoom.ask("GET", "/users/me/settings"), 200)
    held("zoom", zoom.ask("DELETE", one), 204)


def test_zooms_registration(held: Held, zoom: ZoomMailbox) -> None:
    made = held("zoom", zoom.create(start_time="2099-11-25T01:00:00Z", settings={"approval_type": 1}), 201)
    path = f"/meetings/{made['id']}/registrants"
    person = {"email": "yamada@example.net", "first_name": "太郎", "language": "jp-JP"}
    one = held("zoom", zoom.ask("POST", path, person), 201)["registrant_id"]
    listed = held("zoom", zoom.ask("GET", path, params={"status": "pending"}), 200)
    assert len(listed["registrants"]) == 1
    wish = {"action": "approve", "registrants": [{"id": one, "email": "yamada@example.net"}]}
    held("zoom", zoom.ask("PUT", f"{path}/status", wish), 204)
    held("zoom", zoom.ask("GET", f"{path}/{one}"), 200)
    held("zoom", zoom.ask("DELETE", f"{path}/{one}"), 204)
    held("zoom", zoom.ask("GET", f"{path}/{one}"), 404)


def test_zooms_kinds_of_meetings(held: Held, zoom: ZoomMailbox) -> None:
    recurrence = {"type": 2, "weekly_days": "4", "end_times": 3}
    for kind in ({"type": 1}, {"type": 3, "start_time": None}, {"type": 8, "recurrence": recurrence}):
        made = held("zoom", zoom.create(**kind), 201)
        held("zoom", zoom.ask("GET", f"/meetings/{made['id']}"), 200)
    settings = {"meeting_authentication": True, "join_before_host": True, "jbh_time": 10}
    made = held("zoom", zoom.create(settings=settings), 201)
    assert made["settings"]["authentication_option"]


def test_zooms_account(held: Held, company: ZoomCompany) -> None:
    held("zoom", company.ask("GET", "/users", params={"page_size": "300", "status": "active"}), 200)
    held("zoom", company.ask("GET", "/users/host01@example.com"), 200)
    held("zoom", company.ask("GET", "/users/host01@example.com/settings"), 200)
    held("zoom", company.ask("GET", "/users/nobody@example.com"), 404)


def test_zooms_refusals(held: Held, zoom: ZoomMailbox, turn: Turn) -> None:
    held("zoom", zoom.create(duration=0), 400)
    held("zoom", zoom.ask("GET", "/meetings/1"), 404)
    held("zoom", zoom.ask("GET", "/users/me", headers={"Authorization": ""}), 401)
    turn(zoom_daily_limit=0)
    held("zoom", zoom.create(), 429)
