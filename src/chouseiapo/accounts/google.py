"""Google's sign-in, through the vendor's own library."""

from __future__ import annotations

import base64
import functools
import json
from datetime import UTC, datetime
from typing import Any

from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

REFUSED = frozenset({"invalid_grant"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})


class GoogleAccounts:
    """Implements Refresher. A refresh token stays the same until it is revoked, or unused for half a year."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def refresh(self, grant: Grant) -> Grant:
        import requests
        from google.auth.exceptions import GoogleAuthError, RefreshError
        from google.auth.transport.requests import Request
        from google.oauth2.credentials import Credentials

        credentials: Any = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=grant.refresh_token,
            token_uri=self._settings.google_token_url,
            client_id=self._settings.google_client_id,
            client_secret=self._settings.google_client_secret,
        )
        with strict(requests.Session(), self._settings) as session:
            try:
                # The library's own patience is two minutes a try.
                credentials.refresh(functools.partial(Request(session), timeout=TIMEOUT_S))
            except RefreshError as error:
                raise _refusal(error) from None
            except GoogleAuthError:
                raise PortError("unreachable") from None
        return Grant(
            refresh_token=credentials.refresh_token,
            access_token=credentials.token,
            life=_seconds_until(credentials.expiry),
            state=credentials.id_token or "",
        )

    def account(self, grant: Grant) -> Account:
        """Whose the refreshed grant is; raises PortError when openid and email were not granted."""
        try:
            claims = _claims(grant.state)
            return Account(email=claims["email"], subject=claims["sub"])
        except (KeyError, ValueError):
            raise PortError("no_permission", permanent=True, auth=True) from None


def _refusal(error: Any) -> PortError:
    """The second argument is what the token endpoint said."""
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    if said.get("error") in REFUSED:
        return PortError("token_refused", permanent=True, auth=True)
    return PortError("client_refused" if said.get("error") in CLIENT_REFUSED else "unreachable")


def _seconds_until(expiry: datetime | None) -> float:
    """The library keeps the instant, naive and UTC, by the machine's own clock."""
    return (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() if expiry else 0.0


def _claims(identity_token: str) -> dict[str, Any]:
    """Unverified: it came straight from the token endpoint over TLS (OpenID Connect Core, 3.1.3.7)."""
    _, _, rest = identity_token.partition(".")
    payload = rest.partition(".")[0]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) or b"{}")
    return found if isinstance(found, dict) else {}
