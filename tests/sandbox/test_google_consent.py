"""What a consent to Google comes to: single permissions, proof keys, a week's life, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import AUTH, GoogleMailbox, session
from tests.sandbox.conftest import Fault
from tests.sandbox.test_sign_in import VERIFIER, challenge, google_page, redeem

OWNED, BUSY, LIST = (
    f"{AUTH}{each}" for each in ("calendar.events.owned", "calendar.events.freebusy", "calendar.calendarlist")
)
SIGNED_IN = {"openid", f"{AUTH}userinfo.email"}
WEEK = 7 * 24 * 3600


def agreed(google: GoogleMailbox, ticked: list[str] | None, **parameters: str) -> dict[str, str]:
    """What comes back when these boxes stay ticked; None: as the page is."""
    url = google_page(google, scope=f"openid email {OWNED} {BUSY} {LIST}", **parameters)
    form: dict[str, str | list[str]] = {"email": google.email}
    if ticked is not None:
        form |= {"shown": [OWNED, BUSY, LIST], "scope": ticked}
    answer = google.http.post(url, data=form, allow_redirects=False, timeout=10)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def scope(google: GoogleMailbox, code: str) -> set[str]:
    return set(redeem(google, code).json()["scope"].split())


@pytest.mark.parametrize("ticked", [None, [OWNED, BUSY, LIST], [OWNED], []])
def test_the_answer_names_the_permissions_that_were_given(
    google: GoogleMailbox, ticked: list[str] | None
) -> None:
    given = {OWNED, BUSY, LIST} if ticked is None else set(ticked)
    assert scope(google, agreed(google, ticked)["code"]) == SIGNED_IN | given


def test_a_refused_permission_is_refused_to_the_token(google: GoogleMailbox) -> None:
    answer = redeem(google, agreed(google, [BUSY])["code"]).json()
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert google.ask("GET", google.events_path, headers=bearer).status_code == 403
    google.refresh_token = answer["refresh_token"]
    google.sign_in()
    assert google.insert().status_code == 403


def test_the_page_has_a_box_for_each_permission_but_signing_in(google: GoogleMailbox) -> None:
    page = google.http.get(google_page(google, scope=f"openid email {OWNED} {BUSY}"), timeout=10).text
    assert page.count('type="checkbox"') == 2
    assert page.count(" checked") == 2
    assert "所有しているカレンダーの予定の表示と編集" in page


def test_signing_in_cannot_be_refused_alone(google: GoogleMailbox) -> None:
    url = google_page(google, scope="openid email")
    form = {"email": google.email, "shown": ["openid"], "scope": []}
    answer = google.http.post(url, data=form, allow_redirects=False, timeout=10)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert scope(google, back["code"][0]) == SIGNED_IN


def test_who_refuses_everything_has_denied(google: GoogleMailbox) -> None:
    url = google_page(google, scope=OWNED)
    form = {"email": google.email, "shown": [OWNED], "scope": []}
    answer = google.http.post(url, data=form, allow_redirects=False, timeout=10)
    assert "error=access_denied" in answer.headers["Location"]


def test_earlier_permissions_come_along_where_that_is_asked_for(google: GoogleMailbox) -> None:
    alone = agreed(google, [LIST])
    assert OWNED not in scope(google, alone["code"])
    together = agreed(google, [LIST], include_granted_scopes="true")
    assert {OWNED, LIST} <= scope(google, together["code"])


@pytest.mark.parametrize(
    ("asked", "verifier"),
    [
        (True, ""),
        (True, "x" * 64),
        (True, VERIFIER[:42]),
        (False, VERIFIER),
    ],
)
def test_a_proof_key_that_does_not_fit_is_refused_and_the_code_is_spent(
    google: GoogleMailbox, asked: bool, verifier: str
) -> None:
    code = agreed(google, None, **(challenge() if asked else {}))["code"]
    for given in (verifier, VERIFIER if asked else ""):
        answer = redeem(google, code, **({"code_verifier": given} if given else {}))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_token_endpoint_is_found_beside_one_to_revoke(
    google: GoogleMailbox, http: requests.Session
) -> None:
    root = google.env["GOOGLE_TOKEN_URL"].removesuffix("/token")
    discovery = http.get(f"{root}/.well-known/openid-configuration", timeout=10).json()
    assert discovery["revocation_endpoint"] == f"{root}/revoke"


def revoked(google: GoogleMailbox, token: str, in_query: bool = False) -> requests.Response:
    url = google.env["GOOGLE_TOKEN_URL"].replace("/token", "/revoke")
    if in_query:
        return google.http.post(url, params={"token": token}, timeout=10)
    return google.http.post(url, data={"token": token}, timeout=10)


@pytest.mark.parametrize("by", ["refresh", "access", "query"])
def test_revoking_one_token_ends_everything_that_was_granted(google: GoogleMailbox, by: str) -> None:
    other = google.sandbox.grant("google", google.email, [f"{AUTH}calendar.events"])
    access = str(google.http.headers["Authorization"]).removeprefix("Bearer ")
    token = access if by == "access" else google.refresh_token
    assert revoked(google, token, by == "query").status_code == 200
    assert google.insert().status_code == 401
    for dead in (google.refresh_token, other):
        google.refresh_token = dead
        with pytest.raises(KeyError):
            google.sign_in()
    again = revoked(google, token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def test_revoking_can_fail_like_any_request(google: GoogleMailbox, fault: Fault) -> None:
    fault("google_oauth", "status", status=503, mailbox=google.email, limit=1)
    assert revoked(google, google.refresh_token).status_code == 503
    google.sign_in()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def unpublished() -> Iterator[tuple[GoogleMailbox, Clock]]:
    clock = Clock()
    with Sandbox(now=clock) as sandbox:
        with session() as http:
            http.post(f"{sandbox.url}/switches", json={"google_testing": True}, timeout=10)
        mailbox = GoogleMailbox(sandbox, "tanaka@example.com")
        yield mailbox, clock
        mailbox.close()


def refreshed(google: GoogleMailbox) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": google.refresh_token,
        "client_id": google.env["GOOGLE_CLIENT_ID"],
        "client_secret": google.env["GOOGLE_CLIENT_SECRET"],
    }
    return google.http.post(google.env["GOOGLE_TOKEN_URL"], data=form, timeout=10)


def test_consents_to_an_unpublished_app_say_that_they_end(unpublished: tuple[GoogleMailbox, Clock]) -> None:
    google, clock = unpublished
    answer = redeem(google, agreed(google, None)["code"]).json()
    assert answer["refresh_token_expires_in"] == WEEK - 1 == 604799
    google.refresh_token = answer["refresh_token"]
    clock.now += timedelta(days=2)
    assert refreshed(google).json()["refresh_token_expires_in"] == WEEK - 2 * 24 * 3600 - 1


def test_consents_to_an_unpublished_app_die_after_a_week(unpublished: tuple[GoogleMailbox, Clock]) -> None:
    google, clock = unpublished
    clock.now += timedelta(days=7, seconds=-1)
    assert refreshed(google).status_code == 200
    clock.now += timedelta(seconds=1)
    answer = refreshed(google)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_week_goes_on_over_a_restart(unpublished: tuple[GoogleMailbox, Clock]) -> None:
    google, _ = unpublished
    tokens = google.sandbox.world.tokens
    left = tokens.seconds_left(google.refresh_token)
    tokens.restore(tokens.saved())
    assert (left, tokens.seconds_left(google.refresh_token)) == (WEEK, WEEK)


def test_consents_to_a_published_app_have_no_end(google: GoogleMailbox) -> None:
    assert "refresh_token_expires_in" not in redeem(google, agreed(google, None)["code"]).json()
    assert "refresh_token_expires_in" not in refreshed(google).json()
