"""Which time a guest has picked, as the form says it: the candidate, and the start that was shown.

The candidate alone would not do: a member who moves the hold on their calendar moves it under the same id.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from chouseiapo.web.forms import is_thinkable


class Picked(NamedTuple):
    """start: None in forms that do not carry it. No candidate: nothing was picked."""

    candidate: str = ""
    start: datetime | None = None


def read_picked(text: str) -> Picked:
    """What is not of our making picks nothing."""
    candidate, _, shown = text.partition("|")
    if not shown:
        return Picked(candidate)
    try:
        start = datetime.fromisoformat(shown)
    except ValueError:
        return Picked()
    return Picked(candidate, start) if start.tzinfo and is_thinkable(start) else Picked()
