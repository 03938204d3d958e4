"""Asking calendars side by side, so that no account and no vendor takes the turns of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from chouseiapo.bootstrap import Services
from chouseiapo.ports import PortError

T = TypeVar("T")

AT_ONCE = 8
AT_ONE_VENDOR = AT_ONCE // 2


class Asking:
    """What this process reads from calendars: eight calls at once, half of them to one vendor at most, and
    one to an account. With the worker's lane, which writes one after the other as well, an account stays
    within the four requests that Microsoft lets be under way in a mailbox.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._under_way: list[str] = []
        self._closed = False
        self._threads = ThreadPoolExecutor(AT_ONCE, "asking")

    def ask(self, link: str, call: Callable[[], T], answer: Future[T] | None = None) -> Future[T]:
        """Make a call in its turn, in the name of that link. Cancelled before that, it is never made."""
        answer = Future() if answer is None else answer
        with self._lock:
            if not self._closed:
                self._waiting.append(_Call(link, call, answer))
                self._begin()
                return answer
        answer.cancel()
        return answer

    def close(self) -> None:
        """Make no further calls, and wait for those that are under way."""
        with self._lock:
            self._closed, left, self._waiting = True, self._waiting, []
        for call in left:  # whoever is told may ask on: not while the lock is held
            call.answer.cancel()
        self._threads.shutdown()

    def _begin(self) -> None:
        """Begin whatever may begin, the oldest first."""
        for call in list(self._waiting):
            if self._may_begin(call.link):
                self._waiting.remove(call)
                self._under_way.append(call.link)
                self._threads.submit(self._make, call)

    def _may_begin(self, link: str) -> bool:
        of_vendor = [other for other in self._under_way if _vendor(other) == _vendor(link)]
        return len(self._under_way) < AT_ONCE and len(of_vendor) < AT_ONE_VENDOR and link not in of_vendor

    def _make(self, call: _Call) -> None:
        try:
            if call.answer.set_running_or_notify_cancel():
                call.answer.set_result(self._made(call))
        except BaseException as error:  # whoever waits for the answer gets it
            call.answer.set_exception(error)
        finally:
            with self._lock:
                self._under_way.remove(call.link)
                self._begin()

    def _made(self, call: _Call) -> Any:
        """What the call answers; a token that is refused is noted for everybody."""
        began = self._services.clock()
        try:
            return call.call()
        except PortError as failure:
            if is_dead(failure):
                self._services.coordination.break_link(call.link, failure.reason, began)
            raise


class _Call(NamedTuple):
    link: str
    call: Callable[[], Any]
    answer: Future[Any]


def is_dead(failure: PortError) -> bool:
    """Whether the account must be linked anew. A scope that is wanting for a look is no such thing: a live
    token was told so, and entries may be written all the same.
    """
    return failure.auth and failure.reason != "no_permission"


def _vendor(link: str) -> str:
    return link.partition("-")[0]
