"""One appointment as its page shows it: read from the aggregate itself, so that it is right at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from flask import g

from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.proposal import Platform, shown_title
from chouseiapo.domain.slots import Candidate, CandidateState
from chouseiapo.web.api.requests import services
from chouseiapo.web.history import actor_name, worded
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import people, words
from chouseiapo.web.staff.frame import moment, slot
from chouseiapo.web.staff.outbox import line
from projections.desk import is_parked, meeting_trouble
from projections.history import timeline
from projections.holds import calendar_state
from projections.mail_log import mails_about
from projections.outbox import mails_of


class Offered(msgspec.Struct, frozen=True):
    """A candidate with its state in words."""

    id: str
    words: str
    state: str
    state_words: str
    room: str
    can_go: bool


class Failing(msgspec.Struct, frozen=True):
    """What does not get through: whose, since when, and what to do."""

    name: str
    since: str
    what: str
    remedy: str


def overview(appointment: Appointment) -> dict[str, Any]:
    """Everything that the page's template needs about the appointment."""
    stream = services().coordination.stream(appointment.id)
    chosen = appointment.chosen
    return {
        "appointment": appointment,
        "title": shown_title(appointment.title, appointment.guest),
        "next_step": next_step(appointment),
        "chosen": slot(chosen.start, chosen.end) if chosen else "",
        "chosen_room": people.name_of(chosen.room) if chosen and chosen.room else "",
        "offered": offered(appointment),
        "copied": _copied(appointment),
        "attending": [people.shown(member) for member in appointment.attendees],
        "author": people.shown(appointment.author),
        "guest_url": services().guest_url(appointment),
        "mails": [line(logged, appointment) for logged in mails_about(services().rows, appointment.id)],
        "history": [(moment(e.at), actor_name(e.actor), worded(e)) for e in reversed(timeline(stream))],
        "parked": is_parked(services().rows, appointment.id),
        "proposed": appointment.state is State.PROPOSED,
        "stands": appointment.state in (State.PROPOSED, State.CONFIRMED),
        "over": chosen is not None and chosen.end <= g.now,
        **_calendars(appointment),
        **_meeting(appointment),
    }


def next_step(appointment: Appointment) -> str:
    """What happens next, or how it ended, in a sentence."""
    chosen = appointment.chosen
    if chosen is not None:
        return words.said(
            _("この予定は終わりました。") if chosen.end <= g.now else _("日時が確定しています。")
        )
    if appointment.state is not State.PROPOSED:
        return words.said(_ENDED[appointment.state])
    if not appointment.open_candidates:
        return words.said(_("選べる候補がなくなりました。候補を追加するか、キャンセルしてください。"))
    if appointment.deadline <= g.now:
        return words.said(_("回答期限を過ぎました。まもなく自動で終了します。"))
    return words.said(
        _("お客様の回答を待っています。期限は%(moment)sです。"), moment=moment(appointment.deadline)
    )


def offered(appointment: Appointment) -> list[Offered]:
    """Every candidate in order of time; the last open one can't be withdrawn."""
    proposed = appointment.state is State.PROPOSED
    can_go = proposed and len(appointment.open_candidates) > 1
    found = []
    for c in _in_order(appointment.candidates.values()):
        is_open = c.state is CandidateState.OPEN
        state = "closed" if is_open and not proposed else c.state.value
        room = people.name_of(c.room) if c.room else ""
        said = words.said(words.CANDIDATE_STATES[state])
        found.append(Offered(c.id, slot(c.start, c.end), state, said, room, can_go and is_open))
    return found


def told_of_cancelling(id: str) -> list[str]:
    """Who would get a mail if it were cancelled now: decided in memory, by the rules that decide it then."""
    before = services().coordination.stream(id)
    appointment = services().coordination.appointment(id)
    appointment.cancel("", g.now)
    after = mails_of([*before, *appointment.collect_events()])[len(mails_of(before)) :]
    composer = services().composer
    found = [composer.recipient(appointment, mail.recipient) for mail in after]
    return [recipient.name or recipient.email for recipient in found]


def _calendars(appointment: Appointment) -> dict[str, Any]:
    wanted = services().entry_writer.wanted(appointment)
    state = calendar_state(services().rows, wanted, appointment.id)
    failing = []
    for failure in state.failed:
        trouble = words.trouble(failure.reason)
        name = people.name_of(failure.owner)
        failing.append(Failing(name, moment(failure.since), trouble.what, trouble.remedy))
    settled = state.settled == state.wanted and not state.removing
    return {"calendar": state, "failing": failing, "settled": settled}


def _meeting(appointment: Appointment) -> dict[str, Any]:
    found = meeting_trouble(services().rows, appointment.id) if appointment.awaits_meeting else None
    trouble = words.trouble(found[0]) if found else None
    shows = appointment.chosen is not None and appointment.meeting is not None
    fixed_url = appointment.platform is Platform.URL
    return {"meeting": appointment.meeting if shows or fixed_url else None, "meeting_trouble": trouble}


def _copied(appointment: Appointment) -> str:
    """What can still be picked, a line each, to be pasted wherever the guest reads it."""
    standing = appointment.open_candidates if appointment.state is State.PROPOSED else []
    return "\n".join(slot(c.start, c.end) for c in _in_order(standing))


def _in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (c.start, c.end))


_ENDED = {
    State.CANCELLED: _("キャンセルされました。"),
    State.EXPIRED: _("回答のないまま期限を過ぎ、終了しました。"),
    State.DECLINED: _("お客様が辞退されました。"),
}
