"""The look at the calendars before a time is fixed; the vendors are simulated."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.slots import CandidateState
from chouseiapo.mail_facts import Rule
from chouseiapo.sandbox import Sandbox
from chouseiapo.web import limits
from chouseiapo.worker import Worker
from projections.outbox import mails_of
from tests.product import BY, NOW, at
from tests.web.desk import Desk
from tests.web.linked import Linked, opened
from tests.web.pages import Page

TEN, ELEVEN = at(25, 1), at(25, 2)  # the first candidate
BOTH = pytest.mark.parametrize("provider", ["google", "microsoft"])


def propose(company: Linked, *names: str, **changes: Any) -> dict[str, Any]:
    """Two candidates for these people, whose holds stand on their calendars."""
    people = [f"{name}@example.com" for name in names]
    made = company.program(names[0]).propose(
        attendees=people, organizer=people[0], platform="none", **changes
    )
    Worker(company.services).once()
    company.requests()
    return made


def appointment(company: Linked, made: dict[str, Any]) -> Appointment:
    return company.services.coordination.appointment(made["id"])


def secret(made: dict[str, Any]) -> str:
    return str(made["guest_url"]).rpartition("/")[2]


def looked(company: Linked) -> list[str]:
    """Whose calendars were read since this was last asked."""
    return sorted({who for who, method, _ in company.requests() if method == "GET"})


@pytest.fixture
def warned(linked_vendors: Sandbox, database_url: str) -> Iterator[Linked]:
    limits.forget_all()
    with opened(linked_vendors, database_url, live_check="warn") as company:
        yield company


class TestRefuse:
    @BOTH
    def test_something_else_on_a_calendar_takes_the_candidate(self, linked: Linked, provider: str) -> None:
        linked.person("lead")
        linked.person("other", provider)
        made = propose(linked, "lead", "other")
        linked.busy("other", TEN + timedelta(minutes=30), ELEVEN + timedelta(hours=1))
        status, answer = linked.guest.confirm(made, "c1")
        assert (status, answer["code"], answer["confirmed"]) == (409, "candidate_taken", None)
        assert [(c["id"], c["state"]) for c in answer["candidates"]] == [("c1", "taken"), ("c2", "open")]
        assert linked.guest.confirm(made, "c2")[0] == 200

    @BOTH
    def test_what_stood_there_when_the_time_was_offered_was_offered_knowingly(
        self, linked: Linked, provider: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        linked.person("lead", provider)
        with monkeypatch.context() as earlier:
            earlier.setattr(linked.sandbox.world, "now", lambda: NOW - timedelta(hours=1))
            linked.busy("lead", TEN, ELEVEN)
        made = propose(linked, "lead")
        assert linked.guest.confirm(made, "c1")[0] == 200

    @BOTH
    def test_our_own_holds_are_no_obstacle(self, linked: Linked, provider: str) -> None:
        linked.person("lead", provider)
        linked.person("other", provider)
        first, second = propose(linked, "lead", "other"), propose(linked, "lead", "other")
        assert linked.guest.confirm(first, "c1")[0] == 200
        assert looked(linked) == ["lead", "other"]
        assert linked.guest.confirm(second, "c2")[0] == 200

    @BOTH
    def test_an_entry_that_we_placed_is_ours_even_without_its_tag(
        self, linked: Linked, provider: str
    ) -> None:
        linked.person("lead", provider)
        made = propose(linked, "lead")
        calendar = linked.sandbox.world.calendars["lead@example.com"]
        for entry in list(calendar.entries.values()):
            untagged = {
                name: value
                for name, value in entry.resource.items()
                if name not in ("extendedProperties", "singleValueExtendedProperties")
            }
            entry.resource.clear()
            entry.resource.update(untagged)
        assert linked.guest.confirm(made, "c1")[0] == 200

    @BOTH
    def test_what_its_owner_does_not_count_is_no_obstacle(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        app, link = linked.services.coordination, linked.link(lead)
        app.choose_calendar(link.id, BY, NOW, calendar="", tentative_busy=False, all_day_busy=False)
        made = propose(linked, "lead")
        linked.busy("lead", TEN, ELEVEN, status="tentative")
        linked.busy("lead", TEN, ELEVEN, show_as="free")
        linked.outside.ask(
            "POST",
            "/entries/lead@example.com",
            {"title": "展示会", "start": "2026-11-25", "end": "2026-11-26"},
        )
        assert linked.guest.confirm(made, "c1")[0] == 200

    @BOTH
    def test_what_ends_as_the_candidate_begins_is_no_obstacle(self, linked: Linked, provider: str) -> None:
        linked.person("lead", provider)
        made = propose(linked, "lead")
        linked.busy("lead", TEN - timedelta(hours=1), TEN)
        linked.busy("lead", ELEVEN, ELEVEN + timedelta(hours=1))
        assert linked.guest.confirm(made, "c1")[0] == 200

    def test_another_calendar_that_counts_as_busy_is_looked_at_too(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        team = linked.outside.ask("POST", "/calendars/lead@example.com", {"name": "チーム"})["id"]
        app, link = linked.services.coordination, linked.link(lead)
        app.choose_calendar(link.id, BY, NOW, calendar="", busy=("", team))
        made = propose(linked, "lead")
        linked.busy(team, TEN, ELEVEN)
        assert linked.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"

    def test_of_a_calendar_that_shows_busy_times_only_those_count(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        linked.person("boss", "google")
        shared = linked.outside.ask("POST", "/calendars/boss@example.com", {"name": "役員"})["id"]
        read = {"name": "役員", "id": shared, "access": "freeBusyReader"}
        linked.outside.ask("POST", "/calendars/lead@example.com", read)
        app, link = linked.services.coordination, linked.link(lead)
        app.choose_calendar(link.id, BY, NOW, calendar="", busy=("", shared))
        made = propose(linked, "lead")
        linked.busy(shared, TEN, ELEVEN)
        assert linked.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"
        assert linked.guest.confirm(made, "c2")[0] == 200

    @BOTH
    def test_the_rooms_calendar_is_looked_at_too(self, linked: Linked, provider: str) -> None:
        linked.person("lead", provider)
        room, address = linked.room("会議室B", provider, keeper="lead")
        times = [("2026-11-25T10:00:00+09:00", "2026-11-25T11:00:00+09:00", room)]
        times.append(("2026-11-26T10:00:00+09:00", "2026-11-26T11:00:00+09:00", room))
        candidates = [{"start": start, "end": end, "room": where} for start, end, where in times]
        made = propose(linked, "lead", candidates=candidates)
        linked.busy(address, TEN, ELEVEN)
        assert linked.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"
        assert linked.guest.confirm(made, "c2")[0] == 200

    def test_the_page_shows_what_is_left(self, linked: Linked) -> None:
        linked.person("lead", "google")
        made = propose(linked, "lead")
        linked.busy("lead", TEN, ELEVEN)
        desk = Desk(linked.app.test_client())
        page = desk.open(f"/g/{secret(made)}")
        answer = desk.post(f"/g/{secret(made)}", page.form("/g/").filled(candidate="c1"))
        page = Page(answer.get_data(as_text=True))
        assert answer.status_code == 409
        assert "この日時はたった今埋まりました。" in page.text
        assert "10:00〜11:00 埋まりました" in page.text
        page = desk.send(page.form("/g/"), candidate="c2")
        assert appointment(linked, made).state is State.CONFIRMED

    def test_when_none_is_left_the_author_is_told(self, linked: Linked) -> None:
        linked.person("lead", "google")
        made = propose(linked, "lead")
        linked.busy("lead", TEN - timedelta(hours=9), TEN + timedelta(days=2))
        for candidate in ("c1", "c2"):
            assert linked.guest.confirm(made, candidate)[1]["code"] == "candidate_taken"
        stream = linked.services.coordination.stream(made["id"])
        assert mails_of(stream)[-1].rule == Rule.ALL_GONE
        assert appointment(linked, made).state is State.PROPOSED
        page = Desk(linked.app.test_client()).open(f"/g/{secret(made)}")
        assert "現在お選びいただける日時がありません" in page.text

    def test_the_history_says_that_it_was_a_calendar(self, linked: Linked) -> None:
        linked.person("lead", "google")
        made = propose(linked, "lead")
        linked.busy("lead", TEN, ELEVEN)
        linked.guest.confirm(made, "c1")
        _, told = linked.program("lead").call("GET", f"/appointments/{made['id']}/history")
        assert told["history"][-1]["what"] == "appointment.candidate-taken"
        assert told["history"][-1]["text"].startswith("カレンダーにほかの予定が入ったため")


class TestWarn:
    def test_it_is_confirmed_and_the_members_are_told_who_has_something_else(self, warned: Linked) -> None:
        warned.person("lead", "google")
        other = warned.person("other", "microsoft")
        made = propose(warned, "lead", "other")
        warned.busy("other", TEN, ELEVEN)
        assert warned.guest.confirm(made, "c1")[0] == 200
        standing = appointment(warned, made)
        assert (standing.state, standing.overlaps) == (State.CONFIRMED, (other,))
        token = warned.services.access.open_session(standing.author, warned.clock.now)
        page = Desk(warned.app.test_client(), token).open(f"/appointments/{made['id']}")
        assert "otherさんのカレンダーには同じ時間にほかの予定がありました。" in page.text
        assert "予定が重なっている人と会議室: other" in page.text

    def test_without_anything_else_nothing_is_said(self, warned: Linked) -> None:
        warned.person("lead", "google")
        made = propose(warned, "lead")
        assert warned.guest.confirm(made, "c1")[0] == 200
        assert appointment(warned, made).overlaps == ()


class TestNoLook:
    def test_switched_off_no_calendar_is_read(self, linked_vendors: Sandbox, database_url: str) -> None:
        limits.forget_all()
        with opened(linked_vendors, database_url, live_check="off") as company:
            company.person("lead", "google")
            made = propose(company, "lead")
            company.busy("lead", TEN, ELEVEN)
            assert company.guest.confirm(made, "c1")[0] == 200
            assert looked(company) == []

    def test_the_same_choice_again_reads_nothing(self, linked: Linked) -> None:
        linked.person("lead", "google")
        made = propose(linked, "lead")
        linked.guest.confirm(made, "c1")
        linked.requests()
        linked.busy("lead", TEN, ELEVEN)
        assert linked.guest.confirm(made, "c1")[0] == 200
        assert looked(linked) == []

    def test_nor_does_a_choice_that_is_refused_anyway(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        made, nameless = propose(linked, "lead"), propose(linked, "lead", guest={"email": "a@example.net"})
        linked.services.coordination.withdraw_candidate(made["id"], "c2", BY, NOW)
        linked.requests()
        assert linked.guest.confirm(made, "c2")[1]["code"] == "candidate_withdrawn"
        assert linked.guest.confirm(nameless, "c1")[0] == 422
        assert linked.guest.confirm(made, "c9")[0] == 422
        assert looked(linked) == []
        assert linked.guest.confirm(made, "c1")[0] == 200
        linked.requests()
        assert linked.guest.confirm(nameless, "c1", name="A")[1]["code"] == "candidate_taken"
        assert looked(linked) == [], "our own record of what is reserved is enough"
        assert not linked.link(lead).broken

    def test_a_broken_link_is_not_asked(self, linked: Linked) -> None:
        lead = linked.person("lead", "google")
        made = propose(linked, "lead")
        linked.services.coordination.break_link(linked.link(lead).id, "token_refused", NOW)
        linked.busy("lead", TEN, ELEVEN)
        assert linked.guest.confirm(made, "c1")[0] == 200
        assert looked(linked) == []

    def test_among_built_in_calendars_it_costs_no_thread_and_no_question_who_has_linked_what(
        self, linked_vendors: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits.forget_all()
        with opened(linked_vendors, f"sqlite:///{tmp_path}/product.db") as company:
            company.person("lead")
            made = [propose(company, "lead") for _ in range(2)]
            company.guest.confirm(made[0], "c1")
            asked: list[object] = []
            monkeypatch.setattr(company.services.coordination, "owners", asked.append)
            assert company.guest.confirm(made[1], "c2")[0] == 200
            assert (company.threads(), asked) == ([], [])


class TestInTime:
    @pytest.fixture
    def hurried(self, linked_vendors: Sandbox, database_url: str) -> Iterator[Linked]:
        limits.forget_all()
        with opened(linked_vendors, database_url, live_check_s=0.8) as company:
            yield company

    @BOTH
    def test_whoever_does_not_answer_in_time_holds_nobody_up(self, hurried: Linked, provider: str) -> None:
        hurried.person("slow", provider)
        made = propose(hurried, "slow")
        hurried.busy("slow", TEN, ELEVEN)
        hurried.outside.fault(provider, "slow", delay_s=3.0)
        began = time.monotonic()
        assert hurried.guest.confirm(made, "c1")[0] == 200
        assert time.monotonic() - began < 2.8

    def test_the_others_are_heard_all_the_same(self, hurried: Linked) -> None:
        hurried.person("slow", "google")
        hurried.person("quick", "microsoft")
        made = propose(hurried, "slow", "quick")
        hurried.busy("quick", TEN, ELEVEN)
        hurried.outside.fault("google", "slow", delay_s=3.0)
        assert hurried.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"

    @pytest.mark.parametrize("kind", ["status", "drop_before"])
    @BOTH
    def test_an_outage_keeps_nobody_from_confirming(self, linked: Linked, provider: str, kind: str) -> None:
        linked.person("lead", provider)
        made = propose(linked, "lead")
        linked.outside.fault(provider, kind)
        assert linked.guest.confirm(made, "c1")[0] == 200

    @BOTH
    def test_a_dead_token_is_noted_and_holds_nobody_up(self, linked: Linked, provider: str) -> None:
        lead = linked.person("lead", provider)
        made = propose(linked, "lead")
        linked.sandbox.revoke(provider, "lead@example.com")
        assert linked.guest.confirm(made, "c1")[0] == 200
        assert linked.link(lead).broken == "token_refused"

    def test_all_are_asked_side_by_side(self, linked: Linked) -> None:
        names = ["g1", "g2", "g3", "o1", "o2", "o3"]
        for name in names:
            linked.person(name, "google" if name[0] == "g" else "microsoft")
        made = propose(linked, *names)
        for provider in ("google", "microsoft"):
            linked.outside.fault(provider, "slow", delay_s=0.8)
        linked.busy("o3", TEN, ELEVEN)
        # One after the other they would not all be heard in two seconds.
        assert linked.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"


def test_a_candidate_taken_by_a_calendar_stays_taken(linked: Linked) -> None:
    linked.person("lead", "google")
    made = propose(linked, "lead")
    entry = linked.busy("lead", TEN, ELEVEN)
    linked.guest.confirm(made, "c1")
    linked.outside.delete("lead@example.com", entry)
    assert linked.guest.confirm(made, "c1")[1]["code"] == "candidate_taken"
    assert appointment(linked, made).candidates["c1"].state is CandidateState.TAKEN


def test_another_guest_who_chose_at_the_same_moment_is_not_confirmed_twice(linked: Linked) -> None:
    linked.person("lead", "google")
    made = propose(linked, "lead")
    linked.outside.fault("google", "slow", delay_s=0.3)
    answers: list[int] = []
    both = [
        threading.Thread(target=lambda c=c: answers.append(linked.guest.confirm(made, c)[0]))
        for c in ("c1", "c2")
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(answers) == [200, 409]
