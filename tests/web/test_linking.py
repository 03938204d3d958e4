"""Linking one's calendar: away to the vendor and back, what was granted, choosing, healing, unlinking."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from flask import g

from chouseiapo.accounts.linking import LIFE
from chouseiapo.accounts.vault import Grant
from chouseiapo.domain.links import Leaving, Link, Provider
from chouseiapo.domain.proposal import Platform
from chouseiapo.forgetting import Forgetting
from chouseiapo.web.staff.health import health
from chouseiapo.worker import Worker
from projections.standing import Failing
from tests.product import BY, NOW, offer
from tests.web.desk import Company
from tests.web.outside import Abroad, state

TANAKA, SUZUKI, SATO = "tanaka@example.com", "suzuki@example.com", "sato@example.com"
WORK, HOLIDAYS = "c_work@group.calendar.google.com", "c_days@group.calendar.google.com"


def calendar(abroad: Company, member: str) -> Link | None:
    return abroad.services.coordination.member(member).calendar


def begun(abroad: Abroad, provider: str = "google") -> str:
    """Tanaka is on the way; the address of the vendor's page."""
    form = abroad.tanaka.open("/settings").form(f"/link/{provider}")
    return abroad.vendor_page(abroad.tanaka, form)


def given_back(abroad: Abroad) -> int:
    """How many consents were taken back at Google, which has answered that they are."""
    asked = state(abroad.sandbox)["requests"]
    return sum(each["path"].endswith("/revoke") and each["status"] == 200 for each in asked)


# There and back


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_a_member_links_a_calendar_and_holds_go_there(abroad: Abroad, provider: str) -> None:
    desk, email, member = (
        (abroad.tanaka, TANAKA, abroad.office.tanaka)
        if provider == "google"
        else (abroad.suzuki, SUZUKI, abroad.office.suzuki)
    )
    page = abroad.link(desk, email, provider)
    assert desk.path == "/settings/calendar/choose"
    page = desk.send(page.form("/choose"))
    assert "カレンダーの設定を保存しました。" in page.text
    assert "正常です" in page.text
    found = calendar(abroad, member)
    assert found is not None
    assert (found.provider, found.account, found.missing) == (provider, email, ())
    abroad.propose()
    assert abroad.entries(email) == ["tentative", "tentative"]


def test_neither_code_nor_state_stays_in_an_address_of_ours(abroad: Abroad) -> None:
    back = abroad.consent(begun(abroad), TANAKA)
    secrets = [value for name, [value] in parse_qs(urlsplit(back).query).items() if name in ("code", "state")]
    answer = abroad.tanaka.http.get(back)
    assert answer.status_code == 303
    assert len(secrets) == 2
    assert [s for s in secrets if s in answer.headers["Location"] or s in answer.get_data(as_text=True)] == []


def test_a_state_is_good_once(abroad: Abroad) -> None:
    back = abroad.consent(begun(abroad), TANAKA)
    abroad.tanaka.open(back)
    page = abroad.tanaka.open(back)
    assert "この手続きは続けられません" in page.text
    assert "カレンダーはすでに連携済みです。" in page.text
    assert "/settings#calendar" in page.links
    assert [form.action for form in page.forms if "/link/google" in form.action], "the way to try again"


def test_a_state_is_good_for_ten_minutes(abroad: Abroad) -> None:
    back = abroad.consent(begun(abroad), TANAKA)
    abroad.clock.now = NOW + LIFE
    page = abroad.tanaka.open(back)
    assert "この手続きは続けられません" in page.text
    assert "すでに連携済み" not in page.text
    assert calendar(abroad, abroad.office.tanaka) is None


def test_an_answer_is_no_good_in_anybody_else_s_browser_nor_another_session(abroad: Abroad) -> None:
    other = abroad.desk(abroad.office.tanaka)
    for desk in (abroad.sato, other):
        back = abroad.consent(begun(abroad), TANAKA)
        assert "この手続きは続けられません" in desk.open(back).text
    for member in (abroad.office.tanaka, abroad.office.sato):
        assert calendar(abroad, member) is None


