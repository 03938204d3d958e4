"""What is registered with a fixed time, from the command to the vendors: a series, one day, three days."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.proposal import Platform, Proposal
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Offer
from chouseiapo.sandbox import DEMO_PEOPLE
from chouseiapo.worker import Worker
from tests.adapters.contracts import Contracts
from tests.adapters.recorded import RecordedRequests, recorded_requests
from tests.journeys.company import Company, company, differences
from tests.journeys.test_many_at_once import next_monday
from tests.product import BY, YAMADA

__all__ = ["recorded_requests"]

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


def register(at: Company, offer: Offer, recurrence: Recurrence | None = None) -> str:
    """For a member on Google and one on Outlook, on Zoom."""
    attendees = tuple(member_id(email) for email in at.members[:2])
    proposal = Proposal(
        attendees=attendees,
        organizer=attendees[0],
        offers=(offer,),
        guest=YAMADA,
        platform=Platform.ZOOM,
        direct=True,
        recurrence=recurrence,
    )
    id = new_id("appointment")
    at.services.coordination.propose(id, proposal, attendees[0], BY, at.services.clock())
    return id


def entries(at: Company, id: str) -> dict[str, list[tuple[str, datetime]]]:
    """Candidate and start of every entry of ours, by mailbox."""
    calendars = at.state()["calendars"]
    return {
        email: [
            (e["tag"]["candidate"], datetime.fromisoformat(e["start"]))
            for e in calendars[email]["entries"]
            if e["tag"].get("appointment") == id
        ]
        for email in at.members[:2]
    }


def invited(at: Company) -> list[Any]:
    """The events that the guest's mails have brought, in order."""
    mails = [m for m in at.state()["mails"] if YAMADA.email in m["to"] and m["ics"]]
    return [event for mail in mails for event in Calendar.from_ical(mail["ics"]).walk("VEVENT")]


def midnight(days: int) -> datetime:
    return next_monday().replace(tzinfo=ZoneInfo("Asia/Tokyo")) + timedelta(days=days)


def test_a_series_has_an_entry_a_date_one_meeting_and_one_invitation(
    database_url: str, contracts: Path, recorded_requests: RecordedRequests
) -> None:
    with company(database_url, DEMO_PEOPLE) as at:
        app, now, worker = at.services.coordination, at.services.clock, Worker(at.services)
        first = next_monday() + HOUR
        id = register(at, Offer(first, first + HOUR), Recurrence(Frequency.WEEKLY, 4))
        worker.once()
        for found in entries(at, id).values():
            assert found == [(f"c{n + 1}", first + n * WEEK) for n in range(4)]
        [meeting] = at.state()["meetings"]
        assert (meeting["type"], meeting["start"]) == (3, None), "it can be joined whenever it is needed"
        [event] = invited(at)
        assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=4"

        app.cancel_occurrence(id, "c3", "休業日", BY, now())
        worker.once()
        assert {tuple(c for c, _ in found) for found in entries(at, id).values()} == {("c1", "c2", "c4")}
        assert [m["id"] for m in at.state()["meetings"]] == [meeting["id"]], "the link stays"
        assert invited(at)[-1]["EXDATE"].dts[0].dt == first + 2 * WEEK
        assert differences(at.services, at.state(), [id]) == []

        app.cancel(id, "", BY, now())
        worker.once()
        assert entries(at, id) == {email: [] for email in at.members[:2]}
        assert at.state()["meetings"] == []
        held = Contracts(contracts, at.services.settings)
        assert all(held.check(each) is not None for each in recorded_requests)


def test_whole_days_are_dates_at_every_vendor(
    database_url: str, contracts: Path, recorded_requests: RecordedRequests
) -> None:
    with company(database_url, DEMO_PEOPLE) as at:
        worker = Worker(at.services)
        one = register(at, Offer(midnight(0), midnight(1), None, all_day=True))
        three = register(at, Offer(midnight(1), midnight(4), None, all_day=True))
        worker.once()
        assert differences(at.services, at.state(), [one, three]) == []
        bodies = [each.body.decode("utf-8", "replace") for each in recorded_requests]
        assert any(f'"date": "{midnight(1).date()}"' in body for body in bodies), "at Google"
        assert any('"isAllDay": true' in body or '"isAllDay":true' in body for body in bodies), "at Outlook"
        assert [(m["type"], m["start"]) for m in at.state()["meetings"]] == [(3, None)] * 2
        spans = sorted((e["DTSTART"].dt, e["DTEND"].dt) for e in invited(at))
        assert spans == [
            (midnight(0).date(), midnight(1).date()),
            (midnight(1).date(), midnight(4).date()),
        ]
        held = Contracts(contracts, at.services.settings)
        assert all(held.check(each) is not None for each in recorded_requests)
