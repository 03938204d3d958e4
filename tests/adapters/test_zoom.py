"""Zoom meetings: made once, found again, followed, deleted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.adapters.zoom import ZoomMeetings
from chouseiapo.config import Settings
from chouseiapo.ports import Issued, MeetingPlan, PortError
from tests.adapters.outside import Outside
from tests.adapters.recorded import RecordedRequests

numbers = itertools.count(1)
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=4)
PLAN = MeetingPlan("appointment-1", "ABC株式会社:山田太郎 様", SOON, 60, "Asia/Tokyo")


class Host:
    """A Zoom account in the sandbox, linked."""

    def __init__(self, outside: Outside, settings: Settings, vault: Vault) -> None:
        number = next(numbers)
        self.outside, self.vault = outside, vault
        self.link, self.email = f"zoom-{number}", f"host{number}@example.com"
        outside.sandbox.add_person(self.email, f"主{number}", "google")
        self.grant()
        self.zoom = ZoomMeetings(settings, vault, lambda: datetime.now(UTC))

    def grant(self, scopes: list[str] | None = None) -> None:
        token = self.outside.sandbox.grant("zoom", self.email, scopes)
        self.vault.store(self.link, "member-1", "zoom", Grant(token))

    def meetings(self) -> list[dict[str, Any]]:
        return [m for m in self.outside.state()["meetings"] if m["host"] == self.email]

    def fault(self, kind: str, **more: object) -> None:
        self.outside.fault("zoom", kind, mailbox=self.email, **more)

    def create(self, plan: MeetingPlan = PLAN) -> Issued:
        return self.zoom.create(self.link, plan)

    def find(self, appointment: str = "appointment-1") -> Issued | None:
        return self.zoom.find(self.link, appointment)


@pytest.fixture
def host(outside: Outside, vendor_settings: Settings, vault: Vault) -> Iterator[Host]:
    host = Host(outside, vendor_settings, vault)
    yield host
    host.zoom.close()


def test_a_meeting_is_made_as_planned(host: Host) -> None:
    issued = host.create()
    (meeting,) = host.meetings()
    assert (issued.meeting_id, issued.join_url) == (str(meeting["id"]), meeting["join_url"])
    assert issued.passcode == meeting["passcode"] != ""
    assert (meeting["topic"], meeting["duration"]) == (PLAN.topic, 60)
    assert datetime.fromisoformat(meeting["start"]) == PLAN.start


def test_it_is_found_by_its_appointment(host: Host) -> None:
    issued = host.create()
    host.create(msgspec.structs.replace(PLAN, appointment="appointment-11"))
    assert host.find() == issued
    assert host.find("appointment-2") is None


def test_the_way_in_as_host_is_never_kept(host: Host, recorded_requests: RecordedRequests) -> None:
    issued = host.create()
    for told in (issued, host.find()):
        assert told is not None
        assert "start" not in repr(told)
        assert "zak=" not in repr(told)
    assert set(Issued.__struct_fields__) == {"meeting_id", "join_url", "passcode"}


def test_zoom_mails_nobody(host: Host, recorded_requests: RecordedRequests) -> None:
    host.zoom.delete(host.link, host.create().meeting_id)
    created = next(r for r in recorded_requests if r.url.endswith("/users/me/meetings"))
    assert created.json()["settings"] == {"email_notification": False, "auto_start_meeting_summary": False}
    deleted = next(r for r in recorded_requests if r.method == "DELETE")
    assert "schedule_for_reminder=false&cancel_meeting_reminder=false" in deleted.url


def test_it_follows_the_appointment(host: Host) -> None:
    issued = host.create()
    later = SOON + timedelta(days=1)
    moved = msgspec.structs.replace(PLAN, start=later, minutes=30, topic="変更")
    host.zoom.update(host.link, issued.meeting_id, moved)
    (meeting,) = host.meetings()
    assert (meeting["id"], meeting["duration"], meeting["topic"]) == (int(issued.meeting_id), 30, "変更")
    assert datetime.fromisoformat(meeting["start"]) == later
    assert host.find() == issued


def test_it_is_deleted_once_and_for_all(host: Host) -> None:
    issued = host.create()
    host.zoom.delete(host.link, issued.meeting_id)
    assert host.meetings() == []
    host.zoom.delete(host.link, issued.meeting_id)
    with pytest.raises(PortError) as caught:
        host.zoom.update(host.link, issued.meeting_id, PLAN)
    assert (caught.value.reason, caught.value.permanent) == ("gone", True)


def test_a_long_topic_is_cut(host: Host) -> None:
    host.create(msgspec.structs.replace(PLAN, topic="👩‍💻" * 100, minutes=2000))
    (meeting,) = host.meetings()
    assert len(meeting["topic"]) <= 200
    assert meeting["topic"].rstrip("…") == "👩‍💻" * meeting["topic"].count("👩‍💻")
    assert meeting["duration"] == 1440


def test_a_lost_answer_is_followed_by_a_look(host: Host) -> None:
    """Zoom's list lags behind: at first there is nothing to be found."""
    host.outside.turn(zoom_list_lag_s=0.5)
    host.fault("drop_after", limit=1)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    assert host.find() is None
    time.sleep(0.6)
    found = host.find()
    assert found is not None
    (meeting,) = host.meetings()
    assert (found.meeting_id, found.passcode) == (str(meeting["id"]), meeting["passcode"])


def test_creating_is_one_request_whatever_happens(host: Host, recorded_requests: RecordedRequests) -> None:
    host.vault.access_token(host.link)
    for status in (503, 429, 500):
        host.fault("status", status=status, limit=1)
        recorded_requests.clear()
        with pytest.raises(PortError):
            host.create()
        assert len(recorded_requests) == 1


def test_it_is_found_on_a_later_page(host: Host) -> None:
    issued = host.create(msgspec.structs.replace(PLAN, start=SOON + timedelta(days=30)))
    for n in range(305):
        host.create(msgspec.structs.replace(PLAN, appointment=f"appointment-{n + 2}"))
    assert host.find() == issued


def test_a_daily_limit_says_when_it_ends(host: Host) -> None:
    """As an instant in ISO 8601, not in seconds."""
    host.outside.turn(zoom_daily_limit=1)
    host.create()
    with pytest.raises(PortError) as caught:
        host.create()
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert caught.value.reason == "throttled"
    assert caught.value.retry_after == pytest.approx((midnight - now).total_seconds(), abs=5)


def test_a_limit_a_second_says_how_long_to_wait(host: Host) -> None:
    host.fault("status", status=429, retry_after_s=2)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 2)


def test_an_expired_token_is_replaced_unnoticed(host: Host) -> None:
    host.create()
    host.outside.sandbox.expire("zoom", host.email)
    assert host.find() is not None
    host.outside.sandbox.expire("zoom", host.email)
    host.create()
    assert len(host.meetings()) == 2


def test_a_revoked_app_breaks_the_link_until_it_is_linked_anew(host: Host) -> None:
    host.create()
    host.outside.sandbox.revoke("zoom", host.email)
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.auth) == ("token_refused", True)
    host.grant()
    assert host.find() is not None


def test_a_missing_scope_is_told(host: Host) -> None:
    host.grant(["user:read:user"])
    with pytest.raises(PortError) as caught:
        host.create()
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


def test_what_zoom_does_not_take_is_permanent(host: Host) -> None:
    with pytest.raises(PortError) as caught:
        host.create(msgspec.structs.replace(PLAN, time_zone="Mars/Olympus"))
    assert caught.value.reason.startswith("rejected_400_")
    assert (caught.value.permanent, caught.value.auth) == (True, False)
