"""A meeting platform in memory: it keeps the port's promises, has a list that lags, limits what is written to
a host in a day, can be told to fail or to let its caller die, and is open to hosts' hands."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Platform
from chouseiapo.ledger import Ledger, beat
from chouseiapo.ports import Issued, ListedMeeting, Looked, MeetingPlan, PortError, Registrant
from chouseiapo.storage import Rows
from chouseiapo.tables import tasks
from chouseiapo.worker import Worker
from projections.issue_meetings import IssueMeetings, look_at
from projections.settle import work_lane
from tests.product import BY, NOW, YAMADA, Office


class Held(msgspec.Struct):
    """A meeting as the platform holds it; `account` is whose it is, whichever link speaks for them."""

    id: str
    account: str
    plan: MeetingPlan
    passcode: str
    made_at: datetime

    @property
    def issued(self) -> Issued:
        return Issued(self.id, f"https://zoom.example/j/{self.id}?pwd={self.passcode}", self.passcode)


class Stage:
    """`answers`: met by the next calls, one each: an error to raise before anything is done, a callable to
    be called when it was done. `lag`: how long what is new is missing from lists. `stubborn`: changes are
    taken and not carried out."""

    def __init__(self) -> None:
        self.now = NOW
        self.held: dict[str, Held] = {}
        self.log: list[tuple[str, str]] = []
        self.answers: list[PortError | Callable[[], None] | None] = []
        self.lag = timedelta()
        self.writes_a_day = 100
        self.stubborn = False
        self.plans: dict[str, str] = {}
        self.written: Counter[tuple[str, str]] = Counter()
        self.twice: list[str] = []
        self._numbers = itertools.count(80_000_000_001)

    def of(self, tag: str) -> list[Held]:
        """What stands for an appointment, whichever the generation."""
        return [held for held in self.held.values() if held.plan.tag.partition("/")[0] == tag]

    def asked(self, what: str) -> list[str]:
        return [about for each, about in self.log if each == what]

    # The port

    def find(self, link: str, tag: str) -> Issued | None:
        found = next((each for each in self.listed(link) if each.tag == tag), None)
        return self.held[found.meeting_id].issued if found else None

    def listed(self, link: str) -> list[ListedMeeting]:
        after = self._call("list", link)
        known = [
            h for h in self.held.values() if h.account == _account(link) and h.made_at <= self.now - self.lag
        ]
        after()
        return [ListedMeeting(held.id, held.plan.tag) for held in known]

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        after = self._call("create", plan.tag)
        self._count(link)
        if any(held.plan.tag == plan.tag for held in self.held.values()):
            self.twice.append(plan.tag)
        id = str(next(self._numbers))
        passcode = "" if plan.settings.passcode is False else f"p{id[-4:]}"
        self.held[id] = Held(id, _account(link), plan, passcode, self.now)
        after()
        return self.held[id].issued

    def register(self, link: str, meeting_id: str, registrant: Registrant) -> str:
        after = self._call("register", meeting_id)
        held = self._of(link, meeting_id)
        after()
        return f"https://zoom.example/w/{meeting_id}?tk={len(registrant.email)}&pwd={held.passcode}"

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        after = self._call("update", meeting_id)
        held = self._of(link, meeting_id)
        self._count(link)
        if not self.stubborn:
            held.plan = plan
            if plan.settings.passcode is not None and plan.settings.passcode != bool(held.passcode):
                held.passcode = "new" if plan.settings.passcode else ""
        after()

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        after = self._call("look", meeting_id)
        held = self.held.get(meeting_id)
        after()
        if held is None:
            return None
        told = (held.plan.topic, held.plan.start, held.plan.minutes)
        same = told == (plan.topic, plan.start, plan.minutes)
        return Looked(held.issued, "" if same else repr(told))

    def delete(self, link: str, meeting_id: str) -> None:
        after = self._call("delete", meeting_id)
        self.held.pop(meeting_id, None)
        after()

    def plan_of(self, link: str) -> str:
        self._call("plan", link)()
        return self.plans.get(_account(link), "licensed")

    def start_url(self, link: str, meeting_id: str) -> str:
        return f"https://zoom.example/s/{self._of(link, meeting_id).id}?zak=fresh"

    def _of(self, link: str, meeting_id: str) -> Held:
        held = self.held.get(meeting_id)
        if held is None or held.account != _account(link):
            raise PortError("gone", permanent=True)
        return held

    def _call(self, what: str, about: str) -> Callable[[], None]:
        """What is to be done when it was carried out: the answer may get lost, or its reader be killed."""
        self.log.append((what, about))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, PortError):
            raise answer
        return answer or (lambda: None)

    def _count(self, link: str) -> None:
        place = (_account(link), self.now.date().isoformat())
        if self.written[place] >= self.writes_a_day:
            raise PortError("daily_limit", retry_after=3600)
        self.written[place] += 1

    # A host's hand

    def delete_by_hand(self, meeting_id: str) -> None:
        del self.held[meeting_id]

    def change_by_hand(self, meeting_id: str, **changes: Any) -> None:
        held = self.held[meeting_id]
        held.passcode = changes.pop("passcode", held.passcode)
        held.plan = msgspec.structs.replace(held.plan, **changes)


class Play:
    """The product with that platform, whose workers do all that is due at a moment."""

    def __init__(self, services: Services, stage: Stage | None = None, rows: Rows | None = None) -> None:
        self.services, self.stage = services, stage or Stage()
        app, [wanted] = services.coordination, [p for p in services.projections if p.name == "meetings"]
        platform: Any = self.stage
        settler = IssueMeetings(app, rows or services.rows, wanted, platform, lambda: self.stage.now)  # type: ignore[arg-type]
        self.settler = settler

    def settle(self, now: datetime | None = None) -> None:
        """Until nothing is due any more."""
        self.stage.now = now or self.stage.now
        services, at = self.services, self.stage.now
        ledger, reader = Ledger(services.rows, self.settler.ledger, "worker-1"), Worker(services)
        reader.read()
        beat(services.rows, "worker-1", at)
        while lane := ledger.claim_lane(at):
            work_lane(ledger, self.settler, services.coordination, lane, lambda: at)
            reader.read()

    def later(self, **span: float) -> datetime:
        """Move the clock on; answers the moment."""
        self.stage.now += timedelta(**span)
        return self.stage.now


class Told:
    """An appointment on Zoom, and what is known of its meeting."""

    def __init__(self, office: Office, play: Play, **changes: Any) -> None:
        self.office, self.play, self.app = office, play, office.app
        self.id = office.propose(**({"platform": Platform.ZOOM} | changes)).id

    def confirm(self) -> Told:
        self.app.confirm(self.id, "c1", YAMADA, BY, self.play.stage.now)
        self.play.settle()
        return self

    @property
    def now(self) -> Appointment:
        return self.app.appointment(self.id)

    @property
    def meeting(self) -> str:
        meeting = self.now.meeting
        return meeting.meeting_id if meeting else ""

    @property
    def standing(self) -> list[str]:
        return [held.id for held in self.play.stage.of(self.id)]

    def webhook(self) -> bool:
        return look_at(self.play.services.rows, self.play.services.meetings, self.meeting)


def waiting(services: Services) -> dict[str, Any]:
    """What is still to be done: error and due time of each task."""
    with services.rows.read() as connection:
        found = connection.execute(select(tasks).where(tasks.c.ledger == "meetings"))
        return {row.key: row for row in found}


def organization_host(office: Office, user: str = "user-1") -> str:
    said = (ORGANIZATION, Provider.ZOOM, user, f"{user}@example.com", BY, NOW)
    return office.app.link_account(*said, plan="licensed")


def _account(link: str) -> str:
    return link.rpartition("-")[2]
