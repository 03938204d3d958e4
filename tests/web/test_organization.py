"""The organization's settings, for administrators: when everybody is reminded, and what follows next."""

from __future__ import annotations

import pytest

from chouseiapo.domain.member import Role
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from tests.product import BY, NOW
from tests.web.api import Api, Program
from tests.web.desk import Company, confirmed, page_of
from tests.web.pages import Page

PATH = "/settings/organization"
SEVEN = ReminderRule(Reminding.ON_THE_DAY, at="07:00")


def before(minutes: int) -> ReminderRule:
    return ReminderRule(Reminding.BEFORE, minutes=minutes)


def rules(company: Company) -> set[ReminderRule]:
    return set(company.services.coordination.organization().reminders)


def save(company: Company, **typed: str | list[str]) -> Page:
    return company.chief.send(company.chief.open(PATH).form("/reminders"), **typed)


def test_only_administrators_see_it_and_find_it(company: Company) -> None:
    company.tanaka.open(PATH)
    assert company.tanaka.status == 403
    nonce = company.tanaka.open("/settings").form("/mails").value("nonce")
    assert company.tanaka.post(f"{PATH}/reminders", {"nonce": nonce, "at": "09:00"}).status_code == 403
    assert rules(company) == set()
    assert PATH not in company.tanaka.open("/settings").links
    assert PATH in company.chief.open("/settings").links


def test_as_long_as_nobody_has_chosen_the_settings_hour_stands(company: Company) -> None:
    page = company.chief.open(PATH)
    form = page.form("/reminders")
    assert "当日の07:00" in page.text
    assert (form.value("on_the_day"), form.value("at"), form.values("amount")) == ("1", "07:00", [])


def test_rules_are_chosen_and_said_in_words(company: Company) -> None:
    page = save(company, at="08:30", amount=["24", "30"], unit=["hours", "minutes"])
    assert company.chief.path == f"{PATH}?saved=reminders"
    assert "保存しました。" in page.text
    assert "開始の24時間前、開始の30分前、当日の08:30" in page.text
    assert "当日のリマインドをこの場所の08:30に送ります。" in company.tanaka.open("/settings").text
    assert rules(company) == {before(1440), before(30), ReminderRule(Reminding.ON_THE_DAY, at="08:30")}
    form = page.form("/reminders")
    assert form.values("amount") == ["24", "30"]
    assert form.values("unit") == ["hours", "minutes"]


def test_a_line_more_or_less_keeps_what_is_typed_and_saves_nothing(company: Company) -> None:
    page = save(company, at="09:15", action="add")
    form = page.form("/reminders")
    assert (form.value("at"), form.values("amount"), form.values("unit")) == ("09:15", ["24"], ["hours"])
    page = company.chief.send(form, action="add")
    assert page.form("/reminders").values("amount") == ["24", "1"]
    page = company.chief.send(page.form("/reminders"), action="remove-0")
    assert page.form("/reminders").values("amount") == ["1"]
    assert "まだ保存していません。" in page.text
    assert rules(company) == set()
    company.chief.send(page.form("/reminders"))
    assert rules(company) == {before(60), ReminderRule(Reminding.ON_THE_DAY, at="09:15")}


def test_an_empty_line_asks_for_nothing_and_the_same_twice_is_one(company: Company) -> None:
    save(company, amount=["", "60", "1", "２"], unit=["hours", "minutes", "hours", "days"])
    assert rules(company) == {SEVEN, before(60), before(2 * 1440)}


def test_the_day_alone_can_be_left_out(company: Company) -> None:
    form = company.chief.open(PATH).form("/reminders").filled(amount=["24"], unit=["hours"])
    del form["on_the_day"]
    assert company.chief.post(f"{PATH}/reminders", form).status_code == 303
    assert rules(company) == {before(1440)}
    assert "メールの時刻をこの場所の時刻で書きます。" in company.tanaka.open("/settings").text


