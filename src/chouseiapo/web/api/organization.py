"""Routes under /api/v1/organization: what holds for everybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from chouseiapo.domain.errors import Invalid
from chouseiapo.domain.event import Meta
from chouseiapo.domain.ids import new_id
from chouseiapo.domain.member import Role
from chouseiapo.domain.reminder_rules import ReminderRule, Reminding, check_reminders
from chouseiapo.web.api.requests import json_body, with_token
from chouseiapo.web.errors import Refused
from chouseiapo.web.forms import RemindersBody
from chouseiapo.web.request import services

organization = Blueprint("api_organization", __name__, url_prefix="/api/v1/organization")


@organization.get("/reminders")
@with_token
def reminders() -> Any:
    """The rules in force, the farthest from the start first."""
    return {"reminders": [_shown(each.rule) for each in services().reminders.in_force()]}


@organization.put("/reminders")
@with_token
def choose_reminders() -> Any:
    """Set them all; administrators only."""
    if g.member.role is not Role.ADMINISTRATOR:
        raise Refused(403, "forbidden")
    rules = [each.rule() for each in json_body(RemindersBody).reminders]
    if problems := list(check_reminders(rules)):
        raise Invalid(*problems)
    cause = Meta(actor=g.member.id, command=new_id("command"))
    services().coordination.choose_reminders(rules, cause, g.now)
    return reminders()


def _shown(rule: ReminderRule) -> dict[str, Any]:
    when = {"when": rule.when.value}
    return when | ({"at": rule.at} if rule.when is Reminding.ON_THE_DAY else {"minutes": rule.minutes})
