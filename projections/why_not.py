"""Why a mail that was asked for should no longer go. Asked at the moment of sending, and of sending again."""

from __future__ import annotations

from datetime import datetime

from projections.composer import Composer
from projections.outbox import GUEST, Mail, is_reminder
from projections.reminders import Reminders


def why_not(composer: Composer, reminders: Reminders, mail: Mail, now: datetime) -> str:
    """Empty while the mail should go; else why not, in a word: cancelled, moved, removed, started, …

    `mail` is the one that was first asked for, also when it is sent once more.
    """
    if mail.recipient == GUEST and not composer.guest_address(mail.appointment):
        return "erased"
    if is_reminder(mail.rule):
        return reminders.still_due(mail, now)
    return composer.why_pointless(mail, now)
