"""Linking: what somebody has begun on a vendor's page of consent, and what was granted there.

What the vendor's answer is held against stays with us, sealed, and is good once: for whoever began it, in the
session that they began it in, and for ten minutes.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import delete, insert

from chouseiapo.accounts.secrets import Sealer, hashed
from chouseiapo.accounts.vault import Grant
from chouseiapo.storage import Rows
from chouseiapo.tables import link_attempts

LIFE = timedelta(minutes=10)


class Begun(NamedTuple):
    """Where the person goes, by which `state` the answer is known, and what is kept to understand it."""

    url: str
    state: str
    kept: dict[str, Any]


class Granted(msgspec.Struct, frozen=True):
    """What came of a consent. missing: permissions that were asked for and not given. lives_s: after so many
    seconds the vendor lets it end by itself.
    """

    grant: Grant
    missing: tuple[str, ...] = ()
    can_write: bool = True
    lives_s: float | None = None


class Consent(Protocol):
    """A vendor on whose own page people consent (authorization code, PKCE)."""

    def begin(self, redirect_uri: str, hint: str, for_room: bool) -> Begun:
        """An address to send the person to; `hint` is the mail address they probably sign in with.

        Raises PortError("unreachable").
        """

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> Granted:
        """What the answer brings. Raises PortError: denied, code_refused, vendor_refused, client_refused,
        unreachable.
        """

    def revoke(self, grant: Grant) -> bool:
        """Take the consent back, where the vendor lets us; whether it is. Never raises."""


class Attempt(msgspec.Struct, frozen=True):
    """A linking that was begun: by whom, for which member or room, in which session (a digest)."""

    provider: str
    owner: str
    member: str
    session: str
    kept: dict[str, Any]


_ATTEMPT = msgspec.json.Decoder(Attempt)


class LinkAttempts:
    """Those that are under way. `now` is UTC."""

    def __init__(self, rows: Rows, sealer: Sealer) -> None:
        self._rows = rows
        self._sealer = sealer

    def begin(self, state: str, attempt: Attempt, now: datetime) -> None:
        row = {
            "digest": hashed(state),
            "sealed": self._sealer.seal(msgspec.json.encode(attempt)),
            "expires_at": now + LIFE,
        }
        with self._rows.write() as connection:
            connection.execute(delete(link_attempts).where(link_attempts.c.expires_at <= now))
            connection.execute(insert(link_attempts).values(row))

    def take(self, state: str, provider: str, session: str, now: datetime) -> Attempt | None:
        """The attempt of that state, once; None for all but the session that began it, or when it is late."""
        this = link_attempts.c.digest == hashed(state)
        with self._rows.write() as connection:
            found = delete(link_attempts).where(this).returning(link_attempts)
            row = connection.execute(found).one_or_none()
        if row is None or row.expires_at <= now:
            return None
        attempt = self._opened(row.sealed)
        if attempt is None or attempt.provider != provider:
            return None
        return attempt if hmac.compare_digest(attempt.session, hashed(session)) else None

    def _opened(self, sealed: str) -> Attempt | None:
        """What was sealed with a key that is no longer known has to be begun again."""
        try:
            return _ATTEMPT.decode(self._sealer.open(sealed))
        except ValueError:
            return None
