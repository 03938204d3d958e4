"""Registering a fixed time on the pages, without a script: form, review, appointment, guest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from icalendar import Calendar

from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Delivery, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Offer
from projections.host_writes import use_up
from tests.mail import libical
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, Desk, of_draft, page_of, slot
from tests.web.pages import Page

TYPED: dict[str, Any] = {
    "way": "direct",
    "company": "ABC株式会社",
    "name": "山田太郎",
    "email": "yamada@example.net",
    "platform": "none",
    "on": "2026-11-25",
    "from": "10:00",
    "to": "11:00",
}
WEEKLY: dict[str, Any] = {"repeat": "weekly", "every": "1", "ends": "count", "times": "4"}


def reviewed(desk: Desk, **typed: Any) -> Page:
    return desk.write(action="review", **TYPED | typed)


def registered(company: Company, **typed: Any) -> Appointment:
    desk = company.tanaka
    desk.send(reviewed(desk, **typed).form("/propose"))
    return company.appointment(desk.path.rpartition("/")[2].partition("?")[0])


class TestTheForm:
    def test_one_time_is_registered_and_confirmed_at_once(self, company: Company) -> None:
        page = reviewed(company.tanaka)
        assert "お客様の回答を待たずに、すぐに確定します。" in page.text
        assert "内蔵カレンダーに、確定の予定が1件入ります。" in page.text
        assert "アポイントメントの日程が確定しました" in page.text  # the very mail
        page = company.tanaka.send(page.form("/propose"))
        assert "登録しました。日時は確定しています。" in page.text
        made = company.appointment(company.tanaka.path.rpartition("/")[2].partition("?")[0])
        assert (made.state, made.direct) == (State.CONFIRMED, True)
        assert [(c.start, c.end) for c in made.occurrences] == [(at(25, 1), at(25, 2))]

    def test_looking_at_it_records_nothing(self, company: Company) -> None:
        reviewed(company.tanaka, **WEEKLY)
        assert company.services.coordination.stream(of_draft(company.tanaka.path)) == []

    def test_what_was_typed_is_there_when_one_goes_back(self, company: Company) -> None:
        reviewed(company.tanaka, **WEEKLY)
        back = company.tanaka.open(company.tanaka.path.removesuffix("/review"))
        filled = back.form("/appointments/new/").filled()
        for field, value in (TYPED | WEEKLY).items():
            assert filled[field] in (value, [value]), field

    def test_every_date_of_a_series_is_reviewed(self, company: Company) -> None:
        page = reviewed(company.tanaka, **WEEKLY)
        for day in ("11月25日(水)", "12月2日(水)", "12月9日(水)", "12月16日(水)"):
            assert f"{day} 10:00〜11:00" in page.text
        assert "毎週、全4回" in page.text
        assert "確定の予定が4件入ります。" in page.text

    def test_a_series_that_would_outlast_the_calendar_can_be_corrected(self, company: Company) -> None:
        typed = TYPED | WEEKLY | {"on": "9999-12-01", "ends": "until", "until": "9999-12-31"}
        page = company.tanaka.write(action="review", **typed)
        assert "日付を正しく入力してください。" in page.text
        form = company.tanaka.open(company.tanaka.path).form("/appointments/new/")
        assert form.filled()["on"] == ["9999-12-01"]

    def test_a_series_may_be_given_until_a_day(self, company: Company) -> None:
        made = registered(company, **WEEKLY | {"ends": "until", "until": "2026-12-10"})
        assert made.recurrence == Recurrence(Frequency.WEEKLY, 3)

    @pytest.mark.parametrize(
        ("repeat", "every", "recurrence"),
        [
            ("daily", "2", Recurrence(Frequency.DAILY, 4, 2)),
            ("weekdays", "7", Recurrence(Frequency.WEEKDAYS, 4)),
            ("monthly", "3", Recurrence(Frequency.MONTHLY, 4, 3)),
            ("once", "9", None),
        ],
    )
    def test_how_it_repeats(
        self, company: Company, repeat: str, every: str, recurrence: Recurrence | None
    ) -> None:
        made = registered(company, **WEEKLY | {"repeat": repeat, "every": every})
        assert made.recurrence == recurrence

    def test_whole_days_up_to_another_day(self, company: Company) -> None:
        made = registered(company, all_day="1", last="2026-11-27")
        [days] = made.occurrences
        assert (days.start, days.end, days.all_day) == (at(24, 15), at(27, 15), True)

    def test_hours_over_several_days(self, company: Company) -> None:
        made = registered(company, last="2026-11-26", to="09:00")
        assert made.occurrences[0].slot.end == at(26, 0)
        assert not made.occurrences[0].all_day

    @pytest.mark.parametrize(
        ("typed", "plan", "told"),
        [
            ({}, "licensed", ""),
            (WEEKLY, "licensed", "くり返し・終日・複数日の予定では、お客様を登録できません。"),
            ({}, "basic", "無料のZoomでは、お客様を登録できません。"),
        ],
    )
    def test_that_the_guest_can_t_be_registered_is_said_before(
        self, company: Company, typed: dict[str, Any], plan: str, told: str
    ) -> None:
        app, office = company.services.coordination, company.office
        app.link_account(office.tanaka, Provider.ZOOM, "tanaka@example.com", "t@x", BY, NOW, plan=plan)
        wished = {"platform": "zoom", "option-registration": "yes"}
        page = reviewed(company.tanaka, **typed | wished)
        assert "お客様の登録: あり" in page.text
        assert told in page.text
        assert ("お客様を登録できません。" in page.text) == bool(told)

    @pytest.mark.parametrize("count", [99, 100])
    def test_that_a_host_s_day_is_used_up_is_said_before(self, company: Company, count: int) -> None:
        use_up(company.services.rows, company.office.zoom[company.office.tanaka], count, NOW)
        told = "今日はもうこのZoomで会議を発行できないため、11月22日(日) 09:00を過ぎてから発行します。"
        assert (told in reviewed(company.tanaka, platform="zoom").text) == (count == 100)

    def test_a_call_to_nobody_s_number_is_noted(self, company: Company) -> None:
        page = reviewed(company.tanaka, kind="phone")
        assert "お客様の電話番号がありません。" in page.text

    def test_a_guest_without_an_address_is_not_written_to_and_the_page_says_so(
        self, company: Company
    ) -> None:
        page = reviewed(company.tanaka, email="", delivery="link")
        assert "お客様にはメールを送りません" in page.text
        page = company.tanaka.send(page.form("/propose"))
        assert "/g/" in page.html

    @pytest.mark.parametrize(
        ("typed", "lasting"),
        [(WEEKLY, True), ({"all_day": "1"}, True), ({"last": "2026-11-27"}, True), ({}, False)],
    )
    def test_what_it_means_for_the_meeting_is_said(
        self, company: Company, typed: dict[str, str], lasting: bool
    ) -> None:
        said = "いつでも入れるZoomミーティング(開始時刻なし)を1つ発行します。URLは全回共通です。"
        text = reviewed(company.tanaka, **typed, platform="zoom").text
        assert "田中 一郎さんのZoomで、会議を発行します。" in text
        assert (said in text) == lasting

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"on": ""}, "日付を正しく入力してください。"),
            ({"on": "9999-12-31"}, "日付を正しく入力してください。"),
            ({"on": "2026-11-20"}, "過去の日時は登録できません。"),
            ({"to": "10:00"}, "終了は開始より後にしてください。"),
            ({"last": "2027-01-25"}, "1回の予定は31日までにしてください。"),
            (WEEKLY | {"times": "1"}, "回数は2回から60回までで入力してください。"),
            (WEEKLY | {"times": "たくさん"}, "回数は2回から60回までで入力してください。"),
            (WEEKLY | {"every": "0"}, "間隔は1から12までで入力してください。"),
            (WEEKLY | {"ends": "until"}, "くり返しの最後の日を入力してください。"),
            (WEEKLY | {"ends": "until", "until": "2026-11-26"}, "2回目以降になるように"),
            (WEEKLY | {"repeat": "daily", "ends": "until", "until": "2027-11-26"}, "60回を超えます"),
            (WEEKLY | {"repeat": "yearly"}, "選べない値です。"),
            (WEEKLY | {"repeat": "daily", "last": "2026-11-27"}, "次の回が始まる前に"),
            (WEEKLY | {"repeat": "weekdays", "on": "2026-11-28"}, "平日から始めてください。"),
            ({"email": ""}, "メールで送るには、お客様のメールアドレスが必要です。"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
        self, company: Company, typed: dict[str, str], sentence: str
    ) -> None:
        page = reviewed(company.tanaka, **typed)
        assert sentence in page.text
        assert "まだ登録できません。" in page.text
        filled = page.form("/appointments/new/").filled()
        assert filled["name"] in ("山田太郎", ["山田太郎"])

    def test_the_dates_that_are_taken_are_all_named(self, company: Company) -> None:
        registered(company, on="2026-12-02")
        registered(company, on="2026-12-16")
        page = reviewed(company.tanaka, **WEEKLY)
        assert "田中 一郎さんに確定した予定がある日が含まれています: 12月2日(水)、12月16日(水)" in page.text

    def test_a_taken_time_is_refused(self, company: Company) -> None:
        registered(company)
        assert "この日時には登録できません。" in reviewed(company.tanaka).text

    def test_candidates_to_pick_from_are_proposed_as_before(self, company: Company) -> None:
        offered = {"way": "offer", "candidate": [slot(26, 10)], "room": [""]}
        page = company.tanaka.write(action="review", **TYPED | offered)
        assert "日時候補をお客様に送る" in page.text
        assert "11月26日(木) 10:00〜11:00" in page.text
        assert "11月25日(水)" not in page.text


class TestTheAppointment:
    def test_its_page_has_every_date_and_the_next_one_large(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = company.tanaka.open(page_of(made))
        assert "毎週、全4回 · 次回" in page.text
        assert page.text.count("10:00〜11:00 確定") == 4

    def test_after_the_first_the_next_one_counts(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        company.clock.now = made.occurrences[0].end
        company.read()
        desk = company.desk(company.office.tanaka)
        page = desk.open(page_of(made))
        assert "日時が確定しています。" in page.text
        assert "10:00〜11:00 終わりました" in page.text
        assert "12月2日(水) 10:00〜11:00" in desk.open("/").text
        assert "残り3回" in desk.open("/").text
        assert "まもなく始まります" not in desk.open("/").text
        found = desk.open("/?state=confirmed").text
        assert "12月2日(水) 10:00〜11:00" in found
        company.clock.now = made.occurrences[1].start - timedelta(minutes=20)
        assert "まもなく始まります" in company.desk(company.office.tanaka).open("/").text

    def test_one_date_is_called_off(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = company.tanaka.open(page_of(made, "/occurrences/c2/cancel"))
        assert "ほかの回(残り3回)は、そのままです。" in page.text
        assert "山田太郎 様(お客様)" in page.text
        page = company.tanaka.send(page.form("/occurrences/c2/cancel"), reason="休業日のため")
        assert "この回をキャンセルしました。" in page.text
        assert "毎週、全4回のうち1回は取り消し" in page.text
        assert "12月2日(水) 10:00〜11:00 キャンセルされました" in page.text
        assert "休業日のため" in page.text
        after = company.appointment(made.id)
        assert [c.id for c in after.occurrences] == ["c1", "c3", "c4"]

    def test_pressed_twice_it_is_called_off_once(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = company.tanaka.open(page_of(made, "/occurrences/c2/cancel"))
        for _ in range(2):
            company.tanaka.send(page.form("/occurrences/c2/cancel"))
        names = [event.NAME for event in company.services.coordination.stream(made.id)]
        assert names.count("appointment.occurrence-cancelled") == 1

    def test_the_last_date_left_is_not_offered_to_be_called_off(self, company: Company) -> None:
        made = registered(company, **WEEKLY | {"times": "2"})
        company.services.coordination.cancel_occurrence(made.id, "c1", "", BY, NOW)
        assert "/occurrences/" not in company.tanaka.open(page_of(made)).html
        page = company.tanaka.open(page_of(made, "/occurrences/c2/cancel"))
        assert "残りはこの回だけです。" in page.text

    def test_others_can_neither_see_nor_call_it_off(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        company.sato.open(page_of(made, "/occurrences/c2/cancel"))
        assert company.sato.status == 404
        company.tanaka.open(page_of(made, "/occurrences/c9/cancel"))
        assert company.tanaka.status == 404

    def test_a_series_is_not_moved_and_the_page_says_what_to_do(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = company.tanaka.open(page_of(made))
        assert f"{page_of(made)}/move" not in page.html
        assert "まとめて動かせません。" in page.text
        assert "/appointments/new?way=direct" in page.links
        form = company.tanaka.open("/appointments/new?way=direct").form("/appointments/new/").filled()
        assert form["way"] in ("direct", ["direct"])

    def test_a_question_about_one_date_can_end_that_one_alone(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        app, owner = company.services.coordination, company.office.tanaka
        app.note_deviation(made.id, owner, "c3", None, NOW)
        app.follow_deviation(made.id, owner, "c3", None, NOW)
        page = company.tanaka.open(page_of(made))
        assert "12月9日(水) 10:00〜11:00" in page.text
        assert "日程を調整し直す" not in page.text
        sent = {"owner": owner, "candidate": "c3", "answer": "cancel_occurrence"}
        filled = page.form("/question").filled()
        answer = company.tanaka.post(page_of(made, "/question"), {"nonce": filled["nonce"], **sent})
        assert answer.status_code == 303
        after = company.appointment(made.id)
        assert [c.id for c in after.occurrences] == ["c1", "c2", "c4"]
        assert after.question is None


class TestTheGuest:
    def page(self, company: Company, made: Appointment, query: str = "") -> Page:
        path = urlsplit(company.services.guest_url(made)).path
        return company.stranger.open(f"{path}{query}")

    def calendar(self, company: Company, made: Appointment) -> Any:
        path = urlsplit(company.services.guest_url(made)).path
        content = company.stranger.http.get(f"{path}/calendar.ics").data
        assert libical.complaints(content) == []
        [event] = Calendar.from_ical(content).walk("VEVENT")
        return event

    def links(self, page: Page, host: str) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(link).query) for link in page.links if host in link]

    def test_every_date_is_shown_and_what_was_called_off_struck_through(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        company.services.coordination.cancel_occurrence(made.id, "c1", "", BY, NOW)
        page = self.page(company, made)
        assert "毎週、全4回のうち1回は取り消し · 次回 12月2日(水) 10:00〜11:00" in page.text
        assert "<s>11月25日(水) 10:00〜11:00</s>" in page.html
        assert "every week, 4 times, 1 cancelled" in self.page(company, made, "?lang=en").text

    def test_of_a_series_that_is_over_none_is_the_next(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        company.clock.now = made.occurrences[-1].end
        page = self.page(company, made)
        assert "毎週、全4回 12月16日(水) 10:00〜11:00" in page.text
        assert "次回" not in page.text

    def test_of_a_series_that_is_cancelled_half_way_what_has_taken_place_is_not_called_off(
        self, company: Company
    ) -> None:
        made = registered(company, **WEEKLY)
        company.clock.now = made.occurrences[0].end
        company.services.coordination.cancel(made.id, "", BY, company.clock.now)
        assert "取り消された日時: 12月2日(水) 10:00〜11:00 · 毎週、全4回" in self.page(company, made).text

    def test_a_series_goes_into_a_calendar_as_one(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        page = self.page(company, made)
        [google] = self.links(page, "calendar.google")
        assert (google["recur"], google["ctz"]) == (["RRULE:FREQ=WEEKLY;COUNT=4"], ["Asia/Tokyo"])
        assert self.links(page, "outlook") == []
        event = self.calendar(company, made)
        assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=4"
        assert event["DTSTART"].params["TZID"] == "Asia/Tokyo"

    def test_without_the_dates_that_were_called_off(self, company: Company) -> None:
        made = registered(company, **WEEKLY)
        company.services.coordination.cancel_occurrence(made.id, "c3", "", BY, NOW)
        assert self.links(self.page(company, made), "calendar.google") == []
        event = self.calendar(company, made)
        assert event["EXDATE"].dts[0].dt.isoformat() == "2026-12-09T10:00:00+09:00"

    def test_days_go_into_a_calendar_as_dates(self, company: Company) -> None:
        made = registered(company, all_day="1", last="2026-11-27")
        page = self.page(company, made, "?tz=America/New_York")
        assert "11月25日(水)〜11月27日(金)" in page.text
        [google], [outlook] = self.links(page, "calendar.google"), self.links(page, "outlook")
        assert google["dates"] == ["20261125/20261128"]
        told = (outlook["allday"], outlook["startdt"], outlook["enddt"])
        assert told == (["true"], ["2026-11-25"], ["2026-11-28"])
        event = self.calendar(company, made)
        assert (event["DTSTART"].to_ical(), event["DTEND"].to_ical()) == (b"20261125", b"20261128")


def test_a_direct_one_is_sent_by_a_link_too(company: Company) -> None:
    made = company.propose(
        direct=True, offers=(offer(25, 1),), delivery=Delivery.LINK, platform=Platform.NONE
    )
    assert made.state is State.CONFIRMED


def test_the_week_shows_days_on_each_of_them(company: Company) -> None:
    days = (Offer(at(24, 15), at(27, 15), None, all_day=True),)
    company.propose(direct=True, offers=days, platform=Platform.NONE)
    page = company.tanaka.open(f"/members/{company.office.tanaka}/week?week=2026-11-25")
    assert page.text.count("ABC株式会社:山田太郎 様") == 3
    assert page.text.count("終日") == 3
