"""Member: a person of the company, and which outside accounts speak for them (facts, never tokens)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import msgspec

from chouseiapo.domain.errors import AlreadyExists, Invalid, NotFound
from chouseiapo.domain.event import Aggregate, Event
from chouseiapo.domain.proposal import check_locale


class Role(StrEnum):
    MEMBER = "member"
    ADMINISTRATOR = "administrator"


class Provider(StrEnum):
    """Whose account a link leads to."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    ZOOM = "zoom"


class Link(msgspec.Struct, frozen=True):
    """An outside account that speaks for a member; `broken` says why it does not work, empty when it does."""

    id: str
    provider: Provider
    account: str
    linked_at: datetime
    broken: str = ""
    broken_since: datetime | None = None


class Member(Aggregate):
    """Can sign in, can attend; has one calendar (built in until another is linked) and perhaps Zoom."""

    class Registered(Event, frozen=True, kw_only=True):
        """The person belongs to the company from now on; `email` is their identity for signing in."""

        NAME: ClassVar[str] = "member.registered"
        email: str
        name: str
        kana: str = ""
        latin: str = ""
        role: Role = Role.MEMBER
        locale: str = ""
        time_zone: str = ""

    class MailFormatChosen(Event, frozen=True, kw_only=True):
        """Mails to this member come as text only, or with HTML again."""

        NAME: ClassVar[str] = "member.mail-format-chosen"
        text_only: bool

    class LocalityChosen(Event, frozen=True, kw_only=True):
        """The member's language (`ja`, `en`) and IANA zone; empty: the organization's."""

        NAME: ClassVar[str] = "member.locality-chosen"
        locale: str
        time_zone: str

    class Linked(Event, frozen=True, kw_only=True):
        """An account speaks for the member; it replaces an earlier one of the same purpose, or heals it."""

        NAME: ClassVar[str] = "member.linked"
        link: str
        provider: Provider
        account: str

    class Unlinked(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.unlinked"
        link: str

    class LinkBroken(Event, frozen=True, kw_only=True):
        """The vendor refuses the account's token; nothing is read or written there until it heals."""

        NAME: ClassVar[str] = "member.link-broken"
        link: str
        reason: str

    class LinkHealed(Event, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.link-healed"
        link: str

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.email = ""
        self.name = ""
        self.kana = ""
        self.latin = ""
        self.role = Role.MEMBER
        self.locale = ""
        self.time_zone = ""
        self.text_only = False
        self.links: dict[str, Link] = {}

    @property
    def calendar(self) -> Link | None:
        """The linked calendar; None means the built-in one."""
        return next((link for link in self.links.values() if link.provider is not Provider.ZOOM), None)

    @property
    def zoom(self) -> Link | None:
        return next((link for link in self.links.values() if link.provider is Provider.ZOOM), None)

    @property
    def can_host(self) -> bool:
        """Whether there is a Zoom account, and it works."""
        return self.zoom is not None and not self.zoom.broken

    def register(
        self,
        email: str,
        name: str,
        now: datetime,
        *,
        kana: str = "",
        latin: str = "",
        role: Role = Role.MEMBER,
        locale: str = "",
        time_zone: str = "",
    ) -> None:
        """Register the person; raises AlreadyExists when the address belongs to somebody."""
        if self.version:
            raise AlreadyExists
        person = {"email": email, "name": name, "kana": kana, "latin": latin}
        self._record(self.Registered, now, **person, role=role, locale=locale, time_zone=time_zone)

    def choose_mail_format(self, text_only: bool, now: datetime) -> None:
        if text_only != self.text_only:
            self._record(self.MailFormatChosen, now, text_only=text_only)

    def choose_locality(self, locale: str | None, time_zone: str | None, now: datetime) -> None:
        """Set language and zone, empty for the organization's; None leaves one as it is."""
        chosen = (
            self.locale if locale is None else locale,
            self.time_zone if time_zone is None else time_zone,
        )
        if problems := list(check_locale(chosen[1], chosen[0])):
            raise Invalid(*problems)
        if chosen != (self.locale, self.time_zone):
            self._record(self.LocalityChosen, now, locale=chosen[0], time_zone=chosen[1])

    def link(self, link: str, provider: Provider, account: str, now: datetime) -> None:
        """Let the account speak for the member; the other account of the same purpose is unlinked."""
        zoom = provider is Provider.ZOOM
        for other in list(self.links.values()):
            if (other.provider is Provider.ZOOM) == zoom and other.id != link:
                self._record(self.Unlinked, now, link=other.id)
        standing = self.links.get(link)
        if standing is None or standing.broken or standing.account != account:
            self._record(self.Linked, now, link=link, provider=provider, account=account)

    def unlink(self, link: str, now: datetime) -> None:
        if link not in self.links:
            raise NotFound
        self._record(self.Unlinked, now, link=link)

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

    def when(self, event: Event) -> None:
        match event:
            case Member.Registered():
                self.email, self.name, self.kana = event.email, event.name, event.kana
                self.latin, self.role = event.latin, event.role
                self.locale, self.time_zone = event.locale, event.time_zone
            case Member.MailFormatChosen(text_only=text_only):
                self.text_only = text_only
            case Member.LocalityChosen(locale=locale, time_zone=time_zone):
                self.locale, self.time_zone = locale, time_zone
            case Member.Linked(link=link, provider=provider, account=account, at=at):
                self.links[link] = Link(link, provider, account, linked_at=at)
            case Member.Unlinked(link=link):
                self.links.pop(link, None)
            case Member.LinkBroken(link=link, reason=reason, at=at) if link in self.links:
                changed = msgspec.structs.replace(self.links[link], broken=reason, broken_since=at)
                self.links[link] = changed
            case Member.LinkHealed(link=link) if link in self.links:
                self.links[link] = msgspec.structs.replace(self.links[link], broken="", broken_since=None)
