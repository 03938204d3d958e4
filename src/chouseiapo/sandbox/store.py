"""What survives a restart: data/sandbox.json, for its owner's eyes only."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from chouseiapo.sandbox.calendars import Calendar, Share
from chouseiapo.sandbox.calls import Json
from chouseiapo.sandbox.hand import MAKE
from chouseiapo.sandbox.mails import Mail
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.people import Person
from chouseiapo.sandbox.world import World

VERSION = 3
REST = 10
"""After a save it rests at least a second, and ten times as long as the save took."""


def load(path: Path) -> Json:
    """The saved state, or nothing where there is none or an older version's."""
    try:
        saved: Json = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return saved if saved.get("version") == VERSION else {}


def restore(world: World, saved: Json) -> None:
    for email, name, provider, room in saved["people"]:
        world.people[email] = person = Person(email, name, provider, room)
        if person.uses("zoom"):
            world.zoom.join(email, name)
    for id, kept in saved["calendars"].items():
        world.calendars[id] = _restored_calendar(id, kept)
    for each in saved["meetings"]:
        world.meetings.put(Meeting.restored(each))
    world.mails += [Mail.restored(each) for each in saved["mails"]]
    world.tokens.restore(saved["tokens"])
    if "zoom" in saved:  # what an earlier version kept had none of it
        world.zoom.restore(saved["zoom"])
        world.webhooks.subscribe(saved["webhooks"])
        world.meetings.register_again(saved["registrants"])
    world.switches.turn(saved["switches"])


def _restored_calendar(id: str, kept: Json) -> Calendar:
    calendar = Calendar(id, kept["provider"], kept["name"], room=kept["room"])
    calendar.shares = {email: Share(role, hidden) for email, role, hidden in kept["shares"]}
    make = MAKE[calendar.provider]
    for each in sorted(kept["entries"], key=lambda each: int(each["revision"])):
        times = {name: datetime.fromisoformat(each[name]) for name in ("created", "updated")}
        calendar.put(
            make(each["resource"], id=each["id"], revision=each["revision"], deleted=each["deleted"], **times)
        )
    for entry, places in kept["places"].items():
        calendar.places[entry] = [
            (revision, datetime.fromisoformat(start), datetime.fromisoformat(end))
            for revision, start, end in places
        ]
    calendar.clock, calendar.epoch = kept["clock"], kept["epoch"]
    calendar.shows_busy, calendar.transactions = kept["shows_busy"], kept["transactions"]
    return calendar


class Saver:
    """Writes when something has changed, at most every second, and once more at the end."""

    def __init__(self, world: World, path: Path, head: Callable[[], dict[str, Any]]) -> None:
        self.world, self.path, self.head = world, path, head
        self._thread = threading.Thread(target=self._run, name="sandbox-save", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Call it when nobody serves any more."""
        self._thread.join()
        self.save()

    def _run(self) -> None:
        pause = 1.0
        while not self.world.closing.wait(pause):
            if self.world.changed.is_set():
                begun = time.monotonic()
                self.save()
                pause = max(1.0, REST * (time.monotonic() - begun))

    def save(self) -> None:
        """Beside it first, then in its place: a kill in between leaves the older state whole."""
        self.world.changed.clear()
        new = self.path.with_suffix(".new")
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            file.writelines(_written(self.world, self.head()))
        os.replace(new, self.path)


def _written(world: World, head: dict[str, Any]) -> Iterator[str]:
    """Versions never change, so the lock is held only while they are gathered."""
    with world.lock:
        people = [[each.email, each.name, each.provider, each.room] for each in world.people.values()]
        calendars = [(_about(each), list(each.entries.values())) for each in world.calendars.values()]
        registrants = world.meetings.registered()
        meetings, mails = list(world.meetings.by_id.values()), list(world.mails)
    plain = head | {"version": VERSION, "people": people, "tokens": world.tokens.saved()}
    plain["registrants"] = registrants
    plain |= {"switches": world.switches.listed(), "zoom": world.zoom.saved()}
    plain["webhooks"] = world.webhooks.saved()
    yield json.dumps(plain, ensure_ascii=False)[:-1]
    yield ', "calendars": {'
    for n, (about, entries) in enumerate(calendars):
        yield f'{", " if n else ""}{about[:-1]}, "entries": ['
        yield ",\n".join(each.saved for each in entries)
        yield "]}"
    yield '}, "meetings": [' + ",\n".join(each.saved for each in meetings)
    yield '], "mails": [' + ",\n".join(each.saved for each in mails) + "]}"


def _about(calendar: Calendar) -> str:
    """All but its entries, after its id. Where an entry has always stood, its own version tells."""
    about = {
        "provider": calendar.provider,
        "name": calendar.name,
        "room": calendar.room,
        "shares": [[email, share.role, share.hidden] for email, share in calendar.shares.items()],
        "shows_busy": calendar.shows_busy,
        "epoch": calendar.epoch,
        "clock": calendar.clock,
        "transactions": calendar.transactions,
        "places": {
            id: [(revision, start.isoformat(), end.isoformat()) for revision, start, end in places]
            for id, places in calendar.places.items()
            if len(places) > 1 or places[0][0] != calendar.entries[id].revision
        },
    }
    return f"{json.dumps(calendar.id)}: {json.dumps(about, ensure_ascii=False)}"
