"""The sandbox as tests talk to it: over HTTP, as an operator or a member would."""

from __future__ import annotations

import json
import urllib.request
from datetime import date, datetime
from typing import Any

from chouseiapo.sandbox import Sandbox

QUIET = {
    "graph_duplicate": "same",
    "google_moved_out": "cancelled",
    "zoom_list_lag_s": 0,
    "zoom_daily_limit": None,
}


class Outside:
    """Not through requests or httplib2: those are being recorded."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.url = sandbox.url

    def state(self, since: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/state.json?since={since}")
        return found

    def fault(self, service: str, kind: str, **more: object) -> None:
        self.ask("POST", "/faults", {"service": service, "kind": kind, **more})

    def calm(self) -> None:
        self.ask("DELETE", "/faults")
        self.turn(**QUIET)

    def turn(self, **switches: object) -> None:
        self.ask("POST", "/switches", switches)

    def add_entry(self, calendar: str, title: str, start: date, end: date, **more: str) -> str:
        """Somebody else's business, on a mailbox's own calendar or another; whole days where no hours are."""
        wish = {"title": title, "start": start.isoformat(), "end": end.isoformat(), **more}
        return str(self.ask("POST", f"/entries/{calendar}", wish)["id"])

    def move(self, calendar: str, id: str, start: datetime, end: datetime) -> None:
        """By the member's own hand."""
        wish = {"start": start.isoformat(), "end": end.isoformat()}
        self.ask("PATCH", f"/entries/{calendar}/{id}", wish)

    def delete(self, calendar: str, id: str) -> None:
        """By the member's own hand."""
        self.ask("DELETE", f"/entries/{calendar}/{id}")

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Prefer": 'IdType="ImmutableId"'}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None
