"""Zoom's sign-in, through requests-oauthlib. Each refresh token is good once, and brings the next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests
    from requests_oauthlib import OAuth2Session

# They write tokens into the log when it is set to DEBUG.
for name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(name).setLevel(logging.INFO)

REVOKED = frozenset({4735, 4741})  # the account's owner has left; the app was removed or authorized anew
CLIENT_REFUSED = frozenset({4702, 4704})


class ZoomAccounts:
    """Implements Refresher."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def refresh(self, grant: Grant) -> Grant:
        import requests
        from oauthlib.oauth2 import OAuth2Error
        from requests.auth import HTTPBasicAuth

        client = HTTPBasicAuth(self._settings.zoom_client_id, self._settings.zoom_client_secret)
        with self._session() as session:
            session.register_compliance_hook("refresh_token_response", _checked)
            try:
                # No scope is named: Zoom answers the app's whole list, and a difference would be an error.
                token: dict[str, Any] = session.refresh_token(
                    f"{self._settings.zoom_oauth_root}/token",
                    refresh_token=grant.refresh_token,
                    auth=client,
                    timeout=TIMEOUT_S,
                )
            except OAuth2Error as error:
                raise _refusal(error.error or "") from None
            except (requests.RequestException, ValueError):
                raise PortError("unreachable") from None
        return Grant(token["refresh_token"], token["access_token"], life=token.get("expires_in", 0))

    def account(self, grant: Grant) -> Account:
        """Whose the refreshed grant is."""
        import requests

        headers = {"Authorization": f"Bearer {grant.access_token}"}
        with strict(requests.Session(), self._settings) as session:
            try:
                answer = session.get(
                    f"{self._settings.zoom_api_root}/users/me", headers=headers, timeout=TIMEOUT_S
                )
                said = answer.json()
            except (requests.RequestException, ValueError):
                raise PortError("unreachable") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PortError("unreachable")
        if not answer.ok:  # 4711: the scope user:read:user was not granted
            raise PortError("no_permission", permanent=True, auth=True)
        return Account(email=said["email"], subject=said["id"])

    def _session(self) -> OAuth2Session:
        from requests_oauthlib import OAuth2Session

        return strict(OAuth2Session(self._settings.zoom_client_id), self._settings)


def _checked(answer: requests.Response) -> requests.Response:
    """What oauthlib would not understand: no answer of Zoom's sign-in, or one in the form of its API."""
    if answer.status_code == 429 or answer.status_code >= 500:
        raise PortError("unreachable")
    said = answer.json()
    code = said.get("code") if isinstance(said, dict) else None
    if code in REVOKED:
        raise _refusal("invalid_grant")
    if code in CLIENT_REFUSED:
        raise _refusal("invalid_client")
    return answer


def _refusal(error: str) -> PortError:
    if error == "invalid_grant":
        return PortError("token_refused", permanent=True, auth=True)
    return PortError(
        "client_refused" if error in ("invalid_client", "unauthorized_client") else "unreachable"
    )
