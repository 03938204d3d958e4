"""How often conferences are made or changed for a host on one UTC day: a platform allows so many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.sql import ColumnElement

from chouseiapo.clock import day_ends
from chouseiapo.domain.account import account_id
from chouseiapo.ports import PortError
from chouseiapo.storage import Rows, insert_new, upsert
from chouseiapo.tables import host_writes
from projections.settle import OF_THE_TASK_ALONE

KEPT = timedelta(days=7)


def written(rows: Rows, link: str, now: datetime) -> int:
    """How many conferences were made or changed for the link's account on this UTC day."""
    found = select(host_writes.c.count).where(*_this(link, now))
    with rows.read() as connection:
        return connection.scalar(found) or 0


def spend(rows: Rows, link: str, most: int, now: datetime) -> None:
    """Count one before it is asked for, however many workers do; raises PortError("daily_limit") when there
    may be no more before midnight UTC."""
    with rows.write() as connection:
        connection.execute(delete(host_writes).where(host_writes.c.day < _day(now - KEPT)))
        insert_new(connection, host_writes, {"host": account_id(link), "day": _day(now), "count": 0})
        one_more = update(host_writes).where(*_this(link, now), host_writes.c.count < most)
        counted = connection.execute(one_more.values(count=host_writes.c.count + 1)).rowcount
    if not counted:
        raise PortError(OF_THE_TASK_ALONE, retry_after=(next_midnight(now) - now).total_seconds())


def give_back(rows: Rows, link: str, now: datetime) -> None:
    """One that was counted has failed. If it was carried out all the same, the platform has counted it, and
    says so in the end."""
    one_less = update(host_writes).where(*_this(link, now), host_writes.c.count > 0)
    with rows.write() as connection:
        connection.execute(one_less.values(count=host_writes.c.count - 1))


def use_up(rows: Rows, link: str, most: int, now: datetime) -> None:
    """The platform says that there may be no more today."""
    with rows.write() as connection:
        upsert(connection, host_writes, [{"host": account_id(link), "day": _day(now), "count": most}])


def _this(link: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return host_writes.c.host == account_id(link), host_writes.c.day == _day(now)


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def is_same_day(one: datetime, other: datetime) -> bool:
    """Whether two instants are counted together."""
    return _day(one) == _day(other)


def next_midnight(now: datetime) -> datetime:
    """When the count begins anew (UTC)."""
    return day_ends(now, UTC)
