"""What an appointment's page says once something was done to it, was refused, or has ended."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from tests.product import BY, NOW, at, offer
from tests.web.desk import Company, confirmed, page_of, slot
from tests.web.pages import Page

UNTOLD = "お客様にはまだお知らせしていません。"
LINK_ONLY: dict[str, Any] = {"delivery": Delivery.LINK, "guest": Guest(name="山田")}


def offered(company: Company, made: Appointment) -> list[tuple[str, str]]:
    """Each candidate's look, and its state in words."""
    html = company.tanaka.open(page_of(made)).html.partition('class="offered"')[2].partition("</ul>")[0]
    looks = re.findall(r'<li class="(\w+)">', html)
    return list(zip(looks, re.findall(r'class="soft small">([^<]*)<', html), strict=True))


def mailing(page: Page) -> list[str]:
    """The buttons beside what was done that mail the guest."""
    return re.findall(r"<button[^>]*>([^<]*メールで送る)<", page.html)


# How it ended


def test_a_time_that_was_cancelled_no_longer_looks_confirmed(company: Company) -> None:
    made = confirmed(company)
    assert offered(company, made) == [("chosen", "確定"), ("closed", "選ばれませんでした")]
    company.services.coordination.cancel(made.id, "", BY, NOW)
    assert offered(company, made) == [
        ("called_off", "キャンセルされました"),
        ("closed", "選ばれませんでした"),
    ]


def test_what_nobody_answered_is_closed_by_what_ended_it(company: Company) -> None:
    cancelled = company.propose()
    company.services.coordination.cancel(cancelled.id, "", BY, NOW)
    assert offered(company, cancelled) == [("closed_cancelled", "キャンセルのため終了")] * 2
    expired = company.propose(deadline=at(24, 0))
    company.services.coordination.observe_time(expired.id, at(24, 0))
    assert offered(company, expired) == [("closed_expired", "期限切れのため終了")] * 2


def test_new_times_are_offered_with_all_that_was_written(company: Company) -> None:
    people = (company.office.suzuki, company.office.tanaka)
    made = company.propose(
        title="ご提案", message="資料", note="社内", attendees=people, organizer=people[1], locale="en"
    )
    assert "同じ内容でもう一度調整する" not in company.tanaka.open(page_of(made)).text
    company.services.coordination.cancel(made.id, "", BY, NOW)
    form = company.tanaka.open(page_of(made)).form("/again")
    company.tanaka.send(form)
    first = company.tanaka.path
    draft = company.tanaka.send(form).form("/appointments/new/")
    assert company.tanaka.path == first, "pressed twice, one draft"
    texts = {name: draft.value(name) for name in ("company", "name", "email", "title", "message", "note")}
    assert texts == {
        "company": "ABC株式会社", "name": "山田太郎", "email": "yamada@example.net",
        "title": "ご提案", "message": "資料", "note": "社内",
    }  # fmt: skip
    assert tuple(draft.values("attendee")) == people
    assert (draft.value("organizer"), draft.value("locale")) == (people[1], "en")
    assert draft.values("candidate") == []
    company.tanaka.write(company.tanaka.open(first), candidate=slot(27, 9), room="", title="別件")
    assert company.tanaka.send(form).form("/appointments/new/").value("title") == "別件", (
        "kept as it was left"
    )


def test_an_erased_guest_is_not_offered_new_times(company: Company) -> None:
    made = company.propose()
    company.services.coordination.cancel(made.id, "", BY, NOW)
    form = company.tanaka.open(page_of(made)).form("/again")
    company.services.erase_guest(made.id, BY)
    assert [f.action for f in company.tanaka.open(page_of(made)).forms if "/again" in f.action] == []
    company.tanaka.send(form)
    assert company.tanaka.status == 404


# Whether the guest knows


