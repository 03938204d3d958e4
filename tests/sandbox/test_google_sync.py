"""Google's sync tokens: what has changed on a calendar since it was listed, whole or in a window."""

from __future__ import annotations

from typing import Any

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import GoogleMailbox, Json, at, reason
from tests.sandbox.conftest import Turn

EVENTS = GoogleMailbox.events_path
WINDOW = {"timeMin": "2026-11-25T00:00:00+09:00", "timeMax": "2026-11-28T00:00:00+09:00"}
SINGLE = {"singleEvents": "true"}


def insert(google: GoogleMailbox, day: int, **fields: Any) -> str:
    times = {"start": at(f"2026-11-{day:02}T10:00"), "end": at(f"2026-11-{day:02}T11:00")}
    return str(google.insert(**times, **fields).json()["id"])


def move(google: GoogleMailbox, id: str, day: int) -> None:
    times = {"start": at(f"2026-11-{day:02}T10:00"), "end": at(f"2026-11-{day:02}T11:00")}
    assert google.ask("PATCH", f"{EVENTS}/{id}", times).status_code == 200


def listed(google: GoogleMailbox, **parameters: str) -> Json:
    answer: Json = google.ask("GET", EVENTS, params=parameters).json()
    return answer


def changes(google: GoogleMailbox, token: str) -> list[tuple[str, str]]:
    items = listed(google, syncToken=token, **SINGLE)["items"]
    return [(each["id"], each["status"]) for each in items]


def test_a_windows_token_tells_what_came_changed_and_went_in_the_window(google: GoogleMailbox) -> None:
    moved_out, deleted, untouched, moved_in = (insert(google, day) for day in (25, 26, 27, 29))
    first = listed(google, **WINDOW, **SINGLE)
    assert [each["id"] for each in first["items"]] == [moved_out, deleted, untouched]
    move(google, moved_out, 30)
    google.ask("DELETE", f"{EVENTS}/{deleted}")
    move(google, moved_in, 26)
    new = insert(google, 27)
    assert changes(google, first["nextSyncToken"]) == [
        (moved_out, "cancelled"),
        (deleted, "cancelled"),
        (moved_in, "confirmed"),
        (new, "confirmed"),
    ]


def test_what_never_was_in_the_window_is_not_told(google: GoogleMailbox) -> None:
    outside, gone = insert(google, 29), insert(google, 30)
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    move(google, outside, 30)
    google.ask("DELETE", f"{EVENTS}/{gone}")
    insert(google, 1)
    assert changes(google, token) == []


def test_a_later_token_still_has_the_window(google: GoogleMailbox) -> None:
    id = insert(google, 25)
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    token = listed(google, syncToken=token, **SINGLE)["nextSyncToken"]
    insert(google, 29)
    move(google, id, 26)
    assert changes(google, token) == [(id, "confirmed")]


def test_who_came_into_the_window_and_left_it_between_two_readings_is_told_as_gone(
    google: GoogleMailbox,
) -> None:
    id = insert(google, 29)
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    move(google, id, 26)
    move(google, id, 30)
    assert changes(google, token) == [(id, "cancelled")]


def test_a_switch_lets_a_moved_event_come_as_it_is_now(google: GoogleMailbox, turn: Turn) -> None:
    moved, deleted = insert(google, 25), insert(google, 26)
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    move(google, moved, 30)
    google.ask("DELETE", f"{EVENTS}/{deleted}")
    turn(google_moved_out="event")
    assert changes(google, token) == [(moved, "confirmed"), (deleted, "cancelled")]


def test_of_a_cancelled_event_there_is_hardly_more_than_its_id(google: GoogleMailbox) -> None:
    id = insert(google, 25, extendedProperties={"private": {"appointment": "a1"}})
    token = listed(google)["nextSyncToken"]
    google.ask("DELETE", f"{EVENTS}/{id}")
    (item,) = listed(google, syncToken=token)["items"]
    assert set(item) == {"kind", "etag", "id", "status"}


def test_pages_of_a_windows_sync_have_the_same_window(google: GoogleMailbox) -> None:
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    ids = [insert(google, 25) for _ in range(3)]
    insert(google, 29)
    first = listed(google, syncToken=token, maxResults="2", **SINGLE)
    second = listed(google, syncToken=token, maxResults="2", pageToken=first["nextPageToken"], **SINGLE)
    assert [each["id"] for each in first["items"] + second["items"]] == ids
    assert "nextSyncToken" not in first
    assert changes(google, second["nextSyncToken"]) == []


@pytest.mark.parametrize(
    "narrowed", [{"q": "x"}, {"orderBy": "updated"}, {"privateExtendedProperty": "a=b"}, {"iCalUID": "x"}]
)
def test_a_list_that_was_narrowed_otherwise_has_no_token(
    google: GoogleMailbox, narrowed: dict[str, str]
) -> None:
    assert "nextSyncToken" not in listed(google, **narrowed)


def test_a_token_goes_neither_with_a_window_nor_without_deleted_events(google: GoogleMailbox) -> None:
    token = listed(google, **WINDOW, **SINGLE)["nextSyncToken"]
    for other in (WINDOW, {"showDeleted": "false"}):
        answer = google.ask("GET", EVENTS, params={"syncToken": token, **SINGLE, **other})
        assert (answer.status_code, reason(answer)) == (400, "invalidParameter")
    answer = google.ask("GET", EVENTS, params={"syncToken": token})
    assert answer.status_code == 400, "singleEvents has to be as in the first listing"


def test_tokens_of_one_calendar_can_be_made_to_expire(sandbox: Sandbox, google: GoogleMailbox) -> None:
    other = sandbox.add_calendar(google.email, "出張")
    path = f"/calendar/v3/calendars/{other.id}/events"
    mine, others = listed(google)["nextSyncToken"], google.ask("GET", path).json()["nextSyncToken"]
    google.by_hand("POST", "/sync-expirations", {"calendar": google.email})
    gone = google.ask("GET", EVENTS, params={"syncToken": mine})
    assert (gone.status_code, reason(gone)) == (410, "fullSyncRequired")
    assert google.ask("GET", path, params={"syncToken": others}).status_code == 200
    assert changes(google, listed(google, **SINGLE)["nextSyncToken"]) == []


def test_a_token_of_another_calendar_is_none(sandbox: Sandbox, google: GoogleMailbox) -> None:
    other = sandbox.add_calendar(google.email, "出張")
    token = google.ask("GET", f"/calendar/v3/calendars/{other.id}/events").json()["nextSyncToken"]
    assert google.ask("GET", EVENTS, params={"syncToken": token}).status_code == 410
