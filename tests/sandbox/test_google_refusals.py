"""What Google refuses, sent past its client, which would not let most of it through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.clients import END, START, GoogleMailbox, google_event, reason
from tests.sandbox.conftest import Turn

EVENTS = GoogleMailbox.events_path
WINDOW = {"timeMin": START, "timeMax": END}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"id": "abcd"}, "invalid"),
        ({"id": "ABCDE"}, "invalid"),
        ({"id": "with-dash"}, "invalid"),
        ({"id": "wxyz0"}, "invalid"),
        ({"id": "a" * 1025}, "invalid"),
        ({"id": "abcde", "iCalUID": "x@example.com"}, "invalid"),
        ({"start": None}, "required"),
        ({"end": None}, "required"),
        ({"start": {}}, "required"),
        ({"start": {"dateTime": "2026-11-25T10:00:00"}}, "invalid"),
        ({"start": {"dateTime": "2026-11-25 10:00"}}, "invalid"),
        ({"start": {"dateTime": START, "timeZone": "Tokyo Standard Time"}}, "invalid"),
        ({"start": {"date": "2026-11-25"}}, "invalid"),
        ({"start": {"dateTime": START, "zone": "Asia/Tokyo"}}, "invalid"),
        ({"start": {"dateTime": END}, "end": {"dateTime": START}}, "timeRangeEmpty"),
        ({"start": {"dateTime": START}, "end": {"dateTime": START}}, "timeRangeEmpty"),
        ({"status": "maybe"}, "invalid"),
        ({"status": "cancelled"}, "invalid"),
        ({"visibility": "secret"}, "invalid"),
        ({"transparency": "clear"}, "invalid"),
        ({"summary": 1}, "invalid"),
        ({"guestsCanSeeOtherGuests": "no"}, "invalid"),
        ({"attendees": [{"displayName": "山田"}]}, "invalid"),
        ({"attendees": [{"email": "a@example.com", "responseStatus": "perhaps"}]}, "invalid"),
        ({"title": "a typo of ours"}, "invalid"),
        ({"description": "x" * 8193}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=DAILY"]}, "invalid"),
        ({"extendedProperties": {"public": {}}}, "invalid"),
        ({"extendedProperties": {"private": {"k" * 45: "v"}}}, "invalid"),
        ({"extendedProperties": {"private": {"k": "v" * 1025}}}, "invalid"),
        ({"extendedProperties": {"private": {"k": 1}}}, "invalid"),
        ({"extendedProperties": {"private": {f"k{n}": "v" for n in range(301)}}}, "invalid"),
        ({"extendedProperties": {"private": {f"k{n}": "v" * 1000 for n in range(40)}}}, "invalid"),
    ],
)
def test_an_event_that_google_would_not_take_is_refused(
    google: GoogleMailbox, fields: dict[str, Any], why: str
) -> None:
    answer = google.insert(**fields)
    assert (answer.status_code, reason(answer)) == (400, why), answer.text
    assert google.state == []


def test_a_zone_may_stand_for_the_offset(google: GoogleMailbox) -> None:
    def at(hour: int) -> dict[str, str]:
        return {"dateTime": f"2026-11-25T{hour}:00:00", "timeZone": "Asia/Tokyo"}

    assert google.insert(start=at(10), end=at(11)).json()["start"]["dateTime"] == START


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
def test_a_body_is_one_json_object(google: GoogleMailbox, body: bytes) -> None:
    answer = google.http.post(google.env["GOOGLE_API_ROOT"] + EVENTS, data=body, timeout=10)
    assert (answer.status_code, reason(answer)) == (400, "parseError")


def test_send_updates_is_one_of_three(google: GoogleMailbox) -> None:
    answer = google.ask("POST", EVENTS + "?sendUpdates=everyone", google_event())
    assert (answer.status_code, reason(answer)) == (400, "invalidParameter")


@pytest.mark.parametrize(
    "parameters",
    [
        {"timeMin": "2026-11-25T10:00:00"},
        {"timeMax": "tomorrow"},
        {"timeMin": END, "timeMax": START},
        {"maxResults": "0"},
        {"orderBy": "startTime"},
        {"orderBy": "title", "singleEvents": "true"},
        {"privateExtendedProperty": "appointment"},
        {"pageToken": "bm8="},
        {"timeZone": "Tokyo Standard Time"},
        {"fields": "items(id"},
        {"fields": "items id"},
        {"maxresults": "1"},
    ],
)
def test_a_list_with_a_wrong_parameter_is_refused(google: GoogleMailbox, parameters: dict[str, str]) -> None:
    assert google.ask("GET", EVENTS, params=parameters).status_code == 400


@pytest.mark.parametrize(
    "other",
    [
        {"timeMin": START},
        {"timeMax": END},
        {"q": "x"},
        {"privateExtendedProperty": "a=b"},
        {"updatedMin": START},
        {"orderBy": "updated"},
        {"iCalUID": "x"},
        {"showDeleted": "true"},
    ],
)
def test_a_sync_token_goes_with_the_same_question_only(google: GoogleMailbox, other: dict[str, str]) -> None:
    token = google.ask("GET", EVENTS).json()["nextSyncToken"]
    answer = google.ask("GET", EVENTS, params={"syncToken": token, **other})
    assert (answer.status_code, reason(answer)) == (400, "invalidParameter")


def test_an_expired_or_unknown_sync_token_is_gone(google: GoogleMailbox, turn: Turn) -> None:
    token = google.ask("GET", EVENTS).json()["nextSyncToken"]
    turn(google_sync_epoch=2)
    for each in (token, "nonsense"):
        answer = google.ask("GET", EVENTS, params={"syncToken": each})
        assert (answer.status_code, reason(answer)) == (410, "fullSyncRequired")
    turn(google_sync_epoch=1)
    assert google.ask("GET", EVENTS, params={"syncToken": token}).status_code == 200


def test_pages_of_a_sync_lose_nothing_to_a_change_in_between(google: GoogleMailbox) -> None:
    token = google.ask("GET", EVENTS).json()["nextSyncToken"]
    ids = [google.insert().json()["id"] for _ in range(3)]
    first = google.ask("GET", EVENTS, params={"syncToken": token, "maxResults": 2}).json()
    google.ask("PATCH", f"{EVENTS}/{ids[0]}", {"summary": "別"})
    rest = {"syncToken": token, "maxResults": 2, "pageToken": first["nextPageToken"]}
    second = google.ask("GET", EVENTS, params=rest).json()
    assert [each["id"] for each in first["items"] + second["items"]] == [*ids, ids[0]]
    third = google.ask("GET", EVENTS, params={"syncToken": second["nextSyncToken"]}).json()
    assert [each["id"] for each in third["items"]] == [ids[0]]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"items": []}, "required"),
        ({**WINDOW, "timeMin": "2026-11-25T10:00:00", "items": []}, "badRequest"),
        ({"timeMin": END, "timeMax": START, "items": []}, "timeRangeEmpty"),
        ({"timeMin": START, "timeMax": "2027-03-01T00:00:00Z", "items": []}, "timeRangeTooLong"),
        ({**WINDOW, "items": ["primary"]}, "invalid"),
        ({**WINDOW, "calendars": []}, "invalid"),
    ],
)
def test_free_busy_wants_a_clear_window(google: GoogleMailbox, body: dict[str, Any], why: str) -> None:
    answer = google.ask("POST", "/calendar/v3/freeBusy", body)
    assert (answer.status_code, reason(answer)) == (400, why), answer.text


def test_free_busy_knows_fifty_calendars_at_a_time(google: GoogleMailbox) -> None:
    items = [{"id": f"c{n}@example.com"} for n in range(51)]
    answer = google.ask("POST", "/calendar/v3/freeBusy", {**WINDOW, "items": items}).json()["calendars"]
    reasons = [each["errors"][0]["reason"] for each in answer.values()]
    assert (reasons.count("notFound"), reasons.count("tooManyCalendarsRequested")) == (50, 1)


@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Basic eDp5"])
def test_without_a_live_token_nothing_is_answered(google: GoogleMailbox, token: str) -> None:
    answer = google.ask("GET", EVENTS, headers={"Authorization": token})
    assert (answer.status_code, reason(answer)) == (401, "authError")


def test_a_token_of_another_vendor_is_none(google: GoogleMailbox, sandbox: Any) -> None:
    zoom = sandbox.world.tokens.access(sandbox.world.tokens.holder("google", google.refresh_token))
    answer = google.http.get(
        google.env["ZOOM_API_ROOT"] + "/users/me", headers={"Authorization": f"Bearer {zoom}"}, timeout=10
    )
    assert (answer.status_code, answer.json()["code"]) == (401, 124)


@pytest.mark.parametrize("path", ["/calendar/v3/colors", "/calendar/v3/calendars/primary", "/drive/v3/files"])
def test_other_paths_are_not_found_in_googles_way(google: GoogleMailbox, path: str) -> None:
    answer = google.ask("GET", path)
    assert (answer.status_code, reason(answer)) == (404, "notFound")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/mixed", b"--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\nGET /\r\n--x--\r\n"),
    ],
)
def test_a_batch_that_is_none_is_refused(google: GoogleMailbox, content_type: str, body: bytes) -> None:
    url = google.env["GOOGLE_API_ROOT"] + "/batch/calendar/v3"
    answer = google.http.post(url, data=body, headers={"Content-Type": content_type}, timeout=10)
    assert (answer.status_code, reason(answer)) == (400, "invalid")


def test_attendees_hear_of_an_event_only_when_that_is_asked_for(google: GoogleMailbox) -> None:
    def mails() -> list[str]:
        state = google.http.get(f"{google.sandbox.url}/state.json", timeout=10).json()
        return [each["to"] for each in state["mails"] if each["to"] == f"guest-of-{google.email}"]

    attendees = [{"email": f"guest-of-{google.email}"}]
    google.insert(attendees=attendees)
    assert mails() == []
    made = google.ask("POST", EVENTS + "?sendUpdates=all", google_event(attendees=attendees)).json()
    google.ask("DELETE", f"{EVENTS}/{made['id']}?sendUpdates=externalOnly")
    assert len(mails()) == 2
