"""The load generator, a process of its own: keep-alive connections on loopback, each request sent once.

Reads a Job from standard input, writes a Report to standard output. One thread and raw sockets: it costs some
40 µs a request, a small part of what any of the measured programs needs.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.processes import command, surroundings

CONNECTIONS = 16
MOST_SECONDS = 120.0


class Request(msgspec.Struct, frozen=True):
    """What one request says; the body is JSON."""

    method: str
    path: str
    body: str = ""
    token: str = ""

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json"] if body else []
        lines += [f"Authorization: Bearer {self.token}"] if self.token else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Job(msgspec.Struct, frozen=True):
    port: int
    requests: list[Request]
    connections: int = CONNECTIONS
    seconds: float = MOST_SECONDS


class Report(msgspec.Struct, frozen=True):
    """Answers a second, the time of one in milliseconds, and the first of the answers that were not 2xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    answers: int
    failures: list[str]


class Failed(Exception):
    """Requests were refused or not answered: what was measured is not what was meant."""


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.sent, self._answer, self._length = time.perf_counter(), b"", -1
        self.socket.sendall(request)

    def receive(self) -> int:
        """The status once the whole answer is here; until then 0."""
        part = self.socket.recv(65536)
        self._answer += part
        if self._length < 0 and (end := self._answer.find(b"\r\n\r\n")) >= 0:
            self._length = end + 4 + _content_length(self._answer[:end])
        if not part or 0 <= self._length <= len(self._answer):
            return int(self._answer[9:12] or 599)
        return 0

    @property
    def beginning(self) -> str:
        return self._answer[:600].decode(errors="replace")


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise Failed(f"an answer without a length: {head!r}")


def run(job: Job) -> Report:
    """Send every request as fast as the connections allow."""
    todo = (request.encode() for request in job.requests)
    taken: list[float] = []
    failures: list[str] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for connection, request in zip(
            [Connection(job.port) for _ in range(job.connections)], todo, strict=False
        ):
            connection.send(request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map() and time.perf_counter() - began < job.seconds:
            for key, _ in selector.select(timeout=1):
                _go_on(key.data, selector, todo, taken, failures)
    elapsed = time.perf_counter() - began
    if len(taken) + len(failures) < len(job.requests):
        failures.append(f"{len(taken)} of {len(job.requests)} answered in {elapsed:.0f} s")
    return _report(taken, failures, elapsed)


def _go_on(
    connection: Connection,
    selector: selectors.BaseSelector,
    todo: Iterator[bytes],
    taken: list[float],
    failures: list[str],
) -> None:
    """Take in what came; when the answer is whole, send the next request."""
    status = connection.receive()
    if not status:
        return
    if 200 <= status < 300:
        taken.append(time.perf_counter() - connection.sent)
    else:
        failures.append(connection.beginning)
    request = next(todo, None)
    if request is None or status == 599:
        selector.unregister(connection.socket)
        connection.socket.close()
    else:
        connection.send(request)


def _report(taken: list[float], failures: list[str], elapsed: float) -> Report:
    taken = sorted(taken) or [elapsed]
    p50, p99 = (taken[int(len(taken) * part)] * 1000 for part in (0.5, 0.99))
    return Report(len(taken) / elapsed, p50, p99, len(taken), failures[:3])


def put_load_on(port: int, requests: Sequence[Request], seconds: float = MOST_SECONDS) -> Report:
    """Run the generator as a process; raises Failed when a single answer was not 2xx."""
    job = Job(port, list(requests), seconds=seconds)
    ended = subprocess.run(
        command("benchmarks.load"),
        env=surroundings(),
        input=msgspec.json.encode(job),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + 60,
    )
    report = msgspec.json.decode(ended.stdout, type=Report)
    if report.failures:
        raise Failed("\n".join(report.failures))
    return report


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))))
