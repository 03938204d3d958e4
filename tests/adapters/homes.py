"""One calendar of each kind, with what a test does to it and sees of it."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.adapters.builtin import BuiltinCalendar
from chouseiapo.adapters.google import GoogleCalendar
from chouseiapo.adapters.outlook import OutlookCalendar
from chouseiapo.builtin_shelf import BuiltinShelf
from chouseiapo.config import Settings
from chouseiapo.ports import Calendar, Entry, Found, Placed, PortError
from chouseiapo.storage import Rows
from tests.adapters.outside import Outside
from tests.product import at

numbers = itertools.count(1)
R = TypeVar("R")
SHARED = "Calendars.ReadWrite.Shared"
GOOGLE_SCOPES = ("events", "events.freebusy", "calendarlist.readonly")

EARLY, LATE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
LINK_LINE = "https://apo.example.com/appointments/appointment-1"


@dataclass(frozen=True)
class Seen:
    """An entry as somebody who looks at the calendar sees it."""

    id: str
    title: str
    body: str
    start: datetime
    end: datetime
    confirmed: bool
    visibility: str
    appointment: str | None
    candidate: str | None


class Home(abc.ABC):
    """A calendar, its adapter, and a link to it."""

    calendar: Calendar
    link: str
    email: str

    @abc.abstractmethod
    def seen(self, calendar: str = "") -> list[Seen]:
        """What stands on one of the account's calendars, in order of time."""

    @abc.abstractmethod
    def delete_by_hand(self, id: str, calendar: str = "") -> None: ...

    @abc.abstractmethod
    def add_foreign(
        self, title: str, start: datetime, end: datetime, calendar: str = "", *, tentative: bool = False
    ) -> str:
        """Somebody else's business; its id."""

    def entry(self, candidate: str = "c1", **changes: Any) -> Entry:
        standing: dict[str, Any] = {
            "key": f"{self.link}/appointment-1/{candidate}",
            "appointment": "appointment-1",
            "candidate": candidate,
            "title": "【仮】ABC株式会社:山田太郎 様",
            "body": f"仮予定です。\n\n{LINK_LINE}",
            "location": "会議室A",
            "start": at(25, 1),
            "end": at(25, 2),
            "time_zone": "Asia/Tokyo",
            "confirmed": False,
            "visibility": "default",
        }
        return Entry(**(standing | changes))

    def several(self, count: int) -> list[Entry]:
        start = at(25, 0)
        return [
            self.entry(f"c{n}", start=start + timedelta(hours=n), end=start + timedelta(hours=n + 1))
            for n in range(1, count + 1)
        ]

    def try_put(
        self, entries: Sequence[Entry], known: Sequence[Placed] = (), *, unsure: bool = False
    ) -> list[Placed | PortError]:
        placed = known or [
            Placed(e.key, e.appointment, e.candidate, unsure=unsure, vendor_id="") for e in entries
        ]
        return self.calendar.put(self.link, list(zip(entries, placed, strict=True)))

    def put(self, *entries: Entry, known: Sequence[Placed] = (), unsure: bool = False) -> list[Placed]:
        """All of them must get through."""
        return all_placed(self.try_put(entries, known, unsure=unsure))

    def restore(self, entry: Entry, placed: Placed) -> Placed:
        """Put it, whatever stands there by now."""
        (now,) = self.put(entry, known=[msgspec.structs.replace(placed, etag="")])
        return now

    def remove(self, *placed: Placed) -> list[Placed]:
        """All of them must get through."""
        return all_placed(self.calendar.remove(self.link, placed))

    def look(self, *placed: Placed) -> list[Found | None]:
        """All of them must be told."""
        return all_told(self.calendar.look(self.link, placed))


def all_placed(results: Sequence[Placed | PortError]) -> list[Placed]:
    return all_told(results)


def all_told(results: Sequence[R | PortError]) -> list[R]:
    for result in results:
        if isinstance(result, PortError):
            raise result
    return [result for result in results if not isinstance(result, PortError)]


class BuiltinHome(Home):
    def __init__(self, rows: Rows) -> None:
        self._shelf = BuiltinShelf(rows)
        self.calendar = BuiltinCalendar(self._shelf)
        self.link = f"builtin-{next(numbers)}"
        self.email = ""

    def seen(self, calendar: str = "") -> list[Seen]:
        assert not calendar
        return [
            Seen(
                id,
                e.title,
                e.body,
                e.start,
                e.end,
                e.confirmed,
                e.visibility,
                e.appointment or None,
                e.candidate or None,
            )
            for id, e in self._shelf.between(self.link, EARLY, LATE)
        ]

    def delete_by_hand(self, id: str, calendar: str = "") -> None:
        """Nobody but us writes here; but a copy may be restored that lacks it."""
        self._shelf.remove(self.link, id)

    def add_foreign(
        self, title: str, start: datetime, end: datetime, calendar: str = "", *, tentative: bool = False
    ) -> str:
        foreign: dict[str, Any] = {"appointment": "", "candidate": "", "confirmed": not tentative}
        id = f"foreign-{next(numbers)}"
        self._shelf.put(self.link, id, self.entry(title=title, start=start, end=end, **foreign))
        return id


