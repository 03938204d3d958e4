"""Zoom's meetings, whoever hosts them."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from functools import cached_property

from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.registrants import Registrant

START_URL_S = 2 * 3600


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
    def type(self) -> int:
        """Zoom's: 1 instant, 2 scheduled, 3 recurring without a fixed time, 8 recurring, 10 shared screen."""
        return int(self.fields.get("type", 2))

    @property
    def timed(self) -> bool:
        return self.type not in (1, 3)

    @property
    def recurs(self) -> bool:
        """At fixed times."""
        return self.type == 8

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
            "start": None if self.type == 3 else self.start.isoformat(),
            "duration": self.duration,
            "join_url": self.join_url,
            "passcode": self.password,
            "type": self.type,
            "agenda": self.fields.get("agenda", ""),
            "settings": self.fields.get("settings", {}),
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
        """What Zoom counts on a UTC day, such as the creates and updates of a host, by its address."""
        self.live: set[int] = set()
        """Those under way."""
        self.registrants: defaultdict[int, dict[str, Registrant]] = defaultdict(dict)
        """Of each meeting, by their ids."""
        self._gone: deque[tuple[float, Meeting]] = deque(maxlen=1000)
        """The last that were deleted, and when by the machine's clock."""
        self._key = secrets.token_bytes(32)
        self._by_host: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def put(self, meeting: Meeting) -> None:
        self.by_id[meeting.id] = meeting
        self._by_host[meeting.host][meeting.id] = None

    def remove(self, meeting: Meeting) -> None:
        del self.by_id[meeting.id]
        self._gone.append((time.time(), meeting))
        self.registrants.pop(meeting.id, None)
        self.live.discard(meeting.id)
        del self._by_host[meeting.host][meeting.id]

    def registered(self) -> Json:
        """All registrants, to be kept."""
        some = {id: found.values() for id, found in self.registrants.items() if found}
        return {str(id): [each.saved() for each in found] for id, found in some.items()}

    def register_again(self, kept: Json) -> None:
        for id, found in kept.items():
            self.registrants[int(id)] = {each["id"]: Registrant.restored(each) for each in found}

    def start_url(self, meeting: Meeting, now: datetime) -> str:
        """Another one each time, and good for two hours."""
        plain = f"{int(now.timestamp()) + START_URL_S}.{secrets.token_urlsafe(12)}"
        address = meeting.join_url.partition("?")[0].replace("/j/", "/s/")
        return f"{address}?zak={plain}.{self._mark(meeting.id, plain)}"

    def is_host(self, id: int, zak: str, now: datetime) -> bool:
        """Whether this came with a start URL of that meeting, in time."""
        plain, _, mark = zak.rpartition(".")
        until = plain.partition(".")[0]
        genuine = hmac.compare_digest(mark.encode(), self._mark(id, plain).encode())
        return genuine and until.isdecimal() and now.timestamp() < int(until)

    def _mark(self, id: int, plain: str) -> str:
        return hmac.new(self._key, f"{id} {plain}".encode(), "sha256").hexdigest()

    def of(self, host: str) -> list[Meeting]:
        return [self.by_id[id] for id in self._by_host[host]]

    def as_of(self, host: str, settled: float) -> list[Meeting]:
        """What the host had at that time by the machine's clock."""
        left = [meeting for at, meeting in self._gone if meeting.host == host and at > settled]
        return [each for each in (*self.of(host), *left) if each.stored_at <= settled]
