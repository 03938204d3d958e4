"""Reads what a person or program sent: one way for the API's JSON and for the pages' forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from chouseiapo.domain.errors import Invalid, Problem
from chouseiapo.domain.ids import member_id
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Platform, Proposal, Visibility
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.domain.slots import Offer

B = TypeVar("B", bound="Body")
FIRST_YEAR, LAST_YEAR = 2000, 2200
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A JSON object whose fields are all known; times carry an offset."""


class CandidateBody(Body):
    """all_day: from one midnight of the organization's zone to another; for direct registration alone."""

    start: Moment
    end: Moment
    room: str | None = None
    all_day: bool = False


class RecurrenceBody(Body):
    """`count` times in all, every `interval` days, weeks or months."""

    frequency: Frequency
    count: int
    interval: int = 1

    def recurrence(self) -> Recurrence:
        return Recurrence(self.frequency, self.count, self.interval)


class GuestBody(Body):
    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    time_zone: str | None = None
    locale: str | None = None

    def guest(self) -> Guest:
        texts = (self.company, self.name, self.email, self.phone)
        return Guest(*(text.strip() for text in texts))


class MeetingOptionsBody(MeetingOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this appointment's Zoom meeting is like; what is left out or null is as its organizer has it."""

    def options(self) -> MeetingOptions:
        return MeetingOptions(**msgspec.structs.asdict(self))


class ProposalBody(Body):
    """What POST /appointments takes; people are addresses, rooms are ids. direct: the one candidate is the
    time, confirmed at once, and `recurrence` repeats it."""

    kind: Kind = Kind.WEB
    title: str = ""
    attendees: list[str] = []
    organizer: str = ""
    place: str = ""
    url: str = ""
    candidates: list[CandidateBody] = []
    guest: GuestBody = msgspec.field(default_factory=GuestBody)
    delivery: Delivery = Delivery.MAIL
    platform: Platform | None = None
    message: str = ""
    note: str = ""
    visibility: Visibility = Visibility.DEFAULT
    deadline: Moment | None = None
    direct: bool = False
    recurrence: RecurrenceBody | None = None
    meeting_options: MeetingOptionsBody = MeetingOptionsBody()

    def proposal(self) -> Proposal:
        attendees = tuple(member_id(email) for email in self.attendees)
        organizer = member_id(self.organizer) if self.organizer else next(iter(attendees), "")
        default = Platform.ZOOM if self.kind is Kind.WEB else Platform.NONE
        return Proposal(
            kind=self.kind,
            platform=self.platform or default,
            url=self.url.strip(),
            place=self.place.strip(),
            title=self.title.strip(),
            attendees=attendees,
            organizer=organizer,
            offers=offers_of(self.candidates),
            guest=self.guest.guest(),
            time_zone=self.guest.time_zone or "",
            locale=self.guest.locale or "",
            delivery=self.delivery,
            message=self.message,
            note=self.note,
            visibility=self.visibility,
            deadline=self.deadline,
            direct=self.direct,
            recurrence=self.recurrence.recurrence() if self.recurrence else None,
            meeting_options=self.meeting_options.options(),
        )


class EditBody(Body):
    """What PATCH /appointments/{id} takes; a field left out stays as it is."""

    title: str | None = None
    message: str | None = None
    note: str | None = None
    visibility: Visibility | None = None
    attendees: list[str] | None = None
    organizer: str | None = None


class CandidatesBody(Body):
    candidates: list[CandidateBody]


class CancelBody(Body):
    reason: str = ""


class MoveBody(Body):
    start: Moment
    end: Moment


class QuestionBody(Body):
    """New times are no answer of their own: they are proposed, on the pages. cancel_occurrence: of a series,
    the time in question alone."""

    answer: Literal["keep", "cancel", "cancel_occurrence"]


class ConfirmBody(Body):
    """`start`: when the candidate began as the guest was shown it; left out, nothing is compared."""

    candidate: str
    start: Moment | None = None
    guest: GuestBody = msgspec.field(default_factory=GuestBody)


class ReminderBody(Body):
    """One rule: `at`, as HH:MM, counts on the day alone, `minutes` before the start."""

    when: Reminding
    at: str = ""
    minutes: int = 0

    def rule(self) -> ReminderRule:
        on_the_day = self.when is Reminding.ON_THE_DAY
        return ReminderRule(self.when, self.at if on_the_day else "", 0 if on_the_day else self.minutes)


class RemindersBody(Body):
    """What PUT /organization/reminders takes: all the rules there are to be."""

    reminders: list[ReminderBody]


class MemberBody(Body):
    email: str
    name: str
    kana: str = ""
    latin: str = ""
    role: str = "member"


def offers_of(candidates: list[CandidateBody]) -> tuple[Offer, ...]:
    return tuple(Offer(c.start, c.end, c.room or None, c.all_day) for c in candidates)


def read_body(kind: type[B], content: Any) -> B:
    """The content as that kind of body; raises Invalid at the field that has the wrong shape."""
    try:
        body = msgspec.convert(content, kind)
        problems = list(_unthinkable(body))
    except msgspec.ValidationError as error:
        raise Invalid(_problem(str(error))) from None
    if problems:
        raise Invalid(*problems)
    return body


def _unthinkable(body: Body) -> Iterator[Problem]:
    """Moments outside any calendar that people keep; arithmetic on them would fail."""
    for n, candidate in enumerate(getattr(body, "candidates", None) or []):
        for name in ("start", "end"):
            if not is_thinkable(getattr(candidate, name)):
                yield Problem(f"candidates.{n}.{name}", "time_invalid")
    for name in ("deadline", "start", "end"):
        moment = getattr(body, name, None)
        if moment is not None and not is_thinkable(moment):
            yield Problem(name, "time_invalid")


def is_thinkable(moment: datetime) -> bool:
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def _problem(words: str) -> Problem:
    """msgspec says what and where in words: "... - at `$.guest.email`"."""
    what, _, where = words.partition(" - at ")
    path = re.sub(r"\[(\d+)\]", r".\1", where.strip("`$")).strip(".")
    quoted = re.search(r"field `([^`]*)`", what)
    field = ".".join(part for part in (path, quoted.group(1) if quoted else "") if part)
    code = next((code for start, code in _SHAPES if start in what), "wrong_type")
    return Problem(field or "body", code)


_SHAPES = (
    ("unknown field", "unknown_field"),
    ("missing required", "missing"),
    ("Invalid enum", "unknown_value"),
    ("timezone", "time_without_offset"),
    ("RFC3339", "time_invalid"),
)
# As the events are, see `events`: what two threads would look at at once for the first time.
for kind_of_body in Body.__subclasses__():
    msgspec.json.Decoder(kind_of_body)
