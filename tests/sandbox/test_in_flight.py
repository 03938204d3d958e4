"""How many requests there are at a time for one mailbox: counted at both vendors, limited at Microsoft."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import AUTH, GoogleMailbox, GraphMailbox, Mailbox
from tests.sandbox.conftest import Fault, new_person


def together(mailbox: Mailbox, path: str, requests: int) -> list[int]:
    """Statuses of that many requests, sent at once."""
    ready = threading.Barrier(requests)

    def ask() -> int:
        ready.wait()
        return mailbox.ask("GET", path).status_code

    with ThreadPoolExecutor(requests) as pool:
        return sorted(each.result() for each in [pool.submit(ask) for _ in range(requests)])


def most(mailbox: Mailbox, id: str = "") -> int:
    counted: dict[str, int] = mailbox.by_hand("GET", "/state.json").json()["in_flight"]
    return counted.get(id or mailbox.email, 0)


def test_google_counts_without_a_limit(google: GoogleMailbox, fault: Fault) -> None:
    fault("google", "slow", delay_s=0.4, mailbox=google.email)
    assert together(google, google.events_path, 6) == [200] * 6
    assert most(google) == 6


def test_microsoft_refuses_the_fifth_and_it_counts_as_one_too_many(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft", "slow", delay_s=0.4, mailbox=graph.email)
    assert together(graph, "/me/events", 5) == [200, 200, 200, 200, 429]
    assert most(graph) == 5


def test_one_full_mailbox_keeps_no_other_waiting(sandbox: Sandbox, graph: GraphMailbox, fault: Fault) -> None:
    other = GraphMailbox(sandbox, new_person(sandbox, "microsoft"))
    fault("microsoft", "slow", delay_s=0.5, mailbox=graph.email)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(together, graph, "/me/events", 4)
        while most(graph) < 4:
            time.sleep(0.01)
        begun = time.monotonic()
        assert other.ask("GET", "/me/events").status_code == 200
        assert time.monotonic() - begun < 0.3
        assert slow.result() == [200] * 4
    assert most(other) == 1
    other.close()


def test_a_room_is_counted_by_itself(sandbox: Sandbox, google: GoogleMailbox) -> None:
    room = sandbox.add_room("会議室", "google", [google.email])
    wide = GoogleMailbox(sandbox, google.email, [f"{AUTH}calendar.events"])
    wide.ask("GET", f"/calendar/v3/calendars/{room.id}/events")
    wide.close()
    assert (most(google), most(google, room.id)) == (0, 1)


def test_counting_can_begin_anew(google: GoogleMailbox) -> None:
    google.insert()
    assert most(google) == 1
    assert google.by_hand("DELETE", "/state.json/in_flight").status_code == 204
    assert google.by_hand("GET", "/state.json").json()["in_flight"] == {}


def test_a_request_that_failed_is_in_flight_no_longer(graph: GraphMailbox, fault: Fault) -> None:
    fault("microsoft", "status", status=503, limit=6, mailbox=graph.email)
    assert [graph.ask("GET", "/me/events").status_code for _ in range(7)] == [503] * 6 + [200]
    assert most(graph) == 1