def test_who_is_signed_out_meanwhile_signs_in_and_begins_again(abroad: Abroad) -> None:
    back = abroad.consent(begun(abroad), TANAKA)
    answer = abroad.stranger.http.get(back)
    assert answer.headers["Location"].startswith("/sign-in?next=/settings&")
    assert "code=" not in answer.headers["Location"]


def test_who_declines_is_told_that_nothing_changed(abroad: Abroad) -> None:
    page = abroad.tanaka.open(abroad.consent(begun(abroad), email=""))
    assert "連携は許可されませんでした" in page.text
    assert "何も変更していません。" in page.text
    page = abroad.tanaka.open(abroad.consent(abroad.vendor_page(abroad.tanaka, page.form("/link/")), TANAKA))
    assert "Google カレンダーと連携しました" in page.text


def test_without_permission_to_write_nothing_is_linked_and_nothing_kept(abroad: Abroad) -> None:
    back = abroad.consent(begun(abroad), TANAKA, refused=["calendar.events.owned"])
    page = abroad.tanaka.open(back)
    assert "予定を書き込む許可がありません" in page.text
    assert "受け取った許可は破棄しました。" in page.text
    assert (calendar(abroad, abroad.office.tanaka), abroad.services.vault.held()) == (None, [])
    assert given_back(abroad) == 1


