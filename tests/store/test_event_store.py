"""Where events are kept: several streams at once, the driver's settings, no waiting for nobody."""

from __future__ import annotations

import pytest

from chouseiapo.application import Coordination
from chouseiapo.bootstrap import Services
from chouseiapo.domain.slots import Grid
from chouseiapo.event_store import StoreTrouble, recorder_settings
from chouseiapo.event_store.postgres import Unreachable
from tests.product import BY, NOW, Office
from tests.store.test_stored_events import FixedKeyring


def opened(database_url: str) -> Coordination:
    return Coordination(recorder_settings(database_url), FixedKeyring(), Grid(15, "Asia/Tokyo"))


def test_several_streams_come_in_one_read_each_in_its_order(services: Services, office: Office) -> None:
    appointments = [office.propose().id for _ in range(3)]
    services.coordination.withdraw_candidate(
        appointments[1], next(iter(services.coordination.appointment(appointments[1]).candidates)), BY, NOW
    )
    found = services.coordination.streams([*appointments, "appointment-unknown"])
    assert found == {
        **{id: services.coordination.stream(id) for id in appointments},
        "appointment-unknown": [],
    }
    assert len(found[appointments[1]]) == 2


def test_what_the_address_asks_of_the_driver_reaches_the_event_store(postgres_url: str) -> None:
    app = opened(f"{postgres_url}?application_name=chouseiapo-here&sslmode=prefer")
    try:
        with app.factory.datastore.get_connection() as connection:  # type: ignore[attr-defined]
            [shown] = connection.execute("SELECT current_setting('application_name') AS name").fetchall()
    finally:
        app.close()
    assert shown["name"] == "chouseiapo-here"


def test_with_the_database_away_whoever_asks_is_told_so_instead_of_waiting_again_and_again() -> None:
    assert issubclass(Unreachable, StoreTrouble)
    with pytest.raises(Unreachable):
        opened("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
