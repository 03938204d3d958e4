"""The SMTP server behind the mailbox page: takes every mail, or refuses and drops as the faults say."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from chouseiapo.sandbox.faults import ANY, CONNECTION, Strike
from chouseiapo.sandbox.mails import Mail
from chouseiapo.sandbox.server import listening
from chouseiapo.sandbox.world import World

ANSWERS = {
    421: "4.3.2 Service not available, closing transmission channel",
    450: "4.2.1 Mailbox unavailable",
    451: "4.3.0 Requested action aborted: local error in processing",
    452: "4.3.1 Insufficient system storage",
    550: "5.1.1 Mailbox unavailable",
    552: "5.3.4 Message size exceeds fixed limit",
    554: "5.7.1 Transaction failed",
}


class Connection(SMTP):
    """aiosmtpd's, known to its server so that stopping leaves none behind."""

    live: set[Connection]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.live.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.live.discard(self)
        super().connection_lost(error)


class Mailbox:
    """A loop on its own thread. Its socket is bound first: aiosmtpd's Controller can't be given port 0."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self._socket = listening(port)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox-smtp", daemon=True)
        self._live: set[Connection] = set()
        self._stopped: asyncio.Event | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        if self._stopped:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
        self._socket.close()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(self._connection, sock=self._socket)
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for each in list(self._live):
            self._cut(each)
        await server.wait_closed()
        await self._finish()

    async def _finish(self) -> None:
        """Connections that were cut still have a task each, which wants to see its end."""
        tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connection(self) -> Connection:
        connection = Connection(self, hostname="sandbox.example", loop=self._loop, enable_SMTPUTF8=True)
        connection.live = self._live
        return connection

    # What aiosmtpd calls

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        strike = self.world.faults.strike("smtp", address, frozenset({"status"}), stage="rcpt")
        if strike.fault:
            return self._refused(strike, "RCPT", envelope, address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mailbox = envelope.rcpt_tos[0] if envelope.rcpt_tos else ""
        strike = self._strike(mailbox)
        if strike.delay_s:
            await asyncio.sleep(strike.delay_s)
        if strike.kind == "status":
            return self._refused(strike, "DATA", envelope, mailbox)
        if strike.kind != "drop_before":
            self._keep(envelope)
        self._note(envelope, "DATA", 0 if strike.kind == "drop_before" else 250, mailbox, strike.kind)
        if strike.kind.startswith("drop"):
            self._cut(server)
        return "250 OK"

    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 {type(error).__name__}"

    def _strike(self, mailbox: str) -> Strike:
        """A status fault speaks at RCPT unless its stage is data."""
        strike = self.world.faults.strike("smtp", mailbox, CONNECTION)
        return strike if strike.fault else self._with_status(mailbox, strike)

    def _with_status(self, mailbox: str, strike: Strike) -> Strike:
        status = self.world.faults.strike("smtp", mailbox, ANY - CONNECTION, stage="data")
        return Strike(strike.delay_s, status.fault)

    def _keep(self, envelope: Envelope) -> None:
        raw = envelope.original_content or b""
        self.world.deliver(Mail(raw, envelope.mail_from or "", tuple(envelope.rcpt_tos), self.world.now()))

    def _refused(self, strike: Strike, command: str, envelope: Envelope, mailbox: str) -> str:
        status = strike.fault.status if strike.fault else 451
        self._note(envelope, command, status, mailbox, "status")
        usual = ANSWERS.get(status, "5.0.0 Refused" if status >= 500 else "4.0.0 Try again later")
        return f"{status} {(strike.fault and strike.fault.reason) or usual}"

    def _note(self, envelope: Envelope, command: str, status: int, mailbox: str, fault: str) -> None:
        self.world.journal.add("smtp", command, envelope.mail_from or "", status, mailbox, fault=fault)

    @staticmethod
    def _cut(server: Any) -> None:
        """Closes the connection before the 250 is sent: the sender can't know that the mail arrived."""
        if server.transport is not None:
            server.transport.abort()
