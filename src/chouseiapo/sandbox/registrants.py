"""Who has registered for a meeting."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

from chouseiapo.sandbox.calls import Json


@dataclass(frozen=True, kw_only=True)
class Registrant:
    """`status`: approved, pending or denied. `token` is what makes the join URL that person's own; `fields`
    are what else was told of the person."""

    id: str
    email: str
    first_name: str
    last_name: str
    status: str
    token: str
    created: datetime
    fields: Json = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def saved(self) -> Json:
        return asdict(self) | {"created": self.created.isoformat()}

    @classmethod
    def restored(cls, kept: Json) -> Registrant:
        return cls(**(kept | {"created": datetime.fromisoformat(kept["created"])}))
