"""One host of each kind of conferencing, with what a test does at the platform and sees of it."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.accounts.zoom_organization import PROVIDER as ZOOM_ORGANIZATION
from chouseiapo.adapters.zoom import ME, ZoomMeetings
from chouseiapo.config import Settings
from chouseiapo.ports import Conferencing, Issued, MeetingPlan, MeetingSettings
from tests.adapters.outside import Outside

numbers = itertools.count(1)
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=4)
PLAN = MeetingPlan("appointment-1", "ABC株式会社:山田太郎 様", SOON, 60, "Asia/Tokyo")


def planned(
    plan: MeetingPlan = PLAN, *, settings: dict[str, Any] | None = None, **changes: Any
) -> MeetingPlan:
    """The usual plan, otherwise in some things."""
    changed = {"settings": MeetingSettings(**settings)} if settings else {}
    return msgspec.structs.replace(plan, **changed, **changes)


class HostHome(abc.ABC):
    """Somebody who hosts, linked. What is made here is seen, changed and deleted by the host's own hand."""

    link: str
    email: str
    conferencing: Conferencing

    @abc.abstractmethod
    def meetings(self) -> list[dict[str, Any]]:
        """As the platform holds them: id, topic, start, duration, passcode, settings."""

    @abc.abstractmethod
    def delete_by_hand(self, meeting_id: str) -> None: ...

    @abc.abstractmethod
    def change_by_hand(self, meeting_id: str, **wish: Any) -> None: ...

    @abc.abstractmethod
    def fault(self, kind: str, **more: object) -> None: ...

    @abc.abstractmethod
    def requests(self) -> list[dict[str, Any]]:
        """What has reached the platform for this host since this was last asked."""

    @abc.abstractmethod
    def close(self) -> None: ...

    def create(self, plan: MeetingPlan = PLAN) -> Issued:
        return self.conferencing.create(self.link, plan)

    def find(self, tag: str = "appointment-1") -> Issued | None:
        return self.conferencing.find(self.link, tag)


class ZoomHost(HostHome):
    """A member's Zoom account in the sandbox, by the member's own consent."""

    service = "zoom"

    def __init__(self, outside: Outside, settings: Settings, vault: Vault) -> None:
        number = next(numbers)
        self.outside, self.vault = outside, vault
        self.link, self.email = f"zoom-{number}", f"zoomhost{number}@example.com"
        outside.sandbox.add_person(self.email, f"主{number}", "google")
        self._cursor = 0
        self.grant()
        self.conferencing = ZoomMeetings(
            settings, vault, lambda: datetime.now(UTC), lambda link: vault.grant(link).state or ME
        )

    def grant(self, scopes: Sequence[str] | None = None) -> None:
        """The host consents (again)."""
        token = self.outside.sandbox.grant("zoom", self.email, scopes)
        self.vault.store(self.link, "member-1", "zoom", Grant(token))

    def meetings(self) -> list[dict[str, Any]]:
        return [m for m in self.outside.state()["meetings"] if m["host"] == self.email]

    def delete_by_hand(self, meeting_id: str) -> None:
        self.outside.sandbox.delete_zoom_meeting(int(meeting_id))

    def change_by_hand(self, meeting_id: str, **wish: Any) -> None:
        self.outside.sandbox.change_zoom_meeting(int(meeting_id), **wish)

    def choose(self, **settings: Any) -> None:
        """The host's own settings at Zoom; those of its administrator are `locked`."""
        self.outside.sandbox.change_zoom_user(self.email, **settings)

    def fault(self, kind: str, **more: object) -> None:
        self.outside.fault("zoom", kind, mailbox=self.email, **more)

    def requests(self) -> list[dict[str, Any]]:
        state = self.outside.state(self._cursor)
        self._cursor = state["cursor"]
        return [r for r in state["requests"] if r["mailbox"] == self.email and r["service"] == "zoom"]

    def close(self) -> None:
        self.conferencing.close()  # type: ignore[attr-defined]


class OrganizationHost(ZoomHost):
    """A user of the organization's account, by its own app: nobody consents."""

    def grant(self, scopes: Sequence[str] | None = None) -> None:
        user = self.outside.sandbox.world.zoom.user(self.email)
        self.link = f"zoom-organization-{user.id[:12]}"
        self.vault.store(self.link, "organization", ZOOM_ORGANIZATION, Grant("", state=user.id))
