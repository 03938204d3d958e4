"""The three sign-ins, through the product's clients: consent on a page, codes, refresh tokens, identity."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from requests_oauthlib import OAuth2Session

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, GraphMailbox, ZoomMailbox, session

CALLBACK = "http://127.0.0.1:9/back"
VERIFIER = "v" * 64


def consent(http: requests.Session, url: str, email: str) -> dict[str, str]:
    """Opens the page, presses the person's button, and reads what goes back to the product."""
    page = http.get(url, timeout=10)
    assert page.status_code == 200, page.text
    assert f'value="{email}"' in page.text
    answer = http.post(url, data={"email": email}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303
    target = answer.headers["Location"]
    assert target.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def challenge() -> dict[str, str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {"code_challenge": digest, "code_challenge_method": "S256"}


def google_page(google: GoogleMailbox, **parameters: str) -> str:
    query = {
        "client_id": google.env["GOOGLE_CLIENT_ID"],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid email https://www.googleapis.com/auth/calendar.events.owned",
        "state": "s1",
        "access_type": "offline",
        "prompt": "consent",
    }
    return (
        requests.Request("GET", google.env["GOOGLE_AUTH_URL"], params=query | parameters).prepare().url or ""
    )


def redeem(google: GoogleMailbox, code: str, **more: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": google.env["GOOGLE_CLIENT_ID"],
        "client_secret": google.env["GOOGLE_CLIENT_SECRET"],
    }
    return google.http.post(google.env["GOOGLE_TOKEN_URL"], data=form | more, timeout=10)


def test_google_answers_a_consent_with_tokens_and_an_identity(
    google: GoogleMailbox, http: requests.Session
) -> None:
    url = google_page(google, nonce="n1", **challenge())
    back = consent(http, url, google.email)
    assert back["state"] == "s1"
    answer = redeem(google, back["code"], code_verifier=VERIFIER).json()
    assert set(answer["scope"].split()) == {
        "openid",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/calendar.events.owned",
    }
    certs = http.get(google.env["GOOGLE_TOKEN_URL"].replace("/token", "/certs"), timeout=10).json()
    key = jwt.PyJWK(certs["keys"][0])
    claims = jwt.decode(answer["id_token"], key, ["RS256"], audience=google.env["GOOGLE_CLIENT_ID"])
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == (google.email, True, "n1")
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    userinfo = http.get(
        google.env["GOOGLE_TOKEN_URL"].replace("/token", "/userinfo"), headers=bearer, timeout=10
    )
    assert userinfo.json()["sub"] == claims["sub"]
    google.refresh_token = answer["refresh_token"]
    google.sign_in()
    assert google.insert().status_code == 200


def test_google_gives_a_refresh_token_only_offline_and_with_consent(
    google: GoogleMailbox, http: requests.Session
) -> None:
    for parameters in ({"access_type": "online"}, {"prompt": "none"}):
        back = consent(http, google_page(google, **parameters), google.email)
        assert "refresh_token" not in redeem(google, back["code"]).json()


def test_a_code_is_good_once_and_for_its_own_verifier_and_address(
    google: GoogleMailbox, http: requests.Session
) -> None:
    def fresh() -> str:
        return consent(http, google_page(google, **challenge()), google.email)["code"]

    code = fresh()
    assert redeem(google, code, code_verifier=VERIFIER).status_code == 200
    for each, changes in (
        (code, {"code_verifier": VERIFIER}),
        (fresh(), {"code_verifier": "x" * 64}),
        (fresh(), {"code_verifier": VERIFIER, "redirect_uri": CALLBACK + "/other"}),
    ):
        answer = redeem(google, each, **changes)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_consent_can_be_denied(google: GoogleMailbox, http: requests.Session) -> None:
    answer = http.post(google_page(google), data={"email": ""}, allow_redirects=False, timeout=10)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {
        "error": ["access_denied"],
        "state": ["s1"],
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "somebody"},
        {"response_type": "token"},
        {"redirect_uri": "javascript:alert(1)"},
        {"code_challenge": "x", "code_challenge_method": "plain"},
    ],
)
def test_a_wrong_request_is_told_on_the_page_and_leads_nowhere(
    google: GoogleMailbox, http: requests.Session, wrong: dict[str, str]
) -> None:
    url = google_page(google, **wrong)
    assert http.get(url, timeout=10).status_code == 400
    assert http.post(url, data={"email": google.email}, allow_redirects=False, timeout=10).status_code == 400


def test_googles_token_endpoint_refuses_a_wrong_client_and_an_unknown_grant(google: GoogleMailbox) -> None:
    wrong = redeem(google, "x", client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    unknown = redeem(google, "x", grant_type="password")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "unsupported_grant_type")


def test_msal_signs_in_by_refresh_token_and_then_silently(sandbox: Sandbox, graph: GraphMailbox) -> None:
    application, scopes = graph.msal(), ["Calendars.ReadWrite"]
    token = application.acquire_token_by_refresh_token(graph.refresh_token, scopes)
    assert token["id_token_claims"]["preferred_username"] == graph.email
    (account,) = application.get_accounts()
    silent = application.acquire_token_silent_with_error(scopes, account)
    assert silent["access_token"] != token["access_token"], "with 60 s to live msal asks anew each time"
    bearer = {"Authorization": f"Bearer {silent['access_token']}"}
    assert graph.ask("GET", "/me", headers=bearer).json()["mail"] == graph.email
    sandbox.revoke("microsoft", graph.email)
    refused = application.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [50173])
    application.close()


