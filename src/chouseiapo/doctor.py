"""Looks at everything the product needs, and says in words what to do about what is broken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from chouseiapo import migrations
from chouseiapo.bootstrap import Services
from chouseiapo.database import AHEAD, WRONG_KEY
from chouseiapo.domain.links import Link
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding
from chouseiapo.ledger import failing_tasks, worker_is_alive
from chouseiapo.mail_overrides import find_faults
from chouseiapo.ports import PortError
from chouseiapo.worker import Worker
from projections.audit import Report, ask, calendars_in_use, is_asked, reports
from projections.catch_up import ahead_of_log, parked_streams
from projections.compare_meetings import Compared, CompareMeetings, hosts_in_use
from projections.holds import AUDIT
from projections.holds import LEDGER as HOLDS
from projections.people import find_people

# How long comparing all calendars may take.
PATIENCE_S = 90.0
# How late a reminder may be made before something is wrong: the sweep comes every minute.
OVERDUE = timedelta(minutes=5)
VANISHED = "its owner is asked what that means; until then nothing follows from it"
TESTING = "the Google app is in publishing status Testing: publish it, then link the account again"
MISSING = "link the account again and leave every permission ticked"
ORGANIZATION_APP = (
    "set ZOOM_ACCOUNT_ID, ZOOM_S2S_CLIENT_ID and ZOOM_S2S_CLIENT_SECRET as the Server-to-Server OAuth app at "
    "marketplace.zoom.us shows them, and activate it there"
)
WEBHOOKS = (
    "meetings that are changed or deleted at Zoom are noticed at night only; subscribe to "
    "BASE_URL/webhooks/zoom there and set the app's secret token"
)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at; `advice` says what to do, empty when there is nothing."""

    what: str
    healthy: bool = True
    advice: str = ""


def examine(services: Services) -> list[Finding]:
    """Settings, database, worker, mail server, reminders, linked accounts, in that order."""
    return [
        *_settings(services),
        *_database(services),
        *_mail(services),
        *_templates(services),
        _reminders(services),
        *_zoom(services),
        *_links(services),
    ]


def _settings(services: Services) -> Iterator[Finding]:
    settings = services.settings
    yield Finding("settings: readable")
    if not settings.secure:
        yield Finding(f"settings: BASE_URL is {settings.base_url} (no TLS: fine on this machine alone)")
    if not settings.company:
        yield Finding("settings: COMPANY is empty", advice="guests see it in subjects and on their page")


def _database(services: Services) -> Iterator[Finding]:
    rows, standing = services.rows, migrations.revision(services.rows.engine)
    yield Finding(f"database: schema {standing}", standing == migrations.HEAD)
    fits = services.keyring.fits()
    yield Finding(f"secret key: {'fits' if fits else 'wrong'}", fits, "" if fits else WRONG_KEY)
    if ahead_of_log(services.coordination, rows):
        yield Finding("events: behind the rows", False, AHEAD)
    running = worker_is_alive(rows, services.clock())
    advice = "" if running else "start one: chouseiapo worker (or serve)"
    yield Finding(f"worker: {'running' if running else 'none is running'}", running, advice)
    waiting, failing = parked_streams(rows), failing_tasks(rows)
    for projection, stream in waiting:
        advice = f"after mending the cause: chouseiapo rebuild {projection} --stream {stream}"
        yield Finding(f"parked: {stream} in {projection}", False, advice)
    yield Finding(
        f"settling: {failing} tasks are failing",
        not failing,
        "see the appointments concerned" if failing else "",
    )


def _templates(services: Services) -> Iterator[Finding]:
    """The operator's own mail templates; a wrong one holds no mail back, ours takes its place."""
    for fault in find_faults(services.settings, services.clock()):
        known = f"; there are: {', '.join(fault.known)}" if fault.known else ""
        yield Finding(f"mail template {fault.place}: {fault.said}", False, f"ours is used{known}")


def _mail(services: Services) -> Iterator[Finding]:
    if services.mailer is None:
        yield Finding(
            "mail: SMTP_URL is not set; mails stay on the outbox page", advice="set CHOUSEIAPO_SMTP_URL"
        )
        return
    try:
        services.mailer.check()
    except PortError as error:
        yield Finding(f"mail: {error.reason}", False, "check SMTP_URL: host, port, user, password, TLS")
    else:
        yield Finding("mail: the server answers")


