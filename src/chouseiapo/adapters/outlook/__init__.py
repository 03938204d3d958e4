"""Outlook calendars through Microsoft Graph: each entry is one event in the account's own mailbox.

An event with attendees always mails them, so there are none. A repeated transactionId is answered in three
ways in the wild (201 with the same event, 400, 409), for a time that nobody documents: so every event bears
our tag, and who is unsure looks for the tag before creating anything.
"""

from chouseiapo.adapters.outlook.calendar import OutlookCalendar

__all__ = ["OutlookCalendar"]
