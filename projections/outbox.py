"""Ledger of mails: who should be told what, because of which event. Rows name ids; no address, no text.

A mail is worked out from the events alone and rendered when it leaves, from the appointment as it was at the
event that caused it; so a mail that waited for a broken server still says what it meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Table, delete, select
from sqlalchemy.engine import Connection

from chouseiapo.application import Coordination
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.links import AccountBroken, AccountUnlinked, EntriesDisappeared
from chouseiapo.domain.member import Role
from chouseiapo.domain.proposal import Delivery
from chouseiapo.domain.slots import CandidateState
from chouseiapo.ledger import AT_ONCE, touch_all
from chouseiapo.mail_facts import Rule
from chouseiapo.mail_links import LinkRule
from chouseiapo.storage import Rows, insert_all_new
from chouseiapo.tables import mails, people, rendered_mails, sent_mails

LEDGER = "outbox"
GUEST = "guest"
LANES = 4
_BULK = "reminders-"
AGAIN = "/again-"
# What became of a mail: sent, skipped for a reason, or else why it was refused.
SENT = "sent"
SKIPPED = "skipped_"
# What may happen to accounts that somebody has to be told of.
_OF_LINKS = (AccountBroken, EntriesDisappeared, AccountUnlinked)


class Mail(msgspec.Struct, frozen=True):
    """A mail that should go out: `version` is that of the event that caused it; one about somebody's account
    has no appointment."""

    key: str
    appointment: str
    recipient: str
    rule: str
    version: int
    created_at: datetime

    @property
    def stream(self) -> str:
        """Whose event caused it, where one did."""
        return self.key.partition("/")[0]


class Outbox:
    """The wanted half: one row a mail, and a task for each that has not left."""

    name = LEDGER
    tables: Sequence[Table] = (mails,)

    def __init__(self, app: Coordination) -> None:
        self._app = app

    def apply(self, connection: Connection, stream: str, events: Sequence[Event]) -> None:
        if stream.startswith("appointment-"):
            # What was rendered beforehand says what stood before.
            connection.execute(delete(rendered_mails).where(rendered_mails.c.appointment == stream))
            want_all(connection, mails_of(self._app.stream(stream)))
        elif any(isinstance(event, _OF_LINKS) for event in events):
            for mail in self._mails_of_links(connection, self._app.stream(stream)):
                want(connection, mail)

    def _mails_of_links(self, connection: Connection, events: Sequence[Event]) -> Iterator[Mail]:
        """Every mail that a member's or room's events ask for: the member's own, or all administrators'."""
        for event in events:
            if rule := _of_link(event):
                for recipient in self._keepers(connection, event):
                    yield msgspec.structs.replace(_mail(event, rule, recipient), appointment="")

    def _keepers(self, connection: Connection, event: Event) -> list[str]:
        """Who looks after the accounts; of a room's, whoever was an administrator at that time."""
        if is_of("member", event.originator_id):
            return [event.originator_id]
        known = connection.scalars(select(people.c.id).where(people.c.kind == "member").order_by(people.c.id))
        found = self._app.members(known.all(), until=event.at)
        return [id for id, member in found.items() if member.role is Role.ADMINISTRATOR]


def want(connection: Connection, mail: Mail, sealed: str = "", asked_by: str = "") -> bool:
    """Put a mail into the outbox once; one that has left is not sent again. Tells whether it is new."""
    return bool(want_all(connection, [mail], sealed, asked_by))


def want_all(
    connection: Connection, wanted: Sequence[Mail], sealed: str = "", asked_by: str = ""
) -> set[str]:
    """Put several mails of one moment into the outbox; answers the keys of those that are new."""
    in_order = sorted(wanted, key=lambda mail: mail.key)  # so that two who do the same wait for each other
    rows = [msgspec.structs.asdict(mail) | {"sealed": sealed, "asked_by": asked_by} for mail in in_order]
    new = insert_all_new(connection, mails, rows)
    left = set(connection.scalars(select(sent_mails.c.key).where(sent_mails.c.key.in_(new))))
    due = {mail.key: lane_of(mail) for mail in in_order if mail.key in new - left}
    touch_all(connection, LEDGER, due, max((mail.created_at for mail in wanted), default=AT_ONCE))
    return new


def are_wanted(rows: Rows, appointments: Sequence[str]) -> set[str]:
    """The keys of every mail of those appointments that is in the outbox already, sent or not."""
    with rows.read() as connection:
        return set(connection.scalars(select(mails.c.key).where(mails.c.appointment.in_(appointments))))


def lane_of(mail: Mail) -> str:
    """The mails of one appointment share a lane, so that they leave in their order. Fifty thousand reminders
    hold nothing else up, and least of all somebody who wants to sign in."""
    if not mail.appointment:
        return "smtp-accounts"
    kind = _BULK if is_reminder(mail.rule) else "smtp-"
    return f"{kind}{sum(mail.appointment.encode()) % LANES}"


def is_bulk(lane: str) -> bool:
    """Whether so much can be due in the lane at one moment that what became of it is noted together."""
    return lane.startswith(_BULK)


def is_reminder(rule: str) -> bool:
    return rule.partition("-")[0] == Rule.REMINDER


def again(mail: Mail, number: int, now: datetime) -> Mail:
    """The same mail once more, by hand: a mail of its own, with its own Message-ID."""
    return msgspec.structs.replace(mail, key=f"{original(mail.key)}{AGAIN}{number}", created_at=now)


