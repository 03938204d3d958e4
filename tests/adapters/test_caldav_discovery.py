"""From what a person types to where their calendars are; and where their password never goes."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.accounts.caldav import CaldavAccounts, credentials
from chouseiapo.accounts.vault import Grant
from chouseiapo.adapters.caldav import CaldavDiscovery
from chouseiapo.adapters.caldav.hosts import Hosts, is_public
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from chouseiapo.sandbox.certificates import server_context
from tests.adapters.caldav_home import PASSWORD, CalDavHome, known_as
from tests.adapters.proxy import Fault, Proxy

HERE = ("127.0.0.1", "localhost")


def allowing(*hosts: str, **more: Any) -> Settings:
    return replace(Settings(), caldav_hosts=hosts, **more)


def refused(address: str, settings: Settings | None = None, who: tuple[str, str] = ("u", "p")) -> PortError:
    with pytest.raises(PortError) as caught:
        CaldavDiscovery(settings or allowing(*HERE))(address, *who)
    return caught.value


def found(home: CalDavHome, address: str) -> tuple[str, str]:
    """Which calendar is the account's own, and who the account is."""
    seen = CaldavDiscovery(allowing(*HERE))(address, home.email, PASSWORD)
    return seen.calendar, seen.principal


@pytest.fixture
def secured(caldav: CalDavHome, tmp_path: Path) -> Iterator[Proxy]:
    """The same server behind TLS; its authority's certificate is `ca.pem` in tmp_path."""
    proxy = Proxy(caldav.server.port, server_context(tmp_path)[0])
    yield proxy
    proxy.close()


# What people type


@pytest.mark.parametrize("typed", ["", "/", "{place}", "{place}/", "{own}", "{own}/", "/no/such/place"])
def test_any_address_of_the_server_leads_to_the_calendar(caldav: CalDavHome, typed: str) -> None:
    names = {"place": caldav.place.rstrip("/"), "own": caldav.own.rstrip("/")}
    address = caldav.proxy.url + typed.format(**names)
    calendar, principal = found(caldav, address)
    assert calendar == caldav.own
    assert principal.startswith(caldav.proxy.url + "/")
    assert (calendar, principal) == found(caldav, caldav.proxy.url)


def test_the_calendar_that_was_named_is_the_account_s_own(caldav: CalDavHome) -> None:
    second = caldav.add_calendar("出張")
    assert found(caldav, caldav.proxy.url + second)[0] == second
    assert found(caldav, caldav.proxy.url)[0] == caldav.own


@pytest.mark.parametrize("form", ["{host}", "https://{host}", "someone@{host}", "{host}/", " {host} "])
def test_a_host_or_an_address_of_mail_is_enough(
    caldav: CalDavHome, secured: Proxy, tmp_path: Path, form: str
) -> None:
    settings = allowing(*HERE, ca_file=tmp_path / "ca.pem")
    discovery = CaldavDiscovery(settings)
    seen = discovery(form.format(host=secured.host), caldav.email, PASSWORD)
    assert seen.calendar == caldav.own
    assert secured.passed[0].path == "/.well-known/caldav"
    assert json.loads(seen.access)["root"] == secured.url


def test_where_an_account_comes_from_is_who_it_is(caldav: CalDavHome) -> None:
    accounts = CaldavAccounts(CaldavDiscovery(allowing(*HERE)))
    grant = accounts.refresh(Grant(credentials(caldav.proxy.url, caldav.email, PASSWORD)))
    account = accounts.account(grant)
    assert account.email == caldav.email
    assert account.subject == found(caldav, caldav.proxy.url)[1]
    assert grant.life == 24 * 60 * 60


def test_who_types_an_address_of_mail_need_not_type_a_name() -> None:
    assert json.loads(credentials(" me@example.com ", "", "p"))["user"] == "me@example.com"
    assert json.loads(credentials("me@example.com", "other", "p"))["user"] == "other"
    assert json.loads(credentials("https://me@example.com/dav", "", "p"))["user"] == ""


def test_which_calendar_is_meant_stays_whatever_comes(caldav: CalDavHome) -> None:
    accounts = CaldavAccounts(CaldavDiscovery(allowing(*HERE)))
    grant = accounts.refresh(Grant(credentials(caldav.proxy.url, caldav.email, PASSWORD)))
    caldav.ask("DELETE", caldav.own)
    caldav.add_calendar("新しい")
    assert json.loads(accounts.refresh(grant).access_token)["calendar"] == caldav.own


