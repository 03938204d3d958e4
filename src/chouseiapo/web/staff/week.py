"""A member's week: what stands on the built-in calendar, and what is on its way there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, g, render_template, request

from chouseiapo import wording
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.slots import Slot
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, session
from chouseiapo.web.staff.frame import is_administrator, title_of, zone_name
from chouseiapo.web.staff.grid import DAYS, monday_of, window
from projections.desk import subjects_of
from projections.offers import claims_on

week = Blueprint("week", __name__)


class Entry(msgspec.Struct, frozen=True, order=True):
    """One entry; `pending`: not written to the calendar yet."""

    start: datetime
    end: datetime
    appointment: str
    title: str
    confirmed: bool
    pending: bool
    clocks: str = ""
    guest: str = ""


class DayShown(msgspec.Struct, frozen=True):
    label: str
    today: bool
    entries: Sequence[Entry]


@week.get("/members/<id>/week")
@session.signed_in
def page(id: str) -> Any:
    """One's own week; administrators may look at anybody's."""
    if id != g.member.id and not is_administrator():
        raise NotFound
    person = people.shown(id)
    if person is None:
        raise NotFound
    monday = _monday(request.args.get("week", ""))
    days = _days(id, monday)
    return render_template(
        "staff/week.html",
        person=person,
        own=id == g.member.id,
        days=days,
        zone=zone_name(services().settings.time_zone),
        title=f"{days[0].label}{'〜' if g.locale == 'ja' else ' – '}{days[-1].label}",
        empty=not any(day.entries for day in days),
        back=(monday - timedelta(days=DAYS)).isoformat(),
        forth=(monday + timedelta(days=DAYS)).isoformat(),
        this=_monday(g.now.astimezone(services().settings.zone).date().isoformat()).isoformat(),
    )


def _monday(asked: str) -> date:
    """The Monday of the week asked for, whenever that is; by default of the one that has hours left."""
    if not asked:
        return monday_of("", g.now, services().settings)
    today = g.now.astimezone(services().settings.zone).date()
    try:
        wanted = date.fromisoformat(asked)
    except ValueError:
        wanted = today
    if abs(wanted - today) > timedelta(weeks=520):
        wanted = today
    return wanted - timedelta(days=wanted.weekday())


def _days(member: str, monday: date) -> list[DayShown]:
    settings = services().settings
    entries = _entries(member, window(monday, settings.zone))
    today = g.now.astimezone(settings.zone).date()
    found = []
    for n in range(DAYS):
        span = window(monday + timedelta(days=n), settings.zone)
        on = Slot(span.start, window(monday + timedelta(days=n + 1), settings.zone).start)
        label = wording.day(on.start, settings.time_zone, g.locale, today=today)
        mine = [_placed(e, on) for e in entries if on.overlaps(Slot(e.start, e.end))]
        found.append(DayShown(label, monday + timedelta(days=n) == today, mine))
    return found


def _entries(member: str, span: Slot) -> list[Entry]:
    """What the built-in calendar holds, then what is claimed but not written there yet."""
    link = f"builtin-{member}"
    written = services().calendars["builtin"].entries(link, span.start, span.end)
    known = {(e.appointment, e.candidate) for e in written}
    found = [Entry(e.start, e.end, e.appointment, e.title, e.confirmed, pending=False) for e in written]
    builtin = services().entry_writer.link_of(member) == link
    for claim in claims_on(services().rows, [member], span):
        if (claim.appointment, claim.candidate) not in known:
            appointment = services().coordination.appointment(claim.appointment)
            found.append(
                Entry(
                    claim.start,
                    claim.end,
                    claim.appointment,
                    title_of(appointment),
                    claim.confirmed,
                    pending=builtin,
                )
            )
    subjects = subjects_of(services().rows, {entry.appointment for entry in found})
    named = {
        id: wording.guest_in_text(about.guest, g.locale)
        for id, about in subjects.items()
        if not about.names_guest
    }
    return [msgspec.structs.replace(e, guest=named.get(e.appointment, "")) for e in sorted(found)]


def _placed(entry: Entry, day: Slot) -> Entry:
    """The entry with its times as this day shows them: what began before begins at 0:00, and what lasts the
    whole day has none."""
    zone = services().settings.time_zone
    if entry.start <= day.start and entry.end >= day.end:
        return msgspec.structs.replace(entry, clocks=wording.all_day(g.locale))
    begin = wording.clock(max(entry.start, day.start), zone)
    finish = "24:00" if entry.end >= day.end else wording.clock(entry.end, zone)
    return msgspec.structs.replace(entry, clocks=f"{begin}{'〜' if g.locale == 'ja' else '–'}{finish}")
