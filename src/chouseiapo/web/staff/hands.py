"""What members' hands have done to entries on their calendars, as an appointment's page words it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from flask import g

from chouseiapo.domain.appointment import Answer, Appointment, State
from chouseiapo.domain.appointment_state import Deviation
from chouseiapo.domain.event import Event
from chouseiapo.domain.slots import Candidate
from chouseiapo.web.i18n import _
from chouseiapo.web.replaced import replaced_by
from chouseiapo.web.request import may_see, services
from chouseiapo.web.staff import people, words
from chouseiapo.web.staff.frame import moment, title_of, when


class Question(msgspec.Struct, frozen=True):
    """What is to be decided: for which candidate, on whose calendar, and what happened there, in words.

    stands: the time as the guest knows it; moved: where the entry was moved to, empty when it was deleted.
    """

    owner: str
    candidate: str
    calendar: str
    happened: str
    stands: str
    moved: str
    since: str
    confirmed: bool
    one_of_several: bool


class Other(msgspec.Struct, frozen=True):
    """The appointment that replaces this one, or that this one replaces; its time, where that is fixed."""

    id: str
    title: str
    time: str


def question(appointment: Appointment) -> Question | None:
    """What a person is to decide, as long as it is to come."""
    asked = appointment.question
    if asked is None or appointment.is_over(g.now):
        return None
    concerned = appointment.candidates[asked.candidate]
    mine, confirmed = asked.owner == g.member.id, appointment.chosen is not None
    whose = "" if mine else people.addressed(asked.owner)
    return Question(
        owner=asked.owner,
        candidate=asked.candidate,
        calendar=words.said(_("あなたのカレンダー") if mine else _("%(whose)sのカレンダー"), whose=whose),
        happened=words.said(_HAPPENED[mine, confirmed, asked.gone], whose=whose),
        stands=when(concerned),
        moved=_moved(asked, concerned),
        since=moment(asked.seen_at),
        confirmed=confirmed,
        one_of_several=appointment.is_series and sum(c.end > g.now for c in appointment.occurrences) > 1,
    )


def notes(appointment: Appointment) -> dict[str, str]:
    """What is going on with whose calendar: something is being verified, or an answer is awaited."""
    waiting = {
        d.owner: words.said(_("変更をどうするか、回答を待っています。")) for d in appointment.deviations
    }
    unsure = Counter(d.owner for d in appointment.deviations if not d.asked)
    checking = {
        owner: words.said(_("カレンダーで変更がありました(%(n)s件)。確かめています。"), n=n)
        for owner, n in unsure.items()
    }
    return waiting | checking


def fixed_time(appointment: str) -> Other | None:
    """The confirmed appointment that is to be replaced, as long as it stands and one may see it."""
    found = services().coordination.appointment(appointment) if appointment else None
    if found is None or found.chosen is None or not may_see(g.member, found):
        return None
    return _other(found)


def replacement(appointment: Appointment, stream: Sequence[Event]) -> Other | None:
    """The appointment whose answer would replace this one; what asked for it names it as its cause."""
    answers = (e for e in reversed(stream) if isinstance(e, Appointment.OrganizerAnswered))
    last = next((e for e in answers if e.answer is Answer.RESCHEDULE), None)
    cause = last.meta.causation.partition("/")[0] if last else ""
    if not cause or appointment.chosen is None:
        return None
    found = services().coordination.appointment(cause)
    if found.state is not State.PROPOSED or not may_see(g.member, found):
        return None
    return _other(found)


def successor(appointment: Appointment) -> Other | None:
    """What was confirmed in place of this one, where one may see it."""
    found = replaced_by(services().coordination, appointment)
    if found is None or not may_see(g.member, found):
        return None
    return _other(found)


def _other(found: Appointment) -> Other:
    chosen = found.chosen
    return Other(found.id, title_of(found), when(chosen) if chosen else "")


def _moved(asked: Deviation, concerned: Candidate) -> str:
    if not (asked.start and asked.end):
        return ""
    midnight = services().coordination.grid.is_midnight
    whole = concerned.all_day and midnight(asked.start) and midnight(asked.end)
    return when(msgspec.structs.replace(concerned, start=asked.start, end=asked.end, all_day=whole))


# By whether it is one's own calendar, whether the time is fixed, and whether the entry is gone.
_HAPPENED = {
    (False, True, True): _("%(whose)sのカレンダーで、この予定が削除されました"),
    (False, True, False): _("%(whose)sのカレンダーで、この予定が動かされました"),
    (False, False, True): _("%(whose)sのカレンダーで、最後の候補の仮予定が削除されました"),
    (False, False, False): _("%(whose)sのカレンダーで、最後の候補の仮予定が動かされました"),
    (True, True, True): _("あなたのカレンダーで、この予定が削除されました"),
    (True, True, False): _("あなたのカレンダーで、この予定が動かされました"),
    (True, False, True): _("あなたのカレンダーで、最後の候補の仮予定が削除されました"),
    (True, False, False): _("あなたのカレンダーで、最後の候補の仮予定が動かされました"),
}
