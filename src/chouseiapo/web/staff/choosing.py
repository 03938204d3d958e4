"""Which of an account's calendars is written, which count as busy, and what counts there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import NotFound, Problem
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.domain.proposal import is_address
from chouseiapo.ports import Listed, PortError
from chouseiapo.web import limits
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.linking import home, owner_of
from projections.standing import standing

choosing = Blueprint("choosing", __name__)
TYPED = "typed"  # the calendar of an address that is typed in
PROBE = timedelta(days=1)


class Option(msgspec.Struct, frozen=True):
    """One of the account's calendars as the form shows it."""

    id: str
    name: str
    writable: bool
    written: bool
    busy: bool


@choosing.get("/settings/calendar/choose")
@choosing.get("/rooms/<room>/choose")
@session.signed_in
def page(room: str = "") -> Any:
    owner = owner_of(room)
    if owner.calendar is None:
        return redirect(url_for("rooms.page", id=room) if room else url_for("settings.page"), 303)
    return _form(owner, owner.calendar, room)


@choosing.post("/settings/calendar/choose")
@choosing.post("/rooms/<room>/choose")
@session.signed_in
def choose(room: str = "") -> Any:
    owner = owner_of(room)
    link = owner.calendar
    if link is None:
        raise NotFound
    limits.hit(limits.CHOICES, g.member.id)
    listed, _trouble = _listed(link)
    names = {each.id: each.name for each in listed}
    wanted, address = request.form.get("calendar", ""), request.form.get("address", "").strip()
    if wanted == TYPED and room:
        if problem := _unusable(link, address):
            return _form(owner, link, room, problem, address), 422
        wanted, names = address, names | {address: address}
    elif wanted != link.calendar and not any(each.id == wanted and each.writable for each in listed):
        return _form(owner, link, room, Problem("calendar", "calendar_gone")), 422
    counted = [id for id in request.form.getlist("busy") if id in names or id in link.busy]
    services().coordination.choose_calendar(
        link.id,
        session.command(),
        g.now,
        calendar=wanted,
        name=names.get(wanted, link.name if wanted == link.calendar else ""),
        # What we write to counts in any case: others put entries there, too.
        busy=tuple(dict.fromkeys((wanted, *counted))),
        tentative_busy="tentative" in request.form,
        all_day_busy="all_day" in request.form,
    )
    return home(room, done="chosen")


@choosing.post("/settings/calendar/vanished")
@choosing.post("/rooms/<room>/vanished")
@session.signed_in
def answer(room: str = "") -> Any:
    """What it means that so many entries disappeared at once."""
    link = owner_of(room).calendar
    if link is not None:
        restore = request.form.get("restore") == "1"
        services().coordination.answer_vanished(link.id, restore, session.command(), g.now)
    return home(room, done="answered")


def _form(owner: Linkable, link: Link, room: str, problem: Problem | None = None, address: str = "") -> str:
    listed, trouble = _listed(link)
    return render_template(
        "staff/choosing.html",
        owner=owner,
        link=link,
        room=room,
        provider=words.said(words.PROVIDERS[link.provider]),
        options=_options(link, listed, bool(room)),
        trouble=trouble,
        problem=problem,
        address=address or _typed_address(link, listed),
        chosen=_chosen(link, listed, problem) if room else link.calendar,
        standing=standing(services().rows, link.id, g.now),
        is_new="new" in request.args,
    )


def _listed(link: Link) -> tuple[Sequence[Listed], words.Trouble | None]:
    """The account's calendars; or the one that is written alone, and why there are no more."""
    try:
        return services().calendar_of(link.id).calendars(link.id), None
    except PortError as error:
        name = link.name or link.calendar or link.account
        return [Listed(link.calendar, name, True)], words.trouble(error.reason)


def _options(link: Link, listed: Sequence[Listed], for_room: bool) -> list[Option]:
    """Those listed, and what was chosen before although it is listed no more."""
    known = {each.id for each in listed}
    lost = [id for id in dict.fromkeys((link.calendar, *link.busy)) if id not in known]
    if for_room and link.calendar in lost:
        lost.remove(link.calendar)  # it stands as the address that was typed
    gone = [Listed(id, link.name if id == link.calendar and link.name else id, False) for id in lost]
    return [
        Option(
            each.id,
            each.name or words.said(_OWN),
            each.writable or each.id == link.calendar,
            each.id == link.calendar,
            each.id in link.busy_calendars,
        )
        for each in (*listed, *gone)
    ]


def _chosen(link: Link, listed: Sequence[Listed], problem: Problem | None) -> str:
    """What is picked for a room when the page opens. Where people sign in at Google, the account's own
    calendar is theirs and hardly ever the room's.
    """
    if _typed_address(link, listed) or (problem and problem.field == "address"):
        return TYPED
    if link.calendar or link.provider is not Provider.GOOGLE:
        return link.calendar
    return next((each.id for each in listed if each.writable and each.id), TYPED)


def _typed_address(link: Link, listed: Sequence[Listed]) -> str:
    return link.calendar if link.calendar not in {each.id for each in listed} else ""


def _unusable(link: Link, address: str) -> Problem | None:
    """Whether the account reaches the calendar of that address is tried before it is chosen."""
    if not is_address(address):
        return Problem("address", "email_invalid" if address else "email_empty")
    try:
        services().calendar_of(link.id).entries(link.id, g.now, g.now + PROBE, address)
    except PortError as error:
        return Problem("address", "calendar_unreachable" if not error.permanent else "calendar_not_there")
    return None


_OWN = _("基本のカレンダー")
