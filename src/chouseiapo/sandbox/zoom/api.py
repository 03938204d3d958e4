"""Zoom's API v2 as a vendor: its paths, its scopes, its refusals."""

from __future__ import annotations

from chouseiapo.sandbox.calls import Call, Reply, route
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.zoom import lists, meetings, registrants, users
from chouseiapo.sandbox.zoom.account import ACCOUNT
from chouseiapo.sandbox.zoom.errors import error

ROOT = "/zoom/v2"


def scopes(*names: str) -> tuple[str, ...]:
    """Granular scopes are split by verb; each also exists for whole accounts."""
    return (*names, *(f"{name}:admin" for name in names))


class Zoom(Vendor):
    """Every path below /zoom/v2."""

    service = "zoom"
    routes = (
        route("POST", "/users/{userId}/meetings", meetings.create, *scopes("meeting:write:meeting")),
        route("GET", "/users/{userId}/meetings", lists.list_meetings, *scopes("meeting:read:list_meetings")),
        route("GET", "/meetings/{meetingId}", meetings.get, *scopes("meeting:read:meeting")),
        route("PATCH", "/meetings/{meetingId}", meetings.update, *scopes("meeting:update:meeting")),
        route("DELETE", "/meetings/{meetingId}", meetings.delete, *scopes("meeting:delete:meeting")),
        route(
            "POST", "/meetings/{meetingId}/registrants", registrants.add, *scopes("meeting:write:registrant")
        ),
        route(
            "GET",
            "/meetings/{meetingId}/registrants",
            registrants.list_registrants,
            *scopes("meeting:read:list_registrants"),
        ),
        route(
            "PUT",
            "/meetings/{meetingId}/registrants/status",
            registrants.change_status,
            *scopes("meeting:update:registrant_status"),
        ),
        route(
            "GET",
            "/meetings/{meetingId}/registrants/{registrantId}",
            registrants.get,
            *scopes("meeting:read:registrant"),
        ),
        route(
            "DELETE",
            "/meetings/{meetingId}/registrants/{registrantId}",
            registrants.delete,
            *scopes("meeting:delete:registrant"),
        ),
        route("GET", "/users", users.list_users, "user:read:list_users:admin"),
        route("GET", "/users/{userId}", users.get, *scopes("user:read:user")),
        route("GET", "/users/{userId}/settings", users.settings, *scopes("user:read:settings")),
    )

    def addressed(self, call: Call, email: str) -> str:
        """The account's own app speaks of somebody: a user, or a meeting's host."""
        kind, _, rest = call.path.strip("/").partition("/")
        name = rest.partition("/")[0]
        if email != ACCOUNT or not name:
            return email
        if kind == "meetings":
            meeting = self.world.meetings.by_id.get(int(name)) if name.isdecimal() else None
            return meeting.host if meeting else email
        user = self.world.zoom.owner if name == "me" else self.world.zoom.named(name)
        return user.email if user else email

    def public_path(self, path: str) -> str:
        return f"/v2{path}"

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
        return error(status, int(reason) if reason.isdecimal() else 0, headers=headers)

    def not_found(self, call: Call) -> Reply:
        return error(404, 2300, "This API endpoint is not recognized.")

    def lacks_scope(self, needed: frozenset[str]) -> Reply:
        listed = ", ".join(sorted(needed))
        return error(400, 4711, f"Invalid access token, does not contain scopes:[{listed}].")