def original(key: str) -> str:
    """The key of the mail that was first asked for, whether by an event or by the clock."""
    return key.partition(AGAIN)[0]


def mails_of(events: Sequence[Event]) -> list[Mail]:
    """Every mail that an appointment's events ask for, in order."""
    appointment = Appointment(events[0].originator_id)
    found: list[Mail] = []
    for event in events:
        before = (appointment.state, appointment.attendees)
        appointment.when(event)
        for rule, recipients in _told(event, appointment, *before):
            found += [_mail(event, rule, recipient) for recipient in recipients]
    return found


def _told(
    event: Event, appointment: Appointment, state: State, attendees: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Which rules an event sets off, and for whom, given the state and the attendees before it."""
    requested = appointment.delivery is Delivery.MAIL
    everybody = [*_guest(appointment), *_members(appointment)]
    match event:
        case Appointment.Proposed() if requested and not appointment.direct:
            yield Rule.REQUEST, everybody
        case Appointment.RequestResent():
            yield Rule.REQUEST, _guest(appointment)
        case Appointment.Confirmed() if not appointment.holds_confirmation_back:
            yield _fixed(appointment), everybody
        case Appointment.Moved():
            yield Rule.MOVED, everybody
        case Appointment.MessageSent():  # who will meet the guest gets a copy; who wrote it has it
            copied = [m for m in _members(appointment) if m != event.meta.actor]
            yield Rule.MESSAGE, [*_guest(appointment), *copied]
        case Appointment.AttendeesChanged():
            yield from _told_joining(appointment, [m for m in appointment.attendees if m not in attendees])
            if appointment.state is State.CONFIRMED:
                yield Rule.REMOVED, [m for m in attendees if m not in appointment.attendees]
        case Appointment.CandidateTaken() if _none_left(appointment):
            yield Rule.ALL_GONE, [appointment.author]
        case Appointment.OrganizerAsked():
            yield Rule.QUESTION, _deciders(appointment)
        case Appointment.OccurrenceCancelled():
            yield Rule.OCCURRENCE_CANCELLED, everybody
        case Appointment.Cancelled() if requested or state is State.CONFIRMED:
            yield Rule.CANCELLED, everybody
        case Appointment.Cancelled():
            yield Rule.CANCELLED, _members(appointment)
        case Appointment.Expired():
            yield Rule.EXPIRED, everybody if requested else _members(appointment)
        case _:
            yield from _told_of_meeting(event, appointment, everybody)


def _told_of_meeting(
    event: Event, appointment: Appointment, everybody: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """What people hear of a conference: the first brings the confirmation, or follows it."""
    match event:
        case Appointment.MeetingDelayed():
            yield Rule.CONFIRMATION_PENDING, everybody
        case Appointment.MeetingIssued() if appointment.conference.times_issued > 1:
            yield Rule.MEETING_CHANGED, everybody
        case Appointment.MeetingIssued():
            yield Rule.MEETING_URL if appointment.meeting_delayed else Rule.CONFIRMATION, everybody
        case Appointment.MeetingWithdrawn():
            yield Rule.MEETING_WITHDRAWN, everybody
        case Appointment.MeetingVanished():
            yield Rule.MEETING_VANISHED, _deciders(appointment)
        case Appointment.MeetingForgone():
            yield Rule.MEETING_FORGONE, everybody


def _fixed(appointment: Appointment) -> Rule:
    """How people hear that the time is fixed."""
    return Rule.CONFIRMATION_PENDING if appointment.lacks_meeting else Rule.CONFIRMATION


def _told_joining(appointment: Appointment, joined: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Who joins later is told what the others were told."""
    if appointment.state is State.PROPOSED:
        if appointment.delivery is Delivery.MAIL:
            yield Rule.REQUEST, joined
    elif not appointment.holds_confirmation_back:
        yield _fixed(appointment), joined


def told_at(events: Sequence[Event]) -> dict[str, datetime]:
    """When each recipient was last told that the time is fixed; who is not in it has yet to be told."""
    told = (Rule.CONFIRMATION, Rule.CONFIRMATION_PENDING, Rule.MOVED)
    return {mail.recipient: mail.created_at for mail in mails_of(events) if mail.rule in told}


def _guest(appointment: Appointment) -> list[str]:
    return [GUEST] if appointment.guest.email else []


def _members(appointment: Appointment) -> list[str]:
    """Each attendee, and the author even if not attending."""
    return list(dict.fromkeys((*appointment.attendees, appointment.author)))


def _of_link(event: Event) -> LinkRule | None:
    """What somebody has to hear of an account; who unlinks their own knows."""
    match event:
        case AccountBroken():
            return LinkRule.LINK_BROKEN
        case EntriesDisappeared():
            return LinkRule.VANISHED
        case AccountUnlinked(deauthorized=True):
            return LinkRule.DEAUTHORIZED
        case AccountUnlinked(moved_to=moved_to) if moved_to:
            return LinkRule.LINK_MOVED
    return None


def _deciders(appointment: Appointment) -> list[str]:
    """Who is asked what follows when something of ours was changed by hand."""
    return list(dict.fromkeys((appointment.organizer, appointment.author)))


def _none_left(appointment: Appointment) -> bool:
    return all(c.state is not CandidateState.OPEN for c in appointment.candidates.values())


def _mail(event: Event, rule: str, recipient: str) -> Mail:
    return Mail(
        key=f"{event.id}/{rule}/{recipient}",
        appointment=event.originator_id,
        recipient=recipient,
        rule=str(rule),
        version=event.originator_version,
        created_at=event.at,
    )