def test_msal_serves_a_long_lived_token_from_its_cache() -> None:
    with Sandbox(token_life_s=3600) as sandbox:
        graph = GraphMailbox(sandbox, "suzuki@example.com")
        application = graph.msal()
        token = application.acquire_token_by_refresh_token(graph.refresh_token, ["Calendars.ReadWrite"])
        (account,) = application.get_accounts()
        silent = application.acquire_token_silent(["Calendars.ReadWrite"], account)
        assert (silent["access_token"], silent["token_source"]) == (token["access_token"], "cache")
        application.close()
        graph.close()


def test_msal_walks_through_the_consent(graph: GraphMailbox, http: requests.Session) -> None:
    application = graph.msal()
    with pytest.warns(UserWarning, match="form_post"):
        flow = application.initiate_auth_code_flow(
            ["Calendars.ReadWrite"], redirect_uri=CALLBACK, response_mode="query"
        )
    assert flow["auth_uri"].startswith(graph.sandbox.url), "no browser has to trust the throw-away authority"
    back = consent(http, flow["auth_uri"], graph.email)
    token = application.acquire_token_by_auth_code_flow(flow, back)
    assert token["id_token_claims"]["preferred_username"] == graph.email
    assert "refresh_token" in token
    application.close()


def test_microsofts_answer_can_be_posted_without_a_script(
    graph: GraphMailbox, http: requests.Session
) -> None:
    application = graph.msal()
    flow = application.initiate_auth_code_flow(
        ["Calendars.ReadWrite"], redirect_uri=CALLBACK, response_mode="form_post"
    )
    page = http.post(flow["auth_uri"], data={"email": graph.email}, timeout=10).text
    assert f'action="{CALLBACK}"' in page
    assert f'value="{flow["state"]}"' in page
    assert "<script" not in page
    application.close()


def test_a_scope_that_nobody_consented_to_is_refused(sandbox: Sandbox, graph: GraphMailbox) -> None:
    application = graph.msal()
    token = sandbox.grant("microsoft", graph.email, ["User.Read", "offline_access", "openid"])
    answer = application.acquire_token_by_refresh_token(token, ["Calendars.ReadWrite"])
    assert (answer["error"], answer["suberror"]) == ("invalid_grant", "consent_required")
    application.close()


def test_microsoft_speaks_tls_by_its_own_authority_only(graph: GraphMailbox) -> None:
    url = graph.env["MICROSOFT_AUTHORITY"] + "/v2.0/.well-known/openid-configuration"
    with session() as plain:
        with pytest.raises(requests.exceptions.SSLError):
            plain.get(url, timeout=10)
        discovery: dict[str, Any] = plain.get(url, verify=graph.env["CA_FILE"], timeout=10).json()
        keys = plain.get(discovery["jwks_uri"], verify=graph.env["CA_FILE"], timeout=10).json()
        missing = plain.get(
            graph.env["MICROSOFT_AUTHORITY"] + "/nothing", verify=graph.env["CA_FILE"], timeout=10
        )
    assert discovery["issuer"] == graph.env["MICROSOFT_AUTHORITY"] + "/v2.0"
    assert keys["keys"][0]["kty"] == "RSA"
    assert missing.status_code == 404


def test_requests_oauthlib_walks_through_zooms_consent(
    zoom: ZoomMailbox, http: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    root = zoom.env["ZOOM_OAUTH_ROOT"]
    with OAuth2Session(zoom.env["ZOOM_CLIENT_ID"], redirect_uri=CALLBACK) as client:
        client.trust_env = False
        url, state = client.authorization_url(root + "/authorize")
        back = consent(http, url, zoom.email)
        assert back["state"] == state
        auth = requests.auth.HTTPBasicAuth(zoom.env["ZOOM_CLIENT_ID"], zoom.env["ZOOM_CLIENT_SECRET"])
        token = client.fetch_token(root + "/token", code=back["code"], auth=auth)
        assert client.get(zoom.env["ZOOM_API_ROOT"] + "/users/me", timeout=10).json()["email"] == zoom.email
    assert zoom.refresh(zoom.refresh_token).status_code == 400, "the new consent made the older tokens void"
    assert zoom.refresh(token["refresh_token"]).status_code == 200


def test_a_page_offers_only_people_who_use_the_vendor(google: GoogleMailbox, http: requests.Session) -> None:
    page = http.get(google_page(google, login_hint="sato@example.com"), timeout=10).text
    assert page.index("sato@example.com") < page.index("tanaka@example.com")
    assert "suzuki@example.com" not in page


def test_identity_tokens_carry_no_secret(graph: GraphMailbox) -> None:
    application = graph.msal()
    token = application.acquire_token_by_refresh_token(graph.refresh_token, ["Calendars.ReadWrite"])
    application.close()
    payload = token["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert {"iss", "aud", "exp", "tid", "oid"} <= set(claims)
    assert graph.env["MICROSOFT_CLIENT_SECRET"] not in str(claims)
