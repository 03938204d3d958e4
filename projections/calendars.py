"""Everything that is done with a calendar account, one thing at a time: entries, watching, comparing."""

from __future__ import annotations

from datetime import datetime

from chouseiapo.ledger import Task
from chouseiapo.ports import PortError
from projections.audit import Audit
from projections.holds import ACCEPT, AUDIT, LEDGER, REPAIR, REPAIR_ALL, RESTORE, WATCH
from projections.place_holds import PlaceHolds
from projections.watch import Watch


class KeepCalendars:
    """Settles the ledger of calendar entries: a task's key is the link and what is to be done there."""

    ledger = LEDGER

    def __init__(self, place: PlaceHolds, watch: Watch, audit: Audit) -> None:
        self._place = place
        self._watch = watch
        self._audit = audit

    def settle(self, task: Task, now: datetime) -> datetime | None:
        link, _, what = task.key.partition("/")
        if what == WATCH:
            return self._watched(link, now)
        if what in (RESTORE, ACCEPT):
            self._watch.answered(link, what == RESTORE, now)
        elif what == AUDIT:
            self._audit.compare(link, now)
        elif what in (REPAIR, REPAIR_ALL):
            self._audit.repair(link, now, force=what == REPAIR_ALL)
        else:
            return self._place.settle(link, what, now)
        return None

    def probe(self, lane: str, now: datetime) -> None:
        """Ask the vendor for as little as needs a live token; raises PortError."""
        self._watch.probe(lane, now)

    def _watched(self, link: str, now: datetime) -> datetime | None:
        """Whatever the vendor says: as long as something of ours is to come, it is asked again."""
        try:
            return self._watch.turn(link, now)
        except PortError as error:
            if error.auth or not error.permanent:
                raise
            raise PortError(error.reason, retry_after=error.retry_after) from None
