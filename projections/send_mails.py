"""Settling the outbox: take what is due in a lane, hand it over, note what became of it.

A crash between the server's acceptance and that note sends a mail twice, then with the same Message-ID. Of
reminders, thousands of which are due at one moment, a handful is noted in one transaction: there a crash
repeats a hundred at most, of a quarter of a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage

import msgspec
from sqlalchemy import update

from chouseiapo.clock import Clock
from chouseiapo.ledger import AT_ONCE, PROBE, Ledger, Task, finished, pause_after, trip
from chouseiapo.mail import raw_mail
from chouseiapo.mail_facts import SIGN_IN
from chouseiapo.ports import Mailer, PortError
from chouseiapo.storage import Rows, keep_trying, upsert
from chouseiapo.tables import mails, sent_mails
from projections.composer import Composer
from projections.due_mails import Due, due_mails, let_wait, mail_of, why_not
from projections.outbox import LEDGER, SENT, SKIPPED, Mail, is_bulk, is_reminder, original
from projections.reminders import Reminders
from projections.rendered import RenderedMails
from projections.settle import Worked

# How much is noted in one transaction: so many mails at most, of so long a time.
GROUP = 100
GROUP_S = 0.25
# A server that is down is asked again after this many doublings of a second at most.
ASKED_EVERY = 4
# A mail that was tried in vain for so long is given up; mail servers do the same (RFC 5321, 4.5.4.1).
GIVEN_UP_AFTER = timedelta(days=5)
# The server itself is the trouble: the next mail would only meet the same.
SERVER = ("smtp_unreachable", "smtp_untrusted", "smtp_not_supported", "smtp_login_refused")
SERVER_OR_MAIL = ("smtp_sender_refused", "smtp_dropped", "refused_421")

log = logging.getLogger(__name__)


class SendMails:
    """One task is one mail to one recipient; mails of one appointment to one recipient keep their order.

    When the server is down, all lanes rest, and one probe asks whether it is back.
    """

    ledger = LEDGER

    def __init__(
        self,
        rows: Rows,
        composer: Composer,
        reminders: Reminders,
        mailer: Mailer,
        open_sealed: Callable[[str], bytes],
        rendered: RenderedMails,
    ) -> None:
        self._rows = rows
        self._composer = composer
        self._reminders = reminders
        self._mailer = mailer
        self._open_sealed = open_sealed
        self._rendered = rendered

    def work(self, ledger: Ledger, lane: str, clock: Clock, stopping: Callable[[], bool]) -> Worked:
        """Send what is due in a lane, handful by handful."""
        if lane == PROBE:
            return self._probe(ledger, clock)
        done, largest = 0, GROUP if is_bulk(lane) else 1
        most = largest
        while not stopping() and ledger.holds(lane) and (group := due_mails(self._rows, lane, clock(), most)):
            handful = _Handful(self._rows, ledger, self._composer.message_id)
            with closing(handful):
                trouble = self._send_each(handful, group, clock, stopping)
            done += handful.worked
            if trouble:
                with self._rows.write() as connection:
                    trip(connection, LEDGER, clock(), trouble)
                return Worked(AT_ONCE, trouble, done)
            most = min(max(2 * handful.worked, 4), largest)
        let_wait(self._rows, lane, clock())
        return Worked(AT_ONCE, "", done)

    def _probe(self, ledger: Ledger, clock: Clock) -> Worked:
        """Ask once whether the server would take mails; if so, every lane goes on at once."""
        for task in ledger.due(PROBE, clock()):
            try:
                self._mailer.check()
            except PortError as failure:
                now, attempts = clock(), min(task.attempts + 1, ASKED_EVERY)
                ledger.postpone(task, failure.reason, now, now + pause_after(attempts, None))
            else:
                ledger.finish(task)
        return Worked(AT_ONCE, "", 1)

    def _send_each(
        self, handful: _Handful, group: Sequence[Due], clock: Clock, stopping: Callable[[], bool]
    ) -> str:
        """Send what can go now; answers why the server takes nothing at all, if that is so."""
        right = self._rendered.still_right(group, clock())
        for due in group:
            if stopping() or handful.is_full:
                break
            trouble = self._send(handful, due, due.mail.key in right, clock)
            if trouble:
                return trouble
        return ""

    def _send(self, handful: _Handful, due: Due, is_right: bool, clock: Clock) -> str:
        """One mail, and what became of it; answers what is wrong with the server."""
        try:
            handful.note(due, self._outcome(due, is_right, clock()), clock())
        except PortError as failure:
            log.info("%s %s: %s", LEDGER, due.task.key, failure.reason)
            if failure.reason.startswith(SERVER):
                return failure.reason  # the mail has not been tried: it stays as it is
            handful.note_failure(due, failure.reason, failure.permanent, clock())
            return failure.reason if failure.reason.startswith(SERVER_OR_MAIL) else ""
        except Exception:  # a fault of ours in one mail must not hold up the others of its lane
            log.exception("%s %s", LEDGER, due.task.key)
            handful.note_failure(due, "internal_error", False, clock())
        return ""

    def _outcome(self, due: Due, is_right: bool, now: datetime) -> str:
        """Send the mail, unless nobody needs it any more; raises PortError."""
        if due.outcome:
            return due.outcome
        raw = self._rendered.opened(due) if is_right else None
        if raw is None:
            asked = mail_of(self._rows, original(due.mail.key)) if due.asked_by else due.mail
            if why := self._why_not(asked, due.sealed, now):
                return SKIPPED + why
            mail = self._as_it_stands(msgspec.structs.replace(asked, key=due.mail.key))
            raw = raw_mail(self._render(mail, due.sealed, now))
        self._mailer.send(raw)
        return SENT

    def _as_it_stands(self, mail: Mail) -> Mail:
        """No event asks for a reminder: it tells of the appointment as it stands when it leaves. Its row says
        which version that was, so that the same is shown afterwards."""
        version = self._composer.newest(mail.appointment) if is_reminder(mail.rule) else mail.version
        if version != mail.version:
            with self._rows.write() as connection:
                connection.execute(update(mails).where(mails.c.key == mail.key).values(version=version))
        return msgspec.structs.replace(mail, version=version)

    def _why_not(self, mail: Mail, sealed: str, now: datetime) -> str:
        if mail.rule == SIGN_IN:
            return "expired" if self._sign_in(sealed).expires_at <= now else ""
        return why_not(self._composer, self._reminders, mail, now)

    def _render(self, mail: Mail, sealed: str, now: datetime) -> EmailMessage:
        if mail.rule != SIGN_IN:
            return self._composer.compose(mail, now)
        content = self._sign_in(sealed)
        life = content.expires_at - mail.created_at
        return self._composer.compose_sign_in(mail.recipient, content.url, life, mail.key, now)

    def _sign_in(self, sealed: str) -> SealedSignIn:
        return _SEALED_SIGN_IN.decode(self._open_sealed(sealed))


class SealedSignIn(msgspec.Struct, frozen=True):
    """What a sign-in mail carries: it is sealed in the outbox, because it opens a door."""

    url: str
    expires_at: datetime


_SEALED_SIGN_IN = msgspec.json.Decoder(SealedSignIn)


class _Handful:
    """What became of a few mails, to be noted together when it is closed."""

    def __init__(self, rows: Rows, ledger: Ledger, message_id: Callable[[str], str]) -> None:
        self._rows = rows
        self._ledger = ledger
        self._message_id = message_id
        self._began = time.monotonic()
        self._noted: list[dict[str, object]] = []
        self._done: list[Task] = []
        self.worked = 0

    @property
    def is_full(self) -> bool:
        """Whether what was sent should be noted before anything else is."""
        return self.worked > 0 and time.monotonic() - self._began > GROUP_S

    def note(self, due: Due, outcome: str, now: datetime) -> None:
        self.worked += 1
        self._done.append(due.task)
        if not due.outcome:
            key, sent = due.mail.key, outcome == SENT
            at = {"sent_at": now if sent else None, "given_up_at": None if sent else now}
            self._noted.append({"key": key, "message_id": self._message_id(key), "outcome": outcome, **at})

    def note_failure(self, due: Due, reason: str, permanent: bool, now: datetime) -> None:
        """Try again later, unless that is of no use or was done for long enough."""
        if permanent or now - (due.failing_since or now) >= GIVEN_UP_AFTER:
            self.note(due, reason, now)
        else:
            self.worked += 1
            self._ledger.postpone(due.task, reason, now, now + pause_after(due.task.attempts, None))

    def close(self) -> None:
        keep_trying(self._write)

    def _write(self) -> None:
        if not self._done:
            return
        with self._rows.write() as connection:
            upsert(connection, sent_mails, self._noted)  # first: a task that is gone was sent
            finished(connection, self._done)
