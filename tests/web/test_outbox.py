"""The outbox and the mails of an appointment: why each was sent or not, who asked, and sending once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.bootstrap import build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Meta
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Platform
from chouseiapo.ports import PortError
from chouseiapo.web import limits
from chouseiapo.worker import Worker
from projections.mail_log import Logged, latest_mails, mails_about
from projections.send_mails import GIVEN_UP_AFTER
from tests.product import BY, NOW, at
from tests.projections.post import Post, send_due
from tests.web.api import StandingClock
from tests.web.desk import Company, Desk, page_of
from tests.web.pages import Page

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def company(settings: Settings) -> Iterator[Company]:
    """With a mail server at which nobody listens: what leaves, and how, each test says itself."""
    limits.forget_all()
    clock = StandingClock()
    with closing(build(replace(settings, smtp_url="smtp://127.0.0.1:9"), clock)) as services:
        yield Unsent(services, clock)


class Unsent(Company):
    """Lists catch up, and nothing leaves by itself."""

    def read(self) -> None:
        Worker(self.services).read()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def made(company: Company) -> Appointment:
    return company.propose(platform=Platform.NONE)


def to_guest(company: Company, made: Appointment) -> Logged:
    return [m for m in mails_about(company.services.rows, made.id) if m.mail.recipient == "guest"][-1]


def again(desk: Desk, made: Appointment, mail: Logged) -> Page:
    return desk.open(page_of(made, f"/mails/{mail.id}/again"))


class TestWhy:
    def test_each_mail_says_what_caused_it_who_and_when(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        company.services.coordination.cancel(made.id, "", Meta(actor=company.office.suzuki), SOON)
        company.read()
        send_due(company.services, post, SOON)
        outbox, page = company.chief.open("/outbox").text, company.tanaka.open(page_of(made)).text
        assert "キャンセルされたため · 鈴木 花子 11月21日(土) 09:01" in outbox
        assert "キャンセルされたため 鈴木 花子 11月21日(土) 09:01" in page

    def test_one_that_was_skipped_says_why_not(self, company: Company, made: Appointment, post: Post) -> None:
        app = company.services.coordination
        app.confirm(made.id, "c1", made.guest, BY, NOW)
        company.read()
        send_due(company.services, post, SOON)
        company.services.reminders.sweep(at(24, 22))
        app.cancel(made.id, "", BY, at(24, 22))
        send_due(company.services, post, at(24, 23))
        text = company.chief.open("/outbox?state=skipped").text
        assert "当日の決めた時刻になったため" in text
        assert "送る前に、アポイントメントがキャンセルされました。" in text

    def test_one_that_waits_says_how_often_it_was_tried_and_when_next(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        post.refuses["yamada@example.net"] = PortError("refused_451")
        send_due(company.services, post, SOON)
        assert (
            "1回試しました。次は11月21日(土) 09:01に試します。"
            in company.chief.open("/outbox?state=queued").text
        )
        assert "1回試しました" in company.tanaka.open(page_of(made)).text
        assert "Attempts so far: 1" in company.chief.open("/outbox?state=queued&lang=en").text

    def test_the_servers_trouble_stands_on_top_until_it_is_back(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        assert "メールの送信を止めています" not in company.chief.open("/outbox").text
        post.down = "smtp_login_refused_535"
        send_due(company.services, post, SOON)
        text = company.chief.open("/outbox").text
        assert "メールの送信を止めています" in text
        assert "メールサーバーにサインインできません。" in text
        assert "11月21日(土) 09:01から止めています。" in text
        post.down = ""
        send_due(company.services, post, SOON + timedelta(minutes=1))
        assert "メールの送信を止めています" not in company.chief.open("/outbox").text


class TestGrouped:
    def test_mails_of_one_cause_stand_below_one_name(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        send_due(company.services, post, SOON)
        text = company.tanaka.open(page_of(made)).text
        assert text.count("日程調整の依頼 日時候補を提案したため") == 1
        assert "送信済み 09:01 お客様 田中 一郎 鈴木 花子" in text

    def test_each_leads_to_the_mail_of_its_recipient(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        page = company.tanaka.open(page_of(made))
        mail = to_guest(company, made)
        assert page_of(made, f"/mails/{mail.id}") in page.html
        assert "お客様 yamada@example.net" in again(company.tanaka, made, mail).text

    def test_one_that_fails_stands_before_the_others_with_why(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        post.refuses["suzuki@example.com"] = PortError("refused_550", permanent=True)
        send_due(company.services, post, SOON)
        text = company.tanaka.open(page_of(made)).text
        refused = "届きませんでした 09:01 鈴木 花子 宛先のメールサーバーが受け取りを断りました。"
        assert f"{refused} 送信済み 09:01 お客様 田中 一郎" in text
        assert "鈴木 花子(suzuki@example.com)にメールが届きませんでした。 本人のアドレスと" in text

    def test_beyond_four_causes_the_oldest_are_folded_away(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        for minutes in range(1, 5):
            company.services.coordination.resend_request(made.id, BY, NOW + timedelta(minutes=minutes))
        company.read()
        self.send_all(company, post)
        text = company.tanaka.open(page_of(made)).text
        assert (
            text.index("再送が指示されたため") < text.index("以前のメール 3件") < text.index("日時候補を提案")
        )
        assert "Earlier e-mails: 3" in company.tanaka.open(page_of(made) + "?lang=en").text

    def test_but_none_that_did_not_reach_its_recipient(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        post.refuses["suzuki@example.com"] = PortError("refused_550", permanent=True)
        for minutes in range(1, 5):
            company.services.coordination.resend_request(made.id, BY, NOW + timedelta(minutes=minutes))
        company.read()
        self.send_all(company, post)
        text = company.tanaka.open(page_of(made)).text
        assert "以前のメール" not in text
        assert "日時候補を提案したため" in text

    def send_all(self, company: Company, post: Post) -> None:
        for minutes in range(5, 8):
            send_due(company.services, post, NOW + timedelta(minutes=minutes))


class TestRead:
    def test_a_page_of_the_outbox_reads_all_its_appointments_at_once(
        self, company: Company, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        company.chief.open("/outbox")
        recorder = company.services.coordination.recorder
        read: list[str] = []
        one_by_one = recorder.select_events

        def noted(originator_id: str, **how: Any) -> Any:
            read.append(str(originator_id))
            return one_by_one(originator_id, **how)

        monkeypatch.setattr(recorder, "select_events", noted)
        made = [company.propose(platform=Platform.NONE).id for _ in range(3)]
        company.read()
        read.clear()
        text = company.chief.open("/outbox").text
        assert text.count("日時候補を提案したため") == 9
        assert [id for id in read if id in made] == []


class TestRefused:
    def test_one_given_up_says_for_how_long_it_was_tried(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        post.refuses["yamada@example.net"] = PortError("refused_452")
        send_due(company.services, post, SOON)
        send_due(company.services, post, SOON + GIVEN_UP_AFTER)
        company.clock.now = SOON + GIVEN_UP_AFTER
        for text in (
            company.tanaka.open(page_of(made)).text,
            company.chief.open(page_of(made, f"/mails/{to_guest(company, made).id}")).text,
        ):
            assert "5日のあいだ試しても送れなかったため、やめました。" in text
            assert "自動でやり直しています" not in text

    def test_the_appointment_names_the_address_and_the_way_to_mend_it(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        post.refuses["yamada@example.net"] = PortError("refused_550", permanent=True)
        send_due(company.services, post, SOON)
        text = company.tanaka.open(page_of(made)).text
        assert "お客様(yamada@example.net)にメールが届きませんでした。" in text
        assert "アドレスを確かめてください。" in text

    def test_until_one_has_reached_it(self, company: Company, made: Appointment, post: Post) -> None:
        post.refuses["yamada@example.net"] = PortError("refused_550", permanent=True)
        send_due(company.services, post, SOON)
        post.refuses.clear()
        page = again(company.tanaka, made, to_guest(company, made))
        company.tanaka.send(page.form("/again"))
        send_due(company.services, post, SOON)
        assert "メールが届きませんでした" not in company.tanaka.open(page_of(made)).text


class TestOnceMore:
    def test_it_says_to_whom_and_then_sends_one(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        send_due(company.services, post, SOON)
        company.clock.now = SOON
        page = again(company.suzuki, made, to_guest(company, made))
        assert "お客様 yamada@example.net" in page.text
        shown = company.suzuki.send(page.form("/again"))
        assert "再送が指示されたため 鈴木 花子 11月21日(土) 09:01" in shown.text
        assert "送信待ち" in shown.text
        send_due(company.services, post, SOON)
        assert post.recipients.count("yamada@example.net") == 2
        assert len({m["Message-ID"] for m in post.taken}) == 4

    def test_a_double_click_is_one_mail_and_a_second_time_another(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        send_due(company.services, post, SOON)
        mail = to_guest(company, made)
        page = again(company.tanaka, made, mail)
        first, second = (company.tanaka.send(page.form("/again")) for _ in range(2))
        assert first.text == second.text
        assert len(mails_about(company.services.rows, made.id)) == 4
        send_due(company.services, post, SOON)
        company.suzuki.send(again(company.suzuki, made, mail).form("/again"))
        assert len(mails_about(company.services.rows, made.id)) == 5

    def test_one_that_waits_is_not_sent_twice(self, company: Company, made: Appointment, post: Post) -> None:
        mail = to_guest(company, made)
        page = again(company.tanaka, made, mail)
        assert "まだ送信を待っています" in page.text
        assert not [form for form in page.forms if "/again" in form.action]

    def test_what_nobody_needs_any_more_is_not_sent_again(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        app = company.services.coordination
        app.confirm(made.id, "c1", made.guest, BY, NOW)
        company.read()
        send_due(company.services, post, SOON)
        company.services.reminders.sweep(at(24, 22))
        send_due(company.services, post, at(24, 22))
        company.clock.now = at(24, 23)
        page = again(company.chief, made, to_guest(company, made))
        assert "いまの日時と内容で、この宛先だけに" in page.text
        app.cancel(made.id, "", BY, at(24, 23))
        company.chief.send(page.form("/again"))
        assert company.chief.status == 409
        assert "いまは再送できません。" in again(company.chief, made, to_guest(company, made)).text

    def test_an_older_one_says_that_another_was_sent_since(
        self, company: Company, made: Appointment, post: Post
    ) -> None:
        request = to_guest(company, made)
        company.services.coordination.cancel(made.id, "", BY, NOW)
        company.read()
        send_due(company.services, post, SOON)
        send_due(company.services, post, SOON + timedelta(minutes=1))
        assert (
            "このあとに「キャンセルのお知らせ」を送っています。" in again(company.tanaka, made, request).text
        )

    def test_strangers_find_nothing_to_send(self, company: Company, made: Appointment, post: Post) -> None:
        send_due(company.services, post, SOON)
        path = page_of(made, f"/mails/{to_guest(company, made).id}/again")
        company.sato.open(path)
        assert company.sato.status == 404
        assert company.sato.post(path, {"number": "1"}).status_code in (403, 404)

    @pytest.mark.parametrize("number", ["", "0", "2", "x", "9" * 5000])
    def test_a_number_that_no_form_has_is_refused(
        self, company: Company, made: Appointment, post: Post, number: str
    ) -> None:
        send_due(company.services, post, SOON)
        form = again(company.tanaka, made, to_guest(company, made)).form("/again")
        company.tanaka.send(form, number=number)
        assert company.tanaka.status == 400

    def test_a_mail_about_an_account_is_sent_again_by_administrators(
        self, company: Company, post: Post
    ) -> None:
        app, tanaka = company.services.coordination, company.office.tanaka
        link = app.link_account(tanaka, Provider.GOOGLE, "1", "tanaka@example.com", BY, NOW)
        app.break_link(link, "token_refused", NOW)
        company.read()
        send_due(company.services, post, SOON)
        [mail] = latest_mails(company.services.rows)
        page = company.chief.open(f"/outbox/{mail.id}/again")
        company.chief.send(page.form("/again"))
        send_due(company.services, post, SOON)
        assert post.recipients == ["tanaka@example.com"] * 2
        company.tanaka.open(f"/outbox/{mail.id}/again")
        assert company.tanaka.status == 403
