"""Meetings as Zoom answers them."""

from __future__ import annotations

import base64
import secrets

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.fields import ACCOUNT_ZONE

AGENDA_IN_LISTS = 250


def listed(world: World, meeting: Meeting) -> Json:
    shown = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": world.people[meeting.host].zoom_id,
        "topic": meeting.topic or "Zoom Meeting",
        "type": meeting.fields.get("type", 2),
        "start_time": zulu(meeting.start),
        "duration": meeting.duration,
        "timezone": meeting.fields.get("timezone", ACCOUNT_ZONE),
        "created_at": zulu(meeting.created),
        "join_url": meeting.join_url,
    }
    agenda = str(meeting.fields.get("agenda", ""))[:AGENDA_IN_LISTS]
    return shown | ({"agenda": agenda} if agenda else {})


def public(world: World, meeting: Meeting) -> Json:
    """The whole meeting. start_url signs its holder in as the host: to be neither stored nor shown."""
    passcode = meeting.password
    return listed(world, meeting) | {
        "host_email": meeting.host,
        "status": "waiting",
        "agenda": meeting.fields.get("agenda", ""),
        "start_url": f"https://zoom.example/s/{meeting.id}?zak={secrets.token_urlsafe(32)}",
        "password": passcode,
        "h323_password": passcode,
        "pstn_password": passcode,
        "encrypted_password": base64.b64encode(passcode.encode()).decode(),
        "pre_schedule": meeting.fields.get("pre_schedule", False),
        "tracking_fields": meeting.fields.get("tracking_fields", []),
        "settings": DEFAULT_SETTINGS | meeting.fields.get("settings", {}),
    }


DEFAULT_SETTINGS: Json = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "waiting_room": False,
    "meeting_authentication": False,
    "email_notification": True,
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "registrants_email_notification": True,
    "auto_start_meeting_summary": False,
}
