"""One appointment as its page shows it: read from the aggregate itself, so that it is right at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import g

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import GUEST, Event
from chouseiapo.domain.proposal import Delivery, Platform
from chouseiapo.domain.slots import Candidate, CandidateState, Offer
from chouseiapo.web.history import actor_name, worded
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import hands, people, words
from chouseiapo.web.staff.frame import moment, slot, title_of, when, zone_name
from chouseiapo.web.staff.mail_groups import mails_of_page
from chouseiapo.web.staff.panel import panel
from chouseiapo.web.staff.progress import progress
from chouseiapo.web.staff.written import calendars, state_of
from projections.desk import is_parked
from projections.history import DELETED, MOVED, Line, timeline, without_doubts
from projections.mail_log import mails_about
from projections.outbox import mails_of

# So many moments are shown; a series has one for each of its times.
MOST_REMINDERS = 4


class Offered(msgspec.Struct, frozen=True):
    """A candidate with its state in words; whether it can go, be offered again, or be called off alone."""

    id: str
    words: str
    state: str
    state_words: str
    room: str
    can_go: bool
    can_return: bool
    can_be_called_off: bool


def overview(appointment: Appointment) -> dict[str, Any]:
    """Everything that the page's template needs about the appointment."""
    stream = services().coordination.stream(appointment.id)
    logged = mails_about(services().rows, appointment.id)
    calendar = state_of(appointment)
    lines = timeline(stream)
    shown, web = calendars(appointment, calendar), panel(appointment, stream)
    troubled = [_("Web会議")] if web is not None and web.is_stuck else []
    troubled += [_("カレンダー")] if any(each.what for each in shown) else []
    return {
        "appointment": appointment,
        "title": title_of(appointment),
        "next_step": next_step(appointment),
        "zone": zone_name(services().settings.time_zone),
        "offered": offered(appointment, lines),
        "changed_since_mailed": has_changed_since_mailed(appointment, stream),
        "extendable": is_extendable(appointment),
        "last_one": appointment.state is State.PROPOSED and len(appointment.open_candidates) == 1,
        "copied": _copied(appointment),
        "attending": [people.shown(member) for member in appointment.attendees],
        "author": people.shown(appointment.author),
        "kind": words.kind(appointment),
        "guest_reads": _guest_reads(appointment),
        "blank_title": people.blank_title(appointment.kind, appointment.organizer),
        "guest_url": services().guest_url(appointment),
        **mails_of_page(logged),
        "reminders": coming_reminders(appointment, stream),
        "history": [(moment(e.at), actor_name(e.actor), worded(e)) for e in reversed(without_doubts(lines))],
        "no_server": services().mailer is None,
        "parked": is_parked(services().rows, appointment.id),
        "proposed": appointment.state is State.PROPOSED,
        "stands": appointment.state in (State.PROPOSED, State.CONFIRMED),
        "calendar": calendar,
        "calendars": shown,
        "question": hands.question(appointment),
        "replaced_by": hands.replacement(appointment, stream),
        "successor": hands.successor(appointment),
        "overlapping": [people.addressed(owner) for owner in appointment.overlaps],
        "progress": progress(appointment, stream, logged, calendar, troubled),
        **_chosen(appointment),
        "panel": web,
        "movable": is_movable(appointment),
        "meeting": appointment.meeting if _knows_meeting(appointment) else None,
    }


def next_step(appointment: Appointment) -> str:
    """What happens next, or how it ended, in a sentence."""
    if appointment.chosen is not None:
        over = appointment.is_over(g.now)
        return words.said(_("この予定は終わりました。") if over else _("日時が確定しています。"))
    if appointment.state is not State.PROPOSED:
        return words.said(_ENDED[appointment.state])
    if not appointment.open_candidates:
        return words.said(_("選べる候補がなくなりました。候補を追加するか、キャンセルしてください。"))
    if appointment.deadline <= g.now:
        return words.said(_("回答期限を過ぎました。まもなく自動で終了します。"))
    return words.said(
        _("お客様の回答を待っています。期限は%(moment)sです。"), moment=moment(appointment.deadline)
    )


