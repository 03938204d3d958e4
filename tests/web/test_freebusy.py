"""Free/busy of many in few calls, as the grid and the API ask for it; the vendors are simulated."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from datetime import timedelta
from functools import partial

import pytest

from chouseiapo.domain.slots import Slot
from chouseiapo.ports import Busy
from chouseiapo.web.asking import AT_ONCE, AT_ONE_VENDOR, Asking
from chouseiapo.web.freebusy import FreeBusy
from tests.product import BY, NOW, at
from tests.web.desk import Desk
from tests.web.linked import Linked
from tests.web.pages import Page

WEEK = Slot(at(22, 15), at(29, 15))
TEN, ELEVEN, TWELVE = at(25, 1), at(25, 2), at(25, 3)
BUSY = [Busy(TEN, ELEVEN)]
NOBODY = "member-nobody"


def reader(company: Linked) -> FreeBusy:
    found: FreeBusy = company.app.extensions["freebusy"]
    return found


def asked(company: Linked, *resources: str, by: str = NOBODY) -> list[list[Busy] | None]:
    found = reader(company).of(resources, WEEK, by)
    return [found[resource] for resource in resources]


class TestFewCalls:
    @pytest.mark.parametrize(("provider", "calls"), [("google", 2), ("microsoft", 3)])
    def test_sixty_people_are_asked_about_by_the_author_alone(
        self, linked: Linked, provider: str, calls: int
    ) -> None:
        people = {f"p{n}": linked.person(f"p{n}", provider) for n in range(60)}
        for n, name in enumerate(people):
            linked.busy(name, TEN + timedelta(hours=n % 8), ELEVEN + timedelta(hours=n % 8))
        linked.requests()
        found = asked(linked, *people.values(), by=people["p7"])
        hours = [timedelta(hours=n % 8) for n in range(60)]
        assert found == [[Busy(TEN + hour, ELEVEN + hour)] for hour in hours]
        assert [who for who, _, _ in linked.requests()] == ["p7"] * calls

    def test_without_an_author_of_that_provider_one_of_those_asked_about_lends_theirs(
        self, linked: Linked
    ) -> None:
        author = linked.person("author")
        people = [linked.person(name, "google") for name in ("a", "b", "c")]
        linked.busy("c", TEN, ELEVEN)
        linked.requests()
        assert asked(linked, author, *people, by=author) == [[], [], [], BUSY]
        assert [who for who, _, _ in linked.requests()] == ["a"]

    def test_each_provider_is_asked_once(self, linked: Linked) -> None:
        google = [linked.person(f"g{n}", "google") for n in range(3)]
        outlook = [linked.person(f"o{n}", "microsoft") for n in range(3)]
        linked.busy("g2", TEN, ELEVEN)
        linked.busy("o2", TEN, ELEVEN)
        linked.requests()
        assert asked(linked, *google, *outlook, by=outlook[1]) == [[], [], BUSY, [], [], BUSY]
        assert sorted(who for who, _, _ in linked.requests()) == ["g0", "o1"]

    @pytest.mark.parametrize("provider", ["google", "microsoft"])
    def test_whom_the_author_may_not_see_is_asked_with_their_own_token(
        self, linked: Linked, provider: str
    ) -> None:
        people = [linked.person(name, provider) for name in ("author", "open", "shy")]
        linked.outside.ask("PATCH", "/calendars/shy@example.com", {"free_busy": "hidden"})
        linked.busy("open", TEN, ELEVEN)
        linked.busy("shy", TEN, ELEVEN)
        linked.requests()
        assert asked(linked, *people, by=people[0]) == [[], BUSY, BUSY]
        assert {who for who, _, _ in linked.requests()} == {"author", "shy"}

    @pytest.mark.parametrize("provider", ["google", "microsoft"])
    def test_what_its_owner_does_not_count_is_no_busy_time(self, linked: Linked, provider: str) -> None:
        author, person = linked.person("author", provider), linked.person("person", provider)
        app, link = linked.services.coordination, linked.link(person)
        app.choose_calendar(link.id, BY, NOW, calendar="", tentative_busy=False)
        linked.busy("person", TEN, ELEVEN, status="tentative")
        linked.busy("person", ELEVEN, TWELVE)
        assert asked(linked, author, person, by=author) == [[], [Busy(ELEVEN, TWELVE)]]

    def test_other_calendars_count_where_their_owner_says_so(self, linked: Linked) -> None:
        author, person = linked.person("author", "google"), linked.person("person", "google")
        team = linked.outside.ask("POST", "/calendars/person@example.com", {"name": "チーム"})["id"]
        app, link = linked.services.coordination, linked.link(person)
        app.choose_calendar(link.id, BY, NOW, calendar="", busy=("", team))
        linked.busy("person", TEN, ELEVEN)
        linked.busy(team, ELEVEN, TWELVE)
        assert asked(linked, author, person, by=author) == [[], [Busy(TEN, TWELVE)]]

    @pytest.mark.parametrize("provider", ["google", "microsoft"])
    def test_a_room_is_asked_about_like_a_colleague(self, linked: Linked, provider: str) -> None:
        people = [linked.person(name, provider) for name in ("author", "other")]
        room, address = linked.room("会議室B", provider, keeper="author")
        linked.busy(address, TEN, ELEVEN)
        linked.requests()
        assert asked(linked, *people, room, by=people[0]) == [[], [], BUSY]
        assert len(linked.requests()) == 1

    def test_built_in_calendars_are_never_asked(self, linked: Linked) -> None:
        people = [linked.person(name) for name in ("a", "b")]
        room = linked.services.coordination.add_room("会議室A", 4, BY, NOW).id
        assert asked(linked, *people, room, by=people[0]) == [[], [], []]
        assert linked.threads() == []


class TestUnknown:
    def test_a_broken_link_is_not_asked_at_all(self, linked: Linked) -> None:
        author, person = linked.person("author", "google"), linked.person("person", "google")
        linked.services.coordination.break_link(linked.link(person).id, "token_refused", NOW)
        linked.requests()
        assert asked(linked, author, person, by=author) == [[], None]
        assert [who for who, _, _ in linked.requests()] == ["author"]

    @pytest.mark.parametrize("provider", ["google", "microsoft"])
    def test_a_dead_token_is_noted_and_the_others_are_known(self, linked: Linked, provider: str) -> None:
        people = {name: linked.person(name, provider) for name in ("author", "a", "b")}
        linked.busy("b", TEN, ELEVEN)
        linked.sandbox.revoke(provider, "author@example.com")
        assert asked(linked, *people.values(), by=people["author"]) == [None, [], BUSY]
        assert linked.link(people["author"]).broken == "token_refused"
        assert not linked.link(people["b"]).broken

    @pytest.mark.parametrize("provider", ["google", "microsoft"])
    def test_when_a_vendor_is_away_nobody_is_asked_one_by_one(self, linked: Linked, provider: str) -> None:
        people = [linked.person(f"p{n}", provider) for n in range(6)]
        linked.outside.fault(provider, "status", status=503)
        linked.requests()
        assert asked(linked, *people, by=people[0]) == [None] * 6
        assert {who for who, _, _ in linked.requests()} == {"p0"}

    def test_a_calendar_that_gets_no_answer_is_unknown_and_the_other_vendor_is_not(
        self, linked: Linked
    ) -> None:
        google, outlook = linked.person("g", "google"), linked.person("o", "microsoft")
        linked.busy("o", TEN, ELEVEN)
        linked.outside.fault("google", "drop_before")
        assert asked(linked, google, outlook, by=google) == [None, BUSY]

    def test_programs_are_told_that_it_is_unknown(self, linked: Linked) -> None:
        person = linked.person("person", "google")
        linked.services.coordination.break_link(linked.link(person).id, "token_refused", NOW)
        window = "start=2026-11-25T00:00:00Z&end=2026-11-26T00:00:00Z"
        answer = linked.program("person").call("GET", f"/freebusy?{window}&members=person@example.com")
        assert answer == (200, {"members": {"person@example.com": "unknown"}, "rooms": {}})


class TestCached:
    def test_nobody_is_asked_again_for_a_while(self, linked: Linked) -> None:
        people = [linked.person(f"p{n}", "google") for n in range(3)]
        asked(linked, *people, by=people[0])
        linked.requests()
        linked.busy("p2", TEN, ELEVEN)
        linked.clock.now += timedelta(seconds=19)
        assert asked(linked, *people, by=people[1]) == [[], [], []]
        assert linked.requests() == []
        linked.clock.now += timedelta(seconds=1)
        assert asked(linked, *people, by=people[0]) == [[], [], BUSY]

    def test_only_who_is_new_is_asked_about(self, linked: Linked) -> None:
        people = [linked.person(f"p{n}", "google") for n in range(3)]
        asked(linked, *people[:2], by=people[0])
        linked.requests()
        asked(linked, *people, by=people[0])
        assert [who for who, _, _ in linked.requests()] == ["p2"]

    def test_what_cannot_be_read_is_not_asked_again_at_once_either(self, linked: Linked) -> None:
        person = linked.person("person", "google")
        linked.outside.fault("google", "status", status=503)
        assert asked(linked, person) == [None]
        linked.outside.calm()
        linked.requests()
        assert asked(linked, person) == [None]
        assert linked.requests() == []

    def test_other_choices_of_its_owner_are_seen_at_once(self, linked: Linked) -> None:
        person = linked.person("person", "google")
        linked.busy("person", TEN, ELEVEN, status="tentative")
        assert asked(linked, person) == [BUSY]
        app, link = linked.services.coordination, linked.link(person)
        app.choose_calendar(link.id, BY, NOW, calendar="", tentative_busy=False)
        assert asked(linked, person) == [[]]

    def test_two_who_ask_at_the_same_moment_are_one_call(self, linked: Linked) -> None:
        people = [linked.person(f"p{n}", "google") for n in range(3)]
        linked.busy("p1", TEN, ELEVEN)
        linked.outside.fault("google", "slow", delay_s=0.5)
        linked.requests()
        answers: list[list[list[Busy] | None]] = []
        both = [
            threading.Thread(target=lambda: answers.append(asked(linked, *people, by=people[0])))
            for _ in range(4)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert answers == [[[], BUSY, []]] * 4
        assert len(linked.requests()) == 1


class TestInTime:
    """Google takes a second a call; whoever looks waits for a fraction of that."""

    @pytest.fixture(autouse=True)
    def hurried(self, linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chouseiapo.web.freebusy.BUDGET_S", 0.2)
        linked.outside.fault("google", "slow", rate=1, delay_s=1.0)

    def looks(self, linked: Linked, *people: str) -> list[list[list[Busy] | None]]:
        """What one look after the other finds, until everybody is known."""
        found = [asked(linked, *people)]
        while None in found[-1]:
            assert len(found) < 60
            found.append(asked(linked, *people))
        return found

    def test_who_takes_longer_is_unknown_until_the_next_look_finds_the_answer(self, linked: Linked) -> None:
        slow, quick = linked.person("slow", "google"), linked.person("quick", "microsoft")
        linked.busy("slow", TEN, ELEVEN)
        linked.busy("quick", ELEVEN, TWELVE)
        linked.requests()
        began = time.monotonic()
        first = asked(linked, slow, quick)
        assert time.monotonic() - began < 0.9
        assert first[0] is None
        assert self.looks(linked, slow, quick)[-1] == [BUSY, [Busy(ELEVEN, TWELVE)]]
        assert [who for who, _, _ in linked.requests()].count("slow") == 1

    def test_whom_nobody_else_may_see_is_asked_alone_though_nobody_waits(self, linked: Linked) -> None:
        author, shy = linked.person("author", "google"), linked.person("shy", "google")
        linked.outside.ask("PATCH", "/calendars/shy@example.com", {"free_busy": "hidden"})
        linked.busy("shy", TEN, ELEVEN)
        linked.requests()
        looks = self.looks(linked, author, shy)
        assert (looks[0], looks[-1]) == ([None, None], [[], BUSY])
        assert [who for who, _, _ in linked.requests()] == ["author", "shy"]

    def test_a_slow_answer_is_fresh_for_as_long_as_a_quick_one(self, linked: Linked) -> None:
        slow = linked.person("slow", "google")
        assert asked(linked, slow) == [None]
        linked.clock.now += timedelta(seconds=30)
        self.looks(linked, slow)
        linked.clock.now += timedelta(seconds=19)
        linked.requests()
        assert asked(linked, slow) == [[]]
        assert linked.requests() == []

    def test_what_goes_wrong_meanwhile_keeps_nobody_waiting(self, linked: Linked) -> None:
        slow = linked.person("slow", "google")
        assert asked(linked, slow) == [None]
        linked.app.extensions["asking"].close()
        linked.clock.now += timedelta(seconds=30)
        with pytest.raises(CancelledError):
            asked(linked, slow)


class TestMovedByHand:
    """What is confirmed was moved on its organizer's calendar, and other times are to be offered instead."""

    there = at(27, 1), at(27, 2)

    def begin(self, linked: Linked) -> tuple[Desk, Page]:
        lead, app = linked.person("lead", "google"), linked.services.coordination
        made = linked.program("lead").propose(
            attendees=["lead@example.com"], organizer="lead@example.com", platform="none"
        )["id"]
        app.confirm(made, "c1", app.appointment(made).guest, BY, NOW)
        linked.busy("lead", *self.there)
        for noticed in (app.note_deviation, app.follow_deviation):
            noticed(made, lead, "c1", Slot(*self.there), NOW)
        desk = Desk(linked.app.test_client(), linked.services.access.open_session(lead, NOW))
        return desk, desk.send(desk.open(f"/appointments/{made}").form("/again/instead"))

    def test_its_own_entry_is_not_in_the_way_of_the_time_it_was_moved_to(self, linked: Linked) -> None:
        desk, page = self.begin(linked)
        draft = page.form("/appointments/new/")
        assert draft.values("candidate") == ["2026-11-27T10:00+09:00|2026-11-27T11:00+09:00"]
        assert "と重なっています" not in page.text
        assert "と重なっています" not in desk.send(draft, action="review").text

    def test_what_else_stands_there_still_is(self, linked: Linked) -> None:
        desk, _ = self.begin(linked)
        linked.busy("lead", at(27, 1, 15), at(27, 3))
        linked.clock.now += timedelta(seconds=20)
        assert "と重なっています" in desk.open(desk.path).text


