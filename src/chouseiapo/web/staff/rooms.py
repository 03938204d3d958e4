"""Rooms, for administrators: what they are called, and the calendar of each."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.room import Room
from chouseiapo.web.request import services
from chouseiapo.web.staff import session
from chouseiapo.web.staff.cards import card, offers
from chouseiapo.web.staff.frame import administrators_only
from chouseiapo.web.staff.health import Health
from chouseiapo.web.staff.settings import said_of
from projections.people import find_people

rooms = Blueprint("rooms", __name__)
LONGEST_NAME = 100
MOST_SEATS = 9999


class Line(msgspec.Struct, frozen=True):
    """A room in the list; `calendar`: which it has, in words."""

    id: str
    name: str
    seats: int
    calendar: str
    health: Health


@rooms.get("/rooms")
@session.signed_in
def overview() -> Any:
    administrators_only()
    return _overview({})


@rooms.post("/rooms")
@session.signed_in
def add() -> Any:
    """The room's id follows from the form: sent twice it is one room."""
    administrators_only()
    name, seats = " ".join(request.form.get("name", "").split()), request.form.get("seats", "").strip()
    if problems := _problems(name, seats):
        return _overview(problems, name, seats), 422
    app, id = services().coordination, new_id("room", f"{g.member.id}/{request.form.get('nonce', '')}")

    def attempt() -> None:
        if not app.are_rooms([id]):
            app.add_room(name, int(seats or 0), session.command(), g.now, id=id)

    app.insist(attempt)
    return redirect(url_for("rooms.page", id=id, done="added"), 303)


@rooms.get("/rooms/<id>")
@session.signed_in
def page(id: str) -> Any:
    administrators_only()
    room = services().coordination.room(id)
    return render_template(
        "staff/room.html",
        room=room,
        card=card(room, room.id),
        offers=offers(besides=room.calendar.provider if room.calendar else "", for_all=True),
        **said_of(request.args),
    )


def _overview(problems: dict[str, Problem], name: str = "", seats: str = "") -> str:
    listed = [services().coordination.room(each.id) for each in find_people(services().rows, "room")]
    return render_template(
        "staff/rooms.html", lines=[_line(room) for room in listed], problems=problems, name=name, seats=seats
    )


def _line(room: Room) -> Line:
    shown = card(room, room.id)
    calendar = f"{shown.name}: {shown.target or shown.account}" if shown.is_linked else shown.name
    return Line(room.id, room.name, room.seats, calendar, shown.health)


def _problems(name: str, seats: str) -> dict[str, Problem]:
    found = {}
    if not name:
        found["name"] = Problem("name", "missing")
    elif len(name) > LONGEST_NAME:
        found["name"] = Problem("name", "too_long", {"most": LONGEST_NAME})
    elif not name.isprintable():
        found["name"] = Problem("name", "control_character")
    if seats and not (seats.isascii() and seats.isdigit() and len(seats) <= len(str(MOST_SEATS))):
        found["seats"] = Problem("seats", "seats_invalid", {"most": MOST_SEATS})
    return found
