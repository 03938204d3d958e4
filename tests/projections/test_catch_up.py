"""Projections read each event exactly once; a failing stream waits alone; a rebuild changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from chouseiapo.bootstrap import Services
from chouseiapo.database import WrongDatabase
from chouseiapo.domain.event import Event
from chouseiapo.tables import mails, metadata, parked, people, positions, tasks
from chouseiapo.worker import Worker
from projections.catch_up import ahead_of_log, catch_up, position
from projections.outbox import Outbox
from projections.rebuild import rebuild
from tests.product import BY, NOW, YAMADA, Office, offer


class Counting:
    """A projection that is not idempotent on purpose: it counts, so a double application shows."""

    name = "counting"
    tables: Sequence[Table] = (people,)

    def __init__(self, stumbling_over: str = "") -> None:
        self.stumbling_over = stumbling_over

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        for event in events:
            row = {"id": f"{event.id}#{threading.get_ident()}", "kind": "counted", "name": stream}
            connection.execute(insert(people).values(row | {"email": "", "search": ""}))
        if stream == self.stumbling_over:
            raise ArithmeticError


def counted(services: Services) -> list[str]:
    with services.rows.read() as connection:
        found = select(people.c.id).where(people.c.kind == "counted")
        return [id.partition("#")[0] for id in connection.scalars(found)]


def log_of(services: Services) -> list[str]:
    found = services.coordination.recorder.select_notifications(None, 10_000)
    return [f"{n.originator_id}/{n.originator_version}" for n in found]


def test_several_readers_at_once_apply_each_event_once(office: Office, services: Services) -> None:
    for day in range(22, 31):
        for hour in range(12):
            office.propose(offers=(offer(day, hour),))

    def read() -> None:
        projection = Counting()
        while catch_up(services.coordination, services.rows, projection, NOW):
            pass

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(counted(services)) == sorted(log_of(services))


def test_a_failing_stream_waits_and_the_rest_goes_on(office: Office, services: Services) -> None:
    good, bad = office.propose(), office.propose()
    stumbling = Counting(stumbling_over=bad.id)
    while catch_up(services.coordination, services.rows, stumbling, NOW):
        pass
    office.app.confirm(bad.id, "c2", YAMADA, BY, NOW)
    office.app.confirm(good.id, "c1", YAMADA, BY, NOW)
    stumbling.stumbling_over = ""
    while catch_up(services.coordination, services.rows, stumbling, NOW):
        pass
    seen = counted(services)
    assert f"{good.id}/2" in seen
    assert not [id for id in seen if id.startswith(bad.id)], "later events wait behind the failed one"
    with services.rows.read() as connection:
        [row] = connection.execute(select(parked)).all()
    assert (row.projection, row.stream, row.error) == ("counting", bad.id, "ArithmeticError")


def test_a_parked_stream_is_taken_up_again_by_a_rebuild(office: Office, services: Services) -> None:
    bad = office.propose()
    stumbling = Counting(stumbling_over=bad.id)
    while catch_up(services.coordination, services.rows, stumbling, NOW):
        pass
    rebuild(services.coordination, services.rows, Counting(), stream=bad.id)
    with services.rows.read() as connection:
        assert connection.execute(select(parked)).all() == []
    assert f"{bad.id}/1" in counted(services)


def contents(services: Services) -> dict[str, list[Any]]:
    """Every row of every table but what changes by the clock alone."""
    with services.rows.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in metadata.sorted_tables
            if table.name != "workers"
        }


def test_rebuilding_everything_on_a_settled_system_changes_no_row(office: Office, services: Services) -> None:
    first, second = office.propose(), office.propose(offers=(offer(25, 1), offer(27, 3, room=office.room)))
    office.app.confirm(first.id, "c1", YAMADA, BY, NOW)
    office.app.cancel(second.id, "", BY, NOW)
    Worker(services).read()
    before = contents(services)
    for projection in services.projections:
        assert rebuild(services.coordination, services.rows, projection, dry_run=True).changes == []
        assert rebuild(services.coordination, services.rows, projection).changes == []
    after = contents(services)
    before_tasks, after_tasks = ({row[:3] for row in found.pop("tasks")} for found in (before, after))
    assert after == before
    assert after_tasks == before_tasks


def test_a_rebuild_mends_what_was_damaged_and_a_dry_run_only_tells(
    office: Office, services: Services
) -> None:
    office.propose()
    Worker(services).read()
    with services.rows.write() as connection:
        connection.execute(people.update().values(name="damaged"))
    [projection] = [p for p in services.projections if p.name == "people"]
    told = rebuild(services.coordination, services.rows, projection, dry_run=True)
    assert {c["before"]["name"] for c in told.changes} == {"damaged"}
    with services.rows.read() as connection:
        assert set(connection.scalars(select(people.c.name))) == {"damaged"}
    rebuild(services.coordination, services.rows, projection)
    assert rebuild(services.coordination, services.rows, projection, dry_run=True).changes == []


def test_a_mail_is_wanted_once_however_often_its_stream_is_read(office: Office, services: Services) -> None:
    appointment = office.propose()
    outbox = Outbox(services.coordination)
    for _ in range(3):
        with services.rows.write() as connection:
            outbox.apply(connection, appointment.id, services.coordination.stream(appointment.id))
    with services.rows.read() as connection:
        assert connection.scalar(select(func.count()).select_from(mails)) == 3
        assert connection.scalar(select(func.count()).select_from(tasks)) == 3


def test_the_position_is_that_of_the_log(office: Office, services: Services) -> None:
    Worker(services).read()
    newest = services.coordination.recorder.max_notification_id()
    assert {position(services.rows, p.name) for p in services.projections} == {newest}


def test_rows_restored_ahead_of_the_events_are_noticed_before_anything_is_skipped(
    office: Office, services: Services
) -> None:
    Worker(services).read()
    assert not ahead_of_log(services.coordination, services.rows)
    with services.rows.write() as connection:
        connection.execute(positions.update().values(position=positions.c.position + 1))
    assert ahead_of_log(services.coordination, services.rows)
    for work in (Worker(services).start, Worker(services).once):
        with pytest.raises(WrongDatabase, match="restore both from the same moment"):
            work()


def test_a_refused_statement_shows_no_parameters(services: Services) -> None:
    row = {"id": "person-1", "kind": "member", "email": "secret@example.com", "name": "", "search": ""}
    with services.rows.write() as connection:
        connection.execute(insert(people).values(row))
        with pytest.raises(IntegrityError) as refusal:
            connection.execute(insert(people).values(row))
    assert "secret@example.com" not in str(refusal.value).replace(str(refusal.value.orig), "")


@pytest.mark.parametrize("name", ["offers", "holds", "meetings", "outbox", "appointments", "people"])
def test_every_projection_of_the_design_is_there(services: Services, name: str) -> None:
    assert name in {p.name for p in services.projections}
