"""What a proposal would come to: the appointment and every mail, before anything is recorded."""

from __future__ import annotations

from datetime import datetime

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Meeting, Proposal
from projections.outbox import Mail, mails_of

# Stands in mails that are shown beforehand for what only the platform can say.
YET_UNKNOWN = Meeting("https://zoom.us/j/…", "…", "…")


def imagine(
    services: Services, id: str, proposal: Proposal, author: str, now: datetime
) -> tuple[Appointment, Appointment, list[Mail]]:
    """The appointment as it would stand; as it would be told of in mails, with a conference where one is to
    come; and those mails."""
    appointment = services.coordination.imagined(id, proposal, author, now)
    events = appointment.collect_events()
    told = Appointment.remember(id, events)
    if told.awaits_meeting:
        told.issue_meeting(YET_UNKNOWN, "", now)
    return appointment, told, mails_of([*events, *told.collect_events()])
