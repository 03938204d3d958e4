"""What the product needs of a mail server."""

from __future__ import annotations

from typing import Protocol

import msgspec


class RawMail(msgspec.Struct, frozen=True):
    """A mail to one recipient as it goes over the wire; the addresses are those of its envelope."""

    sender: str
    recipient: str
    content: bytes


class Mailer(Protocol):
    """Where mails leave."""

    def send(self, raw: RawMail) -> None:
        """Hand one mail to one recipient over; returning means that the other side has accepted it."""

    def check(self) -> None:
        """Raises PortError when no mail at all could be handed over now."""
