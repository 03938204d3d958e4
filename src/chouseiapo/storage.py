"""The engine of the rows beside the events.

On SQLite they live in a file of their own next to the events; a write begins IMMEDIATE, because a transaction
that reads first and writes later fails at once when another process commits in between.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, Select, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from chouseiapo.event_store import CONNECT_S
from chouseiapo.tables import metadata

# What any use of the rows may raise when the database is not there.
DatabaseTrouble = SQLAlchemyError

# A database that is away for a moment is given these pauses to keep what nobody may forget: together less
# than a worker's life, after which others take its lanes, and than the lease on a token that is renewed.
TRIED_AGAIN_S = (0.2, 0.5, 1, 2, 4)

_T = TypeVar("_T")
_CREATING = 0x63686F75  # the advisory lock's number: any constant that is ours


def keep_trying(write: Callable[[], _T]) -> _T:
    """Write, and write again while the database is away; raises DatabaseTrouble when it stays away."""
    for pause in TRIED_AGAIN_S:
        with suppress(DatabaseTrouble):
            return write()
        time.sleep(pause)
    return write()


class Rows:
    """The engine, with the two ways of using it: `read` never blocks a writer, `write` commits at its end."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self.engine = _engine(_rows_url(database_url))
        # SQLite has one writer at a time, and its busy handler sleeps up to 100 ms between two tries; threads
        # of one process had better queue.
        self._turn = threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        self._compiled: dict[Select[tuple[str]], Any] = {}

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(begin="DEFERRED") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._turn, self.engine.begin() as connection:
            yield connection

    def look_up(self, statement: Select[tuple[str]], **values: str) -> str | None:
        """One text, or None when there is no such row: for the few reads that every request waits for.

        The statement is compiled once and goes to the driver itself, a sixth of the way through SQLAlchemy;
        a single statement sees a single state, so it needs no transaction around it.
        """
        if statement not in self._compiled:
            self._compiled[statement] = statement.compile(self.engine)
        compiled = self._compiled[statement]
        order = compiled.positiontup  # None where the driver takes values by name
        given = compiled.construct_params(values)
        try:
            with closing(self.engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(compiled.string, given if order is None else [given[name] for name in order])
                found = cursor.fetchone()
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise OperationalError(compiled.string, None, error) from error
        return found[0] if found else None

    @contextmanager
    def creating_alone(self) -> Iterator[None]:
        """Only one process makes tables at a time; files are readable by their owner alone."""
        if self.engine.dialect.name == "sqlite":
            with _locked_file(Path(make_url(self._database_url).database or "")):
                yield
            return
        with self.engine.connect() as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({_CREATING})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({_CREATING})"))

    def shred(self) -> None:
        """Leave nothing in the database's own files of what was overwritten or deleted.

        On SQLite it waits for readers, as long as any statement waits, and else leaves it to the next time.
        """
        if self.engine.dialect.name == "sqlite":
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {names}"))

    def close(self) -> None:
        self.engine.dispose()


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those that stand under the same primary key with the given columns."""
    if not rows:
        return
    connection.execute(_upsert(connection.dialect.name, table, tuple(rows[0])), list(rows))


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one stands under its primary key; tells whether it was inserted."""
    return connection.scalar(_insert_new(connection.dialect.name, table), row) is not None


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Insert those rows under whose primary key none stands; answers their first key column."""
    if not rows:
        return set()
    return set(connection.scalars(_insert_new(connection.dialect.name, table), list(rows)))


# Built once each: putting a statement together takes longer than carrying it out.
@cache
def _upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    primary = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in primary}
    if not rest:
        return statement.on_conflict_do_nothing(index_elements=primary)
    return statement.on_conflict_do_update(index_elements=primary, set_=rest)


@cache
def _insert_new(dialect: str, table: Table) -> Any:
    # The row comes back when it was inserted; a count of rows is not to be had from every driver.
    [key, *_] = table.primary_key
    return _insert(dialect, table).on_conflict_do_nothing().returning(key)


def _insert(dialect: str, table: Table) -> Any:
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # brings five drivers along: whoever needs none need not wait

    return postgresql.insert(table)


@contextmanager
def _locked_file(database: Path) -> Iterator[None]:
    before = os.umask(0o077)
    try:
        with database.with_name(f"{database.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    finally:
        os.umask(before)


def _rows_url(database_url: str) -> str:
    """Where the rows live: the same PostgreSQL database, or the SQLite file beside the events."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        return str(url.set(database=str(path.with_name(f"{path.stem}.rows{path.suffix or '.db'}"))))
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _engine(url: str) -> Engine:
    address = make_url(url)
    shared: dict[str, Any] = {"hide_parameters": True, "pool_size": 4, "max_overflow": 16}
    if address.get_backend_name() != "sqlite":
        wait = {} if "connect_timeout" in address.query else {"connect_timeout": CONNECT_S}
        return create_engine(url, **shared, pool_pre_ping=True, pool_timeout=CONNECT_S, connect_args=wait)
    file = Path(address.database or "")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)  # SQLite's companion files take over the owner-only mode
    engine = create_engine(url, **shared, connect_args={"timeout": 15})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, not only let go

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine
