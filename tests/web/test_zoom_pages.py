"""One's own Zoom on the settings page, the organization's hosts, and what unlinking means for meetings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Platform
from chouseiapo.sandbox import Sandbox
from tests.product import BY, NOW, offer
from tests.web.desk import Desk, page_of, slot
from tests.web.outside import Abroad, state
from tests.web.pages import Page

TANAKA, SUZUKI = "tanaka@example.com", "suzuki@example.com"


@pytest.fixture
def zoom(abroad: Abroad, vendors: Sandbox) -> Iterator[Abroad]:
    """Nobody has linked Zoom, and no app waits for anybody's approval."""
    for member in (abroad.office.tanaka, abroad.office.suzuki, abroad.office.sato):
        abroad.services.coordination.unlink_account(member, Provider.ZOOM, BY, NOW, Leaving.KEEP)
    yield abroad
    vendors.approve_zoom_app("free")
    for email in (TANAKA, SUZUKI, "sato@example.com", "boss@example.com"):
        vendors.revoke("zoom", email)
    for meeting in list(state(vendors)["meetings"]):
        vendors.delete_zoom_meeting(meeting["id"], silent=True)


def link(company: Abroad, desk: Desk, email: str) -> Page:
    url = company.vendor_page(desk, desk.open("/settings/zoom/link").form("/link/zoom"))
    return desk.open(company.consent(url, email))


def confirmed(company: Abroad, day: int = 25, **changes: Any) -> Appointment:
    """A meeting on Zoom, issued already."""
    given: dict[str, Any] = {"attendees": (company.office.tanaka,), "offers": (offer(day, 1),)}
    made = company.propose(platform=Platform.ZOOM, **{**given, **changes})
    company.services.coordination.confirm(made.id, "c1", made.guest, BY, NOW)
    company.read()
    company.read()
    return company.appointment(made.id)


class TestLinking:
    def test_what_zoom_will_ask_is_said_before_and_the_card_says_how_it_went(self, zoom: Abroad) -> None:
        page = zoom.tanaka.open("/settings")
        assert "/settings/zoom/link" in page.links
        before = zoom.tanaka.open("/settings/zoom/link")
        assert "会議を作り、変更し、削除すること" in before.text
        assert "「アプリを承認できません」" in before.text
        page = link(zoom, zoom.tanaka, TANAKA)
        assert zoom.tanaka.path == "/settings"
        assert "Zoomと連携しました。" in page.text
        assert TANAKA in page.text
        assert "有料(ライセンスあり)" in page.text
        assert "100回中0回" in page.text

    def test_who_has_to_wait_for_an_approval_finds_at_once_what_to_do(self, zoom: Abroad) -> None:
        zoom.sandbox.approve_zoom_app("needed")
        assert 'class="fold approval" open' not in zoom.tanaka.open("/settings").html
        zoom.vendor_page(zoom.tanaka, zoom.tanaka.open("/settings/zoom/link").form("/link/zoom"))
        page = zoom.tanaka.open("/settings")
        assert 'class="fold approval" open' in page.html
        assert "事前承認を依頼" in page.text
        assert "連携はまだ済んでいません。" in page.text
        zoom.sandbox.approve_zoom_app("approved")
        link(zoom, zoom.tanaka, TANAKA)
        zoom.services.coordination.unlink_account(zoom.office.tanaka, Provider.ZOOM, BY, NOW)
        assert "fold approval" not in zoom.tanaka.open("/settings").html

    def test_it_is_nobody_else_s_business_in_the_same_browser(self, zoom: Abroad) -> None:
        zoom.vendor_page(zoom.tanaka, zoom.tanaka.open("/settings/zoom/link").form("/link/zoom"))
        zoom.tanaka.http.set_cookie("session", zoom.services.access.open_session(zoom.office.sato, NOW))
        assert "fold approval" not in zoom.tanaka.open("/settings").html

    def test_a_no_changes_nothing_and_has_a_way_on(self, zoom: Abroad) -> None:
        url = zoom.vendor_page(zoom.tanaka, zoom.tanaka.open("/settings/zoom/link").form("/link/zoom"))
        page = zoom.tanaka.open(zoom.consent(url, ""))
        assert "連携は許可されませんでした" in page.text
        assert "「アプリを承認できません」" in page.text
        assert page.form("/link/zoom").value("nonce")
        assert zoom.services.coordination.member(zoom.office.tanaka).zoom is None

    def test_an_answer_counts_once(self, zoom: Abroad) -> None:
        url = zoom.vendor_page(zoom.tanaka, zoom.tanaka.open("/settings/zoom/link").form("/link/zoom"))
        answer = zoom.consent(url, TANAKA)
        zoom.tanaka.open(answer)
        page = zoom.tanaka.open(answer)
        assert "この手続きは続けられません" in page.text
        assert "Zoomはすでに連携済みです。" in page.text

    def test_a_room_has_no_zoom(self, zoom: Abroad) -> None:
        form = zoom.chief.open("/settings/zoom/link").form("/link/zoom")
        zoom.chief.post(f"/rooms/{zoom.office.room}/link/zoom", form.filled())
        assert zoom.chief.status == 404


class TestOneAccountOneMember:
    def test_both_are_told_that_it_moved(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        page = link(zoom, zoom.suzuki, TANAKA)
        assert "このZoomアカウントは田中 一郎さんに連携されていました。" in page.text
        loser = zoom.tanaka.open("/settings")
        assert "鈴木 花子さんに連携されたため、あなたの連携は解除されました。" in loser.text
        assert zoom.services.coordination.member(zoom.office.tanaka).zoom is None

    def test_what_another_account_leaves_behind_is_said_before_and_after(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        assert "これからの会議" not in zoom.tanaka.open("/settings/zoom/link").text
        confirmed(zoom)
        assert "これからの会議1件はZoomに残りますが" in zoom.tanaka.open("/settings/zoom/link").text
        assert "以前のアカウントの会議1件はZoomに残っています" in link(zoom, zoom.tanaka, SUZUKI).text
        other = zoom.services.coordination.member(zoom.office.tanaka).zoom
        assert other is not None
        assert "以前のアカウント" not in zoom.sato.open(f"/settings?done=zoom&was={other.id}").text

    def test_an_address_can_claim_no_such_thing(self, zoom: Abroad) -> None:
        page = zoom.tanaka.open(f"/settings?done=zoom&moved={zoom.office.sato}")
        assert "佐藤" not in page.text

    def test_linking_it_back_moves_it_back(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        link(zoom, zoom.suzuki, TANAKA)
        link(zoom, zoom.tanaka, TANAKA)
        assert "連携は解除されました" not in zoom.tanaka.open("/settings").text
        assert "田中 一郎さんに連携されたため" in zoom.suzuki.open("/settings").text


class TestUnlinking:
    def test_it_says_which_meetings_are_to_come(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        confirmed(zoom)
        page = zoom.tanaka.open("/settings/zoom/unlink")
        assert "これからの会議: 1件" in page.text
        assert "11月25日(水) 10:00〜11:00" in page.text
        assert page.form("/unlink").value("leave") == "keep"

    def test_kept_meetings_stand_and_are_managed_no_longer(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        page = zoom.tanaka.send(zoom.tanaka.open("/settings/zoom/unlink").form("/unlink"))
        assert "これからの会議はZoomに残っています。" in page.text
        zoom.read()
        assert len(state(zoom.sandbox)["meetings"]) == 1
        shown = zoom.tanaka.open(page_of(made))
        assert "この会議はもう管理していません" in shown.text
        assert "同じアカウントと連携し直すと、管理も元に戻ります。" in shown.text
        assert page_of(made, "/meeting/again") in shown.links
        link(zoom, zoom.tanaka, TANAKA)
        assert "もう管理していません" not in zoom.tanaka.open(page_of(made)).text

    def test_deleted_ones_go_and_the_guest_is_to_be_told(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        form = zoom.tanaka.open("/settings/zoom/unlink").form("/unlink")
        page = zoom.tanaka.send(form, leave="remove")
        assert "これからの会議は削除され" in page.text
        for _ in range(3):
            zoom.read()
        assert state(zoom.sandbox)["meetings"] == []
        assert zoom.appointment(made.id).lacks_meeting

    def test_what_a_broken_account_hosts_is_out_of_reach(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        confirmed(zoom)
        standing = zoom.services.coordination.member(zoom.office.tanaka).zoom
        assert standing is not None
        zoom.services.coordination.break_link(standing.id, "token_refused", NOW)
        page = zoom.tanaka.open("/settings/zoom/unlink")
        assert "会議を削除することはできません" in page.text
        assert page.form("/unlink").value("leave") == ""

    def test_twice_is_once(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        form = zoom.tanaka.open("/settings/zoom/unlink").form("/unlink")
        zoom.tanaka.send(form)
        zoom.tanaka.send(form)
        assert (zoom.tanaka.status, zoom.tanaka.path.partition("#")[0]) == (200, "/settings")


class TestStartingAsHost:
    def test_the_host_is_led_in_by_an_address_that_stays_nowhere(
        self, zoom: Abroad, caplog: pytest.LogCaptureFixture
    ) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        with caplog.at_level("DEBUG", logger="chouseiapo"):
            answer = zoom.tanaka.http.get(page_of(made, "/start"))
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        secret = answer.headers["Location"].partition("?")[2]
        assert secret, "Zoom's address has a token"
        assert secret not in caplog.text
        assert "/start" in "".join(zoom.tanaka.open(page_of(made)).links)

    def test_nobody_else_is(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom, attendees=(zoom.office.tanaka, zoom.office.suzuki))
        page = zoom.suzuki.open(page_of(made, "/start"))
        assert (zoom.suzuki.status, "Zoomの持ち主だけです" in page.text) == (403, True)
        assert "もう一度試す" not in page.text, "it would help nobody"
        assert page_of(made, "/start") not in zoom.suzuki.open(page_of(made)).links
        zoom.sato.open(page_of(made, "/start"))
        assert zoom.sato.status == 404

    def test_another_site_s_page_starts_nothing(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        answer = zoom.tanaka.http.get(page_of(made, "/start"), headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, "Location" in answer.headers) == (403, False)
        assert page_of(made, "/start") in Page(answer.get_data(as_text=True)).links

    def test_what_is_in_the_way_is_said_in_words(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        zoom.sandbox.world.faults.add({"service": "zoom", "kind": "status", "status": 503, "rate": 1.0})
        page = zoom.tanaka.open(page_of(made, "/start"))
        assert zoom.tanaka.status == 503
        assert "連携先が一時的に使えません。" in page.text

    def test_it_is_offered_at_home_shortly_before(self, zoom: Abroad) -> None:
        link(zoom, zoom.tanaka, TANAKA)
        made = confirmed(zoom)
        assert page_of(made, "/start") not in zoom.tanaka.open("/").links
        zoom.clock.now = offer(25, 0.75).start
        page = zoom.tanaka.open("/")
        assert "まもなく始まります" in page.text
        assert page_of(made, "/start") in page.links


class TestHosts:
    def test_administrators_choose_licensed_users(self, zoom: Abroad) -> None:
        page = zoom.chief.open("/settings/organization/hosts?q=host01")
        assert "host01@example.com" in page.text
        page = zoom.chief.send(page.form("/hosts/choose"))
        assert "ホストに加えました。" in page.text
        assert len(zoom.services.coordination.organization().hosts) == 1

    def test_who_has_no_zoom_is_hosted_there_and_starts_it(self, zoom: Abroad) -> None:
        zoom.chief.send(zoom.chief.open("/settings/organization/hosts?q=host01").form("/hosts/choose"))
        assert "会社のZoom(ホスト1件)で発行します" in zoom.tanaka.open("/settings").text
        made = confirmed(zoom)
        page = zoom.tanaka.open(page_of(made))
        assert "会社のZoom(host01@example.com)" in page.text
        assert zoom.tanaka.http.get(page_of(made, "/start")).status_code == 302

    def test_free_accounts_can_t_be_chosen(self, zoom: Abroad) -> None:
        page = zoom.chief.open("/settings/organization/hosts?q=kobayashi")
        assert "無料のため選べません(会議は40分まで)" in page.text
        form = zoom.chief.open("/settings/organization/hosts?q=host02").form("/hosts/choose")
        basic = next(u for u in zoom.services.zoom_organization.users() if u.email.startswith("kobayashi"))
        page = zoom.chief.send(form, user=basic.id)
        assert "ホストにできません" in page.text
        assert zoom.services.coordination.organization().hosts == []

    @pytest.mark.parametrize("user", ["", "me", "../meetings/85746065432"])
    def test_what_is_no_user_there_is_not_asked_for(self, zoom: Abroad, user: str) -> None:
        form = zoom.chief.open("/settings/organization/hosts?q=host02").form("/hosts/choose")
        page = zoom.chief.send(form, user=user)
        assert "Zoomでこのユーザーを確かめられず" in page.text
        assert zoom.services.coordination.organization().hosts == []

    def test_removing_one_asks_about_its_meetings(self, zoom: Abroad) -> None:
        zoom.chief.send(zoom.chief.open("/settings/organization/hosts?q=host01").form("/hosts/choose"))
        confirmed(zoom)
        own = zoom.services.coordination.organization().hosts[0].id
        page = zoom.chief.open(f"/settings/organization/hosts/remove?link={own}")
        assert "これからの会議: 1件" in page.text
        zoom.chief.send(page.form("/hosts/remove"))
        assert zoom.services.coordination.organization().hosts == []

    def test_members_have_no_business_there(self, zoom: Abroad) -> None:
        zoom.tanaka.open("/settings/organization/hosts")
        assert zoom.tanaka.status == 403

    def test_a_zoom_that_is_down_is_said_to_be(self, zoom: Abroad) -> None:
        zoom.sandbox.world.faults.add({"service": "zoom", "kind": "status", "status": 503, "rate": 1.0})
        page = zoom.chief.open("/settings/organization/hosts")
        assert "Zoomにつながりません。" in page.text


def test_a_proposal_brings_its_own_options(zoom: Abroad) -> None:
    link(zoom, zoom.tanaka, TANAKA)
    typed: dict[str, Any] = {"action": "review", "email": "y@example.net", "option-passcode": "no"}
    page = zoom.tanaka.write(candidate=[slot(25, 10)], platform="zoom", **typed)
    assert "会議の設定 パスコード: なし" in page.text
    assert "日時が決まると、田中 一郎さんのZoomで会議を発行します。" in page.text
    zoom.tanaka.send(page.form("/propose"))
    made = zoom.appointment(zoom.tanaka.path.partition("?")[0].rpartition("/")[2])
    assert made.meeting_options == MeetingOptions(passcode=False)


def test_a_free_account_s_limit_is_said_before_anything_is_sent(zoom: Abroad) -> None:
    zoom.sandbox.change_zoom_user(TANAKA, type=1)
    try:
        page = link(zoom, zoom.tanaka, TANAKA)
        assert "40分で終わりますが、同じURLで入り直して続けられます。" in page.text
        said = "主催者は無料のZoomなので"
        page = zoom.tanaka.write(candidate=[slot(25, 10)], platform="zoom")
        assert said in page.text
        page = zoom.tanaka.write(
            candidate=[slot(25, 10)], email="y@example.net", platform="zoom", action="review"
        )
        assert said in page.text
        short = "2026-11-25T10:00+09:00|2026-11-25T10:30+09:00"
        assert said not in zoom.tanaka.write(candidate=[short], platform="zoom").text
    finally:
        zoom.sandbox.change_zoom_user(TANAKA, type=2)


def test_who_has_no_zoom_is_checked_against_the_organization_s_hosts(zoom: Abroad) -> None:
    zoom.chief.send(zoom.chief.open("/settings/organization/hosts?q=host01").form("/hosts/choose"))
    page = zoom.tanaka.write(
        action="review", candidate=[slot(25, 10)], email="y@example.net", platform="zoom"
    )
    assert "日時が決まると、会社のZoomで会議を発行します。 連携を確かめました。" in page.text