@pytest.mark.parametrize(
    ("at", "amount", "unit", "problem"),
    [
        ("25:00", "24", "hours", "時刻の形を確かめてください(例: 07:00)。"),
        ("", "24", "hours", "時刻の形を確かめてください(例: 07:00)。"),
        ("07:00", "4", "minutes", "5分前から14日前までの数字で入力してください。"),
        ("07:00", "15", "days", "5分前から14日前までの数字で入力してください。"),
        ("07:00", "あ", "hours", "5分前から14日前までの数字で入力してください。"),
        ("07:00", "9" * 5000, "hours", "5分前から14日前までの数字で入力してください。"),
        ("07:00", "1", "years", "5分前から14日前までの数字で入力してください。"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    company: Company, at: str, amount: str, unit: str, problem: str
) -> None:
    page = save(company, at=at, amount=["48", amount], unit=["hours", unit])
    assert (company.chief.status, page.problems) == (422, [problem])
    form = page.form("/reminders")
    assert (form.value("at"), form.values("amount")) == (at, ["48", amount])
    assert rules(company) == set()


def test_one_rule_has_to_stay_and_there_are_five_at_most(company: Company) -> None:
    form = company.chief.open(PATH).form("/reminders").filled()
    del form["on_the_day"]
    answer = company.chief.post(f"{PATH}/reminders", form)
    assert answer.status_code == 422
    assert "お知らせを1つ以上残してください。" in answer.get_data(as_text=True)
    page = save(company, amount=["1", "2", "3", "4", "5"], unit=["hours"] * 5)
    assert company.chief.status == 422
    assert "お知らせは5つまでです。" in page.text


def test_it_says_what_comes_next(company: Company) -> None:
    assert "次のリマインド いまのところ、ありません" in company.chief.open(PATH).text
    confirmed(company)
    assert "次のリマインド 11月25日(水) 07:00(3通)" in company.chief.open(PATH).text
    page = save(company, amount=["24"], unit=["hours"])
    assert "次のリマインド 11月24日(火) 10:00(3通)" in page.text


def test_an_appointment_says_when_each_reminder_is_going_to_be_sent(company: Company) -> None:
    assert "これから送るリマインド" not in company.tanaka.open(page_of(company.propose())).text
    save(company, amount=["24"], unit=["hours"])
    made = confirmed(company)
    text = company.tanaka.open(page_of(made)).text
    everybody = "山田太郎 様(お客様)、田中 一郎さん、鈴木 花子さん"
    told = f"これから送るリマインド 11月24日(火) 10:00 {everybody} 11月25日(水) 07:00 {everybody}"
    assert told in text
    company.services.coordination.cancel(made.id, "", BY, company.clock.now)
    assert "これから送るリマインド" not in company.tanaka.open(page_of(made)).text


def test_in_english(company: Company) -> None:
    company.chief.http.set_cookie("lang", "en")
    page = save(company, amount=["24", "2"], unit=["hours", "days"])
    assert "2 days before the start, 24 h before the start, on the day at 07:00" in page.text


@pytest.fixture
def boss(api: Api) -> Program:
    register = api.services.coordination.register_member
    register("boss@example.com", "社長", BY, NOW, role=Role.ADMINISTRATOR)
    return api.of("boss@example.com")


class TestApi:
    def test_rules_are_read_and_set_whole(self, api: Api, boss: Program) -> None:
        assert api.tanaka.call("GET", "/organization/reminders") == (
            200,
            {"reminders": [{"when": "day", "at": "07:00"}]},
        )
        chosen = {"reminders": [{"when": "before", "minutes": 1440}, {"when": "day", "at": "08:00"}]}
        assert boss.call("PUT", "/organization/reminders", chosen) == (200, chosen)
        assert api.tanaka.call("GET", "/organization/reminders") == (200, chosen)

    def test_members_do_not_set_them(self, api: Api) -> None:
        chosen = {"reminders": [{"when": "before", "minutes": 1440}]}
        status, answer = api.tanaka.call("PUT", "/organization/reminders", chosen)
        assert (status, answer["code"]) == (403, "forbidden")

    @pytest.mark.parametrize(
        ("rules", "field"),
        [
            ([], "reminders"),
            ([{"when": "day", "at": "7am"}], "reminders.0.at"),
            ([{"when": "day", "at": "07:00"}, {"when": "before", "minutes": 1}], "reminders.1.minutes"),
            ([{"when": "never"}], "reminders.0.when"),
            ([{"when": "day", "at": "07:00", "zone": "UTC"}], "reminders.0.zone"),
        ],
    )
    def test_what_makes_no_sense_is_refused_at_its_field(
        self, boss: Program, rules: list[dict[str, object]], field: str
    ) -> None:
        status, answer = boss.call("PUT", "/organization/reminders", {"reminders": rules})
        assert (status, [problem["field"] for problem in answer["errors"]]) == (422, [field])
