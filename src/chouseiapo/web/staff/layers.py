"""What an appointment's meeting options stand on."""

from __future__ import annotations

from chouseiapo.domain.meeting_options import MeetingOptions, layered
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services

FOLLOW_ORGANIZER = _("主催者の設定に従う(%(value)s)")


def below(organizer: str) -> MeetingOptions:
    """What counts for an appointment of that organizer unless it says something else; nobody may lead yet."""
    app = services().coordination
    own = app.member(organizer).meeting_options if organizer else MeetingOptions()
    return layered(own, app.organization().meeting_options)
