"""An entry of a calendar, whichever vendor keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from chouseiapo.sandbox.calls import Json

Mark = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One version of an entry. A change makes a new one, so that a snapshot needs no copying.

    `resource` is what was written, in the vendor's own form; the rest of the upper half is read from it.
    """

    id: str
    resource: Json
    start: datetime
    end: datetime
    title: str
    status: str
    visibility: str
    body: str
    attendees: tuple[str, ...] = ()
    busy: bool = True
    all_day: bool = False
    marks: tuple[Mark, ...] = ()
    """Private extended properties, by which a vendor finds entries."""
    tag: Mapping[str, str | None] = field(default_factory=dict)
    """Whose of ours it is: appointment and candidate; empty for an entry of somebody else."""

    created: datetime
    updated: datetime
    revision: int
    deleted: bool = False

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end

    @cached_property
    def encoded(self) -> str:
        """Its line in state.json; tens of thousands are asked for again and again."""
        shown = {
            "id": self.id,
            "title": self.title,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "status": self.status,
            "visibility": self.visibility,
            "body": self.body,
            "attendees": list(self.attendees),
            "tag": dict(self.tag),
        }
        return json.dumps(shown, ensure_ascii=False)

    @cached_property
    def saved(self) -> str:
        """What is needed to make it again after a restart."""
        kept = {
            "id": self.id,
            "resource": self.resource,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "revision": self.revision,
            "deleted": self.deleted,
        }
        return json.dumps(kept, ensure_ascii=False)


def read_tag(values: Mapping[str, str]) -> dict[str, str | None]:
    """`tag` of state.json, from the names that chouseiapo gives its private properties."""
    if not {"appointment", "candidate"} & set(values):
        return {}
    return {name: values.get(name) for name in ("appointment", "candidate")}
