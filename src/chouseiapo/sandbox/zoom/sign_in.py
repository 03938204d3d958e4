"""Zoom's sign-in. A refresh token is good once: the answer carries the next, and the old one dies at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.oauth import SignIn, basic
from chouseiapo.sandbox.tokens import SCOPES, Grant

ROOT = "/zoom/oauth"


class ZoomSignIn(SignIn):
    """The app's scopes are fixed at Zoom: whatever is asked for, the whole list is answered."""

    vendor = "zoom"
    default_scopes = SCOPES["zoom"]
    token_path = "/token"  # noqa: S105 - a path

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

    def renewed(self, refresh_token: str, form: Mapping[str, str]) -> tuple[Grant, str]:
        grant = self.world.tokens.spend("zoom", refresh_token)
        if grant is None:
            raise self.dead()
        return grant, self.world.tokens.renewable(grant)

    def answered(
        self, grant: Grant, refresh_token: str, nonce: str, form: Mapping[str, str]
    ) -> dict[str, Any]:
        return {
            "access_token": self.world.tokens.access(grant),
            "token_type": "bearer",
            "refresh_token": refresh_token,
            "expires_in": int(self.world.tokens.life_s),
            "scope": " ".join(sorted(grant.scopes)),
            "api_url": "https://api.zoom.us",
        }
