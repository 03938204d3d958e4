"""What all simulated vendors have in common: a token, perhaps a fault, an answer, a row in the journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chouseiapo.sandbox.calls import Call, Refusal, Reply, Route
from chouseiapo.sandbox.faults import ANSWER, ANY, CONNECTION, Fault
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

    def batch(self, call: Call) -> Reply:
        """A request that carries others; each part goes through `part`."""
        raise NotImplementedError

    def grant(self, call: Call) -> Grant | None:
        return self.world.tokens.bearer(self.service, call.headers.get("authorization", ""))

    def mailbox(self, call: Call) -> str:
        grant = self.grant(call)
        return grant.email if grant else ""

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        """Held while one request is in flight; Graph counts these."""
        yield

    def serve(self, call: Call) -> Reply | None:
        """The answer, or None where the connection is to be closed without a byte."""
        mailbox = self.mailbox(call)
        is_batch = bool(self.batch_path) and call.path == self.batch_path
        strike = self.world.faults.strike(self.service, mailbox, CONNECTION if is_batch else ANY)
        if strike.kind == "drop_before":
            reply = Reply(0)
        elif is_batch:
            self.world.closing.wait(strike.delay_s)
            reply = self.batch(call)
        else:
            reply = self._single(call, mailbox, strike.delay_s, strike.fault)
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

    def _single(self, call: Call, mailbox: str, delay_s: float, fault: Fault | None) -> Reply:
        try:
            with self.slot(mailbox):
                if delay_s:
                    self.world.closing.wait(delay_s)
                if fault and fault.kind == "status":
                    return self.refused(fault.status, fault.reason, fault.retry_after_s)
                return self.carry_out(call)
        except Refusal as refusal:
            return refusal.reply

    def part(self, call: Call) -> Reply:
        """One part of a batch: throttled, refused and carried out by itself."""
        mailbox = self.mailbox(call)
        strike = self.world.faults.strike(self.service, mailbox, ANSWER)
        return self._single(call, mailbox, 0, strike.fault)

    def carry_out(self, call: Call) -> Reply:
        """Finds the route, checks token and scope, and acts; Refusal for all the vendor's noes."""
        grant = self.grant(call)
        if grant is None:
            raise Refusal(self.refused(401))
        for route in self.routes:
            if route.method == call.method and (found := route.path.fullmatch(call.path)):
                if route.scopes and not route.scopes & grant.scopes:
                    raise Refusal(self.lacks_scope(route.scopes))
                with self.world.lock:
                    if call.method != "GET":
                        self.world.changed.set()
                    return route.handler(self.world, grant.email, call, *found.groups())
        raise Refusal(self.not_found(call))
