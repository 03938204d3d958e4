"""What a mail is about, and the words it may use: everything a template can print, and nothing else.

Templates get words and times that are ready to print, never the appointment: what is not for the guest (the
internal note, the staff's page) is out of reach of a guest's template, an operator's included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo import wording
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.appointment_state import Deviation
from chouseiapo.domain.proposal import Kind, Meeting
from chouseiapo.domain.slots import Candidate, CandidateState, Slot

# The one mail that no event asks for.
SIGN_IN = "sign_in"


class Rule(StrEnum):
    """What happened that a mail tells of; with guest_ or member_ before it, a folder of templates."""

    REQUEST = "request"
    CONFIRMATION = "confirmation"
    CONFIRMATION_PENDING = "confirmation_pending"
    MEETING_URL = "meeting_url"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ALL_GONE = "all_gone"
    REMOVED = "removed"
    QUESTION = "question"
    REMINDER = "reminder"
    MOVED = "moved"
    OCCURRENCE_CANCELLED = "occurrence_cancelled"
    MEETING_CHANGED = "meeting_changed"
    MEETING_WITHDRAWN = "meeting_withdrawn"
    MEETING_VANISHED = "meeting_vanished"
    MEETING_FORGONE = "meeting_forgone"
    MESSAGE = "message"

    @classmethod
    def of(cls, name: str) -> Rule:
        """The rule by the name that a row has it under; `reminder-90`, minutes before, is a reminder."""
        return cls(name.partition("-")[0])


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Who gets the mail, and how; without a locale or a zone, the organization's.

    calendar_part: the mail brings the event itself, because nobody else writes into their calendar.
    host: the meeting runs on their account, so they may start it.
    """

    id: str
    name: str
    email: str
    locale: str = ""
    time_zone: str = ""
    text_only: bool = False
    guest: bool = False
    calendar_part: bool = False
    host: bool = False


@dataclass(frozen=True)
class Letter:
    """What a member writes to the guest; without a subject, one is put. by: the member's name."""

    subject: str
    text: str
    by: str


