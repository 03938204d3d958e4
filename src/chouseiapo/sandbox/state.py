"""state.json: everything as the vendors hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from chouseiapo.sandbox.world import World


def state(world: World, since: int) -> Iterator[str]:
    """`requests` from number `since` on; `cursor` is the number to ask for next time."""
    with world.lock:
        calendars = [
            (email, person.provider, world.calendars[email].live()) for email, person in world.people.items()
        ]
        meetings, mails = list(world.meetings.by_id.values()), list(world.mails)
        rows, cursor = world.journal.since(since)
    yield '{"calendars": {'
    for n, (email, provider, entries) in enumerate(calendars):
        yield f'{", " if n else ""}{json.dumps(email)}: {{"provider": "{provider}", "entries": ['
        yield ", ".join(each.encoded for each in entries)
        yield "]}"
    yield '}, "meetings": [' + ", ".join(each.encoded for each in meetings)
    yield '], "mails": [' + ", ".join(each.encoded for each in mails)
    yield '], "requests": [' + ", ".join(rows)
    yield f'], "cursor": {cursor}}}'
