"""The product itself for tests: on a store of either kind, with its people and a proposal at hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chouseiapo.bootstrap import Services, build
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Guest, Proposal
from chouseiapo.domain.slots import Offer
from tests.postgres import Server

NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
SECRET = "tests-" + "k" * 32
YAMADA = Guest(company="ABC株式会社", name="山田太郎", email="yamada@example.net")
BY = Meta(actor="test")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in November 2026, UTC; 10:00 in Tokyo is at(day, 1)."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def offer(day: int, hour: float, hours: float = 1, room: str | None = None) -> Offer:
    start = at(day, 0) + timedelta(hours=hour)
    return Offer(start, start + timedelta(hours=hours), room)


class Office:
    """A small company: three members (all with Zoom linked as a fact) and a room."""

    def __init__(self, services: Services) -> None:
        self.app = services.coordination
        self.zoom: dict[str, str] = {}
        self.tanaka = self._member(
            "tanaka@example.com", "田中 一郎", kana="タナカ イチロウ", latin="Tanaka Ichiro"
        )
        self.suzuki = self._member(
            "suzuki@example.com", "鈴木 花子", kana="スズキ ハナコ", latin="Suzuki Hanako"
        )
        self.sato = self._member("sato@example.com", "佐藤 健", kana="サトウ ケン", latin="Sato Ken")
        self.room = self.app.add_room("会議室A", 6, BY, NOW).id

    def _member(self, email: str, name: str, kana: str, latin: str) -> str:
        id = self.app.register_member(email, name, BY, NOW, kana=kana, latin=latin).id
        self.zoom[id] = self.app.link_account(id, Provider.ZOOM, email, email, BY, NOW)
        return id

    def proposal(self, **changes: Any) -> Proposal:
        standing = Proposal(
            attendees=(self.tanaka, self.suzuki),
            organizer=self.tanaka,
            offers=(offer(25, 1), offer(26, 2)),
            guest=YAMADA,
        )
        return msgspec.structs.replace(standing, **changes)

    def propose(self, now: datetime = NOW, **changes: Any) -> Appointment:
        return self.app.propose(new_id("appointment"), self.proposal(**changes), self.tanaka, BY, now)


# Databases with our tables, to be copied: a twentieth of the time of making them.
@pytest.fixture(scope="session")
def postgres_with_tables(postgres_server: Server) -> Iterator[str]:
    """The name of the database."""
    with postgres_server.fresh_database() as url:
        build(settings_of(url)).close()
        yield url.rpartition("/")[2]


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its files."""
    folder = tmp_path_factory.mktemp("sqlite")
    build(settings_of(f"sqlite:///{folder}/product.db")).close()
    return folder


# Pages speak to the stores through what is tried on both elsewhere; these read rows in their own way.
PAGES_ON_BOTH = {
    "test_api",
    "test_direct_api",
    "test_freebusy",
    "test_lists",
    "test_meetings_by_api",
    "test_outbox",
    "test_webhooks",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that touches a store runs on both kinds, but for those of pages."""
    if "database_url" in metafunc.fixturenames:
        place, _, module = metafunc.module.__name__.rpartition(".")
        on_one = place.endswith("tests.web") and module not in PAGES_ON_BOTH
        stores = ["sqlite"] if on_one else ["sqlite", "postgres"]
        metafunc.parametrize("database_url", stores, indirect=True)


@contextmanager
def fresh_database(request: pytest.FixtureRequest, folder: Path, *, with_tables: bool) -> Iterator[str]:
    """The URL of a database without a row, of the kind that the test is tried on."""
    if request.param == "sqlite":
        if with_tables:
            shutil.copytree(request.getfixturevalue("sqlite_with_tables"), folder, dirs_exist_ok=True)
        yield f"sqlite:///{folder}/product.db"
        return
    server: Server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_with_tables") if with_tables else "template0"
    with server.fresh_database(template) as url:
        yield url


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of either kind."""
    with fresh_database(request, tmp_path, with_tables=True) as url:
        yield url


def settings_of(database_url: str) -> Settings:
    return replace(Settings(), database_url=database_url, secret_key=(SECRET,), company="株式会社サンプル")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_of(database_url)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    built = build(settings)
    yield built
    built.close()


@pytest.fixture
def office(services: Services) -> Office:
    return Office(services)
