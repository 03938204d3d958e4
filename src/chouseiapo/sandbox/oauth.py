"""What the three sign-ins have in common: clients, consent, codes and tokens."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from chouseiapo.sandbox.calls import Call, Refusal, Reply
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.tokens import Code, Grant
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.world import World


@dataclass(frozen=True)
class Client:
    """How our product is registered at a vendor."""

    id: str
    secret: str


class Chooser(Protocol):
    """Somebody as whom one can continue."""

    @property
    def email(self) -> str: ...

    @property
    def name(self) -> str: ...


class SignIn(Vendor):
    """The endpoints of one vendor's OAuth that our product itself calls; faults name them `<vendor>_oauth`.

    The page that a person sees is `consent_page`'s; a browser needs no token for it.
    """

    vendor = ""
    default_scopes: frozenset[str] = frozenset()
    token_path = ""

    def __init__(self, world: World, client: Client, issuer: str) -> None:
        super().__init__(world)
        self.client, self.issuer = client, issuer
        self.service = f"{self.vendor}_oauth"

    # What the vendors word differently

    def fail(self, status: int, error: str, description: str = "") -> Refusal:
        """RFC 6749's form, or what the vendor made of it."""
        raise NotImplementedError

    def answered(
        self, grant: Grant, refresh_token: str, nonce: str, form: Mapping[str, str]
    ) -> dict[str, Any]:
        """A token response."""
        raise NotImplementedError

    def dead(self) -> Refusal:
        """A refresh token or code that is unknown, revoked, used up or too old."""
        raise NotImplementedError

    def scopes_of(self, text: str) -> frozenset[str]:
        return frozenset(text.split())

    def renewed(self, refresh_token: str, form: Mapping[str, str]) -> tuple[Grant, str]:
        """Whose the refresh token is, and the one to use from now on; an empty one: the same."""
        grant = self.world.tokens.holder(self.vendor, refresh_token)
        if grant is None:
            raise self.dead()
        return grant, ""

    def is_offline(self, query: Mapping[str, str], email: str) -> bool:
        """Whether this consent is answered with a refresh token."""
        return True

    # What they have in common

    def mailbox(self, call: Call) -> str:
        if call.path != self.token_path or call.method != "POST":
            return ""
        grant = self.world.tokens.holder(self.vendor, call.form().get("refresh_token", ""))
        return grant.email if grant else ""

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        usual = {400: "invalid_grant", 401: "invalid_client", 429: "rate_limit_exceeded"}
        reply = self.fail(status, reason or usual.get(status, "temporarily_unavailable")).reply
        headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
        return Reply(reply.status, reply.body, headers)

    def carry_out(self, call: Call) -> Reply:
        if (call.method, call.path) == ("POST", self.token_path):
            return self.token(call)
        reply = self.document(call)
        if reply is None:
            raise Refusal(self.not_found(call))
        return reply

    def document(self, call: Call) -> Reply | None:
        """What else there is to fetch: discovery, keys, who somebody is."""
        return None

    def not_found(self, call: Call) -> Reply:
        return self.fail(404, "not_found").reply

    def token(self, call: Call) -> Reply:
        form = call.form()
        self.check_client(call, form)
        self.world.changed.set()
        grant_type = form.get("grant_type", "")
        if grant_type == "refresh_token":
            grant, refresh_token = self.renewed(form.get("refresh_token", ""), form)
            return Reply(200, self.answered(grant, refresh_token, "", form), NO_STORE)
        if grant_type == "authorization_code":
            return Reply(200, self._redeemed(form), NO_STORE)
        raise self.fail(400, "unsupported_grant_type", f"Unsupported grant_type {grant_type!r}.")

    def check_client(self, call: Call, form: Mapping[str, str]) -> None:
        """In the body or as HTTP Basic."""
        given = basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        if given != (self.client.id, self.client.secret):
            raise self.fail(401, "invalid_client", "Unauthorized")

    def _redeemed(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self.world.tokens.redeem(self.vendor, form.get("code", ""))
        if code is None or not code.fits(form.get("redirect_uri", ""), form.get("code_verifier", "")):
            raise self.dead()
        grant = code.grant
        refresh = self.world.consent(grant.service, grant.email, grant.scopes) if code.offline else ""
        return self.answered(grant, refresh, code.nonce, form)

    # The page

    def problem(self, query: Mapping[str, str]) -> str:
        """Why this authorization request is no good, in a plain sentence; empty when it is."""
        if query.get("client_id") != self.client.id:
            return "client_id is not that of the registered client."
        if query.get("response_type") != "code":
            return "response_type has to be code."
        target = urlsplit(query.get("redirect_uri", ""))
        if target.scheme not in ("http", "https") or not target.netloc:
            return "redirect_uri has to be a whole http or https address."
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return "code_challenge_method has to be S256."
        return ""

    def choices(self) -> Sequence[Chooser]:
        return [each for each in self.world.people.values() if each.uses(self.vendor)]

    def approval(self, email: str) -> str:
        """What stands between that person and a consent: nothing, or the state of an administrator's."""
        return ""

    def ask_for_approval(self, email: str) -> None:
        """The person asks the administrator to approve the app."""

    def wanted(self, query: Mapping[str, str]) -> frozenset[str]:
        """The scopes that the product asks for."""
        return self.scopes_of(query.get("scope", "")) or self.default_scopes

    def optional(self, scopes: frozenset[str]) -> frozenset[str]:
        """Those that a person may refuse while agreeing to the others."""
        return frozenset()

    def granted(self, query: Mapping[str, str], email: str, scopes: frozenset[str]) -> frozenset[str]:
        """What a consent to these scopes comes to."""
        return scopes

    def agreed(self, query: Mapping[str, str], email: str, refused: frozenset[str]) -> dict[str, str]:
        """The person said yes, but for what was refused: the parameters that go back to the product."""
        wanted = self.wanted(query)
        agreed = wanted - (refused & self.optional(wanted))
        if not agreed:
            return self.denied(query)
        code = Code(
            Grant(self.vendor, email, self.granted(query, email, agreed)),
            redirect_uri=query["redirect_uri"],
            challenge=query.get("code_challenge", ""),
            nonce=query.get("nonce", ""),
            offline=self.is_offline(query, email),
        )
        return {"code": self.world.tokens.issue_code(code), **_state(query)}

    def denied(self, query: Mapping[str, str]) -> dict[str, str]:
        return {"error": "access_denied", **_state(query)}

    def identity(self, person: Person, nonce: str, **claims: object) -> dict[str, object]:
        """The claims of an id_token that OpenID Connect asks for."""
        now = int(time.time())
        about = {"iss": self.issuer, "aud": self.client.id, "iat": now, "exp": now + 3600}
        return (
            about
            | ({"nonce": nonce} if nonce else {})
            | {"email": person.email, "name": person.name}
            | claims
        )


NO_STORE = {"Cache-Control": "no-store"}


def basic(call: Call) -> tuple[str, str] | None:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _state(query: Mapping[str, str]) -> dict[str, str]:
    return {"state": query["state"]} if "state" in query else {}


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    return address + ("&" if urlsplit(address).query else "?") + urlencode(parameters)
