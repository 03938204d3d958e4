"""The library's SQLite recorder, with readers that wait for nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from eventsourcing.persistence import OperationalError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore, SQLiteFactory


class SQLiteEvents(SQLiteApplicationRecorder):
    """The library's recorder, with connections of their own for whoever reads a stream.

    In the library's pool a reader waits behind a writer that waits for another one's commit: with many
    threads everybody waits for every fsync. And its transaction around one SELECT keeps nothing together, but
    costs three more calls into SQLite, each of which hands the interpreter to another thread.
    """

    _SELECT = "SELECT originator_id, originator_version, topic, state FROM stored_events WHERE originator_id"
    _STREAM = f"{_SELECT} = ? AND originator_version <= ? ORDER BY originator_version"
    _NEWEST = "SELECT originator_id, max(originator_version) FROM stored_events WHERE originator_id"
    _WHOLE = 2**63 - 1
    _AT_ONCE = 500  # older builds of SQLite take 999 parameters

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self._idle: list[sqlite3.Connection] = []

    def select_events(self, originator_id: Any, *, lte: int | None = None, **more: Any) -> list[StoredEvent]:
        """The events of a stream in order; whatever else may be asked for, the library answers."""
        if more.get("gt") is not None or more.get("desc") or more.get("limit") is not None:
            return list(super().select_events(originator_id, lte=lte, **more))
        return self._read(self._STREAM, (originator_id, self._WHOLE if lte is None else lte))

    def select_streams(self, ids: Sequence[str]) -> Iterator[StoredEvent]:
        """The events of several streams, each in order."""
        for part in (ids[n : n + self._AT_ONCE] for n in range(0, len(ids), self._AT_ONCE)):
            marks = ", ".join("?" * len(part))
            yield from self._read(
                f"{self._SELECT} IN ({marks}) ORDER BY originator_id, originator_version", part
            )

    def select_versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The version that each of several streams has come to; one without events is not in it."""
        found: dict[str, int] = {}
        for part in (ids[n : n + self._AT_ONCE] for n in range(0, len(ids), self._AT_ONCE)):
            marks = ", ".join("?" * len(part))
            found.update(self._rows(f"{self._NEWEST} IN ({marks}) GROUP BY originator_id", part))
        return found

    def _read(self, statement: str, asked: Sequence[object]) -> list[StoredEvent]:
        return [StoredEvent(*row) for row in self._rows(statement, asked)]

    def _rows(self, statement: str, asked: Sequence[object]) -> list[Any]:
        try:
            connection = self._idle.pop()  # one step, as is append: no two threads get the same connection
        except IndexError:
            connection = self._connect()
        try:
            rows = connection.execute(statement, asked).fetchall()
        except sqlite3.Error as error:
            raise OperationalError(error) from error
        self._idle.append(connection)
        return rows

    def _connect(self) -> sqlite3.Connection:
        pool = self.datastore.pool
        return sqlite3.connect(
            pool.db_name,
            timeout=pool.lock_timeout or 0,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class SQLiteEventStore(SQLiteFactory):
    """Makes that recorder, and closes it with everything else."""

    def application_recorder(self) -> SQLiteEvents:
        self._recorder = SQLiteEvents(self.datastore)
        if self.env_create_table():
            self._recorder.create_table()
        return self._recorder

    def close(self) -> None:
        self._recorder.close()
        super().close()
