"""Member: a person of the company, and which outside accounts speak for them (facts, never tokens)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from chouseiapo.domain import links
from chouseiapo.domain.errors import AlreadyExists, Invalid
from chouseiapo.domain.event import Event, Personal
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.domain.meeting_options import MeetingOptions, check_options
from chouseiapo.domain.proposal import check_locale, check_url


class Role(StrEnum):
    MEMBER = "member"
    ADMINISTRATOR = "administrator"


class Member(Linkable):
    """Can sign in, can attend; has one calendar (built in until another is linked) and perhaps Zoom.

    `feed` is the generation of the calendar feed's address, 0 while there is none.
    """

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

    class MeetingUrlChosen(Event, frozen=True, kw_only=True):
        """The member's own fixed address for web meetings; empty: there is none any more."""

        NAME: ClassVar[str] = "member.meeting-url-chosen"
        url: Personal[str]

    class MeetingOptionsChosen(Event, frozen=True, kw_only=True):
        """What meetings of this member are like unless an appointment says something else."""

        NAME: ClassVar[str] = "member.meeting-options-chosen"
        options: MeetingOptions

    class FeedIssued(Event, frozen=True, kw_only=True):
        """The member's calendar feed has a new address; those of lower generations answer nothing."""

        NAME: ClassVar[str] = "member.feed-issued"
        generation: int

    class FeedRevoked(Event, frozen=True, kw_only=True):
        """The member's calendar feed has no address any more, until one of a higher generation is issued."""

        NAME: ClassVar[str] = "member.feed-revoked"
        generation: int

    class Linked(links.AccountLinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.linked"

    class Unlinked(links.AccountUnlinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.unlinked"

    class LinkBroken(links.AccountBroken, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.link-broken"

    class LinkHealed(links.AccountHealed, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.link-healed"

    class CalendarChosen(links.CalendarSelected, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.calendar-chosen"

    class EntriesVanished(links.EntriesDisappeared, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.entries-vanished"

    class VanishingAnswered(links.DisappearanceAnswered, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "member.vanishing-answered"

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.email = ""
        self.kana = ""
        self.latin = ""
        self.role = Role.MEMBER
        self.time_zone = ""
        self.text_only = False
        self.meeting_url = ""
        self.meeting_options = MeetingOptions()
        self.feed = 0
        self._feeds = 0

    @property
    def zoom(self) -> Link | None:
        return next((link for link in self.links.values() if link.provider is Provider.ZOOM), None)

    @property
    def can_host(self) -> bool:
        """Whether there is a Zoom account, and it works."""
        return self.zoom is not None and not self.zoom.broken

    def name_in(self, locale: str) -> str:
        """As whoever reads that language can read it: in Latin letters, where they are known."""
        return self.latin if locale == "en" and self.latin else self.name

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

    def choose_meeting_url(self, url: str, now: datetime) -> None:
        """Set the fixed address that web meetings of this member may use; empty for none."""
        chosen = url.strip()
        if chosen and (problems := list(check_url(chosen, "meeting_url"))):
            raise Invalid(*problems)
        if chosen != self.meeting_url:
            self._record(self.MeetingUrlChosen, now, url=chosen)

    def choose_meeting_options(self, options: MeetingOptions, now: datetime) -> None:
        if problems := list(check_options(options)):
            raise Invalid(*problems)
        if options != self.meeting_options:
            self._record(self.MeetingOptionsChosen, now, options=options)

    def issue_feed(self, now: datetime) -> None:
        """Give the feed a new address; the one before answers nothing from now on."""
        self._record(self.FeedIssued, now, generation=self._feeds + 1)

    def revoke_feed(self, now: datetime) -> None:
        """Take the feed's address back without giving it another; without one, nothing changes."""
        if self.feed:
            self._record(self.FeedRevoked, now, generation=self.feed)

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
            case Member.MeetingUrlChosen(url=url):
                self.meeting_url = url
            case Member.MeetingOptionsChosen(options=options):
                self.meeting_options = options
            case Member.FeedIssued(generation=generation):
                self.feed = self._feeds = generation
            case Member.FeedRevoked():
                self.feed = 0
            case _:
                super().when(event)
