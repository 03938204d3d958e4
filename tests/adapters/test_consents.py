"""Consent on the vendors' own pages: what is asked for, what is granted, and what goes wrong there."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from chouseiapo.accounts.google import READING, GoogleAccounts
from chouseiapo.accounts.linking import Begun, Granted
from chouseiapo.accounts.microsoft import SHARED, WRITING, MicrosoftAccounts
from chouseiapo.accounts.zoom import ZoomAccounts
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from chouseiapo.sandbox.calls import Reply
from chouseiapo.sandbox.tokens import ACCOUNT_SCOPES, SCOPES
from chouseiapo.sandbox.zoom.sign_in import ZoomSignIn
from tests.adapters.outside import Outside

numbers = itertools.count(1)
BACK = "http://127.0.0.1:8000/settings/linked/vendor"


class Visitor:
    """Somebody with an account, in front of the vendor's page."""

    def __init__(
        self, outside: Outside, service: str, accounts: GoogleAccounts | MicrosoftAccounts | ZoomAccounts
    ) -> None:
        self.outside, self.service, self.accounts = outside, service, accounts
        self.email = f"visitor{next(numbers)}@example.com"
        outside.sandbox.add_person(self.email, "人", "google" if service == "zoom" else service)

    def begin(self, for_room: bool = False) -> Begun:
        return self.accounts.begin(BACK, self.email, for_room)

    def answer(self, begun: Begun, email: str | None = None) -> dict[str, str]:
        """What the vendor sends back; nobody's address says no."""
        form = {"email": self.email if email is None else email}
        page = requests.post(begun.url, data=form, allow_redirects=False, timeout=10)
        assert page.headers["Location"].startswith(f"{BACK}?")
        return dict(parse_qsl(urlsplit(page.headers["Location"]).query))

    def agree(self, for_room: bool = False) -> Granted:
        begun = self.begin(for_room)
        return self.accounts.finish(begun.kept, self.answer(begun))

    def refused(self, kept: dict[str, Any], answer: dict[str, str]) -> str:
        with pytest.raises(PortError) as caught:
            self.accounts.finish(kept, answer)
        assert not caught.value.auth, "nothing that is linked is concerned"
        return caught.value.reason


@pytest.fixture(params=["google", "microsoft", "zoom"])
def visitor(request: pytest.FixtureRequest, outside: Outside, vendor_settings: Settings) -> Visitor:
    kind: Any = {"google": GoogleAccounts, "microsoft": MicrosoftAccounts, "zoom": ZoomAccounts}
    return Visitor(outside, request.param, kind[request.param](vendor_settings))


@pytest.fixture
def at_google(outside: Outside, vendor_settings: Settings) -> Visitor:
    return Visitor(outside, "google", GoogleAccounts(vendor_settings))


@pytest.fixture
def at_microsoft(outside: Outside, vendor_settings: Settings) -> Visitor:
    return Visitor(outside, "microsoft", MicrosoftAccounts(vendor_settings))


@pytest.fixture
def at_zoom(outside: Outside, vendor_settings: Settings) -> Visitor:
    return Visitor(outside, "zoom", ZoomAccounts(vendor_settings))


def asked(begun: Begun) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}


def test_a_consent_brings_a_grant_that_can_be_refreshed(visitor: Visitor) -> None:
    granted = visitor.agree()
    assert (granted.can_write, granted.missing, granted.lives_s) == (True, (), None)
    fresh = visitor.accounts.refresh(granted.grant)
    for grant in (granted.grant, fresh):
        assert visitor.accounts.account(grant).email == visitor.email


def test_the_page_is_asked_for_with_proof_of_possession(visitor: Visitor) -> None:
    begun, other = visitor.begin(), visitor.begin()
    assert asked(begun)["code_challenge_method"] == "S256"
    assert asked(begun)["redirect_uri"] == BACK
    assert asked(begun).get("login_hint") == (None if visitor.service == "zoom" else visitor.email)
    assert asked(begun)["state"] == begun.state
    assert begun.state != other.state
    secrets = [value for name, value in begun.kept.items() if "verifier" in name]
    assert [value for value in secrets if value in begun.url] == []


def test_google_is_asked_for_the_least_that_serves(at_google: Visitor) -> None:
    for for_room, writing in ((False, "calendar.events.owned"), (True, "calendar.events")):
        found = asked(at_google.begin(for_room))
        scopes = {scope.rpartition("/")[2] for scope in found["scope"].split()}
        assert scopes == {writing, *READING, "openid", "email"}
        assert (found["access_type"], found["prompt"]) == ("offline", "consent")


def test_microsoft_is_asked_for_shared_calendars_for_a_room_alone(at_microsoft: Visitor) -> None:
    own, room = (asked(at_microsoft.begin(for_room)) for for_room in (False, True))
    assert {WRITING, "User.Read", "offline_access"} <= set(own["scope"].split())
    assert (SHARED in own["scope"].split(), SHARED in room["scope"].split()) == (False, True)
    assert room["prompt"] == "select_account"


def test_a_room_s_grant_goes_on_asking_for_shared_calendars(at_microsoft: Visitor) -> None:
    grant = at_microsoft.accounts.refresh(at_microsoft.agree(for_room=True).grant)
    again = at_microsoft.accounts.refresh(grant)
    assert SHARED in again.state
    assert SHARED not in at_microsoft.accounts.refresh(at_microsoft.agree().grant).state


def test_who_says_no_is_taken_at_their_word(visitor: Visitor) -> None:
    begun = visitor.begin()
    assert visitor.refused(begun.kept, visitor.answer(begun, email="")) == "denied"


