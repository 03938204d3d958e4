"""What the pages and the front door need to know of the sandbox they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chouseiapo.sandbox.oauth import SignIn
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.world import World


@dataclass
class Consent:
    """A vendor's authorization page: its path here, and the sign-in behind it."""

    path: str
    sign_in: SignIn


class Moved(NamedTuple):
    """The clock's last move: where it stood then, and how many reminders became due by it."""

    at: datetime
    reminders: int


@dataclass
class Site:
    """`mounts`: each vendor below its path, longer paths first.

    `on_morning` moves the clock to the next morning and answers how many reminders became due.
    """

    world: World
    mounts: Sequence[tuple[str, Vendor]]
    consents: Sequence[Consent]
    product_url: str = ""
    links: Sequence[tuple[str, str]] = ()
    on_morning: Callable[[], int] | None = None
    moved: Moved | None = None
