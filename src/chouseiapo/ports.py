"""What the product needs from the outside world, in its own words. Times are UTC instants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import regex

T = TypeVar("T")
R = TypeVar("R")


class PortError(Exception):
    """A call to the outside that failed. `reason` is a stable code, safe to show and to log.

    permanent: trying the same again cannot help. auth: the account's token is refused, nothing of this
    account works until it heals. retry_after: seconds the other side asks to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        auth: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.auth = auth
        self.retry_after = retry_after


class Entry(msgspec.Struct, frozen=True):
    """One calendar entry as it should stand. `time_zone` is the IANA zone it is written in; `calendar` is
    which of the account's calendars, empty for its own. all_day: start and end are midnights in that zone,
    and the calendar shows dates.
    """

    key: str
    appointment: str
    candidate: str
    title: str
    body: str
    location: str
    start: datetime
    end: datetime
    time_zone: str
    confirmed: bool
    visibility: str
    calendar: str = ""
    all_day: bool = False

    @property
    def days(self) -> tuple[date, date]:
        """The first day, and the one after the last, of what lasts as whole days."""
        zone = ZoneInfo(self.time_zone)
        return self.start.astimezone(zone).date(), self.end.astimezone(zone).date()

    def fingerprint(self) -> str:
        """Equal for equal content, on every machine, and from release to release: what an entry has not says
        nothing, or every entry would be written again."""
        content = msgspec.structs.asdict(self)
        return digest(content if self.all_day else {k: v for k, v in content.items() if k != "all_day"})


class Placed(msgspec.Struct, frozen=True):
    """What we know of an entry on its calendar.

    unsure: a write was begun whose answer never came. The generation goes up each time an entry is gone for
    good, because vendors keep the ids of deleted entries taken. etag: of the version that we left there;
    with one, a write goes over that version alone.
    """

    key: str
    appointment: str = ""
    candidate: str = ""
    vendor_id: str = ""
    generation: int = 1
    etag: str = ""
    unsure: bool = False
    calendar: str = ""

    @property
    def present(self) -> bool:
        """Whether something of ours stands there, or may."""
        return bool(self.vendor_id) or self.unsure


class Busy(msgspec.Struct, frozen=True):
    """An interval in which a calendar is taken."""

    start: datetime
    end: datetime


class Counting(msgspec.Struct, frozen=True):
    """Which entries of a calendar count as busy time; free ones never do."""

    tentative: bool = True
    all_day: bool = True


class Found(msgspec.Struct, frozen=True):
    """An entry as the calendar holds it; `appointment` and `candidate` are empty for foreign ones.

    free: its owner can be booked meanwhile (shown as free, or declined). changed_at: when it was made or last
    changed, UTC; None where the calendar does not say.
    """

    vendor_id: str
    title: str
    start: datetime
    end: datetime
    confirmed: bool
    appointment: str = ""
    candidate: str = ""
    etag: str = ""
    all_day: bool = False
    free: bool = False
    changed_at: datetime | None = None


class Changes(msgspec.Struct, frozen=True):
    """What is new on a calendar: entries that came or changed, ids of those that went, and the token to ask
    with the next time. whole: it is everything that stands there, so what is not named is gone.

    Vendors may leave the tag out here: who needs to know whose an entry is goes by its id.
    """

    entries: list[Found]
    gone: list[str]
    token: str
    whole: bool


class Listed(msgspec.Struct, frozen=True):
    """One of an account's calendars. `id` is empty for the account's own; `writable`: we may put entries."""

    id: str
    name: str
    writable: bool


