"""A sandbox for all these tests, a mailbox of its own for each, and every request held to the contracts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chouseiapo.accounts.caldav import CaldavAccounts
from chouseiapo.accounts.google import GoogleAccounts
from chouseiapo.accounts.microsoft import MicrosoftAccounts
from chouseiapo.accounts.secrets import Sealer
from chouseiapo.accounts.vault import Refresher, Vault
from chouseiapo.accounts.zoom import ZoomAccounts
from chouseiapo.accounts.zoom_organization import PROVIDER as ZOOM_ORGANIZATION
from chouseiapo.accounts.zoom_organization import ZoomOrganization
from chouseiapo.adapters.caldav import CaldavDiscovery
from chouseiapo.config import Settings, read_settings
from chouseiapo.sandbox import Sandbox
from chouseiapo.storage import Rows
from chouseiapo.tables import builtin_entries, metadata
from chouseiapo.tables import vault as stored_grants
from tests.adapters.caldav_home import CalDavHome
from tests.adapters.conferences import HostHome, OrganizationHost, ZoomHost
from tests.adapters.contracts import Contracts
from tests.adapters.homes import BuiltinHome, GoogleHome, Home, LinkedHome, OutlookHome, VendorHome
from tests.adapters.outside import Outside
from tests.adapters.recorded import RecordedRequests, recorded_requests
from tests.product import SECRET
from tests.radicale import CalDavServer, radicale_server

__all__ = ["radicale_server", "recorded_requests"]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def outside(running_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """The sandbox, without faults, switches as they are by default."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    outside = Outside(running_sandbox)
    yield outside
    outside.calm()


@pytest.fixture
def vendor_settings(running_sandbox: Sandbox) -> Settings:
    named = {name: value for name, value in running_sandbox.env.items() if name.startswith("CHOUSEIAPO_")}
    return read_settings(named)


@pytest.fixture
def caldav_settings(vendor_settings: Settings) -> Settings:
    return replace(vendor_settings, caldav_hosts=("127.0.0.1",))


@pytest.fixture
def adapters_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/adapters.db"


@pytest.fixture
def rows(adapters_url: str) -> Iterator[Rows]:
    """Tables only, made in a moment; the vault's own tests use both stores."""
    rows = Rows(adapters_url)
    metadata.create_all(rows.engine, tables=[builtin_entries, stored_grants])
    yield rows
    rows.close()


@pytest.fixture
def refreshers(vendor_settings: Settings, caldav_settings: Settings) -> dict[str, Refresher]:
    return {
        "caldav": CaldavAccounts(CaldavDiscovery(caldav_settings)),
        "google": GoogleAccounts(vendor_settings),
        "microsoft": MicrosoftAccounts(vendor_settings),
        "zoom": ZoomAccounts(vendor_settings),
        ZOOM_ORGANIZATION: ZoomOrganization(vendor_settings),
    }


@pytest.fixture
def vault(rows: Rows, refreshers: dict[str, Refresher]) -> Vault:
    return Vault(rows, Sealer([SECRET], "vault"), refreshers, clock=lambda: datetime.now(UTC))


@pytest.fixture
def builtin(rows: Rows) -> BuiltinHome:
    return BuiltinHome(rows)


@pytest.fixture
def google(outside: Outside, vendor_settings: Settings, vault: Vault) -> Iterator[GoogleHome]:
    """A fresh mailbox, linked."""
    home = GoogleHome(outside, vendor_settings, vault)
    yield home
    home.close()


@pytest.fixture
def outlook(outside: Outside, vendor_settings: Settings, vault: Vault) -> Iterator[OutlookHome]:
    """A fresh mailbox, linked."""
    home = OutlookHome(outside, vendor_settings, vault)
    yield home
    home.close()


@pytest.fixture(params=["builtin", "google", "outlook", "caldav"])
def home(request: pytest.FixtureRequest) -> Home:
    """Each kind of calendar: all behave alike."""
    home = request.getfixturevalue(request.param)
    assert isinstance(home, Home)
    return home


@pytest.fixture
def caldav(radicale_server: CalDavServer, caldav_settings: Settings, vault: Vault) -> Iterator[CalDavHome]:
    """A fresh account, linked."""
    home = CalDavHome(radicale_server, caldav_settings, vault)
    yield home
    home.close()


@pytest.fixture(params=["google", "outlook", "caldav"])
def linked(request: pytest.FixtureRequest) -> LinkedHome:
    """Each kind of calendar that people write on by their own hand."""
    home = request.getfixturevalue(request.param)
    assert isinstance(home, LinkedHome)
    return home


@pytest.fixture(params=["google", "outlook"])
def vendor(request: pytest.FixtureRequest) -> VendorHome:
    """Each kind of calendar that the sandbox plays."""
    home = request.getfixturevalue(request.param)
    assert isinstance(home, VendorHome)
    return home


@pytest.fixture
def zoom_host(outside: Outside, vendor_settings: Settings, vault: Vault) -> Iterator[ZoomHost]:
    """A member's Zoom account, linked."""
    host = ZoomHost(outside, vendor_settings, vault)
    yield host
    host.close()


@pytest.fixture
def organization_host(
    outside: Outside, vendor_settings: Settings, vault: Vault
) -> Iterator[OrganizationHost]:
    """A user of the organization's Zoom account."""
    host = OrganizationHost(outside, vendor_settings, vault)
    yield host
    host.close()


@pytest.fixture(params=["zoom_host", "organization_host"])
def host(request: pytest.FixtureRequest) -> HostHome:
    """Each kind of conferencing host: all behave alike."""
    host = request.getfixturevalue(request.param)
    assert isinstance(host, HostHome)
    return host


@pytest.fixture
def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def held_to_contracts(
    recorded_requests: RecordedRequests, vendor_settings: Settings
) -> Iterator[RecordedRequests]:
    """Whatever a test is about: no adapter may ever send what its vendor does not publish."""
    yield recorded_requests
    if folder := os.environ.get("CHOUSEIAPO_CONTRACTS"):
        contracts = Contracts(Path(folder), vendor_settings)
        for recorded in recorded_requests:
            contracts.check(recorded)
