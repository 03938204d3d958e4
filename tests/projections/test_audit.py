"""Comparing calendars with the events, and repairing what is not as wanted."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from chouseiapo.bootstrap import Services
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.slots import CandidateState
from chouseiapo.ports import Entry, Placed, PortError
from chouseiapo.tables import entries, holds, tasks
from projections.audit import Report, ask, calendars_in_use, is_asked, reports
from projections.holds import REPAIR, REPAIR_ALL
from tests.product import BY, YAMADA, Office, at, offer
from tests.projections.test_hands import Desk


@pytest.fixture
def desk(office: Office, services: Services) -> Desk:
    return Desk(office, services)


def compared(desk: Desk, what: str = "audit") -> Report:
    ask(desk.services.rows, [desk.link], what)
    desk.settle()
    assert not is_asked(desk.services.rows, [desk.link], what)
    [report] = reports(desk.services.rows)
    return report


def add_orphans(desk: Desk, appointment: str, *candidates: str) -> None:
    for n, candidate in enumerate(candidates):
        key = f"{desk.link}/{appointment}/{candidate}"
        times = {"start": at(29, n), "end": at(29, n + 1), "time_zone": "Asia/Tokyo"}
        words = {"title": "忘れられた仮予定", "body": "", "location": "", "visibility": "default"}
        entry = Entry(key, appointment, candidate, confirmed=False, **words, **times)  # type: ignore[arg-type]
        desk.board.put(desk.link, [(entry, Placed(key, appointment, candidate))])


def test_calendars_that_are_right_are_reported_so(desk: Desk) -> None:
    desk.propose()
    desk.board.book_by_hand("歯医者", at(25, 5), at(25, 6))
    report = compared(desk)
    assert report.is_right
    assert (report.wanted, report.standing, report.foreign_entries) == (3, 3, 1)


def test_a_missing_entry_is_taken_for_somebodys_hand(desk: Desk) -> None:
    id = desk.propose()
    desk.board.delete_by_hand(desk.key(id, "c2"))
    report = compared(desk)
    assert (report.missing, report.details[0].candidate) == (1, "c2")
    assert desk.app.appointment(id).deviation(desk.office.tanaka, "c2")
    desk.wait()
    assert desk.state(id, "c2") is CandidateState.WITHDRAWN
    assert compared(desk).is_right


def test_a_repair_puts_back_what_is_missing_or_moved(desk: Desk) -> None:
    id = desk.propose()
    before = desk.board.times()
    desk.board.delete_by_hand(desk.key(id, "c2"))
    desk.board.move_by_hand(desk.key(id, "c3"), at(28, 1), at(28, 2))
    report = compared(desk, REPAIR)
    assert (report.missing, report.moved) == (1, 1)
    desk.settle()
    assert desk.board.times() == before
    assert compared(desk).is_right
    assert len(desk.app.appointment(id).open_candidates) == 3


def test_what_bears_our_tag_and_nobody_wants_is_found_and_taken_away(desk: Desk) -> None:
    id = desk.propose()
    add_orphans(desk, id, "c7", "c8")
    assert compared(desk).orphans == 2
    assert len(desk.board.standing) == 5, "to compare takes nothing away"
    compared(desk, REPAIR)
    assert compared(desk).is_right
    assert set(desk.board.times()) == {"c1", "c2", "c3"}


def test_entries_of_another_installation_are_none_of_ours(desk: Desk) -> None:
    desk.propose()
    add_orphans(desk, "appointment-ffffffffffffffffffffffffffffffff", "c1")
    assert compared(desk, REPAIR).orphans == 0
    assert len(desk.board.standing) == 4


def test_very_much_that_is_left_over_stays_until_somebody_says_so_again(desk: Desk) -> None:
    id = desk.propose()
    add_orphans(desk, id, *(f"c{n}" for n in range(10, 30)))
    report = compared(desk, REPAIR)
    assert (report.orphans, report.held_back) == (20, True)
    assert len(desk.board.standing) == 23
    compared(desk, REPAIR_ALL)
    assert compared(desk).is_right
    assert len(desk.board.standing) == 3


def test_an_emptied_calendar_is_asked_about_here_too(desk: Desk) -> None:
    id = desk.propose(tuple(offer(25, hour) for hour in range(12)))
    desk.board.delete_by_hand(*desk.board.stands)
    assert compared(desk).missing == 12
    assert desk.app.owner(desk.office.tanaka).links[desk.link].vanished == 12
    assert desk.app.appointment(id).deviations == []


def test_a_calendar_that_can_not_be_read_says_why(
    desk: Desk, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.propose()

    def refuse(*_: object) -> None:
        raise PortError("calendar_not_found", permanent=True)

    monkeypatch.setattr(desk.board, "entries", refuse)
    ask(services.rows, [desk.link])
    desk.settle()
    [report] = reports(services.rows)
    assert (report.error, report.is_right) == ("calendar_not_found", False)
    assert not is_asked(services.rows, [desk.link])


def test_what_should_be_there_and_was_never_written_is_taken_up(desk: Desk, services: Services) -> None:
    """Whatever made us forget: an operator's hand in the database, a restored backup."""
    desk.propose()
    desk.board.standing.clear()
    with services.rows.write() as connection:
        connection.execute(update(entries).values(vendor_id="", fingerprint=""))
    assert compared(desk).missing == 3
    desk.settle()
    assert set(desk.board.times()) == {"c1", "c2", "c3"}


