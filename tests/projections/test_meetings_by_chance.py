"""Whatever happens to workers, platform and appointment, in whatever order: one meeting, never two."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Edit
from chouseiapo.domain.errors import DomainError
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import PortError
from chouseiapo.storage import Rows
from projections.compare_meetings import ask_to_compare
from projections.issue_meetings import look_at
from tests.product import YAMADA, Office, at
from tests.projections.stage import Play, Stage

SEED = int(os.environ.get("CHOUSEIAPO_SEED", "20261121"))
LAG = timedelta(seconds=30)


class Killed(BaseException):
    """The worker was killed just now."""


class Mortal:
    """The rows of a worker that may be killed before what it writes is committed, or right after."""

    def __init__(self, rows: Rows, dies: Callable[[], bool]) -> None:
        self._rows, self._dies = rows, dies

    def read(self) -> Any:
        return self._rows.read()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._rows.write() as connection:
            yield connection
            self._perhaps_die()
        self._perhaps_die()

    def _perhaps_die(self) -> None:
        if self._dies():
            raise Killed


class Chance:
    """One appointment, and a seeded run of everything that can happen to it."""

    def __init__(self, office: Office, services: Services, seed: int) -> None:
        self.random = random.Random(seed)
        self.office, self.app, self.stage = office, office.app, Stage()
        self.stage.lag = LAG
        self.trouble = True
        mortal: Any = Mortal(services.rows, lambda: self.trouble and self.random.random() < 0.08)
        self.play = Play(services, self.stage, mortal)
        self.services = services
        self.id = office.propose(platform=Platform.ZOOM).id
        self.commands = 0

    def cause(self) -> Meta:
        self.commands += 1
        return Meta(actor=self.office.tanaka, command=f"chance-{self.id}-{self.commands}")

    def work(self) -> None:
        if self.trouble:
            self.stage.answers = [self._answer() for _ in range(4)]
        with suppress(Killed):
            self.play.settle(self.play.later(seconds=self.random.choice([1, 5, 20, 50, 120])))
        self.stage.answers = []

    def _answer(self) -> Any:
        def lose() -> None:
            raise PortError("unreachable")

        def lose_behind_a_gateway() -> None:
            raise PortError("unavailable", retry_after=1)

        def die() -> None:
            raise Killed

        failures = [PortError("unreachable"), PortError("unavailable"), PortError("throttled", retry_after=1)]
        return self.random.choice([None, None, None, *failures, lose, lose_behind_a_gateway, die])

    def happen(self) -> None:
        """Something, if it is possible just now."""
        now, link = self.stage.now, self.office.zoom[self.office.tanaka]
        day = self.random.randint(23, 29)
        held = [each.id for each in self.stage.of(self.id)]
        wishes: list[Callable[[], object]] = [
            lambda: self.app.confirm(self.id, "c1", YAMADA, self.cause(), now),
            lambda: self.app.move(self.id, Slot(at(day, 3), at(day, 4)), self.cause(), now),
            lambda: self.app.revise(self.id, Edit(title=f"件 {day}"), self.cause(), now),
            lambda: self.app.request_meeting(self.id, self.cause(), now),
            lambda: self.app.forgo_meeting(self.id, self.cause(), now),
            lambda: self.app.choose_appointment_options(
                self.id, MeetingOptions(passcode=day % 2 == 0), self.cause(), now
            ),
            lambda: self.app.apply_meeting_options(self.id, self.cause(), now),
            lambda: self.app.unlink(
                link, self.cause(), now, self.random.choice([Leaving.KEEP, Leaving.REMOVE])
            ),
            lambda: self.relink(),
            lambda: ask_to_compare(self.services.rows, link, now),
        ]
        if held:
            wishes += [
                lambda: self.stage.delete_by_hand(held[0]),
                lambda: self.stage.change_by_hand(held[0], passcode=f"hand{day}"),
                lambda: look_at(self.services.rows, self.services.meetings, held[0]),
            ]
        if self.random.random() < 0.03:
            wishes.append(lambda: self.app.cancel(self.id, "", self.cause(), now))
        with suppress(DomainError):
            self.random.choice(wishes)()

    def relink(self) -> None:
        account = "tanaka@example.com"
        said = (self.office.tanaka, Provider.ZOOM, account, account)
        self.app.link_account(*said, self.cause(), self.stage.now)

    def come_to_rest(self) -> None:
        """Nothing fails any more, everybody's account is linked, and hosts were compared."""
        self.trouble = False
        self.relink()
        for _ in range(4):
            for id in [each.id for each in self.stage.of(self.id)]:
                look_at(self.services.rows, self.services.meetings, id)
            ask_to_compare(self.services.rows, self.office.zoom[self.office.tanaka], self.stage.now)
            self.play.settle(self.play.later(minutes=15))


@pytest.mark.parametrize("number", range(12))
def test_there_is_one_meeting_where_one_is_wanted_and_none_elsewhere(
    office: Office, services: Services, number: int
) -> None:
    chance = Chance(office, services, SEED + number)
    for _ in range(40):
        chance.happen()
        chance.work()
    chance.come_to_rest()
    appointment = chance.app.appointment(chance.id)
    held = chance.stage.of(chance.id)
    wanted = bool(appointment.occurrences) and appointment.conference.wanted
    assert chance.stage.twice == [], "a meeting was made that stood already"
    assert appointment.meeting is None or wanted
    known = [appointment.meeting.meeting_id] if appointment.meeting else []
    assert [each.id for each in held] == known
    assert len(known) == wanted
    if appointment.meeting and appointment.chosen:
        assert held[0].plan.start == appointment.chosen.start
        assert held[0].passcode == appointment.meeting.passcode
