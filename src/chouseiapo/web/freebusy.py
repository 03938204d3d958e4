"""When people and rooms are busy: our own holds and reservations first, then their linked calendars."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import groupby

from chouseiapo.bootstrap import Services
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import Link
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import Busy, Counting, PortError
from chouseiapo.web.asking import Asking
from chouseiapo.web.recent import Recent
from projections.offers import claims_on

# With these nobody else's token would get further.
_NOBODY_THERE = ("unreachable", "unavailable")

log = logging.getLogger(__name__)


class FreeBusy:
    """Reads many calendars in few calls, and again only after a while; never used on a guest's page.

    What can't be read is unknown (None), never free: a broken link is not asked at all.
    """

    def __init__(self, services: Services, asking: Asking) -> None:
        self._services = services
        self._asking = asking
        # By all that is known of a link: linked anew, or with other calendars chosen, it is asked anew.
        self._recent: Recent[tuple[Link, Slot], list[Busy] | None] = Recent(services.clock)

    def of(self, resources: Sequence[str], window: Slot, member: str) -> Mapping[str, list[Busy] | None]:
        """Busy intervals of each resource inside the window, merged; None where a calendar is silent.

        `member` is who wants to know: their token may ask for all their colleagues at once.
        """
        own = claims_on(self._services.rows, resources, window)
        owners = self._services.coordination.owners({*resources, member})
        links = {resource: owners[resource].calendar_in_use for resource in resources}
        readable = [link for link in dict.fromkeys(links.values()) if link and not link.broken]
        outside = self._read(readable, owners[member].calendar, window)
        found: dict[str, list[Busy] | None] = {}
        for resource, link in links.items():
            # A built-in calendar holds nothing but our own entries, which are counted already.
            busy = outside.get(link) if link else []
            claimed = [Busy(c.start, c.end) for c in own if c.resource == resource]
            found[resource] = None if busy is None else merged([*busy, *claimed])
        return found

    def _read(
        self, links: Sequence[Link], author: Link | None, window: Slot
    ) -> dict[Link, list[Busy] | None]:
        answers, mine = self._recent.take([(link, window) for link in links])
        try:
            for link, busy in self._asked([link for link, _ in mine], author, window):
                mine[link, window].set_result(busy)
        finally:
            for answer in mine.values():
                if not answer.done():
                    answer.set_result(None)
        return {link: answer.result() for (link, _), answer in answers.items()}

    def _asked(
        self, links: Sequence[Link], author: Link | None, window: Slot
    ) -> Iterator[tuple[Link, list[Busy] | None]]:
        """One token asks for all colleagues of its provider; whom it can't see is asked with their own."""
        told: dict[Link, list[Busy] | None] = {}
        groups = [(group, self._ask_for_all(group, author, window)) for group in _groups(links)]
        for group, seen in groups:
            told |= _seen(group, seen)
        yield from told.items()
        alone = {link: self._ask_alone(link, window) for link in links if link not in told}
        for link, answer in alone.items():
            yield link, _own(answer)

    def _ask_for_all(
        self, group: Sequence[Link], author: Link | None, window: Slot
    ) -> Future[dict[str, list[Busy] | None]]:
        """The author's token asks. Without one of that provider the first of those asked about lends theirs:
        any will do, and the first attendee is who leads, unless somebody else was chosen."""
        lends = author and author.provider is group[0].provider and not author.broken
        asker = (author if author and lends else group[0]).id
        calendar, addresses = self._services.calendar_of(asker), [address_of(link) for link in group]
        return self._asking.ask(asker, lambda: calendar.schedules(asker, addresses, window.start, window.end))

    def _ask_alone(self, link: Link, window: Slot) -> Future[list[Busy]]:
        calendar = self._services.calendar_of(link.id)
        return self._asking.ask(
            link.id,
            lambda: calendar.busy(link.id, window.start, window.end, link.busy_calendars, counting_of(link)),
        )


def _seen(
    group: Sequence[Link], answer: Future[dict[str, list[Busy] | None]]
) -> dict[Link, list[Busy] | None]:
    """Whose busy time the answer tells; whoever is not in it is still to be asked alone."""
    try:
        seen = answer.result()
    except PortError as failure:
        log.info("free/busy of %s %s accounts: %s", len(group), group[0].provider, failure.reason)
        return dict.fromkeys(group) if failure.reason.startswith(_NOBODY_THERE) else {}
    told = {link: seen.get(address_of(link)) for link in group}
    return {link: busy for link, busy in told.items() if busy is not None}


def _own(answer: Future[list[Busy]]) -> list[Busy] | None:
    try:
        return answer.result()
    except PortError as failure:
        log.info("free/busy of one account: %s", failure.reason)
        return None


def counting_of(link: Link) -> Counting:
    """Which entries its owner counts as busy time."""
    return Counting(link.tentative_busy, link.all_day_busy)


def address_of(link: Link) -> str:
    """Under which address others can ask; empty where only its owner's own choices say what counts."""
    if link.is_plain:
        return link.account
    counts_all = link.tentative_busy and link.all_day_busy and link.busy_calendars == (link.calendar,)
    is_rooms = is_of("room", link_owner(link.id)) and "@" in link.calendar
    return link.calendar if is_rooms and counts_all else ""


def _groups(links: Iterable[Link]) -> list[list[Link]]:
    """Those whom one token can ask about, by provider; nobody needs another's token to be asked alone."""
    askable = sorted((link for link in links if address_of(link)), key=lambda link: link.provider)
    groups = [list(group) for _, group in groupby(askable, key=lambda link: link.provider)]
    return [group for group in groups if len(group) > 1]


def merged(intervals: Iterable[Busy]) -> list[Busy]:
    """The same time as few intervals, in order."""
    result: list[Busy] = []
    for interval in sorted(intervals, key=lambda b: (b.start, b.end)):
        if result and interval.start <= result[-1].end:
            result[-1] = Busy(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result
