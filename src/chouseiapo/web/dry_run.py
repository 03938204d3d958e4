"""A dry run before anything is sent: can each hold be written, is each link alive, is there a host?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from datetime import datetime
from enum import StrEnum

import msgspec

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Platform
from chouseiapo.ports import PortError
from chouseiapo.web.asking import Asking, is_dead
from chouseiapo.web.recent import Recent

BUDGET_S = 2.0
CALENDAR, HOST = "calendar", "host"
# The account is well, the chosen calendar is not.
OF_THE_CALENDAR = READ_ONLY, NOT_FOUND = "read_only", "calendar_not_found"
FORESEEN = VANISHED, ENDS, MISSING = "entries_vanished", "ends_soon", "permission_missing"


class Level(StrEnum):
    """`attention`: it may work, somebody should look. `fails`: as things stand it will not."""

    OK = "ok"
    ATTENTION = "attention"
    FAILS = "fails"


class Finding(msgspec.Struct, frozen=True):
    """What a look at somebody's calendar, or at the host's account, has told. `who` is a member's or room's
    id; `reason` a stable code, empty where all is well; `link` None for the built-in calendar.
    """

    who: str
    kind: str
    level: Level
    reason: str = ""
    link: Link | None = None


class DryRun:
    """Asks linked accounts side by side, for two seconds at most, and not again for a while."""

    def __init__(self, services: Services, asking: Asking) -> None:
        self._services = services
        self._asking = asking
        self._recent: Recent[Link, str] = Recent(services.clock)

    def of(self, appointment: Appointment) -> list[Finding]:
        """For everybody and every room whose calendar will be written, and for who hosts the meeting."""
        standing = appointment.occurrences or appointment.open_candidates
        resources = dict.fromkeys(who for candidate in standing for who in appointment.resources(candidate))
        owners = self._services.coordination.owners({*resources, appointment.organizer})
        concerned = [(who, CALENDAR, owners[who].calendar_in_use) for who in resources]
        if appointment.platform is Platform.ZOOM:
            host = appointment.organizer
            concerned.append((host, HOST, self._host(owners[host])))
        links = [link for _, _, link in concerned if link and not link.broken]
        heard = self._heard(links)
        last = max(candidate.end for candidate in standing)
        return [_finding(who, kind, link, heard, last) for who, kind, link in concerned]

    def _host(self, organizer: Linkable) -> Link | None:
        """The organizer's own account; without one, the first of the organization's, which are all alike."""
        own = organizer.zoom if isinstance(organizer, Member) else None
        return own or next(iter(self._services.coordination.organization().hosts), None)

    def _heard(self, links: Sequence[Link]) -> dict[Link, Future[str]]:
        """What each account has said, as far as it has answered by then; others wait for it no longer."""
        answers, mine = self._recent.take(links)
        for link, answer in mine.items():
            self._asking.ask(link.id, self._look(link), answer)
        wait(answers.values(), BUDGET_S)
        return answers

    def _look(self, link: Link) -> Callable[[], str]:
        """A light read that needs a live token; answers why entries can't be written all the same."""
        if link.provider is Provider.ZOOM:
            return lambda: "" if self._services.vault.access_token(link.id) else "token_refused"
        return lambda: self._calendar(link)

    def _calendar(self, link: Link) -> str:
        calendar = self._services.calendar_of(link.id)
        try:
            listed = {each.id: each for each in calendar.calendars(link.id)}
        except PortError as failure:
            if failure.auth and not is_dead(failure):
                return ""  # it may not list calendars: a live token was told so
            raise
        if link.calendar in listed:
            return "" if listed[link.calendar].writable else READ_ONLY
        if "@" in link.calendar:  # somebody else's, a room's say, need not be in the account's own list
            return "" if calendar.may_write(link.id, link.calendar) else READ_ONLY
        return NOT_FOUND if link.calendar else ""


def _finding(
    who: str, kind: str, link: Link | None, heard: Mapping[Link, Future[str]], last: datetime
) -> Finding:
    if link is None:
        alone = (Level.OK, "") if kind == CALENDAR else (Level.FAILS, "zoom_not_linked")
        return Finding(who, kind, *alone)
    if link.broken:
        return Finding(who, kind, Level.FAILS, link.broken, link)
    level, reason = _told(heard[link])
    if level is Level.OK and (reason := _foreseen(link, last)):
        level = Level.ATTENTION
    return Finding(who, kind, level, reason, link)


def _told(answer: Future[str]) -> tuple[Level, str]:
    """What the account itself has said; a vendor that stumbles for a moment keeps nothing from being sent."""
    if not answer.done():
        return Level.ATTENTION, "not_answered"
    failure = answer.exception()
    if failure is None:
        return (Level.FAILS, reason) if (reason := answer.result()) else (Level.OK, "")
    if not isinstance(failure, PortError):
        raise failure
    return Level.FAILS if failure.permanent else Level.ATTENTION, failure.reason


def _foreseen(link: Link, last: datetime) -> str:
    """What is known already and will be in the way, until the last candidate at the latest."""
    if link.vanished:
        return VANISHED
    if link.ends_at is not None and link.ends_at < last:
        return ENDS
    return MISSING if link.missing else ""
