"""The commands about people and secrets: members, tokens, accounts, guests, keys; parked policies."""

from __future__ import annotations

import io
import json
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime, timedelta

import pytest
from eventsourcing.persistence import StoredEvent

from chouseiapo.accounts.vault import Grant
from chouseiapo.cli import main
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import ERASED
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.proposal import Guest, Platform, Proposal
from chouseiapo.domain.slots import Offer
from chouseiapo.ledger import failing_tasks
from chouseiapo.ports import PortError
from chouseiapo.sandbox import Person
from chouseiapo.storage import Rows
from chouseiapo.tables import parked
from chouseiapo.worker import Worker
from projections.appointments import list_appointments
from tests.journeys.company import company
from tests.product import BY, SECRET, YAMADA
from tests.terminal import Operator, OperatorInside


def propose(operator: Operator, guest: Guest = YAMADA, platform: Platform = Platform.NONE) -> str:
    """One appointment of Tanaka's, three days from now; answers its id."""
    operator.run("member", "add", "tanaka@example.com", "田中 一郎")
    with closing(operator.services()) as services:
        now = services.clock()
        start = (now + timedelta(days=3)).replace(hour=1, minute=0, second=0, microsecond=0)
        tanaka = member_id("tanaka@example.com")
        proposal = Proposal(
            attendees=(tanaka,),
            organizer=tanaka,
            offers=(
                Offer(start, start + timedelta(hours=1)),
                Offer(start + timedelta(hours=2), start + timedelta(hours=3)),
            ),
            guest=guest,
            platform=platform,
        )
        return services.coordination.propose(new_id("appointment"), proposal, tanaka, BY, now).id


def test_a_parked_policy_is_taken_up_as_doctor_advises(operator: Operator, rows: Rows) -> None:
    stream = propose(operator)
    with rows.write() as connection:
        row = {"projection": "policies", "stream": stream, "position": 1, "error": "ValueError"}
        connection.execute(parked.insert().values(row | {"since": datetime.now(UTC)}))
    advice = f"chouseiapo rebuild policies --stream {stream}"
    assert advice in operator.run("doctor").stdout
    assert operator.lines(*advice.split()[1:]) == [{"events": 1}]
    assert stream not in operator.run("doctor").stdout
    refused = operator.run("rebuild", "policies")
    assert (refused.returncode, "--stream" in refused.stderr) == (1, True)


def test_language_and_zone_of_a_member_are_set(operator: Operator) -> None:
    operator.lines("member", "add", "tanaka@example.com", "田中")
    [told] = operator.lines("member", "set", "tanaka@example.com", "--language", "en")
    assert told == {"email": "tanaka@example.com", "language": "en", "zone": ""}
    [told] = operator.lines("member", "set", "tanaka@example.com", "--zone", "America/New_York")
    assert (told["language"], told["zone"]) == ("en", "America/New_York")
    wrong = operator.run("member", "set", "tanaka@example.com", "--zone", "Asia/Edo")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (1, False)


def test_tokens_are_listed_by_ids_that_open_nothing_and_revoked(operator: Operator) -> None:
    operator.lines("member", "add", "tanaka@example.com", "田中")
    first, second = (
        operator.run("token", "create", "--member", "tanaka@example.com").stdout.strip() for _ in range(2)
    )
    listed = operator.lines("token", "list")
    assert [each["member"] for each in listed] == ["tanaka@example.com"] * 2
    assert not [token for token in (first, second) if token in str(listed)]
    assert operator.lines("token", "revoke", listed[0]["id"]) == [{"revoked": listed[0]["id"]}]
    assert operator.lines("token", "list", "--member", "tanaka@example.com") == [listed[1]]
    with closing(operator.services()) as services:
        known = [services.access.member_of_api_token(token) for token in (first, second)]
    assert sorted(map(bool, known)) == [False, True]
    again = operator.run("token", "revoke", listed[0]["id"])
    assert (again.returncode, "token list" in again.stderr) == (1, True)


def test_signing_a_member_out_ends_every_session(operator: Operator) -> None:
    operator.lines("member", "add", "tanaka@example.com", "田中")
    with closing(operator.services()) as services:
        tokens = [
            services.access.open_session(member_id("tanaka@example.com"), services.clock()) for _ in "ab"
        ]
        assert operator.lines("member", "sign-out", "tanaka@example.com") == [{"sessions_ended": 2}]
        assert [services.access.member_of_session(t, services.clock()) for t in tokens] == [None, None]


def test_a_members_feed_is_revoked_by_the_operator(operator: Operator) -> None:
    operator.lines("member", "add", "tanaka@example.com", "田中")
    with closing(operator.services()) as services:
        id = member_id("tanaka@example.com")
        services.coordination.issue_feed(id, BY, services.clock())
        assert operator.lines("member", "revoke-feed", "tanaka@example.com") == [{"feed_revoked": True}]
        assert services.coordination.member(id).feed == 0
    assert operator.lines("member", "revoke-feed", "tanaka@example.com") == [{"feed_revoked": False}]


