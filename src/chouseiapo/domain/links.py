"""Links: which outside accounts speak for a member or a room. Facts only; tokens are kept elsewhere."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import Aggregate, Event


class Provider(StrEnum):
    """Whose account a link leads to."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    CALDAV = "caldav"
    ZOOM = "zoom"


class Leaving(StrEnum):
    """What becomes of our entries on a calendar that is unlinked."""

    REMOVE = "remove"
    KEEP_CONFIRMED = "keep_confirmed"
    KEEP = "keep"


class Link(msgspec.Struct, frozen=True):
    """An outside account that speaks for somebody; `broken` says why it does not work, empty when it does.

    missing: what was asked for and not granted. ends_at: when the vendor has said that it will end by itself.
    calendar: the one that entries go to, empty for the account's own; `name` is what its owner calls it.
    busy: the calendars that count as busy time, none for that one alone. chosen: whether somebody has said so
    (else it is how every account begins). vanished: so many of our entries
    have disappeared at once, and nobody has said yet what that means. plan: what its owner has at the vendor
    ("basic", "licensed"), where that matters and is known.
    """

    id: str
    provider: Provider
    account: str
    linked_at: datetime
    missing: tuple[str, ...] = ()
    ends_at: datetime | None = None
    calendar: str = ""
    name: str = ""
    busy: tuple[str, ...] = ()
    tentative_busy: bool = True
    all_day_busy: bool = True
    chosen: bool = False
    vanished: int = 0
    broken: str = ""
    broken_since: datetime | None = None
    plan: str = ""

    @property
    def busy_calendars(self) -> tuple[str, ...]:
        """The calendars that count as busy time; an empty name is the account's own."""
        return self.busy or (self.calendar,)

    @property
    def is_free(self) -> bool:
        """Whether its owner pays the vendor nothing, as far as that is known."""
        return self.plan == "basic"

    @property
    def is_plain(self) -> bool:
        """Whether the vendor's own idea of busy time, of the account's own calendar, is what counts."""
        return self.tentative_busy and self.all_day_busy and self.busy_calendars == ("",)


class AccountLinked(Event, frozen=True, kw_only=True):
    """An account speaks from now on; it replaces an earlier one of the same purpose, or heals it."""

    link: str
    provider: Provider
    account: str
    missing: tuple[str, ...] = ()
    ends_at: datetime | None = None
    plan: str = ""


class AccountUnlinked(Event, frozen=True, kw_only=True):
    """The account speaks no longer; `leave` says what becomes of our entries or meetings there.

    moved_to: for whom it speaks from now on, because somebody else has linked it. deauthorized: its owner
    removed our app at the vendor's.
    """

    link: str
    leave: Leaving = Leaving.REMOVE
    moved_to: str = ""
    deauthorized: bool = False


class AccountBroken(Event, frozen=True, kw_only=True):
    """The vendor refuses the account's token; nothing is read or written there until it heals."""

    link: str
    reason: str


class AccountHealed(Event, frozen=True, kw_only=True):
    link: str


class CalendarSelected(Event, frozen=True, kw_only=True):
    """Which of the account's calendars is written, which count as busy time, and what counts there."""

    link: str
    calendar: str
    name: str = ""
    busy: tuple[str, ...] = ()
    tentative_busy: bool = True
    all_day_busy: bool = True


class EntriesDisappeared(Event, frozen=True, kw_only=True):
    """So many of our entries were gone at once that nothing follows from it until somebody has said what."""

    link: str
    count: int


class DisappearanceAnswered(Event, frozen=True, kw_only=True):
    """Whether the entries that had disappeared are put back, or taken for deleted one by one."""

    link: str
    restore: bool


