"""Who may come in: API tokens, one-time sign-in links, sessions. Only digests of them are stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from chouseiapo.accounts.secrets import hashed, new_token
from chouseiapo.storage import Rows, insert_new
from chouseiapo.tables import api_tokens, requests_seen, sessions, sign_in_links

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=14)
REQUEST_LIFE = timedelta(hours=24)

_BEARER = select(api_tokens.c.member).where(api_tokens.c.digest == bindparam("digest"))
ID_LENGTH = 12


class ApiToken(NamedTuple):
    """A token as it may be shown: by the beginning of its digest, which opens nothing."""

    id: str
    member: str
    created_at: datetime


class Access:
    """Every method takes or answers the plain token; `now` is UTC. An unknown token answers None."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def new_api_token(self, member: str, now: datetime) -> str:
        token = f"ca_{new_token()}"
        with self._rows.write() as connection:
            row = {"digest": hashed(token), "member": member, "created_at": now}
            connection.execute(insert(api_tokens).values(row))
        return token

    def member_of_api_token(self, token: str) -> str | None:
        return self._rows.look_up(_BEARER, digest=hashed(token))

    def api_tokens(self, member: str | None = None) -> list[ApiToken]:
        """Those that let somebody in, the oldest first; all, or one member's."""
        found = select(api_tokens).order_by(api_tokens.c.created_at)
        if member is not None:
            found = found.where(api_tokens.c.member == member)
        with self._rows.read() as connection:
            return [ApiToken(r.digest[:ID_LENGTH], r.member, r.created_at) for r in connection.execute(found)]

    def revoke_api_token(self, id: str) -> bool:
        """End a token; False when there is none of that id."""
        of_that_id = func.substr(api_tokens.c.digest, 1, ID_LENGTH) == id
        with self._rows.write() as connection:
            return connection.execute(delete(api_tokens).where(of_that_id)).rowcount > 0

    def new_sign_in_link(self, member: str, now: datetime, life: timedelta = LINK_LIFE) -> str:
        token = new_token()
        row = {"digest": hashed(token), "member": member, "expires_at": now + life}
        with self._rows.write() as connection:
            connection.execute(insert(sign_in_links).values(row))
        return token

    def peek_sign_in_link(self, token: str, now: datetime) -> str | None:
        """Whose link it is, without using it up: opening a link changes nothing."""
        with self._rows.read() as connection:
            return connection.scalar(
                select(sign_in_links.c.member).where(
                    sign_in_links.c.digest == hashed(token),
                    sign_in_links.c.used_at.is_(None),
                    sign_in_links.c.expires_at > now,
                )
            )

    def use_sign_in_link(self, token: str, now: datetime) -> str | None:
        """Whose link it is, once: of several who hold it exactly one comes in."""
        with self._rows.write() as connection:
            member: str | None = connection.scalar(
                update(sign_in_links)
                .where(
                    sign_in_links.c.digest == hashed(token),
                    sign_in_links.c.used_at.is_(None),
                    sign_in_links.c.expires_at > now,
                )
                .values(used_at=now)
                .returning(sign_in_links.c.member)
            )
        return member

    def open_session(self, member: str, now: datetime) -> str:
        token = new_token()
        row = {
            "digest": hashed(token),
            "member": member,
            "created_at": now,
            "expires_at": now + SESSION_LIFE,
        }
        with self._rows.write() as connection:
            connection.execute(insert(sessions).values(row))
        return token

    def member_of_session(self, token: str, now: datetime) -> str | None:
        with self._rows.read() as connection:
            return connection.scalar(
                select(sessions.c.member).where(
                    sessions.c.digest == hashed(token), sessions.c.expires_at > now
                )
            )

    def close_sessions(self, member: str) -> int:
        """End all of a member's; answers how many there were."""
        with self._rows.write() as connection:
            return connection.execute(delete(sessions).where(sessions.c.member == member)).rowcount

    def close_session(self, token: str) -> None:
        with self._rows.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == hashed(token)))

    def note_request(self, key: str, body_digest: str, now: datetime) -> datetime | None:
        """Remember a request by its idempotency key, for a day; answers when it first came, or None when it
        came with another body."""
        row = {"command": key, "body_digest": body_digest, "seen_at": now}
        this = requests_seen.c.command == key
        with self._rows.write() as connection:
            connection.execute(
                delete(requests_seen).where(this, requests_seen.c.seen_at < now - REQUEST_LIFE)
            )
            insert_new(connection, requests_seen, row)
            first = connection.execute(select(requests_seen).where(this)).one()
        return first.seen_at if first.body_digest == body_digest else None

    def forget_old(self, now: datetime) -> None:
        """Throw away what has run out."""
        with self._rows.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            used = sign_in_links.c.used_at.is_not(None)
            connection.execute(delete(sign_in_links).where(or_(used, sign_in_links.c.expires_at <= now)))
            connection.execute(delete(requests_seen).where(requests_seen.c.seen_at < now - REQUEST_LIFE))
