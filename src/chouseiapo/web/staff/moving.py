"""Moving a confirmed appointment: another time is typed, looked at with what will follow, and then fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.appointment_state import ENDED_BY
from chouseiapo.domain.errors import (
    Busy,
    CandidateTaken,
    DomainError,
    Invalid,
    NotConfirmed,
    NotFound,
    Over,
    Problem,
    SeriesStands,
)
from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.slots import LONGEST_DIRECT, Grid, Offer, Slot
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import people, refused, session
from chouseiapo.web.staff.appointment import page_refusing
from chouseiapo.web.staff.busy import clashes, overlay
from chouseiapo.web.staff.direct import INSTEAD
from chouseiapo.web.staff.frame import slot, title_of, when, zone_name
from chouseiapo.web.staff.overview import is_movable, told_of
from chouseiapo.web.staff.panel import ends_early, manager
from chouseiapo.web.staff.picking import MIDNIGHT, clocks, typed_span
from projections.meetings import has_no_fixed_time

moving = Blueprint("moving", __name__, url_prefix="/appointments/<id>/move")


class Typed(msgspec.Struct, frozen=True):
    """The other time as it is typed: dates and times of day on the organization's clocks. `last` is the day
    that it ends on, empty for the day that it begins on."""

    day: str = ""
    begin: str = ""
    last: str = ""
    finish: str = ""

    def slot(self, zone: ZoneInfo, all_day: bool) -> Slot | None:
        """None where it is no time."""
        span = typed_span(self.day, self.begin, self.last, self.finish, zone, all_day=all_day)
        return Slot(*(at.astimezone(UTC) for at in span)) if span else None


@moving.get("")
@session.signed_in
def page(id: str) -> Any:
    """The form; with a time in the address, what would follow from it."""
    concerned = visible(id)
    if refusal := _immovable(concerned):
        return page_refusing(id, refusal)
    typed = _typed(concerned, request.args)
    asked = "day" in request.args or "calendar" in request.args
    return _page(concerned, typed, _problems(concerned, typed) if asked else [], asked=asked)


@moving.post("")
@session.signed_in
def move(id: str) -> Any:
    concerned, cause = visible(id), session.command()
    there = redirect(url_for("appointment.page", id=id, done="moved"), 303)
    if cause.command in concerned.commands:
        return there
    if refusal := _immovable(concerned):
        return page_refusing(id, refusal)
    typed = Typed(**{field: request.form.get(field, "") for field in Typed.__struct_fields__})
    to = _slot(concerned, typed)
    try:
        if to is None:
            raise Invalid(Problem("day", "day_missing"))
        services().coordination.move(id, to, cause, g.now)
    except (Busy, NotFound):
        raise
    except Invalid as wrong:
        return _page(concerned, typed, _at_fields(wrong.problems, concerned.direct)), 422
    except CandidateTaken:
        return _page(concerned, typed, [Problem("day", "candidate_reserved")]), 409
    except DomainError as refusal:
        return page_refusing(id, refusal)
    return there


def _immovable(appointment: Appointment) -> DomainError | None:
    if is_movable(appointment):
        return None
    if appointment.chosen is None:
        return ENDED_BY.get(appointment.state, NotConfirmed)()
    return SeriesStands() if appointment.is_series else Over()


def _page(concerned: Appointment, typed: Typed, problems: Sequence[Problem] = (), asked: bool = False) -> str:
    to, chosen = _slot(concerned, typed), concerned.chosen
    looked = asked and not problems and to is not None and chosen is not None
    grid = services().coordination.grid
    return render_template(
        "staff/moving.html",
        appointment=concerned,
        title=title_of(concerned),
        now=when(chosen) if chosen else "",
        typed=typed,
        all_day=bool(chosen and chosen.all_day),
        begins=sorted({*clocks(grid.minutes)[:-1], *filter(None, [typed.begin])}),
        ends=sorted({*clocks(grid.minutes)[1:], *filter(None, [typed.finish])}),
        first_day=g.now.astimezone(services().settings.zone).date().isoformat(),
        zone=zone_name(services().settings.time_zone),
        problems=refused.first_of_each(problems),
        **(_preview(concerned, to) if looked and to is not None else {"to": ""}),
    )


def _preview(concerned: Appointment, to: Slot) -> dict[str, Any]:
    """The other time, who has something else then, and what follows."""
    chosen = concerned.chosen
    resources = concerned.resources(chosen) if chosen else ()
    window = Slot(_whole(to.start), _whole(to.end) + timedelta(days=1))
    around = overlay(resources, window, (), besides=concerned.id)
    # Busy time has no names: the time that stands is busy with this very appointment.
    parts = clashes(_besides(to, chosen.slot) if chosen else [to], around)
    zone = services().settings.zone
    days = wording.days(to.start, to.end, zone.key, g.locale, g.now.astimezone(zone).date())
    return {
        "to": days if chosen and chosen.all_day else slot(to.start, to.end),
        "clash": list(dict.fromkeys(name for names in parts for name in names)),
        "told": told_of(concerned.id, lambda imagined: imagined.move(to, _grid(), g.now)),
        "calendars": [people.name_of(owner) for owner in resources],
        "zoom": _is_on_zoom(concerned),
        "managed": _is_on_zoom(concerned) and manager(concerned) is not None,
        "timeless": has_no_fixed_time(concerned),
        "free": ends_early(concerned, to.end - to.start),
    }


def _problems(concerned: Appointment, typed: Typed) -> list[Problem]:
    """What would be refused; nothing is recorded."""
    to, chosen = _slot(concerned, typed), concerned.chosen
    if to is None or chosen is None:
        return [Problem("day", "day_missing")]
    if to == chosen.slot:
        return [Problem("day", "same_time")]
    app = services().coordination
    imagined = app.appointment(concerned.id)
    try:
        imagined.move(to, _grid(), g.now)
    except Invalid as wrong:
        return _at_fields(wrong.problems, concerned.direct)
    offer = Offer(to.start, to.end, chosen.room)
    reserved = app.reserved(concerned.attendees, [offer], concerned.id)
    return [Problem("day", problem.code, problem.values) for problem in reserved[:1]]


def _at_fields(problems: Sequence[Problem], direct: bool) -> list[Problem]:
    """At the fields of the form, in the words for a time that is fixed."""
    places = {"start": "begin", "end": "finish"}
    words = {**INSTEAD, "candidate_in_past": "moved_in_past"}
    if not direct:
        words["candidate_too_long"] = "moved_too_long"
        del words["candidate_reversed"]  # there is no other day to type
    values = {"days": LONGEST_DIRECT.days}
    return [
        Problem(places.get(p.field, "day"), words.get(p.code, p.code), {**p.values, **values})
        for p in problems
    ]


def _typed(concerned: Appointment, asked: Mapping[str, str]) -> Typed:
    """What the address says: a time, or that it is the one to which the entry was moved by hand; else the
    time that stands."""
    if "day" in asked:
        return Typed(**{field: asked.get(field, "") for field in Typed.__struct_fields__})
    question, chosen = concerned.question, concerned.chosen
    if "calendar" in asked and question is not None and question.start and question.end:
        return _as_typed(question.start, question.end)
    return _as_typed(chosen.start, chosen.end) if chosen else Typed()


def _as_typed(start: datetime, end: datetime) -> Typed:
    zone = services().settings.zone
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    finish, last = f"{ends:%H:%M}", ends.date()
    if finish == "00:00":
        finish, last = MIDNIGHT, last - timedelta(days=1)
    return Typed(
        begins.date().isoformat(),
        f"{begins:%H:%M}",
        "" if last == begins.date() else last.isoformat(),
        finish,
    )


def _slot(concerned: Appointment, typed: Typed) -> Slot | None:
    all_day = bool(concerned.chosen and concerned.chosen.all_day)
    return typed.slot(services().settings.zone, all_day)


def _besides(to: Slot, standing: Slot) -> list[Slot]:
    """What of the other time lies outside the one that stands."""
    if not to.overlaps(standing):
        return [to]
    before, after = Slot(to.start, standing.start), Slot(standing.end, to.end)
    return [part for part in (before, after) if part.start < part.end]


def _is_on_zoom(concerned: Appointment) -> bool:
    return concerned.platform is Platform.ZOOM and concerned.meeting is not None


def _grid() -> Grid:
    return services().coordination.grid


def _whole(at: datetime) -> datetime:
    day: date = at.astimezone(UTC).date()
    return datetime.combine(day, datetime.min.time(), UTC)
