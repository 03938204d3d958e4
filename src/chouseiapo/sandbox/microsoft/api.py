"""Graph v1.0 as a vendor: its paths, scopes and refusals, and how much it takes at a time for one mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chouseiapo.sandbox.calls import Call, Refusal, Reply, route
from chouseiapo.sandbox.microsoft import batch, places
from chouseiapo.sandbox.microsoft.errors import error
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.world import World

ROOT = "/graph/v1.0"
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
        *places.calendar_routes(),
    )

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

    def addressed(self, call: Call, email: str) -> str:
        with self.world.lock:
            return places.addressed(self.world, email, call.path)

    def admitted(self, mailbox: str) -> bool:
        return not mailbox or self.world.flights.begin(mailbox, IN_FLIGHT)

    def landed(self, mailbox: str) -> None:
        if mailbox:
            self.world.flights.end(mailbox)

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        if not self.admitted(mailbox):
            raise Refusal(error(429, retry_after_s=1))
        try:
            yield
        finally:
            self.landed(mailbox)

    def batch(self, call: Call, delay_s: float) -> Reply:
        try:
            if self.grant(call) is None or call.method != "POST":
                raise Refusal(error(401 if self.grant(call) is None else 405))
            return batch.Batch(call, self).answer(delay_s)
        except Refusal as refusal:
            return refusal.reply
