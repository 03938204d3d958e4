"""The sandbox's own endpoints: what stands there, who there is, and members' own hands."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chouseiapo.sandbox import DEMO_PEOPLE, Sandbox
from tests.sandbox.clients import END, START, GoogleMailbox, GraphMailbox, Mailbox, ZoomMailbox

TIMES = {"start": START, "end": END}
LATER = {"start": "2026-11-26T10:00:00+09:00", "end": "2026-11-26T11:00:00+09:00"}


def state(sandbox: Sandbox, http: requests.Session, **parameters: object) -> dict[str, Any]:
    answer = http.get(f"{sandbox.url}/state.json", params=parameters, timeout=10)  # type: ignore[arg-type]
    found: dict[str, Any] = answer.json()
    return found


def test_the_state_shows_everybody_and_every_request(
    sandbox: Sandbox, http: requests.Session, google: GoogleMailbox
) -> None:
    cursor = state(sandbox, http)["cursor"]
    google.insert(id="seen0001")
    found = state(sandbox, http, since=cursor)
    assert set(found) == {"calendars", "meetings", "mails", "requests", "in_flight", "cursor"}
    for person in DEMO_PEOPLE:
        assert found["calendars"][person.email]["provider"] == person.provider
    assert found["requests"] == [
        {
            "service": "google",
            "method": "POST",
            "path": "/calendar/v3/calendars/primary/events",
            "status": 200,
            "mailbox": google.email,
        }
    ]
    assert found["cursor"] == cursor + 1


def test_requests_are_named_as_the_vendors_name_them(
    sandbox: Sandbox, http: requests.Session, graph: GraphMailbox, zoom: ZoomMailbox
) -> None:
    cursor = state(sandbox, http)["cursor"]
    graph.ask("GET", "/me")
    zoom.create()
    graph.sign_in()
    zoom.sign_in()
    rows = [
        (row["service"], row["method"], row["path"]) for row in state(sandbox, http, since=cursor)["requests"]
    ]
    assert rows == [
        ("microsoft", "GET", "/v1.0/me"),
        ("zoom", "POST", "/v2/users/me/meetings"),
        ("microsoft_oauth", "GET", "/v2.0/.well-known/openid-configuration"),
        ("microsoft_oauth", "POST", "/oauth2/v2.0/token"),
        ("zoom_oauth", "POST", "/token"),
    ]


def test_the_journal_can_be_emptied(sandbox: Sandbox, http: requests.Session, google: GoogleMailbox) -> None:
    google.insert()
    assert http.delete(f"{sandbox.url}/state.json/requests", timeout=10).status_code == 204
    assert state(sandbox, http)["requests"] == []
    google.insert()
    assert len(state(sandbox, http)["requests"]) == 1


def test_people_can_be_added_once_and_again_but_not_moved(sandbox: Sandbox, http: requests.Session) -> None:
    new = {"email": "takahashi@example.com", "name": "高橋", "provider": "microsoft"}
    for _ in range(2):
        assert http.post(f"{sandbox.url}/people", json=new, timeout=10).status_code == 201
    assert state(sandbox, http)["calendars"][new["email"]] == {"provider": "microsoft", "entries": []}
    moved = http.post(f"{sandbox.url}/people", json={**new, "provider": "google"}, timeout=10)
    assert (moved.status_code, "already" in moved.text) == (400, True)


def test_a_consent_is_given_and_taken_back_over_http(
    sandbox: Sandbox, http: requests.Session, google: GoogleMailbox
) -> None:
    wish = {"service": "google", "email": google.email}
    answer = http.post(f"{sandbox.url}/grants", json=wish, timeout=10)
    assert (answer.status_code, answer.json()["account"]) == (201, google.email)
    google.refresh_token = answer.json()["refresh_token"]
    google.sign_in()
    assert http.post(f"{sandbox.url}/expirations", json=wish, timeout=10).status_code == 204
    assert google.insert().status_code == 401
    google.sign_in()
    assert http.post(f"{sandbox.url}/revocations", json=wish, timeout=10).status_code == 204
    assert google.insert().status_code == 401
    with pytest.raises(KeyError):
        google.sign_in()


@pytest.fixture(params=["google", "graph"])
def mailbox(request: pytest.FixtureRequest) -> Mailbox:
    found: Mailbox = request.getfixturevalue(request.param)
    return found


def create(mailbox: Mailbox) -> str:
    assert isinstance(mailbox, GoogleMailbox | GraphMailbox)
    made = mailbox.insert() if isinstance(mailbox, GoogleMailbox) else mailbox.create()
    return str(made.json()["id"])


def read(mailbox: Mailbox, id: str) -> requests.Response:
    path = f"{GoogleMailbox.events_path}/{id}" if isinstance(mailbox, GoogleMailbox) else f"/me/events/{id}"
    return mailbox.ask("GET", path)


def test_a_member_adds_business_of_their_own(
    sandbox: Sandbox, http: requests.Session, mailbox: Mailbox
) -> None:
    url = f"{sandbox.url}/entries/{mailbox.email}"
    for status in ("confirmed", "tentative"):
        answer = http.post(url, json={"title": "歯医者", **TIMES, "status": status}, timeout=10)
        assert answer.status_code == 201
        assert read(mailbox, answer.json()["id"]).status_code == 200
    assert [(each["title"], each["status"], each["tag"]) for each in mailbox.state] in (
        [("歯医者", "confirmed", {}), ("歯医者", "tentative", {})],
        [("歯医者", "tentative", {}), ("歯医者", "confirmed", {})],
    )


def test_a_member_moves_an_entry(sandbox: Sandbox, http: requests.Session, mailbox: Mailbox) -> None:
    id = create(mailbox)
    before = read(mailbox, id).json()
    answer = http.patch(f"{sandbox.url}/entries/{mailbox.email}/{id}", json=LATER, timeout=10)
    assert answer.status_code == 200
    after = read(mailbox, id).json()
    assert after.get("etag", after.get("@odata.etag")) != before.get("etag", before.get("@odata.etag"))
    assert [each["start"] for each in mailbox.state] == ["2026-11-26T01:00:00+00:00"]
    shorter = http.patch(
        f"{sandbox.url}/entries/{mailbox.email}/{id}", json={"end": LATER["start"]}, timeout=10
    )
    assert shorter.status_code == 400


def test_a_member_deletes_an_entry(sandbox: Sandbox, http: requests.Session, mailbox: Mailbox) -> None:
    id = create(mailbox)
    url = f"{sandbox.url}/entries/{mailbox.email}/{id}"
    assert http.delete(url, timeout=10).status_code == 204
    assert http.delete(url, timeout=10).status_code == 404
    gone = read(mailbox, id)
    assert gone.status_code == 404 or gone.json()["status"] == "cancelled"
    assert mailbox.state == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/state.json?since=soon", None),
        ("POST", "/people", {"email": "a@example.com"}),
        ("POST", "/people", {"email": "nobody", "name": "x", "provider": "google"}),
        ("POST", "/people", {"email": "a@example.com", "name": "x", "provider": "yahoo"}),
        ("POST", "/people", {"email": "a@example.com", "name": "x", "provider": "google", "zoom": True}),
        ("POST", "/grants", {"service": "yahoo", "email": "tanaka@example.com"}),
        ("POST", "/grants", {"service": "microsoft", "email": "tanaka@example.com"}),
        ("POST", "/grants", {"service": "google", "email": "nobody@example.com"}),
        ("POST", "/revocations", {"service": "google", "email": "nobody@example.com"}),
        ("POST", "/expirations", {"service": "google", "email": "nobody@example.com"}),
        ("POST", "/switches", {"graph_duplicate": "maybe"}),
        ("POST", "/switches", {"zoom_list_lag_s": -1}),
        ("POST", "/switches", {"light": "on"}),
        ("POST", "/switches", {"google_testing": 1}),
        ("POST", "/switches", {"google_moved_out": "maybe"}),
        ("POST", "/grants", {"service": "google", "email": "tanaka@example.com", "scopes": "openid"}),
        ("PATCH", "/calendars/tanaka@example.com", {"free_busy": "maybe"}),
        ("PATCH", "/calendars/nobody@example.com", {"free_busy": "hidden"}),
        ("DELETE", "/entries/nobody@example.com", None),
        ("POST", "/entries/nobody@example.com", {"title": "x", **TIMES}),
        ("POST", "/entries/tanaka@example.com", {"title": "x", "start": "10:00", "end": END}),
        ("POST", "/entries/tanaka@example.com", {"title": "x", "start": END, "end": START}),
        ("POST", "/entries/suzuki@example.com", {"title": "x", "start": END, "end": START}),
        ("POST", "/entries/tanaka@example.com", {"title": "x", **TIMES, "status": "busy"}),
        ("POST", "/entries/tanaka@example.com", {"title": "x", **TIMES, "room": "A"}),
        ("PATCH", "/entries/tanaka@example.com/x", {"title": "x"}),
        ("PATCH", "/entries/tanaka@example.com/x", "x"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_plain_sentence(
    sandbox: Sandbox, http: requests.Session, method: str, path: str, body: Any
) -> None:
    before = state(sandbox, http)["calendars"]
    answer = http.request(method, sandbox.url + path, json=body, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text.strip().endswith(".")
    assert state(sandbox, http)["calendars"] == before


def test_a_consent_over_http_may_be_to_less(sandbox: Sandbox, http: requests.Session) -> None:
    wish = {"service": "google", "email": "tanaka@example.com", "scopes": ["openid"]}
    token = http.post(f"{sandbox.url}/grants", json=wish, timeout=10).json()["refresh_token"]
    holder = sandbox.world.tokens.holder("google", token)
    assert holder
    assert holder.scopes == {"openid"}


def test_an_unknown_switch_leaves_the_others_alone(sandbox: Sandbox, http: requests.Session) -> None:
    wish = {"graph_duplicate": "conflict", "nonsense": 1}
    assert http.post(f"{sandbox.url}/switches", json=wish, timeout=10).status_code == 400
    assert http.get(f"{sandbox.url}/switches", timeout=10).json()["graph_duplicate"] == "same"


def test_the_environment_has_every_setting_that_points_at_a_vendor(sandbox: Sandbox) -> None:
    vendors = ("GOOGLE", "MICROSOFT", "ZOOM")
    named = {f"CHOUSEIAPO_{vendor}_CLIENT_{part}" for vendor in vendors for part in ("ID", "SECRET")}
    named |= {
        f"CHOUSEIAPO_{name}"
        for name in [
            "GOOGLE_API_ROOT",
            "GOOGLE_AUTH_URL",
            "GOOGLE_TOKEN_URL",
            "MICROSOFT_AUTHORITY",
            "GRAPH_ROOT",
            "ZOOM_OAUTH_ROOT",
            "ZOOM_API_ROOT",
            "ZOOM_WEBHOOK_SECRET",
            "ZOOM_ACCOUNT_ID",
            "ZOOM_S2S_CLIENT_ID",
            "ZOOM_S2S_CLIENT_SECRET",
            "SMTP_URL",
            "MAIL_FROM",
            "CA_FILE",
        ]
    }
    assert set(sandbox.env) == named | {"OAUTHLIB_INSECURE_TRANSPORT"}
    assert sandbox.env["CHOUSEIAPO_MICROSOFT_AUTHORITY"].startswith("https://localhost:")
