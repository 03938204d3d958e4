"""Sync tokens: what has changed on a calendar, or in a window of it, since the last listing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.calls import Call, Json
from chouseiapo.sandbox.entries import Entry
from chouseiapo.sandbox.google.errors import invalid, refuse
from chouseiapo.sandbox.google.pages import fingerprint, read_token, token
from chouseiapo.sandbox.google.shown import etag

WINDOW = ("timeMax", "timeMin")
NOT_WITH_SYNC = (
    *WINDOW, "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "updatedMin",
)  # fmt: skip
"""Named by the discovery document as incompatible with a syncToken. Google's guide to synchronizing lists
a window first all the same, and then goes on with the token of that list."""

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
PAGING = ("pageToken", "syncToken", "maxResults")


@dataclass(frozen=True)
class Known:
    """What the caller knows already: everything up to that revision in [start, end)."""

    revision: int
    start: datetime
    end: datetime

    def left(self, calendar: Calendar, entry: Entry) -> bool:
        """Whether an entry that stands there no longer may be known to the caller."""
        gone = entry.deleted or not entry.overlaps(self.start, self.end)
        return gone and calendar.was_within(entry.id, self.revision, self.start, self.end)

    def changed(self, calendar: Calendar) -> list[Entry]:
        """The oldest change first; deleted entries and those that were moved out of the window too."""
        return [
            each
            for each in calendar.changed_since(self.revision)
            if (not each.deleted and each.overlaps(self.start, self.end)) or self.left(calendar, each)
        ]


def read(call: Call, calendar: Calendar, epoch: int) -> Known | None:
    """None without a token; an expired one is 410: wipe and start over."""
    if "syncToken" not in call.query:
        return None
    content = read_token(call.one("syncToken"))
    if content.get("epochs") != [epoch, calendar.epoch] or content.get("calendar") != calendar.id:
        message = "Sync token is no longer valid, a full sync is required."
        raise refuse(410, "fullSyncRequired", message)
    if content["query"] != fingerprint(call, *PAGING):
        raise invalid("Sync token is used with other parameters than the first request.", "invalidParameter")
    start, end = (datetime.fromisoformat(content[name]) for name in ("start", "end"))
    return Known(content["revision"], start, end)


def next_token(call: Call, calendar: Calendar, epoch: int, known: Known) -> Json:
    """Nothing where the list was narrowed by more than a window: such a list can't be gone on with."""
    if any(name in call.query for name in NOT_WITH_SYNC if name not in WINDOW):
        return {}
    return {
        "nextSyncToken": token(
            call,
            *PAGING,
            *WINDOW,
            calendar=calendar.id,
            revision=known.revision,
            start=known.start.isoformat(),
            end=known.end.isoformat(),
            epochs=[epoch, calendar.epoch],
        )
    }


def check(call: Call) -> None:
    if "syncToken" not in call.query:
        return
    if clash := [name for name in NOT_WITH_SYNC if name in call.query]:
        raise invalid(f"Sync token cannot be used with {clash[0]}.", "invalidParameter")
    if "showDeleted" in call.query and not call.flag("showDeleted"):
        raise invalid("Sync token cannot be used with showDeleted=false.", "invalidParameter")


def cancelled(entry: Entry) -> Json:
    """Of an event that is gone Google promises no more than this."""
    return {"kind": "calendar#event", "etag": etag(entry), "id": entry.id, "status": "cancelled"}
