"""From a password to holds on a calendar: all of the product, on a real CalDAV server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chouseiapo.accounts.caldav import credentials
from chouseiapo.bootstrap import Services, build
from chouseiapo.domain.links import Provider
from chouseiapo.ports import PortError
from chouseiapo.worker import Worker
from tests.adapters.caldav_home import PASSWORD, CalDavHome
from tests.product import BY, NOW, Office, settings_of


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = replace(settings_of(f"sqlite:///{tmp_path}/product.db"), caldav_hosts=("127.0.0.1",))
    services = build(settings, clock=lambda: NOW)
    yield services
    services.close()


def test_holds_of_a_linked_member_stand_and_go(caldav: CalDavHome, services: Services) -> None:
    office, app = Office(services), services.coordination
    typed = credentials(caldav.proxy.url, caldav.email, PASSWORD)
    link = services.link("tanaka@example.com", Provider.CALDAV, typed, BY)
    standing = app.member(office.tanaka).calendar
    assert standing is not None
    assert (standing.id, standing.account) == (link, caldav.email)
    made = office.propose()
    worker = Worker(services)
    worker.once()
    assert [(s.start, s.confirmed) for s in caldav.seen()] == [
        (c.start, False) for c in made.candidates.values()
    ]
    app.cancel(made.id, "", BY, NOW)
    worker.once()
    assert caldav.seen() == []


def test_a_wrong_password_links_nothing(caldav: CalDavHome, services: Services) -> None:
    caldav.need_passwords()
    office = Office(services)
    with pytest.raises(PortError) as caught:
        services.link(
            "tanaka@example.com", Provider.CALDAV, credentials(caldav.proxy.url, caldav.email, "wrong"), BY
        )
    assert (caught.value.reason, caught.value.auth) == ("token_refused", True)
    assert services.coordination.member(office.tanaka).calendar is None
    assert services.vault.held() == []


def test_linked_again_by_another_address_it_is_the_same_account(
    caldav: CalDavHome, services: Services
) -> None:
    Office(services)
    links = {
        services.link("tanaka@example.com", Provider.CALDAV, credentials(address, caldav.email, PASSWORD), BY)
        for address in (caldav.proxy.url, caldav.proxy.url + caldav.own, caldav.proxy.url + caldav.place)
    }
    assert len(links) == 1
