"""One appointment's page without a script: what it tells, what can be done with it, how refusals are said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from chouseiapo.bootstrap import build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import State
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Delivery, Guest, Platform
from chouseiapo.domain.slots import CandidateState
from chouseiapo.tables import mails
from chouseiapo.worker import Worker
from projections.outbox import mails_of
from tests.product import BY, NOW, YAMADA, at, offer
from tests.web.api import StandingClock
from tests.web.desk import Company, confirmed, page_of, refuse, slot


def test_the_page_tells_everything_about_an_open_appointment(company: Company) -> None:
    made = company.propose(message="資料をお送りします", note="社内のみ", title="ご提案")
    page = company.tanaka.open(page_of(made))
    for words in (
        "ご提案", "調整中", "お客様の回答を待っています。", "11月25日(水) 10:00〜11:00", "回答待ち",
        "yamada@example.net", "資料をお送りします", "社内のみ", "予定 4件中 4件を確認", "日程調整の依頼",
        "送信待ち", "日時候補を提案したため", "日時候補を2件提案しました。",
    ):  # fmt: skip
        assert words in page.text, words
    assert company.services.guest_url(made) in page.html


def test_a_confirmed_one_shows_its_time_and_its_meeting(company: Company) -> None:
    made = company.propose(platform=Platform.URL, url="https://meet.example/room")
    company.services.coordination.confirm(made.id, "c2", made.guest, BY, NOW)
    company.read()
    page = company.tanaka.open(page_of(made))
    assert "11月26日(木) 11:00〜12:00" in page.text
    assert "https://meet.example/room" in page.links
    assert "候補を追加" not in page.text
    assert [form.action for form in page.forms if "withdraw" in form.action or "resend" in form.action] == []


def test_withdrawing_says_before_what_will_follow(company: Company) -> None:
    made = company.propose(offers=(offer(25, 1, room=company.office.room), offer(26, 2)))
    page = company.tanaka.open(page_of(made))
    [first, _] = [link for link in page.links if link.endswith("/withdraw")]
    page = company.tanaka.open(first)
    for words in (
        "11月25日(水) 10:00〜11:00",
        "お客様は、この日時を選べなくなります。",
        "この日時の仮予定が消えるカレンダー: 田中 一郎、鈴木 花子、会議室A",
        "お知らせのメールは、だれにも送られません。",
        "残り1件",
    ):
        assert words in page.text, words
    assert company.appointment(made.id).version == 1, "looking changes nothing"
    page = company.tanaka.send(page.form("/withdraw"))
    assert "日時候補を取り下げました。" in page.text
    assert [c.id for c in company.appointment(made.id).open_candidates] == ["c2"]


def test_the_last_candidate_is_never_withdrawn(company: Company) -> None:
    made = company.propose()
    late = company.tanaka.open(page_of(made, "/candidates/c2/withdraw"))
    page = company.tanaka.open(page_of(made, "/candidates/c1/withdraw"))
    page = company.tanaka.send(page.form("/withdraw"))
    assert [link for link in page.links if link.endswith("/withdraw")] == []
    for page in (
        company.tanaka.send(late.form("/withdraw")),
        company.tanaka.open(page_of(made, "/candidates/c2/withdraw")),
    ):
        assert company.tanaka.status == 409
        assert "最後の日時候補は取り下げられません。" in page.text
    company.tanaka.open(page_of(made, "/candidates/c9/withdraw"))
    assert company.tanaka.status == 404


def test_a_withdrawn_candidate_can_be_offered_again(company: Company) -> None:
    made = company.propose()
    company.services.coordination.withdraw_candidate(made.id, "c1", BY, NOW)
    page = company.tanaka.open(page_of(made))
    [again] = [link for link in page.links if "again=" in link]
    page = company.tanaka.open(again)
    assert page.form("/candidates").values("candidate") == [slot(25, 10)]
    page = company.tanaka.send(page.form("/candidates"), action="offer")
    assert "日時候補を追加しました。" in page.text
    assert len(company.appointment(made.id).open_candidates) == 2


def test_a_taken_candidate_can_be_offered_again_once_its_time_is_free(company: Company) -> None:
    made, winner = company.propose(), company.propose()
    app = company.services.coordination
    app.confirm(winner.id, "c1", YAMADA, BY, NOW)
    Worker(company.services).read()

    def offers() -> list[str]:
        return [link for link in company.tanaka.open(page_of(made)).links if "again=" in link]

    assert company.appointment(made.id).candidates["c1"].state is CandidateState.TAKEN
    assert offers() == []
    app.cancel(winner.id, "", BY, NOW)
    [again] = offers()
    page = company.tanaka.send(company.tanaka.open(again).form("/candidates"), action="offer")
    assert "日時候補を追加しました。" in page.text


def test_words_are_changed_and_a_refusal_keeps_them(company: Company) -> None:
    made = company.propose()
    form = company.tanaka.open(page_of(made)).form("/words")
    page = company.tanaka.send(form, title="長" * 252, note="残る")
    assert company.tanaka.status == 422
    assert page.problems == ["251文字以内で入力してください。"]
    assert page.form("/words").value("note") == "残る"
    page = company.tanaka.send(page.form("/words"), title="新しい件名", visibility="private")
    assert "内容を保存しました。" in page.text
    assert company.appointment(made.id).title == "新しい件名"
    assert company.appointment(made.id).note == "残る"
    assert "内容を変更しました。 変更した項目: 件名、社内メモ、予定の公開範囲" in page.text


def test_a_title_of_spaces_is_a_blank_one(company: Company) -> None:
    made = company.propose(title="ご提案")
    page = company.tanaka.send(company.tanaka.open(page_of(made)).form("/words"), title=" \u3000 ")
    company.read()
    assert company.appointment(made.id).title == ""
    for path in ("/", page_of(made), "/?q=山田"):
        assert "ABC株式会社:山田太郎 様" in company.tanaka.open(path).text, path
    mail = company.tanaka.open(next(link for link in page.links if "/mails/" in link))
    assert "ABC株式会社:山田太郎 様" in mail.text


def test_attendees_change_and_nobody_is_refused(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open(page_of(made) + "?who=さとう")
    form = page.form("/attendees")
    page = company.tanaka.send(form, attendee=[company.office.tanaka, company.office.sato])
    assert company.appointment(made.id).attendees == (company.office.tanaka, company.office.sato)
    assert "担当者を変更しました。 加わった人: 佐藤 健 外れた人: 鈴木 花子" in page.text
    page = company.tanaka.send(page.form("/attendees"), attendee=[])
    assert company.tanaka.status == 422
    assert "担当者を1名以上選んでください。" in page.problems
    page = company.tanaka.send(
        page.form("/attendees"), attendee=["member-unknown"], organizer="member-unknown"
    )
    assert "登録のない担当者が含まれています。選び直してください。" in page.problems


def test_more_candidates_are_picked_on_the_same_grid(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open(page_of(made, "/candidates"))
    assert "11月25日(水) 10:00〜11:00" in page.text, "what was offered is shown"
    form = page.form("/candidates")
    page = company.tanaka.send(form, candidate=slot(27, 9), room="", action="week:2026-11-30")
    assert page.form("/candidates").values("candidate") == [slot(27, 9)]
    page = company.tanaka.send(page.form("/candidates"), candidate=[slot(25, 10)], room=[""], action="offer")
    assert company.tanaka.status == 422
    assert "ほかの候補と時間が重なっています。" in page.problems
    form = page.form("/candidates")
    sent = form.filled(candidate=slot(27, 9), room="", action="offer")
    first, second = (company.tanaka.post(form.action, sent) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert len(company.appointment(made.id).open_candidates) == 3


def test_nothing_is_added_to_what_is_decided(company: Company) -> None:
    made = company.propose(platform=Platform.NONE)
    stale = company.tanaka.open(page_of(made, "/candidates")).form("/candidates")
    company.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    said = "日程調整はすでに終わっているため、この操作はできません。"
    page = company.tanaka.open(page_of(made))
    assert page_of(made, "/candidates") not in page.links
    for page in (
        company.tanaka.open(page_of(made, "/candidates")),
        company.tanaka.send(stale, candidate=slot(27, 9), room="", action="offer"),
        company.tanaka.send(stale, candidate=slot(27, 9), room="", action="week:2026-11-30"),
    ):
        assert company.tanaka.status == 409
        assert said in page.text
        assert "日時が確定しています。" in page.text, "and how it stands now"
    assert len(company.appointment(made.id).candidates) == 2


def test_a_deadline_that_has_passed_takes_no_candidates(company: Company) -> None:
    made = company.propose(deadline=at(24, 0))
    company.clock.now = at(24, 0)
    page = company.tanaka.open(page_of(made))
    assert "候補を追加" not in page.text
    company.tanaka.open(page_of(made, "/candidates"))
    assert company.tanaka.status == 409


# What is on its way


def test_the_page_after_sending_says_what_was_done_and_how_far_it_has_come(company: Company) -> None:
    draft = company.tanaka.write(
        candidate=[slot(25, 10), slot(26, 10)],
        room=["", ""],
        attendee=[company.office.tanaka, company.office.suzuki],
        platform="none",
        company="ABC株式会社",
        email="yamada@example.net",
        action="review",
    )
    page = company.tanaka.send(draft.form("/propose"))
    assert "日時候補を送信しました。" in page.text
    assert "メール: 3通中0通を送信済み" in page.text, "before any ledger knows of it"
    assert "仮予定: 4件中0件を登録済み" in page.text
    company.read()
    page = company.tanaka.open(company.tanaka.path)
    assert "仮予定: 4件中4件を登録済み" in page.text
    assert "反映できていないものがあります。" in page.text, "without a server, mails go nowhere"


def test_a_link_alone_is_said_to_be_issued(company: Company) -> None:
    made = company.propose(delivery=Delivery.LINK, guest=Guest(name="山田"))
    page = company.tanaka.open(page_of(made) + "?done=sent")
    assert "お客様用リンクを発行しました。" in page.text
    assert "メール:" not in page.text


def test_a_page_is_watched_until_everything_is_in_place(settings: Settings) -> None:
    services = build(replace(settings, smtp_url="smtp://127.0.0.1:9"), clock := StandingClock())
    company = Company(services, clock)
    made = company.office.propose()
    watched = page_of(made) + "?done=sent"
    assert 'data-state="under_way"' in company.tanaka.open(watched).html
    assert f'data-watch="{watched}"' in company.tanaka.open(watched).html
    kept = page_of(made) + "?done=kept"
    assert "カレンダーの予定を元に戻しています。" in company.tanaka.open(kept).text
    for mail in mails_of(company.services.coordination.stream(made.id)):
        refuse(company, mail.key, "sent")
    company.read()
    page = company.tanaka.open(watched)
    assert 'data-state="done"' in page.html
    assert "すべて反映済みです。" in page.text
    assert "メール: 3通中3通を送信済み" in page.text
    assert "この日時のままにしました。" in company.tanaka.open(kept).text
    assert "元に戻しています" not in company.tanaka.open(kept).text
    company.services.coordination.cancel(made.id, "", BY, NOW)
    page = company.tanaka.open(page_of(made) + "?done=cancel")
    assert "反映しています。" in page.text
    assert "消している途中の予定: 4件" in page.text
    assert "メール: 3通中0通を送信済み" in page.text, "the mails of the cancellation alone"
    company.read()
    assert "カレンダーに残る予定はありません" in company.tanaka.open(page_of(made)).text
    services.close()


def test_a_request_is_sent_again_and_a_link_reissued(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open(page_of(made))
    again = page.form("/resend")
    for _ in range(2):
        company.tanaka.send(again)
    page = company.tanaka.send(page.form("/link"))
    assert "新しいリンクを発行しました。" in page.text
    standing = company.appointment(made.id)
    assert (standing.version, standing.generation) == (3, 2), "pressed twice, sent once"
    assert company.services.guest_url(standing) in page.html


def test_cancelling_says_before_what_will_follow(company: Company) -> None:
    made = confirmed(company)
    page = company.tanaka.open(page_of(made))
    assert "カレンダーから予定が2件消えます。" in page.text
    assert "お知らせのメールが届く人: 山田太郎 様(お客様)、田中 一郎さん、鈴木 花子さん" in page.text
    page = company.tanaka.send(page.form("/cancel"), reason="理" * 1001)
    assert company.tanaka.status == 422
    assert page.problems == ["1000文字以内で入力してください。"]
    form = page.form("/words")
    page = company.tanaka.send(page.form("/cancel"), reason="都合により")
    assert company.appointment(made.id).state is State.CANCELLED
    assert "キャンセルしました。 都合により" in page.text
    page = company.tanaka.send(form, title="もう遅い")
    assert company.tanaka.status == 410
    assert "このアポイントメントはキャンセルされました。" in page.text


def test_a_guest_without_a_mail_is_not_said_to_be_told(company: Company) -> None:
    made = company.propose(delivery=Delivery.LINK, guest=Guest(name="山田"))
    assert "届く人: 田中 一郎さん、鈴木 花子さん" in company.tanaka.open(page_of(made)).text


def test_guests_zone_and_language_are_told_and_whose_times_are_shown(company: Company) -> None:
    made = company.propose(time_zone="America/New_York", locale="en", platform=Platform.NONE)
    page = company.tanaka.open(page_of(made))
    for words in ("時刻は東京 (UTC+9)で表示しています。", "ニューヨーク (UTC-5)", "言語 英語"):
        assert words in page.text, words
    company.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    assert "お客様の時刻: 11月24日(火) 20:00〜21:00" in company.tanaka.open(page_of(made)).text
    page = company.tanaka.open(page_of(company.propose(offers=(offer(27, 1),))))
    assert "タイムゾーン 組織の既定: 東京 (UTC+9) 言語 組織の既定: 日本語" in page.text


def test_whose_calendar_is_written_is_told_and_which_link_is_broken(company: Company) -> None:
    made = company.propose()
    app = company.services.coordination
    link = app.link_account(company.office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    app.break_link(link, "token_refused", NOW)
    page = company.tanaka.open(page_of(made))
    assert "田中 一郎 連携なし(内蔵カレンダー)" in page.text
    assert "鈴木 花子 Google カレンダー 11月21日(土) 09:00から 連携が切れています" in page.text
    assert "「設定」のページを開くと、連携し直し方が分かります。" in page.text


def test_trouble_with_a_calendar_is_said_with_what_to_do(company: Company) -> None:
    app = company.services.coordination
    app.link_account(company.office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    made = company.propose()
    page = company.tanaka.open(page_of(made))
    assert "予定 4件中 2件を確認" in page.text
    assert "連携が切れています。" in page.text
    assert "「設定」のページを開くと、連携し直し方が分かります。" in page.text
    company.clock.now += timedelta(minutes=2)
    assert "カレンダーに書き込めていません" in company.tanaka.open("/").text


def test_a_calendar_that_cannot_be_read_is_said_and_never_looks_free(company: Company) -> None:
    app = company.services.coordination
    app.link_account(company.office.suzuki, Provider.GOOGLE, "s", "suzuki@example.com", BY, NOW)
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    page = company.tanaka.send(form, attendee=[company.office.tanaka, company.office.suzuki])
    assert "鈴木 花子さんのカレンダーを読み取れませんでした。" in page.text
    assert '空き"' not in page.html
    assert "鈴木 花子さんは不明" in page.html


# Mails


def test_a_mail_is_seen_as_it_leaves(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open(page_of(made))
    first = next(link for link in page.links if "/mails/" in link)
    shown = company.tanaka.open(first)
    assert "[株式会社サンプル]アポイントメントの日程調整をお願いします" in shown.text
    assert company.services.guest_url(made) in company.tanaka.open(f"{first}?part=text").text
    frame = company.tanaka.http.get(f"{first}/html")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    company.tanaka.open(page_of(made, "/mails/unknown"))
    assert company.tanaka.status == 404


def test_the_outbox_is_for_administrators_and_has_no_sign_in_mails(company: Company) -> None:
    made = company.propose()
    company.services.mail_sign_in_link(company.office.tanaka, NOW)
    company.tanaka.open("/outbox")
    assert company.tanaka.status == 403
    assert "/outbox" not in company.tanaka.open("/").links
    page = company.chief.open("/outbox")
    assert "メールサーバー(SMTP)が設定されていません。" in page.text
    with company.services.rows.read() as connection:
        assert len(connection.scalars(select(mails.c.rule).where(mails.c.rule == "sign_in")).all()) == 1
    assert page.html.count("/mails/") == 3
    key = mails_of(company.services.coordination.stream(made.id))[1].key
    refuse(company, key, "skipped_cancelled")
    assert (
        "送る前に、アポイントメントがキャンセルされました。"
        in company.chief.open("/outbox?state=skipped").text
    )
    assert company.chief.open("/outbox?state=sent").html.count("/mails/") == 0