class LinkedHome(Home):
    """A calendar that people write on by their own hand, with others beside it."""

    @abc.abstractmethod
    def move_by_hand(self, id: str, start: datetime, end: datetime, calendar: str = "") -> None: ...

    @abc.abstractmethod
    def add_day(self, title: str, first: date, after: date, calendar: str = "") -> str:
        """Somebody else's whole days, in Tokyo, up to the day `after`; its id."""

    @abc.abstractmethod
    def add_free(self, title: str, start: datetime, end: datetime) -> str:
        """Something meanwhile that its owner can be booked for; its id."""

    @abc.abstractmethod
    def add_calendar(self, name: str) -> str:
        """Another calendar of the same account; its id."""

    @abc.abstractmethod
    def forget_tokens(self) -> None:
        """No token of `changes` is good any more."""


class VendorHome(LinkedHome):
    """A mailbox in the sandbox. `service`: as the sandbox calls the vendor."""

    service = ""
    events_path = ""
    room_scopes: Sequence[str] = ()

    calendar: GoogleCalendar | OutlookCalendar

    def __init__(self, outside: Outside, settings: Settings, vault: Vault) -> None:
        number = next(numbers)
        self.outside = outside
        self.vault = vault
        self.link = f"{self.service}-{number}"
        self.email = f"person{number}@example.com"
        outside.sandbox.add_person(self.email, f"人{number}", self.service)
        self.grant()
        self.calendar = self._calendar(settings)
        self._cursor = 0

    @abc.abstractmethod
    def _calendar(self, settings: Settings) -> GoogleCalendar | OutlookCalendar: ...

    def close(self) -> None:
        self.calendar.close()

    def grant(self, scopes: Sequence[str] | None = None) -> None:
        """The member consents (again)."""
        token = self.outside.sandbox.grant(self.service, self.email, scopes)
        self.vault.store(self.link, "member-1", self.service, Grant(token))

    def seen(self, calendar: str = "") -> list[Seen]:
        entries = self.outside.state()["calendars"][calendar or self.email]["entries"]
        assert all(entry["attendees"] == [] for entry in entries)
        return [
            Seen(
                entry["id"],
                entry["title"],
                entry["body"],
                datetime.fromisoformat(entry["start"]),
                datetime.fromisoformat(entry["end"]),
                entry["status"] == "confirmed",
                entry["visibility"],
                entry["tag"].get("appointment"),
                entry["tag"].get("candidate"),
            )
            for entry in entries
        ]

    def delete_by_hand(self, id: str, calendar: str = "") -> None:
        self.outside.delete(calendar or self.email, id)

    def move_by_hand(self, id: str, start: datetime, end: datetime, calendar: str = "") -> None:
        self.outside.move(calendar or self.email, id, start, end)

    def edit_by_hand(self, id: str, body: dict[str, Any]) -> None:
        """By the member's own hand, in the vendor's own words."""
        self._by_hand("PATCH", id, body)

    def read_by_hand(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._by_hand("GET", id)
        return found

    def _by_hand(self, method: str, id: str, body: dict[str, Any] | None = None) -> Any:
        token = self.vault.access_token(self.link)
        return self.outside.ask(method, f"{self.events_path}/{id}", body, token)

    def add_foreign(
        self, title: str, start: datetime, end: datetime, calendar: str = "", *, tentative: bool = False
    ) -> str:
        status = "tentative" if tentative else "confirmed"
        return self.outside.add_entry(calendar or self.email, title, start, end, status=status)

    def add_day(self, title: str, first: date, after: date, calendar: str = "") -> str:
        return self.outside.add_entry(calendar or self.email, title, first, after)

    def add_free(self, title: str, start: datetime, end: datetime) -> str:
        return self.outside.add_entry(self.email, title, start, end, show_as="free")

    def add_calendar(self, name: str) -> str:
        return self.outside.sandbox.add_calendar(self.email, name).id

    def forget_tokens(self) -> None:
        self.outside.sandbox.expire_sync(self.email)

    def add_room(self) -> str:
        """A room whose calendar the account may write, and a consent to do that; how it is called."""
        id = self.outside.sandbox.add_room("会議室A", self.service, [self.email]).id
        self.grant(self.room_scopes)
        return id

    def add_colleagues(self, count: int) -> list[str]:
        emails = [f"colleague{next(numbers)}@example.com" for _ in range(count)]
        for email in emails:
            self.outside.sandbox.add_person(email, "同僚", self.service)
        return emails

    def share(self, name: str, access: str, calendar: str = "") -> str:
        """Somebody's calendar, from now on shared with the account so; its id."""
        return self.outside.sandbox.add_calendar(self.email, name, access, calendar).id

    def requests(self) -> list[dict[str, Any]]:
        """What has reached the vendor for this mailbox since this was last asked."""
        state = self.outside.state(self._cursor)
        self._cursor = state["cursor"]
        return [r for r in state["requests"] if r["mailbox"] == self.email and r["service"] == self.service]

    def fault(self, kind: str, **more: object) -> None:
        self.outside.fault(self.service, kind, mailbox=self.email, **more)


class GoogleHome(VendorHome):
    service = "google"
    events_path = "/google/calendar/v3/calendars/primary/events"
    room_scopes = ("openid", *(f"https://www.googleapis.com/auth/calendar.{name}" for name in GOOGLE_SCOPES))

    def _calendar(self, settings: Settings) -> GoogleCalendar:
        return GoogleCalendar(settings, self.vault)


class OutlookHome(VendorHome):
    service = "microsoft"
    events_path = "/graph/v1.0/me/events"
    room_scopes = ("openid", "offline_access", "User.Read", "Calendars.ReadWrite", SHARED)

    def _calendar(self, settings: Settings) -> OutlookCalendar:
        return OutlookCalendar(settings, self.vault)
