"""What all simulated vendors have in common: a token, perhaps a fault, an answer, a row in the journal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chouseiapo.sandbox.calls import Call, Refusal, Reply, Route
from chouseiapo.sandbox.faults import ANSWER, ANY, CONNECTION, Strike
from chouseiapo.sandbox.tokens import Grant
from chouseiapo.sandbox.world import World


class Vendor:
    """An API with bearer tokens. Subclasses say how it words its refusals."""

    service = ""
    batch_path = ""
    routes: Sequence[Route] = ()

    def __init__(self, world: World) -> None:
        self.world = world

    def refused(self, status: int, reason: str = "", retry_after_s: int | None = None) -> Reply:
        """The vendor's form of an error that no rule of its API caused; without a reason: its usual one."""
        raise NotImplementedError

    def not_found(self, call: Call) -> Reply:
        """The vendor's answer for a path that it does not have."""
        raise NotImplementedError

    def lacks_scope(self, needed: frozenset[str]) -> Reply:
        raise NotImplementedError

    def batch(self, call: Call, delay_s: float) -> Reply:
        """A request that carries others, each of which goes through `part`; `delay_s` later than usual."""
        raise NotImplementedError

    def addressed(self, call: Call, email: str) -> str:
        """Whose mailbox the person's call is about: faults, the journal and quotas go by it."""
        return email

    def grant(self, call: Call) -> Grant | None:
        return self.world.tokens.bearer(self.service, call.headers.get("authorization", ""))

    def mailbox(self, call: Call) -> str:
        grant = self.grant(call)
        return self.addressed(call, grant.email) if grant else ""

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        """Held while one request is in flight; calendars count these."""
        yield

    def serve(self, call: Call) -> Reply | None:
        """The answer, or None where the connection is to be closed without a byte."""
        mailbox = self.mailbox(call)
        is_batch = bool(self.batch_path) and call.path == self.batch_path
        strike = self.world.faults.strike(self.service, mailbox, CONNECTION if is_batch else ANY)
        if strike.kind == "drop_before":
            reply = Reply(0)
        elif is_batch:
            reply = self.batch(call, strike.delay_s)
        else:
            reply = self._single(call, mailbox, strike)
        self.world.journal.add(
            self.service,
            call.method,
            self.public_path(call.path),
            reply.status,
            mailbox,
            parts=reply.parts,
            fault=strike.kind,
        )
        return None if strike.kind in ("drop_before", "drop_after") else reply

    def public_path(self, path: str) -> str:
        """The path as the vendor's documentation has it."""
        return path

    def _single(self, call: Call, mailbox: str, strike: Strike) -> Reply:
        try:
            with self.slot(mailbox):
                return self._answered(call, strike)
        except Refusal as refusal:
            return refusal.reply

    def _answered(self, call: Call, strike: Strike) -> Reply:
        if strike.delay_s:
            self.world.closing.wait(strike.delay_s)
        if (fault := strike.fault) and fault.kind == "status":
            return self.refused(fault.status, fault.reason, fault.retry_after_s)
        try:
            return self.carry_out(call)
        except Refusal as refusal:
            return refusal.reply

    def part(self, call: Call, *, in_flight: bool = False) -> Reply:
        """One part of a batch: throttled, refused and carried out by itself. `in_flight`: counted already."""
        mailbox = self.mailbox(call)
        strike = self.world.faults.strike(self.service, mailbox, ANSWER)
        return self._answered(call, strike) if in_flight else self._single(call, mailbox, strike)

    def carry_out(self, call: Call) -> Reply:
        """Finds the route, checks token and scope, and acts; Refusal for all the vendor's noes."""
        grant = self.grant(call)
        if grant is None:
            raise Refusal(self.refused(401))
        told = dataclasses.replace(call, scopes=grant.scopes)
        for route in self.routes:
            if route.method == call.method and (found := route.path.fullmatch(call.path)):
                if route.scopes and not route.scopes & grant.scopes:
                    raise Refusal(self.lacks_scope(route.scopes))
                with self.world.lock:
                    if call.method != "GET":
                        self.world.changed.set()
                    return route.handler(self.world, grant.email, told, *found.groups())
        raise Refusal(self.not_found(call))
