"""Puts a mail together as it goes on the wire: headers, alternatives, the calendar part. ASCII throughout."""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import BASE64, Charset
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

# Headers leave as they are encoded here. Python's own folding tears long names apart at a comma, so that a
# guest by the name of "a@b.example, …" would add recipients; that of 3.11.2 fails on some names altogether.
_WIRE = policy.SMTP.clone(refold_source="none")
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = BASE64
_FOLD = "\n "
_PLAIN = 65  # characters that fit on one line beside the longest of our headers' names


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Who writes to whom, and when. Mailboxes are (name, address); the message id stands in brackets."""

    sender: tuple[str, str]
    recipient: tuple[str, str]
    reply_to: tuple[str, str] = ("", "")
    message_id: str
    date: datetime


def compose(
    envelope: Envelope, subject: str, text: str, html: str = "", calendar: bytes = b"", method: str = ""
) -> EmailMessage:
    """The message: text, then HTML and the calendar as alternatives; the calendar once more as a file.

    Gmail and Outlook act on the text/calendar part with its method; others offer the attached invite.ics.
    The same arguments give the same bytes, so a mail sent twice is the same mail.
    """
    parts = [_text("plain", text.encode())]
    if html:
        parts.append(_text("html", html.encode()))
    if calendar:
        parts.append(_text(f'calendar; method="{method}"', calendar))
    seed = hashlib.sha256(envelope.message_id.encode()).hexdigest()[:24]
    if len(parts) > 1:
        parts = [_joined("alternative", parts, f"=_1_{seed}")]
    if calendar:
        parts = [_joined("mixed", [*parts, _file("application/ics", "invite.ics", calendar)], f"=_0_{seed}")]
    [content] = parts
    message = EmailMessage(policy=_WIRE)
    for name, value in (*_headers(envelope, subject), ("MIME-Version", "1.0"), *content.raw_items()):
        message.set_raw(name, value)
    message.set_payload(content.get_payload())
    return message


def _headers(envelope: Envelope, subject: str) -> list[tuple[str, str]]:
    headers = [
        ("Subject", _subject(subject)),
        ("From", _mailbox("From", envelope.sender)),
        ("To", _mailbox("To", envelope.recipient)),
        ("Date", format_datetime(envelope.date)),
        ("Message-ID", envelope.message_id),
        # Out-of-office answers to a machine help nobody (RFC 3834, and Exchange's own header)
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    if envelope.reply_to[1]:
        headers.insert(2, ("Reply-To", _mailbox("Reply-To", envelope.reply_to)))
    return headers


def _subject(text: str) -> str:
    line = _one_line(text)
    plain = line.isascii() and line.isprintable() and "=?" not in line and len(line) <= _PLAIN
    return line if plain else _encoded("Subject", line)


def _mailbox(header: str, mailbox: tuple[str, str]) -> str:
    """A name stands as it is when it is words alone: commas, quotes and brackets mean something here."""
    name, address = _one_line(mailbox[0]), mailbox[1]
    if not name:
        return address
    plain = all(c.isascii() and (c.isalnum() or c in " -") for c in name) and len(name) <= _PLAIN
    phrase = name if plain else _encoded(header, name)
    room = 76 - len(phrase.rpartition("\n")[2]) - len(header)
    return f"{phrase}{' ' if len(address) + 5 <= room else _FOLD}<{address}>"


def _one_line(text: str) -> str:
    """Without line breaks of any kind, Unicode's included: no text can end its header."""
    return " ".join(text.splitlines()).strip()


def _encoded(header: str, line: str) -> str:
    """As encoded words (RFC 2047), folded."""
    return Header(line, _UTF8, header_name=header).encode()


def _text(kind: str, content: bytes) -> EmailMessage:
    """A text part; lines end as on the wire, the last one too."""
    lines = b"".join(line + b"\r\n" for line in content.splitlines())
    return _encoded_part(f'text/{kind}; charset="utf-8"', lines)


def _file(kind: str, name: str, content: bytes) -> EmailMessage:
    part = _encoded_part(kind, content)
    part.set_raw(*_parsed("Content-Disposition", f'attachment; filename="{name}"'))
    return part


def _encoded_part(kind: str, content: bytes) -> EmailMessage:
    part = EmailMessage(policy=_WIRE)
    part.set_raw(*_parsed("Content-Type", kind))
    part.set_raw(*_parsed("Content-Transfer-Encoding", "base64"))
    part.set_payload(encodebytes(content).decode("ascii"))
    return part


def _joined(kind: str, parts: list[EmailMessage], boundary: str) -> EmailMessage:
    """The boundary is never part of base64, so nothing has to be searched for one that does not occur."""
    whole = EmailMessage(policy=_WIRE)
    whole["Content-Type"] = f'multipart/{kind}; boundary="{boundary}"'
    for part in parts:
        whole.attach(part)
    return whole


@lru_cache(maxsize=64)
def _parsed(name: str, value: str) -> tuple[str, Any]:
    """A header that is the same in many mails: parsing those of its parts would be most of making a mail."""
    return _WIRE.header_store_parse(name, value)
