"""The library's PostgreSQL recorder, with several streams in one read and a quick end when nobody answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from eventsourcing.persistence import (
    InterfaceError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import retry
from psycopg.sql import SQL, Identifier
from psycopg_pool import PoolTimeout

_STREAMS = SQL(
    "SELECT originator_id, originator_version, topic, state FROM {} "
    "WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"
)
_VERSIONS = SQL(
    "SELECT originator_id, max(originator_version) AS version FROM {} "
    "WHERE originator_id = ANY(%s) GROUP BY originator_id"
)


class Unreachable(PersistenceError):
    """No connection was to be had in time. What the library calls operational it tries ten times: with the
    server away a page would wait for minutes, and every thread with it."""


class Datastore(PostgresDatastore):
    """Lets whoever gets no connection go at once."""

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        try:
            with super().get_connection() as connection:
                yield connection
        except OperationalError as error:
            if isinstance(error.__cause__, PoolTimeout):
                raise Unreachable(str(error)) from error
            raise


class PostgresEvents(PostgresApplicationRecorder):
    """Reads several streams at once."""

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def select_streams(self, ids: Sequence[str]) -> list[StoredEvent]:
        """The events of several streams, each in order."""
        table = Identifier(self.datastore.schema, self.events_table_name)
        with self.datastore.get_connection() as connection:
            rows = connection.execute(_STREAMS.format(table), [list(ids)]).fetchall()
        return [StoredEvent(**row | {"state": bytes(row["state"])}) for row in rows]

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def select_versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The version that each of several streams has come to; one without events is not in it."""
        table = Identifier(self.datastore.schema, self.events_table_name)
        with self.datastore.get_connection() as connection:
            rows = connection.execute(_VERSIONS.format(table), [list(ids)]).fetchall()
        return {row["originator_id"]: row["version"] for row in rows}


class PostgresEventStore(PostgresFactory):
    """Makes that recorder; hands everything that the address asks for (sslmode, …) to the driver."""

    application_recorder_class = PostgresEvents

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore.__class__ = Datastore  # the library makes its own and asks nobody which
        asked: Any = self.datastore.pool.kwargs
        asked.update(parse_qsl(self.env.get("POSTGRES_QUERY") or ""))