def test_another_error_of_the_page_is_the_vendor_s(visitor: Visitor) -> None:
    begun = visitor.begin()
    answer = {"state": begun.state, "error": "server_error"}
    assert visitor.refused(begun.kept, answer) == "vendor_refused"


def test_a_code_is_good_once_and_with_its_verifier_only(visitor: Visitor) -> None:
    begun = visitor.begin()
    answer = visitor.answer(begun)
    visitor.accounts.finish(begun.kept, answer)
    assert visitor.refused(begun.kept, answer) == "code_refused"
    assert visitor.refused(begun.kept, {"state": begun.state}) == "code_refused"
    other = visitor.begin()
    stolen = visitor.answer(other)
    assert visitor.refused(begun.kept, stolen | {"state": begun.state}) == "code_refused"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_bad_day_of_the_vendor_is_called_that(visitor: Visitor, status: int) -> None:
    begun = visitor.begin()
    answer = visitor.answer(begun)
    visitor.outside.fault(f"{visitor.service}_oauth", "status", status=status)
    assert visitor.refused(begun.kept, answer) == "unreachable"


def test_a_client_that_the_vendor_does_not_know_is_called_that(visitor: Visitor) -> None:
    begun = visitor.begin()
    answer = visitor.answer(begun)
    visitor.outside.fault(f"{visitor.service}_oauth", "status", status=401)
    assert visitor.refused(begun.kept, answer) == "client_refused"


def test_google_s_consent_is_given_back(at_google: Visitor) -> None:
    """The endpoint is the token endpoint's neighbour; whether it answers or not, nothing is raised."""
    at_google.accounts.revoke(at_google.agree().grant)
    requests_seen = at_google.outside.state()["requests"]
    assert [r["path"] for r in requests_seen if r["path"].endswith("/revoke")]


def test_a_consent_at_zoom_says_whose_it_is_and_how_long_they_meet(at_zoom: Visitor) -> None:
    at_zoom.outside.sandbox.change_zoom_user(at_zoom.email, type=1)
    account = at_zoom.accounts.account(at_zoom.agree().grant)
    user = at_zoom.outside.sandbox.world.zoom.user(at_zoom.email)
    assert (account.email, account.subject, account.plan) == (at_zoom.email, user.id, "basic")


@pytest.mark.parametrize(
    ("withheld", "can_write"),
    [
        (set(), True),
        ({"meeting:write:registrant"}, True),
        ({"user:read:settings", "meeting:write:registrant"}, True),
        ({"meeting:delete:meeting"}, False),
        ({"meeting:read:list_meetings", "user:read:settings"}, False),
    ],
    ids=["nothing", "registrants", "several-it-can-do-without", "deleting", "listing"],
)
def test_what_zoom_s_app_lacks_is_named(
    at_zoom: Visitor, monkeypatch: pytest.MonkeyPatch, withheld: set[str], can_write: bool
) -> None:
    """Its scopes are those that it was registered with, whatever anybody asks for."""
    monkeypatch.setattr(ZoomSignIn, "default_scopes", SCOPES["zoom"] - withheld)
    granted = at_zoom.agree()
    assert (set(granted.missing), granted.can_write) == (withheld, can_write)


def test_a_consent_for_a_whole_account_serves_as_well(
    at_zoom: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZoomSignIn, "default_scopes", ACCOUNT_SCOPES)
    assert at_zoom.agree().missing == ()


def test_zoom_s_consent_is_given_back(at_zoom: Visitor) -> None:
    granted = at_zoom.agree()
    assert at_zoom.accounts.revoke(granted.grant)
    assert not at_zoom.accounts.revoke(granted.grant), "there is nothing left"
    with pytest.raises(PortError) as caught:
        at_zoom.accounts.refresh(granted.grant)
    assert (caught.value.reason, caught.value.auth) == ("token_refused", True)


def test_zoom_s_consent_is_given_back_by_the_refresh_token_when_the_other_has_run_out(
    at_zoom: Visitor,
) -> None:
    granted = at_zoom.agree()
    at_zoom.outside.sandbox.expire("zoom", at_zoom.email)
    assert at_zoom.accounts.revoke(granted.grant)


@pytest.mark.parametrize(
    ("said", "at_refresh", "at_exchange"),
    [
        ({"code": 4702, "reason": "Invalid client_id"}, "client_refused", "client_refused"),
        ({"code": 4704, "reason": "Invalid client_secret"}, "client_refused", "client_refused"),
        ({"code": 4709, "reason": "Redirect URI mismatch"}, "client_refused", "client_refused"),
        ({"code": 4733, "reason": "Code is expired"}, "token_refused", "code_refused"),
        ({"code": 4735, "reason": "Owner of the token does not exist"}, "token_refused", "code_refused"),
        ({"code": 4741, "reason": "The token has been revoked"}, "token_refused", "code_refused"),
        ({"error": "invalid_request", "reason": "Invalid Token!"}, "token_refused", "code_refused"),
        ({"error": "invalid_client", "reason": "Invalid client"}, "client_refused", "client_refused"),
        ({"error": "server_error"}, "unreachable", "unreachable"),
    ],
    ids=str,
)
def test_zoom_s_numbers_are_understood(
    at_zoom: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, Any],
    at_refresh: str,
    at_exchange: str,
) -> None:
    granted, begun = at_zoom.agree(), at_zoom.begin()
    answer = at_zoom.answer(begun)
    monkeypatch.setattr(ZoomSignIn, "token", lambda *_: Reply(400, said))
    assert at_zoom.refused(begun.kept, answer) == at_exchange
    with pytest.raises(PortError) as caught:
        at_zoom.accounts.refresh(granted.grant)
    assert (caught.value.reason, caught.value.auth) == (at_refresh, at_refresh == "token_refused")
