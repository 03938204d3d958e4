"""A small proxy in front of a real server: it notes what passes, and may lose it or answer in its place."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass
class Fault:
    """kind: drop_before, drop_after (the server has done it), status, or edit (what the server says).
    limit: how often.
    """

    kind: str
    limit: int | None = None
    method: str = ""
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    path: str = ""
    edit: Callable[[str], str] = str
    without: str = ""

    def meets(self, method: str, path: str) -> bool:
        return self.limit != 0 and self.method in ("", method) and self.path in path


@dataclass
class Passed:
    """A request that came; header names in lower case. `status` is what was answered, 0 for nothing."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int = 0


class Proxy:
    """To a server on a port of loopback; itself on another."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.faults: list[Fault] = []
        self.passed: list[Passed] = []
        handler = type("Handler", (_Handler,), {"proxy": self, "behind": port})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.meets(method, path):
                fault.limit = fault.limit - 1 if fault.limit is not None else None
                return fault
        return None

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[Proxy]
    behind: ClassVar[int]
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        """Every method is passed on."""
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lowered = {name.lower(): value for name, value in self.headers.items()}
        noted = Passed(self.command, self.path, lowered, body.decode())
        self.proxy.passed.append(noted)
        fault = self.proxy.fault_for(self.command, self.path)
        if fault and fault.kind == "drop_before":
            return self._hang_up()
        if fault and fault.kind == "status":
            noted.status = fault.status
            return self._answer(fault.status, dict(fault.headers), fault.body.encode())
        status, headers, said = self._ask(body, plain=fault is not None)
        if fault and fault.kind == "drop_after":
            return self._hang_up()
        if fault and fault.kind == "edit":
            headers = {name: value for name, value in headers.items() if name.lower() != fault.without}
            said = fault.edit(said.decode()).encode()
        noted.status = status
        return self._answer(status, headers, said)

    def _ask(self, body: bytes, plain: bool) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=10)
        try:
            # An answer that is to be edited has to be readable.
            sent = {n: v for n, v in self.headers.items() if not plain or n.lower() != "accept-encoding"}
            connection.request(self.command, self.path, body, sent)
            answer = connection.getresponse()
            kept = {n: v for n, v in answer.getheaders() if n.lower() not in HOP}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Into no test's output."""
