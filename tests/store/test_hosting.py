"""One Zoom account speaks for one alone, one host is booked once: whoever races."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Invalid, NotFound
from chouseiapo.domain.links import AccountUnlinked, Leaving, Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Meeting, Platform
from chouseiapo.domain.recurrence import Frequency, Recurrence
from tests.product import BY, NOW, YAMADA, Office, offer


def together(*acts: Callable[[], object]) -> None:
    """All of them at once, as far as threads can."""
    barrier, failures = threading.Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except BaseException as failure:  # told below, where pytest sees it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def unlinked_of(office: Office, member: str) -> list[AccountUnlinked]:
    return [event for event in office.app.stream(member) if isinstance(event, AccountUnlinked)]


class TestOneAccountOneMember:
    def test_linked_elsewhere_it_leaves_the_first_who_can_be_told_why(self, office: Office) -> None:
        link = office.app.link_account(office.suzuki, Provider.ZOOM, "tanaka@example.com", "t", BY, NOW)
        assert office.app.member(office.tanaka).zoom is None
        assert office.app.account(link).holder == link
        [left] = unlinked_of(office, office.tanaka)
        assert (left.moved_to, left.leave) == (office.suzuki, Leaving.KEEP)

    def test_raced_for_one_has_it_in_the_end(self, office: Office) -> None:
        members = (office.tanaka, office.suzuki, office.sato)

        def take(member: str) -> Callable[[], object]:
            return lambda: office.app.link_account(member, Provider.ZOOM, "shared", "shared@z", BY, NOW)

        together(*(take(member) for member in members))
        holding = [m for m in members if (zoom := office.app.member(m).zoom) and zoom.account == "shared@z"]
        assert len(holding) == 1
        zoom = office.app.member(holding[0]).zoom
        assert zoom is not None
        assert office.app.account(zoom.id).holder == zoom.id

    def test_one_from_before_accounts_were_claimed_is_moved_as_well(self, office: Office) -> None:
        before = office.zoom[office.tanaka]
        account = office.app.account(before)
        account.release(before, NOW)
        office.app.save_all(BY, account)
        office.app.link_account(
            office.suzuki, Provider.ZOOM, "tanaka@example.com", "t", BY, NOW, others=[before]
        )
        assert office.app.member(office.tanaka).zoom is None

    def test_unlinked_or_replaced_it_is_free(self, office: Office) -> None:
        first = office.zoom[office.tanaka]
        office.app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW, Leaving.KEEP)
        assert office.app.account(first).holder == ""
        second = office.app.link_account(office.tanaka, Provider.ZOOM, "another", "a", BY, NOW)
        office.app.link_account(office.tanaka, Provider.ZOOM, "third", "b", BY, NOW)
        assert office.app.account(second).holder == ""
        with pytest.raises(NotFound):
            office.app.unlink_account(office.room, Provider.ZOOM, BY, NOW)


@pytest.fixture
def host(office: Office) -> str:
    """The organization's only host; nobody has Zoom of their own."""
    for member in (office.tanaka, office.suzuki, office.sato):
        office.app.unlink_account(member, Provider.ZOOM, BY, NOW, Leaving.KEEP)
    return office.app.link_account(ORGANIZATION, Provider.ZOOM, "host", "host@example.com", BY, NOW)


def offered(office: Office, attendee: str) -> Appointment:
    return office.propose(
        platform=Platform.ZOOM, attendees=(attendee,), organizer=attendee, offers=(offer(25, 1),)
    )


