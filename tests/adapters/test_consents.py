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
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from tests.adapters.outside import Outside

numbers = itertools.count(1)
BACK = "http://127.0.0.1:8000/settings/linked/vendor"


class Visitor:
    """Somebody with an account, in front of the vendor's page."""

    def __init__(self, outside: Outside, service: str, accounts: GoogleAccounts | MicrosoftAccounts) -> None:
        self.outside, self.service, self.accounts = outside, service, accounts
        self.email = f"visitor{next(numbers)}@example.com"
        outside.sandbox.add_person(self.email, "人", service)

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


@pytest.fixture(params=["google", "microsoft"])
def visitor(request: pytest.FixtureRequest, outside: Outside, vendor_settings: Settings) -> Visitor:
    kind: Any = {"google": GoogleAccounts, "microsoft": MicrosoftAccounts}
    return Visitor(outside, request.param, kind[request.param](vendor_settings))


@pytest.fixture
def at_google(outside: Outside, vendor_settings: Settings) -> Visitor:
    return Visitor(outside, "google", GoogleAccounts(vendor_settings))


@pytest.fixture
def at_microsoft(outside: Outside, vendor_settings: Settings) -> Visitor:
    return Visitor(outside, "microsoft", MicrosoftAccounts(vendor_settings))


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
    assert asked(begun)["login_hint"] == visitor.email
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
