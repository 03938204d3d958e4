"""Writing a proposal without a script: every button keeps what was typed, refusals stand at their fields."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from chouseiapo.accounts.drafts import Drafts
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Delivery, Kind, Platform, Visibility
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, Desk, local, of_draft, slot
from tests.web.pages import Page

GUEST = {"company": "ABC株式会社", "name": "山田太郎", "email": "yamada@example.net"}
GOOD: dict[str, Any] = {
    **GUEST,
    "platform": "none",
    "candidate": [slot(25, 10), slot(26, 11)],
    "room": ["", ""],
}


def attend(company: Company, page: Page, *members: str) -> Page:
    for member in members:
        page = company.tanaka.write(page, action=f"add:{member}")
    return page


def reviewed(desk: Desk, **typed: Any) -> Page:
    return desk.write(action="review", **GOOD | typed)


def sent(desk: Desk, **typed: Any) -> str:
    """Propose, and answer the appointment's id."""
    page = reviewed(desk, **typed)
    desk.send(page.form("/propose"))
    return desk.path.rpartition("/")[2].partition("?")[0]


def test_a_proposal_from_first_page_to_last(company: Company) -> None:
    company.read()
    page = attend(company, company.tanaka.open("/appointments/new"), company.office.suzuki)
    page = company.tanaka.write(page, action="review", **GOOD)
    assert "合わせて、2個のカレンダーに4件の仮予定が入ります。" in page.text
    assert "11月25日(水) 10:00〜11:00" in page.text
    page = company.tanaka.send(page.form("/propose"))
    made = company.appointment(company.tanaka.path.rpartition("/")[2].partition("?")[0])
    assert made.attendees == (company.office.tanaka, company.office.suzuki)
    assert [c.start for c in made.open_candidates] == [at(25, 1), at(26, 2)]
    assert made.guest.email == "yamada@example.net"
    assert "お客様の回答を待っています。" in page.text


def test_the_review_tells_who_gets_which_mail_and_which_entries(company: Company) -> None:
    page = company.tanaka.open("/appointments/new")
    for action in (f"add:{company.office.suzuki}", f"drop:{company.office.tanaka}"):
        page = company.tanaka.write(page, action=action)
    page = company.tanaka.write(page, action="review", **GOOD | {"room": [company.office.room, ""]})
    told = page.text.partition("送ると、こうなります ")[2].partition(" 合わせて、2個の")[0]
    assert told == (
        "山田太郎 様 yamada@example.net 日時を選ぶためのメールが届きます。"
        " 鈴木 花子さん 依頼の控えがメールで届きます。 内蔵カレンダーに、仮予定が2件入ります。"
        " 田中 一郎さん 依頼の控えがメールで届きます。"
        " 会議室A 内蔵カレンダーに、仮予定が1件入ります。"
    )


def test_looking_and_writing_record_nothing(company: Company) -> None:
    page = reviewed(company.tanaka)
    company.tanaka.http.head(page.form("/propose").action.replace("propose", "review"))
    events = company.services.coordination.stream(of_draft(company.tanaka.path))
    assert events == []


BUTTONS = (
    "keep", "search", "add:member-0", "week:2026-12-01", "slot", "refresh", "language:en", "remove:9", "odd",
)  # fmt: skip


def test_every_button_keeps_what_was_typed(company: Company) -> None:
    typed: dict[str, Any] = {
        **GUEST, "title": "ご提案", "message": "一行目\r\n二行目", "note": "秘密",
        "place": "3階", "phone": "03-1",
        "deadline": "2026-11-24T12:00", "query": "すず", "url": "https://meet.example/x",
        "candidate": [slot(26, 11), slot(25, 10)], "room": ["", company.office.room],
    }  # fmt: skip
    kept = {
        **typed, "message": "一行目\n二行目",
        "candidate": [slot(25, 10), slot(26, 11)], "room": [company.office.room, ""],
    }  # fmt: skip
    for action in BUTTONS:
        form = company.tanaka.write(action=action, **typed).form("/appointments/new/")
        assert (
            form.filled() | {n: [v] if isinstance(v, str) else v for n, v in kept.items()} == form.filled()
        ), action


