"""Google's sign-in: token endpoint, keys and userinfo."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.google.errors import error as api_error
from chouseiapo.sandbox.identity import keys, sign
from chouseiapo.sandbox.oauth import SignIn
from chouseiapo.sandbox.tokens import SCOPES, Grant

ROOT = "/google/oauth"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
REVOKE = "/revoke"
SHORT = {"email": EMAIL, "profile": "https://www.googleapis.com/auth/userinfo.profile"}

SIGNING_IN = frozenset({"openid", *SHORT.values()})


def _revoked(call: Call) -> str:
    """In the body or in the query."""
    return call.form().get("token", "") or call.one("token")


class GoogleSignIn(SignIn):
    """Refresh tokens stay what they are; they come with access_type=offline and a new consent only."""

    vendor = "google"
    default_scopes = SCOPES["google"]
    token_path = "/token"  # noqa: S105 - a path

    def fail(self, status: int, error: str, description: str = "") -> Refusal:
        body = {"error": error}
        return Refusal(Reply(status, body | ({"error_description": description} if description else {})))

    def dead(self) -> Refusal:
        """What RefreshError of google-auth is made of."""
        return self.fail(400, "invalid_grant", "Token has been expired or revoked.")

    def scopes_of(self, text: str) -> frozenset[str]:
        """email and profile are answered under their long names."""
        return frozenset(SHORT.get(each, each) for each in text.split())

    def optional(self, scopes: frozenset[str]) -> frozenset[str]:
        """Each permission has a box to untick, only signing in has none."""
        return scopes - SIGNING_IN

    def granted(self, query: Mapping[str, str], email: str, scopes: frozenset[str]) -> frozenset[str]:
        """Together with earlier consents, where the product asks for that."""
        earlier = query.get("include_granted_scopes") == "true"
        return scopes.union(*self.world.tokens.consented("google", email)) if earlier else scopes

    def is_offline(self, query: Mapping[str, str], email: str) -> bool:
        first = not self.world.tokens.consented("google", email)
        return query.get("access_type") == "offline" and (
            first or "consent" in query.get("prompt", "").split()
        )

    def answered(
        self, grant: Grant, refresh_token: str, nonce: str, form: Mapping[str, str]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "access_token": self.world.tokens.access(grant),
            "expires_in": int(self.world.tokens.life_s),
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
        }
        if refresh_token:
            body["refresh_token"] = refresh_token
        left = self.world.tokens.seconds_left(refresh_token or form.get("refresh_token", ""))
        if left is not None:
            body["refresh_token_expires_in"] = max(0, math.ceil(left) - 1)
        if "openid" in grant.scopes:
            body["id_token"] = sign(self._claims(grant, nonce))
        return body

    def _claims(self, grant: Grant, nonce: str) -> dict[str, object]:
        person = self.world.person(grant.email)
        return self.identity(person, nonce, sub=person.number, email_verified=True)

    def mailbox(self, call: Call) -> str:
        if call.path != REVOKE:
            return super().mailbox(call)
        grant = self.world.tokens.of_any("google", _revoked(call))
        return grant.email if grant else ""

    def _revoke(self, call: Call) -> Reply:
        """By either kind of token; with it goes all that the person has granted to the product."""
        grant = self.world.tokens.of_any("google", _revoked(call))
        if grant is None:
            raise self.fail(400, "invalid_token", "Token expired or revoked")
        self.world.revoke("google", grant.email)
        return Reply(200, {})

    def document(self, call: Call) -> Reply | None:
        if call.method == "POST" and call.path == REVOKE:
            return self._revoke(call)
        if call.method == "GET" and call.path == "/certs":
            return Reply(200, keys())
        if call.method == "GET" and call.path == "/userinfo":
            return self._userinfo(call)
        if call.method == "GET" and call.path == "/.well-known/openid-configuration":
            return Reply(200, self._discovery())
        return None

    def _userinfo(self, call: Call) -> Reply:
        grant = self.world.tokens.bearer("google", call.headers.get("authorization", ""))
        if grant is None:
            return api_error(401)
        person = self.world.person(grant.email)
        shown = {"sub": person.number, "email": person.email, "email_verified": True, "name": person.name}
        return Reply(200, shown)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "revocation_endpoint": f"{self.issuer}{REVOKE}",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
