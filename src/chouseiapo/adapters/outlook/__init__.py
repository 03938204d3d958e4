"""Outlook calendars through Microsoft Graph: each entry is one event, in the account's or a shared mailbox.

An event with attendees always mails them, so there are none. A repeated transactionId is answered in three
ways in the wild (201 with the same event, 400, 409), for a time that nobody documents: so every event bears
our tag, and who is unsure looks for the tag before creating anything. What is deleted goes to a folder of
its own and can still be read there by its immutable id: so single entries, too, are looked for by their tag,
on the calendar where they belong.

A change goes over the version that we left there, by its etag. When there is another one, somebody has been
at the event: nothing is changed, and whoever asked decides.
"""

from chouseiapo.adapters.outlook.calendar import OutlookCalendar

__all__ = ["OutlookCalendar"]
