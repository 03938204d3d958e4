"""What vendors tell us by themselves. Nothing is believed without their signature, and nothing follows from a
word of theirs alone: a meeting that is said to be gone is read directly, by the worker.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import timedelta
from typing import Any

from flask import Blueprint, g, request

from chouseiapo.domain.event import SYSTEM, Meta
from chouseiapo.domain.ids import link_id, link_owner
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.ports import PortError
from chouseiapo.web import limits
from chouseiapo.web.errors import Refused
from chouseiapo.web.request import services
from projections.issue_meetings import look_at
from projections.notices import is_known, note

webhooks = Blueprint("webhooks", __name__)

MOST_BYTES = 256 * 1024
FRESH = timedelta(minutes=5)
MEETING_EVENTS = ("meeting.updated", "meeting.deleted", "meeting.permanently_deleted", "meeting.recovered")

log = logging.getLogger(__name__)


@webhooks.post("/webhooks/zoom")
def zoom() -> Any:
    """Zoom waits three seconds for the answer, and sends again what was not answered with success."""
    secret = services().settings.zoom_webhook_secret
    if not secret:
        raise Refused(404, "not_found")
    body = _body()
    if not _is_genuine(secret, body):
        limits.hit(limits.FAILED_WEBHOOKS, limits.address())
        raise Refused(401, "unauthorized")
    said = _object(body)
    if said.get("event") == "endpoint.url_validation":
        return _validated(secret, said)
    if not is_known(services().rows, body):
        _heed(said)
        # Noted last: what failed half way is to be told again.
        note(services().rows, body, g.now)
    return {}


def _body() -> bytes:
    if (request.content_length or 0) > MOST_BYTES:
        raise Refused(413, "too_large")
    return request.get_data(cache=False)


def _is_genuine(secret: str, body: bytes) -> bool:
    """Signed over the very bytes that came, and not long ago; our own clock may be a little off."""
    stamp = request.headers.get("x-zm-request-timestamp", "")
    given = request.headers.get("x-zm-signature", "")
    expected = f"v0={_digest(secret, b'v0:' + stamp.encode() + b':' + body)}"
    if not hmac.compare_digest(given.encode(), expected.encode()):
        return False
    return (
        stamp.isascii() and stamp.isdecimal() and abs(g.now.timestamp() - int(stamp)) <= FRESH.total_seconds()
    )


def _digest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        raise Refused(400, "bad_request") from None
    if not isinstance(said, dict):
        raise Refused(400, "bad_request")
    return said


def _validated(secret: str, said: dict[str, Any]) -> Any:
    """Zoom asks whether we know the secret. Only a signed question is answered: the answer is a signature."""
    plain = str(_payload(said).get("plainToken", ""))
    return {"plainToken": plain, "encryptedToken": _digest(secret, plain.encode())}


def _heed(said: dict[str, Any]) -> None:
    event, payload = said.get("event"), _payload(said)
    log.info(
        "zoom tells of %s", event if event in (*MEETING_EVENTS, "app_deauthorized") else "something else"
    )
    if event in MEETING_EVENTS:
        about = payload.get("object")
        # A number in some events, a string in others.
        look_at(services().rows, services().meetings, str(about.get("id")) if isinstance(about, dict) else "")
    elif event == "app_deauthorized":
        _unlink(str(payload.get("user_id", "")), str(payload.get("client_id", "")), said.get("event_ts"))


def _unlink(user: str, client: str, told_at: object) -> None:
    """The account's owner is said to have removed our app at Zoom. Where its tokens are dead indeed, they go,
    and meetings stay as they are; where they live, its owner has consented anew since."""
    app, vault = services().coordination, services().vault
    if client != services().settings.zoom_client_id:
        return  # the organization's own app, or none of ours
    some = link_id(Provider.ZOOM, ORGANIZATION, user)
    for link in dict.fromkeys((app.account(some).holder, *vault.of_account(some))):
        if not app.is_linked(link) or link_owner(link) == ORGANIZATION or _lives(link):
            continue
        cause = Meta(actor=SYSTEM, command=f"deauthorized/{link}/{told_at}")
        app.unlink(link, cause, g.now, Leaving.KEEP, deauthorized=True)
        vault.forget(link)


def _lives(link: str) -> bool:
    """Whether Zoom still renews what was granted; where nobody answers, it is to tell us again."""
    vault = services().vault
    try:
        vault.access_token(link, refused=vault.grant(link).access_token)
    except PortError as error:
        if not error.auth:
            raise Refused(503, "busy") from None
        return False
    return True


def _payload(said: dict[str, Any]) -> dict[str, Any]:
    found = said.get("payload")
    return found if isinstance(found, dict) else {}
