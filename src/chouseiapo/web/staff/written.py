"""The calendars that one appointment is written to, as its page shows them."""

from __future__ import annotations

import msgspec

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.slots import CandidateState
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import hands, people, words
from chouseiapo.web.staff.frame import moment
from projections.holds import CalendarState, Failure, calendar_state

_WRITTEN = (CandidateState.OPEN, CandidateState.CHOSEN)


class CalendarShown(msgspec.Struct, frozen=True):
    """Somebody's calendar: linked, built_in or broken; since when, what is wrong, and what to do about it.

    note: what is going on because a hand was at an entry there.
    """

    name: str
    state: str
    calendar: str
    since: str = ""
    what: str = ""
    remedy: str = ""
    note: str = ""


def state_of(appointment: Appointment) -> CalendarState:
    """How far the calendars have come, but for entries where a hand was: there a person has the next word."""
    wanted = services().entry_writer.wanted(appointment)
    state = calendar_state(services().rows, wanted, appointment.id)
    ours = sum(appointment.deviation(w.owner, w.entry.candidate) is None for w in wanted)
    return msgspec.structs.replace(state, wanted=ours, settled=min(state.settled, ours))


def calendars(appointment: Appointment, state: CalendarState) -> list[CalendarShown]:
    """Every calendar that is written, and those that still hold what should go."""
    failing = {failure.owner: failure for failure in state.failed}
    standing = [c for c in appointment.candidates.values() if c.state in _WRITTEN] if state.wanted else []
    owners = dict.fromkeys((*(owner for c in standing for owner in appointment.resources(c)), *failing))
    said = hands.notes(appointment)
    found = ((_calendar(owner, failing.get(owner)), said.get(owner, "")) for owner in owners)
    return [msgspec.structs.replace(shown, note=note) for shown, note in found]


def _calendar(owner: str, failure: Failure | None) -> CalendarShown:
    name, calendar = people.name_of(owner), people.calendar_of(owner)
    if failure is not None:
        return CalendarShown(name, "broken", calendar, moment(failure.since), *words.trouble(failure.reason))
    if not owner.startswith("member-"):
        return CalendarShown(name, "built_in", calendar)
    link = services().coordination.member(owner).calendar
    if link is None:
        return CalendarShown(name, "built_in", words.said(_("連携なし(内蔵カレンダー)")))
    if not link.broken:
        return CalendarShown(name, "linked", calendar)
    since = moment(link.broken_since) if link.broken_since else ""
    return CalendarShown(name, "broken", calendar, since, *words.trouble(link.broken))