def _reminders(services: Services) -> Finding:
    """By which rules people are reminded, and whether somebody does it."""
    now, reminders = services.clock(), services.reminders
    rules = ", ".join(_rule(each.rule) for each in reminders.in_force())
    if overdue := sum(len(batch) for batch in reminders.due_mails(now - OVERDUE)):
        return Finding(
            f"reminders: {overdue} are overdue ({rules})", False, "start a worker: chouseiapo worker"
        )
    coming = reminders.upcoming(now)
    following = f"; next {coming[0]:%Y-%m-%d %H:%M} UTC, {coming[1]} mails" if coming else ""
    return Finding(f"reminders: {rules}{following}")


def _rule(rule: ReminderRule) -> str:
    return f"on the day at {rule.at}" if rule.when is Reminding.ON_THE_DAY else f"{rule.minutes} min before"


def _links(services: Services) -> Iterator[Finding]:
    for kind in ("member", "room"):
        for person in find_people(services.rows, kind):
            for link in services.coordination.owner(person.id).links.values():
                yield _link(services, link, f"link: {link.provider} of {person.email or person.name}")

    for link in services.coordination.organization().links.values():
        yield _link(services, link, f"link: {link.provider} host {link.account}")


def _zoom(services: Services) -> Iterator[Finding]:
    """The organization's own app at Zoom, and whether Zoom tells us anything."""
    settings, organization = services.settings, services.zoom_organization
    named = (settings.zoom_account_id, settings.zoom_s2s_client_id, settings.zoom_s2s_client_secret)
    if any(named) and not all(named):
        yield Finding("zoom: the organization's app is named in part", False, ORGANIZATION_APP)
    elif all(named):
        try:
            hosts = sum(user.licensed for user in organization.users())
            yield Finding(f"zoom: the organization's app works; {hosts} licensed users")
        except PortError as error:
            yield Finding(f"zoom: the organization's app: {error.reason}", False, ORGANIZATION_APP)
    if (settings.zoom_client_id or all(named)) and not settings.zoom_webhook_secret:
        yield Finding("zoom: ZOOM_WEBHOOK_SECRET is not set", advice=WEBHOOKS)


def _link(services: Services, link: Link, name: str) -> Finding:
    try:
        services.vault.access_token(link.id)
    except PortError as error:
        return Finding(f"{name}: {error.reason}", False, _advice(error))
    if link.vanished:
        return Finding(f"{name}: {link.vanished} entries vanished at once", False, VANISHED)
    if link.ends_at is not None:
        return Finding(f"{name}: works until {link.ends_at:%Y-%m-%d %H:%M} UTC", advice=TESTING)
    if link.missing:
        return Finding(f"{name}: works, without {', '.join(link.missing)}", advice=MISSING)
    return Finding(f"{name}: works")


def examine_calendars(services: Services, what: str = AUDIT) -> list[Report]:
    """Compare every calendar with the events (or repair it, or repair all) and answer what that has found.

    It is done in the calendars' lanes, by this process or by whichever worker holds them; what has not
    answered within a minute and a half keeps its earlier report.
    """
    working, until = Worker(services), time.monotonic() + PATIENCE_S
    working.read()
    links = calendars_in_use(services.coordination, services.rows)
    ask(services.rows, links, what)
    working.settle(HOLDS)
    while is_asked(services.rows, links, what) and time.monotonic() < until:
        time.sleep(0.5)
        working.settle(HOLDS)
    return [report for report in reports(services.rows) if report.link in links]


def examine_meetings(
    services: Services, *, repair: bool = False, force: bool = False
) -> list[tuple[Link, Compared | PortError]]:
    """Compare what every host has to come with what we know (and put it right, where that is asked for)."""
    app, now = services.coordination, services.clock()
    comparing = CompareMeetings(app, services.rows, services.conferencing)
    found: list[tuple[Link, Compared | PortError]] = []
    for id in hosts_in_use(app, services.rows):
        link = app.linked(id)
        if link is None:
            continue
        try:
            compared = comparing.compare(id, now, force=force) if repair else comparing.find(id, now)
            found.append((link, compared))
        except PortError as error:
            found.append((link, error))
    return found


def _advice(error: PortError) -> str:
    if not error.auth:
        return "the vendor could not be reached; try again later"
    return (
        "link the account again: on the settings page, or chouseiapo member link EMAIL PROVIDER. "
        "Google: tokens of an OAuth app in publishing status Testing die after seven days; publish the app"
    )
