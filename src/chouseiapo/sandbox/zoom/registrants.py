"""Registration: everybody who registers gets a join URL of their own."""

from __future__ import annotations

import dataclasses
import re
import secrets

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.registrants import Registrant
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.budget import spend_registrant
from chouseiapo.sandbox.zoom.errors import invalid, refuse
from chouseiapo.sandbox.zoom.meetings import body, found
from chouseiapo.sandbox.zoom.paging import page
from chouseiapo.sandbox.zoom.shown import settings_shown

MOST, MOST_AT_ONCE = 4_999, 30
ADDS_A_DAY, CHANGES_A_DAY = 3, 10
AUTOMATIC, NONE_NEEDED = 0, 2
STATUSES = ("pending", "approved", "denied")
ACTIONS = {"approve": "approved", "deny": "denied", "cancel": ""}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST = {"email": 128, "first_name": 64, "last_name": 64}
TEXTS = {
    "email", "first_name", "last_name", "address", "city", "comments", "country", "industry", "job_title",
    "no_of_employees", "org", "phone", "purchasing_time_frame", "role_in_purchase_process", "state", "zip",
}  # fmt: skip
LANGUAGES = (
    "en-US", "de-DE", "es-ES", "fr-FR", "jp-JP", "pt-PT", "ru-RU", "zh-CN", "zh-TW", "ko-KO", "it-IT",
    "vi-VN", "pl-PL", "Tr-TR",
)  # fmt: skip


def add(world: World, caller: str, call: Call, meeting_id: str) -> Reply:
    """The same address again is answered with the same registrant."""
    meeting = _open(world, caller, meeting_id)
    wish = body(call)
    _check(wish)
    if meeting.timed and meeting.end < world.now():
        raise refuse(400, 3038, "Meeting is over, you can not register now.")
    spend_registrant(world, meeting.id, wish["email"], "Add meeting registrant", ADDS_A_DAY)
    registered = world.meetings.registrants[meeting.id]
    known = next((each for each in registered.values() if each.email == wish["email"].lower()), None)
    if known is None:
        if len(registered) >= MOST:
            raise refuse(404, 3043, "Meeting has reached maximum attendee capacity.")
        known = _new(world, meeting, wish)
        registered[known.id] = known
    answer: Json = {"id": meeting.id, "registrant_id": known.id, "topic": meeting.topic}
    times = {"start_time": zulu(meeting.start)} if meeting.timed else {}
    return Reply(201, answer | times | _join(meeting, known))


def _new(world: World, meeting: Meeting, wish: Json) -> Registrant:
    own = wish.keys() - {"email", "first_name", "last_name", "language", "auto_approve"}
    approved = settings_shown(meeting)["approval_type"] == AUTOMATIC or wish.get("auto_approve")
    return Registrant(
        id=secrets.token_urlsafe(16),
        email=wish["email"].lower(),
        first_name=wish["first_name"],
        last_name=wish.get("last_name", ""),
        status="approved" if approved else "pending",
        token=secrets.token_urlsafe(32),
        created=world.now(),
        fields={name: wish[name] for name in own},
    )


def _open(world: World, caller: str, meeting_id: str) -> Meeting:
    """A meeting that people can register for: its host is licensed, and it asks for registration."""
    meeting = found(world, caller, meeting_id)
    host = world.zoom.user(meeting.host)
    if not host.licensed:
        raise refuse(400, 200, f"Only available for paid users: {host.id}.")
    if settings_shown(meeting)["approval_type"] == NONE_NEEDED:
        raise refuse(404, 404, f"Registration has not been enabled for this meeting: {meeting.id}.")
    return meeting


def _check(wish: Json) -> None:
    problems = {name: _problem(name, value) for name, value in wish.items()}
    for name in ("email", "first_name"):
        if not wish.get(name):
            problems[name] = "This field is required."
    if problems := {name: problem for name, problem in problems.items() if problem}:
        raise invalid(problems)


