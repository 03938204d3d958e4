"""A conference in Zoom's words, and what Zoom holds in ours."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from chouseiapo.ports import Issued, MeetingPlan, MeetingSettings, cut

SCHEDULED, NO_FIXED_TIME = 2, 3
AUTOMATIC_APPROVAL, NO_REGISTRATION = 0, 2
MARK = "chouseiapo:"
EARLY = {"anytime": 0, "5": 5, "10": 10, "15": 15}
LONGEST_TOPIC = 200
LONGEST_MINUTES = 1440
PLANS = {1: "basic", 2: "licensed"}
# What people were told, so that nobody's hand at Zoom may change it unnoticed; the rest is the host's.
TOLD = ("topic", "start_time", "duration")


def planned(plan: MeetingPlan) -> dict[str, Any]:
    """All but the passcode. What has no fixed time can be joined at any time, as often as it is needed."""
    always = {"topic": cut(plan.topic, LONGEST_TOPIC), "settings": _settings(plan.settings)}
    if plan.start is None:
        return {"type": NO_FIXED_TIME, **always}
    return {
        "type": SCHEDULED,
        **always,
        "start_time": f"{plan.start.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
        "duration": min(plan.minutes, LONGEST_MINUTES),
        "timezone": plan.time_zone,
    }


def _settings(wanted: MeetingSettings) -> dict[str, Any]:
    """What is None is left to the host's own settings."""
    early = wanted.join_before_host
    said = {
        "waiting_room": wanted.waiting_room,
        "join_before_host": None if early is None else early != "never",
        "jbh_time": EARLY.get(early or ""),
        "meeting_authentication": wanted.sign_in,
        "approval_type": {True: AUTOMATIC_APPROVAL, False: NO_REGISTRATION, None: None}[wanted.registration],
        "registrants_email_notification": False if wanted.registration else None,
        "host_video": wanted.host_video,
        "participant_video": wanted.participant_video,
        "mute_upon_entry": wanted.mute_on_entry,
        "auto_recording": wanted.recording,
        "auto_start_meeting_summary": wanted.summary,
        "email_notification": wanted.platform_mails,
    }
    return {name: value for name, value in said.items() if value is not None}


def otherwise(meeting: dict[str, Any], plan: MeetingPlan) -> str:
    """A digest of what Zoom holds in place of what people were told; empty where that stands."""
    wants = planned(plan)
    others = {name: meeting.get(name) for name in TOLD if name in wants}
    if all(_same(name, value, wants[name]) for name, value in others.items()):
        return ""
    return hashlib.sha256(repr(others).encode()).hexdigest()[:32]


def _same(name: str, has: Any, wants: Any) -> bool:
    if name != "start_time" or not has:
        return bool(has == wants)
    return datetime.fromisoformat(has) == datetime.fromisoformat(wants)


def issued(meeting: dict[str, Any]) -> Issued:
    return Issued(str(meeting["id"]), meeting["join_url"], meeting.get("password", ""))


def tag_of(meeting: dict[str, Any]) -> str:
    """What it was made for; empty for one that is not ours."""
    line = meeting.get("agenda", "").partition("\n")[0].strip()
    return str(line.removeprefix(MARK)) if line.startswith(MARK) else ""
