"""Zoom meetings, hosted by the user that a link speaks for.

Zoom has no idempotency of its own: a meeting's agenda begins with a line that names the appointment, which is
looked for after a lost answer. `start_url` lets its holder in as the host: it is read for nobody but the one
who asks to start, and never kept.
"""

from chouseiapo.adapters.zoom.meetings import ME, ZoomMeetings

__all__ = ["ME", "ZoomMeetings"]
