"""Zoom's sign-in, through requests-oauthlib. Each refresh token is good once, and brings the next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chouseiapo.accounts.linking import Begun, Granted
from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.secrets import new_token
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests
    from requests.auth import HTTPBasicAuth
    from requests_oauthlib import OAuth2Session

# They write tokens into the log when it is set to DEBUG.
for name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(name).setLevel(logging.INFO)

# Zoom's own numbers; it says some of them with an error of OAuth beside them, and some without.
CODES = {
    4702: "invalid_client",
    4704: "invalid_client",
    4709: "redirect_mismatch",
    4733: "invalid_grant",  # the code has expired
    4735: "invalid_grant",  # the account's owner has left
    4741: "invalid_grant",  # the app was removed, or authorized anew
}
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client", "redirect_mismatch"})
# A token or a code that is no longer good comes as the second of them, too.
REFUSED = frozenset({"invalid_grant", "invalid_request"})

# Without these nothing can be hosted; each exists for whole accounts as well, with :admin behind it.
NEEDED = (
    "meeting:write:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:read:meeting",
    "meeting:read:list_meetings",
    "user:read:user",
)
# Without these something is missing: the rules for passcodes; registering guests.
USEFUL = ("user:read:settings", "meeting:write:registrant")
VERIFIER_LENGTH = 64
PLANS = {1: "basic", 2: "licensed"}


class ZoomAccounts:
    """Implements LinkedAccounts and Consent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def refresh(self, grant: Grant) -> Grant:
        def ask(session: OAuth2Session) -> dict[str, Any]:
            # No scope is named: Zoom answers the app's whole list, and a difference would be an error.
            said: dict[str, Any] = session.refresh_token(
                f"{self._settings.zoom_oauth_root}/token",
                refresh_token=grant.refresh_token,
                auth=self._client(),
                timeout=TIMEOUT_S,
            )
            return said

        return _granted(self._token(ask, refused="token_refused"), grant.refresh_token)

    def account(self, grant: Grant) -> Account:
        """Whose the refreshed grant is, and whether meetings there end after 40 minutes."""
        said = read(self._settings, grant, "/users/me")
        return Account(said["email"], said["id"], plan=PLANS.get(said.get("type", 0), ""))

    def begin(self, redirect_uri: str, hint: str, for_room: bool) -> Begun:
        """Zoom asks for the scopes that the app was registered with, and takes no hint."""
        from oauthlib.oauth2 import WebApplicationClient

        client = WebApplicationClient(self._settings.zoom_client_id)
        verifier = client.create_code_verifier(VERIFIER_LENGTH)
        with self._session(redirect_uri) as session:
            url, state = session.authorization_url(
                f"{self._settings.zoom_oauth_root}/authorize",
                state=new_token(),
                code_challenge=client.create_code_challenge(verifier, "S256"),
                code_challenge_method="S256",
            )
        return Begun(url, state, {"verifier": verifier, "redirect_uri": redirect_uri})

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> Granted:
        if error := answer.get("error"):
            raise PortError("denied" if error == "access_denied" else "vendor_refused", permanent=True)

        def ask(session: OAuth2Session) -> dict[str, Any]:
            said: dict[str, Any] = session.fetch_token(
                f"{self._settings.zoom_oauth_root}/token",
                code=answer.get("code") or "-",
                code_verifier=kept["verifier"],
                auth=self._client(),
                timeout=TIMEOUT_S,
            )
            return said

        token = self._token(ask, kept["redirect_uri"], refused="code_refused")
        given = {scope.removesuffix(":admin") for scope in token.get("scope") or ()}
        missing = tuple(scope for scope in (*NEEDED, *USEFUL) if scope not in given)
        can_write = "refresh_token" in token and not set(missing) & set(NEEDED)
        return Granted(_granted(token), missing, can_write=can_write)

    def revoke(self, grant: Grant) -> bool:
        """Ends every consent of that person to our app; either token names it, while it lives."""
        return any(self._revoke(token) for token in (grant.access_token, grant.refresh_token) if token)

    def _revoke(self, token: str) -> bool:
        import requests

        url = f"{self._settings.zoom_oauth_root}/revoke"
        with strict(requests.Session(), self._settings) as session:
            try:
                return session.post(url, data={"token": token}, auth=self._client(), timeout=TIMEOUT_S).ok
            except requests.RequestException:
                return False

    def _token(
        self,
        ask: Callable[[OAuth2Session], dict[str, Any]],
        redirect_uri: str = "",
        *,
        refused: str,
    ) -> dict[str, Any]:
        """What the token endpoint gives; `refused`: what it is called when it does not know token or code.

        The session names no scopes: which of them were granted is for us to compare, not an error.
        """
        import requests
        from oauthlib.oauth2 import OAuth2Error

        def checked(answer: requests.Response) -> requests.Response:
            return _checked(answer, refused)

        with self._session(redirect_uri) as session:
            session.register_compliance_hook("access_token_response", checked)
            session.register_compliance_hook("refresh_token_response", checked)
            try:
                return ask(session)
            except OAuth2Error as error:
                raise refusal(error.error or "", refused) from None
            except (requests.RequestException, ValueError):
                raise PortError("unreachable") from None

    def _client(self) -> HTTPBasicAuth:
        from requests.auth import HTTPBasicAuth

        return HTTPBasicAuth(self._settings.zoom_client_id, self._settings.zoom_client_secret)

    def _session(self, redirect_uri: str = "") -> OAuth2Session:
        from requests_oauthlib import OAuth2Session

        session = OAuth2Session(self._settings.zoom_client_id, redirect_uri=redirect_uri or None)
        return strict(session, self._settings)


def read(settings: Settings, grant: Grant, path: str, **query: str) -> dict[str, Any]:
    """An answer of Zoom's API to a fresh grant; raises PortError."""
    import requests

    headers = {"Authorization": f"Bearer {grant.access_token}"}
    with strict(requests.Session(), settings) as session:
        try:
            answer = session.get(
                f"{settings.zoom_api_root}{path}", params=query, headers=headers, timeout=TIMEOUT_S
            )
            said: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError):
            raise PortError("unreachable") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise PortError("unreachable")
    if not answer.ok:  # 4711: a scope was not granted
        raise PortError("no_permission", permanent=True, auth=True)
    return said


def refusal(error: str, refused: str = "token_refused") -> PortError:
    """An error of the token endpoint in our terms; a refused token concerns the account, a code nobody."""
    if error in REFUSED:
        return PortError(refused, permanent=True, auth=refused == "token_refused")
    return PortError("client_refused" if error in CLIENT_REFUSED else "unreachable")


def _checked(answer: requests.Response, refused: str) -> requests.Response:
    """What oauthlib would not understand: no answer of Zoom's sign-in, or one in the form of its API."""
    if answer.status_code == 429 or answer.status_code >= 500:
        raise PortError("unreachable")
    said = answer.json()
    code = said.get("code") if isinstance(said, dict) else None
    if code in CODES:
        raise refusal(CODES[code], refused)
    return answer


def _granted(token: Mapping[str, Any], before: str = "") -> Grant:
    """Zoom says the next refresh token each time; `before` is the last one, should it ever not."""
    refresh_token = token.get("refresh_token", before)
    return Grant(refresh_token, token["access_token"], life=token.get("expires_in", 0))