def test_an_address_that_the_server_knows_is_the_account_s(caldav: CalDavHome) -> None:
    caldav.fault("edit", edit=known_as("/x", "mailto:Me@Example.com"))
    discovered = CaldavDiscovery(allowing(*HERE))(caldav.proxy.url, caldav.email, PASSWORD)
    assert discovered.email == "me@example.com"


def test_calendars_without_events_are_none(caldav: CalDavHome) -> None:
    caldav.add_calendar("やること", "VTODO")
    caldav.ask("DELETE", caldav.own)
    error = refused(caldav.proxy.url, who=(caldav.email, PASSWORD))
    assert (error.reason, error.permanent, error.auth) == ("no_calendar", True, False)


# What does not work


def test_a_wrong_password_is_said_so(caldav: CalDavHome) -> None:
    caldav.need_passwords()
    for address in (caldav.proxy.url, caldav.proxy.url + caldav.own):
        error = refused(address, who=(caldav.email, "wrong"))
        assert (error.reason, error.permanent, error.auth) == ("token_refused", True, True)


def test_what_is_no_caldav_server_is_said_so(caldav: CalDavHome) -> None:
    for body in ("<html>ようこそ</html>", '<?xml version="1.0"?><multistatus xmlns="DAV:"/>'):
        for status in (200, 207, 404, 405, 403):
            caldav.proxy.faults = [Fault("status", status=status, body=body)]
            reason = refused(caldav.proxy.url).reason
            assert reason == ("token_refused" if status == 403 else "not_caldav")


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "throttled"), (500, "unavailable"), (503, "unavailable")]
)
def test_a_bad_day_of_the_server_is_not_held_against_the_account(
    caldav: CalDavHome, status: int, reason: str
) -> None:
    caldav.fault("status", status=status)
    error = refused(caldav.proxy.url)
    assert (error.reason, error.permanent, error.auth) == (reason, False, False)


def test_nobody_answers(unused_port: int) -> None:
    for address in (f"http://127.0.0.1:{unused_port}", "https://no-such-host.invalid"):
        error = refused(address)
        assert (error.reason, error.permanent) == ("unreachable", False)


def test_a_certificate_that_nobody_vouches_for(secured: Proxy) -> None:
    assert refused(secured.url).reason == "certificate_not_trusted"
    assert secured.passed == []


def test_a_way_to_sign_in_that_we_do_not_know(caldav: CalDavHome) -> None:
    caldav.fault("status", status=401, headers=(("WWW-Authenticate", "Negotiate"),))
    assert refused(caldav.proxy.url).reason == "sign_in_not_supported"


def test_a_server_that_does_not_want_to_see_the_password_does_not(caldav: CalDavHome) -> None:
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    caldav.fault("status", status=401, headers=(("WWW-Authenticate", challenge),))
    assert refused(caldav.proxy.url, who=(caldav.email, PASSWORD)).reason == "token_refused"
    shown = [passed.headers.get("authorization", "") for passed in caldav.requests()]
    assert any(each.startswith("Digest ") for each in shown)
    assert not any(each.startswith("Basic ") for each in shown)


@pytest.mark.parametrize(
    "address",
    ["", "https://", "ftp://example.com", "https://me:secret@example.com", "https://exa mple.com", "https://h:0",
     "https://h:99999", "javascript:alert(1)", "https://[::1", "https://example.com\n.evil.example"],
)  # fmt: skip
def test_what_is_no_address_is_said_so(address: str) -> None:
    error = refused(address)
    assert (error.reason, error.permanent) == ("address_invalid", True)


# Where a password never goes


def test_over_the_open_network_no_password_is_sent(caldav: CalDavHome) -> None:
    for settings in (allowing(), allowing("elsewhere.example"), allowing("127.0.0.1:1")):
        assert refused(caldav.proxy.url, settings).reason == "https_required"
    assert refused("http://example.com", allowing("*")).reason == "https_required"
    assert caldav.requests() == []


@pytest.mark.parametrize(
    "elsewhere", ["http://localhost:{port}/", "https://evil.example/", "//evil.example/"]
)
def test_no_password_follows_a_redirect_to_another_host(caldav: CalDavHome, elsewhere: str) -> None:
    target = elsewhere.format(port=caldav.server.port)
    caldav.fault("status", status=301, headers=(("Location", target),))
    reason = refused(caldav.proxy.url, who=(caldav.email, PASSWORD)).reason
    assert reason in ("redirected_elsewhere", "https_required")
    assert not any("authorization" in passed.headers for passed in caldav.requests())


