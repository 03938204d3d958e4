"""Calendar v3 as a vendor: its paths, its scopes, its refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from chouseiapo.sandbox.calls import Call, Reply, route
from chouseiapo.sandbox.google import batch, calendar_list, events, freebusy, listing
from chouseiapo.sandbox.google.access import BUSY, LIST, READ, WRITE, named
from chouseiapo.sandbox.google.errors import error
from chouseiapo.sandbox.vendor import Vendor

ROOT = "/google"
EVENTS = "/calendar/v3/calendars/{calendarId}/events"
EVENT = EVENTS + "/{eventId}"
CALENDAR_LIST = "/calendar/v3/users/me/calendarList"
OF_CALENDAR = re.compile(r"/calendar/v3/calendars/([^/]+)/.*")


class Google(Vendor):
    """Every path below /google but those of the sign-in."""

    service = "google"
    batch_path = "/batch/calendar/v3"
    routes = (
        route("POST", EVENTS, events.insert, *WRITE),
        route("GET", EVENTS, listing.list_events, *READ),
        route("GET", EVENT, events.get, *READ),
        route("PATCH", EVENT, events.patch, *WRITE),
        route("PUT", EVENT, events.update, *WRITE),
        route("DELETE", EVENT, events.delete, *WRITE),
        route("POST", "/calendar/v3/freeBusy", freebusy.query, *BUSY),
        route("GET", CALENDAR_LIST, calendar_list.list_calendars, *LIST),
        route("GET", CALENDAR_LIST + "/{calendarId}", calendar_list.get, *LIST),
    )

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        return error(status, reason, retry_after_s=retry_after_s)

    def not_found(self, call: Call) -> Reply:
        return error(404)

    def lacks_scope(self, needed: frozenset[str]) -> Reply:
        return error(403, "insufficientPermissions", "Request had insufficient authentication scopes.")

    def addressed(self, call: Call, email: str) -> str:
        """The calendar that the path names; all else is the person's own."""
        found = OF_CALENDAR.fullmatch(call.path)
        calendar = named(self.world, email, found[1]) if found else None
        return calendar.id if calendar else email

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        """Counted only: Google names no limit."""
        if mailbox:
            self.world.flights.begin(mailbox)
        try:
            yield
        finally:
            if mailbox:
                self.world.flights.end(mailbox)

    def batch(self, call: Call, delay_s: float) -> Reply:
        self.world.closing.wait(delay_s)
        return batch.answer(call, self.part, ROOT)
