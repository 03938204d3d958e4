"""What the staff do with an appointment's web meeting: issue it, make it anew or as the options say, do
without it, and start it as its host.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import DomainError, NotFound
from chouseiapo.ports import PortError
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.appointment import Decide, carry_out, page_refusing
from chouseiapo.web.staff.frame import title_of
from chouseiapo.web.staff.overview import told_of
from chouseiapo.web.staff.panel import manager, may_start
from projections.issue_meetings import look_at

meeting = Blueprint("meeting", __name__, url_prefix="/appointments/<id>")
# What a browser says of a request that another site's page has begun.
ELSEWHERE = ("cross-site", "same-site")


@meeting.post("/meeting")
@session.signed_in
def issue(id: str) -> Any:
    """Have it issued: the first one, or another one for one that is gone."""
    return _do(id, "meeting", lambda cause: services().coordination.request_meeting(id, cause, g.now))


@meeting.get("/meeting/again")
@session.signed_in
def before_reissuing(id: str) -> Any:
    """What will follow: everybody has to be told another URL."""
    concerned, app = visible(id), services().coordination
    if concerned.meeting is None:
        return redirect(url_for("appointment.page", id=id), 303)
    try:
        told_of(id, lambda imagined: imagined.request_meeting("", g.now))
    except DomainError as refusal:
        return page_refusing(id, refusal)
    return render_template(
        "staff/meeting_again.html",
        appointment=concerned,
        title=title_of(concerned),
        unmanaged=manager(concerned) is None,
        hostless=not (app.member(concerned.organizer).zoom or app.organization().hosts),
    )


@meeting.post("/meeting/forgo")
@session.signed_in
def forgo(id: str) -> Any:
    return _do(id, "forgone", lambda cause: services().coordination.forgo_meeting(id, cause, g.now))


@meeting.post("/meeting/apply")
@session.signed_in
def apply(id: str) -> Any:
    """Let the meeting that stands have the options that hold by now."""
    return _do(id, "applied", lambda cause: services().coordination.apply_meeting_options(id, cause, g.now))


@meeting.get("/start")
@session.signed_in
def start(id: str) -> Any:
    """Into the meeting as its host, by an address that Zoom makes for this moment: it is handed over, and
    nothing of it is kept, logged or shown."""
    concerned = visible(id)
    if not may_start(concerned):
        return _not_started(concerned, _why_not(concerned)), 403
    if request.headers.get("Sec-Fetch-Site") in ELSEWHERE:
        return render_template("staff/start.html", **_shown(concerned)), 403
    through = manager(concerned)
    standing = concerned.meeting
    if through is None or standing is None:
        raise NotFound
    try:
        address = services().conferencing.start_url(through, standing.meeting_id)
    except PortError as failure:
        if failure.reason == "gone":
            look_at(services().rows, services().meetings, standing.meeting_id)
        return _not_started(concerned, words.trouble(failure.reason), again=True), 503
    response = redirect(address, 302)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _do(id: str, what: str, decide: Decide) -> Any:
    return carry_out(id, what, decide, anchor="meeting")


def _not_started(concerned: Appointment, why: words.Trouble, again: bool = False) -> str:
    """`again`: another try may help."""
    return render_template("staff/start_refused.html", **_shown(concerned), why=why, again=again)


def _shown(concerned: Appointment) -> dict[str, Any]:
    meeting = concerned.meeting if concerned.chosen else None  # of what was cancelled nothing is left
    return {"appointment": concerned, "title": title_of(concerned), "meeting": meeting}


def _why_not(concerned: Appointment) -> words.Trouble:
    if concerned.chosen is None or concerned.is_over(g.now):
        return words.in_words(_NOT_TO_COME)
    if concerned.meeting is None:
        return words.in_words(_GONE if concerned.conference.asked else _NOT_ISSUED)
    return words.in_words(_UNMANAGED if manager(concerned) is None else _NOT_THE_HOST)


_NOT_TO_COME = words.Trouble(
    _("この会議は終わったか、なくなりました。"), _("予定のページでいまの状態を確かめてください。")
)
_NOT_ISSUED = words.Trouble(
    _("Web会議がまだ発行されていません。"), _("予定のページで状態を確かめてください。")
)
_GONE = words.Trouble(
    _("この会議はZoomで削除されました。"), _("予定のページで、どうするかをお選びください。")
)
_UNMANAGED = words.Trouble(
    _("Zoomの連携が解除されているため、ここからは主催者として開始できません。"),
    _("Zoomのアプリで、この会議のアカウントから開始してください。"),
)
_NOT_THE_HOST = words.Trouble(
    _("主催者として開始できるのは、この会議を開くZoomの持ち主だけです。"),
    _("参加者としては、参加URLから入れます。"),
)
