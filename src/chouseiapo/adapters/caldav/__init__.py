"""CalDAV (RFC 4791): each entry is an object of its own in one of the account's calendars, without attendees.

An object's name is of our making, so that a lost answer can't hide it: it is put where nothing stands yet,
and where something does, that is read. What changes an object goes over the version that was read alone.
Servers let a deleted object's name be used again; what comes back takes the next generation's all the same,
because some of them keep the deleted ones for a while.
"""

from chouseiapo.adapters.caldav.calendar import CaldavCalendar, CaldavDiscovery

__all__ = ["CaldavCalendar", "CaldavDiscovery"]
