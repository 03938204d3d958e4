"""Meetings as Zoom answers them."""

from __future__ import annotations

import base64

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.times import zulu
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom.fields import ACCOUNT_ZONE

AGENDA_IN_LISTS = 250


def listed(world: World, meeting: Meeting) -> Json:
    shown: Json = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": world.zoom.user(meeting.host).id,
        "topic": meeting.topic or "Zoom Meeting",
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.fields.get("timezone", ACCOUNT_ZONE),
        "created_at": zulu(meeting.created),
        "join_url": meeting.join_url,
    }
    if meeting.timed:
        shown["start_time"] = zulu(meeting.start)
    agenda = str(meeting.fields.get("agenda", ""))[:AGENDA_IN_LISTS]
    return shown | ({"agenda": agenda} if agenda else {})


def public(world: World, meeting: Meeting) -> Json:
    """The whole meeting. start_url signs its holder in as the host, for two hours, and is another one each
    time: to be neither stored nor shown."""
    passcode = meeting.password
    shown = listed(world, meeting) | {
        "host_email": meeting.host,
        "status": "started" if meeting.id in world.meetings.live else "waiting",
        "agenda": meeting.fields.get("agenda", ""),
        "start_url": world.meetings.start_url(meeting, world.now()),
        "password": passcode,
        "h323_password": passcode,
        "pstn_password": passcode,
        "encrypted_password": base64.b64encode(passcode.encode()).decode(),
        "pre_schedule": meeting.fields.get("pre_schedule", False),
        "tracking_fields": meeting.fields.get("tracking_fields", []),
        "settings": settings_shown(meeting),
    }
    if settings_shown(meeting)["approval_type"] != 2:
        shown["registration_url"] = meeting.join_url.partition("?")[0].replace("/j/", "/meeting/register/")
    if meeting.recurs:
        shown |= {"recurrence": meeting.fields["recurrence"], "occurrences": meeting.fields["occurrences"]}
    return shown


def settings_shown(meeting: Meeting) -> Json:
    """What an earlier version kept of a meeting had only the settings that were asked for."""
    kept: Json = meeting.fields.get("settings", {})
    return DEFAULT_SETTINGS | kept


def join_url(address: str, passcode: str) -> str:
    """With the passcode in it, as the account's setting embed_password_in_join_link says."""
    bare = address.partition("?")[0]
    return f"{bare}?pwd={passcode}" if passcode else bare


DEFAULT_SETTINGS: Json = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "registration_type": 1,
    "audio": "both",
    "auto_recording": "none",
    "waiting_room": False,
    "meeting_authentication": False,
    "email_notification": True,
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "registrants_email_notification": True,
    "registrants_confirmation_email": True,
    "auto_start_meeting_summary": False,
}
