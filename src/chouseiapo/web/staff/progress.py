"""How far the world outside has come with what was last done to an appointment, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from flask import g

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import SYSTEM, Event
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import words
from projections.holds import CalendarState
from projections.mail_log import Logged
from projections.meetings import What, known_meetings
from projections.outbox import mails_of


class Progress(msgspec.Struct, frozen=True):
    """`state`: done, under_way or stuck; `mails`: how many follow; `steps`: how far each part has come."""

    state: str
    mails: int
    words: str
    steps: Sequence[str]


def progress(
    appointment: Appointment,
    stream: Sequence[Event],
    logged: Sequence[Logged],
    calendar: CalendarState,
    troubled: Sequence[str],
) -> Progress:
    """Counted against what the events ask for, so that nothing is overlooked before the ledgers know it.
    `troubled`: the parts of the page, but for mails, that tell of trouble."""
    asked = _asked_for(stream)
    known = [each for each in logged if each.mail.key in asked]
    left = len(asked) - sum(each.state != "queued" for each in known)
    failing = any(each.state == "refused" or each.error for each in known)
    if failing or (left and services().mailer is None):
        troubled = [*troubled, _("メール")]
    follows = _meeting_follows(appointment)
    if troubled:
        state = "stuck"
    elif left or not calendar.is_done or follows:
        state = "under_way"
    else:
        state = "done"
    sent = sum(each.state == "sent" for each in known)
    steps = tuple(_steps(appointment, len(asked), sent, calendar, follows))
    parts = [words.said(_("「%(part)s」"), part=words.said(each)) for each in troubled]
    said = words.said(_STATES[state], parts=wording.people(parts, g.locale))
    return Progress(state, len(asked), said, steps)


def _meeting_follows(appointment: Appointment) -> bool:
    """Whether the meeting at the platform is still another than the one that the events ask for. Once they
    have met, none is made any more."""
    if appointment.chosen is not None and appointment.is_over(g.now):
        return False
    if appointment.awaits_meeting:
        return True
    with services().rows.read() as connection:
        known = known_meetings(connection, appointment.id)
    step = services().meetings.step(appointment, known)
    return step is not None and step.what is not What.LOOK


def _asked_for(stream: Sequence[Event]) -> set[str]:
    """The mails that follow from what somebody did last; what happened by itself since then included."""
    last = next((event for event in reversed(stream) if event.meta.actor != SYSTEM), stream[0])
    same = (e for e in stream if e is last or (e.meta.command and e.meta.command == last.meta.command))
    since = next(same).originator_version
    return {mail.key for mail in mails_of(stream) if mail.version >= since}


def _steps(
    appointment: Appointment, mails: int, sent: int, calendar: CalendarState, meeting_follows: bool
) -> Iterator[str]:
    if mails:
        yield words.said(_("メール: %(total)s通中%(done)s通を送信済み"), total=mails, done=sent)
    if calendar.wanted:
        sentence = (
            _("確定予定: %(total)s件中%(done)s件を登録済み")
            if appointment.chosen
            else _("仮予定: %(total)s件中%(done)s件を登録済み")
        )
        yield words.said(sentence, total=calendar.wanted, done=calendar.settled)
    elif not calendar.removing:
        yield words.said(_("カレンダーに残る予定はありません"))
    if calendar.removing:
        yield words.said(_("消している途中の予定: %(n)s件"), n=calendar.removing)
    if meeting_follows:
        first = appointment.awaits_meeting
        yield words.said(_("Web会議のURL: 発行中") if first else _("Web会議: Zoomに反映中"))


_STATES = {
    "done": _("すべて反映済みです。"),
    "under_way": _("反映しています。このまま離れてもかまいません。"),
    "stuck": _("反映できていないものがあります。%(parts)sの欄をご覧ください。"),
}
