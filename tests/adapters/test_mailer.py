"""Mails leave through SMTP: once, or with a reason."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from chouseiapo.adapters.smtp import SmtpMailer
from chouseiapo.config import Settings
from chouseiapo.mail import raw_mail
from chouseiapo.ports import PortError, RawMail
from chouseiapo.sandbox.certificates import server_context
from tests.adapters.outside import Outside
from tests.adapters.smtp_server import ScriptedServer, scripted

numbers = itertools.count(1)


@pytest.fixture
def address() -> str:
    return f"guest{next(numbers)}@example.net"


@pytest.fixture
def mailer(outside: Outside, vendor_settings: Settings) -> Iterator[SmtpMailer]:
    mailer = SmtpMailer(vendor_settings)
    yield mailer
    mailer.close()


def mail(address: str) -> RawMail:
    return raw_mail(message_to(f"山田太郎 <{address}>"))


def message_to(recipients: str, subject: str = "[株式会社サンプル]日程調整のお願い") -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "調整アポ <no-reply@example.com>"
    message["To"] = recipients
    message["Subject"] = subject
    message["Message-ID"] = f"<{next(numbers)}@example.com>"
    message.set_content("お世話になっております。\n髙橋 😀\n", cte="base64")
    return message


def received(outside: Outside, address: str) -> list[dict[str, Any]]:
    return [found for found in outside.state()["mails"] if found["to"] == address]


def test_a_mail_arrives_whole(mailer: SmtpMailer, outside: Outside, address: str) -> None:
    sent = message_to(f"山田太郎 <{address}>")
    mailer.send(raw_mail(sent))
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


def test_a_mail_to_several_is_no_mail_of_ours() -> None:
    with pytest.raises(ValueError, match="too many values"):
        raw_mail(message_to("a@example.net, b@example.net"))


# Talking: with a server that does as it is told


def talking_to(server: ScriptedServer, settings: Settings) -> SmtpMailer:
    return SmtpMailer(replace(settings, smtp_url=f"smtp://127.0.0.1:{server.port}"))


def reason(mailer: SmtpMailer, address: str) -> str:
    try:
        mailer.send(mail(address))
    except PortError as error:
        return error.reason
    return ""


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_mail_takes_two_exchanges_where_the_server_likes_that(
    vendor_settings: Settings, address: str, pipelining: bool
) -> None:
    with scripted(pipelining=pipelining) as server:
        mailer = talking_to(server, vendor_settings)
        for _ in range(3):
            mailer.send(mail(address))
        mailer.close()
        assert len(server.told.taken) == 3
        assert (server.told.at_once >= 3) is pipelining
        assert len(server.told.connections) == 1


def test_a_busy_connection_is_not_asked_whether_it_lives(
    vendor_settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        for _ in range(5):
            mailer.send(mail(address))
        assert server.told.count("noop") == 0
        monkeypatch.setattr("chouseiapo.adapters.smtp.TRUSTED_S", 0.0)
        mailer.send(mail(address))
        assert server.told.count("noop") == 1
        mailer.close()


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_kept_connection_that_has_died_is_opened_again_without_a_word(
    vendor_settings: Settings, address: str, pipelining: bool
) -> None:
    with scripted(pipelining=pipelining) as server:
        mailer = talking_to(server, vendor_settings)
        mailer.send(mail(address))
        server.hang_up()
        assert reason(mailer, address) == ""
        assert len(server.told.taken) == 2
        mailer.close()


def test_a_server_that_takes_so_many_mails_a_connection_gets_another_one(
    vendor_settings: Settings, address: str
) -> None:
    with scripted(lambda said, n: "421 enough" if said.startswith("MAIL") and n == 3 else None) as server:
        mailer = talking_to(server, vendor_settings)
        assert [reason(mailer, address) for _ in range(4)] == [""] * 4
        assert len(server.told.connections) == 2
        mailer.close()


@pytest.mark.parametrize("said", ["mail", "rcpt", "DATA"])
def test_a_new_connection_that_breaks_is_not_tried_for_ever(
    vendor_settings: Settings, address: str, said: str
) -> None:
    def hang_up(command: str, _: int) -> str | None:
        return "" if command.lower().startswith(said.lower()) else None

    with scripted(hang_up) as server:
        mailer = talking_to(server, vendor_settings)
        assert reason(mailer, address) == "smtp_dropped"
        assert len(server.told.connections) == 1


@pytest.mark.parametrize("kept", [True, False])
def test_once_the_content_was_begun_nothing_is_sent_again(
    vendor_settings: Settings, address: str, kept: bool
) -> None:
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        if kept:
            mailer.send(mail(address))
        server.script = lambda command, _: "" if command == "CONTENT" else None
        assert reason(mailer, address) == "smtp_unanswered"
        assert len(server.told.taken) == 1 + kept
        assert len(server.told.connections) == 1


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("command", "answer", "refused"),
    [
        ("RCPT", "550 no", "refused_550"),
        ("RCPT", "451 later", "refused_451"),
        ("MAIL", "552 too large", "refused_552"),
        ("MAIL", "530 who are you", "smtp_sender_refused_530"),
        ("DATA", "554 no", "refused_554"),
        ("CONTENT", "554 spam", "refused_554"),
    ],
)
def test_after_a_refusal_the_next_mail_goes_over_the_same_connection(
    vendor_settings: Settings, address: str, command: str, answer: str, refused: str, pipelining: bool
) -> None:
    with scripted(pipelining=pipelining) as server:
        mailer = talking_to(server, vendor_settings)
        server.script = lambda said, _: answer if said.startswith(command) else None
        assert reason(mailer, address) == refused
        before = len(server.told.taken)
        server.script = lambda *_: None
        assert reason(mailer, f"next-{address}") == ""
        assert len(server.told.taken) == before + 1
        assert server.told.connections[0][-2] == f"RCPT TO:<next-{address}>"
        assert len(server.told.connections) == 1
        mailer.close()


def test_a_refusal_counts_although_the_server_hangs_up_after_it(
    vendor_settings: Settings, address: str
) -> None:
    """It had let us begin the content, and goes when none comes."""
    answers = {"RCPT": "550 no", "DATA": "354 go on", ".": ""}
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        server.script = lambda said, _: answers.get(said.partition(" ")[0])
        assert reason(mailer, address) == "refused_550"
        server.script = lambda *_: None
        assert reason(mailer, f"next-{address}") == ""
        mailer.close()


def test_a_domain_of_other_letters_names_us_in_ascii(vendor_settings: Settings, address: str) -> None:
    with scripted() as server:
        mailer = talking_to(server, replace(vendor_settings, mail_from="no-reply@例え.jp"))
        assert reason(mailer, address) == ""
        assert server.told.connections[0][0].lower() == "ehlo xn--r8jz45g.jp"
        mailer.close()


def test_a_server_that_looks_at_a_mail_for_long_is_waited_for(
    vendor_settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who hangs up while the server still decides sends the mail again and again."""
    monkeypatch.setattr("chouseiapo.adapters.smtp.TIMEOUT_S", 0.2)

    def slow(command: str, _: int) -> None:
        if command == "CONTENT":
            time.sleep(0.5)

    with scripted(slow) as server:
        mailer = talking_to(server, vendor_settings)
        assert [reason(mailer, address), reason(mailer, address)] == ["", ""]
        assert (len(server.told.taken), len(server.told.connections)) == (2, 1)
        server.script = lambda command, _: time.sleep(0.5) if command.startswith("MAIL") else None
        assert reason(mailer, address) == "smtp_dropped"
        mailer.close()


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("530 5.7.0 authenticate first", "smtp_sender_refused_530"),
        ("550-5.1.8 <no-reply@example.com>:\r\n550 5.1.8 no such domain", "smtp_sender_refused_550"),
        ("553 5.7.1 not your address", "refused_553"),
        ("550 5.1.1 unknown", "refused_550"),
        ("550", "refused_550"),
    ],
)
def test_a_sender_refused_after_the_recipient_was_named_is_not_the_recipients_fault(
    vendor_settings: Settings, address: str, answer: str, refused: str
) -> None:
    """Many servers look at the sender only then."""
    with scripted(lambda said, _: answer if said.startswith("RCPT") else None) as server:
        mailer = talking_to(server, vendor_settings)
        assert reason(mailer, address) == refused
        mailer.close()


