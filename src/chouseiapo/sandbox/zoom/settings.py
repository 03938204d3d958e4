"""A user's settings: what new meetings are like, and what their passcodes have to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.zoom.account import User

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
LONGEST_PASSCODE = 10
MIXED = ("have_letter", "have_special_character", "have_upper_and_lower_characters")
"""Rules that digits alone do not follow."""

CONSECUTIVE = (0, 4, 5, 6, 7, 8)
SIGNED_IN: Json = {
    "id": "signIn_D8cJuqWVQ623CI4Q8yQK0Q",
    "name": "Zoom にサインイン",
    "type": "enforce_login",
    "default_option": True,
    "visible": True,
}
USUAL: dict[str, Json] = {
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
    "in_meeting": {
        "waiting_room": False,
        "chat": True,
        "meeting_summary_with_ai_companion": {
            "enable": True,
            "auto_enable": False,
            "who_will_receive_summary": 1,
        },
    },
    "recording": {"auto_recording": "none", "local_recording": True, "cloud_recording": True},
    "email_notification": {
        "alternative_host_reminder": True,
        "cancel_meeting_reminder": True,
        "jbh_reminder": True,
        "schedule_for_reminder": True,
    },
    "feature": {"meeting_capacity": 100, "large_meeting": False, "webinar": False},
    "meeting_security": {
        "waiting_room": False,
        "meeting_password": True,
        "embed_password_in_join_link": True,
        "require_password_for_scheduled_meeting": True,
        "meeting_password_requirement": REQUIREMENT,
    },
    "meeting_authentication": {
        "meeting_authentication": False,
        "allow_authentication_exception": False,
        "authentication_options": [SIGNED_IN],
    },
}
TWINS = (
    ("schedule_meeting", "meeting_password_requirement", "meeting_password_requirement"),
    ("schedule_meeting", "embed_password_in_join_link", "embed_password_in_join_link"),
    (
        "schedule_meeting",
        "require_password_for_scheduling_new_meetings",
        "require_password_for_scheduled_meeting",
    ),
    ("in_meeting", "waiting_room", "waiting_room"),
)
"""Settings that Zoom answers twice: in a section of the ordinary answer, and in meeting_security."""


def settings_of(user: User) -> dict[str, Json]:
    """All sections, the user's own values in place of the usual ones."""
    merged = {name: _merged(usual, user.settings.get(name, {})) for name, usual in USUAL.items()}
    for section, name, twin in TWINS:
        merged["meeting_security"][twin] = merged[section][name]
    if not user.licensed:
        merged["recording"] |= {"cloud_recording": False}
    return merged


def _merged(usual: Json, own: Mapping[str, Any]) -> Json:
    return {
        name: _merged(value, own.get(name, {})) if isinstance(value, dict) else own.get(name, value)
        for name, value in usual.items()
    }


def read_settings(user: User, wish: object) -> Json:
    """What a request to the sandbox changes of a user's settings, over those there are; ValueError for what
    is no setting here. meeting_security follows the other sections."""
    read = _read(USUAL, user.settings, wish, "settings")
    rules = _merged(USUAL, read)["schedule_meeting"]["meeting_password_requirement"]
    mixed = any(rules[name] for name in MIXED)
    if not 0 <= rules["length"] <= LONGEST_PASSCODE or (rules["only_allow_numeric"] and mixed):
        raise ValueError("No passcode can follow these rules.")
    return read


def _read(usual: Mapping[str, Any], own: Json, wish: object, path: str) -> Json:
    if not isinstance(wish, dict):
        raise ValueError(f"{path} is an object, not {wish!r}.")
    read = dict(own)
    for name, value in wish.items():
        here = f"{path}.{name}"
        if name not in usual or here == "settings.meeting_security":
            raise ValueError(f"There is no {here} here.")
        if isinstance(usual[name], dict):
            read[name] = _read(usual[name], own.get(name, {}), value, here)
        elif type(value) is not type(usual[name]):
            raise ValueError(f"{here} is like {usual[name]!r}, not {value!r}.")
        elif name == "consecutive_characters_length" and value not in CONSECUTIVE:
            raise ValueError(f"{here} is one of {CONSECUTIVE}, not {value!r}.")
        else:
            read[name] = value
    return read


RULES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "have_letter": (re.compile("[A-Za-z]"), "should have at least one letter"),
    "have_number": (re.compile("[0-9]"), "should have at least one number"),
    "have_special_character": (re.compile(r"[@\-_*!.]"), "should have at least one special character"),
    "have_upper_and_lower_characters": (
        re.compile("(?=.*[a-z])(?=.*[A-Z])"),
        "should include both uppercase and lowercase characters",
    ),
    "only_allow_numeric": (re.compile(r"\A[0-9]*\Z"), "should contain numbers only"),
}


def passcode_problem(user: User, passcode: str) -> str:
    """What the user's own rules say against it; empty where they say nothing. Zoom's exact sentences are
    published nowhere: they go by its settings page."""
    rules = settings_of(user)["schedule_meeting"]["meeting_password_requirement"]
    if len(passcode) < rules["length"]:
        return f"Passcode should have at least {rules['length']} characters."
    for name, (pattern, words) in RULES.items():
        if rules[name] and not pattern.search(passcode):
            return f"Passcode {words}."
    if (longest := rules["consecutive_characters_length"]) and _consecutive(passcode) >= longest:
        return f"Passcode should not have {longest} or more consecutive characters."
    return ""


def _consecutive(text: str) -> int:
    """The longest run of the same character, or of neighbours up or down: 1111, abcd, 4321."""
    longest = 1 if text else 0
    for step in (0, 1, -1):
        run = 1
        for before, after in pairwise(text):
            run = run + 1 if ord(after) - ord(before) == step else 1
            longest = max(longest, run)
    return longest
