"""Who consented to what: refresh tokens, access tokens and the codes on the way to them.

They live by the machine's own clock, as in the vendors' clients: tests and the demo may move `now`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

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
            "user:read:user",
            "user:read:settings",
        }
    ),
}
"""What a person consents to where nobody asked for less; Zoom always answers its app's whole list."""

CODE_LIFE_S = 300.0  # Zoom's; the others are no longer


@dataclass(frozen=True)
class Grant:
    """One consent of one person."""

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
        """RFC 7636: the verifier's SHA-256 is the challenge that came first."""
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        fresh = time.time() - self.made < CODE_LIFE_S
        return (
            fresh and redirect_uri == self.redirect_uri and (not self.challenge or digest == self.challenge)
        )


class Tokens:
    """Access tokens live `life_s` seconds; refresh tokens until somebody revokes them."""

    def __init__(self, life_s: float) -> None:
        self.life_s = life_s
        self._lock = threading.Lock()
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._codes: dict[str, Code] = {}

    def consent(self, service: str, email: str, scopes: Iterable[str] | None = None) -> str:
        """A refresh token. At Zoom a new consent makes the person's older tokens void (its code 4741)."""
        if service == "zoom":
            self.revoke(service, email)
        wanted = SCOPES[service] if scopes is None else frozenset(scopes)
        return self.renewable(Grant(service, email, wanted))

    def renewable(self, grant: Grant) -> str:
        token = f"{grant.service}-refresh-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._refresh[token] = grant
        return token

    def holder(self, service: str, refresh_token: str) -> Grant | None:
        grant = self._refresh.get(refresh_token)
        return grant if grant and grant.service == service else None

    def has_consent(self, service: str, email: str) -> bool:
        with self._lock:
            return any((each.service, each.email) == (service, email) for each in self._refresh.values())

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
            access = [[token, *_row(grant), until] for token, (grant, until) in self._access.items()]
        return {"refresh": refresh, "access": access}

    def restore(self, saved: Json) -> None:
        for token, service, email, scopes in saved["refresh"]:
            self._refresh[token] = Grant(service, email, frozenset(scopes))
        for token, service, email, scopes, until in saved["access"]:
            self._access[token] = (Grant(service, email, frozenset(scopes)), until)


def _row(grant: Grant) -> tuple[str, str, list[str]]:
    return grant.service, grant.email, sorted(grant.scopes)
