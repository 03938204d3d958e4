"""What a person proposes: the words of an appointment, and everything that can be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.meeting_options import MeetingOptions, check_options
from chouseiapo.domain.recurrence import Recurrence, check_recurrence, occurring
from chouseiapo.domain.slots import LONGEST_DIRECT, Grid, Offer, check_offers, check_pickable

TITLE_LIMIT = 251
GUEST_LIMIT = 255
TEXT_LIMIT = 100_000
URL_LIMIT = 2_000
LOCALES = ("ja", "en")

_ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MEETING_URL = re.compile(r"https?://[^\s/?#@]+(?:[/?#][^\s]*)?", re.IGNORECASE)


class Kind(StrEnum):
    WEB = "web"
    VISIT_US = "visit_us"
    VISIT_THEM = "visit_them"
    PHONE = "phone"


class Platform(StrEnum):
    """Where a web meeting takes place. MEET and TEAMS are known words that nothing serves yet."""

    ZOOM = "zoom"
    MEET = "meet"
    TEAMS = "teams"
    URL = "url"
    NONE = "none"


class Delivery(StrEnum):
    """MAIL sends the request to the guest; LINK only issues the link, for the staff to pass on."""

    MAIL = "mail"
    LINK = "link"


class Visibility(StrEnum):
    DEFAULT = "default"
    PUBLIC = "public"
    PRIVATE = "private"


class Guest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The person outside who picks a time; any field may be empty."""

    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""

    def merged_with(self, given: Guest) -> Guest:
        """What the guest typed completes and corrects what we knew; a known address is never replaced."""
        return Guest(
            company=given.company or self.company,
            name=given.name or self.name,
            email=self.email or given.email,
            phone=given.phone or self.phone,
        )


