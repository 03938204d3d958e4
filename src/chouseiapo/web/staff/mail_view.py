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
        sender=str(message["From"]),
        to=str(message["To"]),
        reply_to=str(message["Reply-To"] or ""),
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


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
