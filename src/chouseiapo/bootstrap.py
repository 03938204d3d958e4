"""The composition root: the only module that names concrete adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from chouseiapo.accounts.access import LINK_LIFE, Access
from chouseiapo.accounts.caldav import CaldavAccounts
from chouseiapo.accounts.google import GoogleAccounts
from chouseiapo.accounts.keyring import StoredKeyring
from chouseiapo.accounts.linking import Consent, Granted
from chouseiapo.accounts.microsoft import MicrosoftAccounts
from chouseiapo.accounts.secret_links import SecretLinks
from chouseiapo.accounts.secrets import VAULT, Sealer, Signer, hashed
from chouseiapo.accounts.vault import Grant, LinkedAccounts, Vault
from chouseiapo.accounts.zoom import ZoomAccounts
from chouseiapo.accounts.zoom_organization import PROVIDER as ZOOM_ORGANIZATION
from chouseiapo.accounts.zoom_organization import ZoomOrganization, ZoomUser
from chouseiapo.adapters.builtin import BuiltinCalendar
from chouseiapo.adapters.caldav import CaldavCalendar, CaldavDiscovery
from chouseiapo.adapters.google import GoogleCalendar
from chouseiapo.adapters.outlook import OutlookCalendar
from chouseiapo.adapters.smtp import SmtpMailer
from chouseiapo.adapters.zoom import ME, ZoomMeetings
from chouseiapo.application import Coordination
from chouseiapo.builtin_shelf import BuiltinShelf
from chouseiapo.clock import Clock, utc_now
from chouseiapo.config import Settings
from chouseiapo.database import coordination, open_database
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import link_id, link_owner, member_id
from chouseiapo.domain.links import Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.mail import Mails
from chouseiapo.mail_facts import SIGN_IN
from chouseiapo.policies import Policies
from chouseiapo.ports import Calendar, Conferencing, Mailer, PortError
from chouseiapo.storage import Rows
from projections.appointments import Appointments
from projections.audit import Audit
from projections.calendars import KeepCalendars
from projections.catch_up import Projection
from projections.composer import Composer
from projections.holds import EntryWriter, Holds
from projections.issue_meetings import IssueMeetings
from projections.meetings import Meetings
from projections.offers import Offers
from projections.outbox import Mail, Outbox, want
from projections.people import People
from projections.place_holds import PlaceHolds
from projections.reminders import Reminders
from projections.rendered import RenderAhead, RenderedMails
from projections.send_mails import SealedSignIn, SendMails
from projections.settle import Settler
from projections.watch import Watch


class Connected(Protocol):
    """What keeps connections open until it is told to close them."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Services:
    """Everything that web, worker and cli are handed."""

    settings: Settings
    clock: Clock
    rows: Rows
    keyring: StoredKeyring
    coordination: Coordination
    access: Access
    guest_links: SecretLinks
    feed_links: SecretLinks
    form_signer: Signer
    sealer: Sealer
    accounts: Mapping[str, LinkedAccounts]
    consents: Mapping[str, Consent]
    zoom_organization: ZoomOrganization
    vault: Vault
    calendars: Mapping[str, Calendar]
    conferencing: Conferencing
    meetings: Meetings
    mailer: SmtpMailer | None
    entry_writer: EntryWriter
    composer: Composer
    projections: Sequence[Projection]
    policies: Policies
    settlers: Sequence[Settler]
    reminders: Reminders
    connected: Sequence[Connected]

    def calendar_of(self, link: str) -> Calendar:
        """The adapter that speaks to the calendar behind a link: its id begins with the provider."""
        return self.calendars[link.partition("-")[0]]

    def guest_url(self, appointment: Appointment) -> str:
        return self.guest_links.url(appointment.id, appointment.generation)

    def link(self, email: str, provider: Provider, refresh_token: str, cause: Meta) -> str:
        """Let the account that a refresh token belongs to speak for a member: see link_to."""
        member = self.coordination.member(member_id(email))
        return self.link_to(member.id, provider, refresh_token, cause)

    def link_to(self, owner: str, provider: Provider, refresh_token: str, cause: Meta) -> str:
        """Let the account that a refresh token belongs to speak for a member or room; answers the link's id.

        The token is tried before anything is recorded; raises PortError when the vendor refuses it.
        """
        self.coordination.owner(owner)
        granted = Granted(self.accounts[provider].refresh(Grant(refresh_token)))
        return self.keep_account(owner, provider, granted, cause)

    def keep_account(self, owner: str, provider: Provider, granted: Granted, cause: Meta) -> str:
        """Let the account that has granted us something speak; the vault has it before anybody asks for it.

        Raises PortError("no_permission") when that does not suffice to write entries; nothing is kept then.
        """
        account, now = self.accounts[provider].account(granted.grant), self.clock()
        link = link_id(provider, owner, account.subject)
        if not granted.can_write:
            self._give_back(link, granted.grant)
            raise PortError("no_permission", permanent=True, auth=True)
        self.vault.store(link, owner, provider, granted.grant)
        ends_at = now + timedelta(seconds=granted.lives_s) if granted.lives_s else None
        said = (owner, provider, account.subject, account.email, cause, now, granted.missing, ends_at)
        others = self.vault.of_account(link)
        return self.coordination.link_account(*said, others=others, plan=account.plan)

    def keep_host(self, user: ZoomUser, cause: Meta) -> str:
        """Let a user of the organization's Zoom account host for those who have none; answers the link's id.

        A member whose account that is loses it, as by any other linking.
        """
        link = link_id(Provider.ZOOM, ORGANIZATION, user.id)
        self.vault.store(link, ORGANIZATION, ZOOM_ORGANIZATION, Grant("", state=user.id))
        said = (ORGANIZATION, Provider.ZOOM, user.id, user.email, cause, self.clock())
        return self.coordination.link_account(*said, others=self.vault.of_account(link), plan=user.plan)

    def forget_account(self, link: str, revision: int | None = None) -> None:
        """Destroy what an account has granted us, unless it has done so anew since that revision."""
        if grant := self.vault.forget(link, revision):
            self._give_back(link, grant)

    def _give_back(self, link: str, grant: Grant) -> None:
        """Take the consent back, but not while another link lives by it, because it is one an account. Nobody
        has consented for the organization's hosts."""
        provider = link.partition("-")[0]
        consented = provider in self.consents and link_owner(link) != ORGANIZATION
        if consented and not self.vault.of_account(link):
            self.consents[provider].revoke(grant)

    def erase_guest(self, appointment: str, cause: Meta, cancel: bool = False) -> None:
        """Forget who the guest was, for ever. Raises NotOver for what is open or to come, unless `cancel`."""
        now = self.clock()
        if cancel and not self.coordination.appointment(appointment).is_over(now):
            self.coordination.cancel(appointment, "", cause, now)
        self.coordination.erase_guest(appointment, cause, now)
        self.keyring.destroy(appointment, now)

    def mail_sign_in_link(self, member: str, now: datetime) -> str:
        """Put the mail with a one-time link into the outbox; answers the link."""
        url = f"{self.settings.base_url}/sign-in/{self.access.new_sign_in_link(member, now)}"
        content = msgspec.json.encode(SealedSignIn(url, now + LINK_LIFE))
        mail = Mail(f"{SIGN_IN}/{hashed(url)}", "", member, SIGN_IN, 0, now)
        with self.rows.write() as connection:
            want(connection, mail, self.sealer.seal(content))
        return url

    def close(self) -> None:
        for connected in self.connected:
            connected.close()
        self.coordination.close()
        self.rows.close()


