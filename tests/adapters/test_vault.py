"""The token vault, on both stores: one refresh at a time, nothing readable, nothing lost."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from chouseiapo.accounts.linking import Granted
from chouseiapo.accounts.secrets import Sealer
from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.ports import PortError
from chouseiapo.storage import Rows
from chouseiapo.tables import metadata
from chouseiapo.tables import vault as table
from tests.product import NOW, SECRET


class Vendor:
    """A token endpoint like Zoom's: a refresh token is good once."""

    def __init__(self, life: float = 60) -> None:
        self.life = life
        self.good = "refresh-0"
        self.refreshed = 0
        self.failure: PortError | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def refresh(self, grant: Grant) -> Grant:
        self.refreshed += 1
        self.meanwhile()
        with self._lock:
            if self.failure:
                raise self.failure
            if grant.refresh_token != self.good:
                raise PortError("token_refused", permanent=True, auth=True)
            number = next(self._numbers)
            self.good = f"refresh-{number}"
            return Grant(self.good, f"access-{number}", self.life, state="s" * number)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    """On both stores."""
    rows = Rows(database_url)
    metadata.create_all(rows.engine, tables=[table])
    yield rows
    rows.close()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(rows: Rows, vendor: Vendor, clock: Clock, *secrets: str) -> Vault:
    return Vault(rows, Sealer(secrets or [SECRET], "vault"), {"zoom": vendor}, clock)


@pytest.fixture
def kept(rows: Rows, vendor: Vendor, clock: Clock) -> Vault:
    vault = opened(rows, vendor, clock)
    vault.store("zoom-1", "member-1", "zoom", Grant("refresh-0"))
    return vault


def test_a_token_is_used_until_a_tenth_of_its_life_is_left(kept: Vault, vendor: Vendor, clock: Clock) -> None:
    assert kept.access_token("zoom-1") == "access-1"
    clock.turn(53)
    assert kept.access_token("zoom-1") == "access-1"
    clock.turn(2)
    assert kept.access_token("zoom-1") == "access-2"
    assert vendor.refreshed == 2


def test_a_long_lived_one_is_used_until_its_last_minute(kept: Vault, vendor: Vendor, clock: Clock) -> None:
    vendor.life = 3600
    kept.access_token("zoom-1")
    clock.turn(3539)
    assert kept.access_token("zoom-1") == "access-1"
    clock.turn(2)
    assert kept.access_token("zoom-1") == "access-2"


def test_a_refused_token_is_not_handed_out_again(kept: Vault, vendor: Vendor) -> None:
    first = kept.access_token("zoom-1")
    second = kept.access_token("zoom-1", refused=first)
    assert second != first
    # Somebody else who was refused the first one is given the second: nothing is refreshed for that.
    assert kept.access_token("zoom-1", refused=first) == second
    assert vendor.refreshed == 2


def test_many_who_ask_at_once_cause_one_refresh(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    vendor.meanwhile = lambda: time.sleep(0.1)
    vaults = [kept, *(opened(rows, vendor, clock) for _ in range(3))]
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda n: vaults[n % 4].access_token("zoom-1"), range(16)))
    assert tokens == ["access-1"] * 16
    assert vendor.refreshed == 1


def test_each_rotated_refresh_token_is_kept(kept: Vault, rows: Rows, vendor: Vendor, clock: Clock) -> None:
    for _ in range(5):
        opened(rows, vendor, clock).access_token("zoom-1")
        clock.turn(60)
    assert vendor.refreshed == 5


