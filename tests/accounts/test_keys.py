"""The secret key: a wrong one is noticed, a new one takes over, a lost one is given up; on both stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from chouseiapo.accounts.drafts import Drafts
from chouseiapo.accounts.keyring import PROBE
from chouseiapo.accounts.secrets import PERSONAL_DATA, VAULT, Sealer
from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.database import WRONG_KEY, WrongDatabase, rotate_keys
from chouseiapo.doctor import examine
from chouseiapo.domain.event import ERASED
from chouseiapo.ports import PortError
from chouseiapo.tables import keys, mails
from chouseiapo.web import create_app
from chouseiapo.worker import Worker
from tests.product import NOW, SECRET, YAMADA, Office

NEW = "new-" + "n" * 32
LINK = "google-1-1"


class Held:
    """What a company has sealed: a guest's data, an account's token, a draft, a sign-in mail."""

    def __init__(self, settings: Settings) -> None:
        services = build(settings)
        office = Office(services)
        self.member = office.tanaka
        self.appointment = office.propose(title="極秘").id
        services.vault.store(LINK, office.tanaka, "google", Grant("refresh"))
        Drafts(services.rows, services.sealer).keep("draft", office.tanaka, b"draft", NOW)
        services.mail_sign_in_link(office.tanaka, NOW)
        services.close()

    def is_readable(self, services: Services) -> bool:
        appointment = services.coordination.appointment(self.appointment)
        with services.rows.read() as connection:
            [sealed] = connection.scalars(select(mails.c.sealed).where(mails.c.sealed != ""))
        assert (appointment.guest, appointment.title) == (YAMADA, "極秘")
        assert Drafts(services.rows, services.sealer).read("draft", self.member) == b"draft"
        return b"sign-in" in services.sealer.open(sealed)


class Vendor:
    """Grants an access token for the refresh token that was kept."""

    def refresh(self, grant: Grant) -> Grant:
        return Grant(grant.refresh_token, f"access for {grant.refresh_token}", life=3600)


def token(services: Services, *secrets: str) -> str:
    sealer = Sealer(secrets, VAULT)
    return Vault(services.rows, sealer, {"google": Vendor()}, lambda: NOW).access_token(LINK)


@pytest.fixture
def held(settings: Settings) -> Held:
    return Held(settings)


def with_keys(settings: Settings, *secrets: str) -> Settings:
    return replace(settings, secret_key=secrets)


def test_a_key_that_opens_nothing_is_refused_at_the_start_and_the_way_out_is_told(
    settings: Settings, held: Held
) -> None:
    with pytest.raises(WrongDatabase, match="keys rotate"):
        build(with_keys(settings, NEW))
    services = build(with_keys(settings, NEW, SECRET))
    assert held.is_readable(services)
    services.close()


def test_a_database_from_before_the_probe_is_judged_by_what_it_holds(settings: Settings, held: Held) -> None:
    services = build(settings)
    with services.rows.write() as connection:
        connection.execute(keys.delete().where(keys.c.subject == PROBE))
    services.close()
    with pytest.raises(WrongDatabase):
        build(with_keys(settings, NEW))
    build(settings).close()


def test_readyz_tells_when_the_rows_were_sealed_with_another_key(settings: Settings) -> None:
    services = build(settings)
    app = create_app(services).test_client()
    assert app.get("/readyz").get_json()["secret_key"] == "ok"
    with services.rows.write() as connection:  # a backup of another installation was put back, say
        connection.execute(keys.update().values(sealed=Sealer([NEW], PERSONAL_DATA).seal(b"")))
    answer = app.get("/readyz")
    assert (answer.status_code, answer.get_json()["secret_key"]) == (
        503,
        "does not open what this database holds",
    )
    assert [finding.advice for finding in examine(services) if finding.what == "secret key: wrong"] == [
        WRONG_KEY
    ]
    services.close()


def test_after_rotating_the_old_key_is_not_needed_for_anything_sealed(settings: Settings, held: Held) -> None:
    done = rotate_keys(with_keys(settings, NEW, SECRET), give_up=False)
    assert (done.sealed_anew, done.unreadable) == (5, 0)
    services = build(with_keys(settings, NEW))
    assert held.is_readable(services)
    assert token(services, NEW) == "access for refresh"
    services.close()
    with pytest.raises(WrongDatabase):
        build(settings)


def test_rotating_without_the_old_key_changes_nothing_and_counts(settings: Settings, held: Held) -> None:
    done = rotate_keys(with_keys(settings, NEW), give_up=False)
    assert (done.sealed_anew, done.unreadable) == (0, 5)
    services = build(settings)
    assert held.is_readable(services)
    services.close()


def test_a_lost_key_is_given_up_and_the_product_goes_on(settings: Settings, held: Held) -> None:
    assert rotate_keys(with_keys(settings, NEW), give_up=True).unreadable == 5
    services = build(with_keys(settings, NEW), lambda: NOW + timedelta(minutes=1))
    assert services.coordination.appointment(held.appointment).guest.name == ERASED
    assert Drafts(services.rows, services.sealer).read("draft", held.member) is None
    with pytest.raises(PortError, match="not_linked"):
        token(services, NEW)
    assert Worker(services).once() > 0, "what waited for mail or calendars trips over nothing"
    assert services.mail_sign_in_link(held.member, NOW)
    services.close()
    build(with_keys(settings, NEW)).close()
