"""Who may come in: what has run out is thrown away, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from chouseiapo.accounts.access import LINK_LIFE, REQUEST_LIFE, SESSION_LIFE, Access
from chouseiapo.bootstrap import Services
from chouseiapo.tables import requests_seen, sessions, sign_in_links
from tests.product import NOW

MEMBER = "member-1"


def counts(services: Services) -> list[int]:
    with services.rows.read() as connection:
        tables = (sessions, sign_in_links, requests_seen)
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_what_has_run_out_is_thrown_away_and_nothing_else(services: Services) -> None:
    access = Access(services.rows)
    session, link = access.open_session(MEMBER, NOW), access.new_sign_in_link(MEMBER, NOW)
    access.note_request("key", "body", NOW)
    access.forget_old(NOW + LINK_LIFE - timedelta(seconds=1))
    assert counts(services) == [1, 1, 1]
    assert access.use_sign_in_link(link, NOW) == MEMBER
    access.forget_old(NOW)
    assert counts(services) == [1, 0, 1], "a used link is of no use to anybody"
    access.forget_old(NOW + REQUEST_LIFE + timedelta(seconds=1))
    assert counts(services) == [1, 0, 0]
    assert access.member_of_session(session, NOW + REQUEST_LIFE) == MEMBER
    access.forget_old(NOW + SESSION_LIFE)
    assert counts(services) == [0, 0, 0]


def test_a_request_is_known_for_a_day_by_its_body(services: Services) -> None:
    access = Access(services.rows)
    assert access.note_request("key", "body", NOW) == NOW
    assert access.note_request("key", "body", NOW + REQUEST_LIFE) == NOW
    assert access.note_request("key", "another", NOW + REQUEST_LIFE) is None
    later = NOW + REQUEST_LIFE + timedelta(seconds=1)
    assert access.note_request("key", "another", later) == later
