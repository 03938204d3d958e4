"""The database: made where it is empty, refused where it is old, upgraded and sealed anew when asked."""

from __future__ import annotations

from contextlib import closing

from chouseiapo import migrations
from chouseiapo.accounts.keyring import StoredKeyring
from chouseiapo.accounts.reseal import Resealed, seal_anew
from chouseiapo.accounts.secrets import PERSONAL_DATA, Sealer
from chouseiapo.application import Coordination
from chouseiapo.clock import Clock, utc_now
from chouseiapo.config import Settings, SettingsError
from chouseiapo.domain.slots import Grid
from chouseiapo.event_store import recorder_settings
from chouseiapo.storage import Rows


class WrongDatabase(Exception):
    """The database belongs to another release; the message says what to do."""


AHEAD = (
    "the rows are ahead of the events: the two were restored from different moments, and new events would be "
    "skipped; stop the other processes and restore both from the same moment"
)


WRONG_KEY = (
    "SECRET_KEY does not open what this database holds; name the key that sealed it, too (new,old). "
    "If that is lost for good: chouseiapo keys rotate --forget-unreadable"
)


def open_database(settings: Settings) -> tuple[Rows, StoredKeyring]:
    """The rows, and the keys of personal data; an empty database is created, an old one refused.

    Raises SettingsError, WrongDatabase.
    """
    _must_have_key(settings)
    rows = _rows(settings)
    keyring = _keyring(settings, rows)
    try:
        _ensure_database(settings, rows, keyring)
        if not keyring.fits():
            raise WrongDatabase(WRONG_KEY)
        keyring.keep_probe()
    except BaseException:
        rows.close()
        raise
    return rows, keyring


def coordination(settings: Settings, keyring: StoredKeyring, create: bool = False) -> Coordination:
    """The application over the event store; `create` makes its tables."""
    recorder = recorder_settings(settings.database_url)
    if create:
        recorder["CREATE_TABLE"] = "yes"
    return Coordination(recorder, keyring, Grid(settings.grid_minutes, settings.time_zone))


def migrate(settings: Settings) -> str | None:
    """Bring the database to this release's schema; answers the revision it stood at before."""
    with closing(_rows(settings)) as rows, rows.creating_alone():
        before = migrations.revision(rows.engine)
        _create_or_upgrade(settings, rows, _keyring(settings, rows))
    return before


def rotate_keys(settings: Settings, give_up: bool, clock: Clock = utc_now) -> Resealed:
    """Seal everything under the first of the secret keys; also where they do not fit the database."""
    _must_have_key(settings)
    with closing(_rows(settings)) as rows:
        _ensure_database(settings, rows, _keyring(settings, rows))
        return seal_anew(rows, settings.secret_key, give_up, clock())


def _must_have_key(settings: Settings) -> None:
    if not settings.secret_key:
        raise SettingsError(["CHOUSEIAPO_SECRET_KEY: missing; make one with: openssl rand -hex 32"])


def _keyring(settings: Settings, rows: Rows) -> StoredKeyring:
    return StoredKeyring(rows, Sealer(settings.secret_key, PERSONAL_DATA))


def _rows(settings: Settings) -> Rows:
    try:
        return Rows(settings.database_url)
    except OSError as error:
        raise WrongDatabase(f"no database there ({error.strerror}); check CHOUSEIAPO_DATABASE_URL") from None


def _ensure_database(settings: Settings, rows: Rows, keyring: StoredKeyring) -> None:
    if migrations.revision(rows.engine) is None:
        with rows.creating_alone():
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
    coordination(settings, keyring, create=True).close()
    migrations.upgrade(rows.engine)
