"""Calling off one of several times: what will follow, and then doing it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import DomainError, NotFound
from chouseiapo.domain.event import Meta
from chouseiapo.domain.slots import CandidateState
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import people, session
from chouseiapo.web.staff.appointment import carry_out, page_refusing
from chouseiapo.web.staff.frame import title_of
from chouseiapo.web.staff.overview import told_of

occurrences = Blueprint("occurrences", __name__, url_prefix="/appointments/<id>/occurrences/<candidate>")


@occurrences.get("/cancel")
@session.signed_in
def ask(id: str, candidate: str) -> Any:
    """What will follow; where it can't be done any more, the page says why."""
    concerned = _with(id, candidate)
    if concerned.candidates[candidate].state is CandidateState.WITHDRAWN:
        return redirect(url_for("appointment.page", id=id), 303)
    try:
        told = told_of(id, lambda imagined: imagined.cancel_occurrence(candidate, "", g.now))
    except DomainError as refusal:
        return page_refusing(id, refusal)
    going = concerned.candidates[candidate]
    return render_template(
        "staff/occurrence.html",
        appointment=concerned,
        candidate=going,
        title=title_of(concerned),
        calendars=[people.name_of(owner) for owner in concerned.resources(going)],
        told=told,
        left=sum(c.end > g.now for c in concerned.occurrences) - 1,
    )


@occurrences.post("/cancel")
@session.signed_in
def cancel(id: str, candidate: str) -> Any:
    _with(id, candidate)
    reason = request.form.get("reason", "").strip()

    def decide(cause: Meta) -> object:
        return services().coordination.cancel_occurrence(id, candidate, reason, cause, g.now)

    return carry_out(id, "occurrence", decide)


def _with(id: str, candidate: str) -> Appointment:
    concerned = visible(id)
    if candidate not in concerned.candidates:
        raise NotFound
    return concerned