def test_a_link_that_works_is_not_harmed_by_a_consent_that_does_not_suffice(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    form = abroad.tanaka.open("/settings/calendar/refused?provider=google&why=denied").form("/link/google")
    back = abroad.consent(abroad.vendor_page(abroad.tanaka, form), TANAKA, refused=["calendar.events.owned"])
    abroad.tanaka.open(back)
    abroad.propose()
    assert abroad.entries(TANAKA) == ["tentative", "tentative"]
    assert "正常です" in abroad.tanaka.open("/settings").text


def test_without_the_rest_the_calendar_is_linked_and_what_does_not_work_is_said(abroad: Abroad) -> None:
    missing = ["calendar.events.freebusy", "calendar.calendarlist.readonly"]
    page = abroad.tanaka.open(abroad.consent(begun(abroad), TANAKA, refused=missing))
    assert abroad.tanaka.path == "/settings/calendar/choose"
    assert "同僚の予定を表示できません。" in page.text
    assert "予定は基本のカレンダーに入ります。" in page.text
    assert "もう一度許可する" in page.text
    assert "書き込みの権限がありません" not in page.text
    page = abroad.tanaka.send(page.form("/choose"))
    assert "確認が必要です" in page.text
    assert "同僚の予定を表示できません。" in page.text
    assert "予定は基本のカレンダーに入ります。" in page.text
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    assert found.missing == tuple(missing)
    page = abroad.tanaka.open(abroad.consent(abroad.vendor_page(abroad.tanaka, page.form("/link/")), TANAKA))
    assert "正常です" in page.text, "linked again with everything allowed"


def test_microsoft_out_of_reach_is_told_before_anybody_leaves(abroad: Abroad) -> None:
    nowhere = "https://localhost:9/tenant"
    object.__setattr__(abroad.services.settings, "microsoft_authority", nowhere)
    page = abroad.tanaka.send(abroad.tanaka.open("/settings").form("/link/microsoft"))
    assert "Microsoftにつながりません" in page.text


def test_a_form_without_its_nonce_begins_nothing(abroad: Abroad) -> None:
    assert abroad.tanaka.post("/settings/calendar/link/google", {}).status_code == 403
    assert abroad.tanaka.post("/settings/calendar/unlink", {}).status_code == 403


def test_linking_again_and_again_is_limited(abroad: Abroad) -> None:
    form = abroad.tanaka.open("/settings").form("/link/google")
    answers = [abroad.tanaka.post(form.action, form.filled()).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_what_no_client_is_registered_for_is_offered_to_nobody(company: Company) -> None:
    """The administrator learns which settings it takes."""
    page = company.tanaka.open("/settings")
    assert [form.action for form in page.forms if "/link/" in form.action] == []
    assert "CLIENT_ID" not in page.text
    assert "CHOUSEIAPO_GOOGLE_CLIENT_ID" in company.chief.open("/settings").text
    nonce = page.form("/mails").value("nonce")
    assert company.tanaka.post("/settings/calendar/link/google", {"nonce": nonce}).status_code == 404


def test_when_a_link_of_an_unpublished_app_ends_is_told_at_once(abroad: Abroad) -> None:
    abroad.sandbox.world.switches.turn({"google_testing": True})
    abroad.link(abroad.tanaka, TANAKA)
    text = abroad.tanaka.open("/settings").text
    assert "「テスト」公開のため、11月28日(土)" in text
    assert "「本番環境」に公開" in text
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    assert found.ends_at is not None
    assert timedelta(days=6) < found.ends_at - NOW <= timedelta(days=7)


# Which calendars


def test_the_calendar_is_chosen_and_entries_move_there(abroad: Abroad) -> None:
    abroad.sandbox.add_calendar(TANAKA, "仕事", id=WORK)
    abroad.sandbox.add_calendar(TANAKA, "祝日", "reader", HOLIDAYS)
    abroad.propose()
    form = abroad.link(abroad.tanaka, TANAKA).form("/choose")
    abroad.read()
    page = abroad.tanaka.open("/settings/calendar/choose")
    assert "仮予定2件と確定した予定0件が、新しいカレンダーに移ります。" in page.text
    assert page.html.count(HOLIDAYS) == 1, "it can count as busy, and not be written"
    abroad.tanaka.send(form, calendar=WORK, busy=["", HOLIDAYS], tentative="")
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    assert (found.calendar, found.name, found.busy) == (WORK, "仕事", (WORK, "", HOLIDAYS))
    abroad.read()
    assert (abroad.entries(TANAKA), len(abroad.entries(WORK))) == ([], 2)
    assert "仕事" in abroad.tanaka.open("/settings").text


def test_where_the_list_can_t_be_read_no_calendar_is_called_read_only(abroad: Abroad) -> None:
    abroad.sandbox.add_calendar(TANAKA, "仕事", id=WORK)
    form = abroad.link(abroad.tanaka, TANAKA).form("/choose")
    abroad.tanaka.send(form, calendar=WORK, busy=["", WORK])
    abroad.sandbox.revoke("google", TANAKA)
    page = abroad.tanaka.open("/settings/calendar/choose")
    assert "カレンダーの一覧を読み取れませんでした。" in page.text
    assert page.form("/choose").values("busy") == [WORK, ""]
    assert "読み取りのみ" not in page.text


def test_only_a_calendar_that_can_be_written_is_accepted(abroad: Abroad) -> None:
    abroad.sandbox.add_calendar(TANAKA, "祝日", "reader", HOLIDAYS)
    form = abroad.link(abroad.tanaka, TANAKA).form("/choose")
    for id in (HOLIDAYS, "c_of_somebody_else@group.calendar.google.com", "typed"):
        page = abroad.tanaka.send(form, calendar=id)
        assert (abroad.tanaka.status, page.problems) == (
            422,
            ["このカレンダーはなくなったか、書き込めません。選び直してください。"],
        )


def test_a_refused_choice_keeps_what_was_ticked(abroad: Abroad) -> None:
    abroad.sandbox.add_calendar(TANAKA, "祝日", "reader", HOLIDAYS)
    form = abroad.link(abroad.tanaka, TANAKA).form("/choose")
    form.fields = [field for field in form.fields if field[0] != "tentative"]
    page = abroad.tanaka.send(form, calendar="gone@group.calendar.google.com", busy=[HOLIDAYS])
    again = page.form("/choose")
    assert (again.values("busy"), again.values("tentative"), again.values("all_day")) == (
        [HOLIDAYS],
        [],
        ["1"],
    )


def test_what_counts_as_busy_is_unticked(abroad: Abroad) -> None:
    form = abroad.link(abroad.tanaka, TANAKA).form("/choose")
    form.fields = [field for field in form.fields if field[0] not in ("tentative", "all_day")]
    abroad.tanaka.send(form)
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    assert (found.tentative_busy, found.all_day_busy) == (False, False)


# Health


def test_a_revoked_token_breaks_the_link_and_linking_again_heals_it(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    abroad.sandbox.revoke("google", TANAKA)
    abroad.propose()
    page = abroad.tanaka.open("/settings")
    assert "連携が切れています" in page.text
    assert 'class="card calendar-card broken"' in page.html
    assert "Googleのアカウントの設定で許可が取り消された可能性があります。" in page.text, "it broke at once"
    page = abroad.tanaka.send(page.form("/link/google"))
    assert abroad.tanaka.status == 200
    url = page.links[-1]
    page = abroad.tanaka.open(abroad.consent(url, TANAKA))
    assert "もう一度連携しました。" in page.text
    assert 'class="card calendar-card ok"' in page.html
    Worker(abroad.services).once()
    assert len(abroad.entries(TANAKA)) == 2


def link_of(**changes: object) -> Link:
    return msgspec.structs.replace(Link("google-x-1", Provider.GOOGLE, TANAKA, NOW), **changes)


@pytest.mark.parametrize(
    ("link", "failing", "state", "action"),
    [
        (None, None, "built_in", ""),
        (link_of(), None, "ok", ""),
        (link_of(), Failing("unreachable", NOW - timedelta(minutes=4)), "ok", ""),
        (link_of(), Failing("token_refused", NOW - timedelta(minutes=6)), "ok", ""),
        (link_of(), Failing("throttled", NOW - timedelta(minutes=6)), "attention", ""),
        (link_of(), Failing("calendar_not_found", NOW), "attention", "choose"),
        (link_of(missing=("calendar.events.freebusy",)), None, "attention", "relink"),
        (link_of(ends_at=NOW + timedelta(days=7)), None, "attention", "relink"),
        (link_of(vanished=12), None, "attention", "answer"),
        (link_of(broken="token_refused", broken_since=NOW, vanished=12), None, "broken", "relink"),
    ],
)
def test_the_worst_that_is_known_is_told_with_what_heals_it(
    company: Company, link: Link | None, failing: Failing | None, state: str, action: str
) -> None:
    with company.app.test_request_context("/"):
        g.locale, g.now = "ja", NOW
        found = health(link, failing, NOW)
    assert (found.state, found.action) == (state, action)
    assert bool(found.what) == bool(found.remedy) == (state in ("attention", "broken"))


@pytest.mark.parametrize(
    ("days", "changes", "named"),
    [
        (2, {}, "許可が取り消された"),
        (2, {"ends_at": NOW + timedelta(days=1)}, "「テスト」公開"),
        (2, {"ends_at": NOW + timedelta(days=7)}, "許可が取り消された"),
        (6, {}, "「テスト」公開"),
        (8, {}, "「テスト」公開"),
        (9, {}, ""),
        (2, {"broken": "no_permission"}, ""),
        (7, {"provider": Provider.MICROSOFT}, ""),
        (2, {"provider": Provider.MICROSOFT}, ""),
    ],
)
def test_testing_is_named_for_what_broke_after_a_week_alone(
    company: Company, days: int, changes: dict[str, object], named: str
) -> None:
    link = link_of(**{"broken": "token_refused", "broken_since": NOW + timedelta(days=days)} | changes)
    with company.app.test_request_context("/"):
        g.locale, g.now = "ja", NOW
        remedy = health(link, None, NOW).remedy
    told = [reason for reason in ("「テスト」公開", "許可が取り消された") if reason in remedy]
    assert told == ([named] if named else [])


def test_colleagues_see_how_a_calendar_is(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    for look, told in (("ok", "Google カレンダー"), ("broken", "Google カレンダー: 連携が切れています")):
        page = abroad.suzuki.write(action=f"add:{abroad.office.tanaka}")
        assert f"link-state {look}" in page.html
        assert told in page.text
        abroad.services.coordination.break_link(found.id, "token_refused", NOW)


def test_entries_that_disappeared_lead_to_where_that_is_answered(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    abroad.services.coordination.note_vanished(found.id, 12, NOW)
    page = abroad.tanaka.open("/settings")
    assert "12件" in page.text
    assert f"/calendars/{found.id}/vanished" in page.links


# Unlinking


def furnished(abroad: Abroad) -> None:
    """Tanaka's calendar with two holds and a confirmed entry."""
    abroad.link(abroad.tanaka, TANAKA)
    abroad.propose()
    made = abroad.propose(platform=Platform.NONE, offers=(offer(27, 1),))
    abroad.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    abroad.read()
    assert sorted(abroad.entries(TANAKA)) == ["confirmed", "tentative", "tentative"]


@pytest.mark.parametrize(
    ("leave", "left"),
    [("keep_confirmed", ["confirmed"]), ("remove", []), ("keep", ["confirmed", "tentative", "tentative"])],
)
def test_unlinking_asks_what_becomes_of_entries_and_does_it(
    abroad: Abroad, leave: str, left: list[str]
) -> None:
    furnished(abroad)
    page = abroad.tanaka.open("/settings/calendar/unlink")
    assert "仮予定2件を消し、確定した予定1件は残します。" in page.text
    assert page.form("/unlink").value("leave") == "keep_confirmed"
    page = abroad.tanaka.send(page.form("/unlink"), leave=leave)
    assert "カレンダーの連携を解除しました。" in page.text
    going = {"keep_confirmed": "残り2件", "remove": "残り3件"}.get(leave, "")
    assert ("片付けています" in page.text, going in page.text) == (bool(going), True)
    Worker(abroad.services).once()
    assert "片付けています" not in abroad.tanaka.open("/settings").text
    assert sorted(abroad.entries(TANAKA)) == left
    assert calendar(abroad, abroad.office.tanaka) is None
    assert abroad.services.coordination.member(abroad.office.tanaka).left.popitem()[1] == Leaving(leave)


def test_a_broken_calendar_is_unlinked_at_once_and_what_stays_there_is_told(abroad: Abroad) -> None:
    furnished(abroad)
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    abroad.services.coordination.break_link(found.id, "token_refused", NOW)
    page = abroad.tanaka.open("/settings/calendar/unlink")
    assert "予定3件は消せません" in page.text
    page = abroad.tanaka.send(page.form("/unlink"))
    assert "調整アポの予定3件がカレンダーに残っています。" in page.text
    Worker(abroad.services).once()
    assert "片付けています" not in abroad.tanaka.open("/settings").text
    assert abroad.services.vault.held() == []


def test_nothing_is_asked_about_a_calendar_on_which_nothing_is(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    form = abroad.tanaka.open("/settings/calendar/unlink").form("/unlink")
    assert form.values("leave") == []
    assert "カレンダーの連携を解除しました。" in abroad.tanaka.send(form).text


def test_an_address_that_somebody_made_up_shows_nothing(company: Company) -> None:
    for path in (f"/settings?done=x&left={'9' * 5000}", "/settings?done=unlinked&left=-1"):
        assert "カレンダーに残っています" not in company.tanaka.open(path).text
        assert company.tanaka.status == 200
    company.tanaka.open("/settings/calendar/refused?provider=nobody&why=x")
    assert company.tanaka.status == 404


def test_a_form_for_what_is_unlinked_already_unlinks_nothing_else(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    stale = abroad.tanaka.open("/settings/calendar/unlink").form("/unlink")
    abroad.tanaka.send(stale)
    abroad.link(abroad.sato, "sato@example.com")
    abroad.link(abroad.tanaka, "sato@example.com")
    abroad.tanaka.send(stale)
    assert calendar(abroad, abroad.office.tanaka) is not None


def test_what_is_unlinked_is_forgotten_and_given_back(abroad: Abroad) -> None:
    furnished(abroad)
    abroad.tanaka.send(abroad.tanaka.open("/settings/calendar/unlink").form("/unlink"))
    abroad.clock.now += timedelta(minutes=2)  # nothing is watched there any more
    abroad.read()
    forgetting = Forgetting(abroad.services)
    forgetting.once()
    forgetting.once()
    assert abroad.services.vault.held() == []
    assert given_back(abroad) == 1


def test_an_account_that_is_linked_anew_while_others_are_forgotten_stays(abroad: Abroad) -> None:
    people = {SATO: abroad.sato, TANAKA: abroad.tanaka}
    for email, desk in people.items():
        abroad.link(desk, email)
        desk.send(desk.open("/settings/calendar/unlink").form("/unlink"))
    abroad.clock.now += timedelta(minutes=2)
    abroad.read()
    forgetting, seen = Forgetting(abroad.services), list[Grant]()
    forgetting.once()

    def slow(given: Grant) -> None:
        seen.append(given)
        for email, desk in people.items():
            abroad.link(desk, email)

    object.__setattr__(abroad.services.consents["google"], "revoke", slow)
    forgetting.once()
    assert len(seen) == 1
    assert len(abroad.services.vault.held()) == 2


def test_consent_is_given_back_unless_another_link_lives_by_it(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    abroad.link(abroad.chief, TANAKA, page=f"/rooms/{abroad.office.room}")
    own, room = sorted(held.link for held in abroad.services.vault.held())
    assert own.rpartition("-")[2] == room.rpartition("-")[2], "the same account"
    seen: list[Grant] = []
    object.__setattr__(abroad.services.consents["google"], "revoke", seen.append)
    abroad.services.forget_account(own)
    assert seen == []
    abroad.services.forget_account(room)
    assert len(seen) == 1


# Another account than before


def test_another_account_than_before_is_told_with_the_way_back(abroad: Abroad) -> None:
    abroad.link(abroad.tanaka, TANAKA)
    page = abroad.link(abroad.tanaka, SATO, page="/settings/calendar/refused?provider=google&why=denied")
    assert f"{TANAKA} から {SATO} に替わりました。" in page.text
    assert "消せないため残ります" not in page.text, "they are cleared away"
    url = abroad.vendor_page(abroad.tanaka, page.form("/link/google"))
    assert parse_qs(urlsplit(url).query)["login_hint"] == [TANAKA]
    page = abroad.tanaka.open(abroad.consent(url, TANAKA))
    assert f"{SATO} から {TANAKA} に替わりました。" in page.text


def test_what_stays_on_a_broken_account_that_is_replaced_is_counted(abroad: Abroad) -> None:
    furnished(abroad)
    found = calendar(abroad, abroad.office.tanaka)
    assert found is not None
    abroad.services.coordination.break_link(found.id, "token_refused", NOW)
    page = abroad.link(abroad.tanaka, SATO)
    assert "前のカレンダーにある調整アポの予定3件は消せないため残ります。" in page.text


def test_nothing_is_replaced_by_the_same_account_nor_by_an_address_that_somebody_made_up(
    abroad: Abroad,
) -> None:
    page = abroad.link(abroad.tanaka, TANAKA)
    assert "に替わりました" not in page.text
    abroad.link(abroad.suzuki, "suzuki@example.com", "microsoft")
    theirs, own = (calendar(abroad, member) for member in (abroad.office.suzuki, abroad.office.tanaka))
    assert theirs is not None
    assert own is not None
    for was in (theirs.id, own.id, "x"):
        page = abroad.tanaka.open(f"/settings/calendar/choose?new=1&was={was}&broken=1")
        assert "に替わりました" not in page.text


def test_an_account_that_a_colleague_has_linked_is_told(abroad: Abroad) -> None:
    abroad.link(abroad.chief, SATO, page=f"/rooms/{abroad.office.room}")
    assert "も連携しています" not in abroad.link(abroad.sato, SATO).text, "a room is no colleague"
    assert "このアカウントは佐藤 健さんも連携しています。" in abroad.link(abroad.tanaka, SATO).text
    assert "も連携しています" not in abroad.chief.open(f"/rooms/{abroad.office.room}/choose").text
