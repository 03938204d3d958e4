"""Form nonces: signed, bound to what the form belongs to, with the time they were made. Nothing is stored."""

from __future__ import annotations

import base64
import binascii
import os
from datetime import datetime, timedelta

from chouseiapo.accounts.secrets import MAC_BYTES, Signer

LIFE = timedelta(hours=12)
_RANDOM_BYTES = 9
_TIME_BYTES = 5


def new_nonce(signer: Signer, bound_to: str, now: datetime) -> str:
    """A nonce for one form; `bound_to` names the link or session whose form it is."""
    body = os.urandom(_RANDOM_BYTES) + int(now.timestamp()).to_bytes(_TIME_BYTES)
    mac = signer.sign(body + bound_to.encode())
    return base64.urlsafe_b64encode(body + mac).decode()


def genuine(signer: Signer, nonce: str, bound_to: str, now: datetime) -> bool:
    """Whether the nonce was made here, for this form, and not too long ago."""
    try:
        raw = base64.b64decode(nonce, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if len(body) != _RANDOM_BYTES + _TIME_BYTES or not signer.verifies(body + bound_to.encode(), mac):
        return False
    made = int.from_bytes(body[_RANDOM_BYTES:])
    return 0 <= now.timestamp() - made <= LIFE.total_seconds()
