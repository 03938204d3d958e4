"""An appointment's web meeting on its page, what it is like, moving it, and writing to its guest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import JoinBeforeHost, MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from chouseiapo.domain.slots import Offer, Slot
from chouseiapo.ledger import touch
from chouseiapo.tables import tasks
from projections.meetings import LEDGER
from projections.outbox import mails_of
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, page_of, slot
from tests.web.pages import Page

ISSUED = Meeting("https://zoom.example/j/81700860989?pwd=x", "81700860989", "123456")


def confirmed(company: Company, **changes: Any) -> Appointment:
    """On Zoom; nothing is issued yet."""
    made = company.propose(platform=Platform.ZOOM, **changes)
    company.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    return company.appointment(made.id)


def issued(company: Company, **changes: Any) -> Appointment:
    made, app = confirmed(company, **changes), company.services.coordination
    host, options = company.office.zoom[made.organizer], app.meeting_options(made)
    return app.issue_meeting(made.id, ISSUED, host, BY, NOW, options)


def failing(company: Company, made: Appointment, reason: str) -> None:
    lane = company.office.zoom[made.organizer]
    with company.services.rows.write() as connection:
        touch(connection, LEDGER, made.id, lane=lane)
        since = {"error": reason, "failing_since": NOW - timedelta(hours=1), "parked": True}
        connection.execute(tasks.update().where(tasks.c.key == made.id).values(since))


def shown(company: Company, made: Appointment) -> Page:
    return company.tanaka.open(page_of(made))


class TestThePanel:
    def test_the_way_in_can_be_copied(self, company: Company) -> None:
        page = shown(company, issued(company))
        assert f'value="{ISSUED.join_url}"' in page.html
        assert 'value="817 0086 0989"' in page.html
        assert 'value="123456"' in page.html

    def test_it_says_since_when_one_is_being_made(self, company: Company) -> None:
        assert (
            "Web会議のURLを発行しています。 11月21日(土) 09:00から" in shown(company, confirmed(company)).text
        )

    def test_it_says_why_there_is_none_and_what_to_do(self, company: Company) -> None:
        made = confirmed(company)
        failing(company, made, "token_refused")
        page = shown(company, made)
        assert "連携が切れています" in page.text
        assert "「設定」で連携し直してください。" in page.text
        assert "/settings#zoom" in page.links
        others = company.suzuki.open(page_of(made)).text
        assert "本人が「設定」のページを開くと" in others

    def test_at_the_daily_limit_it_says_when_it_goes_on(self, company: Company) -> None:
        made = confirmed(company)
        failing(company, made, "daily_limit")
        page = shown(company, made)
        assert "1日に発行と変更ができる回数の上限" in page.text
        assert "11月22日(日) 09:00を過ぎると、自動で発行します。" in page.text

    def test_by_hand_there_is_a_button(self, company: Company) -> None:
        app = company.services.coordination
        app.choose_meeting_options(ORGANIZATION, MeetingOptions(automatic=False), BY, NOW)
        made = confirmed(company)
        page = shown(company, made)
        assert "手動で発行する設定です。" in page.text
        page = company.tanaka.send(page.form("/meeting"))
        assert "Web会議の発行を始めました。" in page.text
        assert company.appointment(made.id).awaits_meeting

    def test_another_url_is_asked_for_after_a_warning(self, company: Company) -> None:
        made = issued(company)
        assert page_of(made, "/meeting/again") in shown(company, made).links
        before = company.tanaka.open(page_of(made, "/meeting/again"))
        assert "お客様と担当者に新しいURLをメールでお知らせします。" in before.text
        page = company.tanaka.send(before.form("/meeting"))
        assert "発行されるまで、いまのURLが使えます。" in page.text
        assert 'data-state="under_way"' in page.html
        assert "すべて反映済みです" not in page.text
        assert company.appointment(made.id).conference.generation == 2

    def test_without_an_account_it_is_said_that_none_will_be_issued(self, company: Company) -> None:
        made, app = issued(company), company.services.coordination
        told = "新しいURLは、連携されるまで発行されません。"
        assert told not in company.tanaka.open(page_of(made, "/meeting/again")).text
        app.unlink_account(company.office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        assert told in company.tanaka.open(page_of(made, "/meeting/again")).text

    def test_who_has_linked_the_account_by_now_is_its_host(self, company: Company) -> None:
        made, app, office = issued(company), company.services.coordination, company.office
        assert "ホスト: 田中 一郎" in shown(company, made).text
        account = app.linked(office.zoom[office.tanaka])
        assert account is not None
        app.link_account(office.suzuki, Provider.ZOOM, "tanaka@example.com", account.account, BY, NOW)
        assert "ホスト: 鈴木 花子" in shown(company, made).text

    def test_those_issued_so_far_are_listed(self, company: Company) -> None:
        made, app = issued(company), company.services.coordination
        app.request_meeting(made.id, BY, NOW)
        app.issue_meeting(
            made.id,
            Meeting("https://zoom.example/j/2", "82200860989"),
            company.office.zoom[company.office.tanaka],
            BY,
            NOW,
            generation=2,
        )
        page = shown(company, made)
        assert "822 0086 0989 いまの会議" in page.text
        assert "817 0086 0989 使えません" in page.text
        assert "新しいWeb会議のURLを発行しました。以前のURLは使えません。" in page.text

    def test_of_one_deleted_on_zoom_somebody_says_what_follows(self, company: Company) -> None:
        made = issued(company)
        company.services.coordination.note_meeting_gone(made.id, 1, NOW)
        company.read()
        assert "Web会議がZoomで削除されました。" in company.tanaka.open("/").text
        page = shown(company, made)
        assert "この会議はZoomで削除されました" in page.text
        page = company.tanaka.send(page.form("/meeting/forgo"))
        assert "Web会議なしで続けています。" in page.text
        assert "Web会議がZoomで削除されました。" not in company.tanaka.open("/").text
        page = company.tanaka.send(page.form("/meeting"))
        assert company.appointment(made.id).conference.generation == 2

    def test_a_free_account_s_forty_minutes_are_said(self, company: Company) -> None:
        app, office = company.services.coordination, company.office
        app.link_account(office.tanaka, Provider.ZOOM, "tanaka@example.com", "t@x", BY, NOW, plan="basic")
        assert "会議は40分で終わります。" in shown(company, issued(company)).text
        short = issued(company, offers=(offer(27, 1, 0.5),))
        assert "会議は40分で終わります。" not in shown(company, short).text

    def test_nothing_can_be_done_any_more_once_it_is_over(self, company: Company) -> None:
        made = issued(company)
        company.clock.now = at(26, 0)
        page = shown(company, made)
        assert page_of(made, "/meeting/again") not in page.links
        assert page_of(made, "/move") not in page.links

    def test_nothing_is_being_made_any_more_once_it_is_over(self, company: Company) -> None:
        made = confirmed(company)
        page = page_of(made, "?done=moved")
        text = company.tanaka.open(page).text
        assert "発行しています。" in text
        assert "Web会議のURL: 発行中" in text
        company.clock.now = at(26, 0)
        text = company.tanaka.open(page).text
        assert "予定は終わりました。使えるWeb会議はありません。" in text
        assert "発行しています。" not in text
        assert "Web会議のURL: 発行中" not in text

    def test_what_cancelling_does_to_the_meeting_is_said(self, company: Company) -> None:
        made = issued(company)
        assert "Zoomの会議が削除されます。" in shown(company, made).text
        company.services.coordination.unlink_account(
            company.office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP
        )
        text = shown(company, made).text
        assert "Zoomの会議が削除されます。" not in text
        assert "Zoomの会議は削除されません。" in text

    def test_where_none_stands_cancelling_says_nothing_of_it(self, company: Company) -> None:
        assert "Zoomの会議が削除されます。" not in shown(company, confirmed(company)).text

    def test_trouble_names_its_part_of_the_page(self, company: Company) -> None:
        made = confirmed(company)
        failing(company, made, "token_refused")
        told = company.tanaka.open(page_of(made, "?done=moved")).text
        assert "反映できていないものがあります。「Web会議」の欄をご覧ください。" in told
        english = company.tanaka.open(page_of(made, "?done=moved&lang=en")).text
        assert "Something did not get through: see “Web meeting”." in english

    @pytest.mark.parametrize("rest", ["/move", "/options"])
    def test_of_what_was_cancelled_old_addresses_say_so(self, company: Company, rest: str) -> None:
        made = issued(company)
        company.services.coordination.cancel(made.id, "", BY, NOW)
        page = company.tanaka.open(page_of(made, rest))
        assert company.tanaka.status == 410
        assert "このアポイントメントはキャンセルされました。" in page.text

    def test_nobody_is_led_into_a_meeting_that_was_deleted(self, company: Company) -> None:
        made = issued(company)
        company.services.coordination.cancel(made.id, "", BY, NOW)
        page = company.tanaka.open(page_of(made, "/start"))
        assert company.tanaka.status == 403
        assert ISSUED.join_url not in page.links


class TestOptions:
    def test_each_layer_names_what_counts_without_it(self, company: Company) -> None:
        page = company.chief.open("/settings/organization/meetings")
        company.chief.send(page.form("/meetings"), **{"option-waiting_room": "yes"})
        page = company.tanaka.open("/settings/meetings")
        assert "会社の設定に従う(あり)" in page.text
        company.tanaka.send(page.form("/settings/meetings"), **{"option-waiting_room": "no"})
        made = issued(company)
        page = company.tanaka.open(page_of(made, "/options"))
        assert "主催者の設定に従う(なし)" in page.text
        assert company.services.coordination.meeting_options(made).waiting_room is False

    def test_what_excludes_what_is_said_at_the_field(self, company: Company) -> None:
        form = company.tanaka.open("/settings/meetings").form("/settings/meetings")
        page = company.tanaka.send(form, **{"option-waiting_room": "yes", "option-join_before_host": "5"})
        assert company.tanaka.status == 422
        assert page.problems == [
            "待機室を使うときは、主催者より先に入れません。待機室か、先に入れる設定のどちらかを選んでください。"
        ]
        assert page.form("/settings/meetings").value("option-join_before_host") == "5"

    def test_what_another_layer_excludes_is_noted_at_the_field(self, company: Company) -> None:
        app = company.services.coordination
        app.choose_meeting_options(ORGANIZATION, MeetingOptions(waiting_room=True), BY, NOW)
        early = MeetingOptions(join_before_host=JoinBeforeHost.TEN)
        app.choose_meeting_options(company.office.tanaka, early, BY, NOW)
        assert "いまは「入れない」になります。" in company.tanaka.open("/settings/meetings").text

    def test_a_meeting_keeps_what_it_has_until_that_is_applied(self, company: Company) -> None:
        made, app = issued(company), company.services.coordination
        assert "会議の設定が変わっています" not in shown(company, made).text
        form = company.tanaka.open(page_of(made, "/options")).form("/options")
        page = company.tanaka.send(form, **{"option-passcode": "yes"})
        assert "パスコード: Zoomの設定のまま → あり" in page.text
        assert "参加URLやパスコードが変わったときは、お客様と担当者にメールで届きます。" in page.text
        assert company.appointment(made.id).conference.options.passcode is None
        page = company.tanaka.send(page.form("/meeting/apply"))
        assert company.appointment(made.id).conference.options.passcode is True
        assert "会議の設定が変わっています" not in page.text
        assert app.appointment(made.id).meeting == ISSUED

    def test_a_setting_that_leaves_the_way_in_as_it_is_says_so(self, company: Company) -> None:
        made = issued(company)
        form = company.tanaka.open(page_of(made, "/options")).form("/options")
        page = company.tanaka.send(form, **{"option-mute_on_entry": "yes"})
        assert "URLは変わりません。" in page.text

    def test_without_our_meeting_there_are_none(self, company: Company) -> None:
        made = company.propose(platform=Platform.NONE)
        page = company.tanaka.open(page_of(made, "/options"))
        assert (company.tanaka.status, "調整アポが発行するWeb会議はありません" in page.text) == (409, True)

    def test_members_choose_nothing_for_all(self, company: Company) -> None:
        company.tanaka.open("/settings/organization/meetings")
        assert company.tanaka.status == 403


class TestAFixedUrl:
    def test_the_organizer_s_own_is_used_where_none_is_typed(self, company: Company) -> None:
        form = company.tanaka.open("/settings/meetings").form("/settings/meetings/url")
        company.tanaka.send(form, meeting_url="https://meet.example/tanaka")
        assert "田中 一郎さんの固定URLを使います" in company.tanaka.open("/appointments/new").text
        page = company.tanaka.write(
            action="review", candidate=[slot(25, 10)], email="y@example.net", platform="url", url=""
        )
        assert "https://meet.example/tanaka" in page.text

    def test_without_one_the_field_says_so(self, company: Company) -> None:
        page = company.tanaka.write(
            action="review", candidate=[slot(25, 10)], email="y@example.net", platform="url", url=""
        )
        assert any("Web会議のURLを入力してください" in problem for problem in page.problems)

    def test_what_is_no_address_is_refused_and_kept(self, company: Company) -> None:
        form = company.tanaka.open("/settings/meetings").form("/settings/meetings/url")
        page = company.tanaka.send(form, meeting_url="zoom.us/j/1")
        assert (company.tanaka.status, len(page.problems)) == (422, 1)
        assert page.form("/settings/meetings/url").value("meeting_url") == "zoom.us/j/1"


class TestMoving:
    def look(self, company: Company, made: Appointment, begin: str, finish: str, day: int = 27) -> Page:
        return company.tanaka.open(page_of(made, f"/move?day=2026-11-{day}&begin={begin}&finish={finish}"))

    def test_what_follows_is_said_first(self, company: Company) -> None:
        made = issued(company)
        page = self.look(company, made, "15:00", "16:00")
        assert "11月27日(金) 15:00〜16:00" in page.text
        assert "山田太郎 様(お客様)" in page.text
        assert "URLは変わりません。" in page.text
        assert company.appointment(made.id).chosen == made.chosen
        page = company.tanaka.send(page.form("/move"))
        assert company.appointment(made.id).chosen == made.chosen, "the first form only looks"

    def test_what_is_over_is_not_moved_and_the_page_says_so(self, company: Company) -> None:
        made = issued(company)
        company.clock.now = at(25, 3)
        page = self.look(company, made, "15:00", "16:00")
        assert "すでに終わったアポイントメントです。" in page.text
        assert company.tanaka.status == 409

    def test_then_it_is_moved_once(self, company: Company) -> None:
        made = issued(company)
        form = self.look(company, made, "15:00", "16:00").forms[-1]
        for _ in range(2):
            page = company.tanaka.send(form)
        moved = company.appointment(made.id)
        assert moved.chosen is not None
        assert moved.chosen.slot == Slot(at(27, 6), at(27, 7))
        assert "日時を変更しました。" in page.text
        assert "11月25日(水) 10:00〜11:00 → 11月27日(金) 15:00〜16:00" in page.text

    @pytest.mark.parametrize(
        ("begin", "finish", "day", "told"),
        [
            ("16:00", "15:00", 27, "終了は開始より後にしてください。"),
            ("10:00", "11:00", 25, "いまと同じ日時です。"),
            ("10:00", "11:00", 20, "過去の日時には変更できません。"),
            ("10:10", "11:00", 27, "30分単位"),
        ],
    )
    def test_what_is_wrong_is_said_and_kept(
        self, company: Company, begin: str, finish: str, day: int, told: str
    ) -> None:
        page = self.look(company, issued(company), begin, finish, day)
        assert any(told in problem for problem in page.problems)
        assert not any("終了日も" in problem for problem in page.problems), "there is no field for it"
        assert page.form("/move").value("begin") == begin

    def test_a_booked_time_is_refused_at_its_field(self, company: Company) -> None:
        made = issued(company)
        confirmed(company, offers=(offer(27, 6),))
        page = self.look(company, made, "15:00", "16:00")
        assert any("確定した予定があります" in problem for problem in page.problems)

    def test_its_own_time_is_in_nobody_s_way(self, company: Company) -> None:
        page = self.look(company, issued(company), "10:30", "11:30", 25)
        assert "重なっています" not in page.text
        assert not page.problems

    def test_the_time_on_a_calendar_can_be_taken(self, company: Company) -> None:
        made, app = issued(company), company.services.coordination
        for _ in range(2):
            app.note_deviation(made.id, company.office.tanaka, "c1", Slot(at(27, 6), at(27, 7)), NOW)
            app.follow_deviation(made.id, company.office.tanaka, "c1", Slot(at(27, 6), at(27, 7)), NOW)
        page = shown(company, made)
        assert page_of(made, "/move?calendar=1") in page.links
        page = company.tanaka.open(page_of(made, "/move?calendar=1"))
        company.tanaka.send(page.forms[-1])
        moved = company.appointment(made.id)
        assert (moved.question, moved.chosen and moved.chosen.start) == (None, at(27, 6))

    def test_a_meeting_without_a_start_stays_as_it_is(self, company: Company) -> None:
        whole_days = (Offer(at(24, 15), at(26, 15), all_day=True),)
        made = company.propose(platform=Platform.ZOOM, direct=True, offers=whole_days)
        host = company.office.zoom[made.organizer]
        company.services.coordination.issue_meeting(made.id, ISSUED, host, BY, NOW)
        page = company.tanaka.open(page_of(made, "/move?day=2026-11-27&last=2026-11-28"))
        assert "Zoomの会議は、そのまま使えます。" in page.text
        assert "Zoomの会議の時刻も変わります。" not in page.text

    def test_what_is_not_fixed_can_t_be_moved(self, company: Company) -> None:
        company.tanaka.open(page_of(company.propose(), "/move"))
        assert company.tanaka.status == 409


class TestWritingToGuests:
    def written(self, company: Company, page: Page, **typed: Any) -> Page:
        return company.tanaka.send(page.form("/messages/"), **typed)

    def test_the_mail_is_seen_before_and_sent_once(self, company: Company) -> None:
        made = issued(company)
        page = company.tanaka.open(f"/messages/new?appointment={made.id}")
        page = self.written(company, page, subject="持ち物", text="名刺をお持ちください。")
        assert "このメッセージを送りますか?" in page.text
        assert "[株式会社サンプル]持ち物" in page.text
        frame = company.tanaka.http.get(
            page.html.split('class="mail-frame"')[1].split('src="')[1].split('"')[0]
        )
        assert "名刺をお持ちください。" in frame.get_data(as_text=True)
        send = page.form("/send")
        for _ in range(2):
            page = company.tanaka.send(send)
        stream = company.services.coordination.stream(made.id)
        assert sum(mail.rule == "message" and mail.recipient == "guest" for mail in mails_of(stream)) == 1

    def test_a_selection_gets_one_each_but_for_whom_there_is_no_address(self, company: Company) -> None:
        first = company.propose()
        second = company.propose(guest=Guest("XYZ", "佐々木", "s@example.net"))
        third = company.propose(guest=Guest(name="電話の方"), delivery=Delivery.LINK)
        page = company.tanaka.open("/?state=all&select=1")
        page = company.tanaka.send(page.form("/messages"), appointment=[first.id, second.id, third.id])
        page = self.written(company, page, subject="休業のお知らせ", text="年末は休みます。")
        assert "送り先 2件" in page.text
        assert "同じアドレス" not in page.text
        assert "電話の方" in page.text
        page = company.tanaka.send(page.form("/send"))
        assert "選んだお客様にメッセージを送りました。" in page.text
        told = [
            sum(isinstance(e, Appointment.MessageSent) for e in company.services.coordination.stream(each.id))
            for each in (first, second, third)
        ]
        assert told == [1, 1, 0]

    def test_whose_appointment_was_cancelled_is_said_before(self, company: Company) -> None:
        made = issued(company)
        company.services.coordination.cancel(made.id, "", BY, NOW)
        company.read()
        page = company.tanaka.open("/?state=all&select=1")
        page = company.tanaka.send(page.form("/messages"), appointment=[made.id])
        assert "ABC株式会社 山田太郎 様 キャンセル · yamada@example.net" in page.text
        self.written(company, page, subject="取り消しについて", text="あらためてご連絡します。")
        page = company.tanaka.open(f"{company.tanaka.path.partition('?')[0]}?part=text")
        assert "■ 取り消した日時" in page.text

    def test_guests_with_the_same_address_are_counted(self, company: Company) -> None:
        emails = (
            "a@example.net",
            "A@example.net",
            "b@example.net",
            "b@example.net",
            "b@example.net",
            "c@d.net",
        )
        made = [company.propose(guest=Guest("XYZ", "客", email)) for email in emails]
        page = company.tanaka.open("/?state=all&select=1")
        page = company.tanaka.send(page.form("/messages"), appointment=[each.id for each in made])
        page = self.written(company, page, subject="休業のお知らせ", text="年末は休みます。")
        assert "同じアドレスのお客様が5件あります。" in page.text

    def test_what_is_missing_is_said_at_its_field_and_the_rest_kept(self, company: Company) -> None:
        page = company.tanaka.open(f"/messages/new?appointment={issued(company).id}")
        page = self.written(company, page, subject="持ち物", text=" ")
        assert page.problems == ["本文を入力してください。"]
        assert page.form("/messages/").value("subject") == "持ち物"

    def test_nobody_chosen_is_said(self, company: Company) -> None:
        company.propose()
        page = company.tanaka.open("/?state=all&select=1")
        page = company.tanaka.send(page.form("/messages"))
        assert "送り先のお客様を選んでください。" in page.text
        assert company.tanaka.path == "/?state=all&select=none"

    def test_other_people_s_guests_are_not_written_to(self, company: Company) -> None:
        made = company.propose(attendees=(company.office.suzuki,), organizer=company.office.suzuki)
        company.sato.open(f"/messages/new?appointment={made.id}")
        assert company.sato.status == 404
        own = company.propose(attendees=(company.office.sato,), organizer=company.office.sato)
        page = company.sato.open(f"/messages/new?appointment={own.id}")
        page = company.sato.send(page.form("/messages/"), appointment=[made.id], subject="a", text="b")
        assert page.problems == ["送り先を1件以上選んでください。"]


def test_every_mail_about_a_meeting_says_why_it_was_sent(company: Company) -> None:
    made, app = issued(company), company.services.coordination
    app.move(made.id, Slot(at(27, 6), at(27, 7)), BY, NOW)
    app.send_message(made.id, "持ち物", "名刺", BY, NOW)
    app.request_meeting(made.id, BY, NOW)
    other = Meeting("https://zoom.example/j/2", "82200860989")
    app.issue_meeting(made.id, other, company.office.zoom[made.organizer], BY, NOW, generation=2)
    app.withdraw_meeting(made.id, company.office.zoom[made.organizer], BY, NOW)
    app.issue_meeting(made.id, ISSUED, company.office.zoom[made.organizer], BY, NOW, generation=3)
    app.note_meeting_gone(made.id, 3, NOW)
    company.read()
    page = shown(company, made)
    assert company.tanaka.status == 200
    for why in ("日時が変更された", "メッセージが送られた", "会議が削除された", "Web会議がZoomで削除された"):
        assert f"{why}ため" in page.text
