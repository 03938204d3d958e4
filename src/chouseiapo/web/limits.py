"""Rate limits: unknown links and failed sign-ins per address, posts per link. A valid link is never limited
per address, because a whole office sits behind one. Counted per web process.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from flask import g, request

from chouseiapo.web.errors import Refused


class Limit(NamedTuple):
    """At most so many within any span of that length."""

    name: str
    most: int
    within: timedelta


UNKNOWN_LINKS = Limit("unknown links", 30, timedelta(minutes=5))
FAILED_SIGN_INS = Limit("failed sign-ins", 20, timedelta(minutes=15))
FAILED_WEBHOOKS = Limit("failed webhooks", 30, timedelta(minutes=5))
SIGN_IN_MAILS = Limit("sign-in mails", 5, timedelta(minutes=15))
POSTS_PER_LINK = Limit("posts per link", 30, timedelta(minutes=1))
# What has us ask a server elsewhere, per member.
LINKINGS = Limit("linkings", 20, timedelta(minutes=15))
APP_PASSWORDS = Limit("app passwords", 10, timedelta(minutes=15))
CHOICES = Limit("choices of calendars", 30, timedelta(minutes=5))
_LONGEST = timedelta(minutes=15)

Times = dict[tuple[str, str], deque[datetime]]


class Counted:
    """When what was counted, as long as any limit asks for it.

    Keys live in two generations: one that nobody touches while a generation comes and goes is forgotten with
    it, so that nothing has to be looked through.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._young: Times = {}
        self._old: Times = {}
        self._since: datetime | None = None

    def hit(self, limit: Limit, key: str, now: datetime) -> timedelta | None:
        """Count one; when it was one too many, it is not counted, and the answer is how long to wait."""
        with self._lock:
            times = self._times(limit, key, now)
            if (wait := _wait(limit, times, now)) is None:
                times.append(now)
            return wait

    def wait(self, limit: Limit, key: str, now: datetime) -> timedelta | None:
        """How long who has used the limit up has to wait; counts nothing."""
        with self._lock:
            return _wait(limit, self._times(limit, key, now), now)

    def forget_all(self) -> None:
        """Begin anew; for tests, which all come from one address."""
        with self._lock:
            self._young, self._old, self._since = {}, {}, None

    def __len__(self) -> int:
        """How many keys it remembers."""
        return len(self._young) + len(self._old)

    def _times(self, limit: Limit, key: str, now: datetime) -> deque[datetime]:
        if self._since is None or now - self._since >= _LONGEST:
            self._young, self._old, self._since = {}, self._young, now
        place = (limit.name, key)
        times = self._young.get(place)
        if times is None:
            times = self._young[place] = self._old.pop(place, deque())
        while times and now - times[0] >= limit.within:
            times.popleft()
        return times


def _wait(limit: Limit, times: deque[datetime], now: datetime) -> timedelta | None:
    return times[0] + limit.within - now if len(times) >= limit.most else None


_counted = Counted()
forget_all = _counted.forget_all


def hit(limit: Limit, key: str) -> None:
    """Count one; raises Refused(429) when it was one too many."""
    _refuse(_counted.hit(limit, key, g.now))


def must_be_below(limit: Limit, key: str) -> None:
    """Refuse whoever has used the limit up, without counting this request."""
    _refuse(_counted.wait(limit, key, g.now))


def address() -> str:
    """The peer's address (behind a proxy: the one it names, when `TRUSTED_PROXY` says so)."""
    return request.remote_addr or ""


def _refuse(wait: timedelta | None) -> None:
    if wait is not None:
        raise Refused(429, "too_many_requests", Retry_After=str(ceil(wait.total_seconds())))