class TestTurns:
    """How many calls are under way at once; each waits until it is let go."""

    def count(self, linked: Linked, links: list[str]) -> tuple[list[str], list[str]]:
        """Which began at once, and in which order all of them did in the end."""
        asking, began, let_go = Asking(linked.services), list[str](), threading.Event()
        all_at_once = threading.Semaphore(0)

        def call(link: str) -> None:
            began.append(link)
            all_at_once.release()
            assert let_go.wait(10)

        answers = [asking.ask(link, partial(call, link)) for link in links]
        while all_at_once.acquire(timeout=0.3):
            continue
        at_once = list(began)
        let_go.set()
        for answer in answers:
            answer.result(timeout=10)
        return at_once, began

    def test_one_call_at_a_time_for_an_account(self, linked: Linked) -> None:
        at_once, all_of_them = self.count(linked, ["google-a", "google-a", "google-b", "google-a"])
        assert at_once == ["google-a", "google-b"]
        assert sorted(all_of_them) == ["google-a"] * 3 + ["google-b"]

    def test_one_vendor_leaves_turns_for_another(self, linked: Linked) -> None:
        google, outlook = ([f"{vendor}-{n}" for n in range(9)] for vendor in ("google", "microsoft"))
        at_once, all_of_them = self.count(linked, [*google, *outlook])
        assert sorted(at_once) == [*google[:AT_ONE_VENDOR], *outlook[:AT_ONE_VENDOR]]
        assert len(at_once) == AT_ONCE
        assert sorted(all_of_them) == [*google, *outlook]

    def test_what_was_cancelled_while_it_waited_is_never_asked(self, linked: Linked) -> None:
        asking, let_go = Asking(linked.services), threading.Event()
        first = asking.ask("google-a", lambda: let_go.wait(10))
        second = asking.ask("google-a", lambda: pytest.fail("asked all the same"))
        assert second.cancel()
        third = asking.ask("google-a", lambda: "next")
        let_go.set()
        assert (first.result(10), third.result(10)) == (True, "next")

    def test_what_goes_wrong_is_its_own_callers_alone(self, linked: Linked) -> None:
        asking = Asking(linked.services)
        wrong = asking.ask("google-a", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            wrong.result(10)
        assert asking.ask("google-a", lambda: "next").result(10) == "next"


def test_the_guests_page_reads_no_calendar(linked: Linked) -> None:
    linked.person("a", "google")
    made = linked.program("a").propose(
        attendees=["a@example.com"], organizer="a@example.com", platform="none"
    )
    linked.requests()
    secret = made["guest_url"].rpartition("/")[2]
    assert linked.http.get(f"/g/{secret}").status_code == 200
    assert linked.guest.call("GET", f"/guest/{secret}")[0] == 200
    assert linked.requests() == []
