"""Everything the simulated vendors hold, under one lock."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from chouseiapo.sandbox.calendars import ROLES, Calendar, Share
from chouseiapo.sandbox.faults import Faults
from chouseiapo.sandbox.flights import Flights
from chouseiapo.sandbox.journal import Journal
from chouseiapo.sandbox.mails import Mail
from chouseiapo.sandbox.meetings import Meetings
from chouseiapo.sandbox.people import PROVIDERS, Person
from chouseiapo.sandbox.switches import Switches
from chouseiapo.sandbox.tokens import Tokens
from chouseiapo.sandbox.webhooks import Webhooks
from chouseiapo.sandbox.zoom.account import ACCOUNT, Directory

UNPUBLISHED = timedelta(days=7)
"""How long refresh tokens live while Google's publishing status of an app is Testing."""


class World:
    """`lock` is held while a request is carried out; nobody sleeps or writes to a socket under it."""

    def __init__(self, people: Iterable[Person], now: Callable[[], datetime], token_life_s: float) -> None:
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.changed = threading.Event()
        self.now = now
        self.people: dict[str, Person] = {}
        self.calendars: dict[str, Calendar] = {}
        """By id; a mailbox's own calendar has its address."""
        self.zoom = Directory()
        self.meetings = Meetings()
        self.mails: list[Mail] = []
        self.tokens = Tokens(token_life_s, now)
        self.faults = Faults()
        self.flights = Flights()
        self.switches = Switches()
        self.journal = Journal()
        self.webhooks = Webhooks(now)
        for person in people:
            self.add(person)

    def add(self, person: Person) -> Person:
        """The same person twice is one; another provider for a known address is a ValueError."""
        with self.lock:
            known = self.people.get(person.email)
            if known and known.provider != person.provider:
                raise ValueError(f"{person.email} has a calendar at {known.provider} already.")
            self.people[person.email] = person
            if person.uses("zoom"):
                self.zoom.join(person.email, person.name)
            calendar = self.calendars.setdefault(
                person.email, Calendar(person.email, person.provider, person.name, room=person.room)
            )
            calendar.name = person.name
            calendar.shares.setdefault(person.email, Share("owner"))
            self.changed.set()
            return person

    def add_calendar(
        self, email: str, name: str, access: str = "owner", id: str = "", *, hidden: bool = False
    ) -> Calendar:
        """One more calendar for that person, or one that is there already, shared; access none: no longer.
        ValueError for an unknown person, a calendar of another provider or a word that is no access."""
        provider = self.person(email).provider
        if access not in ROLES:
            raise ValueError(f"access is one of {', '.join(ROLES)}, not {access!r}.")
        if any(c.isspace() or c == "/" for c in id):
            raise ValueError(f"{id!r} is no id of a calendar.")
        with self.lock:
            id = id or new_calendar_id(provider)
            calendar = self.calendars.setdefault(id, Calendar(id, provider, name))
            if calendar.provider != provider or id == email:
                raise ValueError(f"{id} can't be a further calendar of {email}.")
            calendar.shares[email] = Share(access, hidden)
            self.changed.set()
            return calendar

    def add_room(self, name: str, provider: str, writers: Iterable[str] = (), id: str = "") -> Calendar:
        """Google keeps a room as a calendar, Microsoft as a mailbox; the writers may write to it.
        ValueError for an unknown writer or provider."""
        if provider not in PROVIDERS:
            raise ValueError(f"{provider!r} is no provider: it is {' or '.join(PROVIDERS)}.")
        writers = [self.person(each).email for each in writers]
        with self.lock:
            id = id or new_room_id(provider)
            if id in self.calendars:
                raise ValueError(f"There is a calendar {id} already.")
            if provider == "microsoft":
                self.add(Person(id, name, provider, room=True))
            else:
                self.calendars[id] = Calendar(id, provider, name, room=True)
            for each in writers:
                self.add_calendar(each, name, "writer", id)
            self.changed.set()
            return self.calendars[id]

    def show_busy(self, id: str, free_busy: str) -> Calendar:
        """Whether colleagues see when it is busy: visible or hidden."""
        if free_busy not in ("visible", "hidden"):
            raise ValueError(f"free_busy is visible or hidden, not {free_busy!r}.")
        calendar = self.calendar(id)
        calendar.shows_busy = free_busy == "visible"
        self.changed.set()
        return calendar

    def person(self, email: str) -> Person:
        """ValueError for somebody who has no mailbox here."""
        try:
            return self.people[email]
        except KeyError as error:
            raise ValueError(f"Nobody here has the mailbox {email}.") from error

    def calendar(self, id: str) -> Calendar:
        """By its id, or a mailbox's own by the address; ValueError where there is none."""
        try:
            return self.calendars[id]
        except KeyError as error:
            raise ValueError(f"There is no calendar {id} here.") from error

    def calendars_of(self, email: str) -> list[Calendar]:
        """The person's own calendar first, then the others that are in the person's list."""
        with self.lock:
            found = [each for each in self.calendars.values() if each.role(email) != "none"]
        return sorted(found, key=lambda each: each.id != email)

    def expire_sync(self, id: str = "") -> None:
        """Tokens of incremental reading are good no more: for that calendar, or for every one."""
        calendars = [self.calendar(id)] if id else list(self.calendars.values())
        with self.lock:
            for each in calendars:
                each.epoch += 1
        self.changed.set()

    def deliver(self, mail: Mail) -> None:
        with self.lock:
            self.mails.append(mail)
            self.changed.set()

    def consent(self, service: str, email: str, scopes: Iterable[str] | None = None) -> str:
        """A refresh token; ValueError for a service that the person does not use."""
        if not self.uses(service, email):
            raise ValueError(f"{email} has no account at {service}.")
        self.changed.set()
        testing = service == "google" and self.switches.google_testing
        return self.tokens.consent(service, email, scopes, self.now() + UNPUBLISHED if testing else None)

    def uses(self, service: str, email: str) -> bool:
        """Whether that person has an account there. ValueError for somebody unknown everywhere."""
        if service == "zoom" and email in self.zoom.users:
            return True
        return self.person(email).uses(service)

    def know(self, service: str, email: str) -> None:
        """ValueError unless it is somebody, or Zoom's account itself, that can hold tokens there."""
        if service != "zoom" or email != ACCOUNT:
            self.uses(service, email)

    def revoke(self, service: str, email: str) -> None:
        self.know(service, email)
        self.tokens.revoke(service, email)
        self.changed.set()


def new_calendar_id(provider: str) -> str:
    if provider == "google":
        return f"c_{secrets.token_hex(32)}@group.calendar.google.com"
    return f"AAMkADU2NzhkLTcwYTMtNGQ5NgBGAAAAAAD{secrets.token_urlsafe(24)}AAA="


def new_room_id(provider: str) -> str:
    if provider == "google":
        return f"c_{secrets.token_hex(16)}@resource.calendar.google.com"
    return f"room-{secrets.token_hex(4)}@example.com"
