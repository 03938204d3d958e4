"""Zoom's own pages, as far as somebody who tries the product needs them: the hosts' meetings, the users, what
the administrator says of the app, and the app's webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox.control_zoom import change as change_user
from chouseiapo.sandbox.pages import coming_first, link
from chouseiapo.sandbox.site import Site
from chouseiapo.sandbox.times import TOKYO, instant
from chouseiapo.sandbox.webhooks import DELIVERIES
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom import hand

MOST_DELIVERIES, MOST_MEETINGS = 12, 50


def zoom_pages(site: Site) -> Blueprint:
    """A form that can't be carried out comes back with a sentence and what was typed."""
    routes = Blueprint("zoom", __name__)
    world = site.world
    _page(routes, world)
    _meetings(routes, world)
    _administration(routes, world)
    return routes


def _page(routes: Blueprint, world: World) -> None:
    @routes.get("/zoom")
    def zoom() -> ResponseReturnValue:
        return shown(world)


def shown(world: World, form: str = "", problem: str = "") -> ResponseReturnValue:
    with world.lock:
        meetings = coming_first(world, world.now())
        users = world.zoom.listed()
    deliveries = list(world.webhooks.deliveries)[: -MOST_DELIVERIES - 1 : -1]
    linked = {each.email for each in users if world.tokens.consented("zoom", each.email)}
    page = render_template(
        "zoom.html",
        meetings=meetings[:MOST_MEETINGS],
        count=len(meetings),
        users=users,
        linked=linked,
        approval=world.zoom.approval,
        webhooks=world.webhooks.subscription,
        ways=DELIVERIES,
        deliveries=deliveries,
        form=form,
        problem=problem,
        typed=request.form,
        local=lambda at: at.astimezone(TOKYO).strftime("%Y-%m-%dT%H:%M"),
    )
    return page, 400 if problem else 200


def _done(world: World, form: str, act: Callable[[], Any]) -> ResponseReturnValue:
    try:
        act()
    except (ValueError, hand.NoSuchMeeting) as wrong:
        return shown(world, form, str(wrong))
    return redirect(f"{link('zoom.zoom')}#{form}", 303)


def _meetings(routes: Blueprint, world: World) -> None:
    @routes.post("/zoom/meeting-changes")
    def change() -> ResponseReturnValue:
        id = request.form.get("id", type=int) or 0
        return _done(world, f"m{id}", lambda: hand.change(world, id, **_wanted(), silent=_silent()))

    @routes.post("/zoom/meeting-deletions")
    def delete() -> ResponseReturnValue:
        id = request.form.get("id", type=int) or 0
        return _done(world, "meetings", lambda: hand.delete(world, id, silent=_silent()))

    def _wanted() -> dict[str, Any]:
        """Fields that were left as they are change nothing: what is sent is the whole form."""
        form, minutes = request.form, request.form.get("duration", "")
        start = form.get("start", "")
        return {
            "start": instant(start, TOKYO) if start else None,
            "duration": int(minutes) if minutes.isdecimal() else minutes or None,
            "topic": form.get("topic"),
            "passcode": form.get("passcode"),
        }

    def _silent() -> bool:
        return "silent" in request.form


def _administration(routes: Blueprint, world: World) -> None:
    @routes.post("/zoom/approvals")
    def approve() -> ResponseReturnValue:
        def act() -> None:
            world.zoom.approve(request.form.get("state", ""))
            world.changed.set()

        return _done(world, "app", act)

    @routes.post("/zoom/removals")
    def remove() -> ResponseReturnValue:
        email, silent = request.form.get("email", ""), "silent" in request.form
        return _done(world, "users", lambda: hand.remove_app(world, email, silent=silent))

    @routes.post("/zoom/kinds")
    def change_kind() -> ResponseReturnValue:
        """Licensed or Basic."""
        email, kind = request.form.get("email", ""), request.form.get("type", type=int)
        return _done(world, "users", lambda: change_user(world, email, {"type": kind}))

    @routes.post("/zoom/subscriptions")
    def subscribe() -> ResponseReturnValue:
        form = request.form

        def act() -> None:
            wish = {"url": form.get("url", "").strip(), "delivery": form.get("delivery")}
            world.webhooks.subscribe(wish | {"late_s": _seconds(form.get("late_s", ""))})
            world.changed.set()

        return _done(world, "webhooks", act)

    @routes.post("/zoom/deliveries")
    def send_again() -> ResponseReturnValue:
        number = request.form.get("number", type=int) or 0
        return _done(world, "webhooks", lambda: world.webhooks.send_again(number))


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no number of seconds.") from error