def coming_reminders(appointment: Appointment, stream: Sequence[Event]) -> list[tuple[str, list[str]]]:
    """When reminders are going to be sent, in words, and to whom; of a series the next ones."""
    to: dict[datetime, list[str]] = {}
    for recipient, moments in services().reminders.coming_of(stream, g.now).items():
        for due in moments:
            to.setdefault(due, []).append(_addressed(appointment, recipient))
    return [(moment(due), to[due]) for due in sorted(to)[:MOST_REMINDERS]]


def is_extendable(appointment: Appointment) -> bool:
    """Whether candidates can still be added: it waits for its answer, and there is time for one."""
    return appointment.state is State.PROPOSED and appointment.deadline > g.now


def is_movable(appointment: Appointment) -> bool:
    """Whether another time can be fixed instead of the one that stands."""
    stands = appointment.chosen is not None and not appointment.is_series and not appointment.erased
    return stands and not appointment.is_over(g.now)


def has_changed_since_mailed(appointment: Appointment, stream: Sequence[Event]) -> bool:
    """Whether the guest can pick, but from other times than the last mail with all of them has named."""
    if not (appointment.state is State.PROPOSED and appointment.open_candidates and appointment.guest.email):
        return False
    last = next(event for event in reversed(stream) if isinstance(event, (*_MAILED, *_CHANGED)))
    return appointment.delivery is Delivery.MAIL and isinstance(last, _CHANGED)


def offered(appointment: Appointment, lines: Sequence[Line]) -> list[Offered]:
    """Every candidate in order of time; the last open one can't be withdrawn. `lines`: what happened."""
    by_hand = {line.slots[0].id: line for line in lines if line.what in _BY_HAND}
    proposed, extendable = appointment.state is State.PROPOSED, is_extendable(appointment)
    can_go = proposed and len(appointment.open_candidates) > 1
    to_come = [c for c in appointment.occurrences if c.end > g.now]
    found = []
    for c in _in_order(appointment.candidates.values()):
        is_open = c.state is CandidateState.OPEN
        state = _shown_state(appointment, c)
        can_return = extendable and c.start > g.now and _is_free_again(appointment, c)
        found.append(
            Offered(
                id=c.id,
                words=when(c),
                state=state,
                state_words=_state_words(state, by_hand.get(c.id)),
                room=people.name_of(c.room) if c.room else "",
                can_go=can_go and is_open,
                can_return=can_return,
                can_be_called_off=c in to_come and len(to_come) > 1 and not appointment.erased,
            )
        )
    return found


def _state_words(state: str, last: Line | None) -> str:
    """A candidate's state; where it is so because of a hand on a calendar, on whose."""
    said = words.said(words.CANDIDATE_STATES[state])
    if last is None or not last.how:
        return said
    whose = people.addressed(last.by)
    if state == CandidateState.WITHDRAWN:
        because = _WITHDRAWN_BECAUSE[last.how]
        return words.said(because, whose=whose)
    if state == CandidateState.OPEN:
        return f"{said} · {words.said(_('%(whose)sのカレンダーで動かされました'), whose=whose)}"
    return said


def _is_free_again(appointment: Appointment, candidate: Candidate) -> bool:
    """Withdrawn, or taken by an appointment that has let go of the time since."""
    if candidate.state is CandidateState.TAKEN:
        offer = Offer(candidate.start, candidate.end, candidate.room)
        return not services().coordination.reserved(appointment.attendees, [offer])
    return candidate.state is CandidateState.WITHDRAWN


