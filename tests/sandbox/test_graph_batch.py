"""Graph's batches."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import IMMUTABLE, SHARED, GraphMailbox, graph_event
from tests.sandbox.conftest import Fault


def part(id: str, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": id, "method": method, "url": url, **more}
    if body is not None:
        made = {"body": body, "headers": {"Content-Type": "application/json", "Prefer": IMMUTABLE}} | made
    return made


def batch(graph: GraphMailbox, *parts: dict[str, Any]) -> Any:
    return graph.ask("POST", "/$batch", {"requests": list(parts)})


def statuses(answer: Any) -> dict[str, int]:
    return {each["id"]: each["status"] for each in answer.json()["responses"]}


def in_flight(graph: GraphMailbox, mailbox: str = "") -> int:
    counted: dict[str, int] = graph.by_hand("GET", "/state.json").json()["in_flight"]
    return counted.get(mailbox or graph.email, 0)


def test_a_batch_answers_each_part_by_itself_and_in_no_order(graph: GraphMailbox) -> None:
    id = graph.create().json()["id"]
    answer = batch(
        graph,
        part("1", "POST", "/me/events", graph_event(subject="甲")),
        part("2", "POST", "/me/events", graph_event(showAs="sure")),
        part("3", "DELETE", f"/me/events/{id}"),
        part("4", "POST", "/me/events", graph_event(), headers={}),
    )
    assert answer.status_code == 200
    responses = answer.json()["responses"]
    assert [each["id"] for each in responses] != sorted(each["id"] for each in responses)
    assert statuses(answer) == {"1": 201, "2": 400, "3": 204, "4": 400}
    assert [each["title"] for each in graph.state] == ["甲"]


def test_parts_that_depend_on_one_another_go_one_by_one_until_one_fails(graph: GraphMailbox) -> None:
    id = graph.create().json()["id"]
    answer = batch(
        graph,
        part("1", "DELETE", f"/me/events/{id}"),
        part("2", "GET", f"/me/events/{id}", dependsOn=["1"]),
        part("3", "GET", "/me", dependsOn=["2"]),
        part("4", "GET", "/me", dependsOn=["3"]),
    )
    assert statuses(answer) == {"1": 204, "2": 404, "3": 424, "4": 424}


def test_twenty_parts_one_by_one_are_one_request_in_flight(graph: GraphMailbox) -> None:
    parts = [part("0", "GET", "/me")]
    parts += [part(str(n), "GET", "/me/events", dependsOn=[str(n - 1)]) for n in range(1, 20)]
    assert set(statuses(batch(graph, *parts)).values()) == {200}
    assert in_flight(graph) == 1


def test_of_parts_that_go_together_a_mailbox_takes_four(graph: GraphMailbox) -> None:
    answer = batch(graph, *(part(str(n), "GET", "/me/events") for n in range(5)))
    assert statuses(answer) == {"0": 200, "1": 200, "2": 200, "3": 200, "4": 429}
    (refused,) = (each for each in answer.json()["responses"] if each["status"] == 429)
    assert refused["headers"]["Retry-After"] == "1"
    assert "MailboxConcurrency" in refused["body"]["error"]["message"]
    assert in_flight(graph) == 5
    assert statuses(batch(graph, part("1", "GET", "/me"))) == {"1": 200}, "the four have landed"


def test_parts_for_two_mailboxes_are_counted_by_mailbox(sandbox: Sandbox, graph: GraphMailbox) -> None:
    room = sandbox.add_room("会議室", "microsoft", [graph.email])
    shared = GraphMailbox(sandbox, graph.email, SHARED)
    paths = ["/me/events"] * 4 + [f"/users/{room.id}/events"] * 4
    answer = batch(shared, *(part(str(n), "GET", path) for n, path in enumerate(paths)))
    shared.close()
    assert set(statuses(answer).values()) == {200}
    assert (in_flight(graph), in_flight(graph, room.id)) == (4, 4)


def test_a_slow_batch_stays_in_flight(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft", "slow", delay_s=0.5, mailbox=graph.email, limit=1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(batch, graph, *(part(str(n), "GET", "/me/events") for n in range(4)))
        while in_flight(graph) < 4:
            time.sleep(0.01)
        assert graph.ask("GET", "/me/events").status_code == 429
        assert set(statuses(slow.result()).values()) == {200}
    assert graph.ask("GET", "/me/events").status_code == 200


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [part(str(n), "GET", "/me") for n in range(21)],
        [part("a", "GET", "/me"), part("A", "GET", "/me")],
        [part("a", "FETCH", "/me")],
        [part("a", "GET", "https://graph.microsoft.com/v1.0/me")],
        [part("a", "GET", "/me", dependsOn=["b"])],
        [part("a", "GET", "/me"), part("b", "GET", "/me"), part("c", "GET", "/me", dependsOn=["a", "b"])],
        [part("a", "GET", "/me"), part("b", "GET", "/me", dependsOn=["a"]), part("c", "GET", "/me")],
        [part("a", "GET", "/me", dependsOn=["b"]), part("b", "GET", "/me")],
        [{"id": 1, "method": "GET", "url": "/me"}],
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(graph: GraphMailbox, parts: list[dict[str, Any]]) -> None:
    assert batch(graph, *parts).status_code == 400


def test_a_batch_needs_a_token(sandbox: Sandbox, graph: GraphMailbox) -> None:
    sandbox.expire("microsoft", graph.email)
    assert batch(graph, part("1", "GET", "/me")).status_code == 401