def test_people_are_found_added_and_left_out(company: Company) -> None:
    for query in ("すずき", "スズキ", "ｓｕｚｕｋｉ", "鈴木"):
        page = company.tanaka.write(query=query)
        assert [value for _, value in page.form("/appointments/new/").buttons if "add:" in value] == [
            f"add:{company.office.suzuki}"
        ]
    page = attend(company, page, company.office.suzuki)
    assert page.form("/appointments/new/").values("attendee") == [
        company.office.tanaka,
        company.office.suzuki,
    ]
    page = company.tanaka.write(page, action=f"drop:{company.office.tanaka}")
    assert page.form("/appointments/new/").values("attendee") == [company.office.suzuki]
    page = company.tanaka.write(page, action="review", **GOOD)
    assert "参加しません" in page.text, "the author leaves themselves out"
    assert "誰" not in company.tanaka.write(query="誰もいない").text.replace("誰もいない", "")


def test_a_room_goes_with_its_candidate(company: Company) -> None:
    id = sent(company.tanaka, room=[company.office.room, ""])
    assert [c.room for c in company.appointment(id).open_candidates] == [company.office.room, None]


def test_whoever_has_no_script_is_told_how_to_go_on(company: Company) -> None:
    page = company.tanaka.open("/appointments/new")
    hints = re.findall(r"<noscript>(.*?)</noscript>", page.html)
    for told in ("空きを見る", "この日の週を見る", "「日付と時刻から追加する」で追加できます。"):
        assert any(told in hint for hint in hints), told


