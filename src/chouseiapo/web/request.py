"""What a request may reach: the services behind it, and the appointments that its member may see."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.member import Member, Role
from chouseiapo.web.asking import Asking
from chouseiapo.web.dry_run import DryRun
from chouseiapo.web.freebusy import FreeBusy
from chouseiapo.web.live_check import LiveCheck


def services() -> Services:
    return cast(Services, current_app.extensions["chouseiapo"])


def asking() -> Asking:
    return cast(Asking, current_app.extensions["asking"])


def freebusy_reader() -> FreeBusy:
    return cast(FreeBusy, current_app.extensions["freebusy"])


def live_check() -> LiveCheck:
    return cast(LiveCheck, current_app.extensions["live_check"])


def dry_runner() -> DryRun:
    return cast(DryRun, current_app.extensions["dry_run"])


def may_see(member: Member, appointment: Appointment) -> bool:
    return member.role is Role.ADMINISTRATOR or appointment.concerns(member.id)


def visible(id: str) -> Appointment:
    """The appointment, if it concerns whoever asks; to others it does not exist."""
    if not id.startswith("appointment-"):  # other streams have ids, too
        raise NotFound
    appointment = services().coordination.appointment(id)
    if not may_see(g.member, appointment):
        raise NotFound
    return appointment
