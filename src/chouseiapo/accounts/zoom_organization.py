"""The organization's own app at Zoom (Server-to-Server OAuth): nobody consents, and nothing is renewed.

The app's secret and the account's id bring tokens for the whole account; which of its users hosts is for
whoever asks to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chouseiapo.accounts.outgoing import TIMEOUT_S, strict
from chouseiapo.accounts.vault import Grant
from chouseiapo.accounts.zoom import CODES, PLANS, read, refusal
from chouseiapo.config import Settings
from chouseiapo.ports import PortError

# What the vault has the organization's hosts under; `state` of such a grant is the user's id at Zoom.
PROVIDER = "zoom_organization"
LARGEST_PAGE = 300


class ZoomUser(msgspec.Struct, frozen=True):
    """A user of the organization's account. plan: "basic" (meetings end after 40 minutes) or "licensed",
    empty for anything else."""

    id: str
    email: str
    name: str
    plan: str = ""

    @property
    def licensed(self) -> bool:
        return self.plan == "licensed"


class ZoomOrganization:
    """Implements Refresher, for every host at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def is_known(self) -> bool:
        """Whether the settings name the account and its app."""
        settings = self._settings
        return bool(
            settings.zoom_account_id and settings.zoom_s2s_client_id and settings.zoom_s2s_client_secret
        )

    def refresh(self, grant: Grant) -> Grant:
        """A token for an hour; raises PortError: client_refused, unreachable."""
        import requests

        with strict(requests.Session(), self._settings) as session:
            try:
                answer = session.post(
                    f"{self._settings.zoom_oauth_root}/token",
                    data={
                        "grant_type": "account_credentials",
                        "account_id": self._settings.zoom_account_id,
                    },
                    auth=(self._settings.zoom_s2s_client_id, self._settings.zoom_s2s_client_secret),
                    timeout=TIMEOUT_S,
                )
                said = answer.json()
            except (requests.RequestException, ValueError):
                raise PortError("unreachable") from None
        if not answer.ok or "access_token" not in said:
            raise _refusal(answer.status_code, said)
        return Grant("", said["access_token"], life=said.get("expires_in", 0), state=grant.state)

    def users(self) -> list[ZoomUser]:
        """Every active user of the account, licensed ones first; raises PortError."""
        if not self.is_known:
            return []
        grant = self.refresh(Grant(""))
        found = [_user(each) for each in self._listed(grant)]
        return sorted(found, key=lambda user: (not user.licensed, user.email))

    def _listed(self, grant: Grant) -> Iterator[dict[str, Any]]:
        query = {"status": "active", "page_size": str(LARGEST_PAGE)}
        while True:
            page = read(self._settings, grant, "/users", **query)
            yield from page.get("users", [])
            if not page.get("next_page_token"):
                return
            query["next_page_token"] = page["next_page_token"]


def _user(said: dict[str, Any]) -> ZoomUser:
    name = said.get("display_name") or f"{said.get('last_name', '')} {said.get('first_name', '')}".strip()
    return ZoomUser(said["id"], said["email"], name, PLANS.get(said.get("type", 0), ""))


def _refusal(status: int, said: dict[str, Any]) -> PortError:
    """There is no consent that could be refused: whatever is said against it is about the settings."""
    if status == 429 or status >= 500:
        return PortError("unreachable")
    error = CODES.get(said.get("code", 0), said.get("error", ""))
    known = refusal(error).reason
    return PortError("client_refused" if known == "token_refused" else known)
