"""Routes under /api/v1 for holders of a token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from chouseiapo.domain.appointment import Answer, Appointment, Edit, State
from chouseiapo.domain.errors import Invalid, NotFound, Problem
from chouseiapo.domain.ids import member_id, new_id
from chouseiapo.domain.member import Role
from chouseiapo.domain.proposal import Proposal
from chouseiapo.domain.slots import Slot
from chouseiapo.web.api.requests import command_of, json_body, with_token
from chouseiapo.web.errors import Refused
from chouseiapo.web.fixed_url import with_fixed_url
from chouseiapo.web.forms import (
    CancelBody,
    CandidatesBody,
    EditBody,
    MemberBody,
    MoveBody,
    ProposalBody,
    QuestionBody,
    is_thinkable,
    offers_of,
)
from chouseiapo.web.history import actor_name, worded
from chouseiapo.web.imagined import imagine
from chouseiapo.web.request import dry_runner, freebusy_reader, services, visible
from chouseiapo.web.views import Views
from projections.appointments import PAGE, list_appointments
from projections.history import timeline
from projections.people import find_people

api = Blueprint("api", __name__, url_prefix="/api/v1")
MOST_PEOPLE = 100


@api.get("/members")
@with_token
def members() -> Any:
    found = find_people(services().rows, "member", request.args.get("q", ""))
    return {"members": [{"id": p.id, "email": p.email, "name": p.name} for p in found]}


@api.post("/members")
@with_token
def add_member() -> Any:
    """Register a person; administrators only."""
    if g.member.role is not Role.ADMINISTRATOR:
        raise Refused(403, "forbidden")
    body = json_body(MemberBody)
    if body.role not in tuple(Role):
        raise Invalid(Problem("role", "unknown_value"))
    cause = command_of(g.member.id)
    member = services().coordination.register_member(
        body.email, body.name, cause, g.now, role=Role(body.role), kana=body.kana, latin=body.latin
    )
    return {"id": member.id, "email": member.email, "name": member.name, "role": member.role.value}, 201


@api.get("/rooms")
@with_token
def rooms() -> Any:
    found = find_people(services().rows, "room", request.args.get("q", ""))
    return {"rooms": [{"id": p.id, "name": p.name} for p in found]}


@api.get("/freebusy")
@with_token
def freebusy() -> Any:
    """Busy intervals of members and rooms; "unknown" where a calendar could not be read."""
    emails, rooms = _listed("members"), _listed("rooms")
    window = _window()
    people = {email: member_id(email) for email in emails}
    app = services().coordination
    if not all(member.version for member in app.members(people.values()).values()):
        raise Invalid(Problem("members", "attendee_unknown"))
    if not app.are_rooms(rooms):
        raise Invalid(Problem("rooms", "room_unknown"))
    found = freebusy_reader().of([*people.values(), *rooms], window, g.member.id)
    moment = Views(services()).moment

    def shown(resource: str) -> Any:
        busy = found[resource]
        if busy is None:
            return "unknown"
        return [{"start": moment(b.start), "end": moment(b.end)} for b in busy]

    return {
        "members": {email: shown(member) for email, member in people.items()},
        "rooms": {room: shown(room) for room in rooms},
    }


@api.post("/appointments")
@with_token
def propose() -> Any:
    proposal = with_fixed_url(services().coordination, json_body(ProposalBody).proposal())
    if _is_dry_run():
        return _tried(proposal)
    cause = command_of(g.member.id)
    id = new_id("appointment", cause.command)
    appointment = services().coordination.propose(id, proposal, g.member.id, cause, g.now)
    response = jsonify(Views(services()).appointment(appointment))
    response.headers["Location"] = f"/api/v1/appointments/{id}"
    return response, 201


@api.get("/appointments")
@with_token
def appointments() -> Any:
    """A page of the list, newest first; `cursor` is the next page's."""
    member = None if g.member.role is Role.ADMINISTRATOR else g.member.id
    asked = request.args
    if asked.get("state", "") not in ("", *State):
        raise Invalid(Problem("state", "unknown_value"))
    sought = (asked.get("state", ""), asked.get("q", ""), asked.get("cursor", ""))
    found = list_appointments(services().rows, member, g.now, *sought, PAGE + 1)
    views = Views(services())
    cursor = found[PAGE - 1].id if len(found) > PAGE else None
    return {"appointments": [views.listed(line) for line in found[:PAGE]], "cursor": cursor}


@api.get("/appointments/<id>")
@with_token
def appointment(id: str) -> Any:
    return _shown(visible(id))


@api.patch("/appointments/<id>")
@with_token
def edit(id: str) -> Any:
    """Change words and attendees; what is left out stays."""
    visible(id)
    body = json_body(EditBody)
    cause = command_of(g.member.id)
    title = None if body.title is None else body.title.strip()
    words = Edit(title=title, message=body.message, note=body.note, visibility=body.visibility)
    attendees = None if body.attendees is None else [member_id(email) for email in body.attendees]
    organizer = member_id(body.organizer) if body.organizer else ""
    return _shown(services().coordination.revise(id, words, cause, g.now, attendees, organizer))


