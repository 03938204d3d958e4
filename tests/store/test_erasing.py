"""Forgetting a guest: nothing in any row, event or mail says who it was; everything else stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent
from sqlalchemy import select

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.errors import NotOver
from chouseiapo.domain.event import ERASED
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.proposal import Delivery, Guest
from chouseiapo.forgetting import Forgetting
from chouseiapo.tables import builtin_entries, keys, metadata
from chouseiapo.worker import Worker
from projections.appointments import list_appointments
from projections.guests import appointments_of
from projections.history import timeline
from projections.mail_log import mails_about
from tests.product import BY, NOW, YAMADA, Office, at
from tests.projections.post import Post, send_due

WORDS = ("山田", "ABC株", "yamada", "極秘", "伝言", "内部")


@pytest.fixture
def past(office: Office, services: Services) -> Appointment:
    """It took place on the 25th, on two built-in calendars."""
    appointment = office.propose(title="極秘の件名", message="伝言", note="内部メモ")
    office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
    Worker(services).once()
    return appointment


def at_last(services: Services) -> Services:
    """The same services, when it is over."""
    object.__setattr__(services, "clock", lambda: at(25, 3))
    return services


def rows_naming(services: Services) -> Iterator[str]:
    with services.rows.read() as connection:
        for table in metadata.sorted_tables:
            text = str(connection.execute(select(table)).all()).casefold()
            yield from (f"{table.name}: {word}" for word in WORDS if word.casefold() in text)


def test_no_row_names_the_guest_any_more(past: Appointment, services: Services) -> None:
    assert [*rows_naming(services)]
    at_last(services).erase_guest(past.id, BY)
    Worker(services).once()
    assert [*rows_naming(services)] == []
    with services.rows.read() as connection:
        entries = [*connection.scalars(select(builtin_entries.c.entry))]
    assert [ERASED in entry for entry in entries] == [True, True], "the time stays taken on both calendars"


def test_the_list_and_search_know_it_as_erased(past: Appointment, services: Services) -> None:
    at_last(services).erase_guest(past.id, BY)
    Worker(services).read()
    assert [each.title for each in list_appointments(services.rows, None, NOW)] == [ERASED]
    assert list_appointments(services.rows, None, NOW, query="山田") == []
    assert [each.id for each in list_appointments(services.rows, None, NOW, query="消去済み")] == [past.id]


def test_the_history_stays_and_says_who_erased(past: Appointment, services: Services) -> None:
    at_last(services).erase_guest(past.id, BY)
    lines = timeline(services.coordination.stream(past.id))
    assert [line.what.partition(".")[2] for line in lines] == ["proposed", "confirmed", "guest-erased"]
    assert lines[-1].actor == BY.actor


def test_erasing_again_changes_nothing(past: Appointment, services: Services) -> None:
    for _ in range(2):
        at_last(services).erase_guest(past.id, BY)
    assert len(services.coordination.stream(past.id)) == 3


def test_what_is_to_come_is_cancelled_first_or_refused(office: Office, services: Services) -> None:
    coming = office.propose()
    with pytest.raises(NotOver):
        services.erase_guest(coming.id, BY)
    services.erase_guest(coming.id, BY, cancel=True)
    standing = services.coordination.appointment(coming.id)
    assert (standing.state, standing.guest.name) == (State.CANCELLED, ERASED)


def test_a_process_that_still_remembers_the_key_writes_nothing_down(
    past: Appointment, services: Services
) -> None:
    services.coordination.erase_guest(past.id, BY, at(25, 3))  # the key is not destroyed yet
    Worker(services).once()
    assert [*rows_naming(services)] == []


def test_a_mail_that_waited_for_the_guest_is_left_out(past: Appointment, services: Services) -> None:
    at_last(services).erase_guest(past.id, BY)
    post = Post()
    send_due(services, post, at(25, 3))
    outcomes = {(m.mail.recipient == "guest", m.outcome) for m in mails_about(services.rows, past.id)}
    assert outcomes == {(True, "skipped_erased"), (False, "sent")}
    assert not [word for mail in post.taken for word in WORDS if word in str(mail) + str(mail["Subject"])]


def test_everything_of_an_address_is_found_even_what_was_corrected_since(
    office: Office, services: Services
) -> None:
    first = office.propose(guest=YAMADA)
    second = office.propose(guest=Guest(name="山田太郎"), delivery=Delivery.LINK)
    office.propose(guest=Guest(name="森", email="mori@example.net"))
    office.app.confirm(second.id, "c2", Guest(email="Yamada@Example.net"), BY, NOW)
    naming = appointments_of(services.coordination, " yamada@example.net")
    assert (sorted(naming.appointments), naming.unreadable) == (sorted([first.id, second.id]), [])


def test_an_event_of_a_newer_release_hides_no_other(office: Office, services: Services) -> None:
    known, newer = office.propose(), new_id("appointment")
    stored = StoredEvent(newer, 1, Appointment.Proposed.NAME, b'{"v":99}')
    services.coordination.recorder.insert_events([stored])
    naming = appointments_of(services.coordination, "yamada@example.net")
    assert naming == ([known.id], [newer])


def test_the_files_of_a_running_service_hold_neither_names_nor_the_key(
    past: Appointment, services: Services, tmp_path: Path
) -> None:
    with services.rows.read() as connection:
        sealed = connection.scalar(select(keys.c.sealed).where(keys.c.subject == past.id))
    traces = [word.encode() for word in (*WORDS, YAMADA.name, sealed or "")]
    if services.rows.engine.dialect.name == "sqlite":
        assert found_in_files(tmp_path, traces) >= {YAMADA.name.encode(), (sealed or "").encode()}
    at_last(services).erase_guest(past.id, BY)
    Worker(services).once()
    Forgetting(services).once()
    assert found_in_files(tmp_path, traces) == set()


def found_in_files(folder: Path, traces: list[bytes]) -> set[bytes]:
    """Which of them stand in any file beside the database, its write-ahead log among them."""
    contents = [path.read_bytes() for path in folder.glob("product*")]
    return {trace for trace in traces if any(trace in content for content in contents)}
