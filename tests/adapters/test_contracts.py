"""Every request that the adapters can make, held against what the vendors publish."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.adapters.zoom import ZoomMeetings
from chouseiapo.config import Settings
from chouseiapo.ports import MeetingPlan, PortError
from tests.adapters.contracts import BrokenContract, Contracts
from tests.adapters.homes import GoogleHome, OutlookHome, VendorHome
from tests.adapters.outside import Outside
from tests.adapters.recorded import Recorded, RecordedRequests
from tests.adapters.test_calendars import changed
from tests.product import at

EVERYTHING = {
    "google calendar.events.insert",
    "google calendar.events.patch",
    "google calendar.events.get",
    "google calendar.events.delete",
    "google calendar.events.list",
    "google calendar.freebusy.query",
    "google calendar.calendarList.list",
    "microsoft /me.createEvent",
    "microsoft updateEvent",
    "microsoft deleteEvent",
    "microsoft /me.listEvents",
    "microsoft /me/calendar",
    "microsoft /me/calendars",
    "microsoft /me/calendars/{calendar-id}",
    "microsoft /users/{id}/calendar",
    "microsoft /me/calendars/{calendar-id}.createEvent",
    "microsoft /me/calendars/{calendar-id}.listEvents",
    "microsoft /me/calendarView",
    "microsoft calendarViewDelta",
    "microsoft getSchedule",
    "microsoft batch",
    "microsoft me",
    "zoom meetingCreate",
    "zoom meetings",
    "zoom meeting",
    "zoom meetingUpdate",
    "zoom meetingDelete",
    "zoom user",
}


def everything_a_calendar_does(home: VendorHome) -> None:
    other = home.add_calendar("出張")
    home.calendar.calendars(home.link)
    for each in ("", other, home.add_room()):
        home.calendar.may_write(home.link, each)
    home.look(*home.put(home.entry("c9", calendar=other)))
    entries = home.several(3)
    placed = home.put(*entries)
    home.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2))
    home.restore(changed(entries[0], confirmed=True, visibility="private"), placed[0])
    home.put(entries[1], unsure=True)
    home.calendar.busy(home.link, at(24, 0), at(26, 0))
    home.calendar.entries(home.link, at(24, 0), at(26, 0))
    begun = home.calendar.changes(home.link, "", "", at(24, 0), at(26, 0))
    home.calendar.changes(home.link, "", begun.token, at(24, 0), at(26, 0))
    home.remove(*placed)
    home.remove(changed(placed[0], unsure=True))


def everything_about_meetings(outside: Outside, settings: Settings, vault: Vault) -> None:
    zoom = ZoomMeetings(settings, vault, lambda: datetime.now(UTC))
    vault.store("zoom", "member-1", "zoom", Grant(outside.sandbox.grant("zoom", "tanaka@example.com")))
    start = datetime.now(UTC) + timedelta(days=2)
    plan = MeetingPlan("appointment-1", "商談", start, 60, "Asia/Tokyo")
    issued = zoom.create("zoom", plan)
    assert zoom.find("zoom", "appointment-1") == issued
    zoom.update("zoom", issued.meeting_id, changed(plan, minutes=30))
    zoom.delete("zoom", issued.meeting_id)
    zoom.close()


def test_each_operation_is_seen_and_keeps_the_contract(
    contracts: Path,
    google: GoogleHome,
    outlook: OutlookHome,
    outside: Outside,
    vendor_settings: Settings,
    vault: Vault,
    recorded_requests: RecordedRequests,
) -> None:
    everything_a_calendar_does(google)
    everything_a_calendar_does(outlook)
    everything_about_meetings(outside, vendor_settings, vault)
    account = vault._refreshers["zoom"]
    account.account(account.refresh(Grant(outside.sandbox.grant("zoom", "sato@example.com"))))  # type: ignore[attr-defined]
    checker = Contracts(contracts, vendor_settings)
    seen = {operation for recorded in recorded_requests for operation in checker.check(recorded)}
    assert seen == EVERYTHING


def test_parts_of_batches_are_checked_one_by_one(
    contracts: Path,
    google: GoogleHome,
    outlook: OutlookHome,
    vendor_settings: Settings,
    recorded_requests: RecordedRequests,
) -> None:
    checker = Contracts(contracts, vendor_settings)
    for home, whole in ((google, []), (outlook, ["microsoft batch"])):
        recorded_requests.clear()
        home.put(*home.several(3))
        (batch,) = [r for r in recorded_requests if r.parts()]
        assert len(checker.check(batch)) == 3 + len(whole)
        broken = batch.body.replace(b'"tentative"', b'"perhaps"')
        with pytest.raises(BrokenContract):
            checker.check(batch._replace(body=broken))


HEADERS = {"authorization": "Bearer x", "content-type": "application/json"}
TIMES = {
    "start": {"dateTime": "2026-11-25T10:00:00+09:00"},
    "end": {"dateTime": "2026-11-25T11:00:00+09:00"},
}
WALL = {"dateTime": "2026-11-25T10:00:00", "timeZone": "Asia/Tokyo"}
EVENTS = "{google}/calendar/v3/calendars/primary/events"
MEETING = {"type": 2, "topic": "商談", "start_time": "2026-11-25T01:00:00Z", "duration": 60}

# Each is refused for the one reason that is its name; the last of each vendor is as it should be.
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "google: no start": ("POST", EVENTS, {"id": "abcde", "end": TIMES["end"]}),
    "google: an id with a letter that base32hex has not": ("POST", EVENTS, {"id": "wxyz0", **TIMES}),
    "google: a status that there is not": ("POST", EVENTS, {"status": "perhaps", **TIMES}),
    "google: a field that there is not": ("POST", EVENTS, {"titel": "商談", **TIMES}),
    "google: mails that there are not": ("POST", f"{EVENTS}?sendUpdates=nobody", TIMES),
    "google: a parameter that there is not": ("GET", f"{EVENTS}?from=2026-11-25T00:00:00Z", None),
    "google: free/busy without an offset": (
        "POST",
        "{google}/calendar/v3/freeBusy",
        {"timeMin": "2026-11-25T00:00:00", "timeMax": "2026-11-26T00:00:00Z", "items": [{"id": "primary"}]},
    ),
    "google: deleting with a body": ("DELETE", f"{EVENTS}/abcde", {"reason": "x"}),
    "microsoft: a showAs that there is not": ("POST", "{graph}/me/events", {"showAs": "perhaps"}),
    "microsoft: a property that there is not": ("POST", "{graph}/me/events", {"title": "商談"}),
    "microsoft: more mailboxes than getSchedule takes": (
        "POST",
        "{graph}/me/calendar/getSchedule",
        {"schedules": [f"{n}@example.com" for n in range(21)], "startTime": WALL, "endTime": WALL},
    ),
    "microsoft: a batch whose body has no type": (
        "POST",
        "{graph}/$batch",
        {"requests": [{"id": "1", "method": "POST", "url": "/me/events", "body": {}}]},
    ),
    "microsoft: a batch with a part that there is not": (
        "POST",
        "{graph}/$batch",
        {"requests": [{"id": "1", "method": "GET", "url": "/me/evnts"}]},
    ),
    "microsoft: a view without its window": ("GET", "{graph}/me/calendarView?$top=5", None),
    "microsoft: a room's view without its window": (
        "GET",
        "{graph}/users/room@example.com/calendarView",
        None,
    ),
    "microsoft: a room's event with a property that there is not": (
        "POST",
        "{graph}/users/room@example.com/events",
        {"title": "商談"},
    ),
    "microsoft: a room's something that there is not": ("GET", "{graph}/users/room@example.com/evnts", None),
    "microsoft: changes of chosen fields": (
        "GET",
        "{graph}/me/calendars/abc/calendarView/delta?$select=id&startDateTime=2026-11-25T00:00:00Z"
        "&endDateTime=2026-11-26T00:00:00Z",
        None,
    ),
    "microsoft: calendars with what they hold": ("GET", "{graph}/me/calendars?$expand=events", None),
    "microsoft: a room's calendar with what it holds": (
        "GET",
        "{graph}/users/room@example.com/calendar?$expand=events",
        None,
    ),
    "zoom: a day that is too long": ("POST", "{zoom}/users/me/meetings", MEETING | {"duration": 1441}),
    "zoom: a setting that there is not": (
        "POST",
        "{zoom}/users/me/meetings",
        MEETING | {"settings": {"email_notifications": False}},
    ),
    "zoom: a start with an offset": (
        "POST",
        "{zoom}/users/me/meetings",
        MEETING | {"start_time": "2026-11-25T10:00:00+09:00"},
    ),
    "zoom: a topic that is too long": ("POST", "{zoom}/users/me/meetings", MEETING | {"topic": "長" * 201}),
    "zoom: a way of changing that there is not": ("PUT", "{zoom}/meetings/123", MEETING),
}
GOOD: dict[str, tuple[str, str, Any]] = {
    "google calendar.events.insert": ("POST", f"{EVENTS}?sendUpdates=none", {"id": "abcde", **TIMES}),
    "microsoft /me.createEvent": ("POST", "{graph}/me/events", {"subject": "商談", "showAs": "tentative"}),
    "microsoft /me/calendars": ("GET", "{graph}/me/calendars?$select=id,name", None),
    "microsoft /users/{id}/calendar": (
        "GET",
        "{graph}/users/room@example.com/calendar?$select=canEdit",
        None,
    ),
    "microsoft updateEvent": ("PATCH", "{graph}/users/room@example.com/events/abc", {"subject": "商談"}),
    "zoom meetingCreate": ("POST", "{zoom}/users/me/meetings", MEETING),
}


def recorded(settings: Settings, method: str, url: str, body: object) -> Recorded:
    roots = {
        "google": settings.google_api_root,
        "graph": settings.graph_root,
        "zoom": settings.zoom_api_root,
    }
    data = b"" if body is None else json.dumps(body).encode()
    return Recorded(method, url.format(**roots), HEADERS, data)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_broken_request_is_refused(contracts: Path, vendor_settings: Settings, name: str) -> None:
    with pytest.raises(BrokenContract):
        Contracts(contracts, vendor_settings).check(recorded(vendor_settings, *REQUESTS[name]))


@pytest.mark.parametrize("name", GOOD)
def test_a_request_needs_its_token(contracts: Path, vendor_settings: Settings, name: str) -> None:
    checker, request = Contracts(contracts, vendor_settings), recorded(vendor_settings, *GOOD[name])
    assert checker.check(request) == [name]
    with pytest.raises(BrokenContract):
        checker.check(request._replace(headers={"content-type": "application/json"}))


def test_what_is_no_api_is_let_pass(contracts: Path, vendor_settings: Settings) -> None:
    """Tokens are fetched elsewhere; nobody publishes a contract for that."""
    request = Recorded("POST", vendor_settings.google_token_url, {}, b"grant_type=refresh_token")
    assert Contracts(contracts, vendor_settings).check(request) == []


def test_refusals_do_not_hide_from_the_record(
    contracts: Path, google: GoogleHome, recorded_requests: RecordedRequests
) -> None:
    google.fault("drop_before")
    recorded_requests.clear()
    with pytest.raises(PortError):
        google.put(google.entry())
    assert [r.status for r in recorded_requests if "/events" in r.url] == [0]
