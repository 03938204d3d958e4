"""waitress in this process, with an end that finishes what it has begun.

waitress' own `run` cuts off answers that are still being sent when the process is told to stop; here the loop
takes no new connection, and goes on until every request under way is answered and flushed.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import waitress
from waitress import wasyncore

DRAIN_S = 20.0


class Server:
    """One listening socket; `run` blocks until `stop` is called (from a signal handler or another thread)."""

    def __init__(self, app: Any, host: str, port: int, *, threads: int = 16, trusted_proxy: str = "") -> None:
        options: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
        if trusted_proxy:
            options |= {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": _FORWARDED}
        self._server: Any = waitress.create_server(
            app, host=host, port=port, threads=threads, ident="", connection_limit=1000, **options
        )
        self.port = int(self._server.effective_port)
        self._stopping = threading.Event()

    def run(self) -> None:
        self._loop(lambda: not self._stopping.is_set())
        self._server.accepting = False
        deadline = time.monotonic() + DRAIN_S
        self._loop(lambda: self._under_way() and time.monotonic() < deadline)
        self._server.task_dispatcher.shutdown()
        # Closing by hand frees the buffers of idle keep-alive connections.
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()

    def stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._server.pull_trigger()

    def _loop(self, going_on: Any) -> None:
        while going_on():
            wasyncore.loop(timeout=0.5, map=self._server._map, count=1)

    def _under_way(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(c.requests or c.request is not None or c.total_outbufs_len for c in channels)


_FORWARDED = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
