"""Organization: what holds for everybody who uses this installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from chouseiapo.domain import links
from chouseiapo.domain.errors import Invalid
from chouseiapo.domain.event import Event
from chouseiapo.domain.links import Link, Linkable
from chouseiapo.domain.meeting_options import MeetingOptions, check_options
from chouseiapo.domain.reminder_rules import ReminderRule, check_reminders

ORGANIZATION = "organization"


class Organization(Linkable):
    """There is one, and it stands from the beginning. Its links are the Zoom hosts that serve those who have
    no Zoom of their own.

    `reminders` is empty as long as nobody has chosen any: then the settings say the hour.
    """

    class Linked(links.AccountLinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "organization.linked"

    class Unlinked(links.AccountUnlinked, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "organization.unlinked"

    class LinkBroken(links.AccountBroken, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "organization.link-broken"

    class LinkHealed(links.AccountHealed, frozen=True, kw_only=True):
        NAME: ClassVar[str] = "organization.link-healed"

    class MeetingOptionsChosen(Event, frozen=True, kw_only=True):
        """What meetings are like unless a member or an appointment says something else."""

        NAME: ClassVar[str] = "organization.meeting-options-chosen"
        options: MeetingOptions

    class RemindersChosen(Event, frozen=True, kw_only=True):
        """When people are reminded of what is to come."""

        NAME: ClassVar[str] = "organization.reminders-chosen"
        rules: tuple[ReminderRule, ...]

    several = True

    def __init__(self, id: str = ORGANIZATION) -> None:
        super().__init__(id)
        self.meeting_options = MeetingOptions()
        self.reminders: tuple[ReminderRule, ...] = ()

    @property
    def hosts(self) -> list[Link]:
        """The accounts that can host, in the order in which they are asked."""
        return [link for link in self.links.values() if not link.broken]

    def choose_meeting_options(self, options: MeetingOptions, now: datetime) -> None:
        if problems := list(check_options(options)):
            raise Invalid(*problems)
        if options != self.meeting_options:
            self._record(self.MeetingOptionsChosen, now, options=options)

    def choose_reminders(self, rules: Sequence[ReminderRule], now: datetime) -> None:
        """Set the rules; the same rule twice is one."""
        chosen = tuple(sorted(set(rules)))
        if problems := list(check_reminders(chosen)):
            raise Invalid(*problems)
        if chosen != self.reminders:
            self._record(self.RemindersChosen, now, rules=chosen)

    def when(self, event: Event) -> None:
        match event:
            case Organization.MeetingOptionsChosen(options=options):
                self.meeting_options = options
            case Organization.RemindersChosen(rules=rules):
                self.reminders = rules
            case _:
                super().when(event)
