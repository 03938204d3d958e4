"""What members' hands did on their calendars, as pages and API tell it, ask about it and take the answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from chouseiapo.domain.appointment import Answer, Appointment, State
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Delivery
from chouseiapo.domain.slots import CandidateState, Slot
from chouseiapo.events import EVENTS
from chouseiapo.web.history import worded
from chouseiapo.web.messages import HAPPENED
from projections.history import timeline
from projections.mail_log import mails_about
from projections.outbox import GUEST
from tests.mail.reading import read
from tests.product import BY, NOW, at, offer
from tests.web.api import Api
from tests.web.desk import Company, confirmed, of_draft, page_of
from tests.web.pages import Form, Page

OLD, NEW = "11月25日(水) 10:00〜11:00", "11月26日(木) 14:00〜15:00"
THERE = Slot(at(26, 5), at(26, 6))


def by_hand(
    company: Company,
    id: str,
    moved_to: Slot | None,
    candidate: str = "c1",
    owner: str = "",
    follow: bool = True,
) -> Appointment:
    """Suzuki deletes or moves an entry on her calendar, and a second look has confirmed it."""
    app, who, now = company.services.coordination, owner or company.office.suzuki, company.clock.now
    done = app.note_deviation(id, who, candidate, moved_to, now)
    if follow:
        done = app.follow_deviation(id, who, candidate, moved_to, now)
    company.read()
    return done


def moved(company: Company, to: Slot | None = THERE, **changes: Any) -> Appointment:
    made = confirmed(company, **changes)
    return by_hand(company, made.id, to)


def guest_page(company: Company, made: Appointment) -> Page:
    return company.stranger.open(urlsplit(company.services.guest_url(made)).path)


def question_forms(page: Page) -> list[Form]:
    return [form for form in page.forms if form.action.endswith("/question")]


class TestAConfirmedTime:
    def test_the_page_says_what_was_done_and_what_stands(self, company: Company) -> None:
        page = company.tanaka.open(page_of(moved(company)))
        assert "鈴木 花子さんのカレンダーで、この予定が動かされました" in page.text
        for time in (OLD, NEW, "11月21日(土) 09:00に気づきました"):
            assert time in page.text
        assert "お客様には何もお知らせしていません" in page.text

    def test_whose_calendar_it_is_is_spoken_to(self, company: Company) -> None:
        made = moved(company, None)
        assert "あなたのカレンダーで、この予定が削除されました" in company.suzuki.open(page_of(made)).text

    def test_to_keep_it_puts_the_entry_back(self, company: Company) -> None:
        made = moved(company)
        [keep, _] = question_forms(company.tanaka.open(page_of(made)))
        page = company.tanaka.send(keep, answer="keep")
        assert "この日時のままにします。" in page.text
        assert question_forms(page) == []
        found = company.appointment(made.id)
        assert (found.question, found.state) == (None, State.CONFIRMED)

    def test_to_cancel_says_first_what_follows(self, company: Company) -> None:
        made = moved(company)
        page = company.tanaka.open(page_of(made))
        assert "お知らせのメールが届く人: 山田太郎 様(お客様)" in page.text
        [_, cancel] = question_forms(page)
        company.tanaka.send(cancel, answer="cancel")
        assert company.appointment(made.id).state is State.CANCELLED

    def test_pressed_twice_it_is_one_answer(self, company: Company) -> None:
        [keep, _] = question_forms(company.tanaka.open(page_of(made := moved(company))))
        company.tanaka.send(keep, answer="keep")
        page = company.tanaka.send(keep, answer="keep")
        assert company.tanaka.status == 200
        assert "この日時のままにします。" in page.text
        stream = company.services.coordination.stream(made.id)
        assert sum(isinstance(event, A.OrganizerAnswered) for event in stream) == 1

    def test_who_comes_second_is_told_and_decides_nothing(self, company: Company) -> None:
        made = moved(company)
        [_, cancel] = question_forms(company.suzuki.open(page_of(made)))
        [keep, _] = question_forms(company.tanaka.open(page_of(made)))
        company.tanaka.send(keep, answer="keep")
        page = company.suzuki.send(cancel, answer="cancel")
        assert company.suzuki.status == 409
        assert "すでに回答があったか" in page.text
        assert company.appointment(made.id).state is State.CONFIRMED

    def test_strangers_can_not_answer(self, company: Company) -> None:
        made = moved(company)
        [keep, _] = question_forms(company.tanaka.open(page_of(made)))
        company.sato.send(keep, answer="keep")
        assert company.appointment(made.id).question is not None

    def test_what_took_place_is_not_asked_about(self, company: Company) -> None:
        made = moved(company)
        company.clock.now = at(25, 3)
        company.tanaka = company.desk(company.office.tanaka)
        assert question_forms(company.tanaka.open(page_of(made))) == []


class TestAnotherTime:
    def begin(self, company: Company, made: Appointment) -> Page:
        return company.tanaka.send(company.tanaka.open(page_of(made)).form("/again/instead"))

    def test_begins_with_everything_and_the_time_it_was_moved_to(self, company: Company) -> None:
        made = moved(company, title="ご提案", message="資料をお持ちします。")
        page = self.begin(company, made)
        draft = page.form("/appointments/new/")
        assert draft.values("candidate") == ["2026-11-26T14:00+09:00|2026-11-26T15:00+09:00"]
        assert (draft.value("company"), draft.value("title")) == ("ABC株式会社", "ご提案")
        assert draft.value("message") == "資料をお持ちします。", "nothing that is untrue once it is confirmed"
        assert f"確定している予定の日程を調整し直します: {OLD} ご提案" in page.text
        assert "お客様が新しい日時を選ぶまで、この予定は有効なままです。" in page.text

    @pytest.mark.parametrize(
        "to", [None, Slot(at(26, 5, 10), at(26, 6, 10)), Slot(at(20, 1), at(20, 2))], ids=str
    )
    def test_a_time_that_can_not_be_offered_is_not_picked(self, company: Company, to: Slot | None) -> None:
        draft = self.begin(company, moved(company, to)).form("/appointments/new/")
        assert draft.values("candidate") == []

    def test_sending_answers_and_the_old_time_stands_until_a_new_one_is_chosen(
        self, company: Company
    ) -> None:
        made = moved(company)
        page = self.begin(company, made)
        draft = company.tanaka.path
        page = company.tanaka.send(page.form("/appointments/new/"), action="review", title="改めて")
        assert "お客様が新しい日時を選ぶまで、この予定は有効なままです。" in page.text
        company.tanaka.send(page.form("/propose"))
        company.read()
        old, new = company.appointment(made.id), company.appointment(of_draft(draft))
        assert (old.state, old.question, new.instead_of) == (State.CONFIRMED, None, old.id)
        page = company.tanaka.open(page_of(old))
        assert "日程を調整し直しています。" in page.text
        assert (
            f"日程を調整し直すことにしました。新しい日時が決まるまでは、この日時が有効です: {OLD}"
            in page.text
        )
        assert page_of(new) in page.links
        assert page_of(old) in company.tanaka.open(page_of(new)).links
        guest = guest_page(company, new)
        assert f"いまのお約束({OLD})は、新しい日時をお選びいただくまで、そのまま有効です。" in guest.text
        told = mails_about(company.services.rows, new.id)
        request = next(each.mail for each in told if each.mail.recipient == GUEST)
        mail = read(company.services.composer.compose(request, NOW)).text
        assert f"{OLD}にお約束しておりますWeb会議について、日程の変更をご相談いたしたく" in mail
        company.services.coordination.confirm(new.id, "c1", new.guest, BY, NOW)
        company.read()
        assert company.appointment(old.id).state is State.CANCELLED
        page = company.tanaka.open(page_of(old))
        assert f"別の日時に決まったため、キャンセルされました。 {NEW} 改めて" in page.text
        assert page_of(new) in page.links
        assert (
            "あらためて別の日時に決まったため、この日時は取り消されました。" in guest_page(company, old).text
        )
        assert "いまのお約束" not in guest_page(company, new).text

    def test_no_form_can_name_what_is_to_be_replaced(self, company: Company) -> None:
        other = confirmed(company, offers=(offer(27, 1),))
        page = company.tanaka.open("/appointments/new")
        company.tanaka.write(page, instead_of=other.id, company="ABC")
        assert "調整し直します" not in company.tanaka.open(company.tanaka.path).text

    def test_without_a_question_there_is_nothing_to_begin(self, company: Company) -> None:
        made = moved(company)
        form = company.tanaka.open(page_of(made)).form("/again/instead")
        suzuki = company.office.suzuki
        company.services.coordination.answer_question(made.id, suzuki, "c1", Answer.KEEP, BY, NOW)
        company.tanaka.send(form)
        assert company.tanaka.status == 409


class TestTheLastCandidate:
    def asked(self, company: Company) -> Appointment:
        made = company.propose(offers=(offer(25, 1),))
        return by_hand(company, made.id, None)

    def test_the_page_offers_to_add_others(self, company: Company) -> None:
        made = self.asked(company)
        page = company.tanaka.open(page_of(made))
        assert "鈴木 花子さんのカレンダーで、最後の候補の仮予定が削除されました" in page.text
        assert "ほかの候補を追加する" in page.text
        assert not [form for form in page.forms if form.action.endswith("/instead")]

    def test_others_withdraw_it_by_themselves(self, company: Company) -> None:
        made = self.asked(company)
        company.services.coordination.add_candidates(made.id, [offer(27, 1)], BY, NOW)
        assert company.appointment(made.id).candidates["c1"].state is CandidateState.WITHDRAWN
        page = company.tanaka.open(page_of(made))
        assert question_forms(page) == []
        assert f"鈴木 花子さんのカレンダーで仮予定が削除されたため、候補を取り下げました: {OLD}" in page.text


class TestWhatIsNotCertainYet:
    def test_is_said_quietly_and_counted(self, company: Company) -> None:
        made = company.propose(offers=(offer(25, 1), offer(26, 2), offer(27, 3)))
        for candidate in ("c1", "c2"):
            by_hand(company, made.id, None, candidate, follow=False)
        page = company.tanaka.open(page_of(made))
        assert "カレンダーで変更がありました(2件)。確かめています。" in page.text
        assert "予定 4件中" in page.text, "what is being verified is no work of ours"
        assert question_forms(page) == []
        assert "いま対応が必要です" not in company.tanaka.open("/").text


class TestCandidatesOfAnOpenAppointment:
    CHANGED = "依頼メールを送ったあとで候補が変わりました。お客様のページには最新の候補が出ています。"

    def propose(self, company: Company, **changes: Any) -> Appointment:
        return company.propose(offers=(offer(25, 1), offer(26, 2), offer(27, 3)), **changes)

    def test_say_whose_hand_withdrew_them(self, company: Company) -> None:
        made = self.propose(company)
        by_hand(company, made.id, None)
        by_hand(company, made.id, Slot(at(26, 2, 10), at(26, 3, 10)), "c2")
        page = company.tanaka.open(page_of(made))
        assert "取り下げ済み(鈴木 花子さんのカレンダーで削除)" in page.text
        assert "取り下げ済み(鈴木 花子さんのカレンダーで移動)" in page.text
        page = company.tanaka.open(page_of(made, "?lang=en"))
        assert "Withdrawn (deleted on the calendar of 鈴木 花子)" in page.text

    def test_say_whose_hand_moved_them_until_the_staff_withdraws_them(self, company: Company) -> None:
        made = self.propose(company)
        by_hand(company, made.id, THERE)
        page = company.tanaka.open(page_of(made))
        assert f"{NEW} 回答待ち · 鈴木 花子さんのカレンダーで動かされました" in page.text
        company.services.coordination.withdraw_candidate(made.id, "c1", BY, NOW)
        assert f"{NEW} 取り下げ済み もう一度" in company.tanaka.open(page_of(made)).text

    def test_that_changed_since_they_were_mailed_are_mailed_again(self, company: Company) -> None:
        made = self.propose(company)
        assert self.CHANGED not in company.tanaka.open(page_of(made)).text
        by_hand(company, made.id, None)
        page = company.tanaka.open(page_of(made))
        assert self.CHANGED in page.text
        page = company.tanaka.send(page.form("/resend"))
        assert "依頼メールを再送しました。" in page.text
        assert self.CHANGED not in page.text

    def test_that_were_not_mailed_are_not_said_to_have_been(self, company: Company) -> None:
        made = self.propose(company, delivery=Delivery.LINK)
        by_hand(company, made.id, None)
        assert self.CHANGED not in company.tanaka.open(page_of(made)).text


class TestHome:
    def test_organizer_and_author_are_asked_there_and_nobody_else(self, company: Company) -> None:
        office = company.office
        made = moved(company, attendees=(office.sato, office.suzuki), organizer=office.sato)
        said = "カレンダーで予定が変更されました。どうするかをお選びください"
        for desk, asked in ((company.tanaka, True), (company.sato, True), (company.suzuki, False)):
            page = desk.open("/")
            assert (said in page.text) == asked
            assert not asked or page_of(made) in page.links

    def test_what_was_answered_is_gone_at_once(self, company: Company) -> None:
        made = moved(company)
        suzuki = company.office.suzuki
        company.services.coordination.answer_question(made.id, suzuki, "c1", Answer.KEEP, BY, NOW)
        assert "いま対応が必要です" not in company.tanaka.open("/").text

    SAID = "カレンダーでの変更により、候補が変わりました"

    @pytest.mark.parametrize("to", [None, THERE], ids=str)
    def test_the_author_reads_that_candidates_were_changed_until_they_have_seen_to_it(
        self, company: Company, to: Slot | None
    ) -> None:
        made = company.propose(offers=(offer(25, 1), offer(26, 2), offer(27, 3)))
        company.clock.now = NOW + timedelta(minutes=5)
        by_hand(company, made.id, to)
        page = company.tanaka.open("/")
        assert f"{self.SAID} 11月21日(土) 09:05から" in page.text
        assert page_of(made) in page.links
        assert self.SAID not in company.suzuki.open("/").text, "whoever did it knows"
        company.tanaka.send(company.tanaka.open(page_of(made)).form("/resend"))
        company.read()
        assert self.SAID not in company.tanaka.open("/").text

    def test_what_the_staff_withdraws_is_no_news(self, company: Company) -> None:
        made = company.propose(offers=(offer(25, 1), offer(26, 2), offer(27, 3)))
        company.clock.now = NOW + timedelta(minutes=5)
        company.services.coordination.withdraw_candidate(made.id, "c2", BY, company.clock.now)
        company.read()
        assert self.SAID not in company.tanaka.open("/").text


class TestVanished:
    def link(self, company: Company, owner: str, count: int = 12) -> str:
        app = company.services.coordination
        link = app.link_account(owner, Provider.GOOGLE, "1", "x@example.com", BY, NOW)
        app.note_vanished(link, count, NOW)
        company.read()
        return link

    @pytest.mark.parametrize(("answer", "restored"), [("restore", True), ("leave", False)])
    def test_home_leads_to_the_two_answers(self, company: Company, answer: str, restored: bool) -> None:
        link = self.link(company, company.office.tanaka)
        address = f"/calendars/{link}/vanished"
        page = company.tanaka.open("/")
        assert "Google カレンダーから予定が12件、一度に消えました" in page.text
        assert address in page.links
        page = company.tanaka.send(company.tanaka.open(address).form("/vanished"), answer=answer)
        assert company.tanaka.path.startswith("/?done=")
        last = company.services.coordination.stream(company.office.tanaka)[-1]
        assert (last.NAME, getattr(last, "restore", None)) == ("member.vanishing-answered", restored)
        assert "この件は解決しています" in company.tanaka.open(address).text

    def test_it_is_its_owners_alone(self, company: Company) -> None:
        address = f"/calendars/{self.link(company, company.office.tanaka)}/vanished"
        for desk in (company.suzuki, company.chief):
            desk.open(address)
            assert desk.status == 404
        assert "一度に消えました" not in company.suzuki.open("/").text

    def test_a_rooms_is_the_administrators(self, company: Company) -> None:
        address = f"/calendars/{self.link(company, company.office.room)}/vanished"
        assert address in company.chief.open("/").links
        assert "会議室A" in company.chief.open(address).text
        company.tanaka.open(address)
        assert company.tanaka.status == 404


A = Appointment
STORIES: list[tuple[list[tuple[type[Any], dict[str, Any]]], str, str]] = [
    (
        [(A.EntryDeviated, {"gone": True})],
        f"鈴木 花子さんのカレンダーから予定がなくなったようです。確かめています: {OLD}",
        "gone from the calendar of 鈴木 花子",
    ),
    (
        [(A.EntryDeviated, {"gone": False, "start": THERE.start, "end": THERE.end})],
        f"鈴木 花子さんのカレンダーで予定が{NEW}へ動いたようです。確かめています: {OLD}",
        "moved to Thu, Nov 26, 14:00–15:00",
    ),
    (
        [(A.EntryDeviated, {"gone": True}), (A.EntryRestored, {})],
        f"鈴木 花子さんのカレンダーの予定が、元のとおりであることを確かめました: {OLD}",
        "stands where it should",
    ),
    (
        [(A.OrganizerAsked, {"gone": True}), (A.OrganizerAnswered, {"answer": Answer.KEEP})],
        f"この日時のままにして、鈴木 花子さんのカレンダーの予定を元に戻すことにしました: {OLD}",
        "The time is kept",
    ),
    (
        [(A.OrganizerAsked, {"gone": True}), (A.OrganizerAnswered, {"answer": Answer.CANCEL})],
        f"キャンセルすることにしました: {OLD}",
        "Decided to cancel",
    ),
]


class TestTheTimeline:
    @pytest.mark.parametrize(("story", "japanese", "english"), STORIES)
    def test_says_it_in_plain_words(
        self, company: Company, story: list[tuple[type[Any], dict[str, Any]]], japanese: str, english: str
    ) -> None:
        made = company.propose()
        stream = company.services.coordination.stream(made.id)
        for kind, fields in story:
            place: dict[str, Any] = {"originator_id": made.id, "originator_version": 2, "at": NOW}
            stream.append(kind(**place, owner=company.office.suzuki, candidate="c1", **fields))
        for locale, said in (("ja", japanese), ("en", english)):
            with company.app.test_request_context(f"/?lang={locale}"):
                company.app.preprocess_request()
                assert said in worded(timeline(stream)[-1])

    @pytest.mark.parametrize("outcome", ["withdrawn", "moved", "asked", "restored"])
    def test_a_doubt_is_gone_once_its_outcome_stands(self, company: Company, outcome: str) -> None:
        offers = (offer(25, 1),) if outcome == "asked" else (offer(25, 1), offer(27, 3))
        made = company.propose(offers=offers)
        to = THERE if outcome == "moved" else None
        by_hand(company, made.id, to, follow=False)
        assert "確かめています: " in company.tanaka.open(page_of(made)).text
        if outcome == "restored":
            company.services.coordination.restore_entry(made.id, company.office.suzuki, "c1", NOW)
        else:
            by_hand(company, made.id, to)
        assert "確かめています: " not in company.tanaka.open(page_of(made)).text

    def test_a_doubt_about_another_entry_stays(self, company: Company) -> None:
        made = company.propose(offers=(offer(25, 1), offer(27, 3)))
        by_hand(company, made.id, None, "c2", follow=False)
        by_hand(company, made.id, None)
        by_hand(company, made.id, None, "c2", owner=company.office.tanaka, follow=False)
        page = company.tanaka.open(page_of(made))
        assert page.text.count("確かめています: ") == 2

    def test_a_moved_candidate_is_told_from_where_to_where_and_by_whom(self, company: Company) -> None:
        made = company.propose()
        by_hand(company, made.id, Slot(at(27, 5), at(27, 6)))
        page = company.tanaka.open(page_of(made))
        assert f"候補の日時を変えました: {OLD} → 11月27日(金) 14:00〜15:00" in page.text
        lines = timeline(company.services.coordination.stream(made.id))
        assert lines[-1].actor == company.office.suzuki

    def test_a_room_has_hands_too(self, company: Company) -> None:
        room = company.office.room
        made = company.propose(offers=(offer(25, 1, room=room), offer(26, 2, room=room)))
        by_hand(company, made.id, None, owner=room)
        assert f"会議室Aのカレンダーで仮予定が削除されたため、候補を取り下げました: {OLD}" in (
            company.tanaka.open(page_of(made)).text
        )

    def test_has_words_for_every_event_of_an_appointment(self) -> None:
        told = {key.partition(" ")[0] for key in HAPPENED}
        assert {name for name in EVENTS if name.startswith("appointment.")} == told


class TestTheApi:
    def asked(self, api: Api) -> str:
        made = api.tanaka.propose()
        assert api.guest.confirm(made, "c1")[0] == 200
        id, app, suzuki = str(made["id"]), api.services.coordination, api.office.suzuki
        app.note_deviation(id, suzuki, "c1", THERE, NOW)
        app.follow_deviation(id, suzuki, "c1", THERE, NOW)
        return id

    def test_shows_what_is_asked(self, api: Api) -> None:
        assert api.tanaka.propose(candidates=[later()])["question"] is None
        _, found = api.tanaka.call("GET", f"/appointments/{self.asked(api)}")
        assert found["question"] == {
            "owner": "suzuki@example.com",
            "candidate": "c1",
            "gone": False,
            "start": "2026-11-26T14:00:00+09:00",
            "end": "2026-11-26T15:00:00+09:00",
            "since": "2026-11-21T09:00:00+09:00",
        }

    @pytest.mark.parametrize(("answer", "state"), [("keep", "confirmed"), ("cancel", "cancelled")])
    def test_takes_the_answer_once(self, api: Api, answer: str, state: str) -> None:
        path = f"/appointments/{self.asked(api)}/question"
        for _ in range(2):
            status, found = api.tanaka.call("POST", path, {"answer": answer}, Idempotency_Key="1")
            assert (status, found["state"], found["question"]) == (200, state, None)
        status, refused = api.tanaka.call("POST", path, {"answer": answer})
        assert (status, refused["code"]) == (409, "not_asked")

    def test_refuses_what_is_no_answer(self, api: Api) -> None:
        id = self.asked(api)
        status, refused = api.tanaka.call("POST", f"/appointments/{id}/question", {"answer": "reschedule"})
        assert (status, refused["errors"][0]["field"]) == (422, "answer")
        assert api.sato.call("POST", f"/appointments/{id}/question", {"answer": "keep"})[0] == 404


def later() -> dict[str, Any]:
    start = datetime.fromisoformat("2026-11-27T10:00:00+09:00")
    return {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "room": None}