@pytest.mark.parametrize("what", ["candidates", "withdraw"])
def test_whoever_changes_the_candidates_is_asked_to_tell_the_guest(company: Company, what: str) -> None:
    made = company.propose()
    page = company.tanaka.open(f"{page_of(made)}?done={what}")
    assert UNTOLD in page.text
    assert mailing(page) == ["いまの候補をメールで送る"]
    page = company.tanaka.send(page.form("/resend"))
    assert company.appointment(made.id).version == 2
    assert UNTOLD not in page.text
    page = company.tanaka.open(f"{page_of(company.propose(**LINK_ONLY, offers=(offer(27, 1),)))}?done={what}")
    assert "お客様のページには、もう反映されています。" in page.text
    assert mailing(page) == []


def test_a_new_link_can_be_mailed_where_there_is_an_address(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.send(company.tanaka.open(page_of(made)).form("/link"))
    assert mailing(page) == ["新しいリンクをメールで送る"]
    nowhere = company.propose(**LINK_ONLY, offers=(offer(27, 1),))
    assert mailing(company.tanaka.send(company.tanaka.open(page_of(nowhere)).form("/link"))) == []


def test_changed_words_are_said_to_reach_the_guests_page_alone(company: Company) -> None:
    made = confirmed(company)
    page = company.tanaka.open(page_of(made))
    assert "保存しても、お客様にメールは届きません。お客様のページには反映されます。" in page.text
    mails = len([link for link in page.links if "/mails/" in link])
    company.tanaka.send(page.form("/words"), title="新しい件名", message="新しいメッセージ")
    company.read()
    page = company.tanaka.open(page_of(made))
    assert len([link for link in page.links if "/mails/" in link]) == mails
    guest = company.stranger.open(company.services.guest_url(made))
    assert "新しい件名" in guest.text
    assert "新しいメッセージ" in guest.text


def test_the_last_time_says_why_it_stays(company: Company) -> None:
    made, said = company.propose(), "最後の候補は取り下げられません。"
    assert said not in company.tanaka.open(page_of(made)).text
    company.services.coordination.withdraw_candidate(made.id, "c1", BY, NOW)
    assert said in company.tanaka.open(page_of(made)).text
    company.services.coordination.cancel(made.id, "", BY, NOW)
    assert said not in company.tanaka.open(page_of(made)).text


# Refusals


def test_a_refused_change_is_summed_up_with_the_way_to_its_field(company: Company) -> None:
    made = company.propose()
    page = company.tanaka.open(page_of(made))
    refused = company.tanaka.send(page.form("/attendees"), attendee=[])
    assert "変更はまだ行われていません。次の点を確かめてください。" in refused.text
    assert "担当者 : 担当者を1名以上選んでください。" in refused.text
    assert "#attendee-choice" in refused.links
    assert 'id="attendee-choice"' in refused.html
    refused = company.tanaka.send(page.form("/cancel"), reason="理" * 1001)
    assert "#reason" in refused.links


def test_a_confirmed_one_whose_organizer_is_taken_out_says_so(company: Company) -> None:
    made = confirmed(company)
    form = company.tanaka.open(page_of(made)).form("/attendees")
    refused = company.tanaka.send(form, attendee=[company.office.suzuki])
    assert company.tanaka.status == 422
    assert "#organizer" in refused.links
    assert 'id="organizer"' in refused.html


# How to join


def test_a_meetings_number_is_grouped(company: Company) -> None:
    made = company.propose()
    app = company.services.coordination
    app.confirm(made.id, "c1", made.guest, BY, NOW)
    app.issue_meeting(made.id, Meeting("https://zoom.example/j/1", "81700860989"), "zoom", BY, NOW)
    assert 'value="817 0086 0989"' in company.tanaka.open(page_of(made)).html


def test_platforms_that_issue_nothing_show_no_number(company: Company) -> None:
    made = confirmed(company)
    assert made.platform is Platform.NONE
    assert "ミーティングID" not in company.tanaka.open(page_of(made)).text
