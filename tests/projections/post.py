"""A mail server in memory, and the outbox settled with it as one worker would do it at some moment."""

from __future__ import annotations

import email
from collections.abc import Callable
from datetime import datetime
from email import policy
from email.message import EmailMessage

from chouseiapo.bootstrap import Services
from chouseiapo.ledger import Ledger, beat
from chouseiapo.ports import PortError, RawMail
from projections.rendered import RenderedMails
from projections.send_mails import SendMails
from projections.settle import work_lane


class Post:
    """Takes everything, unless it is `down` or refuses somebody."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.contents: list[bytes] = []
        self.knocks: list[str] = []
        self.down = ""
        self.refuses: dict[str, PortError] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def send(self, raw: RawMail) -> None:
        self.knocks.append("send")
        self.meanwhile()
        if self.down:
            raise PortError(self.down)
        if refusal := self.refuses.get(raw.recipient):
            raise refusal
        self.contents.append(raw.content)
        self.taken.append(email.message_from_bytes(raw.content, policy=policy.default))

    def check(self) -> None:
        self.knocks.append("check")
        if self.down:
            raise PortError(self.down)

    @property
    def last(self) -> str:
        """The text of the mail that went last."""
        text = self.taken[-1].get_body(("plain",))
        return str(text.get_content()) if text else ""

    @property
    def recipients(self) -> list[str]:
        return sorted(mail["To"].addresses[0].addr_spec for mail in self.taken)


def rendering(services: Services) -> RenderedMails:
    return RenderedMails(
        services.coordination, services.rows, services.composer, services.reminders, services.keyring
    )


def sending(services: Services, post: Post) -> SendMails:
    return SendMails(
        services.rows, services.composer, services.reminders, post, services.sealer.open, rendering(services)
    )


def send_due(services: Services, post: Post, now: datetime, worker: str = "worker-1") -> int:
    """Everything that is due then; answers how many mails were worked on."""
    ledger, settler, done = Ledger(services.rows, "outbox", worker), sending(services, post), 0
    beat(services.rows, worker, now)
    while lane := ledger.claim_lane(now):
        done += work_lane(ledger, settler, services.coordination, lane, lambda: now)
    return done