@api.post("/appointments/<id>/candidates")
@with_token
def add_candidates(id: str) -> Any:
    visible(id)
    body = json_body(CandidatesBody)
    offers = offers_of(body.candidates)
    cause = command_of(g.member.id)
    return _shown(services().coordination.add_candidates(id, offers, cause, g.now)), 201


@api.delete("/appointments/<id>/candidates/<candidate>")
@with_token
def withdraw_candidate(id: str, candidate: str) -> Any:
    if candidate not in visible(id).candidates:
        raise NotFound
    cause = command_of(g.member.id)
    return _shown(services().coordination.withdraw_candidate(id, candidate, cause, g.now))


@api.post("/appointments/<id>/cancel")
@with_token
def cancel(id: str) -> Any:
    visible(id)
    body = json_body(CancelBody)
    return _shown(services().coordination.cancel(id, body.reason, command_of(g.member.id), g.now))


@api.post("/appointments/<id>/occurrences/<candidate>/cancel")
@with_token
def cancel_occurrence(id: str, candidate: str) -> Any:
    """Cancel one of several times; the others stand."""
    if candidate not in visible(id).candidates:
        raise NotFound
    body = json_body(CancelBody)
    cause = command_of(g.member.id)
    return _shown(services().coordination.cancel_occurrence(id, candidate, body.reason, cause, g.now))


@api.post("/appointments/<id>/move")
@with_token
def move(id: str) -> Any:
    """Fix another time for a confirmed appointment; its meeting and its people follow."""
    visible(id)
    body = json_body(MoveBody)
    to = Slot(body.start.astimezone(UTC), body.end.astimezone(UTC))
    return _shown(services().coordination.move(id, to, command_of(g.member.id), g.now))


@api.post("/appointments/<id>/meeting")
@with_token
def issue_meeting(id: str) -> Any:
    """Have the web meeting issued, or another one instead of the one that stands."""
    visible(id)
    return _shown(services().coordination.request_meeting(id, command_of(g.member.id), g.now)), 202


@api.post("/appointments/<id>/question")
@with_token
def answer_question(id: str) -> Any:
    """Say what it means that an entry was deleted or moved by hand; refused where nobody asks."""
    concerned, body = visible(id), json_body(QuestionBody)
    cause = command_of(g.member.id)
    asked = concerned.question
    if cause.command in concerned.commands:
        return _shown(concerned)
    if asked is None or concerned.is_over(g.now):
        raise Refused(409, "not_asked")
    place, answer = (asked.owner, asked.candidate), Answer(body.answer)
    return _shown(services().coordination.answer_question(id, *place, answer, cause, g.now))


@api.post("/appointments/<id>/resend")
@with_token
def resend(id: str) -> Any:
    visible(id)
    return _shown(services().coordination.resend_request(id, command_of(g.member.id), g.now))


@api.post("/appointments/<id>/link")
@with_token
def reissue_link(id: str) -> Any:
    """A new guest link; older ones answer that they were revoked."""
    visible(id)
    return _shown(services().coordination.reissue_link(id, command_of(g.member.id), g.now))


@api.get("/appointments/<id>/history")
@with_token
def history(id: str) -> Any:
    visible(id)
    moment = Views(services()).moment
    lines = timeline(services().coordination.stream(id))
    return {
        "history": [
            {"at": moment(line.at), "actor": actor_name(line.actor), "what": line.what, "text": worded(line)}
            for line in lines
        ]
    }


def _is_dry_run() -> bool:
    """Anything but a plain yes or no is refused: what was meant as a trial must not reach a guest."""
    asked = request.args.get("dry_run", "false")
    if asked not in ("true", "false"):
        raise Invalid(Problem("dry_run", "unknown_value"))
    return asked == "true"


def _tried(proposal: Proposal) -> dict[str, Any]:
    """What proposing would do, and what is in its way; nothing of it is recorded. Raises Invalid, as that."""
    if problems := services().coordination.check(proposal, g.now):
        raise Invalid(*problems)
    imagined, _, mails = imagine(services(), new_id("appointment"), proposal, g.member.id, g.now)
    findings, views = dry_runner().of(imagined), Views(services())
    would_create = views.imagined(imagined, mails)
    return {"would_create": would_create, "findings": [views.finding(each) for each in findings]}


def _shown(appointment: Appointment) -> Response:
    return jsonify(Views(services()).appointment(appointment))


def _listed(name: str) -> list[str]:
    found = [part for part in request.args.get(name, "").split(",") if part]
    if len(found) > MOST_PEOPLE:
        raise Invalid(Problem(name, "too_long", {"most": MOST_PEOPLE}))
    return found


def _window() -> Slot:
    start, end = _instant("start"), _instant("end")
    if end <= start:
        raise Invalid(Problem("end", "candidate_reversed"))
    if (end - start).days > 62:
        raise Invalid(Problem("end", "candidate_too_long", {"hours": 62 * 24}))
    return Slot(start, end)


def _instant(name: str) -> datetime:
    # A plus sign in a query arrives as a space.
    text = request.args.get(name, "").replace(" ", "+")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(Problem(name, "time_invalid")) from None
    if instant.tzinfo is None:
        raise Invalid(Problem(name, "time_without_offset"))
    if not is_thinkable(instant):
        raise Invalid(Problem(name, "time_invalid"))
    return instant
