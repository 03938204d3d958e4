"""What a web meeting is like: layers of choices, of which the nearest that says something counts."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from chouseiapo.domain.errors import Problem


class JoinBeforeHost(StrEnum):
    """Whether people get in before the host: never, at any time, or so many minutes before the start."""

    NEVER = "never"
    ANYTIME = "anytime"
    FIVE = "5"
    TEN = "10"
    FIFTEEN = "15"


class Recording(StrEnum):
    """Whether a meeting is recorded by itself, and where."""

    NONE = "none"
    LOCAL = "local"
    CLOUD = "cloud"


class MeetingOptions(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One layer: the organization's, a member's or an appointment's. None leaves it to the layer below, and
    below the last one to the host's own settings at the platform.

    automatic: the meeting is made as soon as the time is fixed, else by hand. sign_in: people have to be
    signed in at the platform. registration: the guest is registered there and gets a URL of their own.
    summary: the platform's artificial summary. platform_mails: the platform mails on its own account.
    """

    automatic: bool | None = None
    passcode: bool | None = None
    waiting_room: bool | None = None
    join_before_host: JoinBeforeHost | None = None
    sign_in: bool | None = None
    registration: bool | None = None
    host_video: bool | None = None
    participant_video: bool | None = None
    mute_on_entry: bool | None = None
    recording: Recording | None = None
    summary: bool | None = None
    platform_mails: bool | None = None

    def over(self, below: MeetingOptions) -> MeetingOptions:
        """This layer, and where it says nothing, the one below."""
        said: dict[str, Any] = {field: value for field, value in _each(self) if value is not None}
        return msgspec.structs.replace(below, **said)


# Nobody is recorded, summed up or mailed by the platform unless somebody has said so.
USUAL = MeetingOptions(automatic=True, recording=Recording.NONE, summary=False, platform_mails=False)


def layered(*nearest_first: MeetingOptions) -> MeetingOptions:
    """What counts: a waiting room excludes joining before the host, whichever layer asks for that."""
    options = USUAL
    for layer in reversed(nearest_first):
        options = layer.over(options)
    if options.waiting_room and options.join_before_host not in (None, JoinBeforeHost.NEVER):
        return msgspec.structs.replace(options, join_before_host=JoinBeforeHost.NEVER)
    return options


def check_options(options: MeetingOptions, field: str = "meeting_options") -> Iterator[Problem]:
    """What one layer says that can't be together."""
    early = options.join_before_host not in (None, JoinBeforeHost.NEVER)
    if options.waiting_room and early:
        yield Problem(f"{field}.join_before_host", "waiting_room_excludes_early")


def _each(options: MeetingOptions) -> Iterator[tuple[str, Any]]:
    for field in MeetingOptions.__struct_fields__:
        yield field, getattr(options, field)
