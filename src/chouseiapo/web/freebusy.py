"""When people and rooms are busy: our own holds and reservations first, then their linked calendars."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from itertools import groupby

from chouseiapo.bootstrap import Services
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import Link
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import Busy, Counting, PortError
from chouseiapo.web.asking import Asking
from chouseiapo.web.recent import Recent
from projections.offers import claims_on

# A grid is of use without one of its people, and nobody waits longer for a page without wondering. On a usual
# day vendors answer well within it.
BUDGET_S = 2.5
# With these nobody else's token would get further.
_NOBODY_THERE = ("unreachable", "unavailable")

# What each link's calendar tells, to be brought.
Answers = Mapping[Link, Future[list[Busy] | None]]

log = logging.getLogger(__name__)


class FreeBusy:
    """Reads many calendars in few calls, and again only after a while; never used on a guest's page.

    What can't be read is unknown (None), never free: a broken link is not asked at all, and who has not
    answered in time is unknown for now. Their call goes on, and the next look finds its answer.
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
        self._ask({link: answer for (link, _), answer in mine.items()}, author, window)
        wait(answers.values(), BUDGET_S)
        return {link: answer.result() if answer.done() else None for (link, _), answer in answers.items()}

    def _ask(self, told: Answers, author: Link | None, window: Slot) -> None:
        """One token asks for all colleagues of its provider; whom it can't see is asked with their own.
        Nobody waits here: every answer is brought by the thread that got it."""
        with _brought(told.values()):
            groups = _groups(told)
            for group in groups:
                seen = self._ask_for_all(group, author, window)
                seen.add_done_callback(partial(self._ask_on, {link: told[link] for link in group}, window))
            grouped = {link for group in groups for link in group}
            for link in [link for link in told if link not in grouped]:
                self._ask_alone(link, told[link], window)

    def _ask_on(self, told: Answers, window: Slot, answer: Future[dict[str, list[Busy] | None]]) -> None:
        """Pass on what one token was told of a group, and ask the others alone."""
        with _brought(told.values()):
            seen = _seen(list(told), answer)
            for link, busy in seen.items():
                told[link].set_result(busy)
            for link in [link for link in told if link not in seen]:
                self._ask_alone(link, told[link], window)

    def _ask_for_all(
        self, group: Sequence[Link], author: Link | None, window: Slot
    ) -> Future[dict[str, list[Busy] | None]]:
        """The author's token asks. Without one of that provider the first of those asked about lends theirs:
        any will do, and the first attendee is who leads, unless somebody else was chosen."""
        lends = author and author.provider is group[0].provider and not author.broken
        asker = (author if author and lends else group[0]).id
        calendar, addresses = self._services.calendar_of(asker), [address_of(link) for link in group]
        return self._asking.ask(asker, lambda: calendar.schedules(asker, addresses, window.start, window.end))

    def _ask_alone(self, link: Link, told: Future[list[Busy] | None], window: Slot) -> None:
        calendar = self._services.calendar_of(link.id)
        answer = self._asking.ask(
            link.id,
            lambda: calendar.busy(link.id, window.start, window.end, link.busy_calendars, counting_of(link)),
        )
        answer.add_done_callback(partial(_pass_on, told))


@contextmanager
def _brought(answers: Iterable[Future[list[Busy] | None]]) -> Iterator[None]:
    """Somebody may be waiting for each: what goes wrong on the way is their answer."""
    try:
        yield
    except BaseException as error:
        for answer in answers:
            if not answer.done():
                answer.set_exception(error)


def _pass_on(told: Future[list[Busy] | None], answer: Future[list[Busy]]) -> None:
    with _brought([told]):
        told.set_result(_own(answer))


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