class Linkable(Aggregate):
    """Somebody for whom outside accounts can speak: each kind names its own events.

    `several`: more than one account of the same purpose at a time.
    """

    several: ClassVar[bool] = False
    Linked: ClassVar[type[AccountLinked]]
    Unlinked: ClassVar[type[AccountUnlinked]]
    LinkBroken: ClassVar[type[AccountBroken]]
    LinkHealed: ClassVar[type[AccountHealed]]
    CalendarChosen: ClassVar[type[CalendarSelected]]
    EntriesVanished: ClassVar[type[EntriesDisappeared]]
    VanishingAnswered: ClassVar[type[DisappearanceAnswered]]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.name = ""
        self.locale = ""
        self.links: dict[str, Link] = {}
        self.left: dict[str, Leaving] = {}

    @property
    def calendar(self) -> Link | None:
        """The linked calendar; None means the built-in one."""
        return next((link for link in self.links.values() if link.provider is not Provider.ZOOM), None)

    @property
    def calendar_in_use(self) -> Link | None:
        """The linked calendar that entries go to; None means the built-in one."""
        return self.calendar

    def link(
        self,
        link: str,
        provider: Provider,
        account: str,
        now: datetime,
        *,
        missing: tuple[str, ...] = (),
        ends_at: datetime | None = None,
        plan: str = "",
    ) -> None:
        """Let the account speak; the other account of the same purpose is unlinked, unless several may."""
        zoom = provider is Provider.ZOOM
        for other in list(self.links.values()):
            if not self.several and (other.provider is Provider.ZOOM) == zoom and other.id != link:
                # What a guest was told goes on to be true: meetings stay, entries move.
                leave = Leaving.KEEP if zoom else Leaving.REMOVE
                self._record(self.Unlinked, now, link=other.id, leave=leave)
        said: dict[str, Any] = {"provider": provider, "account": account, "missing": missing}
        said |= {"ends_at": ends_at, "plan": plan}
        standing = self.links.get(link)
        known = standing and {name: getattr(standing, name) for name in said}
        if standing is None or standing.broken or known != said:
            self._record(self.Linked, now, link=link, **said)

    def note_plan(self, link: str, plan: str, now: datetime) -> None:
        """Note that the account's owner has another plan at the vendor by now."""
        standing = self.links.get(link)
        if standing is not None and not standing.broken and standing.plan != plan:
            same = {name: getattr(standing, name) for name in ("provider", "account", "missing", "ends_at")}
            self._record(self.Linked, now, link=link, plan=plan, **same)

    def unlink(
        self,
        link: str,
        now: datetime,
        leave: Leaving = Leaving.REMOVE,
        *,
        moved_to: str = "",
        deauthorized: bool = False,
    ) -> None:
        self._linked(link)
        why = {"moved_to": moved_to, "deauthorized": deauthorized}
        self._record(self.Unlinked, now, link=link, leave=leave, **why)

    def break_link(self, link: str, reason: str, now: datetime) -> None:
        """Note that the account's token is refused; said once until it heals. `now` is when the refused call
        began: what an older token met says nothing about an account that was linked since."""
        standing = self.links.get(link)
        if standing is not None and not standing.broken and standing.linked_at <= now:
            self._record(self.LinkBroken, now, link=link, reason=reason)

    def heal_link(self, link: str, now: datetime) -> None:
        standing = self.links.get(link)
        if standing is not None and standing.broken:
            self._record(self.LinkHealed, now, link=link)

    def choose_calendar(
        self,
        link: str,
        now: datetime,
        *,
        calendar: str,
        name: str = "",
        busy: tuple[str, ...] = (),
        tentative_busy: bool = True,
        all_day_busy: bool = True,
    ) -> None:
        """Say which calendar is written (empty: the account's own) and what counts as busy time."""
        standing = self._linked(link)
        chosen: dict[str, Any] = {
            "calendar": calendar,
            "name": name,
            "busy": () if busy == (calendar,) else busy,
            "tentative_busy": tentative_busy,
            "all_day_busy": all_day_busy,
        }
        if not standing.chosen or any(getattr(standing, name) != value for name, value in chosen.items()):
            self._record(self.CalendarChosen, now, link=link, **chosen)

    def note_vanished(self, link: str, count: int, now: datetime) -> None:
        """Stop and ask: so many entries are gone at once that nobody can have meant each of them."""
        standing = self.links.get(link)
        if standing is not None and not standing.vanished:
            self._record(self.EntriesVanished, now, link=link, count=count)

    def answer_vanished(self, link: str, restore: bool, now: datetime) -> None:
        if self._linked(link).vanished:
            self._record(self.VanishingAnswered, now, link=link, restore=restore)

    def _linked(self, link: str) -> Link:
        if link not in self.links:
            raise NotFound
        return self.links[link]

    def when(self, event: Event) -> None:
        match event:
            case AccountLinked():
                self._remember_link(event)
            case AccountUnlinked(link=link, leave=leave):
                self.links.pop(link, None)
                self.left.pop(link, None)  # the newest stands last
                self.left[link] = leave
            case AccountBroken(link=link, reason=reason, at=at):
                self._change(link, broken=reason, broken_since=at)
            case AccountHealed(link=link):
                self._change(link, broken="", broken_since=None)
            case CalendarSelected(link=link):
                self._change(link, chosen=True, **{name: getattr(event, name) for name in _CHOICES})
            case EntriesDisappeared(link=link, count=count):
                self._change(link, vanished=count)
            case DisappearanceAnswered(link=link):
                self._change(link, vanished=0)

    def _remember_link(self, event: AccountLinked) -> None:
        """Linked anew, an account keeps what was chosen about its calendars; with another plan alone, it is
        not linked anew."""
        fresh = Link(
            event.link,
            event.provider,
            event.account,
            event.at,
            event.missing,
            event.ends_at,
            plan=event.plan,
        )
        if standing := self.links.get(event.link):
            kept = {name: getattr(standing, name) for name in ("chosen", *_CHOICES)}
            if not standing.broken and standing.plan != event.plan:
                kept["linked_at"] = standing.linked_at
            fresh = msgspec.structs.replace(fresh, **kept)
        self.links[event.link] = fresh
        self.left.pop(event.link, None)

    def _change(self, link: str, **changes: Any) -> None:
        if link in self.links:
            self.links[link] = msgspec.structs.replace(self.links[link], **changes)


_CHOICES = ("calendar", "name", "busy", "tentative_busy", "all_day_busy")
