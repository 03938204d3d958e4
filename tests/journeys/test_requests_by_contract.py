"""Every request of the whole flow, as it leaves the real clients, is valid by the vendors' own contracts."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from chouseiapo.doctor import examine_calendars
from chouseiapo.domain.appointment import Edit
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.proposal import Platform, Proposal, Visibility
from chouseiapo.domain.slots import Offer
from chouseiapo.ledger import AT_ONCE
from chouseiapo.sandbox import DEMO_PEOPLE
from chouseiapo.tables import appointments, builtin_entries, metadata, tasks
from chouseiapo.worker import Worker
from tests.adapters.contracts import Contracts
from tests.adapters.recorded import RecordedRequests, recorded_requests
from tests.journeys.company import Company, company, differences
from tests.journeys.test_many_at_once import next_monday
from tests.product import BY, YAMADA

__all__ = ["recorded_requests"]


def propose(at: Company, **changes: Any) -> str:
    attendees = tuple(member_id(email) for email in at.members[:2])
    first = next_monday() + timedelta(hours=1)
    offers = tuple(
        Offer(first + timedelta(days=n), first + timedelta(days=n, hours=1), at.room if n == 0 else None)
        for n in range(5)
    )
    proposal = Proposal(
        attendees=attendees,
        organizer=attendees[0],
        offers=offers,
        guest=YAMADA,
        platform=Platform.ZOOM,
        **changes,
    )
    id = new_id("appointment")
    at.services.coordination.propose(id, proposal, attendees[0], BY, at.services.clock())
    return id


def watch(at: Company, worker: Worker) -> None:
    """A member moves a hold by hand, and the calendars are read for it."""
    email = at.members[1]
    entry = next(e for e in at.state()["calendars"][email]["entries"] if e["tag"]["candidate"] == "c4")
    start = datetime.fromisoformat(entry["start"]) + timedelta(hours=3)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    path = f"{at.sandbox.url}/entries/{email}/{entry['id']}"
    at.http.patch(path, json=times, timeout=10).raise_for_status()
    with at.services.rows.write() as connection:
        connection.execute(update(tasks).values(due_at=AT_ONCE))
    worker.once()
    assert at.services.coordination.appointment(entry["tag"]["appointment"]).deviations


def test_the_whole_flow_sends_only_what_the_contracts_allow(
    database_url: str, contracts: Path, recorded_requests: RecordedRequests
) -> None:
    with company(database_url, DEMO_PEOPLE) as at:
        app, now, worker = at.services.coordination, at.services.clock, Worker(at.services)
        id = propose(
            at,
            message="資料をお送りします 📎",
            note="社内 <b>メモ</b>\n二行目",
            visibility=Visibility.PRIVATE,
        )
        worker.once()
        assert all(report.is_right for report in examine_calendars(at.services))
        watch(at, worker)
        app.withdraw_candidate(id, "c5", BY, now())
        app.revise(id, Edit(title="新しい件名 " + "長" * 240), BY, now())
        worker.once()
        app.confirm(id, "c2", YAMADA, BY, now())
        worker.once()
        app.revise(id, Edit(note="追記"), BY, now())
        worker.once()
        assert differences(at.services, at.state(), [id]) == []
        app.cancel(id, "都合により", BY, now())
        worker.once()
        assert differences(at.services, at.state(), [id]) == []
        held = Contracts(contracts, at.services.settings)
        seen = Counter(operation for each in recorded_requests for operation in held.check(each))
        assert len(seen) >= 8, seen
        assert not [
            each.url for each in recorded_requests if "start_url" in each.body.decode("utf-8", "replace")
        ]


def test_requests_per_confirmation_are_the_least_possible(database_url: str) -> None:
    """5 candidates on 2 calendars: 2 a calendar when confirmed, 1 more for the meeting."""
    with company(database_url, DEMO_PEOPLE) as at:
        id, worker = propose(at), Worker(at.services)
        worker.once()
        asked = calendar_requests(at)
        assert asked == {"google": 1, "microsoft": 1}, "five holds: one batch"
        at.services.coordination.confirm(id, "c2", YAMADA, BY, at.services.clock())
        worker.once()
        confirmed = calendar_requests(at) - asked
        assert max(confirmed.values()) <= 3, "turned, the others removed, and the meeting's data"
        assert at.services.coordination.appointment(id).meeting is not None
        assert differences(at.services, at.state(), [id]) == []


def calendar_requests(at: Company) -> Counter[str]:
    rows = at.state()["requests"]
    return Counter(row["service"] for row in rows if row["service"] in ("google", "microsoft"))


def test_a_guest_is_in_no_log_key_or_file_of_events(database_url: str, tmp_path: Path, caplog: Any) -> None:
    """Names and addresses stand in mails, calendars and read models: not in keys, logs or stored events."""
    words = ("山田", "ABC株式会社", "yamada@example.net")
    with caplog.at_level("INFO"), company(database_url, DEMO_PEOPLE) as at:
        caplog.set_level("DEBUG", logger="chouseiapo")
        at.fault("google", "status", 0.5, status=503, limit=3)
        at.fault("smtp", "status", 1.0, status=550, limit=1)
        id, worker = propose(at), Worker(at.services)
        worker.once()
        at.services.coordination.confirm(id, "c2", YAMADA, BY, at.services.clock())
        worker.once()
        with at.services.rows.read() as connection:
            # The read model and built-in calendars are searched and shown, so they name guests; nothing else.
            keys = [
                str(tuple(row))
                for table in metadata.sorted_tables
                if table not in (appointments, builtin_entries)
                for row in connection.execute(select(table))
            ]
        events = [
            bytes(n.state).decode()
            for n in at.services.coordination.recorder.select_notifications(None, 1000)
        ]
    format = logging.Formatter().format  # with the traces that go with it
    ours = [format(r) for r in caplog.records if r.name.startswith(("chouseiapo", "projections"))]
    assert keys
    assert events
    assert ours
    for text in (*keys, *events, *ours):
        assert not [word for word in words if word in text], text[:200]
    files = [*tmp_path.glob("product.db*")]
    assert bool(files) == database_url.startswith("sqlite"), "elsewhere there are the events read above"
    for file in files:
        content = file.read_bytes()
        assert not [word for word in words if word.encode() in content], file.name
