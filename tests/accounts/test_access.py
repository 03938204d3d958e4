"""Who may come in: what has run out is thrown away, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from chouseiapo.accounts.access import LINK_LIFE, REQUEST_LIFE, SESSION_LIFE, Access
from chouseiapo.accounts.drafts import LIFE, Drafts
from chouseiapo.accounts.vault import Grant
from chouseiapo.bootstrap import Services
from chouseiapo.domain.ids import link_id
from chouseiapo.domain.links import Provider
from chouseiapo.forgetting import Forgetting
from chouseiapo.ledger import touch
from chouseiapo.tables import requests_seen, sessions, sign_in_links, tasks
from tests.product import BY, NOW, Office

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


def test_drafts_are_forgotten_after_a_week_although_nobody_keeps_another(services: Services) -> None:
    drafts = Drafts(services.rows, services.sealer)
    drafts.keep("draft", MEMBER, b"content", NOW)
    for age, kept in ((LIFE, b"content"), (LIFE + timedelta(seconds=1), None)):
        object.__setattr__(services, "clock", lambda age=age: NOW + age)
        Forgetting(services).once()
        assert drafts.read("draft", MEMBER) == kept


def linked(services: Services, member: str, subject: str) -> str:
    """A Google account of that subject, linked as `Services.link` does it."""
    link = link_id(Provider.GOOGLE, member, subject)
    services.vault.store(link, member, "google", Grant("refresh"))
    return services.coordination.link_account(member, Provider.GOOGLE, subject, subject, BY, NOW)


def test_a_replaced_account_s_tokens_go_once_nothing_is_left_to_do_with_them(
    office: Office, services: Services
) -> None:
    first, second = (linked(services, office.tanaka, subject) for subject in ("first", "second"))
    with services.rows.write() as connection:
        touch(connection, "holds", f"{first}/appointment", first)
    forgetting = Forgetting(services)
    for _ in range(3):
        forgetting.once()
        assert {held.link for held in services.vault.held()} == {first, second}, "entries are still removed"
    with services.rows.write() as connection:
        connection.execute(tasks.delete())
    forgetting.once()
    assert len(services.vault.held()) == 2, "it might be in the middle of being linked"
    forgetting.once()
    assert [held.link for held in services.vault.held()] == [second]
