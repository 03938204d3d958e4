"""Microsoft's sign-in: discovery, token endpoint and keys, as msal wants them.

msal takes no http authority, so discovery and tokens are asked over TLS. The page that a person sees is on
the plain server, as discovery says: no browser has to trust the throw-away authority.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.identity import encoded, keys, sign
from chouseiapo.sandbox.oauth import Client, SignIn
from chouseiapo.sandbox.tokens import SCOPES, Grant
from chouseiapo.sandbox.world import World

TENANT = "5a4db0c5-0000-4000-8000-0c05e1a90000"
ROOT = f"/{TENANT}"
RESERVED = frozenset({"openid", "profile", "email", "offline_access"})
NUMBERS = {"invalid_client": 7000215, "invalid_grant": 50173, "temporarily_unavailable": 90033}


class MicrosoftSignIn(SignIn):
    """A refresh answers with a new refresh token; the old one goes on working for a while."""

    vendor = "microsoft"
    default_scopes = SCOPES["microsoft"]
    token_path = "/oauth2/v2.0/token"  # noqa: S105 - a path

    def __init__(self, world: World, client: Client, issuer: str, page: str) -> None:
        """`issuer`: of the tenant, over TLS; `page`: where a browser gives its consent."""
        super().__init__(world, client, issuer)
        self.page = page

    @property
    def authority(self) -> str:
        return self.issuer.removesuffix("/v2.0")

    def fail(self, status: int, error: str, description: str = "", suberror: str = "") -> Refusal:
        number = NUMBERS.get(error, 900144)
        body: dict[str, Any] = {
            "error": error,
            "error_description": f"AADSTS{number}: {description or error} Trace ID: {uuid.uuid4()}",
            "error_codes": [number],
            "trace_id": str(uuid.uuid4()),
            "correlation_id": str(uuid.uuid4()),
        }
        return Refusal(Reply(status, body | ({"suberror": suberror} if suberror else {})))

    def dead(self) -> Refusal:
        return self.fail(
            400, "invalid_grant", "The provided grant has expired due to it being revoked.", "bad_token"
        )

    def scopes_of(self, text: str) -> frozenset[str]:
        """Graph's scopes by their short names; .default is whatever was consented to."""
        short = (each.rsplit("/", 1)[-1] for each in text.split())
        return frozenset(each for each in short if each != ".default")

    def renewed(self, refresh_token: str, form: Mapping[str, str]) -> tuple[Grant, str]:
        grant, _ = super().renewed(refresh_token, form)
        if self.scopes_of(form.get("scope", "")) - RESERVED - grant.scopes:
            message = "The user or administrator has not consented to use the application."
            raise self.fail(400, "invalid_grant", message, "consent_required")
        return grant, self.world.tokens.renewable(grant)

    def is_offline(self, query: Mapping[str, str], email: str) -> bool:
        return "offline_access" in self.scopes_of(query.get("scope", ""))

    def answered(
        self, grant: Grant, refresh_token: str, nonce: str, form: Mapping[str, str]
    ) -> dict[str, Any]:
        person = self.world.person(grant.email)
        life = int(self.world.tokens.life_s)
        claims = {"sub": person.guid, "oid": person.guid, "tid": TENANT, "ver": "2.0"}
        identity = self.identity(person, nonce, preferred_username=person.email, **claims)
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes - {"offline_access"})),
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": self.world.tokens.access(grant),
            "id_token": sign(identity),
            "client_info": encoded({"uid": person.guid, "utid": TENANT}),
        }
        return body | ({"refresh_token": refresh_token} if refresh_token else {})

    def document(self, call: Call) -> Reply | None:
        if call.method != "GET":
            return None
        if call.path in ("/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration"):
            return Reply(200, self._discovery())
        if call.path == "/discovery/v2.0/keys":
            return Reply(200, keys())
        return None

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.page,
            "token_endpoint": f"{self.authority}{self.token_path}",
            "jwks_uri": f"{self.authority}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }
