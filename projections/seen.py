"""The events as one mail, or a few together, see them: read once, and remembered how far."""

from __future__ import annotations

from collections.abc import Iterable

from chouseiapo.application import Coordination
from chouseiapo.domain.event import Event


class Seen(Coordination):
    """An application that reads each stream once, and can tell which ones it has read, up to which version.

    It shares everything else with the one it looks through; it is for one thread, and for a moment.
    """

    def __init__(self, app: Coordination) -> None:
        self.__dict__.update(app.__dict__)
        self._app = app
        self._known: dict[str, list[Event]] = {}

    def close(self) -> None:
        """Nothing: what is shared belongs to the other, and is closed with it."""

    @property
    def read_versions(self) -> dict[str, int]:
        """What was read, by stream; one without events is at version 0."""
        return {id: events[-1].originator_version if events else 0 for id, events in self._known.items()}

    def stream(self, id: str, until: int | None = None) -> list[Event]:
        if id not in self._known:
            self._known[id] = self._app.stream(id)
        known = self._known[id]
        return [e for e in known if until is None or e.originator_version <= until]

    def streams(self, ids: Iterable[str]) -> dict[str, list[Event]]:
        asked = list(ids)
        self._known.update(self._app.streams(id for id in asked if id not in self._known))
        return {id: list(self._known[id]) for id in asked}