@dataclass(frozen=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True)
class Hand:
    """What was done by hand to an entry of ours on the calendar of a member or room, by name."""

    owner: str
    is_room: bool
    done: Deviation


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a mail may tell: the appointment as of the event that caused it, and rooms' names by id.

    agreed: the confirmed time that it is to replace, as long as that one stands. before: the confirmed time
    that was moved to the one that stands now. occurrence: which of several times the mail is about. at: when
    that event happened.
    start_url_page: where the host starts the meeting. letter: what the mail brings the guest.
    """

    appointment: Appointment
    organizer: Person
    author: Person
    attendees: tuple[Person, ...]
    rooms: Mapping[str, str] = field(default_factory=dict)
    guest_url: str
    staff_url: str
    reason: str = ""
    hand: Hand | None = None
    agreed: Candidate | None = None
    before: Slot | None = None
    occurrence: Candidate | None = None
    at: datetime | None = None
    start_url_page: str = ""
    letter: Letter | None = None

    @property
    def chosen(self) -> Candidate | None:
        """The confirmed time, also of an appointment that was cancelled afterwards; of several the one that
        the mail is about, else the next."""
        return self.occurrence or next(iter(self.occurrences), None)

    @property
    def occurrences(self) -> list[Candidate]:
        """Every confirmed time that was not called off, in order; of several those that were to come."""
        fixed = [c for c in self.appointment.candidates.values() if c.state is CandidateState.CHOSEN]
        return [c for c in fixed if self.at is None or c.end > self.at] or fixed


class When(msgspec.Struct, frozen=True):
    """A slot in print, its zone's name unless it goes without saying, and the organization's time where that
    is another."""

    text: str
    zone: str = ""
    home: str = ""
    room: str = ""


def words(rule: Rule, reader: Recipient, facts: Facts, settings: Settings, now: datetime) -> dict[str, Any]:
    """The names that the templates of a rule know; one that is not here is an error there."""
    appointment, locale, guest = facts.appointment, reader.locale, reader.guest
    today = now.astimezone(ZoneInfo(reader.time_zone)).date()
    chosen = facts.chosen
    offered = appointment.open_candidates
    timed = [chosen] if chosen else offered
    times = [_when(c, reader, facts, settings, today) for c in offered]
    zones = {when.zone for when in times}
    zone = zones.pop() if len(zones) == 1 else ""
    listed = [msgspec.structs.replace(w, zone="" if zone else w.zone, home="") for w in times]
    shared = {
        "rule": rule.value,
        "locale": locale,
        "company": settings.company,
        "title": appointment.title,
        "kind": appointment.kind.value,
        "kind_name": wording.kind(told_kind(appointment), locale, guest=guest),
        "kind_in_full": _kind_in_full(appointment, locale, guest=guest),
        "reminded_kind": wording.reminded_kind(told_kind(appointment), locale, guest=guest),
        "platform": wording.platform(appointment.platform),
        "duration": wording.durations([c.slot for c in timed if not c.all_day], locale),
        "all_day": any(c.all_day for c in timed),
        "organizer": facts.organizer.name,
        "attendees": wording.people((person.name for person in facts.attendees), locale),
        "candidates": listed,
        "zone": zone,
        "chosen": _when(chosen, reader, facts, settings, today) if chosen else None,
        "start": _start(chosen, reader) if chosen else "",
        "day_ahead": _day_ahead(chosen, reader, settings, today) if chosen else "",
        "deadline": _deadline(appointment.deadline, reader, settings, zone, today),
        "place": appointment.place,
        "room": _room(chosen, reader, facts),
        "phone": appointment.guest.phone,
        "meeting": _meeting(appointment.meeting, reader) if chosen else None,
        "meeting_follows": appointment.lacks_meeting,
        "by_hand": _waits_for_a_hand(appointment),
        "vanished": appointment.conference.asked,
        "before": _when(facts.before, reader, facts, settings, today) if facts.before else None,
        "letter": facts.letter,
        "off": rule in _CALLED_OFF or appointment.state is State.CANCELLED,
        "direct": appointment.direct,
        "recurrence": wording.recurrence(appointment.recurrence, appointment.candidates.values(), locale),
        "occurrences": [_when(c, reader, facts, settings, today) for c in facts.occurrences],
        "reason": facts.reason.strip(),
    }
    if guest:
        return shared | _to_guest(rule, facts, reader, settings, today)
    return shared | _to_member(reader, facts) | _by_hand(facts, reader, settings, today)


_CALLED_OFF = (Rule.CANCELLED, Rule.OCCURRENCE_CANCELLED)


def told_kind(appointment: Appointment) -> Kind | None:
    """None for a web meeting that was given up: how they will meet instead is for the organizer to say."""
    return None if appointment.conference.forgone else appointment.kind


def _kind_in_full(appointment: Appointment, locale: str, *, guest: bool) -> str:
    """Empty where there is no kind to tell."""
    kind = told_kind(appointment)
    return wording.kind_in_full(kind, appointment.platform, locale, guest=guest) if kind else ""


def _waits_for_a_hand(appointment: Appointment) -> bool:
    """Whether no meeting is made until somebody asks for it; one that was deleted is a question instead."""
    conference = appointment.conference
    return appointment.lacks_meeting and not conference.wanted and not conference.asked


def sign_in_words(reader: Recipient, url: str, minutes: int, settings: Settings) -> dict[str, Any]:
    """The names that the sign-in mail's templates know; the link opens for so many minutes."""
    return {"locale": reader.locale, "company": settings.company, "url": url, "minutes": minutes}


def _to_guest(rule: Rule, facts: Facts, reader: Recipient, settings: Settings, today: date) -> dict[str, Any]:
    written = rule in (Rule.REQUEST, Rule.CONFIRMATION, Rule.CONFIRMATION_PENDING, Rule.MOVED)
    return {
        "salutation": wording.salutation(facts.appointment.guest, reader.locale),
        "message": facts.appointment.message.strip() if written else "",
        "guest_url": facts.guest_url,
        "reply_to": facts.organizer.email,
        "agreed": _when(facts.agreed, reader, facts, settings, today) if facts.agreed else None,
    }


