"""More candidates for an appointment that waits for its answer: the same grid, on a page of its own."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Busy, DomainError, NotFound, NotProposed, Problem
from chouseiapo.domain.slots import Candidate
from chouseiapo.web.errors import answer_to
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import refused, session
from chouseiapo.web.staff.appointment import page_refusing
from chouseiapo.web.staff.busy import booked
from chouseiapo.web.staff.frame import in_language, slot, title_of
from chouseiapo.web.staff.new import drafts, kept_now
from chouseiapo.web.staff.overview import is_extendable
from chouseiapo.web.staff.picker import picker
from chouseiapo.web.staff.picking import Picked, Picking, acted, read_picking

more = Blueprint("more", __name__, url_prefix="/appointments/<id>/candidates")
_PICKING = msgspec.json.Decoder(Picking)


def _keep(writer: str, id: str) -> str:
    """Keep what was posted after the session had ended; answers where its writer finds it."""
    _write(id, read_picking(request.form), writer)
    return url_for("more.page", id=id)


@more.get("")
@session.signed_in
def page(id: str) -> Any:
    """The grid; `again` names a candidate that was withdrawn and is to be offered once more."""
    appointment = visible(id)
    if not is_extendable(appointment):
        return page_refusing(id, NotProposed())
    picking = _kept(id) or Picking(room=_usual_room(appointment))
    again = appointment.candidates.get(request.args.get("again", ""))
    return _page(appointment, _with(picking, again) if again else picking)


@more.post("")
@session.signed_in_writing(_keep)
def write(id: str) -> Any:
    """Keep what was picked, or offer it."""
    appointment = visible(id)
    if not is_extendable(appointment):
        return page_refusing(id, NotProposed())
    picking, action = read_picking(request.form), request.form.get("action", "")
    if g.stale:
        return _page(appointment, picking, "form_expired"), 409
    if action == "offer":
        return _offer(appointment, picking)
    if action == "save":
        _write(id, picking, g.member.id)
        return kept_now()
    taken = booked(appointment.attendees)
    picking = acted(picking, action, services().coordination.grid, g.now, taken)
    _write(id, picking, g.member.id)
    what, _, which = action.partition(":")
    place = {"slot": "day", "remove": "picked"}.get(what, "grid")
    there = redirect(url_for("more.page", id=id, _anchor=place), 303)
    return in_language(there, which) if what == "language" else there


def _offer(appointment: Appointment, picking: Picking) -> Any:
    id = appointment.id
    try:
        services().coordination.add_candidates(id, picking.offers, session.command(), g.now)
    except Busy:
        raise
    except NotProposed as refusal:
        return page_refusing(id, refusal)
    except DomainError as refusal:
        answer = answer_to(refusal)
        page = _page(visible(id), picking, answer.code, list(answer.problems))
        return Response(page, answer.status, answer.headers)
    drafts().forget(_draft(id, g.member.id), g.member.id)
    return redirect(url_for("appointment.page", id=id, done="candidates"), 303)


def _page(
    appointment: Appointment, picking: Picking, refusal: str = "", problems: list[Problem] | None = None
) -> str:
    wrong = problems or []
    standing = [candidate.slot for candidate in appointment.open_candidates]
    picked = picker(picking, appointment.attendees, wrong, standing, appointment.id)
    return render_template(
        "staff/more.html",
        appointment=appointment,
        title=title_of(appointment),
        standing=[slot(each.start, each.end) for each in sorted(standing)],
        refusal=REFUSALS.get(refusal, ""),
        problems=refused.by_field(wrong),
        summary=refused.summary(wrong, picked["rows"]),
        **picked,
    )


def _with(picking: Picking, again: Candidate) -> Picking:
    if any(again.slot.overlaps(slot) for slot in picking.slots):
        return picking
    picked = (*picking.picked, Picked(again.start, again.end, again.room or ""))
    week = again.start.astimezone(services().settings.zone).date().isoformat()
    return msgspec.structs.replace(picking, picked=tuple(sorted(picked, key=lambda p: p.slot)), week=week)


def _usual_room(appointment: Appointment) -> str:
    rooms = {candidate.room for candidate in appointment.candidates.values()}
    return rooms.pop() or "" if len(rooms) == 1 else ""


def _kept(id: str) -> Picking | None:
    content = drafts().read(_draft(id, g.member.id), g.member.id)
    try:
        return _PICKING.decode(content) if content is not None else None
    except msgspec.ValidationError:
        return None


def _write(id: str, picking: Picking, writer: str) -> None:
    if not drafts().keep(_draft(id, writer), writer, msgspec.json.encode(picking), g.now):
        raise NotFound


def _draft(id: str, writer: str) -> str:
    """One such draft for each member and appointment."""
    return f"more-{id}-{writer}"
