"""The rows beside the events: one definition for SQLite and PostgreSQL.

On SQLite they live in a file of their own next to the events; a write begins IMMEDIATE, because a transaction
that reads first and writes later fails at once when another process commits in between.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.types import TypeDecorator

metadata = MetaData()

# What any use of the rows may raise when the database is not there.
DatabaseTrouble = SQLAlchemyError

_CREATING = 0x63686F75  # the advisory lock's number: any constant that is ours


class Instant(TypeDecorator[datetime]):
    """A UTC instant: aware in Python on both stores."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        plain = value.astimezone(UTC)
        return plain.replace(tzinfo=None) if dialect.name == "sqlite" else plain

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(name: str, default: str = "", **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, default=default, **options)


def _key(name: str) -> Column[str]:
    return Column(name, String, primary_key=True)


# Projections: how far each has read, and the streams that wait because one of their events failed.
positions = Table("positions", metadata, _key("projection"), Column("position", Integer, nullable=False))
parked = Table(
    "parked",
    metadata,
    _key("projection"),
    _key("stream"),
    Column("position", Integer, nullable=False),
    _text("error"),
    Column("since", Instant, nullable=False),
)

# Settling: who is at work, which lane (mailbox, host, mail queue) is whose, and what is due in it.
workers = Table("workers", metadata, _key("id"), Column("alive_until", Instant, nullable=False))
lanes = Table(
    "lanes",
    metadata,
    _key("ledger"),
    _key("lane"),
    Column("holder", String),
    Column("not_before", Instant, nullable=False),
    _text("error"),
)
tasks = Table(
    "tasks",
    metadata,
    _key("ledger"),
    _key("key"),
    Column("lane", String, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("attempts", Integer, nullable=False, default=0),
    Column("parked", Boolean, nullable=False, default=False),
    _text("error"),
    Column("failing_since", Instant),
    Index("tasks_due", "ledger", "parked", "due_at"),
)

# Ledger of calendar entries: wanted (rebuilt from events) and placed (facts about the outside).
holds = Table(
    "holds",
    metadata,
    _key("key"),
    Column("link", String, nullable=False),
    Column("owner", String, nullable=False, index=True),
    Column("appointment", String, nullable=False, index=True),
    Column("candidate", String, nullable=False),
    Column("fingerprint", String, nullable=False),
)
entries = Table(
    "entries",
    metadata,
    _key("key"),
    Column("link", String, nullable=False),
    Column("appointment", String, nullable=False, index=True),
    Column("candidate", String, nullable=False),
    _text("vendor_id"),
    Column("generation", Integer, nullable=False, default=1),
    _text("etag"),
    _text("fingerprint"),
    Column("unsure", Boolean, nullable=False, default=False),
    Column("placed_at", Instant),
)
builtin_entries = Table(
    "builtin_entries",
    metadata,
    _key("link"),
    _key("id"),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    _text("entry"),
    Index("builtin_entries_time", "link", "starts_at"),
)

# Ledger of meetings.
meetings = Table(
    "meetings",
    metadata,
    _key("appointment"),
    Column("link", String, nullable=False),
    Column("fingerprint", String, nullable=False),
)
issued_meetings = Table(
    "issued_meetings",
    metadata,
    _key("appointment"),
    Column("link", String, nullable=False),
    _text("meeting_id"),
    _text("fingerprint"),
    Column("unsure_since", Instant),
)

# Ledger of mails: `mails` says what should be sent and why, `sent_mails` what became of it.
mails = Table(
    "mails",
    metadata,
    _key("key"),
    Column("appointment", String, nullable=False, index=True),
    Column("recipient", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    _text("sealed"),
)
sent_mails = Table(
    "sent_mails",
    metadata,
    _key("key"),
    Column("message_id", String, nullable=False),
    Column("sent_at", Instant),
    Column("given_up_at", Instant),
    _text("outcome"),
)

# Read models.
people = Table(
    "people",
    metadata,
    _key("id"),
    Column("kind", String, nullable=False),
    _text("email"),
    _text("name"),
    _text("search"),
)
appointments = Table(
    "appointments",
    metadata,
    _key("id"),
    Column("state", String, nullable=False),
    Column("author", String, nullable=False),
    _text("title"),
    _text("search"),
    Column("proposed_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("deadline", Instant),
    Column("next_start", Instant),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("meeting_awaited_since", Instant),
    Column("open_count", Integer, nullable=False, default=0),
    Index("appointments_state", "state", "starts_at"),
    Index("appointments_awaiting", "meeting_awaited_since"),
)
appointment_people = Table(
    "appointment_people",
    metadata,
    _key("appointment"),
    _key("member"),
    Index("appointment_people_member", "member"),
)
offers = Table(
    "offers",
    metadata,
    _key("appointment"),
    _key("candidate"),
    _key("resource"),
    Column("confirmed", Boolean, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("offers_time", "resource", "ends_at"),
)

# Secrets and sessions: only digests of what people hold, only sealed tokens and keys.
keys = Table("keys", metadata, _key("subject"), _text("sealed"), Column("destroyed_at", Instant))
vault = Table(
    "vault",
    metadata,
    _key("link"),
    Column("member", String, nullable=False, index=True),
    Column("provider", String, nullable=False),
    _text("sealed"),
    Column("revision", Integer, nullable=False, default=1),
    Column("refreshing_until", Instant),
)
api_tokens = Table(
    "api_tokens",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)
sign_in_links = Table(
    "sign_in_links",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)
sessions = Table(
    "sessions",
    metadata,
    _key("digest"),
    Column("member", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
# What members have begun to write, sealed: it names guests.
drafts = Table(
    "drafts",
    metadata,
    _key("id"),
    Column("member", String, nullable=False, index=True),
    _text("sealed"),
    Column("updated_at", Instant, nullable=False, index=True),
)
requests_seen = Table(
    "requests_seen",
    metadata,
    _key("command"),
    Column("body_digest", String, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
)


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
        try:
            with closing(self.engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(compiled.string, values if order is None else [values[name] for name in order])
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


def event_store(database_url: str) -> tuple[str | None, dict[str, str] | None]:
    """Where the events live: an SQLite file, or else the parts of a PostgreSQL address."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return url.database, None
    parts = {
        "POSTGRES_DBNAME": url.database,
        "POSTGRES_HOST": url.host or str(url.query.get("host", "")),
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username,
        "POSTGRES_PASSWORD": url.password,
    }
    return None, {name: value or "" for name, value in parts.items()}


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
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_size=4, max_overflow=16, pool_pre_ping=True)
    file = Path(make_url(url).database or "")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)  # SQLite's companion files take over the owner-only mode
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": 15}, pool_size=4, max_overflow=16
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine
