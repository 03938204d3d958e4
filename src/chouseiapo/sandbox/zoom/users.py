"""Who somebody is at Zoom, and what the account asks of meetings."""

from __future__ import annotations

from chouseiapo.sandbox.calls import Call, Json, Reply
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.errors import invalid, refuse

REQUIREMENT: Json = {
    "length": 0,
    "have_letter": False,
    "have_number": False,
    "have_special_character": False,
    "have_upper_and_lower_characters": False,
    "only_allow_numeric": False,
    "consecutive_characters_length": 0,
    "weak_enhance_detection": False,
}


def own(world: World, email: str, user_id: str) -> Person:
    """A token reaches its own user: as me, by id or by address."""
    person = world.people[email]
    if user_id not in ("me", email, person.zoom_id):
        raise refuse(404, 1001, f"User does not exist: {user_id}.")
    return person


def get(world: World, email: str, _: Call, user_id: str) -> Reply:
    person = own(world, email, user_id)
    shown = {
        "id": person.zoom_id,
        "account_id": "sandboxAccount",
        "email": person.email,
        "display_name": person.name,
        "first_name": "",
        "last_name": person.name,
        "type": 2,
        "status": "active",
        "timezone": "Asia/Tokyo",
        "language": "jp-JP",
        "verified": 1,
        "pmi": 5_000_000_000 + int(person.zoom_id[:6], 16),
        "created_at": "2024-04-01T00:00:00Z",
    }
    return Reply(200, shown)


def settings(world: World, email: str, call: Call, user_id: str) -> Reply:
    own(world, email, user_id)
    option = call.one("option")
    security = {
        "meeting_security": {
            "waiting_room": False,
            "meeting_password": True,
            "embed_password_in_join_link": True,
            "require_password_for_scheduled_meeting": True,
            "meeting_password_requirement": REQUIREMENT,
        }
    }
    answers: dict[str, Json] = {
        "": ORDINARY,
        "meeting_security": security,
        "meeting_authentication": {"meeting_authentication": False, "authentication_options": []},
    }
    if option not in answers:
        raise invalid({"option": f"The value should be one of {[each for each in answers if each]}."})
    return Reply(200, answers[option])


ORDINARY: Json = {
    "schedule_meeting": {
        "host_video": False,
        "participants_video": False,
        "audio_type": "both",
        "join_before_host": False,
        "require_password_for_scheduling_new_meetings": True,
        "require_password_for_instant_meetings": True,
        "embed_password_in_join_link": True,
        "meeting_password_requirement": REQUIREMENT,
    },
    "in_meeting": {"waiting_room": False, "chat": True},
    "email_notification": {
        "alternative_host_reminder": True,
        "cancel_meeting_reminder": True,
        "jbh_reminder": True,
    },
    "feature": {"meeting_capacity": 100, "large_meeting": False, "webinar": False},
}
