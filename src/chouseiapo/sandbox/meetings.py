"""Zoom's meetings, whoever hosts them."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from functools import cached_property

from chouseiapo.sandbox.calls import Json


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """`fields` are the caller's, checked; a change makes a new one. `stored_at` is the machine's clock."""

    id: int
    uuid: str
    host: str
    fields: Json
    start: datetime
    duration: int
    password: str
    join_url: str
    created: datetime
    stored_at: float = field(default_factory=time.time)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.duration)

    @property
    def number(self) -> str:
        """As Zoom prints it: 845 1234 5678."""
        digits = str(self.id)
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"

    @property
    def topic(self) -> str:
        return str(self.fields.get("topic", ""))

    @cached_property
    def encoded(self) -> str:
        """Its line in state.json."""
        shown = {
            "id": self.id,
            "host": self.host,
            "topic": self.topic,
            "start": self.start.isoformat(),
            "duration": self.duration,
            "join_url": self.join_url,
            "passcode": self.password,
        }
        return json.dumps(shown, ensure_ascii=False)

    @cached_property
    def saved(self) -> str:
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        kept |= {"start": self.start.isoformat(), "created": self.created.isoformat()}
        return json.dumps(kept, ensure_ascii=False)

    @classmethod
    def restored(cls, kept: Json) -> Meeting:
        times = {name: datetime.fromisoformat(kept[name]) for name in ("start", "created")}
        return cls(**(kept | times))


class Meetings:
    """By number, and by host in the order they were made."""

    def __init__(self) -> None:
        self.by_id: dict[int, Meeting] = {}
        self.spent: defaultdict[tuple[str, date], int] = defaultdict(int)
        """Creates and updates of a host on a UTC day: Zoom allows a hundred."""
        self._by_host: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def put(self, meeting: Meeting) -> None:
        self.by_id[meeting.id] = meeting
        self._by_host[meeting.host][meeting.id] = None

    def remove(self, meeting: Meeting) -> None:
        del self.by_id[meeting.id]
        del self._by_host[meeting.host][meeting.id]

    def of(self, host: str) -> list[Meeting]:
        return [self.by_id[id] for id in self._by_host[host]]
