"""A mail server that takes everything and keeps nothing: as little work beside the measured as can be.

`python -m benchmarks.sink [PORT [FILE]]`; into FILE goes a line for each mail, before it is accepted: its
recipient and its Message-ID.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import BinaryIO

_END = b"\r\n.\r\n"
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n"
_ANSWERS = {b"EHLO": _HELLO, b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
_MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.MULTILINE | re.IGNORECASE)
_RECIPIENT = re.compile(rb"<(.*)>")


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, log: BinaryIO | None) -> None:
        self._log = log
        self._buffer = bytearray()
        self._in_content = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers:
            self._transport.write(answers)

    def _next(self) -> bytes | None:
        """The answer to what stands first in the buffer; None until it is complete."""
        end = self._buffer.find(_END if self._in_content else b"\r\n")
        if end < 0:
            return None
        if self._in_content:
            self._note(bytes(self._buffer[:end]))
            del self._buffer[: end + len(_END)]
            self._in_content = False
            return b"250 taken\r\n"
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return self._answer(line)

    def _answer(self, line: bytes) -> bytes:
        command = line[:4].upper()
        if command == b"RCPT" and self._log and (named := _RECIPIENT.search(line)):
            self._recipient = named[1]
        self._in_content = command == b"DATA"
        return _ANSWERS.get(command, b"250 OK\r\n")

    def _note(self, content: bytes) -> None:
        if self._log and (named := _MESSAGE_ID.search(content)):
            self._log.write(self._recipient + b" " + named[1] + b"\n")


async def serve(port: int, log: BinaryIO | None) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(lambda: Sink(log), "127.0.0.1", port)
    address = server.sockets[0].getsockname()
    print(json.dumps({"ready": True, "url": f"smtp://127.0.0.1:{address[1]}"}), flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    if len(sys.argv) < 3:
        asyncio.run(serve(port, None))
        return
    with Path(sys.argv[2]).open("ab", buffering=0) as log:  # so that what was accepted outlives a kill
        asyncio.run(serve(port, log))


if __name__ == "__main__":
    main()
