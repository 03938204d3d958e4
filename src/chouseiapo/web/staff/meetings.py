"""What web meetings are like: the organization's choices, a member's own, and those of one appointment."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.appointment_state import ENDED_BY
from chouseiapo.domain.errors import Busy, DomainError, Invalid, NoConference, NotFound, Problem
from chouseiapo.domain.meeting_options import MeetingOptions, layered
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Platform
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import refused, session
from chouseiapo.web.staff.appointment import page_refusing
from chouseiapo.web.staff.frame import administrators_only, title_of
from chouseiapo.web.staff.options import FOLLOW_ORGANIZER, below, groups, problems_at, read_options

meetings = Blueprint("meetings", __name__)
FOLLOW_DEFAULT = _("調整アポの既定に従う(%(value)s)")
FOLLOW_ORGANIZATION = _("会社の設定に従う(%(value)s)")


@meetings.get("/settings/meetings")
@session.signed_in
def own() -> Any:
    return _own(g.member.meeting_options, g.member.meeting_url)


@meetings.post("/settings/meetings")
@session.signed_in
def choose_own() -> Any:
    options = read_options(request.form)
    try:
        services().coordination.choose_meeting_options(g.member.id, options, session.command(), g.now)
    except Invalid as wrong:
        return _own(options, g.member.meeting_url, problems_at(wrong.problems)), 422
    return redirect(url_for("meetings.own", saved="options"), 303)


@meetings.post("/settings/meetings/url")
@session.signed_in
def choose_url() -> Any:
    """The fixed address for one's own web meetings; empty for none."""
    url = request.form.get("meeting_url", "")
    try:
        services().coordination.choose_meeting_url(g.member.id, url, session.command(), g.now)
    except Invalid as wrong:
        return _own(g.member.meeting_options, url, refused.first_of_each(wrong.problems)), 422
    return redirect(url_for("meetings.own", saved="url", _anchor="url"), 303)


@meetings.get("/settings/organization/meetings")
@session.signed_in
def organization() -> Any:
    administrators_only()
    return _organization(services().coordination.organization().meeting_options)


@meetings.post("/settings/organization/meetings")
@session.signed_in
def choose_for_all() -> Any:
    administrators_only()
    options = read_options(request.form)
    try:
        services().coordination.choose_meeting_options(ORGANIZATION, options, session.command(), g.now)
    except Invalid as wrong:
        return _organization(options, problems_at(wrong.problems)), 422
    return redirect(url_for("meetings.organization", saved="options"), 303)


@meetings.get("/appointments/<id>/options")
@session.signed_in
def of_appointment(id: str) -> Any:
    concerned = visible(id)
    if refusal := _without_meeting(concerned):
        return refusal
    return _of_appointment(concerned, concerned.meeting_options)


@meetings.post("/appointments/<id>/options")
@session.signed_in
def choose_for_appointment(id: str) -> Any:
    """Choose them; a meeting that stands is changed only where that was asked for as well."""
    concerned, options, cause = visible(id), read_options(request.form), session.command()
    if refusal := _without_meeting(concerned):
        return refusal
    app = services().coordination
    try:
        app.choose_appointment_options(id, options, cause, g.now)
    except Invalid as wrong:
        return _of_appointment(concerned, options, problems_at(wrong.problems)), 422
    except (Busy, NotFound):
        raise
    except DomainError as refusal:
        return page_refusing(id, refusal)
    return redirect(url_for("appointment.page", id=id, done="options", _anchor="meeting"), 303)


def _own(options: MeetingOptions, url: str, problems: dict[str, Problem] | None = None) -> str:
    organization = layered(services().coordination.organization().meeting_options)
    return render_template(
        "staff/meetings_own.html",
        groups=groups(options, organization, FOLLOW_ORGANIZATION),
        url=url,
        problems=problems or {},
        saved=request.args.get("saved", ""),
    )


def _organization(options: MeetingOptions, problems: dict[str, Problem] | None = None) -> str:
    return render_template(
        "staff/meetings_organization.html",
        groups=groups(options, layered(), FOLLOW_DEFAULT),
        problems=problems or {},
        saved="saved" in request.args,
    )


def _of_appointment(
    concerned: Appointment, options: MeetingOptions, problems: dict[str, Problem] | None = None
) -> str:
    return render_template(
        "staff/meetings_appointment.html",
        appointment=concerned,
        title=title_of(concerned),
        groups=groups(options, below(concerned.organizer), FOLLOW_ORGANIZER),
        problems=problems or {},
    )


def _without_meeting(concerned: Appointment) -> Any:
    """The page that says why there is nothing to choose, if there is not."""
    if ended := ENDED_BY.get(concerned.state):
        return page_refusing(concerned.id, ended())
    return None if concerned.platform is Platform.ZOOM else page_refusing(concerned.id, NoConference())
