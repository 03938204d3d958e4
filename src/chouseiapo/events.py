"""How events are stored: names, shapes over time, encryption of personal fields, and the recorder's settings.

This is the one place that knows; a move to another event store touches this file and `application.py`.
"""

from __future__ import annotations

import base64
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, Protocol, get_args, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import ApplicationRecorder, Mapper, OperationalError, StoredEvent, Transcoder
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore, SQLiteFactory

from chouseiapo.domain.agenda import Agenda
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import ERASED, Event
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Guest, Meeting
from chouseiapo.domain.room import Room

# What a personal field reads as when its key was destroyed, by the field's type.
_ERASED_VALUES: dict[Any, Any] = {
    str: ERASED,
    str | None: ERASED,
    Guest: Guest(name=ERASED),
    Meeting: Meeting(ERASED),
}
_SEALED = "$sealed"
_NONCE_BYTES = 12

Shape = dict[str, Any]

# (name, version) -> what turns a stored shape of that version into the next one's. Samples of every version
# are kept in tests/samples; a shape that was ever stored stays readable.
UPCASTERS: dict[tuple[str, int], Callable[[Shape], Shape]] = {}


class NewerEvent(Exception):
    """An event written by a newer release; this one must not guess at it."""


class Keyring(Protocol):
    """Keys for personal data, one a subject, kept outside the event store."""

    def key(self, subject: str) -> bytes | None:
        """The subject's key, or None when it was destroyed or never made."""

    def new_key(self, subject: str) -> bytes:
        """The subject's key, made now if there is none; a destroyed one is never made again."""


def _event_classes() -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for aggregate in (Appointment, Agenda, Member, Room):
        for name in dir(aggregate):
            nested = getattr(aggregate, name)
            if isinstance(nested, type) and issubclass(nested, Event):
                found[nested.NAME] = nested
    return found


EVENTS = _event_classes()


@cache
def personal_fields(event: type[Event]) -> dict[str, Any]:
    """The names of an event's personal fields, and the type that each holds."""
    hints = get_type_hints(event, include_extras=True)
    return {name: get_args(hint)[0] for name, hint in hints.items() if _is_personal(hint)}


def _is_personal(hint: Any) -> bool:
    return any(
        isinstance(note, msgspec.Meta) and (note.extra or {}).get("personal")
        for note in getattr(hint, "__metadata__", ())
    )


def _plain(value: Any) -> Any:
    """A frozen clock's datetime is a subclass that the encoder does not take."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"events can't hold {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_plain)


class EventMapper(Mapper[str]):
    """Stores an event as JSON under its own name; refuses newer shapes, upcasts older ones."""

    def __init__(self, keyring: Keyring) -> None:
        super().__init__(transcoder=_NoTranscoder())
        self._keyring = keyring

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        event: Event = domain_event
        shape = {field: getattr(event, field) for field in event.__struct_fields__}
        id, version = shape.pop("originator_id"), shape.pop("originator_version")
        if personal := personal_fields(type(event)):
            cipher = AESGCM(self._keyring.new_key(id))
            nonces = os.urandom(_NONCE_BYTES * len(personal))
            for n, field in enumerate(personal):
                nonce = nonces[n * _NONCE_BYTES : (n + 1) * _NONCE_BYTES]
                shape[field] = _seal(cipher, nonce, f"{id}/{version}/{field}", shape[field])
        if event.VERSION > 1:
            shape["v"] = event.VERSION
        return StoredEvent(id, version, event.NAME, _encoder.encode(shape))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        event = EVENTS[stored_event.topic]
        shape: Shape = msgspec.json.decode(stored_event.state)
        id, version = str(stored_event.originator_id), stored_event.originator_version
        sealed = [field for field, value in shape.items() if isinstance(value, dict) and _SEALED in value]
        if sealed:
            key = self._keyring.key(id)
            cipher = AESGCM(key) if key else None
            for field in sealed:
                shape[field] = _open(cipher, f"{id}/{version}/{field}", shape[field][_SEALED])
        shape = _upcast(event, shape.pop("v", 1), shape)
        for field, holds in personal_fields(event).items():
            if shape.get(field) == _SEALED:
                shape[field] = msgspec.to_builtins(_ERASED_VALUES[holds])
        return msgspec.convert(shape | {"originator_id": id, "originator_version": version}, event)


def _seal(cipher: AESGCM, nonce: bytes, place: str, value: Any) -> dict[str, str] | None:
    """Encrypt one field; its place (stream, version, name) is bound in, so that no value can be moved."""
    if value is None:
        return None
    sealed = nonce + cipher.encrypt(nonce, _encoder.encode(value), place.encode())
    return {_SEALED: base64.b64encode(sealed).decode()}


def _open(cipher: AESGCM | None, place: str, sealed: str) -> Any:
    """The field's value, or the mark of an erased one when the key is gone."""
    if cipher is None:
        return _SEALED
    raw = base64.b64decode(sealed)
    try:
        text = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode())
        return msgspec.json.decode(text)
    except InvalidTag:
        raise ValueError(f"{place} was not sealed here or was altered") from None


