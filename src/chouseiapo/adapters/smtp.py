"""Mail through an SMTP server: one recipient a mail, so that each is accepted or refused by itself.

A reason names the server's code and nothing that the server said: it may repeat the address.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from chouseiapo.adapters import Pool
from chouseiapo.config import Settings
from chouseiapo.ports import PortError, RawMail

TIMEOUT_S = 30
# A server may look at a mail for long before it takes it. Who hangs up meanwhile sends it twice (RFC 5321,
# 4.5.3.2.6).
DECIDING_S = 600
# A connection that was used so lately is taken to live: asking first would cost a round trip for each mail.
TRUSTED_S = 5.0
PORTS = {"smtp": smtplib.SMTP_PORT, "smtps": smtplib.SMTP_SSL_PORT, "smtp+starttls": 587}
CLOSING = 421
_TOO_LARGE = 552
_UNKNOWN_TO_IT = 530
# The sender's address or its domain (RFC 3463, 3.2): many servers look at it only after the recipient's.
_OF_SENDER = re.compile(rb"\d{3}[ -]5\.1\.[78]\b")
_LONGEST_LINE = 8192
# With a line break or a bracket in it, an address would be a command of its own.
_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]+")
_DOT = re.compile(rb"^\.", re.MULTILINE)


class _Stale(Exception):
    """A connection that was kept has died before anything of this mail's content left."""


