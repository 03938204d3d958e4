"""Account: an outside account that may speak for one alone, and for whom it does."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from chouseiapo.domain.event import Aggregate, Event


def account_id(link: str) -> str:
    """The stream of the account that a link leads to: the same for everybody who links it."""
    return f"account-{link.partition('-')[0]}-{link.rpartition('-')[2]}"


class Account(Aggregate):
    """Whoever races to link it writes to the same stream, so that only one of them has it in the end."""

    class Claimed(Event, frozen=True, kw_only=True):
        """The account speaks through this link from now on, and through no other."""

        NAME: ClassVar[str] = "account.claimed"
        link: str

    class Released(Event, frozen=True, kw_only=True):
        """The account speaks for nobody."""

        NAME: ClassVar[str] = "account.released"
        link: str

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.holder = ""

    def claim(self, link: str, now: datetime) -> None:
        if self.holder != link:
            self._record(self.Claimed, now, link=link)

    def release(self, link: str, now: datetime) -> None:
        """Let it go, if it is this link that holds it."""
        if self.holder == link:
            self._record(self.Released, now, link=link)

    def when(self, event: Event) -> None:
        match event:
            case Account.Claimed(link=link):
                self.holder = link
            case Account.Released():
                self.holder = ""
