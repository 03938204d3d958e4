"""Graph v1.0 as a vendor: its paths, scopes and refusals, and how much it takes at a time for one mailbox."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chouseiapo.sandbox.calls import Call, Refusal, Reply, route
from chouseiapo.sandbox.microsoft import batch, events, schedule
from chouseiapo.sandbox.microsoft.errors import error
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.world import World

ROOT = "/graph/v1.0"
WRITE = ("Calendars.ReadWrite",)
READ = ("Calendars.Read", "Calendars.ReadWrite")
IN_FLIGHT = 4
"""MailboxConcurrency: requests of one app for one mailbox at the same time."""


def me(world: World, email: str, call: Call) -> Reply:
    person = world.people[email]
    shown = {"id": person.guid, "displayName": person.name, "mail": email, "userPrincipalName": email}
    names = [each for each in call.one("$select").split(",") if each]
    return Reply(
        200, {name: value for name, value in shown.items() if name in [*names, "id"]} if names else shown
    )


class Graph(Vendor):
    """Every path below /graph/v1.0."""

    service = "microsoft"
    batch_path = "/$batch"
    routes = (
        route("GET", "/me", me, "User.Read"),
        *(
            each
            for path in ("/me/events", "/me/calendar/events")
            for each in (
                route("GET", path, events.list_events, *READ),
                route("POST", path, events.create, *WRITE),
                route("GET", path + "/{id}", events.get, *READ),
                route("PATCH", path + "/{id}", events.update, *WRITE),
                route("DELETE", path + "/{id}", events.delete, *WRITE),
            )
        ),
        route("GET", "/me/calendarView", events.view, *READ),
        route("GET", "/me/calendar/calendarView", events.view, *READ),
        route("POST", "/me/calendar/getSchedule", schedule.get_schedule, *READ),
    )

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._guard = threading.Lock()
        self._in_flight: Counter[str] = Counter()

    def public_path(self, path: str) -> str:
        return f"/v1.0{path}"

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        return error(status, reason, retry_after_s=retry_after_s)

    def not_found(self, call: Call) -> Reply:
        return error(
            404, "ResourceNotFound", f"Resource not found for the segment '{call.path.rsplit('/', 1)[-1]}'."
        )

    def lacks_scope(self, needed: frozenset[str]) -> Reply:
        return error(403)

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        with self._guard:
            if mailbox and self._in_flight[mailbox] >= IN_FLIGHT:
                raise Refusal(error(429, retry_after_s=1))
            self._in_flight[mailbox] += 1
        try:
            yield
        finally:
            with self._guard:
                self._in_flight[mailbox] -= 1

    def batch(self, call: Call) -> Reply:
        try:
            if self.grant(call) is None or call.method != "POST":
                raise Refusal(error(401 if self.grant(call) is None else 405))
            return batch.answer(call, self.part)
        except Refusal as refusal:
            return refusal.reply
