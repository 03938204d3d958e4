"""The commands as an operator runs them: their output, their exit codes, and the processes they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from chouseiapo import migrations
from chouseiapo.cli import main
from chouseiapo.storage import Rows
from chouseiapo.tables import metadata
from tests.journeys.company import Process
from tests.product import fresh_database
from tests.terminal import ROOT, Operator


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Here the commands make the tables, too."""
    with fresh_database(request, tmp_path, with_tables=False) as url:
        yield url


def test_people_are_registered_listed_and_let_in(operator: Operator) -> None:
    [added] = operator.lines("member", "add", "tanaka@example.com", "田中 一郎", "--kana", "タナカ")
    assert [m["name"] for m in operator.lines("member", "list")] == ["田中 一郎"]
    again = operator.run("member", "add", "Tanaka@Example.com", "田中 二郎")
    assert (again.returncode, "Traceback" in again.stderr) == (1, False)
    token = operator.run("token", "create", "--member", "tanaka@example.com").stdout.strip()
    assert token.startswith("ca_")
    invited = operator.run("invite", "tanaka@example.com").stdout.strip()
    assert invited.startswith("http://127.0.0.1:8000/sign-in/")
    assert added["id"].startswith("member-")
    assert operator.run("invite", "nobody@example.com").returncode == 1


def test_serve_answers_and_ends_cleanly(outside: Operator, tmp_path: Path) -> None:
    process = Process(outside.environ, "serve", "--port", "0", log=tmp_path / "log")
    url = process.ready()["url"]
    assert requests.get(f"{url}/healthz", timeout=10).json() == {"status": "ok"}
    assert requests.get(f"{url}/readyz", timeout=10).json()["worker"] == "ok"
    assert process.stop() == 0


def test_a_worker_can_do_what_is_due_and_end(operator: Operator) -> None:
    assert operator.lines("worker", "--once") == [{"settled": 0}]


def test_without_a_secret_key_nothing_starts(outside: Operator) -> None:
    done = outside.run("serve", CHOUSEIAPO_SECRET_KEY="")
    assert (done.returncode, "SECRET_KEY" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_eight_at_once_can_start_an_empty_database(outside: Operator, rows: Rows) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: outside.run("worker", "--once"), range(8)))
    assert [d.returncode for d in done] == [0] * 8, [d.stderr for d in done]
    assert migrations.revision(rows.engine) == migrations.HEAD