def _to_member(reader: Recipient, facts: Facts) -> dict[str, Any]:
    guest, locale = facts.appointment.guest, reader.locale
    return {
        "guest": wording.guest_in_text(guest, locale),
        "guest_name": guest.name or guest.company or guest.email,
        "guest_in_subject": wording.guest_in_subject(guest, locale),
        "email": guest.email,
        "author": "" if facts.author in facts.attendees else facts.author.name,
        "note": facts.appointment.note.strip(),
        "staff_url": facts.staff_url,
        "start_url_page": facts.start_url_page if reader.host else "",
    }


def _by_hand(facts: Facts, reader: Recipient, settings: Settings, today: date) -> dict[str, Any]:
    """Whose hand it was, where the entry stood, and where it was moved to; gone: it was deleted."""
    if (hand := facts.hand) is None:
        return {"whose": "", "gone": False, "stood": None, "moved": None}
    stood, done = facts.appointment.candidates[hand.done.candidate], hand.done
    moved = None
    if done.start and done.end:
        moved = msgspec.structs.replace(stood, start=done.start, end=done.end)
    return {
        "whose": hand.owner if hand.is_room else wording.person(hand.owner, reader.locale, guest=False),
        "gone": done.gone,
        "stood": _when(stood, reader, facts, settings, today),
        "moved": _when(moved, reader, facts, settings, today) if moved else None,
    }


def _when(time: Candidate | Slot, reader: Recipient, facts: Facts, settings: Settings, today: date) -> When:
    start, end, locale, home = time.start, time.end, reader.locale, settings.time_zone
    if _is_all_day(time, facts):
        return When(wording.days(start, end, home, locale, today))
    text = wording.slot(start, end, reader.time_zone, locale, today)
    room = _room(time, reader, facts) if isinstance(time, Candidate) and not reader.guest else ""
    zone = _zone(start, reader, settings)
    if reader.time_zone == home:
        return When(text, zone, room=room)
    there = f"{wording.zone_name(home, start, locale)}: {wording.slot(start, end, home, locale, today)}"
    return When(text, zone, there, room)


def _zone(at: datetime, reader: Recipient, settings: Settings) -> str:
    """The zone's name, unless it goes without saying: it is the organization's, and the reader belongs there
    or reads its language. A guest who reads another one may be anywhere."""
    at_home = not reader.guest or reader.locale == settings.locale
    if at_home and reader.time_zone == settings.time_zone:
        return ""
    return wording.zone_name(reader.time_zone, at, reader.locale)


def _is_all_day(time: Candidate | Slot, facts: Facts) -> bool:
    """A slot is the time that the confirmed one was moved from, which lasted as whole days as that does."""
    asked = time if isinstance(time, Candidate) else facts.chosen
    return asked is not None and asked.all_day


def _start(chosen: Candidate, reader: Recipient) -> str:
    return wording.all_day(reader.locale) if chosen.all_day else wording.clock(chosen.start, reader.time_zone)


def _day_ahead(chosen: Candidate, reader: Recipient, settings: Settings, today: date) -> str:
    zone = settings.time_zone if chosen.all_day else reader.time_zone
    return wording.day_ahead(chosen.start, zone, reader.locale, today)


def _deadline(at: datetime, reader: Recipient, settings: Settings, zone: str, today: date) -> str:
    """With its zone, unless that goes without saying or is `zone`, which the mail names anyway."""
    text = wording.moment(at, reader.time_zone, reader.locale, today)
    name = _zone(at, reader, settings)
    return f"{text} {name}" if name and name != zone else text


def _meeting(issued: Meeting | None, reader: Recipient) -> Meeting | None:
    """With the guest's own way in, where they have one; the number in groups."""
    if issued is None:
        return None
    told = issued.for_guest if reader.guest else issued
    return msgspec.structs.replace(told, meeting_id=wording.meeting_id(told.meeting_id))


def _room(candidate: Candidate | None, reader: Recipient, facts: Facts) -> str:
    """The room's name; a guest who does not come to us has no use for it."""
    if candidate is None or candidate.room is None:
        return ""
    if reader.guest and facts.appointment.kind is not Kind.VISIT_US:
        return ""
    return facts.rooms.get(candidate.room, "")
