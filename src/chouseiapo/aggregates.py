"""Aggregates over the event store: loaded from their streams, saved together, again after a conflict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec
from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, Mapper, OperationalError, Recording

from chouseiapo.domain.account import Account, account_id
from chouseiapo.domain.agenda import Agenda
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Busy, NotFound
from chouseiapo.domain.event import Aggregate, Event, Meta
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.links import Linkable
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import ORGANIZATION, Organization
from chouseiapo.domain.room import Room
from chouseiapo.event_store import Streams
from chouseiapo.events import EventMapper, Keyring

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")

TRIES = 8


class Aggregates(Application[str]):
    """The library's application, for explicit events. `on_saved` is called after every save."""

    name = "chouseiapo"

    def __init__(
        self,
        settings: Mapping[str, str],
        keyring: Keyring,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keyring = keyring
        self._pause = pause
        self.on_saved: list[Callable[[], None]] = []
        super().__init__(settings)

    def construct_mapper(self) -> Mapper[str]:
        return EventMapper(self._keyring)

    def save(self, *events: Any, **more: Any) -> list[Recording[str]]:
        """What the library's own does, but for asking each event whether it keeps the protocol of events."""
        recordings = self.events.put(events, **more)
        self._notify(recordings)
        return recordings

    def _notify(self, recordings: list[Recording[str]]) -> None:
        for wake in self.on_saved:
            wake()

    def stream(self, id: str, until: int | None = None) -> list[Event]:
        """Every event of a stream in order, up to version `until` when given."""
        events: Iterator[Any] = self.events.get(id, lte=until)
        return list(events)

    def streams(self, ids: Iterable[str]) -> dict[str, list[Event]]:
        """Several whole streams in one read; one without events is empty."""
        found: dict[str, list[Event]] = {id: [] for id in ids}
        for stored in cast(Streams, self.recorder).select_streams(list(found)):
            event: Any = self.mapper.to_domain_event(stored)
            found[event.originator_id].append(event)
        return found

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """How far several streams have come, without reading them; one without events is at 0."""
        asked = list(dict.fromkeys(ids))
        return dict.fromkeys(asked, 0) | cast(Streams, self.recorder).select_versions(asked)

    def members(self, ids: Iterable[str], until: datetime | None = None) -> dict[str, Member]:
        """Several members in one read, as they were at `until` when given; an unknown one is of version 0."""
        asked = list(ids)
        found = self.streams(id for id in asked if is_of("member", id))
        known = {id: [e for e in events if until is None or e.at <= until] for id, events in found.items()}
        return {id: Member.remember(id, known.get(id, ())) for id in asked}

    def owners(self, ids: Iterable[str], until: datetime | None = None) -> dict[str, Linkable]:
        """Members, rooms and the organization in one read, as they were at `until` when given; unknown ones
        have version 0."""
        asked = list(ids)
        found = self.streams(id for id in asked if _is_owner(id))
        known = {id: [e for e in events if until is None or e.at <= until] for id, events in found.items()}
        return {id: _kind(id).remember(id, known.get(id, ())) for id in asked}

    def owner(self, id: str) -> Linkable:
        """The member or room; raises NotFound. The organization stands always."""
        found = self.owners([id])[id]
        return found if isinstance(found, Organization) else existing(found)

    def organization(self) -> Organization:
        """What holds for everybody; one of which nothing has been said yet has version 0."""
        return Organization.remember(ORGANIZATION, self.stream(ORGANIZATION))

    def account(self, link: str) -> Account:
        """The outside account that a link leads to."""
        id = account_id(link)
        return Account.remember(id, self.stream(id))

    def appointment(self, id: str, until: int | None = None) -> Appointment:
        """The appointment (as it was at version `until`); raises NotFound."""
        return existing(Appointment.remember(id, self.stream_of("appointment", id, until)))

    def member(self, id: str) -> Member:
        return existing(Member.remember(id, self.stream_of("member", id)))

    def room(self, id: str) -> Room:
        return existing(Room.remember(id, self.stream_of("room", id)))

    def are_rooms(self, ids: Iterable[str]) -> bool:
        """Whether every one of the ids is a room's."""
        return all(self.stream_of("room", id) for id in ids)

    def stream_of(self, kind: str, id: str, until: int | None = None) -> list[Event]:
        """The stream, if the id is of that kind: whatever else somebody names has no events here."""
        return self.stream(id, until) if is_of(kind, id) else []

    def agenda(self, id: str) -> Agenda:
        """The agenda; one without events is empty."""
        return Agenda.remember(id, self.stream(id))

    def agendas(self, ids: Iterable[str]) -> list[Agenda]:
        return [Agenda.remember(id, events) for id, events in self.streams(ids).items()]

    def insist(self, attempt: Callable[[], T]) -> T:
        """Load, decide and save anew while others write first; raises Busy when the tries are used up."""
        for n in range(TRIES):
            try:
                return attempt()
            except IntegrityError:
                self._pause(random.random() * 0.01 * 2**n)  # noqa: S311 - jitter, no secret
            except OperationalError as error:
                raise Busy from error
        raise Busy

    def save_all(self, cause: Meta, *aggregates: Aggregate) -> None:
        events: list[Any] = [
            msgspec.structs.replace(event, meta=cause)
            for aggregate in aggregates
            for event in aggregate.collect_events()
        ]
        if events:
            self.save(*events)


def _is_owner(id: str) -> bool:
    return id == ORGANIZATION or is_of("member", id) or is_of("room", id)


def _kind(id: str) -> type[Linkable]:
    if id == ORGANIZATION:
        return Organization
    return Room if is_of("room", id) else Member


def existing(aggregate: A) -> A:
    if not aggregate.version:
        raise NotFound
    return aggregate
