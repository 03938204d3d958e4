"""state.json: everything as the vendors hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from chouseiapo.sandbox.world import World


def state(world: World, since: int) -> Iterator[str]:
    """`requests` from number `since` on; `cursor` is the number to ask for next time. `in_flight`: the most
    requests that there were at the same time for a mailbox."""
    with world.lock:
        calendars = [(id, each.provider, each.live()) for id, each in world.calendars.items()]
        meetings, mails = list(world.meetings.by_id.values()), list(world.mails)
        rows, cursor = world.journal.since(since)
    yield '{"calendars": {'
    for n, (id, provider, entries) in enumerate(calendars):
        yield f'{", " if n else ""}{json.dumps(id)}: {{"provider": "{provider}", "entries": ['
        yield ", ".join(each.encoded for each in entries)
        yield "]}"
    yield '}, "meetings": [' + ", ".join(each.encoded for each in meetings)
    yield '], "mails": [' + ", ".join(each.encoded for each in mails)
    yield '], "requests": [' + ", ".join(rows)
    yield f'], "in_flight": {json.dumps(world.flights.most())}, "cursor": {cursor}}}'
