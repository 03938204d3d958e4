"""A mail as its reader's program takes it from the wire; nothing here knows how it was made."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Any

from icalendar import Calendar

VOID = {"br", "meta"}


@dataclass
class Link:
    """An anchor: where it leads, what it says, whether it is a button."""

    url: str
    classes: str
    text: str = ""


class Page(HTMLParser):
    """The text and the links of an HTML mail, comments (Outlook's) left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "a":
            found = dict(attrs)
            self.links.append(Link(found["href"] or "", found.get("class") or ""))
        if tag == "br":
            self.text += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag, f"{tag} closes what it did not open"

    def handle_data(self, data: str) -> None:
        if {"style", "title"} & set(self._open):
            return
        self.text += data
        if "a" in self._open:
            self.links[-1].text += data


@dataclass
class Mail:
    """One mail, decoded. Headers are unfolded and their encoded words joined as RFC 2047 says."""

    wire: bytes
    headers: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, str]] = field(default_factory=list)
    structure: str = ""
    text: str = ""
    html: str = ""
    calendar: bytes = b""
    method: str = ""

    @property
    def subject(self) -> str:
        return self.headers["Subject"]

    @property
    def page(self) -> Page:
        return Page(self.html)

    @property
    def event(self) -> Any:
        """The one event of the calendar part."""
        [event] = Calendar.from_ical(self.calendar).walk("VEVENT")
        return event

    def addresses(self, header: str) -> list[str]:
        return [address for _, address in getaddresses([self.raw(header)])]

    def raw(self, header: str) -> str:
        """As it stands on the wire, unfolded: encoded words are still encoded."""
        head = self.wire.partition(b"\r\n\r\n")[0].decode("ascii")
        unfolded = re.sub(r"\r\n(?=[ \t])", "", head)
        [value] = re.findall(rf"^{header}: ([^\r]*)", unfolded, re.MULTILINE)
        return str(value)


def read(message: EmailMessage) -> Mail:
    """What arrives when the message is sent."""
    wire = message.as_bytes()
    parsed = BytesParser(policy=compat32).parsebytes(wire)
    mail = Mail(wire)
    assert len(parsed.keys()) == len(set(parsed.keys())), "a header stands twice"
    mail.headers = {name: str(make_header(decode_header(value))) for name, value in parsed.items()}
    mail.structure = _structure(parsed)
    for part in parsed.walk():
        content = b"" if part.is_multipart() else _content(part)
        match part.get_content_type():
            case "text/plain":
                mail.text = content.decode().replace("\r\n", "\n")
            case "text/html":
                mail.html = content.decode()
            case "text/calendar":
                mail.calendar, mail.method = content, str(part.get_param("method"))
            case "application/ics":
                assert content == mail.calendar, "the file is the calendar part once more"
    return mail


def _content(part: Message) -> bytes:
    assert part["Content-Transfer-Encoding"] == "base64"
    return base64.b64decode(str(part.get_payload()))


def _structure(part: Message) -> str:
    """mixed(alternative(plain, html, calendar), ics)"""
    kind = part.get_content_subtype()
    if not part.is_multipart():
        return kind
    inner = part.get_payload()
    assert isinstance(inner, list)
    return f"{kind}({', '.join(_structure(each) for each in inner if isinstance(each, Message))})"


def readable(mail: Mail) -> str:
    """A mail for reviewers: headers, text, HTML without its styles, the calendar unfolded."""
    headers = {k: re.sub(r'; boundary=".*"', "", v) for k, v in mail.headers.items()}
    sections = ["\n".join(f"{name}: {value}" for name, value in headers.items()) + f"\n({mail.structure})"]
    sections.append("──── text ────\n" + mail.text)
    if mail.html:
        sections.append("──── html, styles left out ────\n" + bare(mail.html))
    if mail.calendar:
        lines = mail.calendar.decode().replace("\r\n ", "").replace("\r\n", "\n")
        sections.append(f"──── calendar, method={mail.method} ────\n{lines}")
    return "\n".join(sections).replace("\r\n", "\n")


def bare(html: str) -> str:
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    html = re.sub(r' (?:style|bgcolor|width|cellpadding|cellspacing|border)="[^"]*"', "", html)
    html = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", html.replace("<tr", "\n<tr")).strip() + "\n"
