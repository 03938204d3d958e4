"""The SMTP mailbox, through smtplib."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.conftest import Fault

ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:打ち合わせ\r\nEND:VCALENDAR\r\n"


def message(to: str, subject: str = "日程のお知らせ", *, ics: bool = False) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "調整アポ <no-reply@example.com>", to, subject
    mail["Message-ID"] = f"<{to}>"
    mail.set_content("本文です。\n", cte="base64")
    mail.add_alternative("<p>本文です。</p>", subtype="html", cte="base64")
    if ics:
        mail.add_alternative(ICS, subtype="calendar", params={"method": "REQUEST"}, cte="base64")
        mail.add_attachment(ICS.encode(), maintype="application", subtype="ics", filename="invite.ics")
    return mail


def connect(sandbox: Sandbox) -> smtplib.SMTP:
    address = urlsplit(sandbox.env["CHOUSEIAPO_SMTP_URL"])
    return smtplib.SMTP(address.hostname or "", address.port or 0, timeout=10)


def received(sandbox: Sandbox, http: requests.Session, to: str) -> list[dict[str, Any]]:
    mails = http.get(f"{sandbox.url}/state.json", timeout=10).json()["mails"]
    return [each for each in mails if to in each["to"]]


def test_a_mail_is_kept_with_all_its_parts(sandbox: Sandbox, http: requests.Session) -> None:
    with connect(sandbox) as client:
        assert client.send_message(message("parts@example.net", ics=True)) == {}
    (mail,) = received(sandbox, http, "parts@example.net")
    assert (mail["to"], mail["subject"]) == ("parts@example.net", "日程のお知らせ")
    assert (mail["message_id"], mail["text"], mail["html"]) == (
        "<parts@example.net>",
        "本文です。\n",
        "<p>本文です。</p>\n",
    )
    assert mail["ics"].replace("\r\n", "\n").strip() == ICS.replace("\r\n", "\n").strip()
    assert mail["at"].endswith("+00:00")


def test_a_mail_without_html_or_invitation_has_empty_ones(sandbox: Sandbox, http: requests.Session) -> None:
    mail = EmailMessage()
    mail["To"] = "plain@example.net"
    mail.set_content("本文です。\n")
    with connect(sandbox) as client:
        client.send_message(mail, from_addr="no-reply@example.com")
    (kept,) = received(sandbox, http, "plain@example.net")
    assert (kept["html"], kept["ics"], kept["subject"], kept["text"]) == ("", "", "", "本文です。\n")


def test_the_recipients_are_the_envelopes(sandbox: Sandbox, http: requests.Session) -> None:
    with connect(sandbox) as client:
        client.send_message(message("shown@example.net"), to_addrs=["one@example.net", "two@example.net"])
    assert received(sandbox, http, "shown@example.net") == []
    assert received(sandbox, http, "two@example.net")[0]["to"] == "one@example.net, two@example.net"


@pytest.mark.parametrize("status", [451, 550])
def test_a_recipient_is_refused_for_now_or_for_good(sandbox: Sandbox, fault: Fault, status: int) -> None:
    fault("smtp", "status", status=status, mailbox="refused@example.net")
    with connect(sandbox) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            client.send_message(message("refused@example.net"))
        assert caught.value.recipients["refused@example.net"][0] == status
        refused = client.send_message(message("x"), to_addrs=["refused@example.net", "fine@example.net"])
        assert set(refused) == {"refused@example.net"}


def test_a_mail_is_refused_after_its_data(sandbox: Sandbox, http: requests.Session, fault: Fault) -> None:
    fault("smtp", "status", status=451, stage="data", limit=1)
    with connect(sandbox) as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.send_message(message("later@example.net"))
        assert caught.value.smtp_code == 451
        assert client.send_message(message("later@example.net")) == {}
    assert len(received(sandbox, http, "later@example.net")) == 1


def test_the_connection_drops_after_the_mail_was_accepted(
    sandbox: Sandbox, http: requests.Session, fault: Fault
) -> None:
    fault("smtp", "drop_after", limit=1)
    for _ in range(2):
        client = connect(sandbox)
        try:
            client.send_message(message("twice@example.net"))
        except smtplib.SMTPServerDisconnected:
            continue
        finally:
            client.close()
    first, second = received(sandbox, http, "twice@example.net")
    assert first["message_id"] == second["message_id"]


def test_the_connection_drops_and_the_mail_is_lost(
    sandbox: Sandbox, http: requests.Session, fault: Fault
) -> None:
    fault("smtp", "drop_before", limit=1)
    client = connect(sandbox)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(message("lost@example.net"))
    client.close()
    assert received(sandbox, http, "lost@example.net") == []


def test_a_slow_server_takes_its_time(sandbox: Sandbox, http: requests.Session, fault: Fault) -> None:
    fault("smtp", "slow", delay_s=0.1, mailbox="slow@example.net")
    with connect(sandbox) as client:
        assert client.sock is not None
        client.sock.settimeout(0.05)
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            client.send_message(message("slow@example.net"))


def test_what_came_in_is_in_the_journal(sandbox: Sandbox, http: requests.Session, fault: Fault) -> None:
    fault("smtp", "status", status=550, mailbox="no@example.net")
    with connect(sandbox) as client:
        client.send_message(message("yes@example.net"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(message("no@example.net"))
    rows = http.get(f"{sandbox.url}/state.json", timeout=10).json()["requests"]
    mine = [row for row in rows if row["mailbox"] in ("yes@example.net", "no@example.net")]
    assert [(row["method"], row["status"], row.get("fault")) for row in mine] == [
        ("DATA", 250, None),
        ("RCPT", 550, "status"),
    ]