def test_a_line_that_is_a_dot_arrives_as_one(vendor_settings: Settings) -> None:
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        mailer.send(RawMail("a@example.com", "b@example.net", b"Subject: x\r\n\r\n.\r\n..two\r\nend"))
        assert server.told.taken == ["Subject: x\r\n\r\n..\r\n...two\r\nend"]
        mailer.close()


@pytest.mark.parametrize("address", ["b@example.net>\r\nRSET", "<\r\nRSET", "\r\nRSET"])
def test_no_address_brings_a_command_of_its_own(vendor_settings: Settings, address: str) -> None:
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        with pytest.raises(PortError) as caught:
            mailer.send(RawMail("a@example.com", address, b""))
        mailer.close()
        assert (caught.value.reason, caught.value.permanent) == ("refused_no_address", True)
        assert [said[:4] for said in server.told.connections[0]] == ["ehlo", "quit"]


def test_a_check_names_the_sender_and_sends_nothing(vendor_settings: Settings) -> None:
    with scripted() as server:
        mailer = talking_to(server, vendor_settings)
        mailer.check()
        server.script = lambda said, _: "550 not you" if said.startswith("MAIL") else None
        with pytest.raises(PortError) as caught:
            mailer.check()
        assert caught.value.reason == "smtp_sender_refused_550"
        assert (server.told.taken, server.told.count("RCPT")) == ([], 0)
        mailer.close()
