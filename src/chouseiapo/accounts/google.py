"""Google's sign-in, through the vendor's own library."""

from __future__ import annotations

import base64
import functools
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from chouseiapo.accounts.linking import Begun, Granted
from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.secrets import new_token
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests
    from requests_oauthlib import OAuth2Session

# They write tokens into the log when it is set to DEBUG.
for name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(name).setLevel(logging.INFO)

REFUSED = frozenset({"invalid_grant"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})
SCOPE_ROOT = "https://www.googleapis.com/auth/"
# "Calendars you own" do for a person; a room's belongs to the organization.
WRITING = {False: "calendar.events.owned", True: "calendar.events"}
READING = ("calendar.events.freebusy", "calendar.calendarlist.readonly")
VERIFIER_LENGTH = 64


class GoogleAccounts:
    """Implements LinkedAccounts and Consent. A refresh token stays the same until it is revoked, or unused
    for half a year; an app in publishing status Testing gets such as end after seven days.
    """

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

    def begin(self, redirect_uri: str, hint: str, for_room: bool) -> Begun:
        """Google gives a refresh token for offline access only, and for sure only with a new consent."""
        from oauthlib.oauth2 import WebApplicationClient

        client = WebApplicationClient(self._settings.google_client_id)
        verifier, asked = client.create_code_verifier(VERIFIER_LENGTH), [WRITING[for_room], *READING]
        with self._session(redirect_uri, asked) as session:
            url, state = session.authorization_url(
                self._settings.google_auth_url,
                state=new_token(),
                code_challenge=client.create_code_challenge(verifier, "S256"),
                code_challenge_method="S256",
                access_type="offline",
                prompt="consent",
                **({"login_hint": hint} if hint else {}),
            )
        return Begun(url, state, {"verifier": verifier, "redirect_uri": redirect_uri, "asked": asked})

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> Granted:
        if error := answer.get("error"):
            raise PortError("denied" if error == "access_denied" else "vendor_refused", permanent=True)
        token = self._exchange(kept, answer.get("code", ""))
        given = {scope.removeprefix(SCOPE_ROOT) for scope in token.get("scope") or ()}
        writing, *_ = asked = kept["asked"]
        return Granted(
            Grant(
                refresh_token=token.get("refresh_token", ""),
                access_token=token["access_token"],
                life=token.get("expires_in", 0),
                state=token.get("id_token", ""),
            ),
            missing=tuple(scope for scope in asked if scope not in given),
            can_write=writing in given and "refresh_token" in token,
            lives_s=token.get("refresh_token_expires_in"),
        )

    def revoke(self, grant: Grant) -> bool:
        """Ends every consent of that person to our app. The endpoint is the token endpoint's neighbour."""
        import requests

        url = urljoin(self._settings.google_token_url, "revoke")
        with strict(requests.Session(), self._settings) as session:
            try:
                return session.post(url, data={"token": grant.refresh_token}, timeout=TIMEOUT_S).ok
            except requests.RequestException:
                return False

    def _exchange(self, kept: Mapping[str, Any], code: str) -> dict[str, Any]:
        import requests
        from oauthlib.oauth2 import OAuth2Error

        with self._session(kept["redirect_uri"]) as session:
            session.register_compliance_hook("access_token_response", _answered)
            try:
                token: dict[str, Any] = session.fetch_token(
                    self._settings.google_token_url,
                    code=code or "-",
                    code_verifier=kept["verifier"],
                    client_secret=self._settings.google_client_secret,
                    include_client_id=True,
                    timeout=TIMEOUT_S,
                )
            except OAuth2Error as error:
                raise _code_refusal(error.error or "") from None
            except (requests.RequestException, ValueError):
                raise PortError("unreachable") from None
        return token

    def _session(self, redirect_uri: str, asked: Sequence[str] = ()) -> OAuth2Session:
        """Without scopes at the exchange: which of them were granted is for us to compare, not an error."""
        from requests_oauthlib import OAuth2Session

        scopes = [*(f"{SCOPE_ROOT}{scope}" for scope in asked), "openid", "email"] if asked else None
        session = OAuth2Session(self._settings.google_client_id, redirect_uri=redirect_uri, scope=scopes)
        return strict(session, self._settings)


def _code_refusal(error: str) -> PortError:
    if error in REFUSED:
        return PortError("code_refused", permanent=True)
    return PortError("client_refused" if error in CLIENT_REFUSED else "unreachable")


def _answered(answer: requests.Response) -> requests.Response:
    """What oauthlib would take for an answer without a token."""
    if answer.status_code == 429 or answer.status_code >= 500:
        raise PortError("unreachable")
    return answer


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
