"""Calling off one of several times: what will follow, and then doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Busy, DomainError, Invalid, NotFound, Problem
from chouseiapo.domain.slots import CandidateState
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import people, refused, session
from chouseiapo.web.staff.appointment import page_refusing
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
        return _page(concerned, candidate)
    except DomainError as refusal:
        return page_refusing(id, refusal)


@occurrences.post("/cancel")
@session.signed_in
def cancel(id: str, candidate: str) -> Any:
    """What is wrong with the reason is said here: that of the appointment's page is one for all its times."""
    concerned = _with(id, candidate)
    reason = request.form.get("reason", "").strip().replace("\r\n", "\n")
    try:
        services().coordination.cancel_occurrence(id, candidate, reason, session.command(), g.now)
    except (Busy, NotFound):
        raise
    except Invalid as refusal:
        return _page(concerned, candidate, reason, refusal.problems), 422
    except DomainError as refusal:
        return page_refusing(id, refusal)
    return redirect(url_for("appointment.page", id=id, done="occurrence"), 303)


def _page(concerned: Appointment, candidate: str, reason: str = "", problems: Sequence[Problem] = ()) -> str:
    """What will follow, with what was typed; raises what is in its way."""
    told = told_of(concerned.id, lambda imagined: imagined.cancel_occurrence(candidate, "", g.now))
    going = concerned.candidates[candidate]
    return render_template(
        "staff/occurrence.html",
        appointment=concerned,
        candidate=going,
        title=title_of(concerned),
        calendars=[people.name_of(owner) for owner in concerned.resources(going)],
        told=told,
        left=sum(c.end > g.now for c in concerned.occurrences) - 1,
        reason=reason,
        problems=refused.first_of_each(problems),
    )


def _with(id: str, candidate: str) -> Appointment:
    concerned = visible(id)
    if candidate not in concerned.candidates:
        raise NotFound
    return concerned
