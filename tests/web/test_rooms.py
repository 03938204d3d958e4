"""Rooms, for administrators: added, given a calendar through somebody's account or their own, unlinked."""

from __future__ import annotations

import pytest

from chouseiapo.domain.links import Link
from tests.product import offer
from tests.web.desk import Company
from tests.web.outside import Abroad

BOSS = "boss@example.com"


def test_only_administrators_see_rooms(company: Company) -> None:
    room = company.office.room
    for path in ("/rooms", f"/rooms/{room}", f"/rooms/{room}/choose", f"/rooms/{room}/unlink"):
        company.tanaka.open(path)
        assert company.tanaka.status == 403, path
    nonce = company.tanaka.open("/settings").form("/mails").value("nonce")
    for path in ("/rooms", f"/rooms/{room}/link/google", f"/rooms/{room}/unlink"):
        assert company.tanaka.post(path, {"nonce": nonce, "name": "x"}).status_code == 403
    assert "/rooms" not in company.tanaka.open("/settings").links
    assert "/rooms" in company.chief.open("/settings").links


def test_a_room_is_added_once_however_often_the_form_is_sent(company: Company) -> None:
    form = company.chief.open("/rooms").form("/rooms")
    for _ in range(2):
        page = company.chief.send(form, name=" 応接室 ", seats="4")
        assert "応接室" in page.title
    company.read()
    assert company.chief.open("/rooms").text.count("応接室") == 1


@pytest.mark.parametrize(
    ("name", "seats", "problem"),
    [
        ("", "", "必須の項目です。"),
        ("x" * 101, "", "100文字以内で入力してください。"),
        ("A", "many", "席数は0から9999までの数字で入力してください。"),
        ("A", "9" * 5000, "席数は0から9999までの数字で入力してください。"),
    ],
)
def test_a_room_that_makes_no_sense_is_refused_at_its_field(
    company: Company, name: str, seats: str, problem: str
) -> None:
    page = company.chief.send(company.chief.open("/rooms").form("/rooms"), name=name, seats=seats)
    assert (company.chief.status, page.problems) == (422, [problem])
    assert page.form("/rooms").value("seats") == seats


def test_a_room_that_is_none_is_not_found(company: Company) -> None:
    company.chief.open("/rooms/room-none")
    assert company.chief.status == 404
    company.chief.open(f"/rooms/{company.office.tanaka}")
    assert company.chief.status == 404


def linked(abroad: Abroad) -> Link:
    found = abroad.services.coordination.room(abroad.office.room).calendar
    assert found is not None
    return found


def test_a_resource_calendar_is_written_through_somebody_s_account(abroad: Abroad) -> None:
    resource = abroad.sandbox.add_room("会議室A", "google", [BOSS])
    page = abroad.link(abroad.chief, BOSS, page=f"/rooms/{abroad.office.room}")
    form = page.form("/choose")
    assert form.value("calendar") == resource.id, "not the calendar of whoever signed in"
    for path in (f"/rooms/{abroad.office.room}", "/rooms"):
        page = abroad.chief.open(path)
        assert "まだ選ばれていません" in page.text
        assert "基本のカレンダー" not in page.text
    page = abroad.chief.send(form)
    assert "正常です" in page.text
    assert (linked(abroad).calendar, linked(abroad).account) == (resource.id, BOSS)
    assert linked(abroad).busy_calendars == (resource.id,), "what the administrator does keeps no room busy"
    abroad.propose(offers=(offer(25, 1, room=abroad.office.room),))
    assert len(abroad.entries(resource.id)) == 1
    assert abroad.entries(BOSS) == []


def test_a_calendar_that_another_room_uses_is_refused(abroad: Abroad) -> None:
    resource = abroad.sandbox.add_room("会議室G", "google", [BOSS])
    page = abroad.link(abroad.chief, BOSS, page=f"/rooms/{abroad.office.room}")
    abroad.chief.send(page.form("/choose"), calendar=resource.id)
    page = abroad.chief.send(abroad.chief.open(f"/rooms/{abroad.office.room}/choose").form("/choose"))
    assert abroad.chief.status == 200, "its own"
    abroad.chief.send(abroad.chief.open("/rooms").form("/rooms"), name="応接室")
    abroad.read()
    other = abroad.chief.path.partition("?")[0]
    page = abroad.link(abroad.chief, BOSS, page=other)
    assert "会議室の空き時間を確かめるカレンダー" in page.text
    for chosen in (resource.id, "typed"):
        page = abroad.chief.send(page.form("/choose"), calendar=chosen, address=resource.id)
        assert abroad.chief.status == 422
        name = abroad.services.coordination.room(abroad.office.room).name
        assert page.problems == [f"このカレンダーは{name}が使っています。別のカレンダーを選んでください。"]


