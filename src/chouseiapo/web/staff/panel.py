"""The web meeting of an appointment as its page shows it: how far it has come, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec
from flask import g

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, words
from chouseiapo.web.staff.frame import moment
from chouseiapo.web.staff.options import Changed, changed
from projections.desk import meeting_trouble
from projections.host_writes import next_midnight

# How long a meeting on a free account lasts.
FREE = timedelta(minutes=40)
DAILY_LIMIT = "daily_limit"


class Issued(msgspec.Struct, frozen=True):
    """A meeting that was issued: when, its number, and whether it is the one that stands."""

    at: str
    meeting_id: str
    stands: bool


class Panel(msgspec.Struct, frozen=True):
    """state: by_hand, making, failing, limited, standing, gone, forgone, or over without one. `since`, `what`
    and `remedy` say more about it. `again`: the meeting that is shown stands until another one is there.

    may_start: whoever reads it hosts. unmanaged: our account there is gone, so that nothing follows any more;
    may_relink: it is that of whoever reads it.
    outdated: in what the meeting differs from the options that hold by now. free: it ends after 40 minutes,
    and was arranged to last longer.
    """

    state: str
    meeting: Meeting | None = None
    since: str = ""
    what: str = ""
    remedy: str = ""
    again: bool = False
    may_start: bool = False
    can_ask: bool = False
    unmanaged: bool = False
    may_relink: bool = False
    outdated: Sequence[Changed] = ()
    issued: Sequence[Issued] = ()
    host: str = ""
    free: bool = False

    @property
    def is_stuck(self) -> bool:
        return self.state in ("failing", "limited", "gone") or (bool(self.what) and self.state == "standing")


def panel(appointment: Appointment, stream: Sequence[Event]) -> Panel | None:
    """None where there is no meeting that we issue."""
    if appointment.chosen is None or appointment.platform is not Platform.ZOOM or appointment.erased:
        return None
    fixed = appointment.chosen
    state, what, remedy = _state(appointment)
    conference, stands = appointment.conference, appointment.meeting is not None
    # One that is being made in another's place will be managed.
    under_way, through = _under_way(appointment), manager(appointment)
    managed = not stands or under_way or through is not None
    return Panel(
        state,
        appointment.meeting,
        _since(state, stream),
        what,
        remedy,
        again=stands and under_way,
        may_start=may_start(appointment),
        can_ask=not appointment.is_over(g.now),
        unmanaged=not managed,
        may_relink=_may_relink(appointment, managed, remedy),
        outdated=_outdated(appointment) if stands and managed else (),
        issued=_issued(stream, stands),
        host=_host(through or conference.host) if stands else "",
        free=ends_early(appointment, fixed.end - fixed.start) and not appointment.is_over(g.now),
    )


def _may_relink(appointment: Appointment, managed: bool, remedy: str) -> bool:
    if remedy == words.said(words.RELINK):
        return bool(appointment.organizer == g.member.id)
    return not managed and link_owner(appointment.conference.host) == g.member.id


def manager(appointment: Appointment) -> str | None:
    """Through which link the meeting that stands is managed by now; None where it no longer is."""
    host = appointment.conference.host
    return services().meetings.manager(host) if host else None


def may_start(appointment: Appointment) -> bool:
    """Whether whoever asks hosts the meeting that stands: it is on their account, or on one of the
    organization's and they organize it."""
    if appointment.meeting is None or appointment.chosen is None or appointment.is_over(g.now):
        return False
    through = manager(appointment) if appointment.platform is Platform.ZOOM else None
    if through is None:
        return False
    owner = link_owner(through)
    starter = owner if is_of("member", owner) else appointment.organizer
    return bool(g.member.id == starter)


def _state(appointment: Appointment) -> tuple[str, str, str]:
    """The state, what does not work, and what whoever reads it can do."""
    conference = appointment.conference
    if appointment.is_over(g.now):
        return "standing" if appointment.meeting else "over", "", ""
    if conference.asked:
        return "gone", "", ""
    if conference.forgone:
        return "forgone", "", ""
    if appointment.meeting is None and not conference.wanted:
        return "by_hand", "", ""
    found = meeting_trouble(services().rows, appointment.id)
    if found is None:
        return "making" if _under_way(appointment) else "standing", "", ""
    told = words.trouble(found[0])
    if found[0].startswith(DAILY_LIMIT):
        at = moment(next_midnight(g.now))
        return "limited", told.what, words.said(_GOES_ON, moment=at)
    return "failing" if _under_way(appointment) else "standing", told.what, told.remedy


def _under_way(appointment: Appointment) -> bool:
    conference = appointment.conference
    lacking = appointment.meeting is None or conference.generation > conference.standing
    return conference.wanted and lacking and not appointment.is_over(g.now)


def _since(state: str, stream: Sequence[Event]) -> str:
    """Since when it is being made, or known to be gone."""
    causes = _VANISHED if state == "gone" else _ASKED_FOR
    last = next((event for event in reversed(stream) if isinstance(event, causes)), None)
    return moment(last.at) if last else ""


def _outdated(appointment: Appointment) -> list[Changed]:
    holding: MeetingOptions = services().coordination.meeting_options(appointment)
    return changed(appointment.conference.options, holding)


def _issued(stream: Sequence[Event], stands: bool) -> list[Issued]:
    """Each meeting once, the newest first; a single one is no history."""
    by_generation = {e.generation: e for e in stream if isinstance(e, Appointment.MeetingIssued)}
    if len(by_generation) < 2:
        return []
    newest = max(by_generation)
    return [
        Issued(moment(e.at), e.meeting.meeting_id, stands and generation == newest)
        for generation, e in sorted(by_generation.items(), reverse=True)
    ]


def _host(link: str) -> str:
    """On whose account it is."""
    owner = link_owner(link)
    if is_of("member", owner):
        return people.addressed(owner)
    known = services().coordination.organization().links.get(link)
    account = known.account if known else ""
    return words.said(_OF_ORGANIZATION, account=account) if account else words.said(_ORGANIZATION)


def ends_early(appointment: Appointment, length: timedelta) -> bool:
    """Whether a meeting of that length is cut off after 40 minutes, because its host has a free account."""
    host = appointment.conference.host
    link = services().coordination.linked(host) if host and appointment.platform is Platform.ZOOM else None
    return link is not None and link.is_free and length > FREE


def is_cut_off(organizer: str, lengths: Iterable[timedelta]) -> bool:
    """Whether meetings of any of those lengths would be cut off on the organizer's account; nobody may
    organize it yet."""
    zoom = services().coordination.member(organizer).zoom if organizer else None
    return zoom is not None and zoom.is_free and any(length > FREE for length in lengths)


_ASKED_FOR = (Appointment.Confirmed, Appointment.MeetingRequested, Appointment.MeetingWithdrawn)
_VANISHED = (Appointment.MeetingVanished,)
_GOES_ON = _("%(moment)sを過ぎると、自動で発行します。お急ぎのときは、ほかの会議室のURLをお伝えください。")
_ORGANIZATION = _("会社のZoom")
_OF_ORGANIZATION = _("会社のZoom(%(account)s)")
