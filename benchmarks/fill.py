"""Fills a store fast: events of the product's aggregates through its own mapper, thousands in one commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
from eventsourcing.persistence import StoredEvent
from sqlalchemy import insert

from chouseiapo.accounts.keyring import KEY_BYTES
from chouseiapo.accounts.secrets import Sealer
from chouseiapo.bootstrap import Services
from chouseiapo.domain.agenda import Agenda, agenda_id
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Aggregate, Meta
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Guest, Meeting, Proposal
from chouseiapo.domain.slots import Offer
from chouseiapo.events import EventMapper
from chouseiapo.tables import keys

CANDIDATES = 5
ATTENDEES = 2
GUEST = Guest(company="ABC株式会社", name="山田太郎", email="yamada@example.net")
MESSAGE = "お世話になっております。下記の候補からご都合のよい日時をお選びください。"
BATCH = 5_000
_RESERVED_A_DAY = 4


class BatchKeys:
    """A keyring whose new keys are sealed and written with the next batch."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._keys: dict[str, bytes] = {}

    def key(self, subject: str) -> bytes | None:
        return self._keys.get(subject)

    def new_key(self, subject: str) -> bytes:
        return self._keys.setdefault(subject, os.urandom(KEY_BYTES))

    def rows(self) -> list[dict[str, str]]:
        made, self._keys = self._keys, {}
        return [{"subject": subject, "sealed": self._sealer.seal(key)} for subject, key in made.items()]


class Filler:
    """Invents people and appointments; a batch is written when it is full, the rest with `flush`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._keys = BatchKeys(Sealer(services.settings.secret_key, "personal data"))
        self._mapper = EventMapper(self._keys)
        self._batch: list[StoredEvent] = []
        self._numbers = count()
        self._meta = Meta(actor="benchmark")
        self.now = services.clock()
        self.events = 0

    def member(self) -> str:
        """One more person; answers the address."""
        email = f"member{next(self._numbers)}@example.com"
        member = Member(member_id(email))
        member.register(email, "田中 一郎", self.now, kana="タナカ イチロウ", latin="Tanaka Ichiro")
        self._take(member)
        return email

    def proposal(self, attendees: tuple[str, ...]) -> Proposal:
        """A day, ten o'clock in Tokyo, and the same hour of the days after it."""
        tomorrow = self.now.astimezone(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(
            days=1
        )
        starts = [tomorrow + timedelta(days=n) for n in range(CANDIDATES)]
        offers = tuple(Offer(start, start + timedelta(hours=1)) for start in starts)
        return Proposal(
            attendees=attendees, organizer=attendees[0], offers=offers, guest=GUEST, message=MESSAGE
        )

    def proposed(self, attendees: tuple[str, ...] = ()) -> str:
        """One more appointment that waits for its guest, for these people or for new ones; answers its id."""
        people = attendees or tuple(member_id(self.member()) for _ in range(ATTENDEES))
        appointment = self._proposed(people)
        self._take(appointment)
        return appointment.id

    def confirmed(self) -> str:
        """One for new people whose guest has taken the first candidate; answers its id."""
        people = tuple(member_id(self.member()) for _ in range(ATTENDEES))
        appointment = self._proposed(people)
        appointment.confirm("c1", GUEST, "", "ja", self.now)
        self._take(appointment)
        return appointment.id

    def history(self, events: int) -> None:
        """Appointments that went the whole way, until the store has that many events."""
        while self.events < events:
            people = tuple(member_id(self.member()) for _ in range(ATTENDEES))
            for n in range(_RESERVED_A_DAY * CANDIDATES):
                self._booked(people, n)
        self.flush()

    def _booked(self, people: tuple[str, ...], n: int) -> None:
        """Proposed, confirmed, its meeting issued; reserved on the n-th free hour of both people."""
        appointment = self._proposed(people, timedelta(hours=n // CANDIDATES))
        appointment.confirm(f"c{n % CANDIDATES + 1}", GUEST, "", "ja", self.now)
        meeting = Meeting("https://zoom.example.com/j/81234567890?pwd=abcdef", "81234567890", "123456")
        appointment.issue_meeting(meeting, f"zoom-{people[0]}", self.now)
        self._take(appointment)
        if chosen := appointment.chosen:
            for agenda in self._agendas(people, chosen.start, n // CANDIDATES):
                agenda.reserve(appointment.id, chosen.slot, self.now)
                self._take(agenda)

    def _agendas(self, people: tuple[str, ...], start: datetime, version: int) -> Iterator[Agenda]:
        for person in people:
            agenda = Agenda(agenda_id(person, start.astimezone(UTC).date()))
            agenda.version = version
            yield agenda

    def _proposed(self, people: tuple[str, ...], later: timedelta = timedelta()) -> Appointment:
        proposal = self.proposal(people)
        offers = tuple(Offer(o.start + later, o.end + later) for o in proposal.offers)
        appointment = Appointment(f"appointment-{os.urandom(16).hex()}")
        appointment.propose(msgspec.structs.replace(proposal, offers=offers), people[0], (), self.now)
        return appointment

    def _take(self, aggregate: Aggregate) -> None:
        for event in aggregate.collect_events():
            self._batch.append(self._mapper.to_stored_event(msgspec.structs.replace(event, meta=self._meta)))
            self.events += 1
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Keys first, as everywhere: an event without its key could never be read."""
        if rows := self._keys.rows():
            with self._services.rows.write() as connection:
                connection.execute(insert(keys), rows)
        if self._batch:
            self._services.coordination.recorder.insert_events(self._batch)
        self._batch = []