def test_a_revoked_consent_is_asked_for_once_a_minute(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    vendor.good = "revoked"
    for _ in range(3):
        with pytest.raises(PortError) as caught:
            opened(rows, vendor, clock).access_token("zoom-1")
        error = caught.value
        assert (error.reason, error.permanent, error.auth) == ("token_refused", True, True)
    assert vendor.refreshed == 1
    clock.turn(61)
    with pytest.raises(PortError):
        kept.access_token("zoom-1")
    assert vendor.refreshed == 2


def test_linking_anew_heals_at_once(kept: Vault, vendor: Vendor) -> None:
    vendor.good = "refresh-new"
    with pytest.raises(PortError):
        kept.access_token("zoom-1")
    kept.store("zoom-1", "member-1", "zoom", Grant("refresh-new"))
    assert kept.access_token("zoom-1") == "access-1"


def test_after_a_failure_the_next_one_tries_at_once(kept: Vault, vendor: Vendor) -> None:
    vendor.failure = PortError("unreachable")
    with pytest.raises(PortError) as caught:
        kept.access_token("zoom-1")
    assert not caught.value.permanent
    vendor.failure = None
    assert kept.access_token("zoom-1") == "access-1"


def test_what_is_linked_during_a_refresh_decides(kept: Vault, vendor: Vendor) -> None:
    def linked_meanwhile() -> None:
        vendor.meanwhile = lambda: None
        kept.store("zoom-1", "member-1", "zoom", Grant("refresh-anew"))
        vendor.good = "refresh-anew"

    vendor.meanwhile = linked_meanwhile
    assert kept.access_token("zoom-1") == "access-1"
    assert vendor.good == "refresh-1"


def test_a_crashed_refresh_holds_others_up_until_its_lease_runs_out(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    with rows.write() as connection:
        connection.execute(update(table).values(refreshing_until=NOW + timedelta(seconds=20)))
    threading.Timer(0.3, clock.turn, [21]).start()
    began = time.monotonic()
    assert kept.access_token("zoom-1") == "access-1"
    assert time.monotonic() - began > 0.25


def test_who_takes_over_from_a_slow_one_does_not_spoil_its_result(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    """The first is so slow that its lease runs out; the second's refresh token is used up already."""
    other = opened(rows, vendor, clock)

    def overtaken() -> None:
        vendor.meanwhile = lambda: None
        clock.turn(21)
        vendor.good, stolen = "used up", vendor.good
        with pytest.raises(PortError):
            other.access_token("zoom-1")
        vendor.good = stolen

    vendor.meanwhile = overtaken
    assert kept.access_token("zoom-1") == "access-1"
    assert other.access_token("zoom-1") == "access-1"


def test_who_takes_over_from_a_slow_one_does_not_say_that_the_account_is_lost(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    """The vendor has renewed already, and the answer is on its way."""
    other, said = opened(rows, vendor, clock), []

    def overtaken() -> None:
        vendor.meanwhile = lambda: None
        clock.turn(21)
        vendor.good, good = "used up", vendor.good
        with pytest.raises(PortError) as refused:
            other.access_token("zoom-1")
        said.append((refused.value.reason, refused.value.auth))
        vendor.good = good

    vendor.meanwhile = overtaken
    assert kept.access_token("zoom-1") == "access-1"
    assert said == [("unreachable", False)]


def test_a_database_that_is_away_for_a_moment_loses_no_token(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        monkeypatch.undo()
        raise OperationalError("UPDATE", None, Exception("gone away"))

    vendor.meanwhile = lambda: monkeypatch.setattr(rows, "write", away)
    assert kept.access_token("zoom-1") == "access-1"
    vendor.meanwhile = lambda: None
    clock.turn(60)
    assert kept.access_token("zoom-1") == "access-2"


def test_what_was_granted_anew_is_not_forgotten(kept: Vault) -> None:
    [before] = kept.held()
    kept.store("zoom-1", "member-1", "zoom", Grant("fresh"))
    assert kept.forget("zoom-1", before.revision) is None
    assert [each.link for each in kept.held()] == ["zoom-1"]
    [now] = kept.held()
    assert kept.forget("zoom-1", now.revision) == Grant("fresh")


def test_nothing_readable_is_stored(kept: Vault, rows: Rows) -> None:
    kept.access_token("zoom-1")
    with rows.read() as connection:
        row = connection.execute(select(table)).one()
    assert not any(word in str(row) for word in ("refresh-1", "access-1"))
    assert (row.link, row.member, row.provider) == ("zoom-1", "member-1", "zoom")


def test_a_rotated_secret_key_opens_what_the_old_one_sealed(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock
) -> None:
    new = "n" * 40
    assert opened(rows, vendor, clock, new, SECRET).access_token("zoom-1") == "access-1"
    assert opened(rows, vendor, clock, new).access_token("zoom-1") == "access-1"  # sealed anew by the first
    with pytest.raises(PortError) as caught:
        kept.access_token("zoom-1")
    assert (caught.value.reason, caught.value.auth) == ("token_unreadable", True)


def test_what_is_forgotten_is_gone(kept: Vault) -> None:
    kept.forget("zoom-1")
    with pytest.raises(PortError) as caught:
        kept.access_token("zoom-1")
    assert (caught.value.reason, caught.value.auth) == ("not_linked", True)


def test_nobody_waits_for_ever(
    kept: Vault, rows: Rows, vendor: Vendor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chouseiapo.accounts.vault.PATIENCE_S", 0.2)
    with rows.write() as connection:
        connection.execute(update(table).values(refreshing_until=datetime(2099, 1, 1, tzinfo=UTC)))
    with pytest.raises(PortError) as caught:
        kept.access_token("zoom-1")
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)


def test_no_token_shows_where_a_grant_is_written_out() -> None:
    """In a log, or in a traceback."""
    written = repr(Granted(Grant("refresh-1", "access-1", state="cache-1")))
    assert not [secret for secret in ("refresh-1", "access-1", "cache-1") if secret in written]
