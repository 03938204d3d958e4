"""What people do at Zoom by their own hand, in its own pages."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom import notices
from chouseiapo.sandbox.zoom.fields import problems_of
from chouseiapo.sandbox.zoom.shown import join_url

CLIENT_ID = "sandbox-zoom-client"


class NoSuchMeeting(Exception):
    """There is none with that number; it may have been deleted."""


def meeting(world: World, id: int) -> Meeting:
    try:
        return world.meetings.by_id[id]
    except KeyError as error:
        raise NoSuchMeeting(f"There is no meeting {id}.") from error


def delete(world: World, id: int, *, silent: bool = False) -> None:
    """`silent`: without a webhook, as if it had been lost; so below, too."""
    with world.lock:
        gone = meeting(world, id)
        world.meetings.remove(gone)
        world.changed.set()
        notices.deleted(world, gone, silent=silent)


def change(
    world: World,
    id: int,
    *,
    start: datetime | None = None,
    duration: int | None = None,
    topic: str | None = None,
    passcode: str | None = None,
    silent: bool = False,
) -> Meeting:
    """What is not given stays. With the passcode the join URL changes. ValueError for what Zoom would not
    take."""
    given = {"duration": duration, "topic": topic, "password": passcode}
    problems = problems_of({name: value for name, value in given.items() if value is not None})
    if problems:
        raise ValueError(" ".join(f"{name}: {problem}" for name, problem in problems.items()))
    with world.lock:
        before = meeting(world, id)
        fields = before.fields | ({"topic": topic} if topic is not None else {})
        password = before.password if passcode is None else passcode
        after = dataclasses.replace(
            before,
            fields=fields,
            start=start or before.start,
            duration=duration or before.duration,
            password=password,
            join_url=join_url(before.join_url, password),
        )
        world.meetings.put(after)
        world.changed.set()
        notices.updated(world, before, after, silent=silent)
        return after


def begin(world: World, id: int) -> None:
    """The host starts it: it is under way, and can't be deleted by the API."""
    with world.lock:
        started = meeting(world, id)
        world.meetings.live.add(id)
        notices.begun(world, started)


def end(world: World, id: int) -> None:
    with world.lock:
        over = meeting(world, id)
        world.meetings.live.discard(id)
        notices.ended(world, over)


def remove_app(world: World, email: str, *, silent: bool = False) -> None:
    """The user removes our app in Zoom's marketplace: all that was granted dies, and Zoom says so."""
    user = world.zoom.user(email)
    with world.lock:
        world.revoke("zoom", email)
        notices.deauthorized(world, user, CLIENT_ID, silent=silent)
