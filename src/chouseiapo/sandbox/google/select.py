"""Google's partial answers: fields=items(id,etag,start/dateTime),nextPageToken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chouseiapo.sandbox.calls import Call
from chouseiapo.sandbox.google.errors import invalid

TOKEN = re.compile(r"[A-Za-z0-9_*-]+|[(),/]")
Mask = dict[str, Any]
"""Which names are wanted; an empty mask below a name means all of it."""


def selected(call: Call, answer: Any) -> Any:
    """What was asked for and no more: who reads a field without asking for it shall find out here."""
    text = call.one("fields")
    return _pick(answer, parse(text)) if text else answer


def parse(text: str) -> Mask:
    tokens = TOKEN.findall(text)
    if "".join(tokens) != text:
        raise invalid(f"Invalid field selection {text}", "invalidParameter")
    walk = iter([*tokens, ""])
    mask, rest = _list(walk, text)
    if rest != "":
        raise invalid(f"Invalid field selection {text}", "invalidParameter")
    return mask


def _list(walk: Iterator[str], text: str) -> tuple[Mask, str]:
    """Names with commas between, up to whatever ends them."""
    mask: Mask = {}
    while True:
        name = next(walk, "")
        if not name or name in "(),/":
            raise invalid(f"Invalid field selection {text}", "invalidParameter")
        mask[name], after = _below(walk, text)
        if after != ",":
            return mask, after


def _below(walk: Iterator[str], text: str) -> tuple[Mask, str]:
    after = next(walk, "")
    if after == "/":
        name = next(walk, "")
        below, after = _below(walk, text)
        return {name: below}, after
    if after == "(":
        mask, end = _list(walk, text)
        if end != ")":
            raise invalid(f"Invalid field selection {text}", "invalidParameter")
        return mask, next(walk, "")
    return {}, after


def _pick(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_pick(each, mask) for each in value]
    if isinstance(value, dict):
        return {name: _pick(value[name], below) for name, below in mask.items() if name in value}
    return value
