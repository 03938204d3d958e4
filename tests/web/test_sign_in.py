"""Who comes in, and how: one-time links, sessions, forms that only our own pages can send."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chouseiapo.demo import PEOPLE
from chouseiapo.web import create_app
from chouseiapo.web.staff.sign_in import demo_sign_in
from tests.web.desk import SESSION, Company, Desk


def link(company: Company, member: str) -> str:
    url = company.services.mail_sign_in_link(member, company.clock.now)
    return url.removeprefix(company.services.settings.base_url)


def test_whoever_is_not_signed_in_is_asked_to_and_led_on_afterwards(company: Company) -> None:
    appointment = company.propose()
    page = company.stranger.open(f"/appointments/{appointment.id}")
    assert company.stranger.path == "/sign-in"
    company.stranger.send(page.form("/sign-in"), email="tanaka@example.com")
    page = company.stranger.open(link(company, company.office.tanaka))
    company.stranger.send(page.form("/sign-in/"))
    assert company.stranger.path == f"/appointments/{appointment.id}"


def test_a_link_signs_in_once(company: Company) -> None:
    path = link(company, company.office.tanaka)
    page = company.stranger.open(path)
    assert "田中 一郎さん、こんにちは" in page.text
    company.stranger.open(path)
    company.stranger.http.head(path)
    assert "一覧" in company.stranger.send(page.form("/sign-in/")).text, "looking did not use it up"
    late = Desk(company.app.test_client())
    again = late.open(path)
    assert late.status == 410
    assert "このリンクは使用済みか、期限(15分)が過ぎています。" in again.text
    late.send(again.form("/sign-in"), email="tanaka@example.com")
    assert late.status == 200, "the form for a new one stands right there"


def test_a_link_runs_out_after_fifteen_minutes(company: Company) -> None:
    path = link(company, company.office.tanaka)
    page = company.stranger.open(path)
    company.clock.now += timedelta(minutes=15)
    assert "期限(15分)が過ぎています" in company.stranger.send(page.form("/sign-in/")).text
    assert company.stranger.status == 410


def test_signing_in_gives_a_new_session_and_ends_the_one_before(company: Company) -> None:
    before = company.services.access.open_session(company.office.suzuki, company.clock.now)
    browser = Desk(company.app.test_client(), before)
    page = browser.open(link(company, company.office.tanaka))
    browser.send(page.form("/sign-in/"))
    after = browser.http.get_cookie(SESSION)
    assert after is not None
    assert after.value != before
    assert after.http_only
    assert after.same_site == "Lax"
    assert company.services.access.member_of_session(before, company.clock.now) is None


def test_leaving_ends_the_session(company: Company) -> None:
    page = company.tanaka.open("/")
    company.tanaka.send(page.form("/sign-out"))
    company.tanaka.open("/")
    assert company.tanaka.path == "/sign-in"


def test_an_unknown_address_gets_the_same_answer_and_no_mail(company: Company) -> None:
    pages = {}
    for email in ("tanaka@example.com", "nobody@example.com"):
        form = company.stranger.open("/sign-in").form("/sign-in")
        page = company.stranger.send(form, email=email)
        pages[email] = (company.stranger.status, page.text.replace(email, ""))
    assert len(set(pages.values())) == 1


def test_what_is_no_address_is_said_at_its_field_and_kept(company: Company) -> None:
    for typed, message in (("", "メールアドレスを入力してください。"), ("tanaka", "メールアドレスの形を")):
        form = company.stranger.open("/sign-in?next=/settings").form("/sign-in")
        page = company.stranger.send(form, email=typed)
        assert company.stranger.status == 422
        assert page.problems[0].startswith(message)
        again = page.form("/sign-in")
        assert (again.value("email"), again.value("next")) == (typed, "/settings")


def test_a_button_pressed_after_the_session_ended_leads_to_its_page_again(company: Company) -> None:
    appointment = company.propose()
    path = f"/appointments/{appointment.id}"
    form = company.tanaka.open(path).form("/cancel")
    company.clock.now += timedelta(days=15)
    answer = company.tanaka.post(form.action, form.filled(), Referer=f"http://localhost{path}")
    assert answer.location == f"/sign-in?next={path}&why=ended"
    page = company.tanaka.open(answer.location)
    assert "しばらく操作がなかったため、もう一度サインインしてください。" in page.text
    answer = company.tanaka.post(form.action, form.filled(), Referer="https://evil.example/appointments")
    assert answer.location == "/sign-in?why=ended"


def test_asking_for_links_again_and_again_is_refused(company: Company) -> None:
    form = company.stranger.open("/sign-in").form("/sign-in")
    for _ in range(5):
        company.stranger.send(form, email="nobody@example.com")
        assert company.stranger.status == 200
    company.stranger.send(form, email="nobody@example.com")
    assert company.stranger.status == 429


def test_guessing_links_is_refused_after_a_while(company: Company) -> None:
    statuses = []
    for n in range(22):
        company.stranger.open(f"/sign-in/guess-{n}")
        statuses.append(company.stranger.status)
    assert statuses[0] == 410
    assert statuses[-1] == 429


def test_the_way_on_never_leads_to_another_site(company: Company) -> None:
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        page = company.stranger.open(f"/sign-in?next={target}")
        assert page.form("/sign-in").value("next") == ""


def test_only_the_demo_lets_people_in_without_a_mail(company: Company) -> None:
    page = company.stranger.open("/sign-in")
    assert [form.action for form in page.forms if "demo" in form.action] == []
    company.stranger.post("/demo/sign-in", {"email": "tanaka@example.com"})
    assert company.stranger.status == 404


def demo(company: Company) -> Company:
    """As the demo serves it: with the route that lets anybody in."""
    company.app.register_blueprint(demo_sign_in)
    company.app.extensions["demo"] = {"inbox": "/", "sandbox": "/", "people": PEOPLE}
    return company


def test_the_demo_says_who_one_would_be_and_what_it_is_for(company: Company) -> None:
    page = demo(company).stranger.open("/sign-in")
    assert "お客様が1つ選び、全員のカレンダーに予定が入ります。" in page.text
    assert "田中さんとして入る 管理者 · Google カレンダー" in page.text
    assert "鈴木さんとして入る Outlook" in page.text
    page = company.stranger.send(page.form("/demo/sign-in"), email="suzuki@example.com")
    assert "アカウント: 鈴木 花子" in page.text
    assert company.stranger.path == "/"


def test_the_demo_switches_from_one_person_to_another(company: Company) -> None:
    page = demo(company).tanaka.open("/settings")
    form = page.form("/demo/sign-in")
    assert [email for _, email in form.buttons] == ["suzuki@example.com", "sato@example.com"]
    page = company.tanaka.send(form, email="sato@example.com")
    assert "アカウント: 佐藤 健" in page.text
    company.tanaka.post("/demo/sign-in", {"email": "tanaka@example.com", "nonce": "made up"})
    assert company.tanaka.status == 403
    assert "アカウント: 佐藤 健" in company.tanaka.open("/").text


def test_a_form_without_our_nonce_changes_nothing(company: Company) -> None:
    appointment = company.propose()
    for nonce in ("", "AAAA", "x" * 48):
        company.tanaka.post(f"/appointments/{appointment.id}/cancel", {"nonce": nonce})
        assert company.tanaka.status == 403
    assert company.appointment(appointment.id).state == "proposed"


def test_a_nonce_serves_its_own_session_alone(company: Company) -> None:
    appointment = company.propose()
    page = company.suzuki.open(f"/appointments/{appointment.id}")
    company.tanaka.send(page.form("/cancel"))
    assert company.tanaka.status == 403
    assert company.appointment(appointment.id).state == "proposed"


def test_what_another_site_has_a_browser_send_is_refused(company: Company) -> None:
    appointment = company.propose()
    form = company.tanaka.open(f"/appointments/{appointment.id}").form("/cancel")
    for headers in (
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ):
        company.tanaka.post(form.action, form.filled(), **headers)
        assert company.tanaka.status == 403, headers
    assert company.appointment(appointment.id).state == "proposed"


def test_what_our_own_page_sends_is_taken(company: Company) -> None:
    for headers in ({"Sec_Fetch_Site": "same-origin"}, {"Origin": "http://127.0.0.1:8000"}):
        appointment = company.propose()
        form = company.tanaka.open(f"/appointments/{appointment.id}").form("/cancel")
        company.tanaka.post(form.action, form.filled(), **headers)
        assert company.tanaka.status == 303, headers


def test_programs_with_a_token_come_from_anywhere(company: Company) -> None:
    token = company.services.access.new_api_token(company.office.tanaka, company.clock.now)
    appointment = company.propose()
    path = f"/api/v1/appointments/{appointment.id}/cancel"
    headers = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "cross-site"}
    assert company.stranger.http.post(path, json={}, headers=headers).status_code == 200


def test_over_tls_the_cookie_is_the_hosts_alone(company: Company) -> None:
    settings = replace(company.services.settings, base_url="https://meet.example.com")
    app = create_app(replace(company.services, settings=settings))
    browser = Desk(app.test_client())
    token = company.services.access.new_sign_in_link(company.office.tanaka, company.clock.now)
    form = browser.open(f"/sign-in/{token}").form("/sign-in/")
    answer = browser.http.post(form.action, data=form.filled(), base_url="https://meet.example.com")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_language_is_remembered(company: Company) -> None:
    page = company.tanaka.open("/settings")
    company.tanaka.send(page.form("/language"), lang="en")
    assert company.tanaka.path == "/settings"
    assert "Settings" in company.tanaka.open("/settings").title


@pytest.mark.parametrize("target", ["//[", "/%09/[", "//evil.example", "/%5Cevil.example"])
def test_a_crafted_target_leads_nowhere_and_breaks_nothing(company: Company, target: str) -> None:
    page = company.stranger.open(f"/sign-in?next={target}")
    assert (company.stranger.status, "[" in page.text, "evil" in page.text) == (200, False, False)
