"""When people and rooms are busy: our own holds and reservations first, then their linked calendars."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from chouseiapo.bootstrap import Services
from chouseiapo.domain.slots import Slot
from chouseiapo.ports import Busy, PortError
from projections.offers import claims_on

FRESH = timedelta(seconds=20)
AT_ONCE = 8


class FreeBusy:
    """Reads calendars side by side, and again only after a while; never used on a guest's page."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._read: dict[tuple[str, Slot], tuple[datetime, list[Busy]]] = {}
        self._lock = threading.Lock()

    def of(self, resources: Sequence[str], window: Slot) -> Mapping[str, list[Busy] | None]:
        """Busy intervals of each resource inside the window, merged; None where a calendar is silent."""
        own = claims_on(self._services.rows, resources, window)
        links = [self._services.entry_writer.link_of(resource) for resource in resources]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outside = list(pool.map(lambda link: self._calendar(link, window), links))
        return {
            resource: None
            if busy is None
            else merged([*busy, *(Busy(c.start, c.end) for c in own if c.resource == resource)])
            for resource, busy in zip(resources, outside, strict=True)
        }

    def _calendar(self, link: str, window: Slot) -> list[Busy] | None:
        if link.startswith("builtin-"):
            return []  # holds nothing but our own entries, which are counted already
        now = self._services.clock()
        with self._lock:
            read_at, busy = self._read.get((link, window), (None, []))
        if read_at is not None and now - read_at < FRESH:
            return busy
        try:
            busy = list(self._services.calendar_of(link).busy(link, window.start, window.end))
        except PortError as failure:
            if failure.auth:
                self._services.coordination.break_link(link, failure.reason, now)
            return None
        self._services.coordination.heal_link(link, now)
        with self._lock:
            self._read = {key: kept for key, kept in self._read.items() if now - kept[0] < FRESH}
            self._read[link, window] = (now, busy)
        return busy


def merged(intervals: Iterable[Busy]) -> list[Busy]:
    """The same time as few intervals, in order."""
    result: list[Busy] = []
    for interval in sorted(intervals, key=lambda b: (b.start, b.end)):
        if result and interval.start <= result[-1].end:
            result[-1] = Busy(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result