def test_the_administrator_s_own_calendar_is_marked(abroad: Abroad) -> None:
    abroad.sandbox.add_room("会議室H", "google", [BOSS])
    page = abroad.link(abroad.chief, BOSS, page=f"/rooms/{abroad.office.room}")
    assert "あなたの予定が入るカレンダーです。" not in page.text
    abroad.link(abroad.chief, BOSS)
    page = abroad.chief.open(f"/rooms/{abroad.office.room}/choose")
    assert page.text.count("あなたの予定が入るカレンダーです。") == 1


def test_the_address_of_a_resource_is_typed_and_tried(abroad: Abroad) -> None:
    resource = abroad.sandbox.add_room("会議室B", "google", [BOSS])
    page = abroad.link(abroad.chief, BOSS, page=f"/rooms/{abroad.office.room}")
    for address, problem in (
        ("", "メールアドレスを入力してください。"),
        ("nobody@resource.calendar.google.com", "このアドレスのカレンダーが見つからないか、"),
    ):
        page = abroad.chief.send(page.form("/choose"), calendar="typed", address=address)
        assert abroad.chief.status == 422
        assert page.problems[0].startswith(problem)
        assert page.form("/choose").value("address") == address
    abroad.chief.send(page.form("/choose"), calendar="typed", address=resource.id)
    assert linked(abroad).calendar == resource.id


@pytest.mark.parametrize(
    ("provider", "email"),
    [("google", BOSS), ("microsoft", "suzuki@example.com")],
    ids=["google", "microsoft"],
)
def test_a_room_that_may_only_be_read_is_not_chosen(abroad: Abroad, provider: str, email: str) -> None:
    room = abroad.sandbox.add_room("会議室F", provider)
    abroad.sandbox.add_calendar(email, "会議室F", "reader", room.id, hidden=True)
    page = abroad.link(abroad.chief, email, provider, page=f"/rooms/{abroad.office.room}")
    before = linked(abroad).calendar
    page = abroad.chief.send(page.form("/choose"), calendar="typed", address=room.id)
    assert abroad.chief.status == 422
    assert page.problems[0].startswith("このカレンダーの予定は見られますが、書き込めません。")
    assert linked(abroad).calendar == before
    abroad.sandbox.add_calendar(email, "会議室F", "writer", room.id, hidden=True)
    abroad.chief.send(page.form("/choose"), calendar="typed", address=room.id)
    assert linked(abroad).calendar == room.id


def test_a_mailbox_at_microsoft_signs_in_itself(abroad: Abroad) -> None:
    mailbox = abroad.sandbox.add_room("会議室C", "microsoft")
    page = abroad.link(abroad.chief, mailbox.id, "microsoft", page=f"/rooms/{abroad.office.room}")
    assert page.form("/choose").value("calendar") == "", "its own"
    abroad.chief.send(page.form("/choose"))
    abroad.propose(offers=(offer(25, 1, room=abroad.office.room),))
    assert len(abroad.entries(mailbox.id)) == 1


def test_a_mailbox_is_written_by_somebody_it_is_shared_with(abroad: Abroad) -> None:
    mailbox = abroad.sandbox.add_room("会議室D", "microsoft", ["suzuki@example.com"])
    page = abroad.link(abroad.chief, "suzuki@example.com", "microsoft", page=f"/rooms/{abroad.office.room}")
    abroad.chief.send(page.form("/choose"), calendar="typed", address=mailbox.id)
    abroad.propose(offers=(offer(25, 1, room=abroad.office.room),))
    assert len(abroad.entries(mailbox.id)) == 1


def test_a_room_s_calendar_is_unlinked_with_a_choice(abroad: Abroad) -> None:
    resource = abroad.sandbox.add_room("会議室E", "google", [BOSS])
    page = abroad.link(abroad.chief, BOSS, page=f"/rooms/{abroad.office.room}")
    abroad.chief.send(page.form("/choose"), calendar=resource.id)
    abroad.propose(offers=(offer(25, 1, room=abroad.office.room),))
    assert len(abroad.entries(resource.id)) == 1
    page = abroad.chief.open(f"/rooms/{abroad.office.room}/unlink")
    assert "仮予定1件を消し" in page.text
    page = abroad.chief.send(page.form("/unlink"))
    assert "カレンダーの連携を解除しました。" in page.text
    abroad.read()
    assert abroad.entries(resource.id) == []
    assert abroad.services.coordination.room(abroad.office.room).calendar is None
