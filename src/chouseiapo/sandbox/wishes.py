"""Requests to the sandbox itself: JSON objects, and a plain sentence for what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request


def wish(*needed: str) -> dict[str, Any]:
    """The body, which has texts for the names that are needed; ValueError otherwise."""
    read = request.get_json(force=True, silent=True)
    if not isinstance(read, dict):
        raise ValueError("The body has to be one JSON object.")
    for name in needed:
        if not isinstance(read.get(name), str):
            raise ValueError(f"The body needs {name}, a text.")
    return read


def known(wish: Mapping[str, object], *names: str) -> None:
    if unknown := sorted(set(wish) - set(names)):
        raise ValueError(f"There is no {', '.join(unknown)} here; there is {', '.join(names)}.")


def text(wish: Mapping[str, object], name: str, otherwise: str = "") -> str:
    value = wish.get(name, otherwise)
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {value!r}.")
    return value


def texts(wish: Mapping[str, object], name: str) -> list[str]:
    values = wish.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"{name} is a list of texts, not {values!r}.")
    return values


def flag(wish: Mapping[str, object], name: str) -> bool:
    value = wish.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false, not {value!r}.")
    return value
