"""Zoom by its people's own hand: users and their settings, the app's approval, meetings; and its webhooks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import instant
from chouseiapo.sandbox.wishes import flag, known, text, texts, wish
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom import hand
from chouseiapo.sandbox.zoom.account import LICENSED, User
from chouseiapo.sandbox.zoom.settings import read_settings, settings_of


def zoom_people(routes: Blueprint, world: World) -> None:
    """Who has Zoom, and what the administrator allows."""

    @routes.get("/zoom-users")
    def list_users() -> ResponseReturnValue:
        return jsonify([_shown(each) for each in world.zoom.users.values()])

    @routes.post("/zoom-users")
    def add_user() -> ResponseReturnValue:
        read = wish("email", "name")
        known(read, "email", "name", "type", "status", "account")
        made = world.zoom.add(User(**({"type": LICENSED} | read)))
        world.changed.set()
        return jsonify(_shown(made)), 201

    @routes.patch("/zoom-users/<email>")
    def change_user(email: str) -> ResponseReturnValue:
        """Settings that are not named stay; `locked` is the whole list."""
        read = wish()
        known(read, "name", "type", "status", "account", "settings", "locked")
        return jsonify(_shown(change(world, email, read)))

    @routes.get("/zoom-app")
    def get_app() -> ResponseReturnValue:
        return jsonify(_app(world))

    @routes.patch("/zoom-app")
    def change_app() -> ResponseReturnValue:
        """The administrator's approval, and where authorizations may lead."""
        read = wish()
        known(read, "approval", "redirects")
        if "approval" in read:
            world.zoom.approve(text(read, "approval"))
        if "redirects" in read:
            world.zoom.redirects = tuple(texts(read, "redirects"))
        world.changed.set()
        return jsonify(_app(world))

    @routes.post("/zoom-removals")
    def remove_app() -> ResponseReturnValue:
        """A user removes our app in Zoom's marketplace."""
        read = wish("email")
        known(read, "email", "silent")
        hand.remove_app(world, read["email"], silent=flag(read, "silent"))
        return "", 204


def zoom_meetings(routes: Blueprint, world: World) -> None:
    """A host changes meetings in Zoom itself; `silent`: and the webhook gets lost."""

    @routes.patch("/zoom-meetings/<int:id>")
    def change_meeting(id: int) -> ResponseReturnValue:
        read = wish()
        known(read, "start", "duration", "topic", "passcode", "silent")
        wanted: Json = {name: read[name] for name in ("duration", "topic", "passcode") if name in read}
        if "start" in read:
            wanted["start"] = instant(text(read, "start"))
        return jsonify(_meeting(hand.change(world, id, **wanted, silent=flag(read, "silent"))))

    @routes.delete("/zoom-meetings/<int:id>")
    def delete_meeting(id: int) -> ResponseReturnValue:
        hand.delete(world, id, silent=request.args.get("silent") in ("1", "true"))
        return "", 204

    @routes.post("/zoom-meetings/<int:id>/start")
    def start_meeting(id: int) -> ResponseReturnValue:
        hand.begin(world, id)
        return "", 204

    @routes.post("/zoom-meetings/<int:id>/end")
    def end_meeting(id: int) -> ResponseReturnValue:
        hand.end(world, id)
        return "", 204


def zoom_webhooks(routes: Blueprint, world: World) -> None:
    @routes.get("/zoom-webhooks")
    def list_webhooks() -> ResponseReturnValue:
        """Where they go, and what became of each."""
        deliveries = [each.public() for each in list(world.webhooks.deliveries)]
        return jsonify(world.webhooks.saved() | {"deliveries": deliveries})

    @routes.patch("/zoom-webhooks")
    def subscribe() -> ResponseReturnValue:
        read = wish()
        known(read, "url", "secret", "delivery", "late_s", "timeout_s", "retry_s")
        world.webhooks.subscribe(read)
        world.changed.set()
        return jsonify(world.webhooks.saved())

    @routes.post("/zoom-webhooks/validations")
    def validate() -> ResponseReturnValue:
        return jsonify(world.webhooks.validate())

    @routes.post("/zoom-webhooks/<int:number>")
    def send_again(number: int) -> ResponseReturnValue:
        world.webhooks.send_again(number)
        return "", 202


def _meeting(meeting: Meeting) -> Json:
    shown = {"id": meeting.id, "host": meeting.host, "topic": meeting.topic, "duration": meeting.duration}
    return shown | {
        "start": meeting.start.isoformat(),
        "join_url": meeting.join_url,
        "passcode": meeting.password,
    }


def change(world: World, email: str, read: Json) -> User:
    """ValueError, and nothing changed, when something is wrong with it."""
    user, wanted = world.zoom.user(email), dict[str, Any](read)
    if "settings" in wanted:
        wanted["settings"] = read_settings(user, wanted["settings"])
    if "locked" in wanted:
        wanted["locked"] = tuple(texts(wanted, "locked"))
    changed = world.zoom.change(email, wanted)
    world.changed.set()
    return changed


def _shown(user: User) -> Json:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "type": user.type,
        "status": user.status,
        "account": user.account,
        "locked": list(user.locked),
        "settings": settings_of(user),
    }


def _app(world: World) -> Json:
    return {"approval": world.zoom.approval, "redirects": list(world.zoom.redirects)}
