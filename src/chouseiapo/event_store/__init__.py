"""Where events are kept: the library's recorders for SQLite and PostgreSQL, with what each of them lacks.

A move to another event store touches this package, `events.py`, and above all `aggregates.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import urlencode

from eventsourcing.persistence import PersistenceError, StoredEvent
from sqlalchemy import make_url

# What reading or writing events may raise when the store is not there.
StoreTrouble = PersistenceError

# How long a request waits for a connection, to events or rows: with the database away every thread would soon
# be waiting.
CONNECT_S = 3


class Streams(Protocol):
    """What our recorders can do beyond the library's."""

    def select_streams(self, ids: Sequence[str]) -> Iterable[StoredEvent]:
        """The events of several streams, each in order."""

    def select_versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The version that each of several streams has come to; one without events is not in it."""


def recorder_settings(database_url: str) -> dict[str, str]:
    """Settings of the event store at an address: an SQLite file, or else a PostgreSQL database.

    Tables are made by `database` alone (simultaneous creation crashes on PostgreSQL), database functions and
    pre-ping stay off (the first loses events for tailing readers, the second stalls for half a minute).
    """
    url = make_url(database_url)
    common = {"ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}
    if url.get_backend_name() == "sqlite":
        return common | {
            "PERSISTENCE_MODULE": "chouseiapo.event_store.sqlite:SQLiteEventStore",
            "SQLITE_DBNAME": url.database or "",
            "SQLITE_LOCK_TIMEOUT": "15",
        }
    query = {"connect_timeout": str(CONNECT_S), **url.query}
    return common | {
        "PERSISTENCE_MODULE": "chouseiapo.event_store.postgres:PostgresEventStore",
        "POSTGRES_DBNAME": url.database or "",
        "POSTGRES_HOST": url.host or str(query.pop("host", "")),
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
        "POSTGRES_QUERY": urlencode(query),
        "POSTGRES_CONNECT_TIMEOUT": str(CONNECT_S),
        "POSTGRES_POOL_SIZE": "2",
        "POSTGRES_MAX_OVERFLOW": "14",
        "POSTGRES_LOCK_TIMEOUT": "3",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
        "POSTGRES_PRE_PING": "n",
    }
