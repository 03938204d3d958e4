"""The server in this process: a stop finishes what it has begun."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from chouseiapo.web.server import Server

LARGE = b"x" * 8_000_000
released = threading.Event()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    if environ["PATH_INFO"] == "/waits-for-a-network":
        released.wait(timeout=30)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(LARGE)))])
    return [LARGE]


@pytest.fixture
def server() -> Iterator[tuple[Server, threading.Thread]]:
    made = Server(application, "127.0.0.1", 0)
    running = threading.Thread(target=made.run)
    running.start()
    yield made, running
    made.stop()
    running.join()


def test_a_large_answer_in_flight_arrives_whole(server: tuple[Server, threading.Thread]) -> None:
    made, running = server
    with socket.create_connection(("127.0.0.1", made.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = client.recv(1000)
        made.stop()
        while part := client.recv(100_000):
            got += part
            time.sleep(0.001)
    running.join(timeout=20)
    assert got.endswith(LARGE)


def test_a_request_being_worked_on_is_answered(server: tuple[Server, threading.Thread]) -> None:
    made, _ = server
    answers: list[int] = []
    url = f"http://127.0.0.1:{made.port}/slow"
    asking = threading.Thread(target=lambda: answers.append(len(requests.get(url, timeout=20).content)))
    asking.start()
    time.sleep(0.2)
    made.stop()
    asking.join()
    assert answers == [len(LARGE)]


def test_an_idle_kept_connection_does_not_hold_up_the_end(server: tuple[Server, threading.Thread]) -> None:
    made, running = server
    with socket.create_connection(("127.0.0.1", made.port)):
        time.sleep(0.1)
        made.stop()
        running.join(timeout=5)
    assert not running.is_alive()


def test_who_waits_for_a_network_holds_nobody_up(server: tuple[Server, threading.Thread]) -> None:
    made, _ = server
    released.clear()
    waiting = threading.Thread(
        target=lambda: requests.get(f"http://127.0.0.1:{made.port}/waits-for-a-network", timeout=40)
    )
    waiting.start()
    time.sleep(0.2)
    answered = requests.get(f"http://127.0.0.1:{made.port}/", timeout=20)
    assert answered.ok
    assert waiting.is_alive()
    released.set()
    waiting.join()
