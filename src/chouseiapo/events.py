"""How an event looks in the store: its name, its shapes over time, encryption of personal fields."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol, get_args, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from chouseiapo.domain.account import Account
from chouseiapo.domain.agenda import Agenda
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Erased
from chouseiapo.domain.event import ERASED, Event
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import Organization
from chouseiapo.domain.proposal import Guest, Meeting
from chouseiapo.domain.room import Room

# What a personal field reads as when its key was destroyed, by the field's type.
_ERASED_VALUES: dict[Any, Any] = {
    str: ERASED,
    str | None: ERASED,
    Guest: Guest(name=ERASED),
    Meeting: Meeting(ERASED),
}
# What a personal field holds that says nothing: it needs no key, so an erased stream can still end.
_NOTHING = (None, "", Guest())
_SEALED = "$sealed"
_GONE = object()  # stands for a value whose key was destroyed
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
    for aggregate in (Appointment, Agenda, Member, Room, Organization, Account):
        for name in dir(aggregate):
            nested = getattr(aggregate, name)
            if isinstance(nested, type) and issubclass(nested, Event):
                found[nested.NAME] = nested
    return found


EVENTS = _event_classes()
# msgspec reads a type's annotations at its first use; two threads that do so at once end the process.
for event_class in EVENTS.values():
    msgspec.json.Decoder(event_class)


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
        if personal := [field for field in personal_fields(type(event)) if shape[field] not in _NOTHING]:
            cipher = AESGCM(self._key_to_write(id))
            nonces = os.urandom(_NONCE_BYTES * len(personal))
            for n, field in enumerate(personal):
                nonce = nonces[n * _NONCE_BYTES : (n + 1) * _NONCE_BYTES]
                shape[field] = _seal(cipher, nonce, f"{id}/{version}/{field}", shape[field])
        if event.VERSION > 1:
            shape["v"] = event.VERSION
        return StoredEvent(id, version, event.NAME, _encoder.encode(shape))

    def _key_to_write(self, subject: str) -> bytes:
        try:
            return self._keyring.new_key(subject)
        except KeyError:
            raise Erased from None

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
            if shape.get(field) is _GONE:
                shape[field] = msgspec.to_builtins(_ERASED_VALUES[holds])
        return msgspec.convert(shape | {"originator_id": id, "originator_version": version}, event)


def _seal(cipher: AESGCM, nonce: bytes, place: str, value: Any) -> dict[str, str]:
    """Encrypt one field; its place (stream, version, name) is bound in, so that no value can be moved."""
    sealed = nonce + cipher.encrypt(nonce, _encoder.encode(value), place.encode())
    return {_SEALED: base64.b64encode(sealed).decode()}


def _open(cipher: AESGCM | None, place: str, sealed: str) -> Any:
    """The field's value, or the mark of an erased one when the key is gone."""
    if cipher is None:
        return _GONE
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
