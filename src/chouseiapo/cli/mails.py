"""Commands about mails: what the templates, the operator's own among them, look like with sample data."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from chouseiapo.cli.terminal import command, say, settings, words
from chouseiapo.domain.proposal import LOCALES
from chouseiapo.mail import Mails
from chouseiapo.mail_preview import names, preview

# What becomes of each part of a mail, by its content type.
PARTS = {"text/plain": "body.txt", "text/html": "body.html", "text/calendar": "invite.ics"}


def add_to(commands: Any) -> None:
    shown = command(
        words(commands, "mail", "mails"),
        "preview",
        write_previews,
        "write every mail with sample data into a folder, and say which templates are wrong",
    )
    shown.add_argument("--to", type=Path, default=Path("mail-preview"), metavar="DIR")
    shown.add_argument("--language", choices=LOCALES, help="only this one's")


def write_previews(asked: Namespace) -> int:
    mails, wrong = Mails(settings()), 0
    for name in names():
        if asked.language not in (None, name.partition("/")[0]):
            continue
        try:
            _write(preview(mails, name, datetime.now(UTC)), asked.to / name)
        except TemplateError as error:
            wrong += 1
            say({"mail": name, "wrong": f"{type(error).__name__}: {error.message}"})
        else:
            say({"mail": name, "written": str(asked.to / name)})
    return 1 if wrong else 0


def _write(mail: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "subject.txt").write_text(f"{mail['Subject']}\n", encoding="utf-8")
    for part in mail.walk():
        if file := PARTS.get(part.get_content_type()):
            content = part.get_payload(decode=True)
            (folder / file).write_bytes(content if isinstance(content, bytes) else b"")
