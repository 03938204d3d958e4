"""Which of an account's calendars is written, which count as busy, and what counts there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, g, render_template, request

from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.domain.proposal import is_address
from chouseiapo.ports import Calendar, Listed, PortError
from chouseiapo.web import limits
from chouseiapo.web.i18n import _
from chouseiapo.web.request import asking, services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.accounts import replaced, shared_with
from chouseiapo.web.staff.health import LISTING, not_allowed
from chouseiapo.web.staff.linking import home, owner_of
from projections.people import find_people
from projections.standing import standing

T = TypeVar("T")

choosing = Blueprint("choosing", __name__)
TYPED = "typed"  # the calendar of an address that is typed in
# A long list of calendars takes a vendor several answers; nobody looks at an empty page for longer.
PATIENCE_S = 5.0
_OWN = _("基本のカレンダー")


class Picked(msgspec.Struct, frozen=True):
    """What the form says: ids of calendars (`calendar` may be TYPED), and what counts as busy time there."""

    calendar: str
    address: str
    busy: tuple[str, ...]
    tentative: bool
    all_day: bool


@choosing.get("/settings/calendar/choose")
@choosing.get("/rooms/<room>/choose")
@session.signed_in
def page(room: str = "") -> Any:
    owner = owner_of(room)
    link = owner.calendar
    if link is None:
        return home(room)
    listed, trouble = _listed(link)
    return _form(owner, link, room, listed, _standing(link, listed, bool(room)), trouble=trouble)


@choosing.post("/settings/calendar/choose")
@choosing.post("/rooms/<room>/choose")
@session.signed_in
def choose(room: str = "") -> Any:
    owner = owner_of(room)
    link = owner.calendar
    if link is None:
        raise NotFound
    limits.hit(limits.CHOICES, g.member.id)
    listed, trouble = _listed(link)
    picked = _posted()
    if problem := _problem(link, listed, picked, bool(room)):
        return _form(owner, link, room, listed, picked, problem, trouble), 422
    _save(link, listed, picked)
    return home(room, done="chosen")


def _posted() -> Picked:
    form = request.form
    return Picked(
        calendar=form.get("calendar", ""),
        address=form.get("address", "").strip(),
        busy=tuple(form.getlist("busy")),
        tentative="tentative" in form,
        all_day="all_day" in form,
    )


def _standing(link: Link, listed: Sequence[Listed], for_room: bool) -> Picked:
    """As it was chosen. Where people sign in for a room at Google, the account's own calendar is theirs and
    hardly ever the room's: another is suggested, and theirs does not count.
    """
    calendar, busy = link.calendar, link.busy_calendars
    address = calendar if calendar not in {each.id for each in listed} else ""
    if for_room and address:
        calendar = TYPED
    elif for_room and not calendar and link.provider is Provider.GOOGLE:
        calendar = next((each.id for each in listed if each.writable and each.id), TYPED)
        busy = (calendar,)
    return Picked(calendar, address, busy, link.tentative_busy, link.all_day_busy)


def _problem(link: Link, listed: Sequence[Listed], picked: Picked, for_room: bool) -> Problem | None:
    if for_room and picked.calendar == TYPED:
        return _unusable(link, picked.address)
    if for_room and (other := _other_room(link, picked.calendar)):
        return Problem("calendar", "calendar_of_room", {"room": other})
    writable = {each.id for each in listed if each.writable}
    if picked.calendar == link.calendar or picked.calendar in writable:
        return None
    return Problem("calendar", "calendar_gone")


def _unusable(link: Link, address: str) -> Problem | None:
    """Whether the account may write to the calendar of that address is asked before it is chosen."""
    if not is_address(address):
        return Problem("address", "email_invalid" if address else "email_empty")
    try:
        writable = _asked(link, lambda calendar: calendar.may_write(link.id, address))
    except PortError as error:
        return Problem("address", "calendar_not_there" if error.permanent else "calendar_unreachable")
    if other := _other_room(link, address):
        return Problem("address", "calendar_of_room", {"room": other})
    return None if writable else Problem("address", "calendar_read_only")


def _other_room(link: Link, calendar: str) -> str:
    """The name of another room whose calendar that is; empty where there is none."""
    app, owner = services().coordination, link_owner(link.id)
    others = app.owners(each.id for each in find_people(services().rows, "room") if each.id != owner)
    used = {
        _place(room.calendar): room.name for room in others.values() if room.calendar and room.calendar.chosen
    }
    return used.get(_place(link, calendar), "")


def _place(link: Link, calendar: str | None = None) -> tuple[str, str, str]:
    """The same for the same calendar, through whoever's account: its own goes by the account's address.
    On CalDAV servers names mean something within one account alone.
    """
    chosen = link.calendar if calendar is None else calendar
    account = link.id.rpartition("-")[2] if link.provider is Provider.CALDAV else ""
    return link.provider, account, (chosen or link.account).lower()


def _save(link: Link, listed: Sequence[Listed], picked: Picked) -> None:
    names = {each.id: each.name for each in listed}
    calendar = picked.address if picked.calendar == TYPED else picked.calendar
    counted = [id for id in picked.busy if id in names or id in link.busy]
    services().coordination.choose_calendar(
        link.id,
        session.command(),
        g.now,
        calendar=calendar,
        name=names.get(calendar, link.name if calendar == link.calendar else calendar),
        # What we write to counts in any case: others put entries there, too.
        busy=tuple(dict.fromkeys((calendar, *counted))),
        tentative_busy=picked.tentative,
        all_day_busy=picked.all_day,
    )


def _form(
    owner: Linkable,
    link: Link,
    room: str,
    listed: Sequence[Listed],
    picked: Picked,
    problem: Problem | None = None,
    trouble: words.Trouble | None = None,
) -> str:
    return render_template(
        "staff/choosing.html",
        owner=owner,
        link=link,
        room=room,
        provider=words.said(words.PROVIDERS[link.provider]),
        not_allowed=not_allowed(link),
        is_read=not trouble and LISTING not in link.missing,
        mine=_mine(link) if room else None,
        options=_options(link, listed, bool(room)),
        picked=picked,
        trouble=trouble,
        problem=problem,
        standing=standing(services().rows, link.id, g.now),
        is_new="new" in request.args,
        replaced=replaced(owner, link),
        shared=shared_with(link),
    )


def _listed(link: Link) -> tuple[Sequence[Listed], words.Trouble | None]:
    """The account's calendars; or the one that is written alone, and why there are no more, where that is not
    what the page says of the permissions anyway.
    """
    alone = [Listed(link.calendar, link.name or link.calendar or link.account, True)]
    if LISTING in link.missing:
        return alone, None
    try:
        return _asked(link, lambda calendar: calendar.calendars(link.id)), None
    except PortError as error:
        return alone, words.trouble(error.reason)


def _asked(link: Link, call: Callable[[Calendar], T]) -> T:
    """What the account answers in its turn, like everybody who asks it; raises PortError."""
    calendar = services().calendar_of(link.id)
    answer = asking().ask(link.id, lambda: call(calendar))
    try:
        return answer.result(PATIENCE_S)
    except TimeoutError:
        answer.cancel()  # where its turn has not come
        raise PortError("not_answered") from None


def _mine(link: Link) -> str | None:
    """Which of the account's calendars is the one that the reader's own entries go to."""
    own = g.member.calendar
    if own is None or own.provider is not link.provider:
        return None
    return "" if _place(own) == _place(link, "") else own.calendar or own.account


def _options(link: Link, listed: Sequence[Listed], for_room: bool) -> list[Listed]:
    """Those listed, and what was chosen before although it is listed no more."""
    known = {each.id for each in listed}
    lost = [id for id in dict.fromkeys((link.calendar, *link.busy)) if id not in known]
    if for_room and link.calendar in lost:
        lost.remove(link.calendar)  # it stands as the address that was typed
    gone = [
        Listed(id, link.name if id == link.calendar and link.name else id, id == link.calendar) for id in lost
    ]
    return [
        Listed(each.id, each.name or words.said(_OWN), each.writable or each.id == link.calendar)
        for each in (*listed, *gone)
    ]