def test_a_redirect_does_not_lead_from_tls_to_the_open(
    caldav: CalDavHome, secured: Proxy, tmp_path: Path
) -> None:
    named = allowing(secured.host, ca_file=tmp_path / "ca.pem")
    secured.faults = [Fault("status", status=307, headers=(("Location", f"{caldav.proxy.url}/"),))]
    assert refused(secured.url, named).reason == "https_required"
    assert caldav.requests() == []


def test_a_redirect_on_the_same_host_is_followed(caldav: CalDavHome) -> None:
    other = Proxy(caldav.server.port)
    caldav.fault("status", status=308, headers=(("Location", f"{other.url}{caldav.own}"),))
    seen = CaldavDiscovery(allowing(*HERE))(caldav.proxy.url, caldav.email, PASSWORD)
    other.close()
    assert seen.calendar == caldav.own
    assert json.loads(seen.access)["root"] == other.url


def test_redirects_come_to_an_end(caldav: CalDavHome) -> None:
    caldav.fault("status", status=302, headers=(("Location", "/again/"),))
    assert refused(caldav.proxy.url).reason == "not_caldav"
    assert len(caldav.requests()) < 20


@pytest.mark.parametrize("property", ["current-user-principal", "calendar-home-set"])
def test_no_password_goes_where_the_server_says_that_its_own_things_are(
    caldav: CalDavHome, property: str
) -> None:
    other = Proxy(caldav.server.port)
    away = f"http://localhost:{other.host.rpartition(':')[2]}/"

    def led_away(said: str) -> str:
        return re.sub(rf"(<(?:\w+:)?{property}[^>]*>\s*<(?:\w+:)?href>)/", rf"\1{away}", said)

    caldav.fault("edit", edit=led_away)
    reason = refused(caldav.proxy.url, who=(caldav.email, PASSWORD)).reason
    other.close()
    assert reason == "redirected_elsewhere"
    assert other.passed == []


@pytest.mark.parametrize(
    ("named", "target", "goes"),
    [
        ("https://example.com", "https://example.com:8443/", True),
        ("https://example.com", "https://dav.example.com/", True),
        ("https://caldav.icloud.com", "https://p42-caldav.icloud.com/", True),
        ("https://dav.example.com", "https://example.com/", False),
        ("https://dav.example.com", "https://www.example.com/", False),
        ("https://example.co.jp", "https://evil.co.jp/", False),
        ("https://example.com", "https://evilexample.com/", False),
        ("https://icloud.com.example", "https://p42-caldav.icloud.com/", False),
        ("https://caldav.icloud.com", "https://evilicloud.com/", False),
    ],
)
def test_credentials_stay_with_the_host_that_was_named(named: str, target: str, goes: bool) -> None:
    hosts = Hosts(allowing())
    if goes:
        hosts.check_redirect(named, target)
        return
    with pytest.raises(PortError) as caught:
        hosts.check_redirect(named, target)
    assert caught.value.reason == "redirected_elsewhere"


# Into whose network nobody is sent


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
     "0.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"],
)  # fmt: skip
def test_addresses_of_one_s_own_network_are_told_from_others(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1", "https://localhost", "https://[::1]:5232/", "https://2130706433/", "localhost"],
)
def test_a_private_address_is_refused_unless_it_is_allowed(address: str) -> None:
    error = refused(address, allowing())
    assert (error.reason, error.permanent) == ("address_not_allowed", True)
    assert refused(address, allowing("elsewhere.example")).reason == "address_not_allowed"


def test_what_the_operator_names_is_let_in(caldav: CalDavHome) -> None:
    for hosts in (["127.0.0.1"], [caldav.proxy.host], ["*"]):
        discovered = CaldavDiscovery(allowing(*hosts))(caldav.proxy.url, caldav.email, PASSWORD)
        assert discovered.calendar == caldav.own


def test_a_name_is_refused_when_any_of_its_addresses_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering("93.184.216.34", "10.0.0.7"))
    assert refused("https://rebound.example", allowing()).reason == "address_not_allowed"


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    caldav: CalDavHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time leads nowhere: it is not asked twice."""
    asked = []
    real = socket.getaddrinfo

    def counting(host: str, port: int, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "calendar.example" else host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    address = caldav.proxy.url.replace("127.0.0.1", "calendar.example")
    CaldavDiscovery(allowing("calendar.example"))(address, caldav.email, PASSWORD)
    passed = caldav.requests()
    assert {each.headers["host"] for each in passed} == {address.removeprefix("http://")}
    assert asked.count("calendar.example") == len(passed)


def answering(*addresses: str) -> Any:
    def found(host: str, port: int, *args: Any, **more: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return found
