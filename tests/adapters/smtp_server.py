"""An SMTP server that does as it is told and remembers what it was told; one thread a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Told:
    """What happened: the commands of each connection, the contents taken, the most commands in one packet."""

    def __init__(self) -> None:
        self.connections: list[list[str]] = []
        self.taken: list[str] = []
        self.at_once = 0

    def count(self, command: str) -> int:
        return sum(said.startswith(command) for commands in self.connections for said in commands)


# Asked with the command and how often it came: an answer, None for the usual one, "" to hang up.
Script = Callable[[str, int], str | None]


class ScriptedServer:
    """Listens on a port of its own; `script` may be changed between two mails."""

    def __init__(self, script: Script = lambda *_: None, pipelining: bool = True) -> None:
        self.script, self.told = script, Told()
        self._extensions = ["PIPELINING"] if pipelining else []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        said: list[str] = []
        self.told.connections.append(said)
        try:
            with connection:
                connection.sendall(b"220 ready\r\n")
                self._talk(connection, said)
        except OSError:
            pass

    def _talk(self, connection: socket.socket, said: list[str]) -> None:
        pending = b""
        while True:
            if b"\r\n" not in pending:
                packet = connection.recv(65536)
                if not packet:
                    return
                pending += packet
                self.told.at_once = max(self.told.at_once, pending.count(b"\r\n"))
                continue
            line, _, pending = pending.partition(b"\r\n")
            said.append(line.decode())
            if not self._answer(connection, said[-1], self._usual(said[-1])):
                return
            if said[-1] == "DATA" and self.script("DATA", 0) is None:
                pending = self._take(connection, pending)
                if not self._answer(connection, "CONTENT", "250 taken"):
                    return

    def _usual(self, line: str) -> str:
        if line.upper().startswith("EHLO"):
            return "\r\n".join(["250-here", *(f"250-{each}" for each in self._extensions), "250 SIZE"])
        return "354 go on" if line == "DATA" else "250 OK"

    def _answer(self, connection: socket.socket, command: str, usual: str) -> bool:
        answer = self.script(command, self.told.count(command.partition(":")[0]))
        if answer == "":
            return False
        connection.sendall(f"{usual if answer is None else answer}\r\n".encode())
        return True

    def _take(self, connection: socket.socket, pending: bytes) -> bytes:
        pending = b"\r\n" + pending
        while b"\r\n.\r\n" not in pending:
            packet = connection.recv(65536)
            if not packet:
                raise OSError("gone")
            pending += packet
        content, _, rest = pending.partition(b"\r\n.\r\n")
        self.told.taken.append(content.removeprefix(b"\r\n").decode())
        return rest

    def hang_up(self) -> None:
        """As a server that has waited long enough."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def close(self) -> None:
        self._listening.close()
        self.hang_up()


@contextmanager
def scripted(script: Script = lambda *_: None, pipelining: bool = True) -> Iterator[ScriptedServer]:
    server = ScriptedServer(script, pipelining)
    try:
        yield server
    finally:
        server.close()