def _shown_state(appointment: Appointment, candidate: Candidate) -> str:
    """A candidate's state as the page words it: what ended with the appointment says with what."""
    called_off = appointment.is_series and candidate.state is CandidateState.WITHDRAWN
    if called_off or (candidate.state is CandidateState.CHOSEN and appointment.chosen is None):
        return "called_off"
    if appointment.is_series and candidate.end <= g.now:
        return "took_place"
    if candidate.state is not CandidateState.OPEN or appointment.state is State.PROPOSED:
        return candidate.state.value
    ended = f"closed_{appointment.state.value}"
    answered = appointment.confirmed_at is not None
    return ended if ended in words.CANDIDATE_STATES and not answered else "closed"


def told_of(id: str, decide: Callable[[Appointment], object]) -> list[str]:
    """Who would get a mail if that were decided now: in memory, by the rules that decide it then."""
    before = services().coordination.stream(id)
    appointment = Appointment.remember(id, before)
    decide(appointment)
    after = mails_of([*before, *appointment.collect_events()])[len(mails_of(before)) :]
    return [_addressed(appointment, mail.recipient) for mail in after]


def _addressed(appointment: Appointment, recipient: str) -> str:
    """Who gets a mail: 「佐々木 様(お客様)」, 「田中 一郎さん」; without a name, the address."""
    found, is_guest = services().composer.recipient(appointment, recipient), recipient == GUEST
    name = wording.person(found.name, g.locale, guest=is_guest) or found.email
    return words.said(_("%(name)s(お客様)"), name=name) if is_guest else name


def _chosen(appointment: Appointment) -> dict[str, Any]:
    chosen, times = appointment.coming(g.now), appointment.candidates.values()
    if chosen is None:
        return {"chosen": "", "over": False}
    return {
        "chosen": when(chosen),
        "repeats": wording.recurrence(appointment.recurrence, times, g.locale),
        "chosen_for_guest": "" if chosen.all_day else _elsewhere(chosen, appointment.time_zone),
        "chosen_room": people.name_of(chosen.room) if chosen.room else "",
        "over": appointment.is_over(g.now),
    }


def _elsewhere(candidate: Candidate, zone: str) -> str:
    """The candidate's time on the clocks of a zone that shows another one than ours."""
    there = candidate.start.astimezone(ZoneInfo(zone)) if zone else None
    if there is None or there.utcoffset() == there.astimezone(services().settings.zone).utcoffset():
        return ""
    return wording.slot(candidate.start, candidate.end, zone, g.locale)


def _knows_meeting(appointment: Appointment) -> bool:
    return appointment.chosen is not None or appointment.platform is Platform.URL


def _guest_reads(appointment: Appointment) -> tuple[str, str]:
    """Zone and language in which the guest reads: their own, or what the organization's are."""
    settings, usual = services().settings, _("組織の既定: %(what)s")
    zone, language = (
        zone_name(appointment.time_zone or settings.time_zone),
        words.said(words.LANGUAGES[appointment.locale or settings.locale]),
    )
    return (
        zone if appointment.time_zone else words.said(usual, what=zone),
        language if appointment.locale else words.said(usual, what=language),
    )


def _copied(appointment: Appointment) -> str:
    """What can still be picked, a line each, to be pasted wherever the guest reads it."""
    standing = appointment.open_candidates if appointment.state is State.PROPOSED else []
    return "\n".join(slot(c.start, c.end) for c in _in_order(standing))


def _in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (c.start, c.end))


_MAILED = (Appointment.Proposed, Appointment.RequestResent)
_CHANGED = (
    Appointment.CandidatesAdded,
    Appointment.CandidateWithdrawn,
    Appointment.CandidateMoved,
    Appointment.CandidateTaken,
)
_BY_HAND = (Appointment.CandidateWithdrawn.NAME, Appointment.CandidateMoved.NAME)
_WITHDRAWN_BECAUSE = {
    DELETED: _("取り下げ済み(%(whose)sのカレンダーで削除)"),
    MOVED: _("取り下げ済み(%(whose)sのカレンダーで移動)"),
}
_ENDED = {
    State.CANCELLED: _("キャンセルされました。"),
    State.EXPIRED: _("回答のないまま期限を過ぎ、終了しました。"),
    State.DECLINED: _("お客様が辞退されました。"),
}