def _problem(name: str, value: object) -> str:
    if name == "auto_approve":
        return "" if isinstance(value, bool) else "The value should be a boolean."
    if name == "language":
        return "" if value in LANGUAGES else f"The value should be one of {list(LANGUAGES)}."
    if name == "custom_questions":
        return "" if isinstance(value, list) else "The value should be a list."
    if name not in TEXTS:
        return "Unknown field."
    if not isinstance(value, str):
        return "The value should be a string."
    if len(value) > LONGEST.get(name, len(value)):
        return f"The value can't be longer than {LONGEST[name]} characters."
    return "Invalid field." if name == "email" and not ADDRESS.fullmatch(value) else ""


def join_url_of(meeting: Meeting, registrant: Registrant) -> str:
    address = meeting.join_url.partition("?")[0].replace("/j/", "/w/")
    return f"{address}?tk={registrant.token}" + (f"&pwd={meeting.password}" if meeting.password else "")


def _join(meeting: Meeting, registrant: Registrant) -> Json:
    """Nothing before the host has approved."""
    return {"join_url": join_url_of(meeting, registrant)} if registrant.status == "approved" else {}


def _shown(meeting: Meeting, each: Registrant) -> Json:
    about = {
        "id": each.id,
        "email": each.email,
        "first_name": each.first_name,
        "last_name": each.last_name,
        "status": each.status,
        "create_time": zulu(each.created),
    }
    return each.fields | about | _join(meeting, each)


def list_registrants(world: World, caller: str, call: Call, meeting_id: str) -> Reply:
    """The approved ones unless `status` says otherwise, in the order they came."""
    meeting = _open(world, caller, meeting_id)
    status = call.one("status", "approved")
    if status not in STATUSES:
        raise invalid({"status": f"The value should be one of {list(STATUSES)}."})
    registered = [each for each in world.meetings.registrants[meeting.id].values() if each.status == status]
    shown, about = page(world, call, registered)
    answer: Json = {"page_number": 1, "page_count": -(-len(registered) // about["page_size"])}
    return Reply(200, answer | about | {"registrants": [_shown(meeting, each) for each in shown]})


def get(world: World, caller: str, _: Call, meeting_id: str, registrant_id: str) -> Reply:
    meeting = _open(world, caller, meeting_id)
    return Reply(200, _shown(meeting, _named(world, meeting, registrant_id)))


def _named(world: World, meeting: Meeting, id: str, email: str = "") -> Registrant:
    registered = world.meetings.registrants[meeting.id]
    for each in registered.values():
        if each.id == id or (not id and each.email == email.lower()):
            return each
    raise refuse(404, 404, f"Registrant does not exist: {id or email}.")


def change_status(world: World, caller: str, call: Call, meeting_id: str) -> Reply:
    """Approve, deny or cancel thirty at a time: all of them, or none."""
    meeting = _open(world, caller, meeting_id)
    wish = body(call)
    action, listed = wish.get("action"), wish.get("registrants", [])
    if action not in ACTIONS:
        raise invalid({"action": f"The value should be one of {list(ACTIONS)}."})
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise invalid({"registrants": "The value should be a list of {id, email}."})
    if len(listed) > MOST_AT_ONCE:
        raise invalid({"registrants": f"The list can't be longer than {MOST_AT_ONCE}."})
    named = [_named(world, meeting, each.get("id", ""), each.get("email", "")) for each in listed]
    for each in named:
        spend_registrant(world, meeting.id, each.email, "Update registrant's status", CHANGES_A_DAY)
        _become(world, meeting, each, ACTIONS[action])
    return Reply(204)


def _become(world: World, meeting: Meeting, registrant: Registrant, status: str) -> None:
    registered = world.meetings.registrants[meeting.id]
    if status:
        registered[registrant.id] = dataclasses.replace(registrant, status=status)
    else:
        del registered[registrant.id]


def delete(world: World, caller: str, _: Call, meeting_id: str, registrant_id: str) -> Reply:
    meeting = _open(world, caller, meeting_id)
    _become(world, meeting, _named(world, meeting, registrant_id), "")
    return Reply(204)