def build(settings: Settings, clock: Clock = utc_now) -> Services:
    """Open the database (an empty one is created, an old one refused) and put everything together."""
    rows, keyring = open_database(settings)
    try:
        return _assemble(settings, clock, rows, keyring, coordination(settings, keyring))
    except BaseException:
        rows.close()
        raise


def _assemble(
    settings: Settings, clock: Clock, rows: Rows, keyring: StoredKeyring, app: Coordination
) -> Services:
    sealer = Sealer(settings.secret_key, VAULT)
    google_accounts, microsoft_accounts = GoogleAccounts(settings), MicrosoftAccounts(settings)
    zoom_accounts, zoom_organization = ZoomAccounts(settings), ZoomOrganization(settings)
    accounts: dict[str, LinkedAccounts] = {
        Provider.GOOGLE.value: google_accounts,
        Provider.MICROSOFT.value: microsoft_accounts,
        Provider.CALDAV.value: CaldavAccounts(CaldavDiscovery(settings)),
        Provider.ZOOM.value: zoom_accounts,
    }
    vault = Vault(rows, sealer, {**accounts, ZOOM_ORGANIZATION: zoom_organization}, clock)
    linked, zoom = _linked_calendars(settings, vault, clock), _zoom(settings, vault, clock)
    calendars: dict[str, Calendar] = {"builtin": BuiltinCalendar(BuiltinShelf(rows)), **linked}
    guest_signer, feed_signer = (Signer(settings.secret_key, kind) for kind in ("guest link", "feed link"))
    guest_links = SecretLinks(guest_signer, "appointment", f"{settings.base_url}/g/")
    writer = EntryWriter(app, settings.base_url, settings.time_zone, settings.locale)
    composer = Composer(app, settings, Mails(settings), guest_links.url)
    reminders = Reminders(app, rows, settings.reminder_at, settings.time_zone)
    meetings = Meetings(app, settings.time_zone)
    mailer = SmtpMailer(settings) if settings.smtp_url else None
    settlers: tuple[Settler, ...] = (
        _keep_calendars(settings, app, rows, writer, calendars),
        IssueMeetings(app, rows, meetings, zoom, clock),
        *(_send_mails(app, rows, composer, reminders, mailer, sealer, keyring) if mailer else ()),
    )
    return Services(
        settings=settings,
        clock=clock,
        rows=rows,
        keyring=keyring,
        coordination=app,
        access=Access(rows),
        guest_links=guest_links,
        feed_links=SecretLinks(feed_signer, "member", f"{settings.base_url}/feeds/", ".ics"),
        form_signer=Signer(settings.secret_key, "form"),
        sealer=sealer,
        accounts=accounts,
        consents=_consents(settings, google_accounts, microsoft_accounts, zoom_accounts),
        zoom_organization=zoom_organization,
        vault=vault,
        calendars=calendars,
        conferencing=zoom,
        meetings=meetings,
        mailer=mailer,
        entry_writer=writer,
        composer=composer,
        projections=_projections(app, writer, meetings),
        policies=Policies(app, rows, timedelta(seconds=settings.meeting_wait_s), settings.locale),
        settlers=settlers,
        reminders=reminders,
        connected=(*linked.values(), zoom, *filter(None, (mailer,))),
    )


