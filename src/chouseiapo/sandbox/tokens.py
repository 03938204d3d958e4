"""Who consented to what: refresh tokens, access tokens and the codes on the way to them.

They live by the machine's own clock, as in the vendors' clients: tests and the demo may move `now`. Only
the seven days of Google's unpublished apps go by the world's, so that a test need not wait for them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from chouseiapo.sandbox.calls import Json

SCOPES = {
    "google": frozenset(
        {
            "openid",
            "https://www.googleapis.com/auth/userinfo.email",
            "https://www.googleapis.com/auth/calendar.events.owned",
            "https://www.googleapis.com/auth/calendar.events.freebusy",
            "https://www.googleapis.com/auth/calendar.freebusy",
            "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
        }
    ),
    "microsoft": frozenset(
        {"openid", "profile", "email", "offline_access", "User.Read", "Calendars.ReadWrite"}
    ),
    "zoom": frozenset(
        {
            "meeting:write:meeting",
            "meeting:update:meeting",
            "meeting:delete:meeting",
            "meeting:read:meeting",
            "meeting:read:list_meetings",
            "meeting:write:registrant",
            "meeting:read:registrant",
            "meeting:read:list_registrants",
            "meeting:update:registrant_status",
            "meeting:delete:registrant",
            "user:read:user",
            "user:read:settings",
        }
    ),
}
"""What a person consents to where nobody asked for less; Zoom always answers its app's whole list."""

ACCOUNT_SCOPES = frozenset({*(f"{each}:admin" for each in SCOPES["zoom"]), "user:read:list_users:admin"})
"""Of Zoom's Server-to-Server app, which speaks for a whole account."""

CODE_LIFE_S = 300.0  # Zoom's; the others are no longer
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class Grant:
    """One consent of one person; or, at Zoom, what the company's own app may do: `email` is then the id of
    the account."""

    service: str
    email: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Code:
    """An authorization code, good once."""

    grant: Grant
    redirect_uri: str
    challenge: str
    nonce: str
    offline: bool
    made: float = field(default_factory=time.time)

    def fits(self, redirect_uri: str, verifier: str) -> bool:
        """In time, for the same address, and with the verifier of the challenge that came first."""
        fresh = time.time() - self.made < CODE_LIFE_S
        return fresh and redirect_uri == self.redirect_uri and self._proven(verifier)

    def _proven(self, verifier: str) -> bool:
        """RFC 7636: the challenge is the verifier's SHA-256. A verifier without a challenge means that
        somebody took the challenge out of the request."""
        if not self.challenge:
            return not verifier
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return bool(VERIFIER.fullmatch(verifier)) and digest == self.challenge


class Tokens:
    """Access tokens live `life_s` seconds; refresh tokens until they are revoked, or to their own end."""

    def __init__(self, life_s: float, now: Callable[[], datetime]) -> None:
        self.life_s, self._now = life_s, now
        self._lock = threading.Lock()
        self._refresh: dict[str, Grant] = {}
        self._ends: dict[str, datetime] = {}
        """Of those refresh tokens that have an end."""
        self._access: dict[str, tuple[Grant, float]] = {}
        self._codes: dict[str, Code] = {}

    def consent(
        self,
        service: str,
        email: str,
        scopes: Iterable[str] | None = None,
        until: datetime | None = None,
    ) -> str:
        """A refresh token. At Zoom a new consent makes the person's older tokens void (its code 4741)."""
        if service == "zoom":
            self.revoke(service, email)
        wanted = SCOPES[service] if scopes is None else frozenset(scopes)
        token = self.renewable(Grant(service, email, wanted))
        if until:
            self._ends[token] = until
        return token

    def renewable(self, grant: Grant) -> str:
        token = f"{grant.service}-refresh-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._refresh[token] = grant
        return token

    def holder(self, service: str, refresh_token: str) -> Grant | None:
        grant = self._refresh.get(refresh_token)
        left = self.seconds_left(refresh_token)
        return grant if grant and grant.service == service and (left is None or left > 0) else None

    def seconds_left(self, refresh_token: str) -> float | None:
        """To the end of a refresh token; None where it has none."""
        until = self._ends.get(refresh_token)
        return (until - self._now()).total_seconds() if until else None

    def consented(self, service: str, email: str) -> list[frozenset[str]]:
        """The scopes of each consent of that person."""
        with self._lock:
            consents = self._refresh.values()
            return [each.scopes for each in consents if (each.service, each.email) == (service, email)]

    def spend(self, service: str, refresh_token: str) -> Grant | None:
        """Takes the token out of circulation: Zoom's is good once."""
        with self._lock:
            grant = self.holder(service, refresh_token)
            if grant:
                del self._refresh[refresh_token]
            return grant

    def access(self, grant: Grant) -> str:
        token = f"{grant.service}-access-{secrets.token_urlsafe(24)}"
        now = time.time()
        with self._lock:
            while self._access and (oldest := next(iter(self._access))) and self._access[oldest][1] < now:
                del self._access[oldest]
            self._access[token] = (grant, now + self.life_s)
        return token

    def bearer(self, service: str, authorization: str) -> Grant | None:
        """Whose live access token this Authorization header carries."""
        scheme, _, token = authorization.partition(" ")
        grant, until = self._access.get(token, (None, 0.0))
        if grant is None or scheme.lower() != "bearer" or grant.service != service or until <= time.time():
            return None
        return grant

    def of_any(self, service: str, token: str) -> Grant | None:
        """Whose a live token of either kind is."""
        return self.holder(service, token) or self.bearer(service, f"Bearer {token}")

    def issue_code(self, code: Code) -> str:
        name = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[name] = code
        return name

    def redeem(self, service: str, name: str) -> Code | None:
        with self._lock:
            code = self._codes.pop(name, None)
        return code if code and code.grant.service == service else None

    def revoke(self, service: str, email: str) -> None:
        """The person takes the consent back: nothing of it works from now on."""
        with self._lock:
            self._refresh = {
                token: each
                for token, each in self._refresh.items()
                if (each.service, each.email) != (service, email)
            }
        self.expire(service, email)

    def expire(self, service: str, email: str) -> None:
        """Lets the access tokens of that person run out at once; the refresh tokens still work."""
        with self._lock:
            self._access = {
                token: (grant, until)
                for token, (grant, until) in self._access.items()
                if (grant.service, grant.email) != (service, email)
            }

    def saved(self) -> Json:
        with self._lock:
            refresh = [[token, *_row(grant)] for token, grant in self._refresh.items()]
            ends = {token: until.isoformat() for token, until in self._ends.items() if token in self._refresh}
            access = [[token, *_row(grant), until] for token, (grant, until) in self._access.items()]
        return {"refresh": refresh, "ends": ends, "access": access}

    def restore(self, saved: Json) -> None:
        for token, service, email, scopes in saved["refresh"]:
            self._refresh[token] = Grant(service, email, frozenset(scopes))
        self._ends = {token: datetime.fromisoformat(until) for token, until in saved["ends"].items()}
        for token, service, email, scopes, until in saved["access"]:
            self._access[token] = (Grant(service, email, frozenset(scopes)), until)


def _row(grant: Grant) -> tuple[str, str, list[str]]:
    return grant.service, grant.email, sorted(grant.scopes)
