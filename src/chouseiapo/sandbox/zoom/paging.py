"""Long lists, a page at a time: next_page_token is good for a quarter of an hour."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from typing import TypeVar

from chouseiapo.sandbox.calls import Call, Json
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.errors import invalid, refuse

T = TypeVar("T")
LARGEST_PAGE, DEFAULT_PAGE = 300, 30


def page(world: World, call: Call, found: Sequence[T]) -> tuple[Sequence[T], Json]:
    """Those that are asked for, and what the answer says beside them."""
    size, start = _size(call), _place(call)
    end = start + size
    token = _token(end, world.switches.zoom_page_token_s) if len(found) > end else ""
    about = {"page_size": size, "total_records": len(found), "next_page_token": token}
    return found[start:end], about


def _size(call: Call) -> int:
    text = call.one("page_size", str(DEFAULT_PAGE))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise invalid({"page_size": f"The value should be between 1 and {LARGEST_PAGE}."})
    return int(text)


def _token(start: int, life_s: float) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, time.time() + life_s]).encode()).decode()


def _place(call: Call) -> int:
    if not call.one("next_page_token"):
        return 0
    gone = refuse(400, 300, "The next page token is invalid or expired.")
    try:
        start, until = json.loads(base64.urlsafe_b64decode(call.one("next_page_token")))
    except ValueError as problem:
        raise gone from problem
    if until < time.time():
        raise gone
    return int(start)
