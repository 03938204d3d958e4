"""What the product needs of a meeting platform. Times are UTC instants."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from chouseiapo.ports.calls import digest


class MeetingSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a conference is like; None leaves it to the host's own settings at the platform.

    join_before_host: "never", "anytime", or so many minutes before the start ("5", "10", "15").
    recording: "none", "local" or "cloud".
    """

    passcode: bool | None = None
    waiting_room: bool | None = None
    join_before_host: str | None = None
    sign_in: bool | None = None
    registration: bool | None = None
    host_video: bool | None = None
    participant_video: bool | None = None
    mute_on_entry: bool | None = None
    recording: str | None = None
    summary: bool | None = None
    platform_mails: bool | None = None


class Registrant(msgspec.Struct, frozen=True):
    """Whom the platform registers for a conference, in the language that it speaks to them."""

    name: str
    email: str
    locale: str


class MeetingPlan(msgspec.Struct, frozen=True):
    """A conference as it should be; `tag` is what it is found by. Duration in minutes.

    start: UTC; None for one without a fixed time, which can be joined whenever it is needed. registrant:
    who is registered, where the settings ask for registration.
    """

    tag: str
    topic: str
    start: datetime | None
    minutes: int
    time_zone: str
    settings: MeetingSettings = MeetingSettings()
    registrant: Registrant | None = None

    def fingerprint(self) -> str:
        return digest(self)


class Issued(msgspec.Struct, frozen=True):
    """A conference as the platform holds it. guest_url: the registered guest's own, where there is one."""

    meeting_id: str
    join_url: str
    passcode: str = ""
    guest_url: str = ""


class Looked(msgspec.Struct, frozen=True):
    """What a direct read of a conference has found. otherwise: a digest of topic and time where they are not
    as planned, empty where they are; what its host has set beside that is the host's."""

    issued: Issued
    otherwise: str = ""


class ListedMeeting(msgspec.Struct, frozen=True):
    """A conference of ours on a host's list; `tag` says which."""

    meeting_id: str
    tag: str


class Conferencing(Protocol):
    """One meeting platform; it has no idempotency of its own, so `find` comes before a second `create`.

    `link` names the account whose user hosts; its token is the adapter's own business. writes_a_day: how
    many conferences may be made or changed for one host between one midnight UTC and the next.
    """

    writes_a_day: int

    def find(self, link: str, tag: str) -> Issued | None:
        """The conference that bears the tag, if the platform lists one."""

    def create(self, link: str, plan: MeetingPlan) -> Issued:
        """Make the conference: exactly one request."""

    def register(self, link: str, meeting_id: str, registrant: Registrant) -> str:
        """Register somebody for it, once however often it is asked for; answers their own join URL, empty
        where the platform gives none."""

    def update(self, link: str, meeting_id: str, plan: MeetingPlan) -> None:
        """Make it be as planned; raises PortError("gone", permanent) when it no longer exists."""

    def look(self, link: str, meeting_id: str, plan: MeetingPlan) -> Looked | None:
        """The conference as it stands now, read directly; None where it is gone."""

    def listed(self, link: str) -> list[ListedMeeting]:
        """Every conference of ours that the host has to come."""

    def delete(self, link: str, meeting_id: str) -> None:
        """Make the conference be gone; one that is gone already is fine."""

    def plan_of(self, link: str) -> str:
        """What the host has at the platform: "basic" (conferences end after 40 minutes), "licensed", or empty
        where the platform does not say."""

    def start_url(self, link: str, meeting_id: str) -> str:
        """A fresh address that lets whoever opens it in as the host: for that person, at that moment, and
        never kept. Raises PortError("gone", permanent) when the conference no longer exists."""
