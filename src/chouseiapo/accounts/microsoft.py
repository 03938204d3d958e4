"""Microsoft's sign-in, through MSAL."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chouseiapo.accounts.linking import Begun, Granted
from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.vault import Account, Grant
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

if TYPE_CHECKING:
    import requests

WRITING = "Calendars.ReadWrite"
SHARED = "Calendars.ReadWrite.Shared"  # a room's mailbox, through somebody who may write there
SCOPES = (WRITING, "User.Read")  # MSAL adds openid, profile and offline_access itself
REFUSED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})


class MicrosoftAccounts:
    """Implements LinkedAccounts and Consent. A refresh token is only the seed: from then on MSAL's cache is
    the grant.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local = threading.local()

    def refresh(self, grant: Grant) -> Grant:
        cache = _cache(grant)
        scopes = [*SCOPES, *([SHARED] if _holds(cache, SHARED) else [])]
        with self._asking(cache) as app:
            said = self._ask(app, grant.refresh_token, scopes)
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

    def begin(self, redirect_uri: str, hint: str, for_room: bool) -> Begun:
        """MSAL adds state, nonce and PKCE by itself."""
        scopes = [*SCOPES, *([SHARED] if for_room else [])]
        # Whoever links a room is asked as whom: hardly ever as themselves.
        whom = {"login_hint": hint} if hint and not for_room else {"prompt": "select_account"}
        with self._asking(_cache(Grant(""))) as app, warnings.catch_warnings():
            # It advises form_post; a post from another site would come without our Lax cookie.
            warnings.simplefilter("ignore")
            flow = app.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri, **whom)
        return Begun(flow.pop("auth_uri"), flow["state"], flow)

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> Granted:
        cache = _cache(Grant(""))
        with self._asking(cache) as app:
            try:
                said = app.acquire_token_by_auth_code_flow(dict(kept), dict(answer))
            except ValueError:  # state or nonce are not those that went out, or there is no code
                raise PortError("code_refused", permanent=True) from None
        if error := said.get("error"):
            raise _declined(error, at_the_page="error" in answer)
        given = {scope.rpartition("/")[2].lower() for scope in said.get("scope", "").split()}
        asked = [scope for scope in kept["scope"] if scope.startswith("Calendars.")]
        return Granted(
            Grant("", said["access_token"], life=said.get("expires_in", 0), state=cache.serialize()),
            missing=tuple(scope for scope in asked if scope.lower() not in given),
            can_write=WRITING.lower() in given,
        )

    def revoke(self, grant: Grant) -> bool:
        """Microsoft has nothing of the kind: the person takes it back at myapps.microsoft.com."""
        return False

    @contextmanager
    def _asking(self, cache: Any) -> Iterator[Any]:
        """MSAL's application; what is no answer from there is unreachable."""
        import msal
        import requests

        try:
            with strict(requests.Session(), self._settings) as session:
                yield self._app(session, cache)
        except (requests.RequestException, msal.exceptions.MsalError, RuntimeError, ValueError):
            # No answer, a 5xx, or a discovery document that is not one.
            raise PortError("unreachable") from None

    @staticmethod
    def _ask(app: Any, refresh_token: str, scopes: list[str]) -> dict[str, Any]:
        """A new access token in any case: whoever asks has none that works."""
        for account in app.get_accounts():
            said: dict[str, Any] = (
                app.acquire_token_silent_with_error(scopes, account, force_refresh=True) or {}
            )
            return said
        answered: dict[str, Any] = app.acquire_token_by_refresh_token(refresh_token, scopes)
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


def _holds(cache: Any, scope: str) -> bool:
    """Whether the cached refresh token was given for that scope, too."""
    import msal

    kind = msal.TokenCache.CredentialType.REFRESH_TOKEN
    return any(scope in found.get("target", "").split() for found in cache.search(kind))


def _declined(error: str, at_the_page: bool) -> PortError:
    """The person said no, the vendor did, or its token endpoint no longer knows the code or us."""
    if at_the_page:
        return PortError("denied" if error == "access_denied" else "vendor_refused", permanent=True)
    if error in REFUSED:
        return PortError("code_refused", permanent=True)
    return PortError("client_refused" if error in CLIENT_REFUSED else "unreachable")


def _refusal(said: dict[str, Any]) -> PortError:
    """MSAL answers refusals instead of raising them; an empty one: the cache has no refresh token."""
    if not said or said.get("error") in REFUSED:
        return PortError("token_refused", permanent=True, auth=True)
    return PortError("client_refused" if said.get("error") in CLIENT_REFUSED else "unreachable")
