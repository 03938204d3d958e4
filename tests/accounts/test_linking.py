"""Linkings that were begun: good once, for ten minutes, in the session they were begun in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from chouseiapo.accounts.linking import LIFE, Attempt, Granted, LinkAttempts
from chouseiapo.accounts.secrets import VAULT, Sealer, hashed
from chouseiapo.accounts.vault import Grant
from chouseiapo.bootstrap import Services
from chouseiapo.tables import link_attempts
from tests.product import NOW, SECRET

SESSION = "session-of-tanaka"
ATTEMPT = Attempt("google", "member-1", "member-1", hashed(SESSION), {"verifier": "secret-verifier"})


@pytest.fixture
def attempts(services: Services) -> LinkAttempts:
    found = LinkAttempts(services.rows, services.sealer)
    found.begin("state", ATTEMPT, NOW)
    return found


def test_an_attempt_is_taken_once(attempts: LinkAttempts) -> None:
    assert attempts.take("state", "google", SESSION, NOW) == ATTEMPT
    assert attempts.take("state", "google", SESSION, NOW) is None


@pytest.mark.parametrize(
    ("state", "provider", "session", "after"),
    [
        ("another", "google", SESSION, timedelta()),
        ("state", "microsoft", SESSION, timedelta()),
        ("state", "google", "another", timedelta()),
        ("state", "google", SESSION, LIFE),
    ],
)
def test_another_state_vendor_or_session_and_a_late_answer_find_nothing(
    attempts: LinkAttempts, state: str, provider: str, session: str, after: timedelta
) -> None:
    assert attempts.take(state, provider, session, NOW + after) is None


def test_whoever_meets_a_state_that_is_not_theirs_uses_it_up(attempts: LinkAttempts) -> None:
    assert attempts.take("state", "google", "another", NOW) is None
    assert attempts.take("state", "google", SESSION, NOW) is None


def test_neither_state_nor_verifier_can_be_read_in_the_table(
    attempts: LinkAttempts, services: Services
) -> None:
    with services.rows.read() as connection:
        [row] = connection.execute(select(link_attempts))
    assert "secret-verifier" not in str(row)
    assert "'state'" not in str(row)


def test_what_was_sealed_with_a_lost_key_is_begun_again(services: Services) -> None:
    lost = LinkAttempts(services.rows, Sealer(["another-" + "x" * 32], VAULT))
    lost.begin("state", ATTEMPT, NOW)
    known = LinkAttempts(services.rows, Sealer([SECRET], VAULT))
    assert known.take("state", "google", SESSION, NOW) is None


def test_what_ran_out_is_thrown_away_when_another_begins(attempts: LinkAttempts, services: Services) -> None:
    attempts.begin("another", ATTEMPT, NOW + LIFE)
    with services.rows.read() as connection:
        assert len(connection.execute(select(link_attempts)).all()) == 1


def test_the_vault_answers_what_it_forgets(services: Services) -> None:
    services.vault.store("google-1-abc", "member-1", "google", Grant("refresh"))
    forgotten = services.vault.forget("google-1-abc")
    assert forgotten == Grant("refresh")
    assert services.vault.forget("google-1-abc") is None
    assert Granted(Grant("refresh")).can_write