def _upcast(event: type[Event], version: int, shape: Shape) -> Shape:
    if version > event.VERSION:
        raise NewerEvent(f"{event.NAME} v{version}; this release knows v{event.VERSION}")
    for old in range(version, event.VERSION):
        shape = UPCASTERS[event.NAME, old](shape)
    return shape


class _NoTranscoder(Transcoder):
    """The mapper encodes whole events itself; nothing is transcoded value by value."""

    def encode(self, obj: object) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        raise NotImplementedError


class SQLiteEvents(SQLiteApplicationRecorder):
    """The library's recorder, with connections of their own for whoever reads a stream.

    In the library's pool a reader waits behind a writer that waits for another one's commit: with many
    threads everybody waits for every fsync. And its transaction around one SELECT keeps nothing together, but
    costs three more calls into SQLite, each of which hands the interpreter to another thread.
    """

    _SELECT = "SELECT originator_id, originator_version, topic, state FROM stored_events WHERE originator_id"
    _STREAM = f"{_SELECT} = ? AND originator_version <= ? ORDER BY originator_version"
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

    def _read(self, statement: str, asked: Sequence[object]) -> list[StoredEvent]:
        try:
            connection = self._idle.pop()  # one step, as is append: no two threads get the same connection
        except IndexError:
            connection = self._connect()
        try:
            rows = connection.execute(statement, asked).fetchall()
        except sqlite3.Error as error:
            raise OperationalError(error) from error
        self._idle.append(connection)
        return [StoredEvent(*row) for row in rows]

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


def select_streams(recorder: ApplicationRecorder, ids: Sequence[str]) -> Iterator[StoredEvent]:
    """The events of several streams, each in order: in one read where the recorder can do that."""
    if isinstance(recorder, SQLiteEvents):
        return recorder.select_streams(ids)
    return chain.from_iterable(recorder.select_events(id) for id in ids)


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


def recorder_settings(sqlite_file: str | None, postgres: dict[str, str] | None) -> dict[str, str]:
    """Settings of the library's own recorders; exactly one of the two stores is named.

    Tables are made by `storage` alone (simultaneous creation crashes on PostgreSQL), database functions and
    pre-ping stay off (the first loses events for tailing readers, the second stalls for half a minute).
    """
    common = {"ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}
    if sqlite_file is not None:
        return common | {
            "PERSISTENCE_MODULE": "chouseiapo.events:SQLiteEventStore",
            "SQLITE_DBNAME": sqlite_file,
            "SQLITE_LOCK_TIMEOUT": "15",
        }
    return (
        common
        | (postgres or {})
        | {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_POOL_SIZE": "2",
            "POSTGRES_MAX_OVERFLOW": "14",
            "POSTGRES_LOCK_TIMEOUT": "3",
            "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
            "POSTGRES_PRE_PING": "n",
        }
    )
