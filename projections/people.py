"""Read model: members and rooms, found by name, kana, Latin letters or address."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.event import Event
from chouseiapo.storage import Rows, upsert
from chouseiapo.tables import people

_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}


# Longer searches find nothing more, and SQLite refuses patterns beyond 50,000 bytes.
MOST_ASKED = 300


def fold(text: str) -> str:
    """Text as search compares it: width, case, spaces and hiragana or katakana do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TO_HIRAGANA)
    return "".join(plain.split())


class Person(msgspec.Struct, frozen=True):
    """A member or a room as lists show it."""

    id: str
    name: str
    email: str


class People:
    """One row a member or room."""

    name = "people"
    tables: Sequence[Table] = (people,)

    def __init__(self, app: Coordination) -> None:
        self._app = app

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        kind = stream.partition("-")[0]
        if kind == "member":
            member = self._app.member(stream)
            name, email = member.name, member.email
            words = [name, member.kana, member.latin, email]
        elif kind == "room":
            name, email = self._app.room(stream).name, ""
            words = [name]
        else:
            return
        # Parts of the name are searched one by one, whatever their order.
        search = " ".join(fold(word) for word in words)
        row = {"id": stream, "kind": kind, "email": email, "name": name, "search": search}
        upsert(connection, people, [row])


def find_people(rows: Rows, kind: str, query: str = "", most: int = 500) -> list[Person]:
    """Members or rooms whose words contain every part of the query, in order of name."""
    found = select(people.c.id, people.c.name, people.c.email).where(people.c.kind == kind)
    for part in unicodedata.normalize("NFKC", query[:MOST_ASKED]).split():
        found = found.where(people.c.search.contains(fold(part), autoescape=True))
    with rows.read() as connection:
        return [Person(*row) for row in connection.execute(found.order_by(people.c.name).limit(most))]