def test_a_room_changed_for_all_goes_with_whatever_had_the_one_before(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    other = company.services.coordination.add_room("会議室B", 4, BY, NOW).id
    company.read()
    room = company.office.room
    page = company.tanaka.write(page, next_room=room, room=["", other], action="week:2026-12-01")
    form = page.form("/appointments/new/")
    assert form.values("room") == [room, other]
    page = company.tanaka.write(
        page, next_room="", action="slot", day="2026-11-27", begin="10:00", finish="24:00"
    )
    assert page.form("/appointments/new/").values("room") == ["", other, ""]


def test_a_slot_is_typed_without_a_script(company: Company) -> None:
    page = company.tanaka.write(action="slot", day="2026-11-25", begin="10:00", finish="11:30")
    assert page.form("/appointments/new/").values("candidate") == [f"{local(25, 10)}|{local(25, 11, 30)}"]
    page = company.tanaka.write(page, action="slot", day="2026-11-25", begin="23:00", finish="24:00")
    assert page.form("/appointments/new/").values("candidate")[1] == f"{local(25, 23)}|{local(26, 0)}"
    page = company.tanaka.write(page, action="remove:0")
    assert len(page.form("/appointments/new/").values("candidate")) == 1


def test_without_an_end_a_typed_slot_is_as_long_as_chosen(company: Company) -> None:
    page = company.tanaka.write(action="slot", day="2026-11-25", begin="16:00", minutes="90")
    form = page.form("/appointments/new/")
    assert form.values("candidate") == [f"{local(25, 16)}|{local(25, 17, 30)}"]
    assert form.value("finish") == ""


def test_a_typed_slot_that_is_booked_is_refused_at_once(company: Company) -> None:
    room = company.office.room
    booked = company.propose(offers=(offer(25, 1), offer(26, 1, room=room)), platform=Platform.NONE)
    company.services.coordination.confirm(booked.id, "c1", booked.guest, BY, NOW)
    company.read()
    typed: dict[str, Any] = {"action": "slot", "day": "2026-11-25", "begin": "10:30"}
    page = company.tanaka.write(**typed)
    assert page.problems == ["田中 一郎さんに確定済みの予定があるため選べません。"]
    assert page.form("/appointments/new/").values("candidate") == []
    free = company.tanaka.write(**typed | {"begin": "11:00"})
    assert free.form("/appointments/new/").values("candidate") == [slot(25, 11)]
    more = company.propose(offers=(offer(27, 1),))
    page = company.tanaka.send(
        company.tanaka.open(f"/appointments/{more.id}/candidates").form("/candidates"), **typed
    )
    assert page.problems == ["田中 一郎さんに確定済みの予定があるため選べません。"]


TYPED = [
    ("", "09:00", "10:00", "日付を選んでください。"),
    ("2026-11-25", "09:00", "08:00", "終了は開始より後にしてください。日付をまたぐ候補は"),
    ("2026-11-20", "09:00", "10:00", "過去の日時は候補にできません。"),
    ("2026-11-25", "10:30", "11:30", "ほかの候補と時間が重なっています。"),
]


def test_a_typed_slot_is_refused_at_once_at_its_field(company: Company) -> None:
    for day, begin, finish, message in TYPED:
        page = company.tanaka.write(action="slot", **GOOD, day=day, begin=begin, finish=finish)
        assert len(page.problems) == 1, message
        assert page.problems[0].startswith(message)
        form = page.form("/appointments/new/")
        assert len(form.values("candidate")) == 2, message
        assert form.value("day") == day
        assert company.tanaka.write(page, action="week:2026-12-01").problems == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"candidate": [], "room": []}, "日時候補を1つ以上選んでください。"),
    ({"candidate": slot(20, 10)}, "過去の日時は候補にできません。"),
    ({"candidate": f"{local(25, 10, 10)}|{local(25, 11)}"}, "候補の開始と終了は30分単位にしてください。"),
    ({"candidate": f"{local(25, 10)}|{local(25, 9)}"}, "終了は開始より後にしてください。"),
    ({"candidate": f"{local(25, 10)}|{local(26, 10, 30)}"}, "1つの候補は24時間までです。"),
    ({"candidate": [slot(25, 10, 2), slot(25, 11)]}, "ほかの候補と時間が重なっています。"),
    (
        {"candidate": [slot(day, hour) for day in (24, 25, 26) for hour in range(17)], "room": [""] * 51},
        "日時候補は50件までです。",
    ),
    ({"room": ["room-unknown", ""]}, "この会議室は登録されていません。"),
    ({"attendee": []}, "担当者を1名以上選んでください。"),
    ({"attendee": "member-unknown"}, "登録のない担当者が含まれています。選び直してください。"),
    ({"kind": "visit_them", "place": " "}, "訪問先の場所を入力してください。"),
    ({"kind": "visit_us", "platform": "zoom"}, "来訪では受付コードを使うため"),
    ({"kind": "phone", "platform": "zoom"}, "種類が「Web会議」のときだけ発行できます。"),
    ({"kind": "party"}, "選べない値です。"),
    ({"platform": "meet"}, "このWeb会議サービスにはまだ対応していません。"),
    ({"platform": "url", "url": ""}, "Web会議のURLを入力してください。"),
    ({"platform": "url", "url": "ftp://x"}, "http:// または https:// で始まるURLを入力してください。"),
    ({"title": "長" * 252}, "件名は251文字以内で入力してください。"),
    ({"email": ""}, "メールで送るには、お客様のメールアドレスが必要です。"),
    ({"email": "yamada"}, "メールアドレスの形を確かめてください"),
    ({"delivery": "link", "name": ""}, "リンクだけを発行するときは、お客様のお名前が必要です。"),
    ({"company": "社" * 256}, "会社名は255文字以内で入力してください。"),
    ({"phone": "03\t1234"}, "改行などの制御文字は使えません。"),
    ({"time_zone": "Mars/Olympus"}, "このタイムゾーンは見つかりません。"),
    ({"deadline": "2026-11-20T10:00"}, "回答期限には未来の日時を指定してください。"),
    ({"deadline": "あした"}, "日時の形を確かめてください"),
]


def test_what_is_refused_is_said_at_its_field_and_kept(company: Company) -> None:
    for typed, message in REFUSED:
        page = reviewed(company.tanaka, **typed)
        assert not company.tanaka.path.endswith("/review"), message
        assert any(message in problem for problem in page.problems), (message, page.problems)
        form = page.form("/appointments/new/")
        for name in typed.keys() - {"candidate", "room", "kind", "attendee", "platform"}:
            assert form.value(name) == typed[name], message