def _linked_calendars(
    settings: Settings, vault: Vault, clock: Clock
) -> dict[str, GoogleCalendar | OutlookCalendar | CaldavCalendar]:
    return {
        Provider.GOOGLE.value: GoogleCalendar(settings, vault),
        Provider.MICROSOFT.value: OutlookCalendar(settings, vault),
        Provider.CALDAV.value: CaldavCalendar(settings, vault, clock),
    }


def _zoom(settings: Settings, vault: Vault, clock: Clock) -> ZoomMeetings:
    """What the organization's app was granted names the user; a member's token is the member's own."""
    return ZoomMeetings(settings, vault, clock, lambda link: vault.grant(link).state or ME)


def _consents(
    settings: Settings, google: GoogleAccounts, microsoft: MicrosoftAccounts, zoom: ZoomAccounts
) -> dict[str, Consent]:
    """Where people can be sent to consent: at vendors that know our app."""
    return {
        **({Provider.GOOGLE.value: google} if settings.google_client_id else {}),
        **({Provider.MICROSOFT.value: microsoft} if settings.microsoft_client_id else {}),
        **({Provider.ZOOM.value: zoom} if settings.zoom_client_id else {}),
    }


def _projections(app: Coordination, writer: EntryWriter, meetings: Meetings) -> tuple[Projection, ...]:
    """In the order in which they are caught up: the outbox asks the people who the administrators are."""
    return (Offers(app), Holds(app, writer), meetings, People(app), Outbox(app), Appointments(app))


def _keep_calendars(
    settings: Settings, app: Coordination, rows: Rows, writer: EntryWriter, calendars: Mapping[str, Calendar]
) -> KeepCalendars:
    def calendar_of(link: str) -> Calendar:
        return calendars[link.partition("-")[0]]

    grace, every = timedelta(seconds=settings.hand_grace_s), timedelta(seconds=settings.watch_every_s)
    take_foreign = settings.foreign_over_candidate == "take"
    return KeepCalendars(
        PlaceHolds(app, rows, writer, calendar_of, grace, every),
        Watch(app, rows, calendar_of, every, take_foreign),
        Audit(app, rows, writer, calendar_of),
    )


def _send_mails(
    app: Coordination,
    rows: Rows,
    composer: Composer,
    reminders: Reminders,
    mailer: Mailer,
    sealer: Sealer,
    keyring: StoredKeyring,
) -> tuple[Settler, ...]:
    rendered = RenderedMails(app, rows, composer, reminders, keyring)
    return (
        SendMails(rows, composer, reminders, mailer, sealer.open, rendered),
        RenderAhead(reminders, rendered),
    )
