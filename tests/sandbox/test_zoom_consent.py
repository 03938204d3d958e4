"""Zoom's authorization page: proof keys, addresses, an administrator's approval, and how a consent ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from chouseiapo.sandbox import Sandbox, tokens
from tests.sandbox.clients import ZoomCompany, ZoomMailbox
from tests.sandbox.conftest import Fault
from tests.sandbox.listener import Listener
from tests.sandbox.test_sign_in import CALLBACK, VERIFIER, challenge, consent

REFUSED = {"en": "You cannot authorize the app", "ja": "アプリを承認できません"}


def page_of(zoom: ZoomMailbox, **parameters: str) -> str:
    query = {
        "client_id": zoom.env["ZOOM_CLIENT_ID"],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "state": "s1",
    }
    url = zoom.env["ZOOM_OAUTH_ROOT"] + "/authorize"
    return requests.Request("GET", url, params=query | parameters).prepare().url or ""


def redeem(zoom: ZoomMailbox, code: str, **more: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return zoom.http.post(
        zoom.env["ZOOM_OAUTH_ROOT"] + "/token", data=form | more, auth=client(zoom), timeout=10
    )


def client(zoom: ZoomMailbox) -> tuple[str, str]:
    return zoom.env["ZOOM_CLIENT_ID"], zoom.env["ZOOM_CLIENT_SECRET"]


def administrator(zoom: ZoomMailbox, **wish: Any) -> requests.Response:
    return zoom.http.patch(f"{zoom.sandbox.url}/zoom-app", json=wish, timeout=10)


def test_a_consent_with_a_proof_key_brings_tokens_that_work(zoom: ZoomMailbox) -> None:
    back = consent(zoom.http, page_of(zoom, **challenge()), zoom.email)
    assert back["state"] == "s1"
    answer = redeem(zoom, back["code"], code_verifier=VERIFIER).json()
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert zoom.ask("GET", "/users/me", headers=bearer).json()["email"] == zoom.email
    assert zoom.refresh(answer["refresh_token"]).status_code == 200


def test_a_code_is_good_once_in_time_and_for_its_own_verifier_and_address(
    zoom: ZoomMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh() -> str:
        return consent(zoom.http, page_of(zoom, **challenge()), zoom.email)["code"]

    used = fresh()
    assert redeem(zoom, used, code_verifier=VERIFIER).status_code == 200
    refused = [
        redeem(zoom, used, code_verifier=VERIFIER),
        redeem(zoom, fresh()),
        redeem(zoom, fresh(), code_verifier="x" * 64),
        redeem(zoom, fresh(), code_verifier=VERIFIER, redirect_uri=f"{CALLBACK}/other"),
    ]
    late = fresh()
    assert tokens.CODE_LIFE_S == 300
    monkeypatch.setattr(tokens, "CODE_LIFE_S", 0)
    refused.append(redeem(zoom, late, code_verifier=VERIFIER))
    assert {(each.status_code, each.json()["error"]) for each in refused} == {(400, "invalid_grant")}


def test_who_denies_goes_back_with_an_error(zoom: ZoomMailbox) -> None:
    answer = zoom.http.post(page_of(zoom), data={"email": ""}, allow_redirects=False, timeout=10)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back == {"error": ["access_denied"], "state": ["s1"]}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"client_id": "somebody"}, "4,702"),
        ({"redirect_uri": "javascript:alert(1)"}, "4,709"),
        ({"redirect_uri": f"{CALLBACK}/elsewhere"}, "4,709"),
        ({"response_type": "token"}, "response_type"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "S256"),
    ],
)
def test_a_wrong_request_is_told_on_the_page(zoom: ZoomMailbox, wrong: dict[str, str], told: str) -> None:
    administrator(zoom, redirects=[CALLBACK]).raise_for_status()
    assert zoom.http.get(page_of(zoom), timeout=10).status_code == 200
    for method in ("GET", "POST"):
        answer = zoom.http.request(
            method, page_of(zoom, **wrong), data={"email": zoom.email}, allow_redirects=False, timeout=10
        )
        assert (answer.status_code, told in answer.text) == (400, True)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_without_an_administrators_approval_nobody_comes_back(zoom: ZoomMailbox, language: str) -> None:
    administrator(zoom, approval="needed").raise_for_status()
    url = page_of(zoom, lang=language)
    for form in ({"email": zoom.email}, {"email": zoom.email, "request": "1"}, {"email": zoom.email}):
        answer = zoom.http.post(url, data=form, allow_redirects=False, timeout=10)
        assert (answer.status_code, REFUSED[language] in answer.text) == (200, True)
        assert "Location" not in answer.headers
    assert zoom.http.get(f"{zoom.sandbox.url}/zoom-app", timeout=10).json()["approval"] == "requested"
    assert 'name="request"' not in answer.text, "it was asked for already"


def test_once_the_administrator_has_approved_the_consent_goes_on(zoom: ZoomMailbox) -> None:
    administrator(zoom, approval="needed").raise_for_status()
    page = zoom.http.post(page_of(zoom), data={"email": zoom.email}, timeout=10).text
    assert 'name="request"' in page
    assert administrator(zoom, approval="approved").json()["approval"] == "approved"
    assert redeem(zoom, consent(zoom.http, page_of(zoom), zoom.email)["code"]).status_code == 200


def test_approval_is_a_matter_of_the_companys_account(zoom: ZoomMailbox) -> None:
    email = f"free.{zoom.email}"
    zoom.sandbox.add_zoom_user(email, "個人", 1, account="another")
    administrator(zoom, approval="needed").raise_for_status()
    assert "code" in consent(zoom.http, page_of(zoom), email)


def test_an_approval_has_four_states_only(zoom: ZoomMailbox) -> None:
    answer = administrator(zoom, approval="perhaps")
    assert (answer.status_code, "requested" in answer.text) == (400, True)


def test_a_new_consent_voids_access_and_refresh_tokens_of_earlier_ones(zoom: ZoomMailbox) -> None:
    first = redeem(zoom, consent(zoom.http, page_of(zoom), zoom.email)["code"]).json()
    second = redeem(zoom, consent(zoom.http, page_of(zoom), zoom.email)["code"]).json()
    statuses = [
        zoom.ask("GET", "/users/me", headers={"Authorization": f"Bearer {each['access_token']}"}).status_code
        for each in (first, second)
    ]
    assert statuses == [401, 200]
    assert zoom.refresh(first["refresh_token"]).status_code == 400


def revoked(zoom: ZoomMailbox, token: str, secret: str = "") -> requests.Response:
    id, own = client(zoom)
    return zoom.http.post(
        zoom.env["ZOOM_OAUTH_ROOT"] + "/revoke",
        data={"token": token},
        auth=(id, secret or own),
        timeout=10,
    )


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_revoking_either_token_ends_the_whole_grant(zoom: ZoomMailbox, kind: str) -> None:
    access = str(zoom.http.headers["Authorization"]).removeprefix("Bearer ")
    token = access if kind == "access" else zoom.refresh_token
    assert revoked(zoom, token, "wrong").status_code == 401
    answer = revoked(zoom, token)
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert zoom.ask("GET", "/users/me").json()["code"] == 124
    assert zoom.refresh(zoom.refresh_token).status_code == 400
    assert revoked(zoom, token).status_code == 400


def test_revoking_can_fail_like_any_request(zoom: ZoomMailbox, fault: Fault) -> None:
    fault("zoom_oauth", "status", status=503, mailbox=zoom.email, limit=1)
    assert revoked(zoom, zoom.refresh_token).status_code == 503
    assert zoom.refresh(zoom.refresh_token).status_code == 200


def test_the_members_app_cannot_revoke_what_the_companys_app_got(
    zoom: ZoomMailbox, company: ZoomCompany
) -> None:
    token = str(company.http.headers["Authorization"]).removeprefix("Bearer ")
    assert revoked(zoom, token).status_code == 400
    assert company.ask("GET", "/users").status_code == 200


@pytest.mark.parametrize("silent", [False, True])
def test_removing_the_app_at_zoom_ends_the_tokens_and_is_told(
    sandbox: Sandbox, zoom: ZoomMailbox, listener: Listener, silent: bool
) -> None:
    sandbox.send_webhooks_to(listener.url)
    body = {"email": zoom.email, "silent": silent}
    assert zoom.http.post(f"{sandbox.url}/zoom-removals", json=body, timeout=10).status_code == 204
    assert zoom.ask("GET", "/users/me").status_code == 401
    assert zoom.refresh(zoom.refresh_token).status_code == 400
    if silent:
        assert [each.state for each in sandbox.world.webhooks.deliveries][-1] == "lost"
        return
    (heard,) = listener.wait(1)
    payload = heard.body["payload"]
    assert (heard.body["event"], payload["user_id"]) == (
        "app_deauthorized",
        sandbox.world.zoom.user(zoom.email).id,
    )
    assert payload["client_id"] == zoom.env["ZOOM_CLIENT_ID"]
    assert payload["account_id"] == zoom.env["ZOOM_ACCOUNT_ID"]
