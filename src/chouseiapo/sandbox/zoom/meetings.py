"""Meetings: created, read, changed, deleted."""

from __future__ import annotations

import base64
import dataclasses
import secrets
from datetime import datetime

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import iana_zone
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom import notices, options
from chouseiapo.sandbox.zoom.account import ACCOUNT
from chouseiapo.sandbox.zoom.budget import spend
from chouseiapo.sandbox.zoom.errors import invalid, refuse
from chouseiapo.sandbox.zoom.fields import ACCOUNT_ZONE, RECURRING, SCHEDULED, check
from chouseiapo.sandbox.zoom.recurrence import occurrences
from chouseiapo.sandbox.zoom.shown import join_url, public, settings_shown
from chouseiapo.sandbox.zoom.users import reached


def create(world: World, caller: str, call: Call, user_id: str) -> Reply:
    host = reached(world, caller, user_id)
    if host.status != "active":
        raise refuse(404, 1001, f"User does not exist: {user_id}.")
    wish = body(call)
    start = check(wish) or world.now()
    kind = wish.get("type", SCHEDULED)
    if kind == RECURRING and "recurrence" not in wish:
        raise invalid({"recurrence": "The recurrence is required for a recurring meeting with fixed time."})
    settings = options.settled(host, kind, options.own_settings(host) | wish.get("settings", {}))
    password = options.passcode(host, wish)
    spend(world, host.email)
    id = _new_id(world)
    meeting = Meeting(
        id=id,
        uuid=base64.b64encode(secrets.token_bytes(16)).decode(),
        host=host.email,
        fields=_repeated(wish | {"settings": settings}, start),
        start=start,
        duration=wish.get("duration", 60),
        password=password,
        join_url=join_url(f"http://{call.headers.get('host', '127.0.0.1')}/j/{id}", password),
        created=world.now(),
    )
    world.meetings.put(meeting)
    notices.created(world, meeting)
    return Reply(201, public(world, meeting))


def body(call: Call) -> Json:
    try:
        return call.object()
    except ValueError as problem:
        raise refuse(400, 300, f"Request Body should be a valid JSON object. {problem}") from problem


def _new_id(world: World) -> int:
    while (id := 80_000_000_000 + secrets.randbelow(9_999_999_999)) in world.meetings.by_id:
        pass
    return id


def _repeated(fields: Json, start: datetime) -> Json:
    """With the times at which a recurring meeting takes place."""
    if fields.get("type", SCHEDULED) != RECURRING:
        return {name: value for name, value in fields.items() if name != "occurrences"}
    zone = iana_zone(fields.get("timezone") or ACCOUNT_ZONE)
    times = occurrences(start, fields["recurrence"], zone, fields.get("duration", 60))
    return fields | {"occurrences": times}


def found(world: World, caller: str, meeting_id: str) -> Meeting:
    """A person's token reaches the own meetings, the account's those of everybody in it."""
    meeting = world.meetings.by_id.get(int(meeting_id)) if meeting_id.isdecimal() else None
    if meeting is None or not _is_reached(world, caller, meeting.host):
        raise refuse(404, 3001, f"Meeting does not exist: {meeting_id}.")
    return meeting


def _is_reached(world: World, caller: str, host: str) -> bool:
    return host == caller or (caller == ACCOUNT and world.zoom.user(host).ours)


def get(world: World, caller: str, _: Call, meeting_id: str) -> Reply:
    return Reply(200, public(world, found(world, caller, meeting_id)))


def update(world: World, caller: str, call: Call, meeting_id: str) -> Reply:
    """Fields that are not named stay. A start in the past is ignored without a word."""
    before = found(world, caller, meeting_id)
    wish = body(call)
    start = check(wish)
    host, fields = world.zoom.user(before.host), before.fields | wish
    if fields.get("type") == RECURRING and "recurrence" not in fields:
        raise invalid({"recurrence": "The recurrence is required for a recurring meeting with fixed time."})
    asked = settings_shown(before) | wish.get("settings", {})
    settings = options.settled(host, fields.get("type", SCHEDULED), asked)
    password = options.passcode(host, wish, before.password)
    spend(world, before.host)
    if start is None or start < world.now():
        start = before.start
    after = dataclasses.replace(
        before,
        fields=_repeated(fields | {"settings": settings}, start),
        start=start,
        duration=wish.get("duration", before.duration),
        password=password,
        join_url=join_url(before.join_url, password),
    )
    world.meetings.put(after)
    notices.updated(world, before, after)
    return Reply(204)


def delete(world: World, caller: str, _: Call, meeting_id: str) -> Reply:
    meeting = found(world, caller, meeting_id)
    if meeting.id in world.meetings.live:
        raise refuse(400, 3002, "Sorry, you cannot delete this meeting since it's in progress.")
    world.meetings.remove(meeting)
    notices.deleted(world, meeting)
    return Reply(204)
