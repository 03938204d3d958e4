"""Answering what it means that an entry was deleted or moved by hand on somebody's calendar."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from chouseiapo.domain.appointment import Answer
from chouseiapo.domain.errors import LastOccurrence, Over
from chouseiapo.web.errors import Refused
from chouseiapo.web.request import services, visible
from chouseiapo.web.staff import session
from chouseiapo.web.staff.appointment import page_refusing

question = Blueprint("question", __name__, url_prefix="/appointments/<id>/question")
# What the page says afterwards. New times are offered on the pages of a proposal, and answer by themselves.
_DONE = {Answer.KEEP: "kept", Answer.CANCEL: "cancel", Answer.CANCEL_OCCURRENCE: "occurrence"}


@question.post("")
@session.signed_in
def answer(id: str) -> Any:
    """Keep the time, or cancel; what somebody else has answered meanwhile is not answered again."""
    concerned, cause = visible(id), session.command()
    given = next((each for each in _DONE if each == request.form.get("answer")), None)
    if given is None:
        raise Refused(400, "bad_request")
    there = redirect(url_for("appointment.page", id=id, done=_DONE[given]), 303)
    if cause.command in concerned.commands:
        return there
    place = (request.form.get("owner", ""), request.form.get("candidate", ""))
    asked = concerned.question
    if asked is None or (asked.owner, asked.candidate) != place or concerned.is_over(g.now):
        return page_refusing(id, Refused(409, "not_asked"))
    try:
        services().coordination.answer_question(id, *place, given, cause, g.now)
    except (LastOccurrence, Over) as refusal:
        return page_refusing(id, refusal)
    return there
