"""The guest's half of the API: no token, the link's secret is the key. JSON only, no CORS."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request

from chouseiapo.domain.errors import AlreadyConfirmed, DomainError
from chouseiapo.domain.event import GUEST
from chouseiapo.web import limits
from chouseiapo.web.api.requests import command_of, json_body
from chouseiapo.web.errors import Refused, answer_to, problem_json
from chouseiapo.web.forms import ConfirmBody
from chouseiapo.web.links import appointment_behind
from chouseiapo.web.live_check import Choice
from chouseiapo.web.request import live_check, services
from chouseiapo.web.views import Views

guest_api = Blueprint("guest_api", __name__, url_prefix="/api/v1/guest")


@guest_api.get("/<secret>")
def view(secret: str) -> Any:
    return Views(services()).for_guest(appointment_behind(secret))


@guest_api.post("/<secret>/confirm")
def confirm(secret: str) -> Any:
    """Pick one candidate; the same choice again answers the same, another one is told what stands."""
    if not request.is_json:
        raise Refused(415, "not_acceptable")
    appointment = appointment_behind(secret)
    limits.hit(limits.POSTS_PER_LINK, appointment.id)
    body = json_body(ConfirmBody)
    command_of(GUEST)  # refuses a key that came with another body; the same choice again is harmless
    given = body.guest
    choice = Choice(body.candidate, given.guest(), given.time_zone or "", given.locale or "", body.start)
    try:
        confirmed = live_check().confirm(appointment, choice, g.now)
    except DomainError as refusal:
        return _refused(refusal, appointment.id)
    return Views(services()).for_guest(confirmed)


def _refused(refusal: DomainError, id: str) -> Any:
    """A refusal that says what stands, so that the guest can go on from there."""
    answer = answer_to(refusal)
    if answer.status != 409:
        raise refusal
    standing = Views(services()).for_guest(services().coordination.appointment(id))
    more = {"confirmed": standing["confirmed"]}
    if not isinstance(refusal, AlreadyConfirmed):
        more["candidates"] = standing["candidates"]
    return problem_json(answer, g.locale, **more)
