"""The token vault: what linked accounts have given us, sealed; live access tokens for those who ask.

However many threads and processes ask at once, one of them refreshes and the others wait for its result:
Zoom's refresh tokens are good once, and what replaces them is saved before it is used.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.sql import ColumnElement

from chouseiapo.accounts.secrets import Sealer
from chouseiapo.ports import PortError
from chouseiapo.storage import Rows, insert_new, keep_trying
from chouseiapo.tables import vault

LEASE = timedelta(seconds=20)  # longer than a refresh takes; after a crash it runs out
PATIENCE_S = 25.0
POLL_S = 0.05
REFUSAL_REMEMBERED = timedelta(seconds=60)
LARGEST_MARGIN = timedelta(seconds=60)


class Grant(msgspec.Struct, frozen=True):
    """What an account has given us.

    life: seconds that the access token lives from when it was given. state: what the vendor's client wants
    back the next time (msal's cache), or what says whose account it is (Google's identity token).
    """

    refresh_token: str
    access_token: str = ""
    life: float = 0
    state: str = ""

    def __repr__(self) -> str:
        return "Grant(…)"


class Account(msgspec.Struct, frozen=True):
    """Whose account it is; `subject` stays when the address changes. plan: what they have at the vendor
    ("basic", "licensed"), where that matters."""

    email: str
    subject: str
    plan: str = ""


class Held(NamedTuple):
    """Whose grant the vault has; the revision tells whether it is still the same one."""

    link: str
    member: str
    provider: str
    revision: int


class Refresher(Protocol):
    """One vendor's token endpoint."""

    def refresh(self, grant: Grant) -> Grant:
        """A grant with a new access token. Raises PortError, auth: the account must be linked anew."""


class LinkedAccounts(Refresher, Protocol):
    """One vendor's accounts."""

    def account(self, grant: Grant) -> Account:
        """Whose account the grant belongs to. Raises PortError."""


