"""Mails leave through SMTP: once, or with a reason."""

from __future__ import annotations

import itertools
import smtplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from chouseiapo.adapters.smtp import SmtpMailer
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from chouseiapo.sandbox.certificates import server_context
from tests.adapters.outside import Outside

numbers = itertools.count(1)


@pytest.fixture
def address() -> str:
    return f"guest{next(numbers)}@example.net"


@pytest.fixture
def mailer(outside: Outside, vendor_settings: Settings) -> Iterator[SmtpMailer]:
    mailer = SmtpMailer(vendor_settings)
    yield mailer
    mailer.close()


def mail(address: str, subject: str = "[株式会社サンプル]日程調整のお願い") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "調整アポ <no-reply@example.com>"
    message["To"] = f"山田太郎 <{address}>"
    message["Subject"] = subject
    message["Message-ID"] = f"<{next(numbers)}@example.com>"
    message.set_content("お世話になっております。\n髙橋 😀\n", cte="base64")
    return message


def received(outside: Outside, address: str) -> list[dict[str, Any]]:
    return [found for found in outside.state()["mails"] if found["to"] == address]


def test_a_mail_arrives_whole(mailer: SmtpMailer, outside: Outside, address: str) -> None:
    sent = mail(address)
    mailer.send(sent)
    (found,) = received(outside, address)
    assert found["message_id"] == sent["Message-ID"]
    assert found["subject"] == sent["Subject"]
    assert "髙橋 😀" in found["text"]


def test_one_connection_serves_many_mails(
    mailer: SmtpMailer, outside: Outside, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    connect = socket.create_connection

    def counted(*arguments: Any, **options: Any) -> socket.socket:
        opened.append(arguments)
        return connect(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", counted)
    for _ in range(5):
        mailer.send(mail(address))
    assert len(opened) == 1
    assert len(received(outside, address)) == 5


def test_many_threads_may_send_at_once(mailer: SmtpMailer, outside: Outside, address: str) -> None:
    threads = [threading.Thread(target=lambda: mailer.send(mail(address))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(received(outside, address)) == 8


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(("status", "permanent"), [(550, True), (554, True), (451, False), (421, False)])
def test_a_refusal_names_its_code_and_nobody(
    mailer: SmtpMailer, outside: Outside, address: str, stage: str, status: int, permanent: bool
) -> None:
    outside.fault("smtp", "status", status=status, stage=stage, mailbox=address, reason=f"no {address} here")
    with pytest.raises(PortError) as caught:
        mailer.send(mail(address))
    assert (caught.value.reason, caught.value.permanent) == (f"refused_{status}", permanent)
    assert address not in repr(caught.value)
    outside.calm()
    mailer.send(mail(address))
    assert len(received(outside, address)) == 1


def test_a_lost_answer_is_told_apart_and_nothing_is_sent_again(
    mailer: SmtpMailer, outside: Outside, address: str
) -> None:
    outside.fault("smtp", "drop_after", mailbox=address, limit=1)
    with pytest.raises(PortError) as caught:
        mailer.send(mail(address))
    assert (caught.value.reason, caught.value.permanent) == ("smtp_unanswered", False)
    assert len(received(outside, address)) == 1
    mailer.send(mail(address))
    assert len(received(outside, address)) == 2


def test_a_connection_that_breaks_before_the_mail_is_handed_over(
    mailer: SmtpMailer, outside: Outside, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as patched:
        patched.setattr(smtplib.SMTP, "rcpt", broken)
        with pytest.raises(PortError) as caught:
            mailer.send(mail(address))
    assert caught.value.reason == "smtp_unreachable"
    mailer.send(mail(address))
    assert len(received(outside, address)) == 1


def test_a_connection_that_went_stale_is_opened_again(
    mailer: SmtpMailer, outside: Outside, address: str
) -> None:
    mailer.send(mail(address))
    (server,) = mailer._servers._idle
    assert server.sock is not None
    server.sock.shutdown(socket.SHUT_RDWR)
    mailer.send(mail(address))
    assert len(received(outside, address)) == 2


def test_nobody_listens(vendor_settings: Settings, unused_port: int, address: str) -> None:
    mailer = SmtpMailer(replace(vendor_settings, smtp_url=f"smtp://127.0.0.1:{unused_port}"))
    with pytest.raises(PortError) as caught:
        mailer.send(mail(address))
    assert (caught.value.reason, caught.value.permanent) == ("smtp_unreachable", False)


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls"])
def test_a_login_or_encryption_that_the_server_does_not_offer(
    vendor_settings: Settings, address: str, scheme: str
) -> None:
    host = vendor_settings.smtp_url.removeprefix("smtp://")
    mailer = SmtpMailer(replace(vendor_settings, smtp_url=f"{scheme}://us%40er:p%2Fass@{host}"))
    with pytest.raises(PortError) as caught:
        mailer.send(mail(address))
    assert caught.value.reason == "smtp_not_supported"


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_encrypted_and_logged_in(
    vendor_settings: Settings, tmp_path: Path, unused_port: int, address: str, scheme: str
) -> None:
    context, authority = server_context(tmp_path)
    seen: list[tuple[bytes, bytes]] = []

    def check(server: object, session: object, envelope: object, way: str, given: Any) -> AuthResult:
        seen.append((given.login, given.password))
        return AuthResult(success=given.password == b"p/ass", handled=False)

    tls: Any = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    taken = Taken()
    controller: Any = Controller(
        taken, "localhost", unused_port, authenticator=check, auth_require_tls=scheme != "smtps", **tls
    )
    controller.start()
    try:
        for password, reason in (("p%2Fass", ""), ("wrong", "smtp_login_refused_535")):
            url = f"{scheme}://us%40er:{password}@localhost:{unused_port}"
            assert outcome(replace(vendor_settings, smtp_url=url, ca_file=authority), address) == reason
        untrusting = replace(
            vendor_settings, smtp_url=f"{scheme}://localhost:{unused_port}", ca_file=vendor_settings.ca_file
        )
        assert outcome(untrusting, address) == "smtp_untrusted"
    finally:
        controller.stop()
    assert set(seen) == {(b"us@er", b"p/ass"), (b"us@er", b"wrong")}
    assert taken.recipients == [address]


class Taken:
    """Takes every mail."""

    def __init__(self) -> None:
        self.recipients: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def outcome(settings: Settings, address: str) -> str:
    """The reason why the mail could not leave; empty when it has."""
    mailer = SmtpMailer(settings)
    try:
        mailer.send(mail(address))
    except PortError as error:
        return error.reason
    finally:
        mailer.close()
    return ""


def test_a_mail_to_several_is_no_mail_of_ours(mailer: SmtpMailer) -> None:
    message = mail("a@example.net")
    message.replace_header("To", "a@example.net, b@example.net")
    with pytest.raises(ValueError, match="unpack"):
        mailer.send(message)
