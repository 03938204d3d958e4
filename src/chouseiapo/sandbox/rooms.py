"""Where Zoom's links lead: a guest's, a registrant's own, and the host's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.shown import settings_shown


def rooms(routes: Blueprint, world: World) -> None:
    """Nobody really enters; the pages say who would, and as what."""

    @routes.get("/j/<int:id>")
    def room(id: int) -> ResponseReturnValue:
        if request.args.get("pwd", "") != _password(id):
            return _page(id, refused="wrong_passcode")
        if _settings(id).get("approval_type", 2) != 2:
            return _page(id, refused="register_first")
        return _page(id, waiting=_settings(id).get("waiting_room"))

    @routes.get("/w/<int:id>")
    def registered_room(id: int) -> ResponseReturnValue:
        """By the link of somebody who has registered."""
        token = request.args.get("tk", "")
        known = world.meetings.registrants.get(id, {}).values()
        guest = next((each for each in known if each.token == token and each.status == "approved"), None)
        if guest is None:
            return render_template("room.html", meeting=None), 404
        return _page(id, guest=guest.name, waiting=_settings(id).get("waiting_room"))

    @routes.get("/meeting/register/<int:id>")
    def registration(id: int) -> ResponseReturnValue:
        return _page(id, refused="register_first")

    @routes.get("/s/<int:id>")
    def host_room(id: int) -> ResponseReturnValue:
        """By a start URL, which signs in as the host."""
        if not world.meetings.is_host(id, request.args.get("zak", ""), world.now()):
            return _page(id, refused="start_url_dead")
        meeting = world.meetings.by_id.get(id)
        return _page(id, host=world.zoom.user(meeting.host).name if meeting else "")

    def _password(id: int) -> str:
        meeting = world.meetings.by_id.get(id)
        return meeting.password if meeting else ""

    def _settings(id: int) -> dict[str, Any]:
        meeting = world.meetings.by_id.get(id)
        return settings_shown(meeting) if meeting else {}

    def _page(id: int, **about: object) -> ResponseReturnValue:
        meeting = world.meetings.by_id.get(id)
        page = render_template("room.html", meeting=meeting, **about)
        return page, 404 if meeting is None else 403 if about.get("refused") else 200
