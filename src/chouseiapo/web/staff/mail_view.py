"""A mail on a page: its head and text in the page itself, its HTML in a frame that can do nothing."""

from __future__ import annotations

from email.message import EmailMessage

import msgspec
from flask import Response

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        # No script, no window, no navigation; same-origin only so that the page can measure its height.
        "sandbox allow-same-origin",
    )
)


class MailShown(msgspec.Struct, frozen=True):
    subject: str
    sender: str
    to: str
    reply_to: str
    text: str
    html: str
    has_invitation: bool


def shown(message: EmailMessage) -> MailShown:
    """What a reader of the mail would see."""
    return MailShown(
        subject=str(message["Subject"]),
        sender=_people(message, "From"),
        to=_people(message, "To"),
        reply_to=_people(message, "Reply-To"),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        has_invitation=any(part.get_content_type() == "text/calendar" for part in message.walk()),
    )


def framed(message: EmailMessage) -> Response:
    """The mail's HTML for a frame; links in it lead nowhere, because a look at a mail is not its opening."""
    html = shown(message).html.replace("<head>", '<head><base target="_blank">', 1)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _people(message: EmailMessage, header: str) -> str:
    """As mail programs show them: without the quotes that brackets in a name need on their way."""
    found = message[header].addresses if header in message else ()
    return ", ".join(f"{each.display_name} <{each.addr_spec}>".lstrip() for each in found)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
