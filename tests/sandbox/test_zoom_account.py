"""The company's own app at Zoom: one token for everybody in the account, and who they are."""

from __future__ import annotations

import pytest
import requests

from chouseiapo.sandbox import Person, Sandbox
from tests.sandbox.clients import ZoomCompany, ZoomMailbox, meeting
from tests.sandbox.conftest import Fault, Turn


def test_the_companys_token_cannot_be_renewed_and_names_account_wide_scopes(company: ZoomCompany) -> None:
    answer = company.token().json()
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope", "api_url"}
    assert all(each.endswith(":admin") for each in answer["scope"].split())
    assert answer["expires_in"] == company.sandbox.world.tokens.life_s


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"account_id": "another"}, "invalid_request"),
        ({"account_id": ""}, "invalid_request"),
        ({"secret": "wrong"}, "invalid_client"),
    ],
)
def test_a_wrong_account_or_secret_gets_no_token(
    company: ZoomCompany, changes: dict[str, str], error: str
) -> None:
    answer = company.token(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_each_app_has_its_own_kind_of_grant(company: ZoomCompany, zoom: ZoomMailbox) -> None:
    root = company.env["ZOOM_OAUTH_ROOT"] + "/token"
    form = {"grant_type": "account_credentials", "account_id": company.env["ZOOM_ACCOUNT_ID"]}
    members = (company.env["ZOOM_CLIENT_ID"], company.env["ZOOM_CLIENT_SECRET"])
    answer = zoom.http.post(root, data=form, auth=members, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    refreshed = company.token(grant_type="refresh_token", refresh_token=zoom.refresh_token)
    assert (refreshed.status_code, refreshed.json()["error"]) == (401, "invalid_client")


def test_the_parameters_of_a_token_may_stand_in_the_address(company: ZoomCompany) -> None:
    query = {"grant_type": "account_credentials", "account_id": company.env["ZOOM_ACCOUNT_ID"]}
    app = (company.env["ZOOM_S2S_CLIENT_ID"], company.env["ZOOM_S2S_CLIENT_SECRET"])
    answer = company.http.post(company.env["ZOOM_OAUTH_ROOT"] + "/token", params=query, auth=app, timeout=10)
    assert answer.status_code == 200


def test_a_companys_meeting_belongs_to_the_user_it_was_made_for(
    company: ZoomCompany, zoom: ZoomMailbox
) -> None:
    made = company.ask("POST", f"/users/{zoom.email}/meetings", meeting()).json()
    assert made["host_email"] == zoom.email
    listed = zoom.ask("GET", "/users/me/meetings").json()["meetings"]
    assert [each["id"] for each in listed] == [made["id"]]
    one = f"/meetings/{made['id']}"
    assert company.ask("PATCH", one, {"topic": "別"}).status_code == 204
    assert company.ask("GET", one).json()["topic"] == "別"
    by_id = company.ask("GET", f"/users/{made['host_id']}/meetings").json()
    assert by_id["total_records"] == 1
    assert company.ask("DELETE", one).status_code == 204
    assert zoom.ask("GET", one).json()["code"] == 3001


def test_the_companys_token_reaches_settings_of_anybody_in_the_account(
    company: ZoomCompany, zoom: ZoomMailbox
) -> None:
    assert company.ask("GET", f"/users/{zoom.email}").json()["email"] == zoom.email
    settings = company.ask("GET", f"/users/{zoom.email}/settings").json()
    assert "meeting_password_requirement" in settings["schedule_meeting"]


def test_me_is_the_accounts_owner(company: ZoomCompany) -> None:
    assert company.ask("GET", "/users/me").json()["email"] == "tanaka@example.com"


def test_users_of_no_or_another_account_are_told_apart(
    sandbox: Sandbox, company: ZoomCompany, zoom: ZoomMailbox
) -> None:
    outsider = f"out.{zoom.email}"
    sandbox.add_zoom_user(outsider, "社外", account="another")
    for path, body in ((f"/users/{outsider}", None), (f"/users/{outsider}/meetings", meeting())):
        answer = company.ask("POST" if body else "GET", path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, 1010)
    unknown = company.ask("GET", "/users/nobody@example.com")
    assert (unknown.status_code, unknown.json()["code"]) == (404, 1001)
    emails = [each["email"] for each in everybody(company)]
    assert (zoom.email in emails, outsider in emails) == (True, False)


def test_a_user_who_has_left_hosts_no_meeting(company: ZoomCompany) -> None:
    answer = company.ask("POST", "/users/retired@example.com/meetings", meeting())
    assert (answer.status_code, answer.json()["code"]) == (404, 1001)
    assert company.ask("GET", "/users/retired@example.com").json()["status"] == "inactive"


def everybody(company: ZoomCompany, **query: str) -> list[dict[str, object]]:
    """All pages."""
    found: list[dict[str, object]] = []
    parameters = {"page_size": "2"} | query
    while True:
        answer = company.ask("GET", "/users", params=parameters).json()
        found += answer["users"]
        assert len(answer["users"]) <= int(parameters["page_size"])
        if not answer["next_page_token"]:
            assert answer["total_records"] == len(found)
            return found
        parameters["next_page_token"] = answer["next_page_token"]


def test_users_are_paged_and_licensed_ones_told_from_basic_ones() -> None:
    with Sandbox(people=[Person("tanaka@example.com", "田中", "google")]) as sandbox:
        company = ZoomCompany(sandbox)
        found = everybody(company)
        assert len({each["id"] for each in found}) == len(found) == 6
        assert sorted(each["type"] for each in found) == [1, 1, 2, 2, 2, 2]  # type: ignore[type-var]
        assert [each["email"] for each in everybody(company, status="inactive")] == ["retired@example.com"]
        company.close()


@pytest.mark.parametrize(
    "query", [{"page_size": "301"}, {"page_size": "0"}, {"status": "gone"}, {"next_page_token": "x"}]
)
def test_a_list_of_users_with_a_wrong_parameter_is_refused(
    company: ZoomCompany, query: dict[str, str]
) -> None:
    answer = company.ask("GET", "/users", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


def test_a_page_token_runs_out(company: ZoomCompany, turn: Turn) -> None:
    turn(zoom_page_token_s=0)
    token = company.ask("GET", "/users", params={"page_size": "1"}).json()["next_page_token"]
    answer = company.ask("GET", "/users", params={"page_size": "1", "next_page_token": token})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "The next page token is invalid or expired.",
    )


def test_a_members_token_lists_nobody(zoom: ZoomMailbox) -> None:
    answer = zoom.ask("GET", "/users")
    assert (answer.status_code, answer.json()["code"]) == (400, 4711)


def test_faults_and_the_journal_know_whom_the_company_speaks_of(
    company: ZoomCompany, zoom: ZoomMailbox, fault: Fault
) -> None:
    fault("zoom", "status", status=503, mailbox=zoom.email)
    assert company.ask("GET", f"/users/{zoom.email}").status_code == 503
    assert company.ask("GET", "/users/host01@example.com").status_code == 200
    cursor = company.http.get(f"{company.sandbox.url}/state.json", timeout=10).json()["cursor"]
    company.ask("GET", "/users/host01@example.com/meetings")
    state = company.http.get(f"{company.sandbox.url}/state.json", params={"since": cursor}, timeout=10)
    assert [each["mailbox"] for each in state.json()["requests"]] == ["host01@example.com"]


def test_users_are_added_and_changed_by_the_administrator(sandbox: Sandbox, http: requests.Session) -> None:
    new = {"email": "new.host@example.com", "name": "新", "type": 1}
    made = http.post(f"{sandbox.url}/zoom-users", json=new, timeout=10)
    assert (made.status_code, made.json()["type"]) == (201, 1)
    assert http.post(f"{sandbox.url}/zoom-users", json=new, timeout=10).status_code == 400
    one = f"{sandbox.url}/zoom-users/new.host@example.com"
    assert http.patch(one, json={"type": 2, "status": "pending"}, timeout=10).json()["status"] == "pending"
    for wrong in (
        {"type": 3},
        {"status": "away"},
        {"locked": ["lights"]},
        {"settings": {"in_meeting": {"lights": True}}},
        {"settings": {"in_meeting": {"waiting_room": 1}}},
        {"email": "x@example.com"},
    ):
        assert http.patch(one, json=wrong, timeout=10).status_code == 400, wrong
    assert http.patch(f"{sandbox.url}/zoom-users/x@example.com", json={}, timeout=10).status_code == 400


def test_a_free_user_links_and_is_shown_as_one(sandbox: Sandbox) -> None:
    zoom = ZoomMailbox(sandbox, "kobayashi@example.com")
    assert zoom.ask("GET", "/users/me").json()["type"] == 1
    zoom.close()


def test_the_companys_token_can_run_out_by_request(company: ZoomCompany) -> None:
    wish = {"service": "zoom", "email": company.env["ZOOM_ACCOUNT_ID"]}
    url = f"{company.sandbox.url}/expirations"
    assert company.http.post(url, json=wish, timeout=10).status_code == 204
    answer = company.ask("GET", "/users")
    assert (answer.status_code, answer.json()["code"]) == (401, 124)
    assert company.http.post(f"{company.sandbox.url}/grants", json=wish, timeout=10).status_code == 400
