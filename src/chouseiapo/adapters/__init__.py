"""Each module knows its port and its vendor; here is what they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from chouseiapo.config import Settings
from chouseiapo.ports import Placed, PortError, Tokens

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 10


class Closable(Protocol):
    def close(self) -> object: ...


C = TypeVar("C", bound=Closable)
T = TypeVar("T")


class Pool(Generic[C]):
    """Open clients: each is used by one thread at a time, and kept for whoever comes next.

    None of these libraries promises to be safe with several threads at once. `works` tells whether one that
    was kept can still be used; one that failed is not kept.
    """

    def __init__(self, make: Callable[[], C], works: Callable[[C], bool] = lambda _: True) -> None:
        self._make = make
        self._works = works
        self._idle: list[C] = []

    @contextmanager
    def one(self) -> Iterator[C]:
        client = self._take()
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._idle.append(client)

    def _take(self) -> C:
        for client in self.drain():
            if self._works(client):
                return client
            client.close()
        return self._make()

    def drain(self) -> Iterator[C]:
        """Those that nobody uses, taken out; who comes later opens a new one."""
        with suppress(IndexError):
            while True:
                yield self._idle.pop()

    def close(self) -> None:
        for client in self.drain():
            client.close()


class Wire:
    """Requests in the name of a linked account."""

    def __init__(self, settings: Settings, tokens: Tokens, root: str) -> None:
        self._settings = settings
        self._tokens = tokens
        self._root = root
        self._sessions = Pool(self._session)

    def send(self, link: str, method: str, path: str, **options: Any) -> requests.Response:
        """The vendor's answer, whatever it says; `path` is below the root, or a whole address below it.

        A token that is refused is replaced once. Raises PortError when there is no answer, and for an address
        elsewhere: the token goes to its vendor only.
        """
        if not path.startswith("/") and not self.reaches(path):
            raise PortError("rejected_elsewhere", permanent=True)
        token = self._tokens.access_token(link)
        answer = self._once(token, method, path, options)
        if answer.status_code == 401:
            token = self._tokens.access_token(link, refused=token)
            answer = self._once(token, method, path, options)
        return answer

    def reaches(self, address: str) -> bool:
        """Whether a whole address is below the root."""
        return address.startswith(f"{self._root}/")

    def _once(self, token: str, method: str, path: str, options: Mapping[str, Any]) -> requests.Response:
        import requests

        address = f"{self._root}{path}" if path.startswith("/") else path
        headers = {"Authorization": f"Bearer {token}", **options.get("headers", {})}
        asked = {**options, "headers": headers, "timeout": TIMEOUT_S, "allow_redirects": False}
        try:
            with self._sessions.one() as session:
                return session.request(method, address, **asked)
        except requests.RequestException:
            raise PortError("unreachable") from None

    def _session(self) -> requests.Session:
        import requests

        session = requests.Session()
        # The environment may name other authorities, which would win, and .netrc would replace our token.
        session.trust_env = False
        session.verify = str(self._settings.ca_file) if self._settings.ca_file else True
        return session

    def close(self) -> None:
        self._sessions.close()


def content(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer; an empty one for anything else."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds(retry_after: str | None) -> float | None:
    """Retry-After where it says seconds, as Google and Microsoft do; None for anything else."""
    return float(retry_after) if retry_after and re.fullmatch(r"\d+(\.\d+)?", retry_after) else None


def word(text: object) -> str:
    """A vendor's error code as part of a reason; never a sentence, which might hold somebody's data."""
    return text if isinstance(text, str) and re.fullmatch(r"\w{1,60}", text, re.ASCII) else "unknown"


def guarded(placed: Placed) -> bool:
    """Whether a write goes over the known version alone. When an answer never came, a newer version may be
    our own.
    """
    return bool(placed.vendor_id and placed.etag) and not placed.unsure


def told_in_place(results: Sequence[Placed | PortError | None]) -> list[Placed | PortError]:
    """With an error where a guarded write met another version (None): that is said of the entry, and never
    of the whole account.
    """
    return [PortError("touched") if result is None else result for result in results]


def taken_away(placed: Placed, generation: int) -> Placed:
    """What is known of an entry that is gone: the generation to begin the next one with."""
    return Placed(
        placed.key, placed.appointment, placed.candidate, generation=generation, calendar=placed.calendar
    )


def windows(start: datetime, end: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces: vendors refuse to look far in one query."""
    while start < end:
        yield start, min(start + longest, end)
        start += longest


def chunks(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """At most so many at a time."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
