"""An endpoint for webhooks that keeps what it is sent, and answers as a test wishes."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request as it came in: header names in lower case, the raw body, and what is in it."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.raw)
        return read

    @property
    def object(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["payload"]["object"]
        return found

    def is_signed_by(self, secret: str) -> bool:
        """By Zoom's own description: v0={timestamp}:{raw body} under HMAC-SHA256."""
        message = b"v0:" + self.headers["x-zm-request-timestamp"].encode() + b":" + self.raw
        wanted = "v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        return self.headers["x-zm-signature"] == wanted


class Listener:
    """`statuses` are answered in turn, the last for ever; `secret` is what url_validation is answered by."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.statuses = [200]
        self.delay_s = 0.0
        self.secret = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append(Heard({name.lower(): value for name, value in self.headers.items()}, raw))
                time.sleep(outer.delay_s)
                self.send_response(outer.statuses.pop(0) if len(outer.statuses) > 1 else outer.statuses[0])
                answer = outer.answer(outer.heard[-1].body)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/zoom?x=1"

    def answer(self, body: dict[str, Any]) -> bytes:
        if body["event"] != "endpoint.url_validation":
            return b""
        plain = body["payload"]["plainToken"]
        digest = hmac.new(self.secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        return json.dumps({"plainToken": plain, "encryptedToken": digest}).encode()

    def wait(self, count: int, patience_s: float = 5.0) -> list[Heard]:
        """What was heard, once it is that many."""
        until = time.monotonic() + patience_s
        while len(self.heard) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.heard) == count, [each.body["event"] for each in self.heard]
        return self.heard

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