def test_a_guest_is_erased_by_address_once_nothing_is_to_come(operator: Operator) -> None:
    id = propose(operator)
    refused = operator.run("guest", "erase", "yamada@example.net")
    assert (refused.returncode, json.loads(refused.stdout)["erased"]) == (1, False)
    assert operator.lines("guest", "erase", "Yamada@example.net", "--cancel") == [
        {"appointment": id, "erased": True}
    ]
    with closing(operator.services()) as services:
        [listed] = list_appointments(services.rows, None, datetime.now(UTC))
        assert (listed.state, listed.title) == ("cancelled", ERASED)
        assert services.coordination.appointment(id).guest.name == ERASED
    nobody = operator.run("guest", "erase", "yamada@example.net")
    assert (nobody.returncode, "yamada@example.net" in nobody.stderr) == (1, True)
    assert operator.lines("guest", "erase", id) == [{"appointment": id, "erased": True}]


def test_a_wrong_secret_key_is_refused_and_a_new_one_takes_over(operator: Operator) -> None:
    id, new = propose(operator), "new-" + "n" * 32
    for command in ("doctor", "serve"):
        done = operator.run(command, CHOUSEIAPO_SECRET_KEY=new)
        assert (done.returncode, "keys rotate" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    alone = operator.run("keys", "rotate", CHOUSEIAPO_SECRET_KEY=new)
    assert (alone.returncode, "another key" in alone.stderr) == (1, True)
    operator.environ["CHOUSEIAPO_SECRET_KEY"] = f"{new},{SECRET}"
    [rotated] = operator.lines("keys", "rotate")
    assert (rotated["sealed_anew"], rotated["unreadable"]) == (2, 0)
    operator.environ["CHOUSEIAPO_SECRET_KEY"] = new
    assert "ok   secret key: fits" in operator.run("doctor").stdout
    with closing(operator.services()) as services:
        assert services.coordination.appointment(id).guest == YAMADA


def test_unlinking_clears_the_calendar_and_destroys_the_tokens(database_url: str) -> None:
    person = Person("tanaka@example.com", "田中", "google")
    with company(database_url, [person]) as there:
        operator = OperatorInside(database_url)
        operator.environ |= there.environ
        propose(operator, platform=Platform.ZOOM)
        Worker(there.services).once()
        entries = there.state()["calendars"][person.email]["entries"]
        assert [each["status"] for each in entries] == ["tentative"] * 2
        [google] = operator.lines("member", "unlink", person.email, "google")
        assert (google["unlinked"].partition("-")[0], google["left_on_the_calendar"]) == ("google", 0)
        assert there.state()["calendars"][person.email]["entries"] == []
        member = there.services.coordination.member(member_id(person.email))
        assert (member.calendar, member.zoom is None) == (None, False)
        with pytest.raises(PortError, match="not_linked"):
            there.services.vault.access_token(google["unlinked"])
        [zoom] = operator.lines("member", "unlink", person.email, "zoom")
        assert zoom["unlinked"].startswith("zoom-")
        assert there.services.coordination.member(member.id).links == {}
        again = operator.run("member", "unlink", person.email, "zoom")
        assert (again.returncode, "no zoom account" in again.stderr) == (1, True)


def test_unlinking_again_forgets_what_an_interruption_left(operator: Operator) -> None:
    email = "tanaka@example.com"
    operator.lines("member", "add", email, "田中")
    with closing(operator.services()) as services:
        services.vault.store("google-left-1", member_id(email), "google", Grant("refresh"))
        assert operator.run("member", "unlink", email, "zoom").returncode == 1
        told = operator.lines("member", "unlink", email, "google")
        assert told == [{"unlinked": "google-left-1", "left_on_the_calendar": 0}]
        assert services.vault.held() == []


def test_an_address_s_readable_appointments_are_erased_and_the_others_named(operator: Operator) -> None:
    id, newer = propose(operator), new_id("appointment")
    with closing(operator.services()) as services:
        stored = StoredEvent(newer, 1, Appointment.Proposed.NAME, b'{"v":99}')
        services.coordination.recorder.insert_events([stored])
    done = operator.run("guest", "erase", "yamada@example.net", "--cancel")
    told = {line["appointment"]: line["erased"] for line in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, told) == (1, {id: True, newer: False})


def test_what_a_refused_account_keeps_is_counted_and_troubles_nobody_any_more(database_url: str) -> None:
    person = Person("tanaka@example.com", "田中", "microsoft")
    with company(database_url, [person]) as there:
        operator = OperatorInside(database_url)
        operator.environ |= there.environ
        propose(operator)
        Worker(there.services).once()
        there.sandbox.revoke("microsoft", person.email)
        [told] = operator.lines("member", "unlink", person.email, "microsoft")
        assert told["left_on_the_calendar"] == 2
        Worker(there.services).once()
        assert failing_tasks(there.services.rows) == 0


def test_every_command_says_what_it_does() -> None:
    for arguments in COMMANDS:
        with pytest.raises(SystemExit) as ended, redirect_stdout(io.StringIO()) as told:
            main([*arguments, "--help"])
        assert ended.value.code == 0
        assert len(told.getvalue().splitlines()) > 4, arguments


COMMANDS = [
    words.split()
    for words in (
        "serve",
        "web",
        "worker",
        "demo",
        "sandbox",
        "migrate",
        "doctor",
        "rebuild",
        "remind",
        "invite",
        "member add",
        "member list",
        "member set",
        "member sign-out",
        "member revoke-feed",
        "member link",
        "member unlink",
        "room add",
        "room list",
        "room link",
        "room unlink",
        "token create",
        "token list",
        "token revoke",
        "guest erase",
        "keys rotate",
        "mail preview",
    )
]
