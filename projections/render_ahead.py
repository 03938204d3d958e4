"""Renders the reminders that are to come, before their hour: a little at a time, one worker for all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chouseiapo.ledger import Task, ensure
from chouseiapo.storage import Rows
from projections.outbox import Mail
from projections.reminders import Reminders
from projections.rendered import RenderedMails

LEDGER = "rendering"
# How long before their hour reminders are looked for, and how often.
LEAD = timedelta(hours=1)
EVERY = timedelta(minutes=10)
# Half of the time is everybody else's: people who wait for a page, and mails that are due now.
SPELL_S = 0.5
REST = timedelta(seconds=0.5)
_AT_ONCE = 20


class RenderAhead:
    """One task for all reminders; it is taken up again and again, and kept short each time."""

    ledger = LEDGER

    def __init__(self, reminders: Reminders, rendered: RenderedMails) -> None:
        self._reminders = reminders
        self._rendered = rendered
        self._left: Iterator[tuple[datetime, Sequence[Mail]]] | None = None

    def settle(self, task: Task, now: datetime) -> datetime:
        """Render for a moment; answers when to go on, or to look again."""
        began, left = time.monotonic(), self._left
        self._left = None  # what fails begins anew
        if left is None:
            self._rendered.forget(now)
            left = self._coming(now)
        for due, mails in left:
            self._rendered.render(self._rendered.missing(mails), due)
            if time.monotonic() - began > SPELL_S:
                self._left = left
                return now + REST
        return now + EVERY

    def _coming(self, now: datetime) -> Iterator[tuple[datetime, Sequence[Mail]]]:
        """What is to come, hour by hour, a few at a time."""
        due = now
        while (found := self._reminders.upcoming(due)) and found[0] <= now + LEAD:
            due, _ = found
            for mails in self._reminders.due_mails(due):
                for first in range(0, len(mails), _AT_ONCE):
                    yield due, mails[first : first + _AT_ONCE]

    def probe(self, lane: str, now: datetime) -> None:
        """No account of anybody's stands behind it."""


def arrange(rows: Rows, now: datetime) -> None:
    """See that somebody renders."""
    with rows.write() as connection:
        ensure(connection, LEDGER, "reminders", "reminders", now)
