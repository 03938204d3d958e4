"""What every API request shares: who asks, with which command id, and what the body says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from flask import g, request

from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.member import Member
from chouseiapo.web.errors import Refused
from chouseiapo.web.forms import B, read_body
from chouseiapo.web.request import services

View = TypeVar("View", bound=Callable[..., Any])


def json_body(kind: type[B]) -> B:
    """The request's JSON as that kind of body; raises Refused or Invalid."""
    if request.content_length and not request.is_json:
        raise Refused(415, "not_acceptable")
    sent = request.get_data() or b"{}"
    try:
        content = msgspec.json.decode(sent)
        if b"\\u" in sent:
            _must_be_storable(content)
    except (ValueError, RecursionError):
        raise Refused(400, "bad_request") from None
    return read_body(kind, content)


def _must_be_storable(content: Any) -> None:
    """Half a surrogate pair or a NUL, which only an escape can smuggle in, no store would take."""
    if b"\\u0000" in json.dumps(content, ensure_ascii=False).encode():
        raise ValueError


def with_token(view: View) -> View:
    """Only for holders of an API token; sets `g.member`."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        g.member = _member_of_token()
        return view(*args, **kwargs)

    return cast(View, checked)


def command_of(member: str) -> Meta:
    """Who gives which command: an Idempotency-Key, the member and the route name it, for a day.

    Raises Refused(422) when the key came before with another body.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return Meta(actor=member, command=new_id("command"))
    scope = hashlib.sha256("\n".join((key, member, request.path)).encode()).hexdigest()
    body = hashlib.sha256(request.get_data()).hexdigest()
    first = services().access.note_request(scope, body, g.now)
    if first is None:
        raise Refused(422, "idempotency_key_reused")
    # The key used again after its day is another command
    command = hashlib.sha256(f"{scope}\n{first.isoformat()}".encode()).hexdigest()
    return Meta(actor=member, command=command)


def _member_of_token() -> Member:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    id = services().access.member_of_api_token(token.strip()) if scheme.lower() == "bearer" else None
    if id is None:
        raise Refused(401, "unauthorized", WWW_Authenticate="Bearer")
    return services().coordination.member(id)
