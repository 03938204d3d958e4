"""Which requests came in, and how they were answered."""

from __future__ import annotations

import json
import threading
from collections import deque
from itertools import islice

KEPT = 100_000


class Journal:
    """The last rows, encoded as they come in: state.json of a load test is read often and is mostly these."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
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
        encoded = json.dumps(row, ensure_ascii=False)
        with self._lock:
            self._rows.append(encoded)
            self.total += 1

    def since(self, number: int) -> tuple[list[str], int]:
        """Rows from that one on, counted from the first ever, and the number to ask for next time."""
        with self._lock:
            gone = self.total - len(self._rows)
            return list(islice(self._rows, max(0, number - gone), None)), self.total

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()
