"""A proposal being written: what the form holds, kept between its pages, and the proposal it becomes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from werkzeug.datastructures import MultiDict

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Problem
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Platform, Proposal, Visibility
from chouseiapo.web.fixed_url import with_fixed_url
from chouseiapo.web.staff.direct import Timing, read_timing
from chouseiapo.web.staff.options import read_options
from chouseiapo.web.staff.picking import FIRST_YEAR, LAST_YEAR, MINUTES, Picking, read_picking

E = TypeVar("E", bound=StrEnum)
OFFER, DIRECT = "offer", "direct"
_TEXTS = (
    "url", "place", "title", "company", "name", "email", "phone", "time_zone", "locale", "deadline",
)  # fmt: skip
_CHOICES: dict[str, type[StrEnum]] = {
    "kind": Kind, "platform": Platform, "delivery": Delivery, "visibility": Visibility,
}  # fmt: skip


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything as it was typed; people are ids. `query` is what was last searched for. `instead_of`: the
    confirmed appointment for which another time is to be found; no form says it. direct: `timing` is the
    time, and nobody has to pick."""

    attendees: tuple[str, ...] = ()
    organizer: str = ""
    query: str = ""
    picking: Picking = Picking()
    direct: bool = False
    timing: Timing = Timing()
    kind: str = "web"
    platform: str = "zoom"
    url: str = ""
    place: str = ""
    title: str = ""
    delivery: str = "mail"
    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    time_zone: str = ""
    locale: str = ""
    message: str = ""
    note: str = ""
    visibility: str = "default"
    deadline: str = ""
    instead_of: str = ""
    meeting_options: MeetingOptions = MeetingOptions()

    @property
    def guest(self) -> Guest:
        return Guest(*(text.strip() for text in (self.company, self.name, self.email, self.phone)))

    def shown_picking(self, zone: ZoneInfo) -> Picking:
        """What the week shows: the candidates, or the one time that was typed."""
        if not self.direct:
            return self.picking
        picked = self.timing.picked(zone, self.picking.room)
        return msgspec.structs.replace(self.picking, picked=(picked,) if picked else ())

    @property
    def lead(self) -> str:
        """The organizer: the one chosen while still attending, else the first in the list."""
        return self.organizer if self.organizer in self.attendees else next(iter(self.attendees), "")

    def adds_to(self, first: Draft) -> bool:
        """Whether anything was entered since the form was `first`: searching and paging enter nothing."""
        looked = msgspec.structs.replace(
            first, organizer=self.organizer, query=self.query, picking=self.picking
        )
        return bool(self.picking.picked) or self != looked


def first_draft(member: Member, last: Appointment | None, can_host: bool = False) -> Draft:
    """An empty form, with what the member chose the last time; at first Zoom, where somebody can host."""
    if last is None:
        platform = Platform.ZOOM if can_host else Platform.NONE
        return Draft(attendees=(member.id,), platform=platform)
    length = min(c.end - c.start for c in last.candidates.values())
    minutes = int(length.total_seconds() // 60)
    return Draft(
        attendees=(member.id,),
        picking=Picking(minutes=minutes) if minutes in MINUTES else Picking(),
        kind=last.kind,
        platform=last.platform,
        url="" if last.url == member.meeting_url else last.url,
        message=last.message,
        visibility=last.visibility,
    )


def read_draft(form: MultiDict[str, str]) -> Draft:
    """The form as it was sent."""
    people = (id for id in form.getlist("attendee") if id.startswith("member-"))
    texts: dict[str, Any] = {field: form.get(field, "") for field in (*_TEXTS, *_CHOICES)}
    return Draft(
        attendees=tuple(dict.fromkeys(people)),
        organizer=form.get("organizer", ""),
        query=form.get("query", ""),
        picking=read_picking(form),
        direct=form.get("way") == DIRECT,
        timing=read_timing(form),
        message=_lines(form.get("message", "")),
        note=_lines(form.get("note", "")),
        meeting_options=read_options(form),
        **texts,
    )


def proposal_of(draft: Draft, app: Coordination, zone: ZoneInfo) -> tuple[Proposal, list[Problem]]:
    """The proposal, with defaults where choices and times can't be read, and a problem for each of those."""
    problems: list[Problem] = []

    def choice(field: str, kind: type[E], default: E) -> E:
        try:
            return kind(getattr(draft, field))
        except ValueError:
            problems.append(Problem(field, "unknown_value"))
            return default

    deadline = None if draft.direct else _deadline(draft.deadline, zone)
    if draft.deadline and deadline is None and not draft.direct:
        problems.append(Problem("deadline", "time_invalid"))
    recurrence, unreadable = draft.timing.recurrence() if draft.direct else (None, [])
    problems += unreadable
    kind, platform = choice("kind", Kind, Kind.WEB), choice("platform", Platform, Platform.NONE)
    # A field that another choice has made pointless keeps what was typed, but is not part of the proposal.
    proposal = Proposal(
        kind=kind,
        platform=platform,
        url=draft.url.strip() if platform is Platform.URL else "",
        place=draft.place.strip() if kind in (Kind.VISIT_US, Kind.VISIT_THEM) else "",
        title=draft.title.strip(),
        attendees=draft.attendees,
        organizer=draft.lead,
        offers=draft.shown_picking(zone).offers,
        guest=draft.guest,
        time_zone=draft.time_zone.strip(),
        locale=draft.locale,
        delivery=choice("delivery", Delivery, Delivery.MAIL),
        message=draft.message,
        note=draft.note,
        visibility=choice("visibility", Visibility, Visibility.DEFAULT),
        deadline=deadline,
        instead_of=draft.instead_of,
        direct=draft.direct,
        recurrence=recurrence,
        meeting_options=draft.meeting_options if platform is Platform.ZOOM else MeetingOptions(),
    )
    return with_fixed_url(app, proposal), problems


def problems_of(draft: Draft, app: Coordination, zone: ZoneInfo, now: datetime) -> list[Problem]:
    """Everything that would be refused, each at its field."""
    proposal, problems = proposal_of(draft, app, zone)
    return [*problems, *app.check(proposal, now)]


def _deadline(text: str, zone: ZoneInfo) -> datetime | None:
    """As the browser's field for date and time sends it: on the organization's clocks, without an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR < found.year < LAST_YEAR:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _lines(text: str) -> str:
    """Browsers send lines ended by CRLF."""
    return text.replace("\r\n", "\n")