class Vault:
    """Implements ports.Tokens. `clock` tells the present instant, UTC."""

    def __init__(
        self,
        rows: Rows,
        sealer: Sealer,
        refreshers: Mapping[str, Refresher],
        clock: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._sealer = sealer
        self._refreshers = refreshers
        self._clock = clock

    def store(self, link: str, member: str, provider: str, grant: Grant) -> None:
        """Keep what was granted, instead of what the link had before: that heals a refused one."""
        row = {"member": member, "provider": provider, "sealed": self._sealed(_Kept(grant))}
        # The revision goes up in any case: a refresh that is under way will find that it came too late.
        raised = row | {"refreshing_until": None, "revision": vault.c.revision + 1}
        with self._rows.write() as connection:
            insert_new(connection, vault, row | {"link": link, "revision": 0})
            connection.execute(update(vault).where(vault.c.link == link).values(raised))

    def held(self) -> list[Held]:
        """Every link that something is kept of."""
        with self._rows.read() as connection:
            found = select(vault.c.link, vault.c.member, vault.c.provider, vault.c.revision)
            return [Held(*row) for row in connection.execute(found)]

    def of_account(self, link: str) -> list[str]:
        """Every link that leads to the same account as that one, itself included, where something is kept."""
        provider, account = link.partition("-")[0], link.rpartition("-")[2]
        links = (held.link for held in self.held() if held.provider == provider)
        return [each for each in links if each.rpartition("-")[2] == account]

    def grant(self, link: str) -> Grant:
        """What the link has been granted, for whoever says where the account is. Raises PortError."""
        return self._held(link).kept.grant

    def forget(self, link: str, revision: int | None = None) -> Grant | None:
        """Keep nothing of the link any more; answers what was kept, for whoever revokes it. What has another
        revision by now was granted anew, and stays."""
        of_it = [vault.c.link == link, *([] if revision is None else [vault.c.revision == revision])]
        with self._rows.write() as connection:
            gone = delete(vault).where(*of_it).returning(vault.c.sealed)
            sealed = connection.scalar(gone)
        try:
            return self._opened(sealed).grant if sealed else None
        except ValueError:
            return None

    def access_token(self, link: str, *, refused: str = "") -> str:
        """A live token, refreshed when there is none; `refused` is never handed out.

        Raises PortError: token_refused, not_linked or token_unreadable (auth: it must be linked anew),
        client_refused (the vendor does not know our app any more), unreachable.
        """
        patience = time.monotonic() + PATIENCE_S
        while time.monotonic() < patience:
            held, now = self._held(link), self._clock()
            if held.kept.lives(now) and held.kept.grant.access_token != refused:
                return held.kept.grant.access_token
            if held.kept.refused_until and now < held.kept.refused_until:
                raise PortError("token_refused", permanent=True, auth=True)
            if self._claim(held, now):
                if token := self._renew(held, now):
                    return token
            else:
                time.sleep(POLL_S * (0.5 + random.random()))  # noqa: S311 - jitter, no secret
        raise PortError("unreachable")

    def _held(self, link: str) -> _Row:
        with self._rows.read() as connection:
            row = connection.execute(select(vault).where(vault.c.link == link)).one_or_none()
        if row is None:
            raise PortError("not_linked", permanent=True, auth=True)
        try:
            kept = self._opened(row.sealed)
        except ValueError:
            raise PortError("token_unreadable", permanent=True, auth=True) from None
        return _Row(link, row.provider, row.revision, row.refreshing_until is not None, kept)

    def _renew(self, held: _Row, now: datetime) -> str | None:
        """Refresh and save; None when the link was stored anew meanwhile: then that decides."""
        try:
            grant = self._refreshers[held.provider].refresh(held.kept.grant)
        except PortError as error:
            # Who took over the lease of another can't tell whether the token was used up by that one.
            unclear = error.auth and held.leased
            if error.auth and not unclear:
                stands = self._replace(held, _Kept(held.kept.grant, refused_until=now + REFUSAL_REMEMBERED))
            else:
                stands = self._change(held, refreshing_until=None)
            if not stands:
                return None
            if unclear:
                raise PortError("unreachable") from error
            raise
        kept = _fresh(grant, now)  # the token before may be used up: nobody may forget this one
        return grant.access_token if keep_trying(lambda: self._replace(held, kept)) else None

    def _claim(self, held: _Row, now: datetime) -> bool:
        """Take the lease, unless somebody has it or the row has changed since it was read."""
        free = or_(vault.c.refreshing_until.is_(None), vault.c.refreshing_until <= now)
        return self._change(held, free, refreshing_until=now + LEASE)

    def _replace(self, held: _Row, kept: _Kept) -> bool:
        return self._change(
            held, sealed=self._sealed(kept), refreshing_until=None, revision=held.revision + 1
        )

    def _change(self, held: _Row, *conditions: ColumnElement[bool], **values: object) -> bool:
        same = (vault.c.link == held.link, vault.c.revision == held.revision)
        with self._rows.write() as connection:
            return connection.execute(update(vault).where(*same, *conditions).values(values)).rowcount == 1

    def _opened(self, sealed: str) -> _Kept:
        """Raises ValueError when no key of ours sealed it."""
        return _KEPT.decode(self._sealer.open(sealed))

    def _sealed(self, kept: _Kept) -> str:
        return self._sealer.seal(msgspec.json.encode(kept))


class _Kept(msgspec.Struct, frozen=True):
    """What is sealed."""

    grant: Grant
    usable_until: datetime | None = None
    refused_until: datetime | None = None

    def lives(self, now: datetime) -> bool:
        return self.usable_until is not None and now < self.usable_until


_KEPT = msgspec.json.Decoder(_Kept)


class _Row(NamedTuple):
    """A row as it was read; `leased`: somebody was, or still is, refreshing it."""

    link: str
    provider: str
    revision: int
    leased: bool
    kept: _Kept


def _fresh(grant: Grant, now: datetime) -> _Kept:
    """Used until a tenth of its life is left, at most a minute: it has to live until the vendor reads it."""
    life = timedelta(seconds=grant.life)
    return _Kept(grant, usable_until=now + life - min(life / 10, LARGEST_MARGIN))