class Meeting(msgspec.Struct, frozen=True, omit_defaults=True):
    """The conference issued for an appointment. A start URL is never part of it.

    guest_url: the guest's own, where the platform has registered them; else everybody joins by `join_url`.
    """

    join_url: str
    meeting_id: str = ""
    passcode: str = ""
    guest_url: str = ""

    @property
    def for_guest(self) -> Meeting:
        """As the guest is told of it."""
        return msgspec.structs.replace(self, join_url=self.guest_url or self.join_url, guest_url="")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a member decides when proposing; people and rooms are ids.

    instead_of: the confirmed appointment that ends when this one is confirmed, and stands until then.
    direct: the time is fixed already and nobody has to pick; `offers` is that one time, which `recurrence`
    repeats.
    """

    kind: Kind = Kind.WEB
    platform: Platform = Platform.NONE
    url: str = ""
    place: str = ""
    title: str = ""
    attendees: tuple[str, ...]
    organizer: str
    offers: tuple[Offer, ...]
    guest: Guest = Guest()
    time_zone: str = ""
    locale: str = ""
    delivery: Delivery = Delivery.MAIL
    message: str = ""
    note: str = ""
    visibility: Visibility = Visibility.DEFAULT
    deadline: datetime | None = None
    instead_of: str = ""
    meeting_options: MeetingOptions = MeetingOptions()
    direct: bool = False
    recurrence: Recurrence | None = None


def shown_title(title: str, guest: Guest) -> str:
    """The title, or 「会社名:氏名 様」 where it was left blank: always computed, never stored."""
    if title:
        return title
    name = f"{guest.name} 様" if guest.name else guest.email
    return f"{guest.company}:{name}" if guest.company and name else guest.company or name


def check_proposal(proposal: Proposal, grid: Grid, zoom_ready: bool, now: datetime) -> list[Problem]:
    """Everything wrong with a proposal, at the field it concerns; `zoom_ready`: the organizer has Zoom."""
    return [
        *check_people(proposal.attendees, proposal.organizer),
        *(_check_direct(proposal, grid, now) if proposal.direct else _check_offered(proposal, grid, now)),
        *_check_place(proposal),
        *_check_platform(proposal, zoom_ready),
        *check_words(proposal.title, proposal.message, proposal.note),
        *check_guest(proposal.guest),
        *check_locale(proposal.time_zone, proposal.locale),
        *_check_delivery(proposal),
        *_check_deadline(proposal.deadline, now),
        *check_options(proposal.meeting_options),
    ]


def _check_offered(proposal: Proposal, grid: Grid, now: datetime) -> Iterator[Problem]:
    yield from check_offers(proposal.offers, (), grid, now)
    yield from check_pickable(proposal.offers)
    if proposal.recurrence is not None:
        yield Problem("recurrence.frequency", "recurrence_needs_direct")


def _check_direct(proposal: Proposal, grid: Grid, now: datetime) -> Iterator[Problem]:
    """One time that is fixed, perhaps repeated; each repetition has to be over before the next."""
    if len(proposal.offers) > 1:
        yield Problem("candidates", "direct_needs_one_time")
        return
    if problems := check_offers(proposal.offers, (), grid, now, LONGEST_DIRECT):
        yield from problems
        return
    if proposal.recurrence is None:
        return
    first = proposal.offers[0]
    day = first.start.astimezone(ZoneInfo(grid.zone)).date()
    if problems := list(check_recurrence(proposal.recurrence, day)):
        yield from problems
        return
    slots = [offer.slot for offer in occurring(first, proposal.recurrence, grid.zone)]
    if any(slot.overlaps(later) for slot, later in pairwise(slots)):
        yield Problem("recurrence.frequency", "occurrences_overlap")


def check_people(attendees: tuple[str, ...], organizer: str) -> Iterator[Problem]:
    """One attendee at least, nobody twice, and the organizer among them."""
    if not attendees:
        yield Problem("attendees", "attendees_missing")
    elif len(set(attendees)) != len(attendees):
        yield Problem("attendees", "attendee_twice")
    elif organizer not in attendees:
        yield Problem("organizer", "organizer_not_attending")


def check_words(title: str, message: str, note: str) -> Iterator[Problem]:
    if len(title) > TITLE_LIMIT:
        yield Problem("title", "too_long", {"most": TITLE_LIMIT})
    elif _has_control(title):
        yield Problem("title", "control_character")
    for field, text in (("message", message), ("note", note)):
        if len(text) > TEXT_LIMIT:
            yield Problem(field, "too_long", {"most": TEXT_LIMIT})


def check_message(subject: str, text: str, guest: Guest) -> Iterator[Problem]:
    """What is wrong with a message to the guest."""
    if not guest.email:
        yield Problem("guest.email", "email_needed_for_mail")
    if not subject.strip():
        yield Problem("subject", "subject_missing")
    elif len(subject) > TITLE_LIMIT:
        yield Problem("subject", "too_long", {"most": TITLE_LIMIT})
    elif _has_control(subject):
        yield Problem("subject", "control_character")
    if not text.strip():
        yield Problem("text", "text_missing")
    elif len(text) > TEXT_LIMIT:
        yield Problem("text", "too_long", {"most": TEXT_LIMIT})


def check_guest(guest: Guest) -> Iterator[Problem]:
    """Lengths, stray control characters, and an address that a mail can be sent to."""
    fields: Mapping[str, str] = msgspec.structs.asdict(guest)
    for field, text in fields.items():
        if len(text) > GUEST_LIMIT:
            yield Problem(f"guest.{field}", "too_long", {"most": GUEST_LIMIT})
        elif _has_control(text):
            yield Problem(f"guest.{field}", "control_character")
        elif field == "email" and text and not is_address(text):
            yield Problem("guest.email", "email_invalid")


def check_answer(guest: Guest) -> Iterator[Problem]:
    """Both sides get a confirmation mail, so a name and an address are needed by then."""
    if not guest.name:
        yield Problem("guest.name", "name_missing")
    if not guest.email:
        yield Problem("guest.email", "email_missing")


def is_address(text: str) -> bool:
    """One plain ASCII address, as SMTP without extensions carries it."""
    local, _, host = text.rpartition("@")
    return bool(_ADDRESS.fullmatch(text)) and "." in host and ".." not in text and len(local) <= 64


def check_locale(time_zone: str, locale: str) -> Iterator[Problem]:
    if time_zone and not is_time_zone(time_zone):
        yield Problem("guest.time_zone", "time_zone_unknown")
    if locale and locale not in LOCALES:
        yield Problem("guest.locale", "locale_unknown")


def is_time_zone(name: str) -> bool:
    """An IANA name that this machine knows; the listing is asked first, because a name is also a path."""
    return name in available_timezones() and ZoneInfo(name) is not None


def _check_place(proposal: Proposal) -> Iterator[Problem]:
    if proposal.kind is Kind.VISIT_THEM and not proposal.place.strip():
        yield Problem("place", "place_missing")
    if len(proposal.place) > GUEST_LIMIT:
        yield Problem("place", "too_long", {"most": GUEST_LIMIT})
    elif _has_control(proposal.place):
        yield Problem("place", "control_character")


def _check_platform(proposal: Proposal, zoom_ready: bool) -> Iterator[Problem]:
    platform = proposal.platform
    if proposal.kind is not Kind.WEB and platform is not Platform.NONE:
        visit = proposal.kind is Kind.VISIT_US
        yield Problem("platform", "reception_excludes_meeting" if visit else "platform_needs_web")
    elif platform in (Platform.MEET, Platform.TEAMS):
        yield Problem("platform", "platform_not_available")
    elif platform is Platform.ZOOM and not zoom_ready:
        yield Problem("platform", "zoom_not_linked")
    if platform is Platform.URL:
        yield from check_url(proposal.url, "url")
    elif proposal.url:
        yield Problem("url", "url_not_expected")


def check_url(url: str, field: str) -> Iterator[Problem]:
    """The address of a web meeting: http or https, with a host."""
    if not url:
        yield Problem(field, "url_missing")
    elif len(url) > URL_LIMIT:
        yield Problem(field, "too_long", {"most": URL_LIMIT})
    elif not _MEETING_URL.fullmatch(url) or _has_control(url):
        yield Problem(field, "url_invalid")


def _check_delivery(proposal: Proposal) -> Iterator[Problem]:
    if proposal.delivery is Delivery.MAIL and not proposal.guest.email:
        yield Problem("guest.email", "email_needed_for_mail")
    if proposal.delivery is Delivery.LINK and not proposal.guest.name:
        yield Problem("guest.name", "name_needed_for_link")


def _check_deadline(deadline: datetime | None, now: datetime) -> Iterator[Problem]:
    if deadline is not None and deadline.astimezone(UTC) <= now:
        yield Problem("deadline", "deadline_in_past")


def _has_control(text: str) -> bool:
    """Line breaks and other control characters have no place in a field of one line (or in a header)."""
    return any(ord(c) < 32 or ord(c) == 127 for c in text)
