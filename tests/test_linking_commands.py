"""The commands about linked calendars: rooms have them, too, and unlinking says what becomes of entries."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chouseiapo.domain.ids import new_id
from chouseiapo.domain.proposal import Platform, Proposal
from chouseiapo.domain.slots import Offer
from chouseiapo.sandbox import Person
from chouseiapo.worker import Worker
from tests.journeys.company import Company, company
from tests.product import BY, YAMADA
from tests.terminal import Operator, OperatorInside

PERSON = Person("tanaka@example.com", "田中", "google")


@pytest.fixture
def there(database_url: str) -> Iterator[Company]:
    with company(database_url, [PERSON]) as there:
        yield there


@pytest.fixture
def operator(there: Company, database_url: str) -> Operator:
    found = OperatorInside(database_url)
    found.environ |= there.environ
    return found


def furnished(there: Company, room: str = "") -> None:
    """Two holds and a confirmed appointment, as far as calendars go."""
    app = there.services.coordination
    tanaka = app.member(new_id("member", PERSON.email)).id
    start = (there.services.clock() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    slots = [
        Offer(start + timedelta(hours=2 * n), start + timedelta(hours=2 * n + 1), room or None)
        for n in range(3)
    ]
    for n, offers in enumerate((tuple(slots[:2]), (slots[2],))):
        proposal = Proposal(
            attendees=(tanaka,), organizer=tanaka, offers=offers, guest=YAMADA, platform=Platform.NONE
        )
        made = app.propose(new_id("appointment"), proposal, tanaka, BY, there.services.clock())
        if n:
            app.confirm(made.id, "c1", YAMADA, BY, there.services.clock())


def entries(there: Company, calendar: str) -> list[str]:
    return sorted(entry["status"] for entry in there.state()["calendars"][calendar]["entries"])


@pytest.mark.parametrize(
    ("leave", "left"),
    [
        ([], ["confirmed"]),
        (["--leave", "remove"], []),
        (["--leave", "keep"], ["confirmed", "tentative", "tentative"]),
    ],
)
def test_unlinking_a_member_leaves_what_was_asked_for(
    there: Company, operator: Operator, leave: list[str], left: list[str]
) -> None:
    furnished(there)
    Worker(there.services).once()
    assert entries(there, PERSON.email) == ["confirmed", "tentative", "tentative"]
    [told] = operator.lines("member", "unlink", PERSON.email, "google", *leave)
    assert told["left_on_the_calendar"] == 0, "nothing that should have gone"
    assert entries(there, PERSON.email) == left


def test_who_has_calendars_compared_sends_nobody_mail(there: Company, operator: Operator) -> None:
    furnished(there)
    compared = operator.run("doctor", "calendars")
    assert (compared.returncode, "3 wanted, 3 there" in compared.stdout) == (0, True), compared.stdout
    assert entries(there, PERSON.email) == ["confirmed", "tentative", "tentative"]
    assert there.state()["mails"] == []
    Worker(there.services).once()
    assert there.state()["mails"] != []


def test_a_room_is_linked_listed_and_unlinked(
    there: Company, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = there.sandbox.add_room("会議室A", "google", [PERSON.email])
    token = there.sandbox.grant("google", PERSON.email, [f"{ROOT}calendar.events", *OTHERS])
    monkeypatch.setattr("sys.stdin", io.StringIO(token))
    [made] = operator.lines("room", "link", there.room, "google", "--calendar", resource.id)
    furnished(there, there.room)
    Worker(there.services).once()
    assert entries(there, resource.id) == ["confirmed", "tentative", "tentative"]
    [listed] = operator.lines("room", "list")
    assert (listed["id"], listed["calendar"]) == (there.room, f"google {resource.id}")
    [told] = operator.lines("room", "unlink", there.room, "google", "--leave", "remove")
    assert (told["unlinked"], told["left_on_the_calendar"]) == (made["link"], 0)
    assert entries(there, resource.id) == []
    [listed] = operator.lines("room", "list")
    assert listed["calendar"] is None
    again = operator.run("room", "unlink", there.room, "google")
    assert (again.returncode, "no google account" in again.stderr) == (1, True)


def test_a_room_that_is_none_is_refused_with_the_way_to_their_ids(operator: Operator) -> None:
    refused = operator.run("room", "unlink", "room-none", "google")
    assert (refused.returncode, "room list" in refused.stderr) == (1, True)


ROOT = "https://www.googleapis.com/auth/"
OTHERS = [
    "openid",
    f"{ROOT}userinfo.email",
    f"{ROOT}calendar.events.freebusy",
    f"{ROOT}calendar.calendarlist.readonly",
]
