"""Forms come from our own pages: a browser says where a request comes from, and what it says is checked."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from chouseiapo.web.errors import Refused

_READING = ("GET", "HEAD", "OPTIONS")


def must_be_our_own(base_url: str) -> None:
    """Refuse what another site has a browser send. Programs say nothing about sites; a bearer's token is no
    cookie, so that no site can make a browser send it along.
    """
    if request.method in _READING or request.headers.get("Authorization", "").lower().startswith("bearer "):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site in ("cross-site", "same-site") or (site is None and _is_foreign(base_url)):
        raise Refused(403, "foreign_form")


def _is_foreign(base_url: str) -> bool:
    """For browsers that do not say it in one word."""
    origin = request.headers.get("Origin")
    try:
        return origin is not None and urlsplit(origin).netloc not in (urlsplit(base_url).netloc, request.host)
    except ValueError:  # what it says is no address
        return True
