"""The port as Zoom keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chouseiapo.adapters import Wire, content
from chouseiapo.adapters.zoom.fields import MARK, PLANS, issued, otherwise, planned, tag_of
from chouseiapo.adapters.zoom.passcodes import STRICTEST, Rules, new_passcode, rules_of
from chouseiapo.adapters.zoom.refusals import has_ended, is_missing, refusal, says_against
from chouseiapo.config import Settings
from chouseiapo.ports import Issued, ListedMeeting, Looked, MeetingPlan, PortError, Registrant, Tokens, cut

if TYPE_CHECKING:
    import requests

WRITES_A_DAY = 100
LANGUAGES = {"ja": "jp-JP", "en": "en-US"}
LONGEST_FIRST_NAME = 64
LARGEST_PAGE = 300
RULES_LAST = timedelta(hours=1)
ME = "me"
UNTOLD = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}


class ZoomMeetings:
    """Implements ports.Conferencing. `clock` tells the present instant, UTC; `user_of` which user a link
    speaks for: the token's own (`me`), unless the token is a whole account's."""

    writes_a_day = WRITES_A_DAY

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        clock: Callable[[], datetime],
        user_of: Callable[[str], str] = lambda _: ME,
    ) -> None:
        self._wire = Wire(settings, tokens, settings.zoom_api_root)
        self._clock = clock
        self._user_of = user_of
        self._rules: dict[str, tuple[datetime, Rules]] = {}

    def find(self, link: str, tag: str) -> Issued | None:
        """The list may lag some seconds, for what is new as for what is gone, and leaves the passcode out."""
        found = next((each for each in self.listed(link) if each.tag == tag), None)
        meeting = self._read(link, found.meeting_id) if found else None
        return issued(meeting) if meeting else None

    def listed(self, link: str) -> list[ListedMeeting]:
        """All that are still to come ("upcoming" ends after six months)."""
        found = ((str(each["id"]), tag_of(each)) for each in self._scheduled(link))
        return [ListedMeeting(id, tag) for id, tag in found if tag]

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        """One request that makes it; the account's rules may be read before."""
        body = {"agenda": f"{MARK}{plan.tag}", **planned(plan)}
        if plan.settings.passcode:
            body["password"] = new_passcode(self._passcode_rules(link))
        elif plan.settings.passcode is False:
            body["default_password"] = False  # Zoom makes one up all the same where its account insists
        return issued(self._expect(link, "POST", self._user(link, "/meetings"), json=body))

    def register(self, link: str, meeting_id: str, registrant: Registrant) -> str:
        """Zoom knows people by their address: registered again, they get the URL that they have."""
        body = {
            "first_name": cut(registrant.name, LONGEST_FIRST_NAME),
            "email": registrant.email,
            "language": LANGUAGES.get(registrant.locale, LANGUAGES["ja"]),
        }
        said = self._expect(link, "POST", f"{_meeting(meeting_id)}/registrants", json=body)
        url: str = said.get("join_url", "")
        return url

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        """Zoom silently ignores a start in the past. A passcode that stands, stands on where one is wanted;
        where none is, Zoom's account may insist on one."""
        body = planned(plan) | self._passcode_change(link, meeting_id, plan)
        answer = self._wire.send(link, "PATCH", _meeting(meeting_id), json=body)
        if body.get("password") == "" and says_against(answer, "password"):
            del body["password"]
            answer = self._wire.send(link, "PATCH", _meeting(meeting_id), json=body)
        if not answer.ok:
            raise self._refusal(answer)

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        meeting = self._read(link, meeting_id)
        return Looked(issued(meeting), otherwise(meeting, plan)) if meeting else None

    def start_url(self, link: str, meeting_id: str) -> str:
        """Good for two hours, for whoever has it: Zoom makes a new one for each time it is asked."""
        url: str = self._expect(link, "GET", _meeting(meeting_id))["start_url"]
        return url

    def delete(self, link: str, meeting_id: str) -> None:
        answer = self._wire.send(link, "DELETE", _meeting(meeting_id), params=UNTOLD)
        if not (answer.ok or is_missing(answer) or has_ended(answer)):
            raise self._refusal(answer)

    def plan_of(self, link: str) -> str:
        return PLANS.get(self._expect(link, "GET", self._user(link)).get("type", 0), "")

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def _read(self, link: str, meeting_id: str) -> dict[str, Any] | None:
        """None when it is gone."""
        answer = self._wire.send(link, "GET", _meeting(meeting_id))
        if is_missing(answer):
            return None
        if not answer.ok:
            raise self._refusal(answer)
        return content(answer)

    def _scheduled(self, link: str) -> Iterator[dict[str, Any]]:
        query = {"type": "scheduled", "page_size": str(LARGEST_PAGE)}
        while True:
            page = self._expect(link, "GET", self._user(link, "/meetings"), params=query)
            yield from page.get("meetings", [])
            if not page.get("next_page_token"):
                return
            query["next_page_token"] = page["next_page_token"]

    def _passcode_change(self, link: str, meeting_id: str, plan: MeetingPlan) -> dict[str, str]:
        """What to write about the passcode, if anything."""
        wanted = plan.settings.passcode
        if wanted is None:
            return {}
        has_one = bool(self._expect(link, "GET", _meeting(meeting_id)).get("password"))
        if wanted == has_one:
            return {}
        return {"password": new_passcode(self._passcode_rules(link)) if wanted else ""}

    def _passcode_rules(self, link: str) -> Rules:
        """The account's, read once an hour."""
        now = self._clock()
        until, rules = self._rules.get(link, (now, STRICTEST))
        if now < until:
            return rules
        answer = self._wire.send(link, "GET", self._user(link, "/settings"))
        if answer.status_code == 429 or answer.status_code >= 500:
            raise self._refusal(answer)
        rules = rules_of(content(answer)) if answer.ok else STRICTEST  # we may not be allowed to read them
        self._rules[link] = now + RULES_LAST, rules
        return rules

    def _user(self, link: str, path: str = "") -> str:
        return f"/users/{quote(self._user_of(link), safe='')}{path}"

    def _expect(self, link: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._wire.send(link, method, path, **options)
        if not answer.ok:
            raise self._refusal(answer)
        return content(answer)

    def _refusal(self, answer: requests.Response) -> PortError:
        return refusal(answer, self._clock())


def _meeting(id: str) -> str:
    return f"/meetings/{quote(id, safe='')}"
