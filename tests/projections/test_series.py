"""Series and whole days on calendars and in mails: each time has an entry and a fate of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Answer, Appointment, Edit
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Delivery, Guest
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Offer
from chouseiapo.worker import Worker
from projections.feed import Feeds
from projections.outbox import mails_of
from tests.mail import libical
from tests.product import BY, NOW, Office, at, offer
from tests.projections.test_hands import Desk
from tests.projections.test_outbox import event_in
from tests.projections.test_policies import states

WEEKLY = Recurrence(Frequency.WEEKLY, 4)


@pytest.fixture
def desk(office: Office, services: Services) -> Desk:
    return Desk(office, services)


def register(office: Office, **changes: Any) -> Appointment:
    standing: dict[str, Any] = {"direct": True, "offers": (offer(25, 1),), "recurrence": WEEKLY}
    return office.propose(**({"attendees": (office.tanaka,)} | standing | changes))


def registered(desk: Desk, **changes: Any) -> str:
    id = register(desk.office, **changes).id
    desk.settle()
    return id


class TestEntries:
    def test_every_time_has_an_entry_of_its_own_confirmed_from_the_start(self, desk: Desk) -> None:
        registered(desk)
        assert desk.board.times() == {
            f"c{n + 1}": (at(25, 1) + timedelta(weeks=n), at(25, 2) + timedelta(weeks=n)) for n in range(4)
        }
        assert {e.confirmed for e in desk.board.stands.values()} == {True}

    def test_one_that_is_cancelled_leaves_the_others(self, desk: Desk) -> None:
        id = registered(desk)
        desk.app.cancel_occurrence(id, "c2", "", BY, desk.now)
        desk.settle()
        assert set(desk.board.times()) == {"c1", "c3", "c4"}

    def test_who_joins_later_gets_the_times_to_come_and_who_leaves_keeps_the_others(self, desk: Desk) -> None:
        id, office = registered(desk, attendees=(desk.office.tanaka, desk.office.suzuki)), desk.office
        desk.app.revise(id, Edit(), BY, at(26, 0), [office.tanaka, office.sato])
        wanted = desk.services.entry_writer.wanted(desk.app.appointment(id))
        of = {
            who: [w.entry.candidate for w in wanted if w.owner == who] for who in (office.suzuki, office.sato)
        }
        assert of == {office.suzuki: ["c1"], office.sato: ["c2", "c3", "c4"]}

    def test_cancelled_whole_it_leaves_nothing(self, desk: Desk) -> None:
        id = registered(desk)
        desk.app.cancel(id, "", BY, desk.now)
        desk.settle()
        assert desk.board.times() == {}

    def test_cancelled_half_way_it_leaves_what_took_place_as_it_was(self, desk: Desk) -> None:
        id = registered(desk)
        before = dict(desk.board.stands)
        desk.now = at(26, 0)
        desk.app.cancel(id, "", BY, desk.now)
        desk.settle()
        [(key, left)] = desk.board.stands.items()
        assert (left.candidate, left) == ("c1", before[key])

    def test_what_took_place_stays_where_it_stood_whatever_is_linked_afterwards(self, desk: Desk) -> None:
        id, office = registered(desk), desk.office
        new = desk.app.link_account(office.tanaka, Provider.GOOGLE, "2", "other@example.com", BY, at(26, 0))
        wanted = desk.services.entry_writer.wanted(desk.app.appointment(id))
        assert {w.entry.candidate: w.link for w in wanted} == {
            "c1": desk.link,
            "c2": new,
            "c3": new,
            "c4": new,
        }

    def test_whole_days_are_told_to_the_calendar(self, desk: Desk) -> None:
        registered(desk, recurrence=None, offers=(Offer(at(24, 15), at(27, 15), None, all_day=True),))
        [entry] = desk.board.stands.values()
        assert entry.all_day
        assert [str(day) for day in entry.days] == ["2026-11-25", "2026-11-28"]


class TestHands:
    def test_one_that_is_deleted_by_hand_is_asked_about(self, desk: Desk) -> None:
        id = registered(desk)
        desk.board.delete_by_hand(desk.key(id, "c3"))
        desk.wait()
        asked = desk.app.appointment(id).question
        assert asked is not None
        assert (asked.candidate, asked.gone) == ("c3", True)
        assert set(desk.board.times()) == {"c1", "c2", "c4"}

    def test_kept_it_comes_back(self, desk: Desk) -> None:
        id = registered(desk)
        desk.board.delete_by_hand(desk.key(id, "c3"))
        desk.wait()
        desk.app.answer_question(id, desk.office.tanaka, "c3", Answer.KEEP, BY, desk.now)
        desk.settle()
        assert set(desk.board.times()) == {"c1", "c2", "c3", "c4"}

    def test_cancelled_alone_it_stays_away_and_nothing_else_goes(self, desk: Desk) -> None:
        id = registered(desk)
        desk.board.delete_by_hand(desk.key(id, "c3"))
        desk.wait()
        desk.app.answer_question(id, desk.office.tanaka, "c3", Answer.CANCEL_OCCURRENCE, BY, desk.now)
        desk.wait()
        assert set(desk.board.times()) == {"c1", "c2", "c4"}
        assert desk.app.appointment(id).question is None
        assert desk.names(id)[-2:] == ["organizer-answered", "occurrence-cancelled"]

    def test_one_that_is_moved_by_hand_is_asked_about_and_the_others_are_not(self, desk: Desk) -> None:
        id = registered(desk)
        desk.board.move_by_hand(desk.key(id, "c2"), at(30, 1), at(30, 2))
        desk.wait()
        [deviation] = desk.app.appointment(id).deviations
        assert (deviation.candidate, deviation.start, deviation.asked) == ("c2", at(30, 1), True)

    def test_days_that_are_moved_by_hand_are_asked_about(self, desk: Desk) -> None:
        days = (Offer(at(24, 15), at(25, 15), None, all_day=True),)
        id = registered(desk, recurrence=None, offers=days)
        desk.board.move_by_hand(desk.key(id, "c1"), at(25, 15), at(26, 15))
        desk.wait()
        asked = desk.app.appointment(id).question
        assert asked is not None
        assert (asked.start, asked.end) == (at(25, 15), at(26, 15))


class TestOthers:
    def test_candidates_of_others_are_taken_by_each_time(self, office: Office, services: Services) -> None:
        weeks = [offer(25, 1), *(_later(offer(25, 1), n) for n in (1, 2, 4))]
        others = office.propose(attendees=(office.tanaka,), offers=tuple(weeks))
        Worker(services).read()
        register(office)
        Worker(services).read()
        assert states(office, others) == {"c1": "taken", "c2": "taken", "c3": "taken", "c4": "open"}


def _later(first: Offer, weeks: int) -> Offer:
    return Offer(first.start + timedelta(weeks=weeks), first.end + timedelta(weeks=weeks))


class TestMails:
    def told(self, office: Office, appointment: Appointment) -> list[tuple[str, str]]:
        return [(mail.rule, mail.recipient) for mail in mails_of(office.app.stream(appointment.id))]

    def test_nobody_is_asked_to_pick_what_is_fixed(self, office: Office) -> None:
        appointment = register(office)
        assert self.told(office, appointment) == [("confirmation", "guest"), ("confirmation", office.tanaka)]

    def test_a_guest_without_an_address_is_not_written_to(self, office: Office) -> None:
        appointment = register(office, guest=Guest(name="山田太郎"), delivery=Delivery.LINK)
        assert self.told(office, appointment) == [("confirmation", office.tanaka)]

    def test_the_invitation_is_the_series(self, office: Office, services: Services) -> None:
        appointment = register(office)
        mail = next(m for m in mails_of(office.app.stream(appointment.id)) if m.recipient == "guest")
        event = event_in(services, mail)
        assert event["METHOD"] == "REQUEST"
        assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=4"
        assert "EXDATE" not in event

    def test_one_that_is_called_off_is_taken_out_of_it(self, office: Office, services: Services) -> None:
        appointment = register(office)
        office.app.cancel_occurrence(appointment.id, "c2", "休業日のため", BY, NOW)
        told = mails_of(office.app.stream(appointment.id))
        last = [m for m in told if m.rule == "occurrence_cancelled"]
        assert [m.recipient for m in last] == ["guest", office.tanaka]
        before, after = (event_in(services, m) for m in (told[0], last[0]))
        assert after["UID"] == before["UID"]
        assert after["SEQUENCE"] > before["SEQUENCE"]
        assert after["EXDATE"].dts[0].dt.isoformat() == "2026-12-02T10:00:00+09:00"
        text = services.composer.compose(last[0], NOW).get_body(("plain",))
        assert text is not None
        assert "12月2日(水) 10:00〜11:00" in text.get_content()
        assert "休業日のため" in text.get_content()

    def test_what_has_taken_place_is_neither_told_nor_called_off(
        self, office: Office, services: Services
    ) -> None:
        appointment = register(office)
        begun = appointment.occurrences[0].end
        office.app.revise(appointment.id, Edit(), BY, begun, [office.tanaka, office.sato])
        office.app.cancel(appointment.id, "", BY, begun)
        for mail in mails_of(office.app.stream(appointment.id))[-4:]:
            text = services.composer.compose(mail, begun).get_body(("plain",))
            assert text is not None
            told = text.get_content()
            assert "12月2日(水) 10:00〜11:00" in told
            assert "11月25日" not in told, mail.rule


def test_a_feed_has_every_time_and_says_which_was_called_off(office: Office, services: Services) -> None:
    days = (Offer(at(24, 15), at(27, 15), None, all_day=True),)
    series, trip = register(office, offers=(offer(29, 1),)), register(office, recurrence=None, offers=days)
    office.app.cancel_occurrence(series.id, "c2", "", BY, NOW)
    Worker(services).read()
    feeds = Feeds(office.app, services.rows, services.entry_writer, services.settings)
    content = feeds.calendar(feeds.of(office.app.member(office.tanaka), NOW))
    assert libical.complaints(content) == []
    calendar: Any = Calendar.from_ical(content)
    events = {str(e["UID"]).partition("@")[0]: e for e in calendar.walk("VEVENT")}
    told = {f"c{n}": str(events[f"{series.id}-c{n}"]["STATUS"]) for n in range(1, 5)}
    assert told == {"c1": "CONFIRMED", "c2": "CANCELLED", "c3": "CONFIRMED", "c4": "CONFIRMED"}
    shown = events[f"{trip.id}-c1"]
    assert (shown["DTSTART"].to_ical(), shown["DTEND"].to_ical()) == (b"20261125", b"20261128")
    assert shown["DTSTART"].params["VALUE"] == "DATE"
