"""Everything the simulated vendors hold, under one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.faults import Faults
from chouseiapo.sandbox.journal import Journal
from chouseiapo.sandbox.mails import Mail
from chouseiapo.sandbox.meetings import Meetings
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.switches import Switches
from chouseiapo.sandbox.tokens import Tokens


class World:
    """`lock` is held while a request is carried out; nobody sleeps or writes to a socket under it."""

    def __init__(self, people: Iterable[Person], now: Callable[[], datetime], token_life_s: float) -> None:
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.changed = threading.Event()
        self.now = now
        self.people: dict[str, Person] = {}
        self.calendars: dict[str, Calendar] = {}
        self.meetings = Meetings()
        self.mails: list[Mail] = []
        self.tokens = Tokens(token_life_s)
        self.faults = Faults()
        self.switches = Switches()
        self.journal = Journal()
        for person in people:
            self.add(person)

    def add(self, person: Person) -> Person:
        """The same person twice is one; another provider for a known address is a ValueError."""
        with self.lock:
            known = self.people.get(person.email)
            if known and known.provider != person.provider:
                raise ValueError(f"{person.email} has a calendar at {known.provider} already.")
            self.people[person.email] = person
            self.calendars.setdefault(person.email, Calendar())
            self.changed.set()
            return person

    def person(self, email: str) -> Person:
        """ValueError for somebody who has no mailbox here."""
        try:
            return self.people[email]
        except KeyError as error:
            raise ValueError(f"Nobody here has the mailbox {email}.") from error

    def deliver(self, mail: Mail) -> None:
        with self.lock:
            self.mails.append(mail)
            self.changed.set()

    def consent(self, service: str, email: str, scopes: Iterable[str] | None = None) -> str:
        """A refresh token; ValueError for a service that the person does not use."""
        if not self.person(email).uses(service):
            raise ValueError(f"{email} has no account at {service}.")
        self.changed.set()
        return self.tokens.consent(service, email, scopes)

    def revoke(self, service: str, email: str) -> None:
        self.person(email)
        self.tokens.revoke(service, email)
        self.changed.set()
