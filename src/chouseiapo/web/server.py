"""waitress in this process, with an end that finishes what it has begun.

waitress' own `run` cuts off answers that are still being sent when the process is told to stop; here the loop
takes no new connection, and goes on until every request under way is answered and flushed.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import waitress
from waitress import wasyncore

DRAIN_S = 20.0
# How long a request waits for its turn before it works beside the one that has it.
TURN_S = 0.1


class Server:
    """One listening socket; `run` blocks until `stop` is called (from a signal handler or another thread)."""

    def __init__(self, app: Any, host: str, port: int, *, threads: int = 16, trusted_proxy: str = "") -> None:
        options: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
        if trusted_proxy:
            options |= {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": _FORWARDED}
        self._server: Any = waitress.create_server(
            _in_turn(app), host=host, port=port, threads=threads, ident="", connection_limit=1000, **options
        )
        self.port = int(self._server.effective_port)
        self._stopping = threading.Event()

    def run(self) -> None:
        # What is there by now stays until the end: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
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


def _in_turn(app: Any) -> Any:
    """One request after the other, as long as each is quick.

    Only one thread runs Python at a time anyway. Every call into SQLite lets go of the interpreter for some
    microseconds, and with many threads waiting for it each such call wakes one of them for nothing, which
    takes as much processor time as the work itself. Whoever waits for a turn sleeps. A request that has to
    wait for a network holds up nobody longer than `TURN_S`.
    """
    turn = threading.Lock()

    def in_turn(environ: Any, start_response: Any) -> Any:
        mine = turn.acquire(timeout=TURN_S)
        try:
            return app(environ, start_response)
        finally:
            if mine:
                turn.release()

    return in_turn


_FORWARDED = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
