"""Signed identity tokens, as OpenID Connect has them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    """One for the whole process, made when the first token is signed: it takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache(maxsize=1)
def _kid() -> str:
    modulus = _key().public_key().public_numbers().n
    return hashlib.sha256(str(modulus).encode()).hexdigest()[:16]


def sign(claims: Mapping[str, object]) -> str:
    """A JWT, by RS256."""
    head = {"alg": "RS256", "typ": "JWT", "kid": _kid()}
    unsigned = f"{encoded(head)}.{encoded(claims)}"
    return f"{unsigned}.{_base64(_key().sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def keys() -> dict[str, Any]:
    """RFC 7517, as jwks_uri answers it."""
    numbers = _key().public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    modulus, exponent = numbers.n.to_bytes(size, "big"), numbers.e.to_bytes(3, "big")
    common = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _kid()}
    return {"keys": [common | {"n": _base64(modulus), "e": _base64(exponent)}]}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(claims: Mapping[str, object]) -> str:
    """JSON in base64url, like Microsoft's client_info."""
    return _base64(json.dumps(dict(claims)).encode())