def test_every_calendar_that_something_of_ours_concerns_is_in_use(desk: Desk, services: Services) -> None:
    desk.office.propose(attendees=(desk.office.suzuki,), organizer=desk.office.suzuki)
    desk.settle()
    in_use = calendars_in_use(desk.app, services.rows)
    assert in_use == sorted([f"builtin-{desk.office.suzuki}", desk.link])
    with services.rows.read() as connection:
        assert set(connection.scalars(select(holds.c.link))) <= set(in_use)
        assert connection.scalar(select(tasks.c.key).where(tasks.c.key == f"{desk.link}/audit")) is None


def test_what_was_put_through_another_link_is_no_orphan(desk: Desk) -> None:
    """A team's calendar that two members have chosen."""
    office = desk.office
    theirs = desk.app.link_account(office.suzuki, Provider.GOOGLE, "2", "suzuki@example.com", BY, desk.now)
    id = office.propose(attendees=(office.tanaka, office.suzuki), offers=(offer(25, 1), offer(26, 1))).id
    desk.settle()
    assert len(desk.board.standing) == 4
    for link in (desk.link, theirs):
        ask(desk.services.rows, [link], REPAIR)
        desk.settle()
    assert [r.orphans for r in reports(desk.services.rows)] == [0, 0]
    assert len(desk.board.standing) == 4
    assert len(desk.app.appointment(id).open_candidates) == 2


def test_what_a_hand_has_moved_stays_while_that_is_asked_about(desk: Desk) -> None:
    id = desk.propose()
    desk.app.confirm(id, "c1", YAMADA, BY, desk.now)
    desk.settle()
    desk.board.move_by_hand(desk.key(id, "c1"), at(26, 5), at(26, 6))
    desk.wait()
    assert desk.app.appointment(id).question
    report = compared(desk, REPAIR)
    assert (report.orphans, report.is_right) == (0, True)
    assert desk.board.times() == {"c1": (at(26, 5), at(26, 6))}


def test_what_was_moved_into_the_past_is_moved_back_and_not_made_twice(desk: Desk) -> None:
    id = desk.propose()
    desk.board.move_by_hand(desk.key(id, "c2"), at(20, 1), at(20, 2))
    report = compared(desk, REPAIR)
    assert (report.missing, report.moved) == (0, 1)
    desk.settle()
    assert len(desk.board.standing) == 3
    assert desk.board.times()["c2"] == (at(26, 2), at(26, 3))


def test_a_calendar_that_was_unlinked_and_let_go_is_no_longer_compared(desk: Desk) -> None:
    id = desk.propose()
    desk.app.confirm(id, "c1", YAMADA, BY, desk.now)
    desk.settle()
    desk.now = at(27, 0)
    desk.app.unlink_account(desk.office.tanaka, Provider.GOOGLE, BY, desk.now)
    desk.settle()
    assert desk.link not in calendars_in_use(desk.app, desk.services.rows)


def test_a_repair_right_after_the_comparison_puts_back_what_that_has_noted(desk: Desk) -> None:
    id = desk.propose()
    before = desk.board.times()
    desk.board.delete_by_hand(desk.key(id, "c2"))
    desk.board.move_by_hand(desk.key(id, "c3"), at(28, 1), at(28, 2))
    assert compared(desk).missing == 1
    assert len(desk.app.appointment(id).deviations) == 2
    compared(desk, REPAIR)
    desk.wait()
    assert desk.board.times() == before
    assert len(desk.app.appointment(id).open_candidates) == 3


def test_what_was_left_on_another_calendar_is_found_when_the_account_is_linked_again(desk: Desk) -> None:
    desk.app.choose_calendar(desk.link, BY, desk.now, calendar="team")
    desk.propose()
    assert len(desk.board.standing) == 3
    desk.app.unlink_account(desk.office.tanaka, Provider.GOOGLE, BY, desk.now, Leaving.KEEP)
    desk.settle()
    desk.app.link_account(desk.office.tanaka, Provider.GOOGLE, "1", "tanaka@example.com", BY, desk.now)
    desk.app.choose_calendar(desk.link, BY, desk.now, calendar="")
    desk.settle()
    left = [s for s in desk.board.standing.values() if s.calendar == "team"]
    assert len(left) == 3
    assert compared(desk, REPAIR).orphans == 3
    assert {s.calendar for s in desk.board.standing.values()} == {""}
