"""The sandbox's own endpoints: looking behind the scenes, and pulling the strings."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox import hand
from chouseiapo.sandbox.control_calendars import editing, keeping
from chouseiapo.sandbox.control_zoom import zoom_meetings, zoom_people, zoom_webhooks
from chouseiapo.sandbox.people import SERVICES, Person
from chouseiapo.sandbox.state import state
from chouseiapo.sandbox.wishes import known, texts, wish
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.hand import NoSuchMeeting


def control(world: World) -> Blueprint:
    """Bad requests are answered with 400 and a plain sentence."""
    routes = Blueprint("control", __name__)
    routes.register_error_handler(ValueError, lambda problem: _sentence(str(problem), 400))
    for missing in (hand.NoSuchEntry, NoSuchMeeting):
        routes.register_error_handler(missing, lambda problem: _sentence(str(problem), 404))
    _looking(routes, world)
    _failing(routes, world)
    _consenting(routes, world)
    keeping(routes, world)
    editing(routes, world)
    zoom_people(routes, world)
    zoom_meetings(routes, world)
    zoom_webhooks(routes, world)
    return routes


def _sentence(text: str, status: int) -> Response:
    return Response(text + "\n", status, content_type="text/plain; charset=utf-8")


def _looking(routes: Blueprint, world: World) -> None:
    @routes.get("/state.json")
    def get_state() -> ResponseReturnValue:
        since = request.args.get("since", "0")
        if not since.isdecimal():
            raise ValueError("since is a number: the cursor of an earlier state.json.")
        return Response("".join(state(world, int(since))), content_type="application/json")

    @routes.delete("/state.json/requests")
    def forget_requests() -> ResponseReturnValue:
        world.journal.clear()
        return "", 204

    @routes.delete("/state.json/in_flight")
    def count_anew() -> ResponseReturnValue:
        world.flights.reset()
        return "", 204


def _failing(routes: Blueprint, world: World) -> None:
    @routes.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return jsonify(world.faults.listed())

    @routes.post("/faults")
    def add_fault() -> ResponseReturnValue:
        return jsonify(world.faults.add(wish()).public()), 201

    @routes.delete("/faults")
    def clear_faults() -> ResponseReturnValue:
        world.faults.clear()
        return "", 204

    @routes.get("/switches")
    def list_switches() -> ResponseReturnValue:
        return jsonify(world.switches.listed())

    @routes.post("/switches")
    def turn_switches() -> ResponseReturnValue:
        world.switches.turn(wish())
        world.changed.set()
        return jsonify(world.switches.listed())

    @routes.post("/sync-expirations")
    def expire_sync() -> ResponseReturnValue:
        """What was read incrementally has to be read whole again: that calendar's, or everything."""
        read = wish()
        known(read, "calendar")
        world.expire_sync(read.get("calendar", ""))
        return "", 204


def _consenting(routes: Blueprint, world: World) -> None:
    @routes.post("/people")
    def add_person() -> ResponseReturnValue:
        read = wish("email", "name", "provider")
        known(read, "email", "name", "provider")
        person = world.add(Person(read["email"], read["name"], read["provider"]))
        return jsonify({"email": person.email, "name": person.name, "provider": person.provider}), 201

    def whom(*more: str) -> tuple[str, str]:
        read = wish("service", "email")
        known(read, "service", "email", *more)
        if read["service"] not in SERVICES:
            raise ValueError(f"service is one of {', '.join(SERVICES)}, not {read['service']!r}.")
        return read["service"], read["email"]

    @routes.post("/grants")
    def grant() -> ResponseReturnValue:
        """Everything that the product usually asks for, or just these scopes."""
        service, email = whom("scopes")
        token = world.consent(service, email, texts(wish(), "scopes") or None)
        return jsonify({"refresh_token": token, "account": email}), 201

    @routes.post("/revocations")
    def revoke() -> ResponseReturnValue:
        world.revoke(*whom())
        return "", 204

    @routes.post("/expirations")
    def expire() -> ResponseReturnValue:
        service, email = whom()
        world.know(service, email)
        world.tokens.expire(service, email)
        return "", 204
