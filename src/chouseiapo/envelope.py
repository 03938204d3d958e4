"""Puts a mail together as it goes on the wire: headers, alternatives, the calendar part. ASCII throughout."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import BASE64, Charset
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime

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
    message = EmailMessage(policy=_WIRE)
    for name, value in _headers(envelope, subject):
        message.set_raw(name, value)
    message.set_content(text, cte="base64")
    if html:
        message.add_alternative(html, subtype="html", cte="base64")
    if calendar:
        part = calendar.decode()
        message.add_alternative(part, subtype="calendar", params={"method": method}, cte="base64")
        message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    _set_boundaries(message, hashlib.sha256(envelope.message_id.encode()).hexdigest()[:24])
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


def _set_boundaries(message: EmailMessage, seed: str) -> None:
    """Never part of base64, so nothing has to be searched for a boundary that does not occur."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{seed}")
