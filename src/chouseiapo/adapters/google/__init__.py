"""Google Calendar: each entry is one event on one of the account's calendars, without attendees.

Events carry an id of our own making, because the client re-sends a POST whose connection dropped, and a
crash may hide an answer: a second insert is a 409, and what stands there is read and made right. The id of a
deleted event stays taken (409 on insert, 410 on delete): what must come back gets the next generation's.

A change goes over the version that we left there, by its etag. When there is another one, somebody has been
at the event: nothing is changed, and whoever asked decides.
"""

from chouseiapo.adapters.google.calendar import GoogleCalendar

__all__ = ["GoogleCalendar"]
