"""Mail through an SMTP server: one recipient a mail, so that each is accepted or refused by itself.

A reason names the server's code and nothing that the server said: it may repeat the address.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from chouseiapo.adapters import Pool
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

TIMEOUT_S = 30
PORTS = {"smtp": smtplib.SMTP_PORT, "smtps": smtplib.SMTP_SSL_PORT, "smtp+starttls": 587}


class _Server(smtplib.SMTP):
    """Remembers whether a mail's content was begun: before that, nothing can have left."""

    began = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.began = True
        return super().data(msg)


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same, over TLS from the start."""


class SmtpMailer:
    """Implements ports.Mailer: connections stay open for the next mail, until `close`."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.smtp_url)
        self._authorities = settings.ca_file
        # Asking the network for our own name, as smtplib would, can take seconds.
        self._name = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"
        self._servers = Pool(self._connected, _answers)

    def send(self, message: EmailMessage) -> None:
        """Raises PortError: refused_… for this recipient or mail, smtp_… when the server is the trouble.

        smtp_unanswered: the connection broke after the mail was handed over; it may have left.
        """
        (recipient,) = message["To"].addresses
        with self._servers.one() as server:
            server.began = False
            try:
                server.send_message(message, to_addrs=[recipient.addr_spec])
            except smtplib.SMTPRecipientsRefused as error:
                raise _refused(next(iter(error.recipients.values()))[0]) from None
            except smtplib.SMTPSenderRefused as error:
                raise PortError(f"smtp_sender_refused_{error.smtp_code}") from None
            except smtplib.SMTPResponseException as error:
                raise _refused(error.smtp_code) from None
            except smtplib.SMTPNotSupportedError:
                raise PortError("refused_no_unicode_address", permanent=True) from None
            except (OSError, smtplib.SMTPException):
                raise PortError("smtp_unanswered" if server.began else "smtp_unreachable") from None

    def check(self) -> None:
        """Connect and log in, and send nothing; raises PortError when a mail could not leave."""
        with self._servers.one():
            pass

    def close(self) -> None:
        """Say goodbye on all connections."""
        for server in self._servers.drain():
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()

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

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._authorities)


def _answers(server: _Server) -> bool:
    """Whether the connection still lives: asked before anything of a mail is sent over it."""
    try:
        return server.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _refused(code: int) -> PortError:
    """5xx: this mail will never be taken; 4xx: try later."""
    return PortError(f"refused_{code}", permanent=code >= 500)
