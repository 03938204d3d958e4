"""Calendar v3 as a vendor: its paths, its scopes, its refusals."""

from __future__ import annotations

from chouseiapo.sandbox.calls import Call, Reply, route
from chouseiapo.sandbox.google import batch, events, freebusy, listing
from chouseiapo.sandbox.google.errors import error
from chouseiapo.sandbox.vendor import Vendor

ROOT = "/google"
AUTH = "https://www.googleapis.com/auth/"
WRITE = tuple(
    AUTH + each for each in ("calendar.app.created", "calendar.events.owned", "calendar.events", "calendar")
)
READ = (*WRITE, *(AUTH + each for each in ("calendar.events.owned.readonly", "calendar.readonly")))
BUSY = tuple(
    AUTH + each for each in ("calendar.freebusy", "calendar.events.freebusy", "calendar.readonly", "calendar")
)
LIST = tuple(
    AUTH + each
    for each in ("calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly", "calendar")
)
EVENTS = "/calendar/v3/calendars/{calendarId}/events"
EVENT = EVENTS + "/{eventId}"


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
        route("GET", "/calendar/v3/users/me/calendarList", freebusy.calendar_list, *LIST),
        route("GET", "/calendar/v3/users/me/calendarList/{calendarId}", freebusy.calendar_list_entry, *LIST),
    )

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        return error(status, reason, retry_after_s=retry_after_s)

    def not_found(self, call: Call) -> Reply:
        return error(404)

    def lacks_scope(self, needed: frozenset[str]) -> Reply:
        return error(403, "insufficientPermissions", "Request had insufficient authentication scopes.")

    def batch(self, call: Call) -> Reply:
        return batch.answer(call, self.part, ROOT)
