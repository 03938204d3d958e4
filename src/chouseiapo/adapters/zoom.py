"""Zoom meetings, hosted by the linked account itself.

Zoom has no idempotency of its own: a meeting's agenda begins with a line that names the appointment, which is
looked for after a lost answer. `start_url` lets its holder in as the host: it is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chouseiapo.adapters import Wire, content, seconds
from chouseiapo.config import Settings
from chouseiapo.ports import (
    Issued,
    ListedMeeting,
    Looked,
    MeetingPlan,
    MeetingSettings,
    PortError,
    Registrant,
    Tokens,
    cut,
)

if TYPE_CHECKING:
    import requests

SCHEDULED, NO_FIXED_TIME = 2, 3
WRITES_A_DAY = 100
AUTOMATIC_APPROVAL, NO_REGISTRATION = 0, 2
LANGUAGES = {"ja": "jp-JP", "en": "en-US"}
MARK = "chouseiapo:"
EARLY = {"anytime": 0, "5": 5, "10": 10, "15": 15}
LONGEST_TOPIC = 200
LONGEST_FIRST_NAME = 64
LONGEST_MINUTES = 1440
LARGEST_PAGE = 300
INVALID_TOKEN, NO_SCOPE, NOT_HOST = 124, 4711, 3003
NO_SUCH_USER = frozenset({1001, 1010})
MISSING = frozenset({3000, 3001})
ENDED = 3007
UNDER_WAY = 3002

UNTOLD = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}


class ZoomMeetings:
    """Implements ports.Conferencing. `clock` tells the present instant, UTC."""

    writes_a_day = WRITES_A_DAY

    def __init__(self, settings: Settings, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._wire = Wire(settings, tokens, settings.zoom_api_root)
        self._clock = clock

    def find(self, link: str, tag: str) -> Issued | None:
        """The list may lag some seconds, and leaves the passcode out."""
        found = next((each for each in self.listed(link) if each.tag == tag), None)
        return _issued(self._expect(link, "GET", _meeting(found.meeting_id))) if found else None

    def listed(self, link: str) -> list[ListedMeeting]:
        """All that are still to come ("upcoming" ends after six months)."""
        lines = ((each["id"], each.get("agenda", "").partition("\n")[0]) for each in self._scheduled(link))
        return [
            ListedMeeting(str(id), line.strip().removeprefix(MARK))
            for id, line in lines
            if line.startswith(MARK)
        ]

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        body = {"agenda": f"{MARK}{plan.tag}", **_planned(plan)}
        return _issued(self._expect(link, "POST", "/users/me/meetings", json=body))

    def register(self, link: str, meeting_id: str, registrant: Registrant) -> str:
        """Zoom knows people by their address: registered again, they get the URL that they have."""
        body = {
            "first_name": cut(registrant.name, LONGEST_FIRST_NAME),
            "email": registrant.email,
            "language": LANGUAGES.get(registrant.locale, LANGUAGES["ja"]),
        }
        url: str = self._expect(link, "POST", f"{_meeting(meeting_id)}/registrants", json=body).get(
            "join_url", ""
        )
        return url

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        """Zoom silently ignores a start in the past."""
        self._expect(link, "PATCH", _meeting(meeting_id), json=_planned(plan))

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        answer = self._wire.send(link, "GET", _meeting(meeting_id))
        if _is_missing(answer):
            return None
        if not answer.ok:
            raise self._refusal(answer)
        meeting = content(answer)
        return Looked(_issued(meeting), _agrees(meeting, _planned(plan)))

    def start_url(self, link: str, meeting_id: str) -> str:
        """Good for two hours, for whoever has it: Zoom makes a new one for each time it is asked."""
        url: str = self._expect(link, "GET", _meeting(meeting_id))["start_url"]
        return url

    def delete(self, link: str, meeting_id: str) -> None:
        answer = self._wire.send(link, "DELETE", _meeting(meeting_id), params=UNTOLD)
        if answer.ok or _is_missing(answer) or content(answer).get("code") == ENDED:
            return
        raise self._refusal(answer)

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def _scheduled(self, link: str) -> Iterator[dict[str, Any]]:
        query = {"type": "scheduled", "page_size": str(LARGEST_PAGE)}
        while True:
            page = self._expect(link, "GET", "/users/me/meetings", params=query)
            yield from page.get("meetings", [])
            if not page.get("next_page_token"):
                return
            query["next_page_token"] = page["next_page_token"]

    def _expect(self, link: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._wire.send(link, method, path, **options)
        if not answer.ok:
            raise self._refusal(answer)
        return content(answer)

    def _refusal(self, answer: requests.Response) -> PortError:
        """Zoom's status and code in our terms: https://developers.zoom.us/docs/api/errors/"""
        status, code = answer.status_code, content(answer).get("code")
        wait = _wait(answer.headers.get("Retry-After"), self._clock())
        if status == 429:
            return PortError("throttled", retry_after=wait)
        if status >= 500:
            return PortError("unavailable", retry_after=wait)
        if status == 401 or code == INVALID_TOKEN:
            return PortError("token_refused", permanent=True, auth=True)
        if status == 403 or code in (NO_SCOPE, NOT_HOST):
            return PortError("no_permission", permanent=True, auth=code != NOT_HOST)
        if code in NO_SUCH_USER:
            return PortError("account_not_found", permanent=True, auth=True)
        if _is_missing(answer):
            return PortError("gone", permanent=True)
        if code == UNDER_WAY:
            return PortError("meeting_under_way")
        return PortError(f"rejected_{status}_{code if isinstance(code, int) else 'unknown'}", permanent=True)


def _planned(plan: MeetingPlan) -> dict[str, Any]:
    """What has no fixed time can be joined at any time, as often as it is needed."""
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
    """In Zoom's words; what is None is left to the host's own settings."""
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


def _agrees(meeting: dict[str, Any], planned: dict[str, Any]) -> bool:
    """Whether what Zoom holds is what we would write."""
    has, wants = dict(meeting), dict(planned)
    settings, wanted = has.pop("settings", {}), wants.pop("settings")
    same = all(settings.get(name) == value for name, value in wanted.items() if name in settings)
    return same and all(_same(name, has.get(name), value) for name, value in wants.items())


def _same(name: str, has: Any, wants: Any) -> bool:
    if name != "start_time" or not has:
        return bool(has == wants)
    return datetime.fromisoformat(has) == datetime.fromisoformat(wants)


def _issued(meeting: dict[str, Any]) -> Issued:
    return Issued(str(meeting["id"]), meeting["join_url"], meeting.get("password", ""))


def _meeting(id: str) -> str:
    return f"/meetings/{quote(id, safe='')}"


def _is_missing(answer: requests.Response) -> bool:
    return content(answer).get("code") in MISSING or (
        answer.status_code == 404 and content(answer).get("code") not in NO_SUCH_USER
    )


def _wait(retry_after: str | None, now: datetime) -> float | None:
    """Seconds to wait. Daily limits tell the instant when they end, in ISO 8601."""
    if (plain := seconds(retry_after)) is not None or not retry_after:
        return plain
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            until = reader(retry_after)
        except ValueError:
            continue
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    return None