class Calendar(Protocol):
    """One calendar system. `link` names the account; its token is the adapter's own business. `calendar` is
    one of the account's, empty for its own; for a room or a shared mailbox it is that one's address.

    Errors of one entry come back in its place; an error of the whole account or call is raised.
    """

    def put(self, link: str, writes: Sequence[tuple[Entry, Placed]]) -> list[Placed | PortError]:
        """Make each entry stand as given, in place where it stands already; safe to repeat.

        With an etag in Placed, only over that version: PortError("touched") where somebody changed or deleted
        it since. Without one, whatever stands there is made right, and what is gone is put anew.
        """

    def remove(self, link: str, placed: Sequence[Placed]) -> list[Placed | PortError]:
        """Make each entry be gone; one that is gone already is fine. Touches only what bears our tag."""

    def look(self, link: str, placed: Sequence[Placed]) -> list[Found | PortError | None]:
        """Each entry as it stands now, read directly; None where it is gone."""

    def calendars(self, link: str) -> list[Listed]:
        """The account's calendars, its own first."""

    def may_write(self, link: str, calendar: str) -> bool:
        """Whether we may put entries there, by the vendor's own word; it need not be among `calendars`."""

    def busy(
        self,
        link: str,
        start: datetime,
        end: datetime,
        calendars: Sequence[str] = ("",),
        counting: Counting = Counting(),  # noqa: B008 - frozen
    ) -> list[Busy]:
        """When the account is busy inside the window, by those of its calendars, counted so."""

    def schedules(
        self, link: str, addresses: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        """When others, by address, are busy inside the window, in as few requests as the vendor allows; None
        for whom the account can't see."""

    def entries(self, link: str, start: datetime, end: datetime, calendar: str = "") -> list[Found]:
        """Everything that stands on the calendar inside the window."""

    def changes(self, link: str, calendar: str, since: str, start: datetime, end: datetime) -> Changes:
        """What has changed since the token was given; everything inside the window for an empty one.

        Raises PortError("resync") when the token is no longer good: ask again with an empty one.
        """


class MeetingSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a conference is like; None leaves it to the host's own settings at the platform.

    join_before_host: "never", "anytime", or so many minutes before the start ("5", "10", "15").
    recording: "none", "local" or "cloud".
    """

    passcode: bool | None = None
    waiting_room: bool | None = None
    join_before_host: str | None = None
    sign_in: bool | None = None
    registration: bool | None = None
    host_video: bool | None = None
    participant_video: bool | None = None
    mute_on_entry: bool | None = None
    recording: str | None = None
    summary: bool | None = None
    platform_mails: bool | None = None


class Registrant(msgspec.Struct, frozen=True):
    """Whom the platform registers for a conference, in the language that it speaks to them."""

    name: str
    email: str
    locale: str


class MeetingPlan(msgspec.Struct, frozen=True):
    """A conference as it should be; `tag` is what it is found by. Duration in minutes.

    start: UTC; None for one without a fixed time, which can be joined whenever it is needed. registrant:
    who is registered, where the settings ask for registration.
    """

    tag: str
    topic: str
    start: datetime | None
    minutes: int
    time_zone: str
    settings: MeetingSettings = MeetingSettings()
    registrant: Registrant | None = None

    def fingerprint(self) -> str:
        return digest(self)


class Issued(msgspec.Struct, frozen=True):
    """A conference as the platform holds it. guest_url: the registered guest's own, where there is one."""

    meeting_id: str
    join_url: str
    passcode: str = ""
    guest_url: str = ""


class Looked(msgspec.Struct, frozen=True):
    """What a direct read of a conference has found. otherwise: a digest of topic and time where they are not
    as planned, empty where they are; what its host has set beside that is the host's."""

    issued: Issued
    otherwise: str = ""


class ListedMeeting(msgspec.Struct, frozen=True):
    """A conference of ours on a host's list; `tag` says which."""

    meeting_id: str
    tag: str


class Conferencing(Protocol):
    """One meeting platform; it has no idempotency of its own, so `find` comes before a second `create`.

    `link` names the account whose user hosts; its token is the adapter's own business. writes_a_day: how
    many conferences may be made or changed for one host between one midnight UTC and the next.
    """

    writes_a_day: int

    def find(self, link: str, tag: str) -> Issued | None:
        """The conference that bears the tag, if the platform lists one."""

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        """Make the conference: exactly one request."""

    def register(self, link: str, meeting_id: str, registrant: Registrant) -> str:
        """Register somebody for it, once however often it is asked for; answers their own join URL, empty
        where the platform gives none."""

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        """Make it be as planned; raises PortError("gone", permanent) when it no longer exists."""

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        """The conference as it stands now, read directly; None where it is gone."""

    def listed(self, link: str) -> list[ListedMeeting]:
        """Every conference of ours that the host has to come."""

    def delete(self, link: str, meeting_id: str) -> None:
        """Make the conference be gone; one that is gone already is fine."""

    def plan_of(self, link: str) -> str:
        """What the host has at the platform: "basic" (conferences end after 40 minutes), "licensed", or empty
        where the platform does not say."""

    def start_url(self, link: str, meeting_id: str) -> str:
        """A fresh address that lets whoever opens it in as the host: for that person, at that moment, and
        never kept. Raises PortError("gone", permanent) when the conference no longer exists."""


class RawMail(msgspec.Struct, frozen=True):
    """A mail to one recipient as it goes over the wire; the addresses are those of its envelope."""

    sender: str
    recipient: str
    content: bytes


class Mailer(Protocol):
    """Where mails leave."""

    def send(self, raw: RawMail) -> None:
        """Hand one mail to one recipient over; returning means that the other side has accepted it."""

    def check(self) -> None:
        """Raises PortError when no mail at all could be handed over now."""


class Tokens(Protocol):
    """Access tokens of linked accounts."""

    def access_token(self, link: str, *, refused: str = "") -> str:
        """A live token; `refused` is one that the vendor just refused, so that it is not handed out again.

        Raises PortError(auth=True) when the account must be linked anew.
        """


class EntryShelf(Protocol):
    """Where the built-in calendar keeps its entries."""

    def read(self, link: str, id: str) -> Entry | None: ...

    def put(self, link: str, id: str, entry: Entry) -> None: ...

    def remove(self, link: str, id: str) -> None: ...

    def between(self, link: str, start: datetime, end: datetime) -> list[tuple[str, Entry]]: ...


def digest(content: msgspec.Struct | dict[str, Any]) -> str:
    """A short fingerprint of a struct's content, or of its fields in their order."""
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]