class TestHostsOfTheOrganization:
    def test_it_hosts_for_whoever_has_no_account(self, office: Office, host: str) -> None:
        appointment = offered(office, office.tanaka)
        confirmed = office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        assert confirmed.conference.reserved == host

    def test_without_any_zoom_is_refused_at_its_field(self, office: Office, host: str) -> None:
        office.app.unlink(host, BY, NOW)
        with pytest.raises(Invalid) as refused:
            offered(office, office.tanaka)
        assert [(p.field, p.code) for p in refused.value.problems] == [("platform", "zoom_not_linked")]

    def test_an_account_of_ones_own_comes_first(self, office: Office, host: str) -> None:
        office.app.link_account(office.tanaka, Provider.ZOOM, "own", "own@example.com", BY, NOW)
        appointment = offered(office, office.tanaka)
        assert office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW).conference.reserved == ""

    def test_raced_for_it_is_booked_once_and_the_other_time_stands_without(
        self, office: Office, host: str
    ) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        together(*(lambda id=each.id: office.app.confirm(id, "c1", YAMADA, BY, NOW) for each in (one, other)))
        booked = [office.app.appointment(each.id).conference.reserved for each in (one, other)]
        assert sorted(booked) == ["", host]

    def test_a_second_host_takes_the_second_time(self, office: Office, host: str) -> None:
        second = office.app.link_account(ORGANIZATION, Provider.ZOOM, "host-2", "h2@example.com", BY, NOW)
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        booked = {
            office.app.confirm(each.id, "c1", YAMADA, BY, NOW).conference.reserved for each in (one, other)
        }
        assert booked == {host, second}

    def test_cancelled_it_is_free_for_whoever_asks_for_a_meeting_then(
        self, office: Office, host: str
    ) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        office.app.confirm(other.id, "c1", YAMADA, BY, NOW)
        office.app.cancel(one.id, "", BY, NOW)
        assert office.app.request_meeting(other.id, BY, NOW).conference.reserved == host

    def test_it_goes_with_an_appointment_that_is_moved(self, office: Office, host: str) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        office.app.move(one.id, offer(27, 1).slot, BY, NOW)
        assert office.app.confirm(other.id, "c1", YAMADA, BY, NOW).conference.reserved == host

    def test_busy_at_the_time_it_is_moved_to_another_one_hosts_it(self, office: Office, host: str) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        office.app.move(one.id, offer(27, 1).slot, BY, NOW)
        office.app.confirm(other.id, "c1", YAMADA, BY, NOW)
        office.app.issue_meeting(other.id, Meeting("https://zoom.example/j/1", "1"), host, BY, NOW)
        with pytest.raises(Invalid) as refused:
            office.app.move(other.id, offer(27, 1).slot, BY, NOW)
        assert [(p.field, p.code) for p in refused.value.problems] == [("start", "hosts_reserved")]
        second = office.app.link_account(ORGANIZATION, Provider.ZOOM, "host-2", "h2@example.com", BY, NOW)
        moved = office.app.move(other.id, offer(27, 1).slot, BY, NOW)
        assert (moved.conference.reserved, moved.conference.generation) == (second, 2)
        third = offered(office, office.sato)
        assert office.app.confirm(third.id, "c1", YAMADA, BY, NOW).conference.reserved == host

    def test_moved_while_nothing_is_to_be_made_another_is_booked_and_nothing_made(
        self, office: Office, host: str
    ) -> None:
        office.app.choose_meeting_options(ORGANIZATION, MeetingOptions(automatic=False), BY, NOW)
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        office.app.move(one.id, offer(27, 1).slot, BY, NOW)
        office.app.confirm(other.id, "c1", YAMADA, BY, NOW)
        second = office.app.link_account(ORGANIZATION, Provider.ZOOM, "host-2", "h2@example.com", BY, NOW)
        moved = office.app.move(other.id, offer(27, 1).slot, BY, NOW)
        assert (moved.conference.reserved, moved.awaits_meeting) == (second, False)

    def test_what_found_no_host_gets_one_where_it_is_moved_to(self, office: Office, host: str) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        assert office.app.confirm(other.id, "c1", YAMADA, BY, NOW).conference.reserved == ""
        moved = office.app.move(other.id, offer(27, 1).slot, BY, NOW)
        assert (moved.conference.reserved, moved.awaits_meeting) == (host, True)

    def test_moved_to_where_the_host_is_taken_an_account_of_ones_own_serves(
        self, office: Office, host: str
    ) -> None:
        one, other = offered(office, office.tanaka), offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        office.app.move(one.id, offer(27, 1).slot, BY, NOW)
        office.app.confirm(other.id, "c1", YAMADA, BY, NOW)
        office.app.link_account(office.suzuki, Provider.ZOOM, "own", "own@example.com", BY, NOW)
        assert office.app.move(other.id, offer(27, 1).slot, BY, NOW).conference.reserved == ""

    def test_for_what_is_to_come_of_a_series_nobody_minds_when_the_host_was_taken_before(
        self, office: Office, host: str
    ) -> None:
        weekly = Recurrence(Frequency.WEEKLY, 2)
        one = offered(office, office.suzuki)
        office.app.confirm(one.id, "c1", YAMADA, BY, NOW)
        series = office.propose(
            platform=Platform.ZOOM,
            direct=True,
            recurrence=weekly,
            offers=(offer(25, 1),),
            attendees=(office.tanaka,),
            organizer=office.tanaka,
        )
        assert series.conference.reserved == ""
        after = office.app.request_meeting(series.id, BY, series.occurrences[0].end)
        assert after.conference.reserved == host


class TestLayers:
    def test_by_hand_where_the_organization_wants_it_so(self, office: Office, services: Services) -> None:
        by_hand = MeetingOptions(automatic=False)
        office.app.choose_meeting_options(ORGANIZATION, by_hand, BY, NOW)
        appointment = office.propose(platform=Platform.ZOOM)
        assert not office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW).awaits_meeting

    def test_unless_the_organizer_wants_it_at_once(self, office: Office) -> None:
        office.app.choose_meeting_options(ORGANIZATION, MeetingOptions(automatic=False), BY, NOW)
        office.app.choose_meeting_options(office.tanaka, MeetingOptions(automatic=True), BY, NOW)
        appointment = office.propose(platform=Platform.ZOOM)
        assert office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW).awaits_meeting