class _Server(smtplib.SMTP):
    """One connection. Remembers whether a mail's content was begun: before that, nothing can have left."""

    began = False
    is_kept = False
    used_at = 0.0
    _blames_sender = False

    def hand_over(self, raw: RawMail) -> PortError | None:
        """None once the server has accepted; else its refusal, after which the connection can go on, unless
        it closed. Raises OSError or SMTPException when the connection broke."""
        options = f" size={len(raw.content)}" if self.has_extn("size") else ""
        if not (_ADDRESS.fullmatch(raw.sender) and _ADDRESS.fullmatch(raw.recipient)):
            return PortError("refused_no_address", permanent=True)
        if not self._can_name(raw.recipient):
            return PortError("refused_no_unicode_address", permanent=True)
        named = self._sender(raw.sender, raw.sender + raw.recipient)
        replies = self._ask(named + options, f"RCPT TO:<{raw.recipient}>", "DATA")
        return self._refusal(replies) or self._content(raw.content)

    def asks_for(self, sender: str) -> PortError | None:
        """Why mails from this sender would not be taken; None if they would."""
        [code] = self._ask(self._sender(sender, sender))
        refusal = None if _is_good(code) else _refused_sender(code)
        self._start_over(code)
        return refusal

    def _can_name(self, address: str) -> bool:
        return address.isascii() or self.has_extn("smtputf8")

    def _sender(self, sender: str, addresses: str) -> str:
        """Name the sender; `addresses` are all that are to be named. One that the server can't take, it
        refuses itself."""
        return f"MAIL FROM:<{sender}>" + ("" if addresses.isascii() else " SMTPUTF8 BODY=8BITMIME")

    def lives(self) -> bool:
        """Whether the connection can be used; after a while it is asked, before a mail is sent over it."""
        if time.monotonic() - self.used_at < TRUSTED_S:
            return True
        try:
            return self.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _ask(self, *commands: str) -> list[int]:
        """The codes that the commands are answered with, up to the first refusal where that ends it. All
        go in one packet if the server has said that it likes that (RFC 2920)."""
        together, self._blames_sender = self.has_extn("pipelining"), False
        codes: list[int] = []
        if together:
            self.send("".join(f"{command}\r\n" for command in commands).encode())
        for command in commands:
            if not together:
                self.send(f"{command}\r\n".encode())
            codes.append(self._answer())
            if codes[-1] == CLOSING or not (together or _is_good(codes[-1])):
                break
        return codes

    def _answer(self) -> int:
        """The code of the next answer; what it says beside that may repeat an address."""
        reader: Any = self.file or self._reader()
        while True:
            line: bytes = reader.readline(_LONGEST_LINE)
            self._blames_sender |= bool(_OF_SENDER.match(line))
            if not line.endswith(b"\n") or not line[:3].isdigit():
                self.close()
                raise smtplib.SMTPServerDisconnected("no SMTP")
            if line[3:4] != b"-":
                return int(line[:3])

    def _reader(self) -> Any:
        connection: Any = self.sock
        self.file = connection.makefile("rb")
        return self.file

    def _refusal(self, codes: Sequence[int]) -> PortError | None:
        """What is wrong before the content; then the connection is made ready for the next mail."""
        stage = next((stage for stage, code in enumerate(codes) if not _is_good(code)), None)
        if stage is None:
            return None
        code, blamed = codes[stage], self._blames_sender
        self._start_over(code, waits_for_content=len(codes) == 3 and _is_good(codes[-1]))
        is_senders = code == _UNKNOWN_TO_IT or blamed or (stage == 0 and code not in (CLOSING, _TOO_LARGE))
        return _refused_sender(code) if is_senders else _refused(code)

    def _content(self, content: bytes) -> PortError | None:
        self.began = True
        has_dot = b"\n." in content or content.startswith(b".")
        quoted = _DOT.sub(b"..", content) if has_dot else content
        self.send(quoted + (b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n"))
        connection: Any = self.sock
        connection.settimeout(DECIDING_S)
        code = self._answer()
        connection.settimeout(TIMEOUT_S)
        if code == CLOSING:
            self.close()
        return None if _is_good(code) else _refused(code)

    def _start_over(self, code: int, waits_for_content: bool = False) -> None:
        """Forget what was begun, for the next mail; the refusal counts even if the server then hangs up."""
        try:
            if waits_for_content:  # all the same: there is none
                self.send(b".\r\n")
                self._answer()
            if code != CLOSING and self.rset()[0] == 250:
                return
        except (OSError, smtplib.SMTPException):
            pass
        self.close()


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same, over TLS from the start."""


class SmtpMailer:
    """Implements ports.Mailer: connections stay open for the next mail, until `close`."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)
        self._authorities = settings.ca_file
        self._sender = parseaddr(settings.mail_from)[1]
        # Asking the network for our own name, as smtplib would, can take seconds.
        self._name = _host_name(self._sender.rpartition("@")[2])
        self._servers = Pool(self._connected, _Server.lives)

    def send(self, raw: RawMail) -> None:
        """Raises PortError: refused_… for this recipient or mail, smtp_… when the server is the trouble.

        smtp_unanswered: the connection broke after the mail was handed over; it may have left. smtp_dropped:
        it broke before that, although it was new.
        """
        self._insist(lambda server: server.hand_over(raw))

    def check(self) -> None:
        """Connect, log in, name the sender, and send nothing; raises PortError when no mail could leave."""
        self._insist(lambda server: server.asks_for(self._sender))

    def close(self) -> None:
        """Say goodbye on all connections."""
        for server in self._servers.drain():
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _insist(self, talk: Callable[[_Server], PortError | None]) -> None:
        """Talk over a connection that was kept; where that has died, once more over a new one."""
        try:
            self._talk(talk)
        except _Stale:
            self._servers.close()  # those beside it have waited as long
            try:
                self._talk(talk)
            except _Stale:  # another thread's, which has just died as well
                raise PortError("smtp_dropped") from None

    def _talk(self, talk: Callable[[_Server], PortError | None]) -> None:
        with self._servers.one() as server:
            server.began, is_kept = False, server.is_kept
            try:
                refusal = talk(server)
                server.is_kept, server.used_at = True, time.monotonic()
            except (OSError, smtplib.SMTPException):
                if is_kept and not server.began:
                    raise _Stale from None
                raise PortError("smtp_unanswered" if server.began else "smtp_dropped") from None
            if refusal and server.sock is None:  # it has said goodbye, perhaps after so many mails
                raise _Stale if is_kept and not server.began else refusal
        if refusal:
            raise refusal

    def _connected(self) -> _Server:
        try:
            server = self._connect()
            try:
                self._enter(server)
            except BaseException:
                server.close()
                raise
        except smtplib.SMTPAuthenticationError as error:
            raise PortError(f"smtp_login_refused_{error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:  # no STARTTLS, or no way to log in
            raise PortError("smtp_not_supported") from None
        except ssl.SSLError:
            raise PortError("smtp_untrusted") from None
        except (OSError, smtplib.SMTPException):
            raise PortError("smtp_unreachable") from None
        return server

    def _connect(self) -> _Server:
        host, port = self._url.hostname or "", self._url.port or PORTS[self._url.scheme]
        if self._url.scheme == "smtps":
            return _TlsServer(host, port, self._name, timeout=TIMEOUT_S, context=self._tls())
        return _Server(host, port, self._name, timeout=TIMEOUT_S)

    def _enter(self, server: _Server) -> None:
        if self._url.scheme == "smtp+starttls":
            server.starttls(context=self._tls())
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        server.ehlo_or_helo_if_needed()
        connection: Any = server.sock
        # The end of a long mail must not wait for the acknowledgement of its beginning.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.used_at = time.monotonic()

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._authorities)


def _host_name(domain: str) -> str:
    """What we call ourselves to servers."""
    try:
        return domain.encode("idna").decode() or "localhost"
    except UnicodeError:
        return "localhost"


def _is_good(code: int) -> bool:
    return 200 <= code < 400


def _refused(code: int) -> PortError:
    """5xx: this mail will never be taken; 4xx: try later."""
    return PortError(f"refused_{code}", permanent=code >= 500)


def _refused_sender(code: int) -> PortError:
    """No mail of ours would be taken; that is the server's setting, and never the mail's fault."""
    return PortError(f"refused_{code}" if code == CLOSING else f"smtp_sender_refused_{code}")
