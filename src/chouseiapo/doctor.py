"""Looks at everything the product needs, and says in words what to do about what is broken."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from chouseiapo import migrations
from chouseiapo.bootstrap import Services
from chouseiapo.ports import PortError
from chouseiapo.storage import parked, tasks, workers
from projections.people import find_people


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at; `advice` says what to do, empty when there is nothing."""

    what: str
    healthy: bool = True
    advice: str = ""


def examine(services: Services) -> list[Finding]:
    """Settings, database, worker, mail server, linked accounts, in that order."""
    return [*_settings(services), *_database(services), *_mail(services), *_links(services)]


def _settings(services: Services) -> Iterator[Finding]:
    settings = services.settings
    yield Finding("settings: readable")
    if not settings.secure:
        yield Finding(f"settings: BASE_URL is {settings.base_url} (no TLS: fine on this machine alone)")
    if not settings.company:
        yield Finding("settings: COMPANY is empty", advice="guests see it in subjects and on their page")


def _database(services: Services) -> Iterator[Finding]:
    rows = services.rows
    try:
        with rows.read() as connection:
            alive = connection.scalar(select(func.max(workers.c.alive_until)))
            waiting = connection.execute(select(parked.c.projection, parked.c.stream)).all()
            failing = connection.scalar(
                select(func.count()).select_from(tasks).where(tasks.c.failing_since.is_not(None))
            )
        standing = migrations.revision(rows.engine)
    except SQLAlchemyError as error:
        yield Finding(f"database: {type(error).__name__}", False, "check DATABASE_URL and that the server runs")
        return
    yield Finding(f"database: schema {standing}", standing == migrations.HEAD, "")
    running = alive is not None and alive > services.clock()
    advice = "" if running else "start one: chouseiapo worker (or serve)"
    yield Finding(f"worker: {'running' if running else 'none is running'}", running, advice)
    for projection, stream in waiting:
        advice = f"after mending the cause: chouseiapo rebuild {projection} --stream {stream}"
        yield Finding(f"parked: {stream} in {projection}", False, advice)
    yield Finding(f"settling: {failing} tasks are failing", not failing, "see the appointments concerned" if failing else "")


def _mail(services: Services) -> Iterator[Finding]:
    if services.mailer is None:
        yield Finding("mail: SMTP_URL is not set; mails stay on the outbox page", advice="set CHOUSEIAPO_SMTP_URL")
        return
    try:
        services.mailer.check()
    except (PortError, OSError, smtplib.SMTPException) as error:
        reason = error.reason if isinstance(error, PortError) else type(error).__name__
        yield Finding(f"mail: {reason}", False, "check SMTP_URL: host, port, user, password, TLS")
    else:
        yield Finding("mail: the server answers")


def _links(services: Services) -> Iterator[Finding]:
    for person in find_people(services.rows, "member"):
        for link in services.coordination.member(person.id).links.values():
            name = f"link: {link.provider} of {person.email}"
            try:
                services.vault.access_token(link.id)
            except PortError as error:
                yield Finding(f"{name}: {error.reason}", False, _advice(error))
            else:
                yield Finding(f"{name}: works")


def _advice(error: PortError) -> str:
    if not error.auth:
        return "the vendor could not be reached; try again later"
    return (
        "link the account again: chouseiapo member link EMAIL PROVIDER. "
        "Google: tokens of an OAuth app in publishing status Testing die after seven days; publish the app"
    )