def test_a_time_that_is_booked_is_refused_at_its_candidate(company: Company) -> None:
    booked = company.propose(offers=(offer(25, 1),), platform=Platform.NONE)
    company.services.coordination.confirm(booked.id, "c1", booked.guest, BY, NOW)
    company.read()
    page = reviewed(company.tanaka, room=["", company.office.room])
    message = "田中 一郎さんに確定済みの予定があるため選べません。"
    assert page.problems == [message]
    assert f'<a href="#candidate-0"><b>11月25日(水) 10:00〜11:00</b>: {message}</a>' in page.html
    refused = page.html[page.html.index('id="candidate-0"') : page.html.index('id="candidate-1"')]
    assert message in refused
    assert "wrong" not in refused, "the room is not what is wrong"
    assert len(re.findall('aria-label="[^"]*田中 一郎さんは確定済みの予定あり', page.html)) == 2


def test_everything_that_is_wrong_leads_to_its_field(company: Company) -> None:
    page = reviewed(company.tanaka, title="長" * 252, email="", candidate=[slot(20, 10), slot(26, 11)])
    told = re.findall(r'<li><a href="#([^"]+)"><b>([^<]+)</b>: ([^<]+)</a>', page.html)
    assert told == [
        ("candidate-0", "11月20日(金) 10:00〜11:00", "過去の日時は候補にできません。"),
        ("email", "お客様のメールアドレス", "メールで送るには、お客様のメールアドレスが必要です。"),
        ("title", "件名", "251文字以内で入力してください。"),
    ]
    for anchor, _, _ in told:
        assert f'id="{anchor}"' in page.html


def test_a_reserved_room_stops_its_own_candidates_alone(company: Company) -> None:
    office = company.office
    booked = company.propose(
        attendees=(office.sato,), organizer=office.sato, offers=(offer(25, 1, room=office.room),)
    )
    company.services.coordination.confirm(booked.id, "c1", booked.guest, BY, NOW)
    company.read()
    page = company.tanaka.write(**GOOD | {"room": [office.room, ""]})
    assert "会議室Aは確定済みの予定あり" not in page.html, "the next candidate may do without the room"
    assert "会議室Aの予定と重なっています" in page.text
    page = company.tanaka.write(page, action="review")
    assert page.problems == ["会議室Aに確定済みの予定があるため選べません。"]
    page = company.tanaka.write(page, next_room=office.room, action="refresh")
    assert "会議室Aは確定済みの予定あり" in page.html


def test_zoom_needs_an_organizer_who_has_it(company: Company) -> None:
    other = company.desk(company.boss)
    page = other.write(action="review", **GOOD | {"platform": "zoom"})
    assert any("主催者のZoomが連携されていない" in problem for problem in page.problems)
    company.services.coordination.break_link(company.office.zoom[company.office.tanaka], "token_refused", NOW)
    page = reviewed(company.tanaka, platform="zoom")
    assert any("主催者のZoomが連携されていない" in problem for problem in page.problems)


def test_problems_go_as_they_are_mended(company: Company) -> None:
    page = reviewed(company.tanaka, email="")
    page = company.tanaka.write(page, email="yamada@example.net", action="refresh")
    assert page.problems == []


