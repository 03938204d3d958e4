"""What is found before anything is sent, on the review page and by the API; the vendors are simulated."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from tests.product import BY, NOW
from tests.web.desk import Desk, slot
from tests.web.linked import Linked
from tests.web.pages import Page

BOTH = pytest.mark.parametrize("provider", ["google", "microsoft"])
CANDIDATES = [
    {"start": "2026-11-25T10:00:00+09:00", "end": "2026-11-25T11:00:00+09:00"},
    {"start": "2026-11-26T11:00:00+09:00", "end": "2026-11-26T12:00:00+09:00"},
]


def body(*names: str, **changes: Any) -> dict[str, Any]:
    people = [f"{name}@example.com" for name in names]
    guest = {"name": "山田太郎", "email": "yamada@example.net"}
    return {
        "attendees": people,
        "organizer": people[0],
        "candidates": CANDIDATES,
        "guest": guest,
        "platform": "none",
    } | changes


def tried(company: Linked, *names: str, **changes: Any) -> dict[str, Any]:
    program = company.program(names[0])
    status, answer = program.call("POST", "/appointments?dry_run=true", body(*names, **changes))
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


def findings(company: Linked, *names: str, **changes: Any) -> list[tuple[str, str, str, str]]:
    found = tried(company, *names, **changes)["findings"]
    return [(f["who"].partition("@")[0], f["kind"], f["level"], f["reason"]) for f in found]


def signed_in(company: Linked, member: str) -> Desk:
    token = company.services.access.open_session(member, company.clock.now)
    return Desk(company.app.test_client(), token)


def reviewed(desk: Desk, *attendees: str, **typed: Any) -> Page:
    page = desk.open("/appointments/new")
    for each in attendees:
        page = desk.write(page, action=f"add:{each}")
    written: dict[str, Any] = {
        "name": "山田太郎",
        "email": "yamada@example.net",
        "platform": "none",
        "candidate": [slot(25, 10)],
        "room": [""],
    }
    return desk.write(page, action="review", **written | typed)


class TestCalendars:
    def test_where_all_is_well_it_says_so(self, linked: Linked) -> None:
        linked.person("a")
        linked.person("g", "google")
        linked.person("o", "microsoft")
        assert findings(linked, "a", "g", "o") == [
            ("a", "calendar", "ok", ""),
            ("g", "calendar", "ok", ""),
            ("o", "calendar", "ok", ""),
        ]

    @BOTH
    def test_a_token_that_died_unseen_is_found_and_noted(self, linked: Linked, provider: str) -> None:
        lead, other = linked.person("lead"), linked.person("other", provider)
        linked.sandbox.revoke(provider, "other@example.com")
        assert findings(linked, "lead", "other")[1] == ("other", "calendar", "fails", "token_refused")
        assert linked.link(other).broken == "token_refused"
        page = reviewed(signed_in(linked, lead), other)
        assert "連携が切れています" in page.text
        assert "仮予定は、連携が直り次第入ります。 本人が「設定」のページで直せます。" in page.text
        page = reviewed(signed_in(linked, other))
        assert "仮予定は、連携が直り次第入ります。" in page.text
        assert "もう一度連携すると直り、" in page.text

    def test_a_link_that_is_known_to_be_broken_is_not_asked(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        linked.services.coordination.break_link(linked.link(lead).id, "token_refused", NOW)
        linked.requests()
        assert findings(linked, "lead") == [("lead", "calendar", "fails", "token_refused")]
        assert linked.requests() == []

    @BOTH
    def test_a_calendar_that_may_only_be_read_fails(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        linked.person("boss", provider)
        shared = linked.outside.ask("POST", "/calendars/boss@example.com", {"name": "役員"})["id"]
        read = {"name": "役員", "id": shared, "access": "reader"}
        linked.outside.ask("POST", "/calendars/lead@example.com", read)
        app, link = linked.services.coordination, linked.link(lead)
        app.choose_calendar(link.id, BY, NOW, calendar=shared)
        assert findings(linked, "lead") == [("lead", "calendar", "fails", "read_only")]

    @BOTH
    def test_a_calendar_that_is_gone_fails(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        app, link = linked.services.coordination, linked.link(lead)
        app.choose_calendar(link.id, BY, NOW, calendar="c-nowhere")
        assert findings(linked, "lead") == [("lead", "calendar", "fails", "calendar_not_found")]

    @BOTH
    def test_a_room_counts_like_everybody(self, linked: Linked, provider: str) -> None:
        linked.person("lead", provider)
        room, _ = linked.room("会議室B", provider, keeper="lead")
        offers = [{**each, "room": room} for each in CANDIDATES]
        assert findings(linked, "lead", candidates=offers)[1] == (room, "calendar", "ok", "")
        linked.sandbox.revoke(provider, "lead@example.com")
        linked.clock.now += timedelta(seconds=20)
        found = findings(linked, "lead", candidates=offers)
        assert [each[2:] for each in found] == [("fails", "token_refused")] * 2

    @BOTH
    def test_a_room_that_may_only_be_read_by_now_fails(self, linked: Linked, provider: str) -> None:
        linked.person("lead", provider)
        room, address = linked.room("会議室C", provider, keeper="lead")
        linked.sandbox.add_calendar("lead@example.com", "会議室C", "reader", address, hidden=True)
        offers = [{**each, "room": room} for each in CANDIDATES]
        found = findings(linked, "lead", candidates=offers)
        assert found[1] == (room, "calendar", "fails", "read_only")
        assert not linked.link(room).broken

    @BOTH
    def test_a_vendor_that_stumbles_asks_for_attention_only(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        linked.outside.fault(provider, "status", status=503)
        assert findings(linked, "lead") == [("lead", "calendar", "attention", "unavailable")]
        assert not linked.link(lead).broken
        assert "このまま送れます。仮予定は、つながり次第入ります。" in reviewed(signed_in(linked, lead)).text

    def test_what_is_foreseen_asks_for_attention(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        app, link = linked.services.coordination, linked.link(lead)
        app.note_vanished(link.id, 12, NOW)
        assert findings(linked, "lead") == [("lead", "calendar", "attention", "entries_vanished")]

    def test_nobody_is_asked_again_for_a_while(self, linked: Linked) -> None:
        linked.person("lead", "google")
        findings(linked, "lead")
        linked.requests()
        findings(linked, "lead")
        assert linked.requests() == []


class TestChoosing:
    """The page on which calendars are chosen asks like everybody else."""

    @BOTH
    def test_a_token_that_died_unseen_is_noted_there_too(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        linked.sandbox.revoke(provider, "lead@example.com")
        page = signed_in(linked, lead).open("/settings/calendar/choose")
        assert "連携が切れています" in page.text
        assert linked.link(lead).broken == "token_refused"

    def test_an_account_is_asked_in_its_turn_and_not_waited_for_for_ever(
        self, linked: Linked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module = import_module("chouseiapo.web.staff.choosing")  # the package's name leads to its blueprint
        monkeypatch.setattr(module, "PATIENCE_S", 0.2)
        lead = linked.person("lead", "google")
        desk, let_go = signed_in(linked, lead), threading.Event()
        others = linked.app.extensions["asking"].ask(linked.link(lead).id, lambda: let_go.wait(10))
        linked.requests()
        page = desk.open("/settings/calendar/choose")
        assert "連携先からすぐには応答がなく" in page.text
        let_go.set()
        assert others.result(10)
        assert linked.requests() == []
        monkeypatch.setattr(module, "PATIENCE_S", 20.0)
        assert "連携先からすぐには" not in desk.open("/settings/calendar/choose").text


class TestInTime:
    def test_whoever_takes_longer_could_not_be_checked(
        self, linked: Linked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chouseiapo.web.dry_run.BUDGET_S", 0.5)
        lead = linked.person("slow", "google")
        linked.person("quick", "microsoft")
        linked.outside.fault("google", "slow", delay_s=2.0)
        assert findings(linked, "slow", "quick") == [
            ("slow", "calendar", "attention", "not_answered"),
            ("quick", "calendar", "ok", ""),
        ]
        assert not linked.link(lead).broken


class TestHost:
    def test_a_host_whose_link_works(self, linked: Linked) -> None:
        linked.person("lead", "google", zoom=True)
        found = findings(linked, "lead", platform="zoom")
        assert found == [("lead", "calendar", "ok", ""), ("lead", "host", "ok", "")]

    def test_a_host_whose_token_died_unseen(self, linked: Linked) -> None:
        lead = linked.person("lead", zoom=True)
        linked.sandbox.revoke("zoom", "lead@example.com")
        found = findings(linked, "lead", platform="zoom")
        assert found[-1] == ("lead", "host", "fails", "token_refused")
        zoom = linked.services.coordination.member(lead).zoom
        assert zoom is not None
        assert zoom.broken == "token_refused"

    def test_without_a_host_it_is_refused_as_it_would_be(self, linked: Linked) -> None:
        linked.person("lead")
        program = linked.program("lead")
        wanted = body("lead", platform="zoom")
        for path in ("/appointments?dry_run=true", "/appointments"):
            status, answer = program.call("POST", path, wanted)
            assert (status, answer["errors"][0]["code"]) == (422, "zoom_not_linked")


class TestProgram:
    def test_it_tells_what_would_be_and_records_nothing(self, linked: Linked) -> None:
        linked.person("lead", "google")
        linked.person("other", "microsoft")
        before = linked.services.coordination.recorder.max_notification_id()
        would = tried(linked, "lead", "other", title="ご提案")["would_create"]
        assert linked.services.coordination.recorder.max_notification_id() == before
        assert (would["state"], would["title"], would["calendar"]["wanted"]) == ("proposed", "ご提案", 4)
        assert {mail["to"] for mail in would["mails"]} == {
            "yamada@example.net",
            "lead@example.com",
            "other@example.com",
        }
        assert not {"id", "guest_url", "revision"} & would.keys()
        assert linked.program("lead").call("GET", "/appointments")[1]["appointments"] == []

    def test_its_idempotency_key_is_still_to_be_used(self, linked: Linked) -> None:
        linked.person("lead")
        program, key = linked.program("lead"), {"Idempotency_Key": "k"}
        assert program.call("POST", "/appointments?dry_run=true", body("lead", title="A"), **key)[0] == 200
        assert program.call("POST", "/appointments", body("lead", title="B"), **key)[0] == 201

    @pytest.mark.parametrize("asked", ["yes", "1", ""])
    def test_a_trial_that_is_asked_for_in_other_words_is_refused(self, linked: Linked, asked: str) -> None:
        linked.person("lead")
        path = f"/appointments?dry_run={asked}"
        status, answer = linked.program("lead").call("POST", path, body("lead"))
        assert (status, answer["errors"][0]["field"]) == (422, "dry_run")

    def test_dry_run_false_proposes(self, linked: Linked) -> None:
        linked.person("lead")
        assert linked.program("lead").call("POST", "/appointments?dry_run=false", body("lead"))[0] == 201

    def test_what_is_wrong_is_told_as_usual(self, linked: Linked) -> None:
        linked.person("lead")
        wrong = body("lead", candidates=[])
        assert linked.program("lead").call("POST", "/appointments?dry_run=true", wrong)[0] == 422


class TestReview:
    def test_each_finding_stands_beside_whom_it_concerns(self, linked: Linked) -> None:
        lead = linked.person("lead", "google", zoom=True)
        other = linked.person("other", "microsoft")
        linked.services.coordination.break_link(linked.link(other).id, "token_refused", NOW)
        page = reviewed(signed_in(linked, lead), other, platform="zoom")
        told = page.text.partition("送ると、こうなります")[2].partition("合わせて")[0]
        mine, _, others = told.partition("otherさん")
        assert "予定を入れられることを確かめました。" in mine
        assert "Outlook: 連携が切れています" in others
        assert "連携を確かめました。" in page.text

    def test_sending_stays_possible_whatever_was_found(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        linked.sandbox.revoke("google", "lead@example.com")
        desk = signed_in(linked, lead)
        page = reviewed(desk)
        assert "連携が切れています" in page.text
        desk.send(page.form("/propose"))
        assert desk.path.endswith("?done=sent")


def test_among_built_in_calendars_nobody_is_asked(linked: Linked) -> None:
    linked.person("a")
    linked.person("b")
    assert [each[2] for each in findings(linked, "a", "b")] == ["ok", "ok"]
    assert linked.threads() == []
