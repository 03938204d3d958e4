"""Guest links, sealed texts and one-time links: genuine ones open, whatever was altered does not."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chouseiapo.accounts.secret_links import SecretLink, SecretLinks
from chouseiapo.accounts.secrets import Sealer, Signer, hashed
from chouseiapo.bootstrap import Services
from chouseiapo.tables import sign_in_links
from tests.product import NOW, Office

OLD, NEW = "o" * 32, "n" * 32


def links(*keys: str) -> SecretLinks:
    return SecretLinks(Signer(keys, "guest link"), "appointment", "https://appo.example/g/")


appointments = st.uuids().map(lambda u: f"appointment-{u.hex}")


@given(appointments, st.integers(1, 2**32 - 1))
def test_a_secret_says_what_was_put_into_it(appointment: str, generation: int) -> None:
    secret = links(NEW).secret(appointment, generation)
    assert links(NEW).read(secret) == SecretLink(appointment, generation)
    assert len(secret) == 48


@given(appointments, st.integers(0, 47), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_secret_with_another_character_opens_nothing_else(
    appointment: str, place: int, character: str
) -> None:
    secret = links(NEW).secret(appointment, 1)
    altered = secret[:place] + character + secret[place + 1 :]
    assert links(NEW).read(altered) == (SecretLink(appointment, 1) if altered == secret else None)


@given(st.text(max_size=60))
def test_anything_may_be_typed_as_a_secret(text: str) -> None:
    assert links(NEW).read(text) is None


def test_secrets_signed_by_an_older_key_still_open_and_others_do_not() -> None:
    appointment = f"appointment-{uuid.uuid4().hex}"
    secret = links(OLD).secret(appointment, 1)
    assert links(NEW, OLD).read(secret) is not None
    assert links(NEW).read(secret) is None


def test_the_secret_of_one_kind_opens_nothing_of_another() -> None:
    feeds = SecretLinks(Signer([NEW], "feed link"), "member", "https://appo.example/feeds/", ".ics")
    one = uuid.uuid4().hex
    assert feeds.read(links(NEW).secret(f"appointment-{one}", 1)) is None
    assert links(NEW).read(feeds.secret(f"member-{one}", 1)) is None


def test_the_address_is_the_secret_between_what_stands_around_it() -> None:
    feeds = SecretLinks(Signer([NEW], "feed link"), "member", "https://appo.example/feeds/", ".ics")
    member = f"member-{uuid.uuid4().hex}"
    assert feeds.url(member, 3) == f"https://appo.example/feeds/{feeds.secret(member, 3)}.ics"


def test_a_purpose_of_its_own_keeps_signatures_apart() -> None:
    signed = Signer([NEW], "form").sign(b"message")
    assert Signer([NEW], "form").verifies(b"message", signed)
    assert not Signer([NEW], "guest link").verifies(b"message", signed)


def test_sealed_texts_survive_a_rotation_and_tell_when_they_do_not() -> None:
    sealed = Sealer([OLD], "vault").seal(b"token")
    assert Sealer([NEW, OLD], "vault").open(sealed) == b"token"
    with pytest.raises(ValueError, match="SECRET_KEY"):
        Sealer([NEW], "vault").open(sealed)


def test_of_many_who_hold_a_sign_in_link_one_comes_in(office: Office, services: Services) -> None:
    token = services.access.new_sign_in_link(office.tanaka, NOW)
    came_in: list[str | None] = []
    clicks = [
        threading.Thread(target=lambda: came_in.append(services.access.use_sign_in_link(token, NOW)))
        for _ in range(6)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert sorted(map(str, came_in)) == ["None"] * 5 + [office.tanaka]


def test_a_sign_in_link_lives_for_a_quarter_of_an_hour_and_is_stored_as_a_digest(
    office: Office, services: Services
) -> None:
    token = services.access.new_sign_in_link(office.tanaka, NOW)
    assert services.access.peek_sign_in_link(token, NOW + timedelta(minutes=14)) == office.tanaka
    assert services.access.use_sign_in_link(token, NOW + timedelta(minutes=15)) is None
    with services.rows.read() as connection:
        [row] = connection.execute(sign_in_links.select()).all()
    assert (row.digest, token in str(tuple(row))) == (hashed(token), False)


def test_a_closed_or_old_session_lets_nobody_in(office: Office, services: Services) -> None:
    access = services.access
    token = access.open_session(office.tanaka, NOW)
    assert access.member_of_session(token, NOW) == office.tanaka
    assert access.member_of_session(token, NOW + timedelta(days=15)) is None
    access.close_session(token)
    assert access.member_of_session(token, NOW) is None
