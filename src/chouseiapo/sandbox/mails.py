"""The mailbox page's mails: kept as the bytes that came in, read when somebody looks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Mail:
    """`recipients` are the envelope's, so a Bcc would show."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    at: datetime

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @cached_property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @cached_property
    def from_(self) -> str:
        return str(self.message["From"] or self.sender)

    @cached_property
    def text(self) -> str:
        return self._part("text/plain").replace("\r\n", "\n")  # the wire's line ends are no content

    @cached_property
    def html(self) -> str:
        return self._part("text/html").replace("\r\n", "\n")

    @cached_property
    def ics(self) -> str:
        """The iCalendar part beside text and HTML, or the attached file where there is no such part."""
        return self._part("text/calendar") or self._part("application/ics")

    def _part(self, content_type: str) -> str:
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                payload = part.get_payload(decode=True)
                return (
                    _decoded(payload, part.get_content_charset("utf-8")) if isinstance(payload, bytes) else ""
                )
        return ""

    @cached_property
    def encoded(self) -> str:
        """Its line in state.json. `to` is a string: one address, or several with commas between."""
        shown = {
            "message_id": str(self.message["Message-ID"] or "").strip(),
            "to": ", ".join(self.recipients),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "ics": self.ics,
            "at": self.at.isoformat(),
        }
        return json.dumps(shown, ensure_ascii=False)

    @cached_property
    def saved(self) -> str:
        kept = [self.raw.decode("latin-1"), self.sender, self.recipients, self.at.isoformat()]
        return json.dumps(kept)

    @classmethod
    def restored(cls, kept: list[Any]) -> Mail:
        raw, sender, recipients, at = kept
        return cls(raw.encode("latin-1"), sender, tuple(recipients), datetime.fromisoformat(at))


def _decoded(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, "replace")
    except LookupError:  # a charset that nobody knows
        return payload.decode("latin-1")


def compose(sender: str, recipients: Sequence[str], subject: str, text: str, at: datetime) -> Mail:
    """A mail that a simulated calendar sends by itself."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(recipients), subject
    message["Date"] = at
    message.set_content(text)
    return Mail(message.as_bytes(policy=policy.SMTP), sender, tuple(recipients), at)
