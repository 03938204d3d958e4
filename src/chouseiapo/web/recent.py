"""What was read a moment ago is not read again, nor twice at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FRESH = timedelta(seconds=20)


class Recent(Generic[K, V]):
    """Answers by what was asked, for as long as they are fresh. `clock` tells the present instant, UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[K, tuple[datetime, Future[V]]] = {}

    def take(self, keys: Iterable[K]) -> tuple[dict[K, Future[V]], dict[K, Future[V]]]:
        """The answer to each key, there already or to come; and those that are the caller's to bring: each
        has to be settled, whatever happens, because others may be waiting for it.
        """
        now = self._clock()
        with self._lock:
            self._asked = {k: asked for k, asked in self._asked.items() if _stands(*asked, now)}
            mine: dict[K, Future[V]] = {key: Future() for key in keys if key not in self._asked}
            self._asked |= {key: (now, answer) for key, answer in mine.items()}
            return {key: self._asked[key][1] for key in keys}, mine


def _stands(asked_at: datetime, answer: Future[V], now: datetime) -> bool:
    return not answer.done() or now - asked_at < FRESH
