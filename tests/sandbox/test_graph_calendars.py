"""Several calendars in one Microsoft account, and those of others that were shared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import IMMUTABLE, SHARED, START, GraphMailbox, code, graph_event
from tests.sandbox.conftest import new_person

HEADERS = {"Prefer": IMMUTABLE}
WINDOW = {"startDateTime": START, "endDateTime": "2026-11-26T00:00:00+09:00"}


@pytest.fixture
def shared(graph: GraphMailbox) -> Iterator[GraphMailbox]:
    """The same person, with a consent to calendars that others have shared."""
    mailbox = GraphMailbox(graph.sandbox, graph.email, SHARED)
    yield mailbox
    mailbox.close()


def calendars(graph: GraphMailbox, **parameters: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = graph.ask("GET", "/me/calendars", params=parameters).json()["value"]
    return found


def test_the_list_begins_with_the_default_calendar(sandbox: Sandbox, graph: GraphMailbox) -> None:
    own = sandbox.add_calendar(graph.email, "出張")
    others = sandbox.add_calendar(graph.email, "会社の予定", "reader")
    found = calendars(graph)
    assert [(each["name"], each["isDefaultCalendar"], each["canEdit"]) for each in found] == [
        ("Calendar", True, True),
        ("出張", False, True),
        ("会社の予定", False, False),
    ]
    assert [each["id"] for each in found[1:]] == [own.id, others.id]
    assert not any("@" in str(each["id"]) for each in found)
    assert found[0]["owner"] == {"name": "試験", "address": graph.email}
    assert graph.ask("GET", "/me/calendar").json()["id"] == found[0]["id"]
    assert graph.ask("GET", f"/me/calendars/{own.id}").json()["name"] == "出張"


def test_the_list_comes_page_by_page(sandbox: Sandbox, graph: GraphMailbox) -> None:
    for n in range(11):
        sandbox.add_calendar(graph.email, f"予定{n}")
    first = graph.ask("GET", "/me/calendars").json()
    second = graph.http.get(first["@odata.nextLink"], timeout=10).json()
    assert (len(first["value"]), len(second["value"]), "@odata.nextLink" in second) == (10, 2, False)
    assert set(calendars(graph, **{"$select": "name"})[0]) == {"id", "name"}


def test_events_of_a_further_calendar_stand_there(sandbox: Sandbox, graph: GraphMailbox) -> None:
    other = sandbox.add_calendar(graph.email, "出張")
    root = f"/me/calendars/{other.id}"
    made = graph.ask("POST", f"{root}/events", graph_event(), headers=HEADERS)
    id = made.json()["id"]
    assert (made.status_code, graph.state, len(graph.standing(other.id))) == (201, [], 1)
    assert graph.ask("GET", "/me/events").json()["value"] == []
    for path in (f"{root}/events", f"{root}/calendarView"):
        query = WINDOW if path.endswith("View") else {}
        (found,) = graph.ask("GET", path, params=query, headers=HEADERS).json()["value"]
        assert found["id"] == id
    assert graph.ask("PATCH", f"{root}/events/{id}", {"subject": "別"}).status_code == 200
    assert graph.ask("GET", f"/me/events/{id}").json()["subject"] == "別", "ids are the mailbox's"
    assert graph.ask("DELETE", f"/me/events/{id}").status_code == 204
    assert graph.standing(other.id) == []


def test_the_default_calendar_is_found_by_its_id_too(graph: GraphMailbox) -> None:
    id = calendars(graph)[0]["id"]
    assert graph.ask("POST", f"/me/calendars/{id}/events", graph_event()).status_code == 201
    assert len(graph.state) == 1


def test_calendars_of_others_need_the_shared_scope(
    sandbox: Sandbox, graph: GraphMailbox, shared: GraphMailbox
) -> None:
    other = sandbox.add_calendar(graph.email, "部の予定", "writer")
    path = f"/me/calendars/{other.id}/events"
    refused = graph.ask("POST", path, graph_event())
    assert (refused.status_code, code(refused)) == (403, "ErrorAccessDenied")
    assert graph.ask("GET", path).status_code == 403
    assert shared.ask("POST", path, graph_event()).status_code == 201
    assert shared.ask("POST", "/me/events", graph_event()).status_code == 201, "its own are open as well"


def test_who_may_only_read_writes_nothing(sandbox: Sandbox, shared: GraphMailbox) -> None:
    other = sandbox.add_calendar(shared.email, "会社の予定", "reader")
    path = f"/me/calendars/{other.id}/events"
    assert shared.ask("GET", path).status_code == 200
    assert shared.ask("POST", path, graph_event()).status_code == 403
    assert shared.standing(other.id) == []


def test_a_mailbox_is_reached_by_its_address(
    sandbox: Sandbox, graph: GraphMailbox, shared: GraphMailbox
) -> None:
    colleague = new_person(sandbox, "microsoft")
    root = f"/users/{colleague}"
    assert shared.ask("GET", f"{root}/events").status_code == 404
    sandbox.add_calendar(shared.email, "", "writer", colleague)
    id = shared.ask("POST", f"{root}/calendar/events", graph_event(), headers=HEADERS).json()["id"]
    assert [each["id"] for each in shared.standing(colleague)] == [id]
    assert len(shared.ask("GET", f"{root}/calendarView", params=WINDOW).json()["value"]) == 1
    assert shared.ask("PATCH", f"{root}/events/{id}", {"showAs": "busy"}).status_code == 200
    assert shared.ask("GET", f"/me/events/{id}").status_code == 404, "it stands in another mailbox"
    assert graph.ask("GET", f"{root}/events").status_code == 403, "without the scope"
    assert shared.ask("DELETE", f"{root}/events/{id}").status_code == 204


def test_ones_own_mailbox_needs_no_further_scope(graph: GraphMailbox) -> None:
    assert graph.ask("POST", f"/users/{graph.email}/events", graph_event()).status_code == 201
    assert len(graph.state) == 1


@pytest.mark.parametrize("user", ["nobody@example.com", "tanaka@example.com"])
def test_an_unknown_mailbox_is_told_to_be_one(shared: GraphMailbox, user: str) -> None:
    answer = shared.ask("GET", f"/users/{user}/events")
    assert (answer.status_code, code(answer)) == (404, "ErrorInvalidUser")


def test_an_unknown_calendar_is_not_found(sandbox: Sandbox, graph: GraphMailbox) -> None:
    foreign = sandbox.add_calendar(new_person(sandbox, "microsoft"), "私用")
    for id in ("none", foreign.id):
        answer = graph.ask("GET", f"/me/calendars/{id}/events")
        assert (answer.status_code, code(answer)) == (404, "ErrorItemNotFound")


def test_a_consent_to_reading_does_not_write(sandbox: Sandbox) -> None:
    graph = GraphMailbox(sandbox, new_person(sandbox, "microsoft"), ["User.Read", "Calendars.Read"])
    assert graph.ask("GET", "/me/calendars").status_code == 200
    assert graph.ask("POST", "/me/events", graph_event()).status_code == 403
    graph.close()
