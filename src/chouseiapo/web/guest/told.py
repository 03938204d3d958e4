"""What a guest is told of mails: only what was sent, or is going to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chouseiapo import wording
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.mail_facts import Rule
from chouseiapo.web.i18n import _, translate
from projections.mail_log import mails_about
from projections.outbox import GUEST

# Of a series, only the next ones are told of.
MOST_REMINDERS = 3


def told(
    services: Services, appointment: Appointment, name: str, zone: str, locale: str, now: datetime
) -> Iterator[str]:
    """Sentences about the confirmation, the link to join and the reminder, in the guest's language.

    `name`: the organizer's.
    """
    if services.mailer is None or not appointment.guest.email:
        if appointment.lacks_meeting:
            yield translate(_("参加URLは、準備ができしだいこのページに表示します。"), locale)
        return
    fates = _fates(services, appointment)
    sent = {recipient for recipient, state in fates.items() if state == "sent"}
    if {GUEST, appointment.organizer} <= sent:
        yield translate(_("確定のお知らせを、お客様と%(name)sにメールでお送りしました。"), locale, name=name)
    elif GUEST in sent:
        yield translate(_("確定のお知らせをメールでお送りしました。"), locale)
    elif fates.get(GUEST, "queued") == "queued" and not appointment.awaits_meeting:
        yield translate(_("確定のお知らせを、まもなくメールでお送りします。"), locale)
    if appointment.awaits_meeting:
        yield translate(_("参加URLは、まもなくメールでお届けします。"), locale)
    elif appointment.lacks_meeting and appointment.conference.asked:
        yield translate(_("参加方法は、担当者からあらためてお知らせします。"), locale)
    elif appointment.lacks_meeting:  # issued by hand
        yield translate(_("参加URLは、後ほどメールでお届けします。"), locale)
    if due := services.reminders.coming(appointment.id, GUEST, now):
        moments = (wording.moment(each, zone, locale) for each in due[:MOST_REMINDERS])
        at = ("、" if locale == "ja" else "; ").join(moments)  # an English date has commas of its own
        yield translate(_("%(at)sに、リマインドもメールでお送りします。"), locale, at=at)
        if len(due) > MOST_REMINDERS:
            yield translate(_("その後の分も、同じようにお送りします。"), locale)


def _fates(services: Services, appointment: Appointment) -> dict[str, str]:
    """What became of each recipient's confirmation; who is not in it has one to come."""
    confirmations = (Rule.CONFIRMATION, Rule.CONFIRMATION_PENDING)
    found = mails_about(services.rows, appointment.id)
    return {each.mail.recipient: each.state for each in found if each.mail.rule in confirmations}
