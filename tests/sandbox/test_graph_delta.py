"""Graph's calendarView/delta: a window once, then what has changed in it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import IMMUTABLE, SHARED, GraphMailbox, Json, code, graph_time, tagged

WINDOW = {"startDateTime": "2026-11-25T00:00:00+09:00", "endDateTime": "2026-11-28T00:00:00+09:00"}
VIEW = "/me/calendarView/delta"


def times(day: int) -> Json:
    return {
        "start": graph_time(f"2026-11-{day:02}T10:00:00"),
        "end": graph_time(f"2026-11-{day:02}T11:00:00"),
    }


def create(graph: GraphMailbox, day: int, **fields: Any) -> str:
    return str(graph.create(**times(day), **fields).json()["id"])


def move(graph: GraphMailbox, id: str, day: int) -> None:
    assert graph.ask("PATCH", f"/me/events/{id}", times(day)).status_code == 200


def begun(graph: GraphMailbox, path: str = VIEW, size: int = 50) -> requests.Response:
    prefer = {"Prefer": f"{IMMUTABLE}, odata.maxpagesize={size}"}
    return graph.ask("GET", path, params=WINDOW, headers=prefer)


def follow(graph: GraphMailbox, link: str, size: int = 50) -> requests.Response:
    prefer = {"Prefer": f"{IMMUTABLE}, odata.maxpagesize={size}"}
    return graph.http.get(link, headers=prefer, timeout=10)


def changes(graph: GraphMailbox, link: str) -> list[tuple[str, str]]:
    value = follow(graph, link).json()["value"]
    return [(each["id"], each.get("@removed", {}).get("reason", "")) for each in value]


def test_a_round_reads_the_window_page_by_page_and_ends_with_a_delta_link(graph: GraphMailbox) -> None:
    ids = [create(graph, day) for day in (25, 26, 27)]
    create(graph, 29)
    first = begun(graph, size=2).json()
    assert "@odata.deltaLink" not in first
    assert "$skiptoken=" in first["@odata.nextLink"].replace("%24", "$")
    second = follow(graph, first["@odata.nextLink"], size=2).json()
    assert [each["id"] for each in first["value"] + second["value"]] == ids
    assert "@odata.nextLink" not in second
    assert second["@odata.deltaLink"].startswith(graph.env["GRAPH_ROOT"] + VIEW)
    assert changes(graph, second["@odata.deltaLink"]) == []


def test_later_rounds_tell_what_came_changed_and_went(graph: GraphMailbox) -> None:
    moved_out, deleted, untouched, moved_in = (create(graph, day) for day in (25, 26, 27, 29))
    link = begun(graph).json()["@odata.deltaLink"]
    move(graph, moved_out, 30)
    graph.ask("DELETE", f"/me/events/{deleted}")
    move(graph, moved_in, 26)
    new = create(graph, 27)
    answer = follow(graph, link).json()
    assert [(each["id"], "@removed" in each) for each in answer["value"]] == [
        (moved_out, True),
        (deleted, True),
        (moved_in, False),
        (new, False),
    ]
    assert answer["value"][0] == {"id": moved_out, "@removed": {"reason": "deleted"}}
    assert untouched not in str(answer)
    assert changes(graph, answer["@odata.deltaLink"]) == []


def test_what_never_was_in_the_window_is_not_told(graph: GraphMailbox) -> None:
    outside, gone = create(graph, 29), create(graph, 30)
    link = begun(graph).json()["@odata.deltaLink"]
    move(graph, outside, 30)
    graph.ask("DELETE", f"/me/events/{gone}")
    assert changes(graph, link) == []


def test_an_event_that_one_page_has_shown_is_removed_by_a_later_round(graph: GraphMailbox) -> None:
    ids = [create(graph, 25), create(graph, 26)]
    first = begun(graph, size=1).json()
    late = create(graph, 27)
    rest = follow(graph, first["@odata.nextLink"]).json()
    assert [each["id"] for each in rest["value"]] == [ids[1], late]
    graph.ask("DELETE", f"/me/events/{late}")
    assert changes(graph, rest["@odata.deltaLink"]) == [(late, "deleted")]


def test_a_change_between_two_pages_of_a_later_round_comes_again(graph: GraphMailbox) -> None:
    link = begun(graph).json()["@odata.deltaLink"]
    ids = [create(graph, 25) for _ in range(3)]
    first = follow(graph, link, size=2).json()
    move(graph, ids[0], 26)
    rest = follow(graph, first["@odata.nextLink"], size=2).json()
    assert [each["id"] for each in first["value"] + rest["value"]] == [*ids, ids[0]]


@pytest.mark.parametrize(
    "option",
    [
        {"$select": "subject"},
        {"$expand": "singleValueExtendedProperties($filter=id eq 'x')"},
        {"$filter": "start/dateTime ge '2026-11-25T00:00:00'"},
        {"$orderby": "subject"},
        {"$top": "5"},
    ],
)
def test_nothing_narrows_a_delta(graph: GraphMailbox, option: dict[str, str]) -> None:
    answer = graph.ask("GET", VIEW, params=WINDOW | option)
    assert (answer.status_code, code(answer)) == (400, "ErrorInvalidUrlQuery")
    assert "change tracking" in answer.json()["error"]["message"]


def test_extended_properties_never_come_along(graph: GraphMailbox) -> None:
    create(graph, 25, singleValueExtendedProperties=tagged(appointment="a1"))
    assert "singleValueExtendedProperties" not in begun(graph).text


def test_ids_are_immutable_only_where_that_is_asked_for(graph: GraphMailbox) -> None:
    id = create(graph, 25)
    link = graph.ask("GET", VIEW, params=WINDOW).json()["@odata.deltaLink"]
    graph.ask("DELETE", f"/me/events/{id}")
    assert changes(graph, link) == [(id, "deleted")]
    (other,) = graph.http.get(link, timeout=10).json()["value"]
    assert other["id"] != id


def test_a_delta_needs_its_window_and_a_token_goes_alone(graph: GraphMailbox) -> None:
    assert graph.ask("GET", VIEW).status_code == 400
    reversed_ = {"startDateTime": WINDOW["endDateTime"], "endDateTime": WINDOW["startDateTime"]}
    assert graph.ask("GET", VIEW, params=reversed_).status_code == 400
    link = begun(graph).json()["@odata.deltaLink"]
    assert graph.http.get(link, params=WINDOW, timeout=10).status_code == 400


def gone(answer: requests.Response) -> bool:
    return (answer.status_code, code(answer)) == (410, "SyncStateNotFound")


def test_an_unknown_or_expired_token_is_gone(sandbox: Sandbox, graph: GraphMailbox) -> None:
    create(graph, 25)
    create(graph, 26)
    links = [begun(graph).json()["@odata.deltaLink"], begun(graph, size=1).json()["@odata.nextLink"]]
    assert all(follow(graph, link).ok for link in links)
    assert gone(graph.ask("GET", VIEW, params={"$deltatoken": "nonsense"}))
    graph.by_hand("POST", "/sync-expirations", {"calendar": graph.email})
    assert all(gone(follow(graph, link)) for link in links)
    fresh = begun(graph).json()["@odata.deltaLink"]
    assert changes(graph, fresh) == []
    sandbox.expire_sync()
    assert gone(follow(graph, fresh))


def test_every_calendar_and_every_mailbox_has_its_own_delta(sandbox: Sandbox, graph: GraphMailbox) -> None:
    extra = sandbox.add_calendar(graph.email, "出張")
    room = sandbox.add_room("会議室", "microsoft", [graph.email])
    shared = GraphMailbox(sandbox, graph.email, SHARED)
    roots = [
        "/me",
        "/me/calendar",
        f"/me/calendars/{extra.id}",
        f"/users/{room.id}",
        f"/users/{room.id}/calendar",
    ]
    links = [begun(shared, f"{root}/calendarView/delta").json()["@odata.deltaLink"] for root in roots]
    made = shared.ask("POST", f"/users/{room.id}/events", {"subject": "会議", **times(25)})
    assert made.status_code == 201
    assert [len(changes(shared, link)) for link in links] == [0, 0, 0, 1, 1]
    token = links[0].partition("deltatoken=")[2]
    assert gone(follow(shared, links[2].partition("deltatoken=")[0] + "deltatoken=" + token))
    shared.close()
