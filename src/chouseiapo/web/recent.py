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


class _Answer(Future[V]):
    """Knows since when it is there: a slow vendor's answer is as fresh as a quick one's."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._since: datetime | None = None

    def set_result(self, result: V) -> None:
        self._since = self._clock()  # before anybody is told of it
        super().set_result(result)

    def set_exception(self, exception: BaseException | None) -> None:
        self._since = self._clock()
        super().set_exception(exception)

    def stands(self, now: datetime) -> bool:
        """To come or fresh; one that was cancelled is neither."""
        return not self.done() or (self._since is not None and now - self._since < FRESH)


class Recent(Generic[K, V]):
    """Answers by what was asked, for as long as they are fresh. `clock` tells the present instant, UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[K, _Answer[V]] = {}

    def take(self, keys: Iterable[K]) -> tuple[dict[K, Future[V]], dict[K, Future[V]]]:
        """The answer to each key, there already or to come; and those that are the caller's to bring: each
        has to be settled, whatever happens, because others may be waiting for it.
        """
        now = self._clock()
        with self._lock:
            self._asked = {key: answer for key, answer in self._asked.items() if answer.stands(now)}
            mine = {key: _Answer[V](self._clock) for key in keys if key not in self._asked}
            self._asked |= mine
            return {key: self._asked[key] for key in keys}, {**mine}
