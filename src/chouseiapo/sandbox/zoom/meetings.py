"""Meetings: created, read, listed, changed, deleted."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
import time
from datetime import UTC, date, datetime, timedelta

from chouseiapo.sandbox.calls import Call, Json, Refusal, Reply
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.errors import error, invalid, refuse
from chouseiapo.sandbox.zoom.fields import check
from chouseiapo.sandbox.zoom.shown import listed, public
from chouseiapo.sandbox.zoom.users import own

LARGEST_PAGE, DEFAULT_PAGE, TOKEN_LIFE_S = 300, 30, 15 * 60


def create(world: World, email: str, call: Call, user_id: str) -> Reply:
    own(world, email, user_id)
    wish = _object(call)
    start = check(wish) or world.now()
    _spend(world, email)
    id = _new_id(world)
    password = wish.get("password") or _password(wish)
    meeting = Meeting(
        id=id,
        uuid=base64.b64encode(secrets.token_bytes(16)).decode(),
        host=email,
        fields=wish,
        start=start,
        duration=wish.get("duration", 60),
        password=password,
        join_url=_join_url(f"http://{call.headers.get('host', '127.0.0.1')}/j/{id}", password),
        created=world.now(),
    )
    world.meetings.put(meeting)
    return Reply(201, public(world, meeting))


def _object(call: Call) -> Json:
    try:
        return call.object()
    except ValueError as problem:
        raise refuse(400, 300, f"Request Body should be a valid JSON object. {problem}") from problem


def _new_id(world: World) -> int:
    while (id := 80_000_000_000 + secrets.randbelow(9_999_999_999)) in world.meetings.by_id:
        pass
    return id


def _password(wish: Json) -> str:
    """Made up unless default_password says that none is wanted."""
    return f"{secrets.randbelow(1_000_000):06d}" if wish.get("default_password", True) else ""


def _join_url(address: str, password: str) -> str:
    """With the passcode in it, as the account's setting embed_password_in_join_link says."""
    return f"{address}?pwd={password}" if password else address


def _spend(world: World, email: str) -> None:
    """100 creates and updates per user and day, counted from 00:00 UTC; Retry-After is then a date."""
    now = world.now().astimezone(UTC)
    limit, key = world.switches.zoom_daily_limit, (email, now.date())
    if limit is not None and world.meetings.spent[key] >= limit:
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        headers = {
            "X-RateLimit-Category": "Light",
            "X-RateLimit-Type": "Daily-limit",
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": "0",
            "Retry-After": zulu(midnight),
        }
        user = world.people[email].zoom_id
        message = (
            f"You have exceeded the daily rate limit ({limit}) of Meetings Create/Update API requests"
            f" permitted for the user {user}."
        )
        raise Refusal(error(429, message=message, headers=headers))
    world.meetings.spent[key] += 1


def found(world: World, email: str, meeting_id: str) -> Meeting:
    meeting = world.meetings.by_id.get(int(meeting_id)) if meeting_id.isdecimal() else None
    if meeting is None or meeting.host != email:
        raise refuse(404, 3001, f"Meeting does not exist: {meeting_id}.")
    return meeting


def get(world: World, email: str, _: Call, meeting_id: str) -> Reply:
    return Reply(200, public(world, found(world, email, meeting_id)))


def update(world: World, email: str, call: Call, meeting_id: str) -> Reply:
    """Fields that are not named stay. A start in the past is ignored without a word."""
    meeting = found(world, email, meeting_id)
    wish = _object(call)
    start = check(wish)
    _spend(world, email)
    if start is None or start < world.now():
        start = meeting.start
    password = wish.get("password", meeting.password)
    settings = {**meeting.fields.get("settings", {}), **wish.get("settings", {})}
    changed = dataclasses.replace(
        meeting,
        fields={**meeting.fields, **wish, "settings": settings},
        start=start,
        duration=wish.get("duration", meeting.duration),
        password=password,
        join_url=_join_url(meeting.join_url.partition("?")[0], password),
    )
    world.meetings.put(changed)
    return Reply(204)


def delete(world: World, email: str, _: Call, meeting_id: str) -> Reply:
    world.meetings.remove(found(world, email, meeting_id))
    return Reply(204)


def list_meetings(world: World, email: str, call: Call, user_id: str) -> Reply:
    own(world, email, user_id)
    meetings = sorted(_wanted(world, email, call), key=lambda each: (each.start, each.id))
    size, start = _size(call), _place(call)
    token = _token(start + size) if len(meetings) > start + size else ""
    answer: Json = {
        "page_size": size,
        "total_records": len(meetings),
        "next_page_token": token,
        "meetings": [listed(world, each) for each in meetings[start : start + size]],
    }
    return Reply(200, answer)


KINDS = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")


def _is(kind: str, meeting: Meeting, now: datetime) -> bool:
    """Nobody ever enters a simulated meeting, so none is live."""
    if kind.startswith("upcoming"):
        return meeting.end >= now
    return kind == "scheduled" or (kind == "previous_meetings" and meeting.end < now)


def _wanted(world: World, email: str, call: Call) -> list[Meeting]:
    """A list may lag behind the creates: who looks before creating again can't rely on it alone."""
    kind = call.one("type", "scheduled")
    if kind not in KINDS:
        raise invalid({"type": f"The value should be one of {list(KINDS)}."})
    settled, now = time.time() - world.switches.zoom_list_lag_s, world.now()
    first, last = _day(call, "from", date.min), _day(call, "to", date.max)
    return [
        each
        for each in world.meetings.of(email)
        if _is(kind, each, now) and each.stored_at <= settled and first <= each.start.date() <= last
    ]


def _day(call: Call, name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(call.one(name)) if call.one(name) else otherwise
    except ValueError as problem:
        raise invalid({name: "The format should be yyyy-MM-dd."}) from problem


def _size(call: Call) -> int:
    text = call.one("page_size", str(DEFAULT_PAGE))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise invalid({"page_size": f"The value should be between 1 and {LARGEST_PAGE}."})
    return int(text)


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, time.time() + TOKEN_LIFE_S]).encode()).decode()


def _place(call: Call) -> int:
    if not call.one("next_page_token"):
        return 0
    try:
        start, until = json.loads(base64.urlsafe_b64decode(call.one("next_page_token")))
    except ValueError as problem:
        raise refuse(400, 300, "The next page token is invalid or expired.") from problem
    if until < time.time():
        raise refuse(400, 300, "The next page token is invalid or expired.")
    return int(start)
