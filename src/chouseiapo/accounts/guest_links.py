"""Guest links: a secret that carries appointment, generation and a code; nothing about them is stored."""

from __future__ import annotations

import base64
import binascii

import msgspec

from chouseiapo.accounts.secrets import MAC_BYTES, Signer

_PREFIX = "appointment-"
_ID_BYTES = 16
_GENERATION_BYTES = 4


class GuestLink(msgspec.Struct, frozen=True):
    """What a genuine secret says; whether its generation is still current, the appointment knows."""

    appointment: str
    generation: int


class GuestLinks:
    """Makes and reads secrets; the same appointment and generation always give the same secret."""

    def __init__(self, signer: Signer, base_url: str) -> None:
        self._signer = signer
        self._base_url = base_url

    def url(self, appointment: str, generation: int) -> str:
        """The address that the guest opens."""
        return f"{self._base_url}/g/{self.secret(appointment, generation)}"

    def secret(self, appointment: str, generation: int) -> str:
        body = bytes.fromhex(appointment.removeprefix(_PREFIX)) + generation.to_bytes(_GENERATION_BYTES)
        return base64.urlsafe_b64encode(body + self._signer.sign(body)).decode().rstrip("=")

    def read(self, secret: str) -> GuestLink | None:
        """What the secret names, or None when it is not one of ours (compared in constant time)."""
        try:
            raw = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if len(body) != _ID_BYTES + _GENERATION_BYTES or not self._signer.verifies(body, mac):
            return None
        generation = int.from_bytes(body[_ID_BYTES:])
        return GuestLink(f"{_PREFIX}{body[:_ID_BYTES].hex()}", generation)
