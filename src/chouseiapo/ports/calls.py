"""What calls to the outside share, whomever they go to: failing, tokens, vendors' limits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import regex

T = TypeVar("T")
R = TypeVar("R")


class PortError(Exception):
    """A call to the outside that failed. `reason` is a stable code, safe to show and to log.

    permanent: trying the same again cannot help. auth: the account's token is refused, nothing of this
    account works until it heals. retry_after: seconds the other side asks to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        auth: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.auth = auth
        self.retry_after = retry_after

    @property
    def did_nothing(self) -> bool:
        """Whether it was plainly refused: nobody need look whether it was carried out all the same."""
        return self.permanent or self.auth or self.reason in ("throttled", "daily_limit")


class Tokens(Protocol):
    """Access tokens of linked accounts."""

    def access_token(self, link: str, *, refused: str = "") -> str:
        """A live token; `refused` is one that the vendor just refused, so that it is not handed out again.

        Raises PortError(auth=True) when the account must be linked anew.
        """


def digest(content: msgspec.Struct | dict[str, Any]) -> str:
    """A short fingerprint of a struct's content, or of its fields in their order."""
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]


def cut(text: str, most: int) -> str:
    """The text within a vendor's limit, cut on a grapheme with …; its last line, the link to it all, stays.

    Counted in UTF-16 units: vendors don't say which characters they mean, and no count of theirs is larger.
    """
    if _units(text) <= most:
        return text
    head, newline, link = text.rpartition("\n")
    if not newline or _units(link) > most // 2:
        head, newline, link = text, "", ""
    room = most - _units("…" + newline + link)
    kept = 0
    for grapheme in regex.finditer(r"\X", head):
        room -= _units(grapheme[0])
        if room < 0:
            break
        kept = grapheme.end()
    return head[:kept].rstrip() + "…" + newline + link


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def in_chunks(
    items: Sequence[T], most: int, work: Callable[[Sequence[T]], list[R | PortError]]
) -> list[R | PortError]:
    """Work on at most so many at a time; an error of the whole call stays with its chunk and the rest.

    When nothing at all went through, and not because of the entries, the error is the account's and raised.
    """
    results: list[R | PortError] = []
    for start in range(0, len(items), most):
        try:
            results += work(items[start : start + most])
        except PortError as error:
            results += [error] * (len(items) - start)
            break
    if results and isinstance(first := results[0], PortError) and all(map(_concerns_account, results)):
        raise first
    return results


def _concerns_account(result: object) -> bool:
    return isinstance(result, PortError) and (result.auth or not result.permanent)
