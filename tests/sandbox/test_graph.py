"""Microsoft Graph's calendar."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import IMMUTABLE, GraphMailbox, code, graph_time, property_id, tagged
from tests.sandbox.conftest import Fault, Turn, new_person

HOLD = {
    "showAs": "tentative",
    "sensitivity": "private",
    "body": {"contentType": "text", "content": "仮の予定です"},
}


def test_a_hold_stands_on_the_calendar_as_it_was_written(graph: GraphMailbox) -> None:
    answer = graph.create(**HOLD, singleValueExtendedProperties=tagged(appointment="a1", candidate="c1"))
    assert answer.status_code == 201
    assert graph.state == [
        {
            "id": answer.json()["id"],
            "title": "打ち合わせ",
            "start": "2026-11-25T01:00:00+00:00",
            "end": "2026-11-25T02:00:00+00:00",
            "status": "tentative",
            "visibility": "private",
            "body": "仮の予定です",
            "attendees": [],
            "tag": {"appointment": "a1", "candidate": "c1"},
        }
    ]


def test_times_are_answered_in_utc_or_in_the_zone_that_is_preferred(graph: GraphMailbox) -> None:
    id = graph.create().json()["id"]
    assert graph.ask("GET", f"/me/events/{id}").json()["start"] == graph_time(
        "2026-11-25T01:00:00.0000000", "UTC"
    )
    for zone in ("Tokyo Standard Time", "Asia/Tokyo"):
        preferred = {"Prefer": f'outlook.timezone="{zone}", {IMMUTABLE}'}
        answer = graph.ask("GET", f"/me/events/{id}", headers=preferred).json()
        assert (answer["start"], answer["id"]) == (graph_time("2026-11-25T10:00:00.0000000", zone), id)
    odd = graph.ask("GET", f"/me/events/{id}", headers={"Prefer": 'outlook.timezone="Mars"'})
    assert odd.status_code == 400


def test_ids_differ_for_who_forgets_to_ask_for_immutable_ones(graph: GraphMailbox) -> None:
    immutable = graph.create().json()["id"]
    other = graph.ask("GET", "/me/events").json()["value"][0]["id"]
    assert other != immutable
    for id in (other, immutable):
        assert graph.ask("GET", f"/me/events/{id}", headers={"Prefer": IMMUTABLE}).json()["id"] == immutable


@pytest.mark.parametrize(
    "fields",
    [
        {"start": None},
        {"end": None},
        {"start": "2026-11-25T10:00:00"},
        {"start": {"dateTime": "2026-11-25T10:00:00"}},
        {"start": graph_time("2026-11-25T10:00:00+09:00")},
        {"start": graph_time("2026-11-25T01:00:00Z", "UTC")},
        {"start": graph_time("25.11.2026 10:00")},
        {"start": graph_time("2026-11-25T10:00:00", "Mars Standard Time")},
        {"start": graph_time("2026-11-25T11:00:00")},
        {"start": graph_time("2026-11-25T12:00:00")},
        {"showAs": "confirmed"},
        {"sensitivity": "public"},
        {"importance": "urgent"},
        {"subject": 1},
        {"isAllDay": True},
        {"summary": "Google's word for it"},
        {"id": "mine"},
        {"body": {"contentType": "markdown", "content": "x"}},
        {"body": "text"},
        {"attendees": [{"emailAddress": {"name": "山田"}}]},
        {"attendees": [{"emailAddress": {"address": f"a{n}@example.com"}} for n in range(501)]},
        {"singleValueExtendedProperties": [{"id": "String Name appointment", "value": "a1"}]},
        {"singleValueExtendedProperties": [{"id": property_id("appointment"), "value": 1}]},
        {"recurrence": {"pattern": {}}},
    ],
)
def test_an_event_that_graph_would_not_take_is_refused(graph: GraphMailbox, fields: dict[str, Any]) -> None:
    answer = graph.create(**fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]
    assert graph.state == []


def test_a_long_subject_is_cut_without_a_word(graph: GraphMailbox) -> None:
    assert len(graph.create(subject="長" * 300).json()["subject"]) == 255


def test_extended_properties_are_answered_only_when_expanded(graph: GraphMailbox) -> None:
    made = graph.create(singleValueExtendedProperties=tagged(appointment="a1", candidate="c1")).json()
    assert "singleValueExtendedProperties" not in made
    expand = f"singleValueExtendedProperties($filter=id eq '{property_id('candidate')}')"
    answer = graph.ask("GET", f"/me/events/{made['id']}", params={"$expand": expand}).json()
    assert answer["singleValueExtendedProperties"] == tagged(candidate="c1")


def by_tag(name: str, value: str) -> str:
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{property_id(name)}' and ep/value eq '{value}')"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (by_tag("appointment", "a1"), 2),
        (by_tag("appointment", "A1"), 2),
        (by_tag("Appointment", "a1"), 0),
        (by_tag("appointment", "a1") + " and " + by_tag("candidate", "c1"), 1),
        (by_tag("appointment", "a1") + " and start/dateTime ge '2026-11-26T00:00:00'", 0),
        ("start/dateTime lt '2026-11-26T00:00:00' and end/dateTime gt '2026-11-25T01:30:00Z'", 3),
    ],
)
def test_events_are_found_by_their_properties_and_times(graph: GraphMailbox, wanted: str, found: int) -> None:
    for candidate in ("c1", "c2"):
        graph.create(singleValueExtendedProperties=tagged(appointment="a1", candidate=candidate))
    graph.create()
    for path in ("/me/events", "/me/calendar/events"):
        answer = graph.ask("GET", path, params={"$filter": wanted})
        assert len(answer.json()["value"]) == found


@pytest.mark.parametrize(
    "parameters",
    [
        {"$filter": "subject eq 'x'"},
        {"$filter": "start/dateTime ge 'soon'"},
        {"$filter": by_tag("appointment", "a1") + " or " + by_tag("candidate", "c1")},
        {"$expand": "attachments"},
        {"$orderby": "body"},
        {"$top": "0"},
        {"$top": "1001"},
        {"$search": "x"},
    ],
)
def test_a_question_that_the_sandbox_does_not_understand_is_refused(
    graph: GraphMailbox, parameters: dict[str, str]
) -> None:
    assert graph.ask("GET", "/me/events", params=parameters).status_code == 400


def test_a_view_lists_a_window_page_by_page(graph: GraphMailbox) -> None:
    for day in (27, 25, 26, 24):
        graph.create(start=graph_time(f"2026-11-{day}T10:00:00"), end=graph_time(f"2026-11-{day}T11:00:00"))
    window = {
        "startDateTime": "2026-11-25T01:30:00Z",
        "endDateTime": "2026-11-28T00:00:00+09:00",
        "$select": "start,subject",
        "$orderby": "start/dateTime desc",
        "$top": "2",
    }
    first = graph.ask("GET", "/me/calendarView", params=window, headers={"Prefer": IMMUTABLE}).json()
    second = graph.http.get(first["@odata.nextLink"], timeout=10).json()
    days = [each["start"]["dateTime"][8:10] for each in first["value"] + second["value"]]
    assert days == ["27", "26", "25"]
    assert set(first["value"][0]) == {"@odata.etag", "id", "start", "subject"}
    assert "@odata.nextLink" not in second


def test_a_view_needs_its_window(graph: GraphMailbox) -> None:
    assert graph.ask("GET", "/me/calendarView").status_code == 400
    reversed_ = {"startDateTime": "2026-11-26T00:00:00Z", "endDateTime": "2026-11-25T00:00:00Z"}
    assert graph.ask("GET", "/me/calendarView", params=reversed_).status_code == 400


def test_a_change_keeps_what_it_does_not_name(graph: GraphMailbox) -> None:
    made = graph.create(**HOLD, singleValueExtendedProperties=tagged(appointment="a1", candidate="c1")).json()
    answer = graph.ask("PATCH", f"/me/events/{made['id']}", {"showAs": "busy", "subject": "確定"})
    assert (answer.status_code, answer.json()["sensitivity"]) == (200, "private")
    assert answer.json()["@odata.etag"] != made["@odata.etag"]
    (entry,) = graph.state
    assert (entry["status"], entry["title"], entry["tag"]["candidate"]) == ("confirmed", "確定", "c1")


def test_if_match_refuses_a_change_of_an_older_version(graph: GraphMailbox) -> None:
    made = graph.create().json()
    path, stale = f"/me/events/{made['id']}", {"If-Match": made["@odata.etag"]}
    assert graph.ask("PATCH", path, {"subject": "別"}, headers=stale).status_code == 200
    assert graph.ask("PATCH", path, {"subject": "x"}, headers=stale).status_code == 412
    assert graph.ask("DELETE", path, headers=stale).status_code == 412
    assert graph.ask("DELETE", path, headers={"If-Match": "*"}).status_code == 204


def test_a_deleted_event_is_not_found(graph: GraphMailbox) -> None:
    path = f"/me/events/{graph.create().json()['id']}"
    assert graph.ask("DELETE", path).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"subject": "x"}), ("DELETE", None)):
        answer = graph.ask(method, path, body)
        assert (answer.status_code, code(answer)) == (404, "ErrorItemNotFound")


def test_a_repeated_transaction_is_answered_as_the_switch_says(graph: GraphMailbox, turn: Turn) -> None:
    first = graph.create(transactionId="t1").json()
    same = graph.create(transactionId="t1")
    assert (same.status_code, same.json()["id"]) == (201, first["id"])
    turn(graph_duplicate="bad_request")
    refused = graph.create(transactionId="t1")
    assert (refused.status_code, code(refused)) == (400, "ErrorDuplicateTransactionId")
    assert refused.json()["error"]["@event.existingEventId"] == first["id"]
    turn(graph_duplicate="conflict")
    assert graph.create(transactionId="t1").status_code == 409
    assert graph.create(transactionId="t2").status_code == 201
    assert len(graph.state) == 2


def test_a_transaction_id_is_set_at_creation_only(graph: GraphMailbox) -> None:
    id = graph.create(transactionId="t1").json()["id"]
    assert graph.ask("PATCH", f"/me/events/{id}", {"transactionId": "t2"}).status_code == 400


def test_a_deleted_events_transaction_brings_nothing_back(graph: GraphMailbox) -> None:
    id = graph.create(transactionId="t1").json()["id"]
    graph.ask("DELETE", f"/me/events/{id}")
    assert graph.create(transactionId="t1").status_code == 400
    assert graph.state == []


def test_an_event_with_attendees_mails_them_every_time(graph: GraphMailbox) -> None:
    guest = f"guest-of-{graph.email}"
    id = graph.create(attendees=[{"emailAddress": {"address": guest}, "type": "required"}]).json()["id"]
    graph.ask("PATCH", f"/me/events/{id}", {"subject": "別"})
    graph.ask("DELETE", f"/me/events/{id}")
    mails = graph.http.get(f"{graph.sandbox.url}/state.json", timeout=10).json()["mails"]
    subjects = [each["subject"] for each in mails if each["to"] == guest]
    assert subjects == ["打ち合わせ", "Updated: 別", "Canceled: 別"]


def schedule(graph: GraphMailbox, **changes: Any) -> Any:
    body = {
        "schedules": [graph.email],
        "startTime": graph_time("2026-11-25T10:00:00"),
        "endTime": graph_time("2026-11-25T14:00:00"),
        "availabilityViewInterval": 60,
    }
    return graph.ask("POST", "/me/calendar/getSchedule", body | changes)


def test_a_schedule_tells_who_is_busy_when(sandbox: Sandbox, graph: GraphMailbox) -> None:
    graph.create(**HOLD)
    for hour, status in ((11, "free"), (12, "oof")):
        times = (graph_time(f"2026-11-25T{each}:00:00") for each in (hour, hour + 1))
        graph.create(showAs=status, **dict(zip(("start", "end"), times, strict=True)))
    colleague = new_person(sandbox, "microsoft")
    answer = schedule(graph, schedules=[graph.email, colleague, "nobody@example.com"]).json()["value"]
    assert answer[0]["availabilityView"] == "1030"
    items = answer[0]["scheduleItems"]
    assert [(each["status"], "subject" in each) for each in items] == [
        ("tentative", False),
        ("free", True),
        ("oof", True),
    ]
    assert (answer[1]["scheduleItems"], answer[1]["availabilityView"]) == ([], "0000")
    assert answer[2]["error"]["responseCode"] == "ErrorMailRecipientNotFound"


@pytest.mark.parametrize(
    "changes",
    [
        {"schedules": []},
        {"schedules": [f"s{n}@example.com" for n in range(21)]},
        {"endTime": graph_time("2027-01-26T10:00:00")},
        {"endTime": graph_time("2026-11-25T10:00:00")},
        {"startTime": "2026-11-25T10:00:00"},
        {"availabilityViewInterval": 4},
        {"Schedules": []},
    ],
)
def test_a_schedule_has_its_limits(graph: GraphMailbox, changes: dict[str, Any]) -> None:
    assert schedule(graph, **changes).status_code == 400


def test_a_fifth_request_at_once_for_one_mailbox_is_throttled(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft", "slow", delay_s=0.4, mailbox=graph.email)
    together = threading.Barrier(5)

    def read() -> int:
        together.wait()
        return graph.ask("GET", "/me/events").status_code

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(each.result() for each in [pool.submit(read) for _ in range(5)])
    assert statuses == [200, 200, 200, 200, 429]


def test_who_am_i(graph: GraphMailbox) -> None:
    answer = graph.ask("GET", "/me", params={"$select": "mail"}).json()
    assert answer["mail"] == graph.email
    assert set(answer) == {"id", "mail"}


def test_without_a_live_token_nothing_is_answered(sandbox: Sandbox, graph: GraphMailbox) -> None:
    sandbox.revoke("microsoft", graph.email)
    answer = graph.ask("GET", "/me/events")
    assert (answer.status_code, code(answer)) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize("path", ["/me/messages", "/users/suzuki@example.com/messages", "/me/events/delta/x"])
def test_other_paths_are_not_found_in_graphs_way(graph: GraphMailbox, path: str) -> None:
    answer = graph.ask("GET", path)
    assert (answer.status_code, code(answer)) == (404, "ResourceNotFound")


def test_another_version_of_the_api_is_not_found_either(graph: GraphMailbox) -> None:
    answer = graph.http.get(f"{graph.sandbox.url}/graph/beta/me", timeout=10)
    assert (answer.status_code, code(answer)) == (404, "ResourceNotFound")


def test_a_body_is_json_and_says_so(graph: GraphMailbox) -> None:
    url = graph.env["GRAPH_ROOT"] + "/me/events"
    assert (
        graph.http.post(url, data=b"{", headers={"Content-Type": "application/json"}, timeout=10).status_code
        == 400
    )
    assert graph.http.post(url, data=b"{}", timeout=10).status_code == 415
