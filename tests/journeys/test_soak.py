"""Weeks of work in minutes: staff, guests and members' hands at random, while vendors fail one call in five.

Afterwards calendars equal the events exactly, without orphan or duplicate, and every hand's work was
respected. CHOUSEIAPO_SOAK says how many operations; thousands take longer than a test may, so then also
`-o faulthandler_timeout=0`.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from chouseiapo.doctor import examine_calendars
from chouseiapo.domain.appointment import Answer, Appointment, Edit
from chouseiapo.domain.errors import DomainError
from chouseiapo.domain.event import Event, Meta
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Guest, Platform, Proposal
from chouseiapo.domain.slots import Offer
from chouseiapo.ports import PortError
from chouseiapo.sandbox import Person
from chouseiapo.tables import entries
from tests.journeys.company import Company, Process, company, differences, eventually
from tests.journeys.test_killed_workers import pending_tasks
from tests.journeys.test_many_at_once import next_monday
from tests.product import BY

OPERATIONS = int(os.environ.get("CHOUSEIAPO_SOAK", "400"))
SEED = int(os.environ.get("CHOUSEIAPO_SEED", "20261121"))
GRACE_S = 2
PEOPLE = [Person(f"member{n}@example.com", f"担当 {n}", "google" if n % 2 else "microsoft") for n in range(6)]


class Hand(NamedTuple):
    """What a member did to an entry that stood as it should; `version`: of the appointment before it."""

    owner: str
    appointment: str
    candidate: str
    moved_to: datetime | None
    version: int


class Life:
    """People at work, by the dice."""

    def __init__(self, at: Company, dice: random.Random) -> None:
        self.at, self.dice = at, dice
        self.app, self.clock = at.services.coordination, at.services.clock
        self.ids: list[str] = []
        self.standing: list[str] = []
        self.hands: list[Hand] = []
        self.done: Counter[str] = Counter()
        self.dead: dict[str, int] = {}
        self._hours: Iterator[int] = iter(range(1_000_000))
        self._acts: list[tuple[Callable[[], None], int]] = [
            (self.propose, 24),
            (self.add, 8),
            (self.withdraw, 10),
            (self.confirm, 16),
            (self.cancel, 14),
            (self.edit, 6),
            (self.change_attendees, 4),
            (self.delete_by_hand, 8),
            (self.move_by_hand, 6),
            (self.revoke, 2),
            (self.answer, 2),
        ]

    def step(self) -> None:
        acts, weights = zip(*self._acts, strict=True)
        [act] = self.dice.choices(acts, weights)
        if not self.standing:
            act = self.propose
        try:
            act()
            self.done[act.__name__] += 1
        except (DomainError, IndexError):
            self.done["refused"] += 1  # decided, taken or gone already: as it happens to people
        for email in [email for email, left in self.dead.items() if left <= 0]:
            self.relink(email)
        self.dead = {email: left - 1 for email, left in self.dead.items()}

    # Staff and guests

    def propose(self) -> None:
        attendees = tuple(member_id(email) for email in self.dice.sample(self.at.members, 2))
        guest = Guest("ABC株式会社", f"お客様{len(self.ids)}", f"guest{len(self.ids)}@example.net")
        proposal = Proposal(
            attendees=attendees,
            organizer=attendees[0],
            offers=tuple(self.offers(3)),
            guest=guest,
            platform=Platform.NONE,
        )
        id = new_id("appointment")
        self.app.propose(id, proposal, attendees[0], BY, self.clock())
        self.ids.append(id)
        self.standing.append(id)

    def offers(self, count: int) -> Iterator[Offer]:
        for n in range(count):
            start = next_monday() + timedelta(hours=next(self._hours) % 2000, days=20 * n)
            yield Offer(start, start + timedelta(hours=1))

    def add(self) -> None:
        self.app.add_candidates(self.one(), list(self.offers(1)), BY, self.clock())

    def withdraw(self) -> None:
        found = self.appointment()
        self.app.withdraw_candidate(found.id, self.dice.choice(found.open_candidates).id, BY, self.clock())

    def confirm(self) -> None:
        found = self.appointment()
        candidate = self.dice.choice(found.open_candidates).id
        self.app.confirm(found.id, candidate, Guest(), Meta(actor="guest"), self.clock())

    def cancel(self) -> None:
        id = self.one()
        self.app.cancel(id, "", BY, self.clock())
        self.standing.remove(id)

    def edit(self) -> None:
        self.app.revise(self.one(), Edit(title=f"件名{self.dice.random()}"), BY, self.clock())

    def change_attendees(self) -> None:
        found = self.appointment()
        other = member_id(self.dice.choice(self.at.members))
        people = tuple(dict.fromkeys((found.organizer, other)))
        self.app.revise(found.id, Edit(), BY, self.clock(), attendees=people)

    def answer(self) -> None:
        for id in self.standing:
            if question := self.app.appointment(id).question:
                answer = self.dice.choice((Answer.KEEP, Answer.CANCEL))
                place = (question.owner, question.candidate)
                self.app.answer_question(id, *place, answer, BY, self.clock())
                return
        raise IndexError

    # Members' hands, and their tokens

    def delete_by_hand(self) -> None:
        email, entry, version = self.entry()
        self.sandbox("DELETE", f"/entries/{email}/{entry['id']}")
        self.note(email, entry, None, version)

    def move_by_hand(self) -> None:
        email, entry, version = self.entry()
        start = datetime.fromisoformat(entry["start"]) + timedelta(hours=self.dice.randint(1, 30))
        times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        self.sandbox("PATCH", f"/entries/{email}/{entry['id']}", times)
        self.note(email, entry, start.astimezone(UTC), version)

    def note(self, email: str, entry: dict[str, Any], moved_to: datetime | None, version: int) -> None:
        """Only where it stood as it should and we knew so: what is being written anyway, or was written
        without an answer, is written again."""
        tag = entry["tag"]
        before = self.app.appointment(tag["appointment"], until=version)
        wanted = [w for w in self.at.services.entry_writer.wanted(before) if w.owner == member_id(email)]
        with self.at.services.rows.read() as connection:
            known = connection.scalar(select(entries.c.fingerprint).where(entries.c.vendor_id == entry["id"]))
        status = entry["status"] == "confirmed"
        start = datetime.fromisoformat(entry["start"])
        stood = any(
            (w.entry.candidate, w.entry.confirmed, w.entry.start) == (tag["candidate"], status, start)
            for w in wanted
        )
        if known and stood:
            place = (member_id(email), tag["appointment"], tag["candidate"])
            self.hands.append(Hand(*place, moved_to, version))

    def entry(self) -> tuple[str, dict[str, Any], int]:
        """One of ours that stands on somebody's calendar, as that person sees it."""
        email = self.dice.choice(self.at.members)
        calendar = self.at.state()["calendars"][email]
        entry = self.dice.choice([entry for entry in calendar["entries"] if entry["tag"]])
        return email, entry, self.app.appointment(entry["tag"]["appointment"]).version

    def revoke(self) -> None:
        email = self.dice.choice([email for email in self.at.members if email not in self.dead])
        self.at.sandbox.revoke(provider_of(email), email)
        self.dead[email] = self.dice.randint(5, 30)

    def relink(self, email: str) -> None:
        """As a person does, again and again, when the vendor does not answer."""
        self.dead.pop(email, None)
        provider = Provider(provider_of(email))
        for _ in range(20):
            try:
                token = self.at.sandbox.grant(provider.value, email)
                self.at.services.link(email, provider, token, BY)
                return
            except PortError:  # a fault of the dice
                time.sleep(0.05)
        raise AssertionError(f"{email} can't be linked again")

    def sandbox(self, method: str, path: str, body: object = None) -> None:
        answer = self.at.http.request(method, self.at.sandbox.url + path, json=body, timeout=10)
        if answer.status_code == 404:
            raise IndexError  # gone meanwhile
        answer.raise_for_status()

    def one(self) -> str:
        return self.dice.choice(self.standing)

    def appointment(self) -> Appointment:
        return self.app.appointment(self.one())


