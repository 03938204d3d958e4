"""The vendors' own clients at the vendors' token endpoints."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msal
import pytest

from chouseiapo.accounts.google import GoogleAccounts
from chouseiapo.accounts.microsoft import MicrosoftAccounts
from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.accounts.zoom import ZoomAccounts
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from tests.adapters import token_process
from tests.adapters.outside import Outside
from tests.product import SECRET

numbers = itertools.count(1)
Accounts = GoogleAccounts | MicrosoftAccounts | ZoomAccounts


class Person:
    """Somebody with an account at a vendor."""

    def __init__(self, outside: Outside, service: str, accounts: Accounts) -> None:
        self.outside, self.service, self.accounts = outside, service, accounts
        self.email = f"signer{next(numbers)}@example.com"
        outside.sandbox.add_person(self.email, "人", service if service != "zoom" else "google")

    def consent(self, scopes: list[str] | None = None) -> Grant:
        return Grant(self.outside.sandbox.grant(self.service, self.email, scopes))

    def refused(self, grant: Grant) -> PortError:
        with pytest.raises(PortError) as caught:
            self.accounts.refresh(grant)
        return caught.value

    def refreshes(self) -> int:
        requests = self.outside.state()["requests"]
        service = f"{self.service}_oauth"
        return sum(r["mailbox"] == self.email and r["service"] == service for r in requests)


@pytest.fixture(params=["google", "microsoft", "zoom"])
def person(request: pytest.FixtureRequest, outside: Outside, vendor_settings: Settings) -> Person:
    kind: Any = {"google": GoogleAccounts, "microsoft": MicrosoftAccounts, "zoom": ZoomAccounts}
    return Person(outside, request.param, kind[request.param](vendor_settings))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's library sleeps seconds between its tries."""
    monkeypatch.setattr("google.auth._exponential_backoff.time", Sleepless)


class Sleepless:
    @staticmethod
    def sleep(seconds: float) -> None:
        """Not now."""


def test_a_refresh_token_gives_access_and_tells_whose_it_is(person: Person) -> None:
    fresh = person.accounts.refresh(person.consent())
    assert fresh.access_token
    assert fresh.life == pytest.approx(60, abs=2)
    account = person.accounts.account(fresh)
    assert account.email == person.email
    assert account.subject
    assert account.subject != person.email


def test_it_can_be_refreshed_again_and_again(person: Person) -> None:
    grant = person.consent()
    tokens = set()
    for _ in range(3):
        grant = person.accounts.refresh(grant)
        tokens.add(grant.access_token)
        assert person.accounts.account(grant).email == person.email
    assert len(tokens) == 3


def test_a_revoked_one_is_refused(person: Person) -> None:
    grant = person.accounts.refresh(person.consent())
    person.outside.sandbox.revoke(person.service, person.email)
    error = person.refused(grant)
    assert (error.reason, error.permanent, error.auth) == ("token_refused", True, True)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_bad_day_of_the_vendor_is_not_held_against_the_account(
    person: Person, impatient: None, status: int
) -> None:
    grant = person.consent()
    person.outside.fault(f"{person.service}_oauth", "status", status=status)
    error = person.refused(grant)
    assert (error.reason, error.permanent, error.auth) == ("unreachable", False, False)


def test_a_lost_answer(person: Person, impatient: None) -> None:
    grant = person.consent()
    person.outside.fault(f"{person.service}_oauth", "drop_after")
    assert person.refused(grant).reason == "unreachable"


def test_a_client_that_the_vendor_does_not_know_is_our_trouble(person: Person) -> None:
    """Nobody has to link anew because an operator's secret has run out."""
    grant = person.accounts.refresh(person.consent())  # by now MSAL knows the endpoints
    person.outside.fault(f"{person.service}_oauth", "status", status=401)
    error = person.refused(grant)
    assert (error.reason, error.permanent, error.auth) == ("client_refused", False, False)


def test_scopes_that_do_not_tell_who_it_is(outside: Outside, vendor_settings: Settings) -> None:
    google = GoogleAccounts(vendor_settings)
    person = Person(outside, "google", google)
    fresh = google.refresh(person.consent(["https://www.googleapis.com/auth/calendar.events.owned"]))
    with pytest.raises(PortError) as caught:
        google.account(fresh)
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)
    zoom = ZoomAccounts(vendor_settings)
    person = Person(outside, "zoom", zoom)
    with pytest.raises(PortError) as caught:
        zoom.account(zoom.refresh(person.consent(["meeting:write:meeting"])))
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


@pytest.mark.parametrize("identity", ["", "no.token", "a.b.c", "a.eyJ4.c", "a.é.c", "a.W10.c"])
def test_an_identity_token_that_is_none_says_that_nobody_was_named(
    vendor_settings: Settings, identity: str
) -> None:
    with pytest.raises(PortError) as caught:
        GoogleAccounts(vendor_settings).account(Grant("refresh", state=identity))
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


def test_msal_is_seeded_once_and_silent_from_then_on(
    outside: Outside, vendor_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = MicrosoftAccounts(vendor_settings)
    fresh = accounts.refresh(Person(outside, "microsoft", accounts).consent())
    assert fresh.refresh_token == ""
    assert "RefreshToken" in json.loads(fresh.state)
    monkeypatch.delattr(msal.ClientApplication, "acquire_token_by_refresh_token")
    again = accounts.refresh(fresh)
    assert again.access_token != fresh.access_token
    assert again.state != fresh.state


def test_the_environment_does_not_choose_whom_to_trust(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """REQUESTS_CA_BUNDLE would win over our own setting, and .netrc over our own credentials."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing.pem"))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert person.accounts.account(person.accounts.refresh(person.consent())).email == person.email


def test_one_refresh_for_two_processes(
    outside: Outside, vendor_settings: Settings, vault: Vault, adapters_url: str
) -> None:
    person = Person(outside, "zoom", ZoomAccounts(vendor_settings))
    vault.store("zoom-1", "member-1", "zoom", person.consent())
    outside.fault("zoom_oauth", "slow", delay_s=0.5)
    orders = {
        "rows": adapters_url,
        "settings": {k: v for k, v in outside.sandbox.env.items() if k.startswith("CHOUSEIAPO_")},
        "secret": SECRET,
        "link": "zoom-1",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, str(token_process.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OAUTHLIB_INSECURE_TRANSPORT": "1"},
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(json.dumps(orders))
        process.stdin.close()
    tokens = []
    for process in processes:
        assert process.stdout is not None
        tokens += json.loads(process.stdout.read())
        process.stdout.close()
        assert process.wait() == 0
    assert len(tokens) == 16
    assert len(set(tokens)) == 1
    assert person.refreshes() == 1
    outside.calm()
    outside.sandbox.expire("zoom", person.email)
    assert vault.access_token("zoom-1", refused=tokens[0]) not in tokens  # the rotated one was kept


def test_no_token_is_ever_logged(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    consent = person.consent()
    fresh = person.accounts.refresh(consent)
    person.accounts.account(fresh)
    person.outside.sandbox.revoke(person.service, person.email)
    person.refused(fresh)
    for secret in (consent.refresh_token, fresh.refresh_token, fresh.access_token, fresh.state):
        assert not secret or secret not in caplog.text
