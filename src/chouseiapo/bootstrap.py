"""The composition root: the only module that names concrete adapters."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, text

from chouseiapo import migrations
from chouseiapo.accounts.guest_links import GuestLinks
from chouseiapo.accounts.keyring import StoredKeyring
from chouseiapo.accounts.secrets import Sealer, Signer
from chouseiapo.application import Coordination
from chouseiapo.config import Settings, SettingsError
from chouseiapo.domain.slots import Grid
from chouseiapo.events import recorder_settings
from chouseiapo.storage import Rows, rows_url

_CREATING = 0x63686F75  # the advisory lock's number: any constant that is ours


class WrongDatabase(Exception):
    """The database belongs to another release; the message says what to do."""


@dataclass(frozen=True)
class Services:
    """Everything that web, worker and cli are handed."""

    settings: Settings
    rows: Rows
    keyring: StoredKeyring
    coordination: Coordination
    guest_links: GuestLinks
    form_signer: Signer

    def close(self) -> None:
        self.coordination.close()
        self.rows.close()


def build(settings: Settings) -> Services:
    """Open the database (an empty one is created, an old one refused) and put everything together."""
    if not settings.secret_key:
        raise SettingsError(["CHOUSEIAPO_SECRET_KEY: missing; make one with: openssl rand -hex 32"])
    rows = Rows(rows_url(settings.database_url))
    keyring = StoredKeyring(rows, Sealer(settings.secret_key, "personal data"))
    try:
        _ensure_database(settings, rows, keyring)
    except BaseException:
        rows.close()
        raise
    return Services(
        settings=settings,
        rows=rows,
        keyring=keyring,
        coordination=_coordination(settings, keyring),
        guest_links=GuestLinks(Signer(settings.secret_key, "guest link")),
        form_signer=Signer(settings.secret_key, "form"),
    )


def migrate(settings: Settings) -> str | None:
    """Bring the database to this release's schema; answers the revision it stood at before."""
    rows = Rows(rows_url(settings.database_url))
    keyring = StoredKeyring(rows, Sealer(settings.secret_key, "personal data"))
    try:
        with _creating_alone(settings, rows):
            before = migrations.revision(rows.engine)
            _create_or_upgrade(settings, rows, keyring)
    finally:
        rows.close()
    return before


def _ensure_database(settings: Settings, rows: Rows, keyring: StoredKeyring) -> None:
    if migrations.revision(rows.engine) is None:
        with _creating_alone(settings, rows):
            if migrations.revision(rows.engine) is None:
                _create_or_upgrade(settings, rows, keyring)
    standing = migrations.revision(rows.engine)
    if standing != migrations.HEAD:
        raise WrongDatabase(
            f"the database stands at revision {standing}, this release needs {migrations.HEAD}; "
            "stop the other processes and run: chouseiapo migrate"
        )


def _create_or_upgrade(settings: Settings, rows: Rows, keyring: StoredKeyring) -> None:
    """Event tables first: a database with a revision has everything."""
    _coordination(settings, keyring, create=True).close()
    migrations.upgrade(rows.engine)


def _coordination(settings: Settings, keyring: StoredKeyring, create: bool = False) -> Coordination:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        recorder = recorder_settings(url.database, None)
    else:
        named = {
            "POSTGRES_DBNAME": url.database,
            "POSTGRES_HOST": url.host or str(url.query.get("host", "")),
            "POSTGRES_PORT": str(url.port or 5432),
            "POSTGRES_USER": url.username,
            "POSTGRES_PASSWORD": url.password,
        }
        recorder = recorder_settings(None, {name: value or "" for name, value in named.items()})
    if create:
        recorder["CREATE_TABLE"] = "yes"
    return Coordination(recorder, keyring, Grid(settings.grid_minutes, settings.time_zone))


@contextmanager
def _creating_alone(settings: Settings, rows: Rows) -> Iterator[None]:
    """Only one process makes tables at a time; files are readable by their owner alone."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        with rows.engine.connect() as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({_CREATING})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({_CREATING})"))
        return
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o077)
    try:
        with path.with_name(f"{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    finally:
        os.umask(before)
