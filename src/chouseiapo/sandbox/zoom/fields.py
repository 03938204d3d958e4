"""What may stand in a meeting, field by field, by Zoom's own description of its API."""

from __future__ import annotations

import re
from datetime import datetime

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.times import iana_zone, instant
from chouseiapo.sandbox.zoom import recurrence
from chouseiapo.sandbox.zoom.errors import invalid

START = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?", re.ASCII)
PASSCODE = re.compile(r"[A-Za-z0-9@\-_*!.]{1,10}", re.ASCII)
ACCOUNT_ZONE = "Asia/Tokyo"
TYPES = (1, 2, 3, 8, 10)
SCHEDULED, RECURRING = 2, 8
LONGEST = {"topic": 200, "agenda": 2000, "password": 10}

TEXTS = {"topic", "agenda", "password", "start_time", "timezone", "schedule_for", "template_id"}
MEETING = TEXTS | {
    "type",
    "duration",
    "default_password",
    "pre_schedule",
    "recurrence",
    "settings",
    "tracking_fields",
}

FLAGS = {
    "allow_host_control_participant_mute_state", "allow_multiple_devices",
    "alternative_host_manage_cloud_recording", "alternative_host_manage_meeting_summary",
    "alternative_host_update_polls", "alternative_hosts_email_notification",
    "auto_start_ai_companion_questions", "auto_start_meeting_summary", "close_registration", "cn_meeting",
    "device_testing", "disable_participant_video", "email_in_attendee_report", "email_notification",
    "focus_mode", "host_save_video_order", "host_video", "in_meeting", "internal_meeting", "join_before_host",
    "meeting_authentication", "mute_upon_entry", "participant_focused_meeting", "participant_video",
    "private_meeting", "push_change_to_calendar", "registrants_confirmation_email",
    "registrants_email_notification", "request_permission_to_unmute_participants", "show_join_info",
    "show_share_button", "use_pmi", "waiting_room", "watermark",
}  # fmt: skip
SETTING_TEXTS = {
    "alternative_hosts", "audio_conference_info", "authentication_domains", "authentication_option",
    "contact_email", "contact_name", "summary_template_id",
}  # fmt: skip
CHOICES: dict[str, tuple[object, ...]] = {
    "approval_type": (0, 1, 2),
    "audio": ("both", "telephony", "voip", "thirdParty"),
    "auto_recording": ("local", "cloud", "none"),
    "calendar_type": (1, 2),
    "encryption_type": ("enhanced_encryption", "e2ee"),
    "jbh_time": (0, 5, 10, 15),
    "registration_type": (1, 2, 3),
    "who_can_ask_questions": (1, 2, 3, 4, 5),
    "who_will_receive_summary": (1, 2, 3, 4),
}
OBJECTS = {
    "approved_or_denied_countries_or_regions", "auto_add_recording_to_video_management", "breakout_room",
    "continuous_meeting_chat", "language_interpretation", "question_and_answer",
    "sign_language_interpretation", "waiting_room_options",
}  # fmt: skip
LISTS = {
    "additional_data_center_regions", "authentication_exception", "global_dial_in_countries",
    "meeting_invitees", "resources",
}  # fmt: skip


def check(wish: Json) -> datetime | None:
    """All that is wrong with it at once, as Zoom answers; otherwise its start in UTC, if it has one."""
    problems = problems_of(wish)
    start = None
    if not problems and "start_time" in wish:
        try:
            start = instant(wish["start_time"], iana_zone(wish.get("timezone") or ACCOUNT_ZONE))
        except ValueError as problem:
            problems["start_time"] = str(problem)
    if problems:
        raise invalid(problems)
    return start


def problems_of(wish: Json) -> dict[str, str]:
    """Each wrong field with a sentence; whether a start exists in its zone is looked at later."""
    settings = wish.get("settings")
    problems = {name: _problem(name, value) for name, value in wish.items()}
    for name, value in settings.items() if isinstance(settings, dict) else ():
        problems[f"settings.{name}"] = _setting_problem(name, value)
    return {field: message for field, message in problems.items() if message}


def _problem(name: str, value: object) -> str:
    if name not in MEETING:
        return "Unknown field."
    if name in TEXTS:
        return _text_problem(name, value)
    if name == "type" and value not in TYPES:
        return f"The value should be one of {list(TYPES)}."
    if name == "duration" and (
        isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1440
    ):
        return "The value should be between 1 and 1440."
    if name in ("default_password", "pre_schedule") and not isinstance(value, bool):
        return "The value should be a boolean."
    if name == "settings" and not isinstance(value, dict):
        return "The value should be an object."
    if name == "recurrence":
        return recurrence.problem(value)
    return _tracking_problem(value) if name == "tracking_fields" else ""


def _text_problem(name: str, value: object) -> str:
    if not isinstance(value, str):
        return "The value should be a string."
    if len(value) > LONGEST.get(name, len(value)):
        return f"The value can't be longer than {LONGEST[name]} characters."
    if name == "start_time" and not START.fullmatch(value):
        return "The format should be yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss."
    if name == "password" and value and not PASSCODE.fullmatch(value):
        return "The passcode may contain letters, digits and @ - _ * ! . only."
    if name == "timezone":
        try:
            iana_zone(value)
        except ValueError as problem:
            return str(problem)
    return ""


def _tracking_problem(value: object) -> str:
    fits = isinstance(value, list) and all(
        isinstance(each, dict) and isinstance(each.get("field"), str) and set(each) <= {"field", "value"}
        for each in value
    )
    return "" if fits else "The value should be a list of {field, value}."


def _setting_problem(name: str, value: object) -> str:
    if name in FLAGS:
        return "" if isinstance(value, bool) else "The value should be a boolean."
    if name in CHOICES:
        return "" if value in CHOICES[name] else f"The value should be one of {list(CHOICES[name])}."
    for names, kind in ((SETTING_TEXTS, str), (OBJECTS, dict), (LISTS, list)):
        if name in names:
            return "" if isinstance(value, kind) else f"The value should be a {kind.__name__}."
    return "Unknown field."
