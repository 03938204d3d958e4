"""Failures on request, at every vendor."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError
from msal.exceptions import MsalServiceError

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, GraphMailbox, Mailbox, ZoomMailbox, google_event, meeting
from tests.sandbox.conftest import Fault

GONE = requests.exceptions.ConnectionError


@pytest.fixture(params=["google", "microsoft", "zoom"])
def vendor(request: pytest.FixtureRequest) -> Mailbox:
    fixture = {"google": "google", "microsoft": "graph", "zoom": "zoom"}[request.param]
    mailbox: Mailbox = request.getfixturevalue(fixture)
    return mailbox


def create(mailbox: Mailbox) -> requests.Response:
    if isinstance(mailbox, GoogleMailbox):
        return mailbox.insert()
    if isinstance(mailbox, GraphMailbox):
        return mailbox.create()
    assert isinstance(mailbox, ZoomMailbox)
    return mailbox.create()


def count(mailbox: Mailbox) -> int:
    if isinstance(mailbox, ZoomMailbox):
        return int(mailbox.ask("GET", "/users/me/meetings").json()["total_records"])
    return len(mailbox.state)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_status_is_answered_in_the_vendors_form_and_nothing_is_done(
    vendor: Mailbox, fault: Fault, status: int
) -> None:
    fault(vendor.service, "status", status=status, retry_after_s=7, limit=1)
    answer = create(vendor)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    problem = answer.json()
    assert problem.get("code") or problem["error"]["code"]
    assert count(vendor) == 0
    assert create(vendor).ok


def test_dropped_after_it_was_carried_out(vendor: Mailbox, fault: Fault) -> None:
    fault(vendor.service, "drop_after", limit=1)
    with pytest.raises(GONE):
        create(vendor)
    assert count(vendor) == 1


def test_dropped_before_anything_was_done(vendor: Mailbox, fault: Fault) -> None:
    fault(vendor.service, "drop_before", limit=1)
    with pytest.raises(GONE):
        create(vendor)
    assert count(vendor) == 0


def test_slow(vendor: Mailbox, fault: Fault) -> None:
    fault(vendor.service, "slow", delay_s=0.1, limit=1)
    begun = time.monotonic()
    assert create(vendor).ok
    assert time.monotonic() - begun >= 0.1


def test_a_reason_can_be_chosen(google: GoogleMailbox, fault: Fault) -> None:
    fault("google", "status", status=403, reason="quotaExceeded", limit=1)
    assert google.insert().json()["error"]["errors"][0]["reason"] == "quotaExceeded"


def test_a_fault_may_be_for_one_mailbox_only(sandbox: Sandbox, google: GoogleMailbox, fault: Fault) -> None:
    fault("google", "status", mailbox=google.email.upper())
    other = GoogleMailbox(sandbox, "sato@example.com")
    assert google.ask("GET", google.events_path).status_code == 503
    assert other.ask("GET", other.events_path).status_code == 200
    other.close()


def test_a_rate_is_the_same_for_the_same_seed(
    google: GoogleMailbox, fault: Fault, http: requests.Session
) -> None:
    def run() -> list[int]:
        http.delete(f"{google.sandbox.url}/faults", timeout=10)
        fault("google", "status", rate=0.4, seed=7)
        return [google.ask("GET", google.events_path).status_code for _ in range(40)]

    first = run()
    assert first == run()
    assert 8 <= first.count(503) <= 24


def test_several_faults_stand_at_once_and_are_listed(
    sandbox: Sandbox, google: GoogleMailbox, fault: Fault, http: requests.Session
) -> None:
    fault("google", "slow", delay_s=0.05)
    fault("google", "status", status=500, limit=1)
    fault("zoom", "status", status=429)
    begun = time.monotonic()
    assert google.insert().status_code == 500
    assert time.monotonic() - begun >= 0.05
    listed = http.get(f"{sandbox.url}/faults", timeout=10).json()
    assert [(each["service"], each["kind"], each["hits"]) for each in listed] == [
        ("google", "slow", 1),
        ("google", "status", 1),
        ("zoom", "status", 0),
    ]
    assert http.delete(f"{sandbox.url}/faults", timeout=10).status_code == 204
    assert google.insert().ok


def test_in_googles_batch_a_status_hits_single_parts(google: GoogleMailbox, fault: Fault) -> None:
    fault("google", "status", status=429, limit=1)
    client = google.client()
    statuses: dict[str, int] = {}

    def note(id: str, _: Any, problem: HttpError | None) -> None:
        statuses[id] = problem.resp.status if problem else 200

    batch = client.new_batch_http_request(callback=note)
    for name in ("a", "b"):
        batch.add(client.events().insert(calendarId="primary", body=google_event()), request_id=name)
    batch.execute()
    client.close()
    assert sorted(statuses.values()) == [200, 429]
    assert len(google.state) == 1


def test_in_graphs_batch_a_status_hits_single_parts_with_their_own_retry_after(
    graph: GraphMailbox, fault: Fault
) -> None:
    fault("microsoft", "status", status=429, retry_after_s=3, limit=1)
    parts = [{"id": str(n), "method": "GET", "url": "/me"} for n in range(3)]
    answer = graph.ask("POST", "/$batch", {"requests": parts})
    assert answer.status_code == 200
    parts_by_status = sorted(answer.json()["responses"], key=lambda each: int(each["status"]))
    assert [each["status"] for each in parts_by_status] == [200, 200, 429]
    assert parts_by_status[2]["headers"]["Retry-After"] == "3"


def test_a_batch_is_dropped_as_a_whole_after_it_was_carried_out(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft", "drop_after", limit=1)
    part = {
        "id": "1",
        "method": "POST",
        "url": "/me/events",
        "headers": {"Content-Type": "application/json"},
        "body": {
            "start": {"dateTime": "2026-11-25T10:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-25T11:00:00", "timeZone": "UTC"},
        },
    }
    with pytest.raises(GONE):
        graph.ask("POST", "/$batch", {"requests": [part]})
    assert len(graph.state) == 1


def refresh_with_msal(graph: GraphMailbox) -> str:
    """The error; msal raises where the server failed and answers where it refused."""
    application = graph.msal()
    try:
        answer = application.acquire_token_by_refresh_token(graph.refresh_token, ["Calendars.ReadWrite"])
        return str(answer["error"])
    except MsalServiceError as problem:
        return str(problem)
    finally:
        application.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_sign_in_that_fails_for_now_does_not_look_like_a_dead_consent(
    sandbox: Sandbox, vendor: Mailbox, fault: Fault, status: int
) -> None:
    fault(f"{vendor.service}_oauth", "status", status=status, mailbox=vendor.email)
    if isinstance(vendor, GraphMailbox):
        assert refresh_with_msal(vendor) != "invalid_grant"
    elif isinstance(vendor, ZoomMailbox):
        refused = vendor.refresh(vendor.refresh_token)
        assert refused.status_code == status
        assert "Invalid Token" not in refused.text
        assert "invalid_grant" not in refused.text
    else:
        with pytest.raises(KeyError):
            vendor.token()


def test_a_sign_in_may_be_dropped_too_and_then_zooms_token_is_spent(zoom: ZoomMailbox, fault: Fault) -> None:
    fault("zoom_oauth", "drop_after", limit=1)
    with pytest.raises(GONE):
        zoom.refresh(zoom.refresh_token)
    assert zoom.refresh(zoom.refresh_token).status_code == 400


def test_tls_is_dropped_without_a_byte_as_well(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft_oauth", "drop_before", mailbox=graph.email, limit=1)
    application = graph.msal()
    with pytest.raises(GONE):
        application.acquire_token_by_refresh_token(graph.refresh_token, ["Calendars.ReadWrite"])
    application.close()


def test_the_journal_tells_what_a_fault_did(
    google: GoogleMailbox, fault: Fault, http: requests.Session
) -> None:
    since = http.get(f"{google.sandbox.url}/state.json", timeout=10).json()["cursor"]
    for kind in ("drop_before", "drop_after", "status"):
        fault("google", kind, limit=1, mailbox=google.email)
    for _ in range(2):
        with pytest.raises(GONE):
            google.insert()
    google.insert()
    rows = http.get(f"{google.sandbox.url}/state.json?since={since}", timeout=10).json()["requests"]
    assert [(row["status"], row["fault"]) for row in rows] == [
        (0, "drop_before"),
        (200, "drop_after"),
        (503, "status"),
    ]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"service": "google"},
        {"service": "yahoo", "kind": "status"},
        {"service": "google", "kind": "explode"},
        {"service": "google", "kind": "status", "rate": 2},
        {"service": "google", "kind": "status", "rate": "often"},
        {"service": "google", "kind": "status", "status": 200},
        {"service": "google", "kind": "status", "limit": True},
        {"service": "google", "kind": "slow", "delay_s": -1},
        {"service": "google", "kind": "status", "reason": 1},
        {"service": "google", "kind": "status", "mailboxes": []},
        [],
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_a_plain_sentence(
    sandbox: Sandbox, http: requests.Session, wish: Any
) -> None:
    answer = http.post(f"{sandbox.url}/faults", json=wish, timeout=10)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.strip().endswith(".")
    assert http.get(f"{sandbox.url}/faults", timeout=10).json() == []


def test_meetings_are_made_again_once_the_fault_is_over(zoom: ZoomMailbox, fault: Fault) -> None:
    fault("zoom", "status", status=429, limit=2)
    statuses = [zoom.ask("POST", "/users/me/meetings", meeting()).status_code for _ in range(3)]
    assert statuses == [429, 429, 201]
