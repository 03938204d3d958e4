"""Keys derived from SECRET_KEY, one a purpose; the first of several signs and seals, all verify and open."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAC_BYTES = 16
# What is sealed: the keys of guests' data; everything else (accounts' tokens, drafts, sign-in mails).
PERSONAL_DATA, VAULT = "personal data", "vault"


def derive(secret: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose; keys of different purposes say nothing about each other."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"chouseiapo/{purpose}".encode()).derive(secret.encode())


def hashed(token: str) -> str:
    """What is stored of a random token that a person or program holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """192 random bits, fit for an address and a header."""
    return secrets.token_urlsafe(24)


class Sealer:
    """Encrypts small texts for storage; a rotated key still opens what it sealed."""

    def __init__(self, secret_keys: Sequence[str], purpose: str) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(derive(key, purpose))) for key in secret_keys]
        )

    def seal(self, text: bytes) -> str:
        return self._fernet.encrypt(text).decode()

    def open(self, sealed: str) -> bytes:
        """The text; raises ValueError when no key of ours sealed it."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise ValueError("sealed with a key that SECRET_KEY no longer names") from None

    def seal_anew(self, sealed: str) -> str:
        """The same text under the first key; raises ValueError when no key of ours sealed it."""
        return self.seal(self.open(sealed))


class Signer:
    """Short message authentication codes; the first key signs, all verify, in constant time."""

    def __init__(self, secret_keys: Sequence[str], purpose: str) -> None:
        self._keys = [derive(key, purpose) for key in secret_keys]

    def sign(self, message: bytes) -> bytes:
        return self._mac(self._keys[0], message)

    def verifies(self, message: bytes, mac: bytes) -> bool:
        # Every key is tried, so that the time does not tell which one fits.
        return sum(hmac.compare_digest(self._mac(key, message), mac) for key in self._keys) > 0

    @staticmethod
    def _mac(key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")[:MAC_BYTES]
