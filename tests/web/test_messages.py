"""Writing to guests, where the draft, a guest or the time changes between looking at it and sending it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import msgspec
import pytest

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Busy
from chouseiapo.domain.proposal import Delivery, Guest
from chouseiapo.tables import drafts
from chouseiapo.web.staff.message import Written
from tests.product import BY, NOW
from tests.web.desk import Company
from tests.web.pages import Form, Page

WORDS: dict[str, Any] = {"subject": "休業のお知らせ", "text": "年末は休みます。"}
NOBODY = "送れるお客様がいなかったため、メッセージは送られていません。"


@pytest.fixture
def two(company: Company) -> list[Appointment]:
    return [company.propose(), company.propose(guest=Guest("XYZ", "佐々木", "s@example.net"))]


def begun(company: Company, to: Sequence[Appointment]) -> Page:
    """The form to the guests of those."""
    page = company.tanaka.open("/?state=all&select=1")
    return company.tanaka.send(page.form("/messages"), appointment=[each.id for each in to])


def reviewed(company: Company, to: Sequence[Appointment], **typed: Any) -> Page:
    return company.tanaka.send(begun(company, to).form("/messages/"), **WORDS | typed)


def got(company: Company, made: Appointment) -> list[str]:
    """The texts that its guest was sent."""
    stream = company.services.coordination.stream(made.id)
    return [event.text for event in stream if isinstance(event, Appointment.MessageSent)]


def forget_guest(company: Company, made: Appointment) -> None:
    company.services.erase_guest(made.id, BY, cancel=True)


def busy_after(monkeypatch: pytest.MonkeyPatch, sent: int) -> None:
    """From the next on after so many, the store has no time."""
    plain, left = Coordination.send_message, [None] * sent

    def send_message(self: Coordination, *said: Any) -> Appointment:
        if not left:
            raise Busy
        left.pop()
        return plain(self, *said)

    monkeypatch.setattr(Coordination, "send_message", send_message)


def cut_off_after_one(company: Company, two: list[Appointment]) -> Form:
    """The form again, after too many wrote at once to send the second message."""
    form = reviewed(company, two).form("/send")
    with pytest.MonkeyPatch.context() as patched:
        busy_after(patched, 1)
        company.tanaka.send(form)
    assert company.tanaka.status == 503
    return company.tanaka.open(form.action.removesuffix("/send")).form("/messages/")


class TestOnce:
    def test_pressed_twice_it_is_sent_once(self, company: Company, two: list[Appointment]) -> None:
        send = reviewed(company, two).form("/send")
        for _ in range(2):
            page = company.tanaka.send(send)
        assert "選んだお客様にメッセージを送りました。" in page.text
        assert [got(company, each) for each in two] == [[WORDS["text"]]] * 2

    def test_one_whose_draft_is_gone_is_not_called_sent(
        self, company: Company, two: list[Appointment]
    ) -> None:
        send = reviewed(company, two).form("/send")
        with company.services.rows.write() as connection:
            connection.execute(drafts.delete())
        page = company.tanaka.send(send)
        assert "送られていません" in page.text
        assert [got(company, each) for each in two] == [[], []]

    def test_what_another_tab_writes_after_that_is_another_message(
        self, company: Company, two: list[Appointment]
    ) -> None:
        other = begun(company, two).form("/messages/")
        first = company.tanaka.send(other, **WORDS)
        company.tanaka.send(first.form("/send"))
        page = company.tanaka.send(other, **WORDS | {"text": "年始も休みます。"})
        page = company.tanaka.send(page.form("/send"))
        assert "選んだお客様にメッセージを送りました。" in page.text
        assert [got(company, each) for each in two] == [[WORDS["text"], "年始も休みます。"]] * 2

    def test_a_correction_reaches_those_who_have_got_the_first_text(
        self, company: Company, two: list[Appointment]
    ) -> None:
        form = cut_off_after_one(company, two)
        page = company.tanaka.send(form, text="年末年始は休みます。")
        company.tanaka.send(page.form("/send"))
        assert got(company, two[0]) == [WORDS["text"], "年末年始は休みます。"]
        assert got(company, two[1]) == ["年末年始は休みます。"]

    def test_the_same_words_go_once_though_fewer_are_chosen(
        self, company: Company, two: list[Appointment]
    ) -> None:
        form = cut_off_after_one(company, two)
        page = company.tanaka.send(form, appointment=[two[0].id], text=WORDS["text"] + "\r\n")
        company.tanaka.send(page.form("/send"))
        assert [got(company, each) for each in two] == [[WORDS["text"]], []]


class TestWhoCanBeReached:
    def test_that_nobody_is_reached_is_said_and_everything_kept(self, company: Company) -> None:
        made = company.propose()
        page = company.tanaka.open(f"/messages/new?appointment={made.id}")
        page = company.tanaka.send(page.form("/messages/"), **WORDS)
        forget_guest(company, made)
        page = company.tanaka.send(page.form("/send"))
        assert NOBODY in page.text
        form = page.form("/messages/")
        assert {name: form.value(name) for name in WORDS} == WORDS
        assert form.values("appointment") == [made.id]
        assert got(company, made) == []

    def test_that_nobody_is_reached_is_said_in_english(self, company: Company) -> None:
        made = company.propose()
        page = reviewed(company, [made])
        forget_guest(company, made)
        company.tanaka.http.set_cookie("lang", "en")
        page = company.tanaka.send(page.form("/send"))
        assert "None of these guests could be reached, so the message was not sent." in page.text

    def test_a_guest_forgotten_in_the_very_moment_is_not_said_to_be_reached(
        self, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = company.propose()
        page = reviewed(company, [made])
        plain = Coordination.send_message

        def send_message(self: Coordination, *said: Any) -> Appointment:
            forget_guest(company, made)
            return plain(self, *said)

        monkeypatch.setattr(Coordination, "send_message", send_message)
        page = company.tanaka.send(page.form("/send"))
        assert NOBODY in page.text
        assert page.form("/messages/").value("text") == WORDS["text"]

    def test_one_who_has_an_address_by_now_is_looked_at_first(self, company: Company) -> None:
        """Listed as somebody who can't be written to, they gave an address while picking."""
        reachable = company.propose()
        unreached = company.propose(delivery=Delivery.LINK, guest=Guest("XYZ", "佐々木"))
        send = reviewed(company, [reachable, unreached]).form("/send")
        given = Guest("XYZ", "佐々木", "sasaki@example.net")
        company.services.coordination.confirm(unreached.id, "c1", given, BY, NOW)
        page = company.tanaka.send(send)
        assert [got(company, each) for each in (reachable, unreached)] == [[], []]
        assert "sasaki@example.net" in page.text
        company.tanaka.send(page.form("/send"))
        assert [got(company, each) for each in (reachable, unreached)] == [[WORDS["text"]]] * 2

    def test_how_many_were_reached_is_said_and_the_others_are_kept(
        self, company: Company, two: list[Appointment]
    ) -> None:
        page = reviewed(company, two)
        forget_guest(company, two[1])
        page = company.tanaka.send(page.form("/send"))
        assert "1件に送りました。下の1件には送れませんでした。" in page.text
        form = page.form("/messages/")
        assert form.values("appointment") == [two[1].id]
        assert form.value("text") == WORDS["text"]
        assert [got(company, each) for each in two] == [[WORDS["text"]], []]


