"""Werkzeug's threaded server, made to keep connections alive, to drop them on request, and to stop entirely.

Werkzeug closes the connection after every answer, as it can't be sure that the body was read. Here the body
is read first, so real clients reuse their connections, as they do with the vendors.
"""

from __future__ import annotations

import io
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
DROP = "sandbox.drop"
"""Set in the environ by an application that wants the connection closed without a byte."""


def listening(port: int) -> socket.socket:
    """Bound on loopback; OSError where the port is taken. 0 is any free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


class Handler(WSGIRequestHandler):
    """One connection. Nothing is logged: the journal has it all."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body(environ))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: object = None
        ) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return io.BytesIO().write

        answer = self.server.app(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        if environ.get(DROP):
            self.close_connection = True
        else:
            self._send(started[0], started[1], body)

    def _body(self, environ: WSGIEnvironment) -> bytes:
        source = environ["wsgi.input"]
        if isinstance(source, DechunkedInput):
            chunks = io.BufferedReader(cast(io.RawIOBase, source)).read()
            environ["CONTENT_LENGTH"] = str(len(chunks))
            return chunks
        return cast(bytes, source.read(int(environ.get("CONTENT_LENGTH") or 0)))

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        names = set()
        for name, value in headers:
            self.send_header(name, value)
            names.add(name.lower())
        if "content-length" not in names and code not in ("204", "304"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Quiet."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Quiet: who speaks no HTTP here is a test of ours."""


class Server(ThreadedWSGIServer):
    """Every connection has a thread; `stop` ends them all and waits for them."""

    def __init__(self, app: WSGIApplication, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._open: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()
        with listening(port) as listener:  # given as fd: werkzeug exits the process where a port is taken
            super().__init__(HOST, port, app, Handler, fd=listener.fileno())
        self.ssl_context = tls
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name=f"sandbox-http-{self.port}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Answers in progress are finished; connections that wait for a next request are closed."""
        if self._thread.ident is None:
            self.server_close()
            return
        self.shutdown()
        self._thread.join()
        with self._guard:
            left = dict(self._open)
        for connection in left.values():
            try:  # not SSLSocket's own, which would lay the encryption down
                socket.socket.shutdown(connection, socket.SHUT_RD)
            except OSError:
                continue
        for thread in left:
            thread.join()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Hands are shaken on the connection's own thread: who is slow at it keeps nobody waiting."""
        connection, address = self.socket.accept()
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="sandbox-connection",
            daemon=True,
        )
        with self._guard:
            self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError | TimeoutError):
            super().handle_error(request, client_address)
