"""Where the vendors' behaviour is in doubt or a nuisance, a switch chooses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WORDS = {"graph_duplicate": ("same", "bad_request", "conflict"), "google_moved_out": ("cancelled", "event")}


@dataclass
class Switches:
    """What a repeated Graph transactionId answers is documented nowhere: all three answers occur in the wild.
    Zoom's list lags behind its creates; Zoom allows 100 creates and updates per user and day (None: any).
    A next_page_token of Zoom's is good for 15 minutes.
    What a move takes out of the window of a Google sync token comes as a cancelled event, or as the event
    that it is now: nobody has written down which. Raising `google_sync_epoch` lets every sync token of
    Google expire. `google_testing`: the app's publishing status is Testing, and consents last a week."""

    graph_duplicate: str = "same"
    zoom_list_lag_s: float = 0.0
    zoom_page_token_s: float = 900.0
    zoom_daily_limit: int | None = 100
    google_sync_epoch: int = 1
    google_moved_out: str = "cancelled"
    google_testing: bool = False

    def turn(self, wish: Mapping[str, object]) -> None:
        """All of the wish or, with a ValueError, nothing of it."""
        wanted: dict[str, Any] = {name: self._value(name, value) for name, value in wish.items()}
        for name, value in wanted.items():
            setattr(self, name, value)

    def listed(self) -> dict[str, Any]:
        return asdict(self)

    def _value(self, name: str, value: object) -> object:
        if name in WORDS:
            if value not in WORDS[name]:
                raise ValueError(f"{name} is one of {', '.join(WORDS[name])}, not {value!r}.")
            return value
        if name not in asdict(self):
            raise ValueError(f"There is no switch {name!r}; there are {', '.join(asdict(self))}.")
        if name == "google_testing":
            if not isinstance(value, bool):
                raise ValueError(f"{name} is true or false, not {value!r}.")
            return value
        if value is None and name == "zoom_daily_limit":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name} is a number from 0 up, not {value!r}.")
        return float(value) if name in ("zoom_list_lag_s", "zoom_page_token_s") else int(value)
