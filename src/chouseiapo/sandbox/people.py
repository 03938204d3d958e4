"""Who has a mailbox here."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

PROVIDERS = ("google", "microsoft")
SERVICES = (*PROVIDERS, "zoom")


@dataclass(frozen=True)
class Person:
    """A mailbox, its calendar at `provider` (google or microsoft) and a licensed Zoom account.
    A room's mailbox is one too, but without Zoom."""

    email: str
    name: str
    provider: str
    room: bool = False

    def __post_init__(self) -> None:
        if self.email.count("@") != 1 or any(c.isspace() for c in self.email):
            raise ValueError(f"{self.email!r} is no e-mail address.")
        if self.provider not in PROVIDERS:
            raise ValueError(f"{self.provider!r} is no provider: it is google or microsoft.")

    def uses(self, service: str) -> bool:
        """Everybody has Zoom, only rooms have not; a calendar is at one provider only."""
        return service == self.provider or (service == "zoom" and not self.room)

    @property
    def guid(self) -> str:
        """Microsoft's object id; the same after every start, as accounts are cached by it."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{self.email}"))

    @property
    def number(self) -> str:
        """Google's `sub`: 21 digits, never the address."""
        return "1" + str(int(hashlib.sha256(self.email.encode()).hexdigest(), 16))[:20]


DEMO_PEOPLE = (
    Person("tanaka@example.com", "田中", "google"),
    Person("suzuki@example.com", "鈴木", "microsoft"),
    Person("sato@example.com", "佐藤", "google"),
)
