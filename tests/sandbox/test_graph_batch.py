"""Graph's batches."""

from __future__ import annotations

from typing import Any

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import IMMUTABLE, GraphMailbox, graph_event


def part(id: str, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": id, "method": method, "url": url, **more}
    if body is not None:
        made = {"body": body, "headers": {"Content-Type": "application/json", "Prefer": IMMUTABLE}} | made
    return made


def batch(graph: GraphMailbox, *parts: dict[str, Any]) -> Any:
    return graph.ask("POST", "/$batch", {"requests": list(parts)})


def test_a_batch_answers_each_part_by_itself_and_in_no_order(graph: GraphMailbox) -> None:
    id = graph.create().json()["id"]
    answer = batch(
        graph,
        part("1", "POST", "/me/events", graph_event(subject="甲")),
        part("2", "POST", "/me/events", graph_event(showAs="sure")),
        part("3", "DELETE", f"/me/events/{id}"),
        part("4", "GET", f"/me/events/{id}", dependsOn=["3"]),
        part("5", "GET", "/me/events?$top=1", dependsOn=["4"]),
        part("6", "POST", "/me/events", graph_event(), headers={}),
    )
    assert answer.status_code == 200
    responses = answer.json()["responses"]
    assert [each["id"] for each in responses] != sorted(each["id"] for each in responses)
    statuses = {each["id"]: each["status"] for each in responses}
    assert statuses == {"1": 201, "2": 400, "3": 204, "4": 404, "5": 424, "6": 400}
    assert [each["title"] for each in graph.state] == ["甲"]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [part(str(n), "GET", "/me") for n in range(21)],
        [part("a", "GET", "/me"), part("A", "GET", "/me")],
        [part("a", "FETCH", "/me")],
        [part("a", "GET", "https://graph.microsoft.com/v1.0/me")],
        [part("a", "GET", "/me", dependsOn=["b"])],
        [{"id": 1, "method": "GET", "url": "/me"}],
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(graph: GraphMailbox, parts: list[dict[str, Any]]) -> None:
    assert batch(graph, *parts).status_code == 400


def test_a_batch_needs_a_token(sandbox: Sandbox, graph: GraphMailbox) -> None:
    sandbox.expire("microsoft", graph.email)
    assert batch(graph, part("1", "GET", "/me")).status_code == 401
