"""How many requests are in flight for one mailbox at the same time."""

from __future__ import annotations

import threading
from collections import Counter


class Flights:
    """Counts them, and keeps the most there have been: a refused one was in flight too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    def begin(self, mailbox: str, limit: int | None = None) -> bool:
        """Whether there is room for one more; the caller says `end` later if there was."""
        with self._lock:
            wanted = self._now[mailbox] + 1
            self._most[mailbox] = max(self._most[mailbox], wanted)
            if limit is not None and wanted > limit:
                return False
            self._now[mailbox] = wanted
            return True

    def end(self, mailbox: str) -> None:
        with self._lock:
            self._now[mailbox] -= 1

    def most(self) -> dict[str, int]:
        with self._lock:
            return dict(self._most)

    def reset(self) -> None:
        """From now on; what is in flight counts on."""
        with self._lock:
            self._most = Counter({mailbox: now for mailbox, now in self._now.items() if now})