def test_an_old_database_is_refused_and_the_way_out_is_told(outside: Operator, rows: Rows) -> None:
    outside.lines("worker", "--once")
    with rows.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    done = outside.run("serve", "--port", "0")
    assert (done.returncode, "chouseiapo migrate" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_migrating_an_empty_database_makes_it_ready(operator: Operator) -> None:
    assert operator.run("migrate").returncode == 0
    assert operator.run("migrate").returncode == 0
    assert operator.lines("worker", "--once") == [{"settled": 0}]


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(operator: Operator, rows: Rows) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    operator.lines("worker", "--once")
    ours = {table.name for table in metadata.sorted_tables} | {
        index.name for table in metadata.sorted_tables for index in table.indexes
    }
    with rows.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    # On PostgreSQL the events live in the same database; they are the event library's own.
    assert [change for change in found if getattr(change[1], "name", None) in ours] == []


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    files = sorted((ROOT / "src/chouseiapo/migrations/versions").glob("*.py"))
    assert files[-1].name.partition("_")[0] == migrations.HEAD


def test_doctor_says_what_to_do_and_exits_with_one(operator: Operator) -> None:
    done = operator.run("doctor")
    assert done.returncode == 1
    assert "chouseiapo worker" in done.stdout
    assert "Traceback" not in done.stderr


def test_doctor_names_a_wrong_mail_template_with_its_line(operator: Operator, tmp_path: Path) -> None:
    own = tmp_path / "own/ja/guest_request"
    own.mkdir(parents=True)
    (own / "body.txt").write_text("一行目\n{{ compnay }}\n", encoding="utf-8")
    done = operator.run("doctor", CHOUSEIAPO_MAIL_TEMPLATES=str(tmp_path / "own"))
    assert "BAD  mail template ja/guest_request/body.txt:2: there is no compnay here" in done.stdout
    assert "ours is used; there are: company," in done.stdout


def test_rebuild_names_the_projections_and_reports(operator: Operator) -> None:
    operator.lines("member", "add", "tanaka@example.com", "田中")
    unknown = operator.run("rebuild", "nothing")
    assert (unknown.returncode, "appointments" in unknown.stderr) == (1, True)
    *_, told = operator.lines("rebuild", "people", "--dry-run")
    assert told == {"streams": 1, "changed": 1, "dry_run": True}
    assert operator.lines("rebuild", "people")[-1]["changed"] == 1
    assert operator.lines("rebuild", "people")[-1]["changed"] == 0


def test_remind_prints_nothing_when_nobody_is_due(outside: Operator) -> None:
    assert outside.lines("remind", "--now", "2026-11-25T07:00:00+09:00", "--dry-run") == []
    assert outside.run("remind", "--now", "2026-11-25T07:00:00").returncode == 2


def test_sandbox_tells_where_the_vendors_are_and_ends_cleanly(tmp_path: Path) -> None:
    process = Process({}, "sandbox", log=tmp_path / "log")
    told = process.ready()
    assert requests.get(f"{told['sandbox']}/state.json", timeout=10).json()["mails"] == []
    assert told["env"]["CHOUSEIAPO_GRAPH_ROOT"].startswith(told["sandbox"])
    assert process.stop() == 0


def test_files_of_a_database_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    operator = Operator(f"sqlite:///{tmp_path}/new/product.db")
    operator.lines("worker", "--once")
    made = list((tmp_path / "new").iterdir())
    assert {oct(path.stat().st_mode & 0o077) for path in made} == {"0o0"}


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nowhere", "sqlite:////proc/nowhere/product.db"]
)
def test_a_database_that_cannot_be_used_is_said_in_a_sentence(url: str) -> None:
    done = Operator(url).run("serve", "--port", "0")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "DATABASE_URL" in done.stderr


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of an empty database on SQLite, for commands that are run in this process."""
    for name, value in Operator(f"sqlite:///{tmp_path}/product.db").environ.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("name", ["product.db", "product.rows.db"])
def test_a_damaged_file_is_said_in_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (here / name).write_bytes(b"no database " * 1000)
    assert main(["member", "list"]) == 1
    assert "DATABASE_URL" in capsys.readouterr().err


def test_a_level_of_logging_that_is_none_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "nonsense")
    assert main(["member", "list"]) == 1
    assert "LOG_LEVEL" in capsys.readouterr().err


def test_a_room_needs_a_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["room", "add", " "]) == 1
    assert "name" in capsys.readouterr().err


def test_a_port_that_is_none_is_refused(here: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["web", "--port", "99999"])
    assert ended.value.code == 2


def test_every_mail_is_written_with_sample_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mail", "preview", "--to", str(here / "mails"), "--language", "en"]) == 0
    assert {folder.name for folder in (here / "mails").iterdir()} == {"en"}
    confirmation = here / "mails/en/guest_confirmation"
    assert {file.name for file in confirmation.iterdir()} == {
        "subject.txt",
        "body.txt",
        "body.html",
        "invite.ics",
    }
    assert "Taro Yamada" in (confirmation / "body.txt").read_text(encoding="utf-8")
    assert (confirmation / "invite.ics").read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")


def test_an_own_template_that_misspells_a_name_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = here / "own/ja/guest_request"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("{{ compnay }}", encoding="utf-8")
    monkeypatch.setenv("CHOUSEIAPO_MAIL_TEMPLATES", str(here / "own"))
    assert main(["mail", "preview", "--to", str(here / "mails"), "--language", "ja"]) == 1
    wrong = [told for told in map(json.loads, capsys.readouterr().out.splitlines()) if "wrong" in told]
    assert [(told["file"], told["line"], told["wrong"]) for told in wrong] == [
        ("ja/guest_request/subject.txt", 1, "there is no compnay here")
    ]
    assert "company" in wrong[0]["known"]
    assert not (here / "mails/ja/guest_request").exists()
    assert (here / "mails/ja/guest_reminder").exists()