def test_sent_twice_is_proposed_once(company: Company) -> None:
    page = reviewed(company.tanaka)
    form = page.form("/propose")
    first, second = (company.tanaka.post(form.action, form.filled()) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert company.appointment(first.location.rpartition("/")[2].partition("?")[0]).version == 1


def test_going_back_to_what_was_sent_leads_to_it_and_writing_there_begins_anew(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    address = company.tanaka.path.split("?")[0]
    review = company.tanaka.write(page, action="review")
    company.tanaka.send(review.form("/propose"))
    sent_one = company.tanaka.path.partition("?")[0]
    company.tanaka.open(address)
    assert company.tanaka.path == sent_one
    company.tanaka.write(page, title="もう一件")
    assert company.tanaka.path.split("?")[0] != address


def test_what_was_not_reviewed_is_not_sent(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    review = company.tanaka.write(page, action="review")
    company.tanaka.write(page, title="別の画面で書き直した")
    company.tanaka.send(review.form("/propose"))
    assert company.tanaka.path.endswith("/review")
    assert company.services.coordination.stream(of_draft(company.tanaka.path)) == []


def test_a_draft_is_its_writers_alone(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    address = company.tanaka.path
    company.suzuki.open(address)
    assert company.suzuki.status == 404
    own = company.suzuki.open("/appointments/new").form("/appointments/new/")
    answer = company.suzuki.post(address, own.filled(title="のっとり"))
    assert company.suzuki.status == 409, "that form was made for another draft"
    company.suzuki.send(Page(answer.get_data(as_text=True)).form("/appointments/new/"))
    assert company.suzuki.status == 404
    assert company.tanaka.open(address).form("/appointments/new/").value("title") == ""
    assert page.form("/appointments/new/").value("company") == "ABC株式会社"


def test_a_form_that_lay_open_for_days_is_taken(company: Company) -> None:
    page = company.tanaka.open("/appointments/new")
    company.clock.now += timedelta(days=3)
    again = company.tanaka.write(page, **GUEST)
    assert again.form("/appointments/new/").value("email") == "yamada@example.net"


def test_a_form_of_another_member_comes_back_with_everything(company: Company) -> None:
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    answer = company.suzuki.post(form.action, form.filled(**GUEST))
    assert answer.status_code == 409
    again = Page(answer.get_data(as_text=True)).form("/appointments/new/")
    assert again.value("email") == "yamada@example.net"
    company.suzuki.send(again, action="search")
    assert company.suzuki.status == 200


def test_what_was_written_when_the_session_had_ended_is_there_after_signing_in(company: Company) -> None:
    page = company.tanaka.open("/appointments/new")
    company.clock.now += timedelta(days=15)
    page = company.tanaka.write(page, action="review", **GOOD | {"title": "二週間後の続き"})
    assert company.tanaka.path.startswith("/sign-in?next=/appointments/new/")
    assert "もう一度サインインしてください。入力した内容は残っています。" in page.text
    company.tanaka.send(page.form("/sign-in"), email="tanaka@example.com")
    link = company.services.access.new_sign_in_link(company.office.tanaka, company.clock.now)
    found = company.tanaka.send(company.tanaka.open(f"/sign-in/{link}").form("/sign-in/"))
    form = found.form("/appointments/new/")
    assert form.value("title") == "二週間後の続き"
    assert form.values("candidate") == GOOD["candidate"]


def test_more_candidates_are_kept_while_they_are_picked_and_after_the_session_ended(company: Company) -> None:
    path = f"/appointments/{company.propose().id}/candidates"
    form = company.tanaka.open(path).form("/candidates")
    for day, days, status in ((27, 0, 200), (28, 15, 303)):
        company.clock.now += timedelta(days=days)
        sent = form.filled(action="save", candidate=[slot(day, 10)], room=[""])
        assert company.tanaka.post(path, sent).status_code == status
        company.clock.now -= timedelta(days=days)
        assert company.tanaka.open(path).form("/candidates").values("candidate") == [slot(day, 10)]


def test_nobody_writes_for_another_without_the_page_made_for_them(company: Company) -> None:
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    mark = form.value("writer")
    elsewhere = form.action.replace(form.action[-4:], "0000")
    forged = (
        (form.action, ""),
        (form.action, f"{company.office.suzuki}.{mark.partition('.')[2]}"),
        (form.action, f"{company.office.tanaka}.zz"),
        (elsewhere, mark),
    )
    for action, writer in forged:
        answer = company.stranger.post(action, form.filled(writer=writer, **GUEST))
        assert "why=ended" in answer.location
    with company.services.rows.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM drafts").all() == []


def test_what_is_saved_while_typing_is_there_when_one_comes_back(company: Company) -> None:
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    answer = company.tanaka.post(form.action, form.filled(action="save", **GUEST))
    assert (answer.status_code, answer.text) == (200, "下書きを保存しました 09:00")
    assert company.tanaka.open(form.action).form("/appointments/new/").value("name") == "山田太郎"
    begun = company.tanaka.open("/appointments/new")
    assert "書きかけがあります: ABC株式会社:山田太郎 様" in begun.text
    assert form.action in begun.links


def test_saving_what_was_sent_meanwhile_begins_no_new_draft(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    form = page.form("/appointments/new/")
    company.tanaka.send(company.tanaka.write(page, action="review").form("/propose"))
    assert company.tanaka.post(form.action, form.filled(action="save")).status_code == 204
    assert "書きかけがあります" not in company.tanaka.open("/appointments/new").text


def test_a_draft_is_discarded(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    address = company.tanaka.path
    assert "書いた内容がすべて消えます。" in page.text
    home = company.tanaka.write(page, action="discard")
    assert company.tanaka.path == "/?done=discarded"
    assert "下書きを破棄しました。" in home.text
    company.tanaka.open(address)
    assert company.tanaka.status == 404
    assert "書きかけ" not in company.tanaka.open("/").text


def test_home_shows_every_draft_by_what_is_known_of_it_and_discards_each(company: Company) -> None:
    for n in range(5):
        company.tanaka.write(name=f"{n}人目")
    company.tanaka.write(candidate=[slot(25, 10), slot(26, 10)], room=["", ""])
    home = company.tanaka.open("/")
    assert [f"{n}人目 様" in home.text for n in range(5)] == [True] * 5
    assert "候補2件 11月25日(水)〜" in home.text
    for left in range(5, -1, -1):
        home = company.tanaka.send(home.form("/appointments/new/"), action="discard")
        assert home.html.count("まだ送っていません") == left


def test_looking_around_leaves_no_draft_at_home(company: Company) -> None:
    company.propose(message="いつもの文面")
    company.read()
    for action in ("week:2026-12-01", "search", "save"):
        company.tanaka.write(action=action, query="すず")
    assert "書きかけ" not in company.tanaka.open("/").text
    company.tanaka.write(note="一言だけ")
    assert "(お客様が未入力)" in company.tanaka.open("/").text


def test_the_subject_says_who_reads_it(company: Company) -> None:
    page = company.tanaka.write(kind=Kind.VISIT_US.value)
    assert "お客様には「株式会社サンプルへの往訪」のように" in page.text
    assert "お客様には「株式会社サンプルとのWeb会議」のように" in company.tanaka.write(kind="party").text


def test_drafts_are_sealed_shown_at_home_and_forgotten_after_a_week(company: Company) -> None:
    company.tanaka.write(**GOOD)
    with company.services.rows.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM drafts").all())
    assert "山田" not in kept
    assert "yamada" not in kept
    assert "書きかけ" in company.tanaka.open("/").text
    assert "書きかけ" not in company.suzuki.open("/").text
    Drafts(company.services.rows, company.services.sealer).forget_old(NOW + timedelta(days=8))
    assert "書きかけ" not in company.tanaka.open("/").text


def test_the_last_choice_is_the_next_default(company: Company) -> None:
    company.propose(
        kind=Kind.WEB,
        platform=Platform.URL,
        url="https://meet.example/room",
        visibility=Visibility.PRIVATE,
        message="いつもの文面",
        offers=(offer(25, 1, hours=1.5),),
    )
    form = company.tanaka.open("/appointments/new").form("/appointments/new/")
    names = ("kind", "platform", "url", "visibility", "message", "minutes", "company")
    assert [form.value(name) for name in names] == [
        "web", "url", "https://meet.example/room", "private", "いつもの文面", "90", "",
    ]  # fmt: skip
    assert form.values("attendee") == [company.office.tanaka]


def test_the_candidates_can_be_copied_as_text(company: Company) -> None:
    page = company.tanaka.write(**GOOD)
    assert "11月25日(水) 10:00〜11:00\n11月26日(木) 11:00〜12:00</textarea>" in page.html


def test_the_review_shows_the_very_mails(company: Company) -> None:
    page = reviewed(company.tanaka, message="よろしく")
    assert "[株式会社サンプル]アポイントメントの日程調整をお願いします" in page.text
    made = of_draft(company.tanaka.path)
    frame = re.findall(r'<iframe[^>]* src="([^"]+)"', page.html)[0]
    answer = company.tanaka.http.get(frame)
    assert "sandbox allow-same-origin" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    seen = answer.get_data(as_text=True)
    id = sent(company.tanaka, message="よろしく")
    secret = company.services.guest_links.secret(made, 1)
    assert f"/g/{secret}" in seen
    text = company.tanaka.open(frame.replace("/mail/0", "/review?part=text&mail=1")).text
    assert "さまとの日程調整を依頼しました" in text
    assert id != made, "two reviews, two drafts"


def test_a_link_alone_sends_no_mail(company: Company) -> None:
    page = reviewed(company.tanaka, delivery=Delivery.LINK.value, email="")
    assert "リンクを発行" in page.text
    assert "メールは送りません。" in page.text
    page = company.tanaka.send(page.form("/propose"))
    company.read()
    assert "まだメールは送っていません。" in company.tanaka.open(company.tanaka.path).text


def test_a_broken_link_is_said_before_anything_is_sent(company: Company) -> None:
    app = company.services.coordination
    link = app.link_account(company.office.tanaka, Provider.GOOGLE, "t", "tanaka@example.com", BY, NOW)
    app.break_link(link, "token_refused", NOW)
    page = company.tanaka.open("/appointments/new")
    assert "Google カレンダー: 連携が切れています" in page.text
    page = reviewed(company.tanaka)
    assert "仮予定は、連携が直り次第入ります。" in page.text


def test_whoever_could_be_added_is_shown_with_the_state_of_their_calendar(company: Company) -> None:
    app = company.services.coordination
    link = app.link_account(company.office.suzuki, Provider.GOOGLE, "t", "suzuki@example.com", BY, NOW)
    app.break_link(link, "token_refused", NOW)
    for query in ("", "すずき"):
        page = company.tanaka.write(query=query)
        assert "鈴木 花子 を追加 Google カレンダー: 連携が切れています" in page.text
        assert 'class="link-state broken"' in page.html
    assert "佐藤 健 を追加 内蔵カレンダー" in company.tanaka.open("/appointments/new").text
    made = company.propose(attendees=(company.office.tanaka,))
    page = company.tanaka.open(f"/appointments/{made.id}?who=suzuki")
    assert "鈴木 花子 Google カレンダー: 連携が切れています" in page.text


def test_the_legend_names_what_nobody_knows_where_somebody_is_unknown(company: Company) -> None:
    assert "空きか不明" not in company.tanaka.open("/appointments/new").text
    app = company.services.coordination
    link = app.link_account(company.office.tanaka, Provider.GOOGLE, "t", "tanaka@example.com", BY, NOW)
    app.break_link(link, "token_refused", NOW)
    assert "空きか不明" in company.tanaka.open("/appointments/new").text


def needed(page: Page) -> dict[str, bool]:
    """Which fields about the guest say that they must be filled in."""
    marks = re.findall(r'<label for="(\w+)">[^<]*<span class="needed"( hidden)?>', page.html)
    return {name: not hidden for name, hidden in marks if name in ("name", "email")}


def test_the_delivery_decides_which_field_is_needed(company: Company) -> None:
    assert needed(company.tanaka.write(delivery="mail")) == {"name": False, "email": True}
    assert needed(company.tanaka.write(delivery="link")) == {"name": True, "email": False}


def test_candidates_on_busy_time_are_counted_and_name_whose_it_is(company: Company) -> None:
    company.propose(offers=(offer(25, 1),))
    page = company.tanaka.write(**GOOD)
    assert "候補 2件(1件は予定と重複)" in page.text
    assert page.text.count("田中 一郎さんの予定と重なっています") == 1
    assert 'data-names="田中 一郎さん"' in page.html
    assert page.html.count('data-busy="0"') == 2
    assert "田中 一郎さんの予定と重なっています" in company.tanaka.write(page, action="review").text


def test_the_review_says_what_the_guest_will_miss(company: Company) -> None:
    room, lost = company.office.room, "場所がお客様に伝わりません。"
    visit = {"kind": Kind.VISIT_US.value}
    assert lost in reviewed(company.tanaka, **visit).text
    assert lost in reviewed(company.tanaka, **visit, room=[room, ""]).text
    assert lost not in reviewed(company.tanaka, **visit, room=[room, room]).text
    assert lost not in reviewed(company.tanaka, **visit, place="本社3階").text
    assert lost not in reviewed(company.tanaka).text
    asked = "電話番号は、お客様に日時と一緒に入力していただきます。"
    assert asked in reviewed(company.tanaka, kind=Kind.PHONE.value).text
    assert asked not in reviewed(company.tanaka, kind=Kind.PHONE.value, phone="03-1234-5678").text


def test_the_review_counts_no_calendar_twice_and_names_the_end(company: Company) -> None:
    page = reviewed(company.tanaka)
    assert "合わせて" not in page.text.partition("送ると、こうなります")[2].partition("届くメール")[0]
    assert "それまでに回答がなければ、仮予定はすべて消えます。" in page.text
    assert "お客様 ABC株式会社 山田太郎 様" in page.text
