"""Zoom hosts against the simulated vendor, with real workers: the organization's, and members' who leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import requests

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.ids import link_owner, member_id, new_id
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Platform, Proposal
from chouseiapo.domain.slots import Offer, Slot
from chouseiapo.forgetting import Forgetting
from chouseiapo.sandbox import Person
from chouseiapo.worker import Worker
from projections.meetings import known_meetings
from tests.journeys.company import Company, company
from tests.product import BY, YAMADA
from tests.terminal import Operator, OperatorInside

TANAKA = Person("tanaka@example.com", "田中", "google")
HOST = "host01@example.com"


@pytest.fixture
def there(database_url: str) -> Iterator[Company]:
    with company(database_url, [TANAKA], calendars=False) as there:
        yield there


@pytest.fixture
def operator(there: Company, database_url: str) -> Operator:
    found = OperatorInside(database_url)
    found.environ |= there.environ
    return found


def confirmed(there: Company, days: int = 3) -> Appointment:
    """On Zoom, organized by Tanaka, with all that the worker makes of it."""
    app, tanaka, now = there.services.coordination, member_id(TANAKA.email), there.services.clock()
    start = (now + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    proposal = Proposal(
        attendees=(tanaka,),
        organizer=tanaka,
        offers=(Offer(start, start + timedelta(hours=1)),),
        guest=YAMADA,
        platform=Platform.ZOOM,
    )
    made = app.propose(new_id("appointment"), proposal, tanaka, BY, now)
    app.confirm(made.id, "c1", YAMADA, BY, now)
    Worker(there.services).once()
    return app.appointment(made.id)


def meetings(there: Company, host: str) -> list[dict[str, Any]]:
    return [each for each in there.state()["meetings"] if each["host"] == host]


def held(there: Company) -> set[str]:
    return {each.link for each in there.services.vault.held()}


def choose_host(there: Company, email: str = HOST) -> str:
    user = next(each for each in there.services.zoom_organization.users() if each.email == email)
    return there.services.keep_host(user, BY)


def unlink(there: Company, leave: Leaving) -> None:
    services = there.services
    tanaka, now = member_id(TANAKA.email), services.clock()
    services.coordination.unlink_account(tanaka, Provider.ZOOM, BY, now, leave)


class TestTheOrganizationS:
    def test_host_serves_who_has_no_zoom(self, there: Company) -> None:
        unlink(there, Leaving.KEEP)
        link = choose_host(there)
        appointment = confirmed(there)
        [meeting] = meetings(there, HOST)
        assert appointment.meeting is not None
        assert appointment.meeting.meeting_id == str(meeting["id"])
        assert (appointment.conference.host, appointment.conference.reserved) == (link, link)
        start = appointment.candidates["c1"].start + timedelta(hours=2)
        app, now = there.services.coordination, there.services.clock()
        app.move(appointment.id, Slot(start, start + timedelta(hours=1)), BY, now)
        Worker(there.services).once()
        [moved] = meetings(there, HOST)
        assert (moved["id"], moved["start"][:13]) == (meeting["id"], start.isoformat()[:13])
        address = there.services.conferencing.start_url(link, appointment.meeting.meeting_id)
        assert "zak=" in address
        app.cancel(appointment.id, "", BY, now)
        Worker(there.services).once()
        assert meetings(there, HOST) == []

    def test_host_is_known_with_plan_and_address(self, there: Company) -> None:
        standing = there.services.coordination.linked(choose_host(there, "kobayashi@example.com"))
        assert standing is not None
        assert (standing.account, standing.plan) == ("kobayashi@example.com", "basic")

    def test_host_who_is_a_member_s_account_moves(self, there: Company) -> None:
        link = choose_host(there, TANAKA.email)
        tanaka = there.services.coordination.member(member_id(TANAKA.email))
        assert tanaka.zoom is None
        assert there.services.coordination.account(link).holder == link
        assert link_owner(link) == ORGANIZATION

    def test_host_who_is_let_go_takes_nobody_s_consent_along(self, there: Company) -> None:
        link = choose_host(there)
        there.services.vault.access_token(link)
        there.services.coordination.unlink(link, BY, there.services.clock(), Leaving.KEEP)
        there.services.forget_account(link)
        assert link not in held(there)
        assert [r for r in there.state()["requests"] if r["path"].endswith("/revoke")] == []

    def test_hosts_are_chosen_at_the_terminal(self, there: Company, operator: Operator) -> None:
        assert operator.lines("host", "add", HOST)[0]["plan"] == "licensed"
        shown = {each["email"]: each for each in operator.lines("host", "list")}
        assert (shown[HOST]["hosts"], shown[HOST]["today"]) == (True, "0/100")
        assert not shown["host02@example.com"]["hosts"]
        assert operator.run("host", "add", "nobody@example.com").returncode == 1
        free = operator.run("host", "add", "kobayashi@example.com")
        assert (free.returncode, "40 minutes" in free.stderr) == (1, True)
        operator.lines("host", "remove", HOST)
        assert there.services.coordination.organization().hosts == []
        assert operator.run("host", "remove", HOST).returncode == 1


class TestWhoLeaves:
    def test_and_takes_the_meetings_along(self, there: Company) -> None:
        appointment = confirmed(there)
        [link] = held(there)
        unlink(there, Leaving.REMOVE)
        Forgetting(there.services).once()
        assert held(there) == {link}, "as long as something is to be deleted with them"
        Worker(there.services).once()
        assert meetings(there, TANAKA.email) == []
        waiting = there.services.coordination.appointment(appointment.id)
        assert (waiting.meeting, waiting.awaits_meeting) == (None, True)
        forgetting = Forgetting(there.services)
        for _ in range(2):
            forgetting.once()
        assert held(there) == set()

    def test_at_the_terminal_tokens_live_until_meetings_are_gone(
        self, there: Company, operator: Operator
    ) -> None:
        confirmed(there)
        operator.lines("member", "unlink", TANAKA.email, "zoom", "--leave", "remove")
        assert meetings(there, TANAKA.email) == []
        assert held(there) == set()

    def test_and_leaves_the_meetings_where_they_are(self, there: Company, operator: Operator) -> None:
        appointment = confirmed(there)
        operator.lines("member", "unlink", TANAKA.email, "zoom", "--leave", "keep")
        assert len(meetings(there, TANAKA.email)) == 1
        assert there.services.coordination.appointment(appointment.id).meeting is not None


class TestComparing:
    def orphan(self, there: Company) -> None:
        """A meeting like the one that stands, made by a request whose answer never came."""
        appointment = confirmed(there)
        with there.services.rows.read() as connection:
            [known] = known_meetings(connection, appointment.id)
        plan = there.services.meetings.plan(appointment)
        assert plan is not None
        there.services.conferencing.create(known.link, msgspec.structs.replace(plan, topic="二つ目"))

    def test_shows_and_mends_what_nobody_knows(self, there: Company, operator: Operator) -> None:
        self.orphan(there)
        shown = operator.run("doctor", "meetings")
        assert (shown.returncode, "2 of ours there, 0 missing, 1 that nobody knows" in shown.stdout) == (
            1,
            True,
        )
        assert len(meetings(there, TANAKA.email)) == 2
        mended = operator.run("doctor", "meetings", "--repair")
        assert (mended.returncode, mended.stdout[:4]) == (0, "ok  ")
        [left] = meetings(there, TANAKA.email)
        assert left["topic"] != "二つ目"

    def test_what_a_host_deleted_is_asked_about(self, there: Company, operator: Operator) -> None:
        appointment = confirmed(there)
        [meeting] = meetings(there, TANAKA.email)
        there.sandbox.delete_zoom_meeting(meeting["id"], silent=True)
        operator.run("doctor", "meetings", "--repair")
        Worker(there.services).once()
        assert there.services.coordination.appointment(appointment.id).conference.asked

    def test_the_doctor_says_how_zoom_is(self, there: Company, operator: Operator) -> None:
        choose_host(there)
        said = operator.run("doctor").stdout
        assert "zoom: the organization's app works" in said
        assert f"link: zoom host {HOST}: works" in said
        broken = operator.run("doctor", CHOUSEIAPO_ZOOM_S2S_CLIENT_SECRET="another").stdout
        assert "BAD  zoom: the organization's app: client_refused" in broken
        part = operator.run("doctor", CHOUSEIAPO_ZOOM_ACCOUNT_ID="").stdout
        assert "BAD  zoom: the organization's app is named in part" in part


def test_a_consent_at_zoom_s_page_links_the_account_with_what_it_is(there: Company) -> None:
    """Free accounts are told apart, because their meetings end after 40 minutes."""
    services = there.services
    there.sandbox.add_person("suzuki@example.com", "鈴木", "google")
    there.sandbox.change_zoom_user("suzuki@example.com", type=1)
    suzuki = services.coordination.register_member("suzuki@example.com", "鈴木", BY, services.clock()).id
    begun = services.consents["zoom"].begin("http://127.0.0.1:8000/settings/linked/zoom", "", for_room=False)
    form = {"email": "suzuki@example.com"}
    back = requests.post(begun.url, data=form, allow_redirects=False, timeout=10).headers["Location"]
    answer = dict(part.split("=", 1) for part in back.partition("?")[2].split("&"))
    granted = services.consents["zoom"].finish(begun.kept, answer)
    services.keep_account(suzuki, Provider.ZOOM, granted, BY)
    link = services.coordination.member(suzuki).zoom
    assert link is not None
    assert (link.plan, link.missing, link.account) == ("basic", (), "suzuki@example.com")
