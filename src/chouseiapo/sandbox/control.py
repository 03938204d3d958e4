"""The sandbox's own endpoints: looking behind the scenes, and pulling the strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox import hand
from chouseiapo.sandbox.people import SERVICES, Person
from chouseiapo.sandbox.state import state
from chouseiapo.sandbox.world import World


def control(world: World) -> Blueprint:
    """Bad requests are answered with 400 and a plain sentence."""
    routes = Blueprint("control", __name__)
    routes.register_error_handler(ValueError, lambda problem: _sentence(str(problem), 400))
    routes.register_error_handler(hand.NoSuchEntry, lambda problem: _sentence(str(problem), 404))
    _looking(routes, world)
    _failing(routes, world)
    _consenting(routes, world)
    _editing(routes, world)
    return routes


def _sentence(text: str, status: int) -> Response:
    return Response(text + "\n", status, content_type="text/plain; charset=utf-8")


def _wish(*needed: str) -> dict[str, Any]:
    read = request.get_json(force=True, silent=True)
    if not isinstance(read, dict):
        raise ValueError("The body has to be one JSON object.")
    for name in needed:
        if not isinstance(read.get(name), str):
            raise ValueError(f"The body needs {name}, a text.")
    return read


def _known(wish: Mapping[str, object], *names: str) -> None:
    if unknown := sorted(set(wish) - set(names)):
        raise ValueError(f"There is no {', '.join(unknown)} here; there is {', '.join(names)}.")


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


def _failing(routes: Blueprint, world: World) -> None:
    @routes.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return jsonify(world.faults.listed())

    @routes.post("/faults")
    def add_fault() -> ResponseReturnValue:
        return jsonify(world.faults.add(_wish()).public()), 201

    @routes.delete("/faults")
    def clear_faults() -> ResponseReturnValue:
        world.faults.clear()
        return "", 204

    @routes.get("/switches")
    def list_switches() -> ResponseReturnValue:
        return jsonify(world.switches.listed())

    @routes.post("/switches")
    def turn_switches() -> ResponseReturnValue:
        world.switches.turn(_wish())
        world.changed.set()
        return jsonify(world.switches.listed())


def _consenting(routes: Blueprint, world: World) -> None:
    @routes.post("/people")
    def add_person() -> ResponseReturnValue:
        wish = _wish("email", "name", "provider")
        _known(wish, "email", "name", "provider")
        person = world.add(Person(wish["email"], wish["name"], wish["provider"]))
        return jsonify({"email": person.email, "name": person.name, "provider": person.provider}), 201

    def whom() -> tuple[str, str]:
        wish = _wish("service", "email")
        _known(wish, "service", "email")
        if wish["service"] not in SERVICES:
            raise ValueError(f"service is one of {', '.join(SERVICES)}, not {wish['service']!r}.")
        return wish["service"], wish["email"]

    @routes.post("/grants")
    def grant() -> ResponseReturnValue:
        service, email = whom()
        token = world.consent(service, email)
        return jsonify({"refresh_token": token, "account": email}), 201

    @routes.post("/revocations")
    def revoke() -> ResponseReturnValue:
        world.revoke(*whom())
        return "", 204

    @routes.post("/expirations")
    def expire() -> ResponseReturnValue:
        service, email = whom()
        world.person(email)
        world.tokens.expire(service, email)
        return "", 204


def _editing(routes: Blueprint, world: World) -> None:
    @routes.post("/entries/<email>")
    def add_entry(email: str) -> ResponseReturnValue:
        wish = _wish("title", "start", "end")
        _known(wish, "title", "start", "end", "status")
        start, end = hand.moment(wish, "start"), hand.moment(wish, "end")
        entry = hand.add(world, email, wish["title"], start, end, wish.get("status", "confirmed"))
        return Response(entry.encoded, 201, content_type="application/json")

    @routes.patch("/entries/<email>/<id>")
    def move_entry(email: str, id: str) -> ResponseReturnValue:
        wish = _wish()
        _known(wish, "start", "end")
        times = (hand.moment(wish, name) if name in wish else None for name in ("start", "end"))
        entry = hand.move(world, email, id, *times)
        return Response(entry.encoded, content_type="application/json")

    @routes.delete("/entries/<email>/<id>")
    def remove_entry(email: str, id: str) -> ResponseReturnValue:
        hand.remove(world, email, id)
        return "", 204
