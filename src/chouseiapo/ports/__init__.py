"""What the product needs from the outside world, in its own words. Times are UTC instants."""

from chouseiapo.ports.calendars import (
    Busy,
    Calendar,
    Changes,
    Counting,
    Entry,
    EntryShelf,
    Found,
    Listed,
    Placed,
    counted,
)
from chouseiapo.ports.calls import (
    PortError,
    Tokens,
    cut,
    digest,
    in_chunks,
)
from chouseiapo.ports.conferences import (
    Conferencing,
    Issued,
    ListedMeeting,
    Looked,
    MeetingPlan,
    MeetingSettings,
    Registrant,
)
from chouseiapo.ports.mail import (
    Mailer,
    RawMail,
)

__all__ = [
    "Busy",
    "Calendar",
    "Changes",
    "Conferencing",
    "Counting",
    "Entry",
    "EntryShelf",
    "Found",
    "Issued",
    "Listed",
    "ListedMeeting",
    "Looked",
    "Mailer",
    "MeetingPlan",
    "MeetingSettings",
    "Placed",
    "PortError",
    "RawMail",
    "Registrant",
    "Tokens",
    "counted",
    "cut",
    "digest",
    "in_chunks",
]
