"""Zoom's sign-in, of two apps. The members' own: each authorizes it, and a refresh token is good once, as the
answer carries the next. And the company's (Server-to-Server OAuth): nobody consents, its secret and the
account's id bring access tokens for the whole account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.oauth import NO_STORE, Chooser, Client, SignIn, basic
from chouseiapo.sandbox.tokens import ACCOUNT_SCOPES, SCOPES, Grant
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.account import ACCOUNT

ROOT = "/zoom/oauth"
REVOKE = "/revoke"


class ZoomSignIn(SignIn):
    """The app's scopes are fixed at Zoom: whatever is asked for, the whole list is answered."""

    vendor = "zoom"
    default_scopes = SCOPES["zoom"]
    token_path = "/token"  # noqa: S105 - a path

    def __init__(self, world: World, client: Client, issuer: str, company: Client) -> None:
        """`company`: the Server-to-Server app."""
        super().__init__(world, client, issuer)
        self.company = company

    def fail(self, status: int, error: str, description: str = "") -> Refusal:
        usual = "Invalid Token!" if error == "invalid_grant" else error
        return Refusal(Reply(status, {"reason": description or usual, "error": error}))

    def dead(self) -> Refusal:
        return self.fail(400, "invalid_grant")

    def scopes_of(self, text: str) -> frozenset[str]:
        return self.default_scopes

    def check_client(self, call: Call, form: Mapping[str, str]) -> None:
        """HTTP Basic only."""
        if basic(call) != (self.client.id, self.client.secret):
            raise self.fail(401, "invalid_client", "Invalid client_id or client_secret")

    def problem(self, query: Mapping[str, str]) -> str:
        """With Zoom's numbers. Where addresses are registered, only they lead back to the product."""
        if query.get("client_id") != self.client.id:
            return "Invalid client_id. (4,702)"
        allowed = self.world.zoom.redirects
        target = query.get("redirect_uri", "")
        if urlsplit(target).scheme not in ("http", "https") or (allowed and target not in allowed):
            return f"Invalid redirect: {target} (4,709)"
        return super().problem(query)

    def choices(self) -> Sequence[Chooser]:
        """After the people with a mailbox, colleagues who have Zoom only."""
        return [each for each in self.world.zoom.listed() if each.status == "active"]

    def approval(self, email: str) -> str:
        state = self.world.zoom.approval
        held = state in ("needed", "requested") and self.world.zoom.user(email).ours
        return state if held else ""

    def ask_for_approval(self, email: str) -> None:
        if self.approval(email):
            self.world.zoom.approve("requested")
            self.world.changed.set()

    def token(self, call: Call) -> Reply:
        form = _parameters(call)
        if form.get("grant_type") != "account_credentials":
            return super().token(call)
        return Reply(200, self._company_token(call, form), NO_STORE)

    def _company_token(self, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
        """An access token and nothing to renew it by."""
        if basic(call) == (self.client.id, self.client.secret):
            raise self.fail(400, "unsupported_grant_type", "unsupported grant type")
        if basic(call) != (self.company.id, self.company.secret):
            raise self.fail(400, "invalid_client", "Invalid client_id or client_secret")
        if form.get("account_id") != ACCOUNT:
            raise self.fail(400, "invalid_request", "Bad Request")
        self.world.changed.set()
        return self._answer(Grant("zoom", ACCOUNT, ACCOUNT_SCOPES))

    def mailbox(self, call: Call) -> str:
        if call.path == REVOKE:
            grant = self._named(call)
            return grant.email if grant else ""
        return super().mailbox(call)

    def document(self, call: Call) -> Reply | None:
        if (call.method, call.path) == ("POST", REVOKE):
            return self._revoke(call)
        return None

    def _revoke(self, call: Call) -> Reply:
        """By either kind of token: with it goes all that the person has granted to the app."""
        of_company = basic(call) == (self.company.id, self.company.secret)
        if not of_company:
            self.check_client(call, {})
        grant = self._named(call)
        if grant is None or (grant.email == ACCOUNT) != of_company:
            raise self.fail(400, "invalid_token", "Invalid Token!")
        self.world.tokens.revoke("zoom", grant.email)
        self.world.changed.set()
        return Reply(200, {"status": "success"})

    def _named(self, call: Call) -> Grant | None:
        return self.world.tokens.of_any("zoom", _parameters(call).get("token", ""))

    def renewed(self, refresh_token: str, form: Mapping[str, str]) -> tuple[Grant, str]:
        grant = self.world.tokens.spend("zoom", refresh_token)
        if grant is None:
            raise self.dead()
        return grant, self.world.tokens.renewable(grant)

    def answered(
        self, grant: Grant, refresh_token: str, nonce: str, form: Mapping[str, str]
    ) -> dict[str, Any]:
        return self._answer(grant) | {"refresh_token": refresh_token}

    def _answer(self, grant: Grant) -> dict[str, Any]:
        return {
            "access_token": self.world.tokens.access(grant),
            "token_type": "bearer",
            "expires_in": int(self.world.tokens.life_s),
            "scope": " ".join(sorted(grant.scopes)),
            "api_url": "https://api.zoom.us",
        }


def _parameters(call: Call) -> dict[str, str]:
    """Of the body, or of the query: Zoom's own examples have them in either."""
    return {name: values[-1] for name, values in call.query.items()} | call.form()
