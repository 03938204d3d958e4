"""Directory: the people, the rooms, and the accounts that speak for them; one method a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from eventsourcing.persistence import IntegrityError

from chouseiapo.aggregates import Aggregates
from chouseiapo.domain.account import Account
from chouseiapo.domain.errors import AlreadyExists, Invalid, NotFound, Problem
from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.ids import link_id, link_owner, member_id, new_id
from chouseiapo.domain.links import Leaving, Link, Linkable, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.member import Member, Role
from chouseiapo.domain.organization import ORGANIZATION, Organization
from chouseiapo.domain.proposal import is_address
from chouseiapo.domain.reminder_rules import ReminderRule
from chouseiapo.domain.room import Room

BY_ITSELF = Meta(actor=SYSTEM)
L = TypeVar("L", bound=Linkable)


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
        return self._ask_member(member, cause, lambda m: m.issue_feed(now))

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
        others: Iterable[str] = (),
        plan: str = "",
    ) -> str:
        """Let an account speak for a member, room or the organization; answers the link's id. `subject`
        outlives its address. A Zoom account speaks for one alone: the same save unlinks whoever had it.
        """
        link = link_id(provider, owner, subject)
        said: dict[str, Any] = {"missing": missing, "ends_at": ends_at, "plan": plan}
        if provider is Provider.ZOOM:
            self._link_alone(owner, link, account, cause, now, others, **said)
        else:
            self._ask_owner(owner, cause, lambda o: o.link(link, provider, account, now, **said))
        return link

    def _link_alone(
        self,
        owner: str,
        link: str,
        account: str,
        cause: Meta,
        now: datetime,
        others: Iterable[str],
        **said: Any,
    ) -> None:
        """`others`: links to the same account from before accounts were claimed, as far as anybody knows."""

        def attempt() -> None:
            found, held = self.owner(owner), self.account(link)
            if cause.command and cause.command in found.commands:
                return
            losing = self._holders({held.holder, *others} - {"", link})
            for other, loser in losing.items():
                loser.unlink(other, now, Leaving.KEEP, moved_to=owner)
            before = set(found.links)
            found.link(link, Provider.ZOOM, account, now, **said)
            held.claim(link, now)
            self.save_all(
                cause, found, held, *losing.values(), *self._released(before - set(found.links), now)
            )

        self.insist(attempt)

    def _holders(self, links: Iterable[str]) -> dict[str, Linkable]:
        """Those for whom the links speak, by link."""
        owners = self.owners(link_owner(link) for link in links)
        standing = {link: owners[link_owner(link)] for link in links}
        return {link: owner for link, owner in standing.items() if link in owner.links}

    def _released(self, links: Iterable[str], now: datetime) -> list[Account]:
        """The accounts of links that speak no more, let go."""
        accounts = [(link, self.account(link)) for link in links if link.startswith(f"{Provider.ZOOM}-")]
        for link, account in accounts:
            account.release(link, now)
        return [account for _, account in accounts]

    def unlink_account(
        self, owner: str, provider: Provider, cause: Meta, now: datetime, leave: Leaving = Leaving.REMOVE
    ) -> str:
        """Let the account of that kind speak no longer; answers the link's id. Raises NotFound."""
        found = self.owner(owner)
        if cause.command and cause.command in found.commands:
            return _of(provider, found.left)
        if not (link := _of(provider, found.links)):
            raise NotFound
        self.unlink(link, cause, now, leave)
        return link

    def unlink(
        self,
        link: str,
        cause: Meta,
        now: datetime,
        leave: Leaving = Leaving.REMOVE,
        *,
        deauthorized: bool = False,
    ) -> None:
        """Let one account speak no longer; one that does not is no error."""

        def attempt() -> None:
            found = self.owner(link_owner(link))
            if link in found.links:
                found.unlink(link, now, leave, deauthorized=deauthorized)
                self.save_all(cause, found, *self._released([link], now))

        self.insist(attempt)

    # Meetings

    def choose_meeting_url(self, member: str, url: str, cause: Meta, now: datetime) -> None:
        """The fixed address that a member's web meetings may use; raises Invalid."""
        self._ask_member(member, cause, lambda m: m.choose_meeting_url(url, now))

    def choose_meeting_options(self, owner: str, options: MeetingOptions, cause: Meta, now: datetime) -> None:
        """What meetings of a member, or of everybody (`owner` is the organization), are like."""

        def choose(found: Linkable) -> None:
            if not isinstance(found, Member | Organization):
                raise NotFound
            found.choose_meeting_options(options, now)

        self._ask_owner(owner, cause, choose)

    def choose_reminders(self, rules: Sequence[ReminderRule], cause: Meta, now: datetime) -> None:
        """When everybody is reminded; raises Invalid."""

        def choose(found: Linkable) -> None:
            if isinstance(found, Organization):
                found.choose_reminders(rules, now)

        self._ask_owner(ORGANIZATION, cause, choose)

    def choose_calendar(self, link: str, cause: Meta, now: datetime, **chosen: Any) -> None:
        """Which of the account's calendars is written and what counts as busy: see Linkable."""
        self._ask_owner(link_owner(link), cause, lambda o: o.choose_calendar(link, now, **chosen))

    def break_link(self, link: str, reason: str, now: datetime) -> None:
        """Note that a vendor refuses the link's token; a second time changes nothing."""
        self._ask_owner(link_owner(link), BY_ITSELF, lambda o: o.break_link(link, reason, now))

    def note_plan(self, link: str, plan: str, now: datetime) -> None:
        """Note what the account's owner has at the vendor by now."""
        self._ask_owner(link_owner(link), BY_ITSELF, lambda o: o.note_plan(link, plan, now))

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

    def was_taken_away(self, link: str) -> bool:
        """Whether its owner has unlinked the account and wants nothing of ours left there, nor does it speak
        for anybody else."""
        owner = link_owner(link)
        left = self.owners([owner])[owner].left.get(link)
        return left is Leaving.REMOVE and not self.account(link).holder

    def linked(self, link: str) -> Link | None:
        """What is known of a link that stands."""
        owner = link_owner(link)
        return self.owners([owner])[owner].links.get(link)

    def _ask_member(self, id: str, cause: Meta, ask: Callable[[Member], None]) -> Member:
        return self._ask(lambda: self.member(id), cause, ask)

    def _ask_owner(self, id: str, cause: Meta, ask: Callable[[Linkable], None]) -> None:
        self._ask(lambda: self.owner(id), cause, ask)

    def _ask(self, load: Callable[[], L], cause: Meta, ask: Callable[[L], None]) -> L:
        """Once for each command: one whose reply was lost has been carried out already."""

        def attempt() -> L:
            found = load()
            if not (cause.command and cause.command in found.commands):
                ask(found)
                self.save_all(cause, found)
            return found

        return self.insist(attempt)


def _of(provider: Provider, links: Iterable[str]) -> str:
    """The newest of the links that leads to such an account; empty when there is none."""
    return next((link for link in reversed(list(links)) if link.startswith(f"{provider}-")), "")