class TestWhatIsSent:
    """Whoever sends without having looked at it is led back to where it is looked at."""

    def test_another_text_than_was_looked_at_is_looked_at_first(
        self, company: Company, two: list[Appointment]
    ) -> None:
        form = begun(company, two).form("/messages/")
        first = company.tanaka.send(form, **WORDS)
        company.tanaka.send(form, **WORDS | {"text": "年始も休みます。"})
        company.tanaka.send(first.form("/send"))
        assert company.tanaka.path == first.form("/send").action.replace("/send", "/review")
        assert [got(company, each) for each in two] == [[], []]

    def test_what_is_wrong_is_not_thrown_away_as_sent(self, company: Company) -> None:
        made = company.propose()
        form = begun(company, [made]).form("/messages/")
        send = company.tanaka.send(form, **WORDS).form("/send")
        company.tanaka.send(form, **WORDS | {"text": ""})
        written = msgspec.json.encode(Written((made.id,), WORDS["subject"]))
        page = company.tanaka.send(send, seen=hashlib.sha256(written).hexdigest()[:16])
        assert page.problems == ["本文を入力してください。"]
        assert page.form("/messages/").value("subject") == WORDS["subject"]
        assert got(company, made) == []

    def test_it_goes_to_no_more_than_may_be_written_to_at_once(
        self, company: Company, two: list[Appointment], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = reviewed(company, two)
        monkeypatch.setattr(import_module("chouseiapo.web.staff.message"), "MOST", 1)
        page = company.tanaka.send(page.form("/send"))
        assert page.problems == ["一度に送れるのは1件までです。"]
        assert page.form("/messages/").values("appointment") == [each.id for each in two]
        assert [got(company, each) for each in two] == [[], []]
