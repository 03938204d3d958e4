"""What a meeting gets of what is asked for: the host's own settings come first, and some options exclude
others. Zoom corrects most of this without a word."""

from __future__ import annotations

import secrets
import string

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.zoom.account import User
from chouseiapo.sandbox.zoom.errors import invalid
from chouseiapo.sandbox.zoom.settings import LONGEST_PASSCODE, MIXED, passcode_problem, settings_of
from chouseiapo.sandbox.zoom.shown import DEFAULT_SETTINGS

NO_FIXED_TIME, NO_REGISTRATION = 3, 2


def own_settings(host: User) -> Json:
    """Of a new meeting that asks for nothing."""
    own = settings_of(host)
    summary = own["in_meeting"]["meeting_summary_with_ai_companion"]
    return DEFAULT_SETTINGS | {
        "host_video": own["schedule_meeting"]["host_video"],
        "participant_video": own["schedule_meeting"]["participants_video"],
        "join_before_host": own["schedule_meeting"]["join_before_host"],
        "waiting_room": own["in_meeting"]["waiting_room"],
        "meeting_authentication": own["meeting_authentication"]["meeting_authentication"],
        "auto_recording": own["recording"]["auto_recording"],
        "auto_start_meeting_summary": summary["enable"] and summary["auto_enable"],
    }


def settled(host: User, kind: int, settings: Json) -> Json:
    """What Zoom makes of these settings. Registration needs a licensed host, and on meetings without a fixed
    time it is dropped silently (seen by others: a PATCH answers 204 and changes nothing)."""
    own = own_settings(host)
    locked = {name: own[name] for name in host.locked if name in own}
    made = settings | locked
    if made["waiting_room"]:
        made["join_before_host"] = False
    if kind == NO_FIXED_TIME or not host.licensed:
        made["approval_type"] = NO_REGISTRATION
    if made["auto_recording"] == "cloud" and not host.licensed:
        made["auto_recording"] = "none"
    return _signed_in(host, made)


def _signed_in(host: User, made: Json) -> Json:
    """By one of the ways that the user's settings list; the first, where none is named."""
    options = settings_of(host)["meeting_authentication"]["authentication_options"]
    if not made["meeting_authentication"]:
        return {name: value for name, value in made.items() if not name.startswith("authentication_")}
    named = made.get("authentication_option") or (options[0]["id"] if options else "")
    found = next((each for each in options if each["id"] == named), None)
    if found is None:
        raise invalid({"settings.authentication_option": f"Invalid authentication option: {named}."})
    return made | {"authentication_option": named, "authentication_name": found["name"]}


def passcode(host: User, wish: Json, before: str | None = None) -> str:
    """The one that is asked for, if the user's rules allow it. A new meeting gets one of Zoom's making where
    the user requires it, unless default_password says no and no administrator insists."""
    given = wish.get("password")
    if given is None and before is not None:
        return before
    if given:
        if problem := passcode_problem(host, given):
            raise invalid({"password": problem})
        return str(given)
    insisted = "passcode" in host.locked
    required = settings_of(host)["schedule_meeting"]["require_password_for_scheduling_new_meetings"]
    if before is not None:
        if insisted and required:
            raise invalid({"password": "Passcode is required by your account."})
        return ""
    return _made_up(host) if required and (insisted or wish.get("default_password", True)) else ""


def _made_up(host: User) -> str:
    """Digits where they will do. The rules leave enough to draw from, so this ends soon."""
    rules = settings_of(host)["schedule_meeting"]["meeting_password_requirement"]
    length = min(LONGEST_PASSCODE, max(6, rules["length"]))
    mixed = any(rules[name] for name in MIXED)
    pool = string.ascii_letters + string.digits + "@-_*!." if mixed else string.digits
    while passcode_problem(host, made := "".join(secrets.choice(pool) for _ in range(length))):
        pass
    return made
