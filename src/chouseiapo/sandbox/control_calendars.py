"""Calendars, rooms and the entries on them, by their people's own hand."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox import hand
from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.wishes import flag, known, text, texts, wish
from chouseiapo.sandbox.world import World


def keeping(routes: Blueprint, world: World) -> None:
    """Which calendars there are, and who may do what with them."""

    @routes.post("/calendars/<email>")
    def add_calendar(email: str) -> ResponseReturnValue:
        """A further calendar of that person; with the id of one that is there: shared with that person."""
        read = wish("name")
        known(read, "id", "name", "access", "hidden")
        access, id = text(read, "access", "owner"), text(read, "id")
        made = world.add_calendar(email, read["name"], access, id, hidden=flag(read, "hidden"))
        return jsonify(_shown(made)), 201

    @routes.patch("/calendars/<id>")
    def change_calendar(id: str) -> ResponseReturnValue:
        """Whether colleagues see when it is busy."""
        read = wish("free_busy")
        known(read, "free_busy")
        return jsonify(_shown(world.show_busy(id, read["free_busy"])))

    @routes.post("/rooms")
    def add_room() -> ResponseReturnValue:
        read = wish("name", "provider")
        known(read, "id", "name", "provider", "writers")
        made = world.add_room(read["name"], read["provider"], texts(read, "writers"), text(read, "id"))
        return jsonify(_shown(made)), 201


def _shown(calendar: Calendar) -> Json:
    return {
        "id": calendar.id,
        "name": calendar.name,
        "provider": calendar.provider,
        "room": calendar.room,
        "access": {email: share.role for email, share in calendar.shares.items()},
        "free_busy": "visible" if calendar.shows_busy else "hidden",
    }


def editing(routes: Blueprint, world: World) -> None:
    """`calendar` is a mailbox's address or another calendar's id."""

    @routes.post("/entries/<calendar>")
    def add_entry(calendar: str) -> ResponseReturnValue:
        read = wish("title", "start", "end")
        known(read, "title", "start", "end", "status", "show_as")
        start, end = hand.moment(read, "start"), hand.moment(read, "end")
        status, show_as = text(read, "status", "confirmed"), text(read, "show_as", "busy")
        entry = hand.add(world, calendar, read["title"], start, end, status, show_as)
        return Response(entry.encoded, 201, content_type="application/json")

    @routes.patch("/entries/<calendar>/<id>")
    def move_entry(calendar: str, id: str) -> ResponseReturnValue:
        read = wish()
        known(read, "start", "end")
        times = (hand.moment(read, name) if name in read else None for name in ("start", "end"))
        entry = hand.move(world, calendar, id, *times)
        return Response(entry.encoded, content_type="application/json")

    @routes.delete("/entries/<calendar>/<id>")
    def remove_entry(calendar: str, id: str) -> ResponseReturnValue:
        hand.remove(world, calendar, id)
        return "", 204

    @routes.delete("/entries/<calendar>")
    def empty_calendar(calendar: str) -> ResponseReturnValue:
        return jsonify({"removed": hand.empty(world, calendar)})
