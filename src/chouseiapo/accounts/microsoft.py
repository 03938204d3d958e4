"""Microsoft's sign-in, through MSAL."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests

SCOPES = ("Calendars.ReadWrite", "User.Read")  # MSAL adds openid, profile and offline_access itself
REFUSED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})


class MicrosoftAccounts:
    """Implements Refresher. The refresh token is only the seed: from then on MSAL's cache is the grant."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local = threading.local()

    def refresh(self, grant: Grant) -> Grant:
        import msal
        import requests

        cache = _cache(grant)
        try:
            with strict(requests.Session(), self._settings) as session:
                said = self._ask(self._app(session, cache), grant.refresh_token)
        except (requests.RequestException, msal.exceptions.MsalError, RuntimeError, ValueError):
            # No answer, a 5xx, or a discovery document that is not one.
            raise PortError("unreachable") from None
        if "access_token" not in said:
            raise _refusal(said)
        # To serialize resets the flag that says whether there is anything new.
        state = cache.serialize() if cache.has_state_changed else grant.state
        return Grant(
            refresh_token="", access_token=said["access_token"], life=said["expires_in"], state=state
        )

    def account(self, grant: Grant) -> Account:
        """Whose the refreshed grant is, as MSAL read it from the identity token."""
        import msal

        kind = msal.TokenCache.CredentialType.ACCOUNT
        for found in _cache(grant).search(kind):
            return Account(email=found["username"], subject=found["home_account_id"])
        raise PortError("no_permission", permanent=True, auth=True)

    @staticmethod
    def _ask(app: Any, refresh_token: str) -> dict[str, Any]:
        """A new access token in any case: whoever asks has none that works."""
        for account in app.get_accounts():
            said: dict[str, Any] = (
                app.acquire_token_silent_with_error(list(SCOPES), account, force_refresh=True) or {}
            )
            return said
        answered: dict[str, Any] = app.acquire_token_by_refresh_token(refresh_token, list(SCOPES))
        return answered

    def _app(self, session: requests.Session, cache: Any) -> Any:
        import msal

        if not hasattr(self._local, "http_cache"):
            self._local.http_cache = {}
        # MSAL sets a timeout on sessions of its own only.
        session.request = functools.partial(session.request, timeout=TIMEOUT_S)  # type: ignore[method-assign]
        return msal.ConfidentialClientApplication(
            self._settings.microsoft_client_id,
            client_credential=self._settings.microsoft_client_secret,
            authority=self._settings.microsoft_authority,
            # It would ask login.microsoftonline.com about our authority, which is the operator's own setting.
            instance_discovery=False,
            token_cache=cache,
            http_client=session,
            http_cache=self._local.http_cache,  # keeps the discovery document; not made for several threads
        )


def _cache(grant: Grant) -> Any:
    import msal

    cache = msal.SerializableTokenCache()
    cache.deserialize(grant.state)
    return cache


def _refusal(said: dict[str, Any]) -> PortError:
    """MSAL answers refusals instead of raising them; an empty one: the cache has no refresh token."""
    if not said or said.get("error") in REFUSED:
        return PortError("token_refused", permanent=True, auth=True)
    return PortError("client_refused" if said.get("error") in CLIENT_REFUSED else "unreachable")
