"""Commands about mails: what the templates, the operator's own among them, look like with sample data."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from chouseiapo.cli.terminal import command, say, settings, words
from chouseiapo.domain.proposal import LOCALES
from chouseiapo.mail import WRONG, Mails
from chouseiapo.mail_overrides import find_faults
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
    """What is wrong with whichever template is said, in whatever language; its mails are not written."""
    chosen, now = settings(), datetime.now(UTC)
    mails = Mails(chosen, strict=True)
    for name in names():
        if asked.language in (None, name.partition("/")[0]):
            with suppress(*WRONG):  # said below, with file and line
                _write(preview(mails, name, now), asked.to / name)
                say({"mail": name, "written": str(asked.to / name)})
    faults = find_faults(chosen, now)
    for fault in faults:
        say({"file": fault.file, "line": fault.line, "wrong": fault.said, "known": fault.known})
    return 1 if faults else 0


def _write(mail: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "subject.txt").write_text(f"{mail['Subject']}\n", encoding="utf-8")
    for part in mail.walk():
        if file := PARTS.get(part.get_content_type()):
            content = part.get_payload(decode=True)
            (folder / file).write_bytes(content if isinstance(content, bytes) else b"")
