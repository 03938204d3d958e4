"""Which requests came in, and how they were answered."""

from __future__ import annotations

import json
from collections import deque
from itertools import islice

KEPT = 100_000


class Journal:
    """The last rows, encoded as they come in: state.json of a load test is read often and is mostly these."""

    def __init__(self) -> None:
        self._rows: deque[str] = deque(maxlen=KEPT)
        self.total = 0

    def add(
        self,
        service: str,
        method: str,
        path: str,
        status: int,
        mailbox: str,
        *,
        parts: int = 0,
        fault: str = "",
    ) -> None:
        """`status` is what was answered, or would have been but for a fault (0: nothing was done)."""
        row: dict[str, object] = {
            "service": service,
            "method": method,
            "path": path,
            "status": status,
            "mailbox": mailbox,
        }
        if parts:
            row["parts"] = parts
        if fault:
            row["fault"] = fault
        self._rows.append(json.dumps(row, ensure_ascii=False))
        self.total += 1

    def since(self, number: int) -> list[str]:
        """Rows from that one on, counted from the first ever (`cursor` of an earlier state.json)."""
        gone = self.total - len(self._rows)
        return list(islice(self._rows, max(0, number - gone), None))

    def clear(self) -> None:
        self._rows.clear()
