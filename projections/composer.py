"""Gathers what a mail tells of and renders it; used for sending, for showing and for previews."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cached_property
from importlib.metadata import version
from zoneinfo import ZoneInfo

from chouseiapo.application import Coordination
from chouseiapo.clock import day_ends
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import AccountUnlinked
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Platform
from chouseiapo.domain.slots import Candidate, Slot
from chouseiapo.mail import Facts, Hand, Letter, LinkRule, Mails, Person, Recipient, Rule
from projections.mails_of_links import RULES as OF_LINKS
from projections.mails_of_links import link_facts, why_pointless
from projections.outbox import GUEST, Mail

_MESSAGE = Appointment.MessageSent
_CALLING_OFF = (Appointment.Cancelled, Appointment.OccurrenceCancelled)


class Composer:
    """Knows the people, and the words as they stood when something happened."""

    def __init__(
        self,
        app: Coordination,
        settings: Settings,
        words: Mails,
        guest_url: Callable[[str, int], str],
    ) -> None:
        self._app = app
        self._settings = settings
        self._words = words
        self._guest_url = guest_url

    def over(self, app: Coordination) -> Composer:
        """This composer, with the events as `app` sees them. Whatever a mail tells comes from there or from
        what `fingerprint` covers: so a mail that was rendered beforehand can be known to be still right."""
        other = copy.copy(self)
        other._app = app
        return other

    @cached_property
    def fingerprint(self) -> str:
        """Of the settings and templates that mails are made with, and of the release."""
        settings = self._settings
        made_with = (settings.company, settings.base_url, settings.mail_from, settings.locale)
        known = repr((*made_with, settings.time_zone, version("chouseiapo"), self._words.fingerprint))
        return hashlib.sha256(known.encode()).hexdigest()[:16]

    def compose(self, mail: Mail, now: datetime) -> EmailMessage:
        """The mail as it leaves, from the appointment as it was at the event that caused it."""
        if mail.rule in OF_LINKS:
            return self._compose_about_link(mail, now)
        appointment = self._app.appointment(mail.appointment, until=mail.version)
        # The link of today: one that was reissued while the mail waited would open nothing.
        appointment.generation = self._app.appointment(mail.appointment).generation
        recipient = self.recipient(appointment, mail.recipient, mail.rule)
        return self.render(mail, appointment, recipient, now)

    def _compose_about_link(self, mail: Mail, now: datetime) -> EmailMessage:
        taker = next((e.moved_to for e in self._cause(mail) if isinstance(e, AccountUnlinked)), "")
        facts = replace(
            link_facts(self._app, mail, self._settings.base_url),
            of_organization=mail.stream == ORGANIZATION,
            by_organization=taker == ORGANIZATION,
        )
        return self._words.render_about_link(
            LinkRule(mail.rule),
            _recipient(self._app.member(mail.recipient)),
            facts,
            message_id=self.message_id(mail.key),
            now=now,
        )

    def _cause(self, mail: Mail) -> Sequence[Event]:
        """The event of somebody's account that the mail is about."""
        return self._app.stream(mail.stream, until=mail.version)[-1:]

    def why_pointless(self, mail: Mail, now: datetime) -> str:
        """Why nobody needs the mail any more; empty while it should go."""
        if mail.rule in OF_LINKS:
            return why_pointless(self._app, mail)
        if mail.rule not in (Rule.QUESTION, Rule.MEETING_VANISHED):
            return ""
        appointment = self._app.appointment(mail.appointment)
        if appointment.is_over(now):
            return "ended"
        if mail.rule == Rule.MEETING_VANISHED:
            return "" if appointment.conference.asked else "answered"
        asked = (d.seen_at for d in appointment.deviations if d.asked)
        return "" if mail.created_at in asked else "answered"

    def newest(self, appointment: str) -> int:
        """The version that the appointment has come to."""
        return self._app.versions([appointment])[appointment]

    def day_ends(self, mail: Mail, at: datetime) -> datetime:
        """When the date changes for the recipient (UTC): until then "today" and "tomorrow" stay true."""
        recipient = self.recipient(self._app.appointment(mail.appointment), mail.recipient)
        return day_ends(at, ZoneInfo(recipient.time_zone or self._settings.time_zone))

    def guest_address(self, appointment: str) -> str:
        """Where the guest is written to today; nowhere, once they were erased."""
        return self._app.appointment(appointment).guest.email

    def render(
        self, mail: Mail, appointment: Appointment, recipient: Recipient, now: datetime
    ) -> EmailMessage:
        return self._words.render(
            Rule.of(mail.rule),
            recipient,
            self._facts(appointment, mail, recipient.locale or self._settings.locale),
            message_id=self.message_id(mail.key),
            sequence=mail.version,
            now=now,
        )

    def compose_sign_in(
        self, member: str, address: str, life: timedelta, key: str, now: datetime
    ) -> EmailMessage:
        """The mail that brings a one-time sign-in link."""
        recipient = _recipient(self._app.member(member))
        minutes = int(life.total_seconds() // 60)
        return self._words.render_sign_in(
            recipient, address, minutes, message_id=self.message_id(key), now=now
        )

    def message_id(self, key: str) -> str:
        """The same for the same mail, whoever sends it and how often; it says nothing about anybody."""
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._domain}>"

    @cached_property
    def _domain(self) -> str:
        return parseaddr(self._settings.mail_from)[1].rpartition("@")[2]

    def recipient(self, appointment: Appointment, id: str, rule: str = "") -> Recipient:
        """Who a mail goes to; one whose calendar we write gets no invitation beside it.

        Who was removed attends no longer, but still has the event that the mail takes back.
        """
        if id == GUEST:
            guest = appointment.guest
            return Recipient(
                id=GUEST,
                name=guest.name,
                email=guest.email,
                locale=appointment.locale,
                time_zone=appointment.time_zone,
                guest=True,
                calendar_part=True,
            )
        member = self._app.member(id)
        is_in = id in appointment.attendees or rule == Rule.REMOVED
        calendar_part = member.calendar is None and is_in
        return replace(_recipient(member), calendar_part=calendar_part, host=id == self._starter(appointment))

    def _starter(self, appointment: Appointment) -> str:
        """Who starts the meeting: for whom the account that hosts it speaks by now, or, where that is the
        organization, the organizer."""
        if appointment.meeting is None or appointment.platform is not Platform.ZOOM:
            return ""
        host = appointment.conference.host
        account = self._app.account(host)
        holder = account.holder if account.version else host  # from before accounts were claimed
        owner = link_owner(holder) if holder else ""
        return appointment.organizer if owner == ORGANIZATION else owner

    def _facts(self, appointment: Appointment, mail: Mail, locale: str) -> Facts:
        cause = self._app.stream(appointment.id, until=appointment.version)[-1:]
        replaced = appointment.instead_of
        rooms = {c.room for c in appointment.candidates.values() if c.room}
        return Facts(
            appointment=appointment,
            organizer=self._person(appointment.organizer, locale),
            author=self._person(appointment.author, locale),
            attendees=tuple(self._person(m, locale) for m in appointment.attendees),
            rooms={room: self._app.room(room).name for room in rooms},
            guest_url=self._guest_url(appointment.id, appointment.generation),
            staff_url=f"{self._settings.base_url}/appointments/{appointment.id}",
            reason=next((e.reason for e in cause if isinstance(e, _CALLING_OFF)), ""),
            hand=self._hand(appointment, cause, locale),
            agreed=self._app.appointment(replaced).chosen if replaced else None,
            before=self._before(appointment, cause),
            occurrence=_reminded(appointment, mail) or _called_off(appointment, cause),
            at=cause[0].at if cause else None,
            start_url_page=f"{self._settings.base_url}/appointments/{appointment.id}/start",
            letter=self._letter(appointment, cause, locale),
        )

    def _letter(self, appointment: Appointment, cause: Sequence[Event], locale: str) -> Letter | None:
        """What the event brings the guest; what no member wrote comes from the organizer."""
        sent = next((e for e in cause if isinstance(e, _MESSAGE)), None)
        if sent is None:
            return None
        writer = sent.meta.actor if is_of("member", sent.meta.actor) else appointment.organizer
        return Letter(sent.subject, sent.text, self._person(writer, locale).name)

    def _before(self, appointment: Appointment, cause: Sequence[Event]) -> Slot | None:
        """The time that was moved by the event that causes the mail."""
        moved = next((e for e in cause if isinstance(e, Appointment.Moved)), None)
        if moved is None:
            return None
        earlier = self._app.appointment(appointment.id, until=moved.originator_version - 1)
        return earlier.candidates[moved.candidate].slot

    def _hand(self, appointment: Appointment, cause: Sequence[Event], locale: str) -> Hand | None:
        """What somebody is asked about by the event that causes the mail."""
        asked = next((e for e in cause if isinstance(e, Appointment.OrganizerAsked)), None)
        done = appointment.deviation(asked.owner, asked.candidate) if asked else None
        if done is None:
            return None
        is_room = is_of("room", done.owner)
        name = self._app.room(done.owner).name if is_room else self._person(done.owner, locale).name
        return Hand(name, is_room, done)

    def _person(self, member: str, locale: str) -> Person:
        found = self._app.member(member)
        return Person(found.name_in(locale), found.email)


def _called_off(appointment: Appointment, cause: Sequence[Event]) -> Candidate | None:
    """The one of several times that the event is about, where it is about one."""
    gone = (e.candidate for e in cause if isinstance(e, Appointment.OccurrenceCancelled))
    return next((appointment.candidates[id] for id in gone), None)


def _reminded(appointment: Appointment, mail: Mail) -> Candidate | None:
    """The one of several times that a reminder is of: its key names the start."""
    return next((c for c in appointment.occurrences if f"/{c.start:%Y%m%dT%H%MZ}/" in mail.key), None)


def _recipient(member: Member) -> Recipient:
    return Recipient(
        id=member.id,
        name=member.name,
        email=member.email,
        locale=member.locale,
        time_zone=member.time_zone,
        text_only=member.text_only,
    )
