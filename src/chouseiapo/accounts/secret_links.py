"""Secret links: an address that carries an id, a generation and a code; nothing about them is stored."""

from __future__ import annotations

import base64
import binascii

import msgspec

from chouseiapo.accounts.secrets import MAC_BYTES, Signer

_ID_BYTES = 16
_GENERATION_BYTES = 4


class SecretLink(msgspec.Struct, frozen=True):
    """What a genuine secret says; whether its generation is still current, whoever has the id knows."""

    id: str
    generation: int


class SecretLinks:
    """Makes and reads secrets of one kind of thing; the same id and generation always give the same secret.

    The signer's purpose keeps kinds apart: the secret of one opens nothing of another.
    """

    def __init__(self, signer: Signer, kind: str, before: str, after: str = "") -> None:
        self._signer = signer
        self._prefix = f"{kind}-"
        self._before, self._after = before, after

    def url(self, id: str, generation: int) -> str:
        """The address that is opened."""
        return f"{self._before}{self.secret(id, generation)}{self._after}"

    def secret(self, id: str, generation: int) -> str:
        body = bytes.fromhex(id.removeprefix(self._prefix)) + generation.to_bytes(_GENERATION_BYTES)
        return base64.urlsafe_b64encode(body + self._signer.sign(body)).decode().rstrip("=")

    def read(self, secret: str) -> SecretLink | None:
        """What the secret names, or None when it is not one of ours (compared in constant time)."""
        try:
            raw = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if len(body) != _ID_BYTES + _GENERATION_BYTES or not self._signer.verifies(body, mac):
            return None
        generation = int.from_bytes(body[_ID_BYTES:])
        return SecretLink(f"{self._prefix}{body[:_ID_BYTES].hex()}", generation)
