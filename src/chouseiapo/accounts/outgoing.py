"""How sign-in servers are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from chouseiapo.config import Settings

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 10

S = TypeVar("S", bound="requests.Session")


def strict(session: S, settings: Settings) -> S:
    """The session, trusting what the settings say and not the environment, whose authorities would win."""
    session.trust_env = False
    session.verify = str(settings.ca_file) if settings.ca_file else True
    return session
