"""What the product needs of a calendar system. Times are UTC instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from chouseiapo.ports.calls import PortError, digest


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


class EntryShelf(Protocol):
    """Where the built-in calendar keeps its entries."""

    def read(self, link: str, id: str) -> Entry | None: ...

    def put(self, link: str, id: str, entry: Entry) -> None: ...

    def remove(self, link: str, id: str) -> None: ...

    def between(self, link: str, start: datetime, end: datetime) -> list[tuple[str, Entry]]: ...


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
