"""Sealing everything anew under the first of several keys, so that the old one can be taken out of use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Table, delete, select, update
from sqlalchemy.engine import Connection

from chouseiapo.accounts.secrets import PERSONAL_DATA, VAULT, Sealer
from chouseiapo.storage import Rows
from chouseiapo.tables import drafts, keys, mails, rendered_mails, tasks, vault

SEALED = ((keys, PERSONAL_DATA), (vault, VAULT), (drafts, VAULT), (mails, VAULT))


class Resealed(msgspec.Struct, frozen=True):
    """How many values the first key seals now, and how many none of the keys opens."""

    sealed_anew: int
    unreadable: int


def seal_anew(rows: Rows, secret_keys: Sequence[str], give_up: bool, now: datetime) -> Resealed:
    """Seal every value under the first key, in one transaction.

    What no key opens stays as it is; with `give_up` it is forgotten: guests read as erased from then on, and
    accounts have to be linked anew.
    """
    done = unreadable = 0
    with rows.write() as connection:
        connection.execute(delete(rendered_mails))  # their links are signed with the old key
        for table, purpose in SEALED:
            sealer = Sealer(secret_keys, purpose)
            # Locked, so that no token that is refreshed meanwhile is overwritten with the older one.
            found = select(table).where(table.c.sealed != "").with_for_update()
            for row in connection.execute(found).all():
                try:
                    sealed = sealer.seal_anew(row.sealed)
                except ValueError:
                    unreadable += 1
                    if give_up:
                        _forget(connection, table, row[0], now)
                else:
                    _of(connection, table, row[0], sealed=sealed)
                    done += 1
    return Resealed(done, unreadable)


def _forget(connection: Connection, table: Table, id: str, now: datetime) -> None:
    if table is keys:
        _of(connection, table, id, sealed="", destroyed_at=now)
    else:
        [key] = table.primary_key
        connection.execute(delete(table).where(key == id))
    if table is mails:
        connection.execute(delete(tasks).where(tasks.c.key == id))


def _of(connection: Connection, table: Table, id: str, **values: object) -> None:
    [key] = table.primary_key
    connection.execute(update(table).where(key == id).values(values))
