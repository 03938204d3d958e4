"""Accounts on CalDAV servers: an address, a name and a password, which the vault keeps like other grants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.ports import PortError

LIFE = timedelta(days=1)


class Discovered(Protocol):
    """Where an account's calendars are; `access` is for the adapter alone."""

    @property
    def access(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def calendar(self) -> str: ...


class Credentials(msgspec.Struct, frozen=True):
    """What a person has typed; calendar: the path of the account's own, from the first discovery on."""

    url: str
    user: str
    password: str
    calendar: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.url!r})"


_CREDENTIALS, _ACCOUNT = msgspec.json.Decoder(Credentials), msgspec.json.Decoder(Account)


class CaldavAccounts:
    """Implements LinkedAccounts. Nothing is refreshed: once a day it is found out whether all still holds.

    `discover` takes address, user, password and the calendar that was found before.
    """

    def __init__(self, discover: Callable[[str, str, str, str], Discovered]) -> None:
        self._discover = discover

    def refresh(self, grant: Grant) -> Grant:
        """Raises PortError, see CaldavDiscovery."""
        typed = _typed(grant.refresh_token)
        found = self._discover(typed.url, typed.user, typed.password, typed.calendar)
        # Which calendar is meant stays, whatever others come and go.
        kept = msgspec.structs.replace(typed, calendar=found.calendar)
        whose = Account(email=found.email, subject=found.principal)
        return Grant(_encoded(kept), found.access, life=LIFE.total_seconds(), state=_encoded(whose))

    def account(self, grant: Grant) -> Account:
        """Whose the refreshed grant is; by name where the server knows no address."""
        try:
            return _ACCOUNT.decode(grant.state)
        except msgspec.MsgspecError:
            raise PortError("no_permission", permanent=True, auth=True) from None


def credentials(url: str, user: str, password: str) -> str:
    """What stands for a refresh token; who types an address of mail need not type it again as their name."""
    typed = url.strip()
    if not user.strip() and "@" in typed and "/" not in typed:
        user = typed
    return _encoded(Credentials(typed, user.strip(), password))


def server(grant: Grant) -> str:
    """The host that was typed, or that of the address by which it is found."""
    typed = _typed(grant.refresh_token).url
    return urlsplit(typed if "//" in typed else f"//{typed}").hostname or ""


def _typed(refresh_token: str) -> Credentials:
    try:
        return _CREDENTIALS.decode(refresh_token)
    except msgspec.MsgspecError:
        raise PortError("token_unreadable", permanent=True, auth=True) from None


def _encoded(content: msgspec.Struct) -> str:
    return msgspec.json.encode(content).decode()
