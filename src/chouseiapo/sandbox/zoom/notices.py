"""What Zoom tells our product about meetings and about the app, in the form of its webhooks."""

from __future__ import annotations

import hashlib

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.account import ACCOUNT, User
from chouseiapo.sandbox.zoom.shown import listed, settings_shown

TOLD = ("topic", "type", "start_time", "duration", "timezone", "join_url", "agenda", "password", "settings")
"""Fields of a meeting whose change is told."""


def created(world: World, meeting: Meeting) -> None:
    about = _about(world, meeting)
    world.webhooks.send("meeting.created", _payload(world, meeting, _without(about, "agenda")))


def updated(world: World, before: Meeting, after: Meeting, *, silent: bool = False) -> None:
    """Only what has changed, as it is and as it was; a change of nothing is not told."""
    old, new = _about(world, before), _about(world, after)
    changed = [name for name in TOLD if old.get(name) != new.get(name)]
    if not changed:
        return
    known: Json = {"id": after.id, "uuid": after.uuid, "host_id": new["host_id"]}
    payload = _payload(world, after, known | {name: new[name] for name in changed if name in new})
    payload |= {
        "old_object": known | {name: old[name] for name in changed if name in old},
        "time_stamp": int(world.now().timestamp() * 1000),
        "scope": "all",
    }
    world.webhooks.send("meeting.updated", payload, silent=silent)


def deleted(world: World, meeting: Meeting, *, silent: bool = False) -> None:
    about = _without(_about(world, meeting), "join_url", "agenda", "password", "settings")
    world.webhooks.send("meeting.deleted", _payload(world, meeting, about), silent=silent)


def begun(world: World, meeting: Meeting) -> None:
    _now(world, "meeting.started", meeting, {"start_time": zulu(world.now())})


def ended(world: World, meeting: Meeting) -> None:
    times = {"start_time": zulu(meeting.start), "end_time": zulu(world.now())}
    _now(world, "meeting.ended", meeting, times)


def _now(world: World, event: str, meeting: Meeting, times: Json) -> None:
    """Of what happens inside a meeting, Zoom writes its id as a string."""
    names = ("uuid", "host_id", "topic", "type", "duration", "timezone")
    about = {name: value for name, value in listed(world, meeting).items() if name in names}
    payload = {"account_id": ACCOUNT, "object": {"id": str(meeting.id)} | about | times}
    world.webhooks.send(event, payload)


def deauthorized(world: World, user: User, client_id: str, *, silent: bool = False) -> None:
    """The user has removed the app."""
    at = zulu(world.now(), "milliseconds")
    payload = {
        "account_id": user.account,
        "user_id": user.id,
        "client_id": client_id,
        "deauthorization_time": at,
        "signature": hashlib.sha256(f"{user.id} {at}".encode()).hexdigest(),
        "user_data_retention": "false",
    }
    world.webhooks.send("app_deauthorized", payload, silent=silent)


def _payload(world: World, meeting: Meeting, about: Json) -> Json:
    """The host counts as who did it, also where our app did it in the host's name."""
    operator = {"operator": meeting.host, "operator_id": world.zoom.user(meeting.host).id}
    return {"account_id": ACCOUNT, "operation": "all", **operator, "object": about}


def _about(world: World, meeting: Meeting) -> Json:
    """The id is a number here."""
    about = _without(listed(world, meeting), "created_at")
    agenda = meeting.fields.get("agenda", "")
    return about | {"agenda": agenda, "password": meeting.password, "settings": settings_shown(meeting)}


def _without(about: Json, *names: str) -> Json:
    return {name: value for name, value in about.items() if name not in names}