def counted(entries: Iterable[Found], counting: Counting) -> list[Busy]:
    """The busy time that entries make; ours are left out, because our own record counts them already."""
    return [
        Busy(entry.start, entry.end)
        for entry in entries
        if not entry.free
        and not entry.appointment
        and (entry.confirmed or counting.tentative)
        and (not entry.all_day or counting.all_day)
    ]


def cut(text: str, most: int) -> str:
    """The text within a vendor's limit, cut on a grapheme with …; its last line, the link to it all, stays.

    Counted in UTF-16 units: vendors don't say which characters they mean, and no count of theirs is larger.
    """
    if _units(text) <= most:
        return text
    head, newline, link = text.rpartition("\n")
    if not newline or _units(link) > most // 2:
        head, newline, link = text, "", ""
    room = most - _units("…" + newline + link)
    kept = 0
    for grapheme in regex.finditer(r"\X", head):
        room -= _units(grapheme[0])
        if room < 0:
            break
        kept = grapheme.end()
    return head[:kept].rstrip() + "…" + newline + link


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def in_chunks(
    items: Sequence[T], most: int, work: Callable[[Sequence[T]], list[R | PortError]]
) -> list[R | PortError]:
    """Work on at most so many at a time; an error of the whole call stays with its chunk and the rest.

    When nothing at all went through, and not because of the entries, the error is the account's and raised.
    """
    results: list[R | PortError] = []
    for start in range(0, len(items), most):
        try:
            results += work(items[start : start + most])
        except PortError as error:
            results += [error] * (len(items) - start)
            break
    if results and isinstance(first := results[0], PortError) and all(map(_concerns_account, results)):
        raise first
    return results


def _concerns_account(result: object) -> bool:
    return isinstance(result, PortError) and (result.auth or not result.permanent)
