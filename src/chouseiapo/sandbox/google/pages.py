"""Google's opaque tokens: where the next page begins, and what a caller knows already."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from chouseiapo.sandbox.calls import Call
from chouseiapo.sandbox.google.errors import invalid


def token(call: Call, *left_out: str, **content: object) -> str:
    """Bound to the other parameters of the request, but for those `left_out` and its own page."""
    bound = content | {"query": fingerprint(call, "pageToken", *left_out)}
    return base64.urlsafe_b64encode(json.dumps(bound).encode()).decode()


def fingerprint(call: Call, *left_out: str) -> str:
    """The other parameters must stay identical from page to page, and from sync to sync."""
    kept = sorted((name, list(values)) for name, values in call.query.items() if name not in left_out)
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]


def read_token(text: str) -> dict[str, Any]:
    try:
        content = json.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def placed(call: Call) -> dict[str, Any]:
    """Where the page before this one ended."""
    if not call.one("pageToken"):
        return {}
    content = read_token(call.one("pageToken"))
    if content.get("query") != fingerprint(call, "pageToken"):
        raise invalid("Invalid page token value.", "invalidParameter")
    return content


def size(call: Call, usual: str, most: int) -> int:
    """How many items make a page."""
    wish = call.one("maxResults", usual)
    if not wish.isdecimal() or int(wish) < 1:
        raise invalid(f"Invalid value for maxResults: {wish!r}.", "invalidParameter")
    return min(int(wish), most)
