"""Google Calendar through google-api-python-client, as the product uses it."""

from __future__ import annotations

from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import END, START, GoogleMailbox, google_event

HOLD = {
    "status": "tentative",
    "visibility": "private",
    "description": "仮の予定です",
    "extendedProperties": {"private": {"appointment": "appointment-1", "candidate": "c1"}},
}


def insert(calendar: Any, **fields: Any) -> dict[str, Any]:
    body = google_event(**fields)
    made: dict[str, Any] = (
        calendar.events().insert(calendarId="primary", body=body, sendUpdates="none").execute()
    )
    return made


def failure(request: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        request.execute()
    details: Any = caught.value.error_details
    return caught.value.resp.status, details[0]["reason"]


def test_a_hold_stands_on_the_calendar_as_it_was_written(calendar: Any, google: GoogleMailbox) -> None:
    made = insert(calendar, id="hold0001", **HOLD)
    assert (made["id"], made["status"], made["start"]["dateTime"]) == ("hold0001", "tentative", START)
    assert google.state == [
        {
            "id": "hold0001",
            "title": "打ち合わせ",
            "start": "2026-11-25T01:00:00+00:00",
            "end": "2026-11-25T02:00:00+00:00",
            "status": "tentative",
            "visibility": "private",
            "body": "仮の予定です",
            "attendees": [],
            "tag": {"appointment": "appointment-1", "candidate": "c1"},
        }
    ]


def test_the_client_refreshes_by_itself_when_its_access_token_has_run_out(
    sandbox: Sandbox, calendar: Any, google: GoogleMailbox
) -> None:
    insert(calendar)
    sandbox.expire("google", google.email)
    insert(calendar)
    assert len(google.state) == 2


def test_a_revoked_consent_fails_with_invalid_grant(
    sandbox: Sandbox, calendar: Any, google: GoogleMailbox
) -> None:
    insert(calendar)
    sandbox.revoke("google", google.email)
    with pytest.raises(RefreshError) as caught:
        insert(calendar)
    assert caught.value.args[1]["error"] == "invalid_grant"
    assert google.ask("GET", google.events_path).status_code == 401


def test_a_used_id_is_refused_even_after_its_event_was_deleted(calendar: Any) -> None:
    events = calendar.events()
    insert(calendar, id="taken0001")
    again = events.insert(calendarId="primary", body=google_event(id="taken0001"))
    assert failure(again) == (409, "duplicate")
    events.delete(calendarId="primary", eventId="taken0001").execute()
    again = events.insert(calendarId="primary", body=google_event(id="taken0001"))
    assert failure(again) == (409, "duplicate")


def test_a_deleted_event_is_told_as_cancelled_and_can_neither_be_deleted_nor_changed(
    calendar: Any, google: GoogleMailbox
) -> None:
    events = calendar.events()
    id = insert(calendar)["id"]
    events.delete(calendarId="primary", eventId=id).execute()
    assert events.get(calendarId="primary", eventId=id).execute()["status"] == "cancelled"
    assert failure(events.delete(calendarId="primary", eventId=id)) == (410, "deleted")
    assert failure(events.patch(calendarId="primary", eventId=id, body={"summary": "x"})) == (
        403,
        "forbidden",
    )
    assert google.state == []


def test_an_unknown_event_is_not_found(calendar: Any) -> None:
    assert failure(calendar.events().get(calendarId="primary", eventId="nothere1")) == (404, "notFound")
    assert failure(calendar.events().delete(calendarId="primary", eventId="nothere1")) == (404, "notFound")


def test_patch_changes_what_is_named_and_update_replaces_all(calendar: Any) -> None:
    events = calendar.events()
    id = insert(calendar, location="東京", **HOLD)["id"]
    body = {"status": "confirmed", "extendedProperties": {"private": {"candidate": None, "round": "1"}}}
    patched = events.patch(calendarId="primary", eventId=id, body=body).execute()
    assert (patched["status"], patched["location"], patched["sequence"]) == ("confirmed", "東京", 0)
    assert patched["extendedProperties"]["private"] == {"appointment": "appointment-1", "round": "1"}
    later = google_event(
        start={"dateTime": "2026-11-26T10:00:00+09:00"}, end={"dateTime": "2026-11-26T11:00:00+09:00"}
    )
    updated = events.update(calendarId="primary", eventId=id, body=later).execute()
    assert updated["sequence"] == 1
    assert "location" not in updated


def test_if_match_refuses_a_change_of_an_older_version(calendar: Any) -> None:
    events = calendar.events()
    made = insert(calendar)
    newer = events.patch(calendarId="primary", eventId=made["id"], body={"summary": "別"}).execute()
    assert newer["etag"] != made["etag"]
    for stale in (
        events.patch(calendarId="primary", eventId=made["id"], body={"summary": "x"}),
        events.delete(calendarId="primary", eventId=made["id"]),
    ):
        stale.headers["If-Match"] = made["etag"]
        assert failure(stale) == (412, "conditionNotMet")
    fresh = events.delete(calendarId="primary", eventId=made["id"])
    fresh.headers["If-Match"] = newer["etag"]
    fresh.execute()


def test_events_are_found_by_their_private_properties(calendar: Any) -> None:
    mine = insert(calendar, **HOLD)["id"]
    insert(calendar, extendedProperties={"private": {"appointment": "appointment-1", "candidate": "c2"}})
    insert(calendar)
    wanted = ["appointment=appointment-1", "candidate=c1"]
    found = calendar.events().list(calendarId="primary", privateExtendedProperty=wanted).execute()
    assert [each["id"] for each in found["items"]] == [mine]
    one = calendar.events().list(calendarId="primary", privateExtendedProperty=wanted[:1]).execute()
    assert len(one["items"]) == 2


def test_a_window_lists_what_overlaps_it_in_order_and_page_by_page(calendar: Any) -> None:
    for day in (27, 25, 26):
        times = ({"dateTime": f"2026-11-{day}T{hour}:00:00+09:00"} for hour in (10, 11))
        insert(calendar, **dict(zip(("start", "end"), times, strict=True)))
    request = calendar.events().list(
        calendarId="primary",
        timeMin="2026-11-25T10:59:00+09:00",
        timeMax="2026-11-27T10:00:00+09:00",
        singleEvents=True,
        orderBy="startTime",
        maxResults=1,
    )
    days = []
    while request is not None:
        page = request.execute()
        days += [each["start"]["dateTime"][8:10] for each in page["items"]]
        request = calendar.events().list_next(request, page)
    assert days == ["25", "26"]


def test_events_are_found_by_what_they_say_and_when_they_changed(calendar: Any) -> None:
    events = calendar.events()

    def found(**question: Any) -> list[str]:
        return [each["id"] for each in events.list(calendarId="primary", **question).execute()["items"]]

    shared = {"shared": {"team": "sales"}}
    one = insert(calendar, summary="見積もりの相談", extendedProperties=shared)
    two = insert(calendar, description="Estimate", iCalUID="two@example.com")
    assert found(q="見積もり") == [one["id"]]
    assert found(q="ESTIMATE") == [two["id"]]
    assert found(iCalUID="two@example.com") == [two["id"]]
    assert found(sharedExtendedProperty="team=sales") == [one["id"]]
    events.delete(calendarId="primary", eventId=one["id"]).execute()
    assert found() == [two["id"]]
    assert set(found(showDeleted=True)) == {one["id"], two["id"]}
    assert found(updatedMin=two["updated"], orderBy="updated") == [two["id"], one["id"]]
    assert found(updatedMin="2099-01-01T00:00:00Z") == []


def test_only_the_fields_asked_for_are_answered(calendar: Any) -> None:
    insert(calendar)
    found = (
        calendar.events()
        .list(calendarId="primary", fields="items(id,start/dateTime),nextPageToken")
        .execute()
    )
    assert [set(each) for each in found["items"]] == [{"id", "start"}]
    assert set(found) == {"items"}


def test_a_sync_token_brings_what_has_changed_since_and_deleted_events_as_cancelled(calendar: Any) -> None:
    events = calendar.events()
    kept, gone = insert(calendar)["id"], insert(calendar)["id"]
    first = events.list(calendarId="primary").execute()
    assert len(first["items"]) == 2
    events.delete(calendarId="primary", eventId=gone).execute()
    new = insert(calendar)["id"]
    second = events.list(calendarId="primary", syncToken=first["nextSyncToken"]).execute()
    assert [(each["id"], each["status"]) for each in second["items"]] == [
        (gone, "cancelled"),
        (new, "confirmed"),
    ]
    third = events.list(calendarId="primary", syncToken=second["nextSyncToken"]).execute()
    assert third["items"] == []
    assert kept not in str(second)


def test_free_busy_merges_what_is_busy_and_leaves_out_what_is_transparent(
    calendar: Any, google: GoogleMailbox
) -> None:
    def at(hour: int) -> dict[str, str]:
        return {"dateTime": f"2026-11-25T{hour}:00:00+09:00"}

    insert(calendar, start=at(10), end=at(11), status="tentative")
    insert(calendar, start=at(11), end=at(12))
    insert(calendar, start=at(13), end=at(14), transparency="transparent")
    body = {
        "timeMin": "2026-11-25T00:00:00+09:00",
        "timeMax": "2026-11-26T00:00:00+09:00",
        "items": [{"id": google.email}, {"id": "somebody@example.com"}],
    }
    answer = calendar.freebusy().query(body=body).execute()["calendars"]
    assert answer[google.email]["busy"] == [{"start": "2026-11-25T01:00:00Z", "end": "2026-11-25T03:00:00Z"}]
    assert answer["somebody@example.com"]["errors"][0]["reason"] == "notFound"


def test_the_calendar_list_knows_the_primary_calendar(calendar: Any, google: GoogleMailbox) -> None:
    entry = calendar.calendarList().get(calendarId="primary").execute()
    assert (entry["id"], entry["primary"]) == (google.email, True)
    assert calendar.calendarList().list().execute()["items"] == [entry]


def test_another_mailbox_does_not_exist_for_this_token(calendar: Any) -> None:
    request = calendar.events().list(calendarId="tanaka@example.com")
    assert failure(request) == (404, "notFound")


def test_a_batch_answers_each_part_by_itself(calendar: Any, google: GoogleMailbox) -> None:
    answers: dict[str, Any] = {}
    events = calendar.events()

    def note(id: str, response: Any, problem: HttpError | None) -> None:
        answers[id] = problem.resp.status if problem else response

    batch = calendar.new_batch_http_request(callback=note)
    batch.add(
        events.insert(calendarId="primary", body=google_event(id="first001", **HOLD)), request_id="made"
    )
    batch.add(events.insert(calendarId="primary", body=google_event(id="first001")), request_id="again")
    batch.add(events.get(calendarId="primary", eventId="nothere1"), request_id="missing")
    batch.add(events.insert(calendarId="primary", body=google_event(id="gone00001")), request_id="short")
    batch.add(events.delete(calendarId="primary", eventId="gone00001"), request_id="deleted")
    batch.execute()
    assert (answers["again"], answers["missing"], answers["deleted"]) == (409, 404, "")
    assert answers["made"]["summary"] == "打ち合わせ"
    assert [each["id"] for each in google.state] == ["first001"]


def test_a_batch_takes_fifty_parts_and_no_more_and_is_one_request(
    calendar: Any, google: GoogleMailbox
) -> None:
    def batch(parts: int) -> Any:
        made = calendar.new_batch_http_request()
        for _ in range(parts):
            made.add(calendar.events().get(calendarId="primary", eventId="nothere1"))
        return made

    batch(50).execute()
    with pytest.raises(HttpError) as caught:
        batch(51).execute()
    assert caught.value.resp.status == 400
    rows = google.http.get(f"{google.sandbox.url}/state.json", timeout=10).json()["requests"]
    mine = [row for row in rows if row["mailbox"] == google.email and row["path"] == "/batch/calendar/v3"]
    assert [(row["status"], row.get("parts")) for row in mine] == [(200, 50), (400, None)]


def test_who_has_not_consented_to_writing_may_not_write(sandbox: Sandbox, google: GoogleMailbox) -> None:
    google.refresh_token = sandbox.grant(
        "google", google.email, ["https://www.googleapis.com/auth/calendar.freebusy"]
    )
    google.sign_in()
    answer = google.insert()
    assert answer.status_code == 403
    assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"


def test_end_of_the_day_is_not_part_of_it(calendar: Any) -> None:
    insert(calendar, start={"date": "2026-11-25"}, end={"date": "2026-11-26"})
    found = calendar.events().list(calendarId="primary", timeMin=f"{END[:10]}T23:00:00+09:00").execute()
    after = calendar.events().list(calendarId="primary", timeMin="2026-11-26T00:00:00+09:00").execute()
    assert (len(found["items"]), len(after["items"])) == (1, 0)
