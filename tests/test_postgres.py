"""The tests' own PostgreSQL: real, empty for each test, gone afterwards."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgres import Server


def test_each_test_gets_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []
        connection.execute("CREATE TABLE something (id int)")


def test_a_database_can_be_a_copy_of_another_and_is_dropped_afterwards(postgres_server: Server) -> None:
    with postgres_server.fresh_database() as original:
        with psycopg.connect(original) as connection:
            connection.execute("CREATE TABLE something AS SELECT '調整' AS word")
        template = original.rpartition("/")[2]
        with postgres_server.fresh_database(template) as copy, psycopg.connect(copy) as connection:
            assert connection.execute("SELECT word FROM something").fetchone() == ("調整",)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy)


def test_two_overlapping_times_of_one_host_are_refused_without_an_extension(postgres_url: str) -> None:
    no_overlap = "EXCLUDE USING gist (int4range(host, host, '[]') WITH &&, during WITH &&)"
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"CREATE TABLE taken (host int, during tstzrange, {no_overlap})")
        connection.execute("INSERT INTO taken VALUES (1, '[2026-11-25 01:00Z, 2026-11-25 02:00Z)')")
        connection.execute("INSERT INTO taken VALUES (2, '[2026-11-25 01:30Z, 2026-11-25 02:30Z)')")
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute("INSERT INTO taken VALUES (1, '[2026-11-25 01:30Z, 2026-11-25 02:30Z)')")
