"""Directory: the people, the rooms, and the accounts that speak for them; one method a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from eventsourcing.persistence import IntegrityError

from chouseiapo.aggregates import Aggregates
from chouseiapo.domain.errors import AlreadyExists, Invalid, Problem
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.ids import link_id, link_owner, member_id, new_id
from chouseiapo.domain.links import Leaving, Link, Linkable, Provider
from chouseiapo.domain.member import Member, Role
from chouseiapo.domain.proposal import is_address
from chouseiapo.domain.room import Room

BY_ITSELF = Meta(actor=SYSTEM)


class Directory(Aggregates):
    """Every command takes `cause` (who, which command), unless it happens by itself, and `now` (UTC)."""

    def register_member(
        self, email: str, name: str, cause: Meta, now: datetime, role: Role = Role.MEMBER, **names: str
    ) -> Member:
        """Register a person by address; raises Invalid, or AlreadyExists for a known address."""
        address = email.strip().lower()
        problems = [] if is_address(address) else [Problem("email", "email_invalid")]
        if not name.strip():
            problems.append(Problem("name", "name_missing"))
        if problems:
            raise Invalid(*problems)
        member = Member.remember(member_id(address), self.stream(member_id(address)))
        if cause.command and cause.command in member.commands:
            return member
        member.register(address, name.strip(), now, role=role, **names)
        try:
            self.save_all(cause, member)
        except IntegrityError:
            raise AlreadyExists from None
        return member

    def add_room(self, name: str, seats: int, cause: Meta, now: datetime, id: str = "") -> Room:
        room = Room(id or new_id("room"))
        room.add(name, seats, now)
        self.save_all(cause, room)
        return room

    def choose_mail_format(self, member: str, text_only: bool, cause: Meta, now: datetime) -> None:
        self._ask_member(member, cause, lambda m: m.choose_mail_format(text_only, now))

    def choose_locality(
        self, member: str, locale: str | None, time_zone: str | None, cause: Meta, now: datetime
    ) -> None:
        self._ask_member(member, cause, lambda m: m.choose_locality(locale, time_zone, now))

    def issue_feed(self, member: str, cause: Meta, now: datetime) -> Member:
        """Give the member's calendar feed a new address, unless the same command has done so already."""

        def attempt() -> Member:
            found = self.member(member)
            if not (cause.command and cause.command in found.commands):
                found.issue_feed(now)
                self.save_all(cause, found)
            return found

        return self.insist(attempt)

    def revoke_feed(self, member: str, cause: Meta, now: datetime) -> None:
        """Take the address of the member's calendar feed back; without one, nothing changes."""
        self._ask_member(member, cause, lambda m: m.revoke_feed(now))

    # Accounts that speak for members and rooms

    def link_account(
        self,
        owner: str,
        provider: Provider,
        subject: str,
        account: str,
        cause: Meta,
        now: datetime,
        missing: tuple[str, ...] = (),
        ends_at: datetime | None = None,
    ) -> str:
        """Let an account speak for a member or room; answers the link's id. `subject` outlives
        its address."""
        link = link_id(provider, owner, subject)
        self._ask_owner(
            owner,
            cause,
            lambda o: o.link(link, provider, account, now, missing=missing, ends_at=ends_at),
        )
        return link

    def unlink_account(
        self, owner: str, provider: Provider, cause: Meta, now: datetime, leave: Leaving = Leaving.REMOVE
    ) -> str:
        """Let the account of that kind speak no longer; answers the link's id. Raises NotFound."""

        def unlink(found: Linkable) -> None:
            found.unlink(_of(provider, found.links), now, leave)

        return _of(provider, self._ask_owner(owner, cause, unlink).left)

    def choose_calendar(self, link: str, cause: Meta, now: datetime, **chosen: Any) -> None:
        """Which of the account's calendars is written and what counts as busy: see Linkable."""
        self._ask_owner(link_owner(link), cause, lambda o: o.choose_calendar(link, now, **chosen))

    def break_link(self, link: str, reason: str, now: datetime) -> None:
        """Note that a vendor refuses the link's token; a second time changes nothing."""
        self._ask_owner(link_owner(link), BY_ITSELF, lambda o: o.break_link(link, reason, now))

    def heal_link(self, link: str, now: datetime) -> None:
        self._ask_owner(link_owner(link), BY_ITSELF, lambda o: o.heal_link(link, now))

    def note_vanished(self, link: str, count: int, now: datetime) -> None:
        """Stop and ask what it means that so many entries are gone at once."""
        self._ask_owner(link_owner(link), BY_ITSELF, lambda o: o.note_vanished(link, count, now))

    def answer_vanished(self, link: str, restore: bool, cause: Meta, now: datetime) -> None:
        self._ask_owner(link_owner(link), cause, lambda o: o.answer_vanished(link, restore, now))

    def is_broken(self, link: str) -> bool:
        """Whether the link is known to be refused; what is nobody's account can't be."""
        standing = self.linked(link)
        return standing is not None and bool(standing.broken)

    def is_linked(self, link: str) -> bool:
        """Whether the account speaks for somebody; mail queues and built-in calendars are no accounts."""
        return self.linked(link) is not None

    def linked(self, link: str) -> Link | None:
        """What is known of a link that stands."""
        owner = link_owner(link)
        return self.owners([owner])[owner].links.get(link)

    def _ask_member(self, id: str, cause: Meta, ask: Callable[[Member], None]) -> None:
        def attempt() -> None:
            member = self.member(id)
            ask(member)
            self.save_all(cause, member)

        self.insist(attempt)

    def _ask_owner(self, id: str, cause: Meta, ask: Callable[[Linkable], None]) -> Linkable:
        """Once for each command: one whose reply was lost has been carried out already."""

        def attempt() -> Linkable:
            owner = self.owner(id)
            if not (cause.command and cause.command in owner.commands):
                ask(owner)
                self.save_all(cause, owner)
            return owner

        return self.insist(attempt)


def _of(provider: Provider, links: Iterable[str]) -> str:
    """The newest of the links that leads to such an account; empty when there is none."""
    return next((link for link in reversed(list(links)) if link.startswith(f"{provider}-")), "")