def provider_of(email: str) -> str:
    return next(person.provider for person in PEOPLE if person.email == email)


def trouble(at: Company) -> None:
    """One call in five fails; some of those are carried out all the same."""
    for service in ("google", "microsoft"):
        at.fault(service, "status", 0.08, status=503)
        at.fault(service, "drop_after", 0.06)
        at.fault(service, "drop_before", 0.03)
        at.fault(service, "status", 0.03, status=429, retry_after_s=1)


@pytest.mark.slow
def test_calendars_equal_the_events_whatever_happens_and_hands_are_respected(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    options = {"CHOUSEIAPO_WATCH_EVERY_S": "1", "CHOUSEIAPO_HAND_GRACE_S": str(GRACE_S)}
    with company(f"sqlite:///{tmp_path}/soak.db", PEOPLE, environ=options) as at:
        life = Life(at, random.Random(SEED))
        worker = Process(at.environ, "worker", log=tmp_path / "log")
        worker.ready()
        try:
            trouble(at)
            for _ in range(OPERATIONS):
                life.step()
                time.sleep(life.dice.uniform(0, 0.1))  # so that vendors have something to hold
            at.heal()
            for email in list(life.dead):
                life.relink(email)
            eventually(lambda: unsettled(at, life), 60 + OPERATIONS / 10)
        finally:
            code = worker.stop()
        assert code == 0
        assert [wrong for hand in life.hands if (wrong := disrespected(at, hand))] == []
        assert [report for report in examine_calendars(at.services) if not report.is_right] == []
        record_property("operations", dict(life.done))
        print(f"seed {SEED}:", dict(life.done), f"{len(life.hands)} by hand")


def unsettled(at: Company, life: Life) -> list[str]:
    """What is still to be read, done, verified or answered; then where calendars differ from the events."""
    for id in life.ids:
        while question := at.services.coordination.appointment(id).question:
            place = (question.owner, question.candidate)
            at.services.coordination.answer_question(id, *place, Answer.KEEP, BY, at.services.clock())
    for email in at.members:  # a fault may have broken what nobody revoked
        calendar = at.services.coordination.member(member_id(email)).calendar
        if calendar is not None and calendar.broken:
            life.relink(email)
    pending = pending_tasks(at)
    guessed = [id for id in life.ids if at.services.coordination.appointment(id).deviations]
    overlooked = [told(at, hand) for hand in life.hands if not noticed(at, hand)]
    return [*pending, *guessed, *overlooked] or differences(at.services, at.state(), life.ids)


def told(at: Company, hand: Hand) -> str:
    """A hand that nobody has noticed, with everything that could say why."""
    stream = at.services.coordination.stream(hand.appointment)
    with at.services.rows.read() as connection:
        found = select(entries).where(entries.c.appointment == hand.appointment)
        known = [tuple(row) for row in connection.execute(found) if row.candidate == hand.candidate]
    happened = [f"{event.originator_version} {event.NAME} {event.at:%H:%M:%S}" for event in stream]
    return f"overlooked: {hand}\n{happened}\n{known}"


def noticed(at: Company, hand: Hand) -> bool:
    return verdict(at, hand) is not None


def disrespected(at: Company, hand: Hand) -> str:
    """Why what became of a hand's work is against the rules; empty when it is as it should be."""
    found = verdict(at, hand)
    if found is None or isinstance(found, Appointment.EntryRestored):
        return f"taken for nothing: {hand}"
    if isinstance(found, Appointment.CandidateMoved) and hand.moved_to is None:
        return f"deleted, but moved: {hand}"
    return ""


def verdict(at: Company, hand: Hand) -> Event | None:
    """What was made of it: followed, asked about, or overtaken by what the guest or the staff did."""
    stream = at.services.coordination.stream(hand.appointment)
    return next((e for e in stream if e.originator_version > hand.version and settles(e, hand)), None)


def settles(event: Event, hand: Hand) -> bool:
    match event:
        case Appointment.Confirmed() | Appointment.Cancelled() | Appointment.Expired():
            return True
        case Appointment.AttendeesChanged(attendees=attendees):
            return hand.owner not in attendees
        case Appointment.CandidateWithdrawn() | Appointment.CandidateTaken() | Appointment.CandidatePassed():
            return event.candidate == hand.candidate
        case Appointment.CandidateMoved():
            return (event.by, event.candidate) == (hand.owner, hand.candidate)
        case Appointment.OrganizerAsked() | Appointment.EntryRestored():
            return (event.owner, event.candidate) == (hand.owner, hand.candidate)
    return False
