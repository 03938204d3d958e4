"""Signed identity tokens, as OpenID Connect has them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Signer:
    """Signs identity tokens with RS256; the key is made when the first one is asked for."""

    kid = "sandbox-1"

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, claims: Mapping[str, object]) -> str:
        head = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        unsigned = ".".join(_base64(json.dumps(each).encode()) for each in (head, dict(claims)))
        signature = self._key.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{unsigned}.{_base64(signature)}"

    def keys(self) -> dict[str, Any]:
        """RFC 7517, as jwks_uri answers it."""
        numbers = self._key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        modulus, exponent = numbers.n.to_bytes(size, "big"), numbers.e.to_bytes(3, "big")
        common = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid}
        return {"keys": [common | {"n": _base64(modulus), "e": _base64(exponent)}]}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(claims: Mapping[str, object]) -> str:
    """JSON in base64url, like Microsoft's client_info."""
    return _base64(json.dumps(dict(claims)).encode())
