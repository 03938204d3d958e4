"""Rate limits: unknown links and failed sign-ins per address, posts per link. A valid link is never limited
per address, because a whole office sits behind one. Counted per web process.
"""

from __future__ import annotations

from flask import request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from chouseiapo.web.errors import Refused

UNKNOWN_LINKS = parse("30 per 5 minutes")
FAILED_SIGN_INS = parse("20 per 15 minutes")
SIGN_IN_MAILS = parse("5 per 15 minutes")
POSTS_PER_LINK = parse("30 per minute")

_storage = MemoryStorage()
_limiter = MovingWindowRateLimiter(_storage)


def hit(limit: RateLimitItem, key: str) -> None:
    """Count one; raises Refused(429) when it was one too many."""
    if not _limiter.hit(limit, key):
        raise _too_many(limit)


def must_be_below(limit: RateLimitItem, key: str) -> None:
    """Refuse whoever has used the limit up, without counting this request."""
    if not _limiter.test(limit, key):
        raise _too_many(limit)


def forget_all() -> None:
    """Begin anew; for tests, which all come from one address."""
    _storage.reset()


def address() -> str:
    """The peer's address (behind a proxy: the one it names, when `TRUSTED_PROXY` says so)."""
    return request.remote_addr or ""


def _too_many(limit: RateLimitItem) -> Refused:
    return Refused(429, "too_many_requests", Retry_After=str(limit.get_expiry() // 5))
