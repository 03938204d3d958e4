"""The API's own description (OpenAPI 3.1), built from the bodies that the routes read."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from chouseiapo.web import forms

_BODIES = (
    forms.ProposalBody,
    forms.EditBody,
    forms.CandidatesBody,
    forms.CancelBody,
    forms.MoveBody,
    forms.QuestionBody,
    forms.ConfirmBody,
    forms.MemberBody,
    forms.RemindersBody,
)
_REF = "#/components/schemas/{name}"
_TEXT = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_NULL = {"type": "null"}

_CANDIDATE = {
    "type": "object",
    "required": ["id", "start", "end", "state"],
    "properties": {
        "id": _TEXT,
        "start": _MOMENT,
        "end": _MOMENT,
        "room": {"type": ["string", "null"]},
        "state": {"enum": ["open", "chosen", "withdrawn", "taken", "passed"]},
        "all_day": {"type": "boolean"},
    },
}
_MEETING = {
    "type": "object",
    "properties": {"join_url": _TEXT, "meeting_id": _TEXT, "passcode": _TEXT},
}
_CONFIRMED = {
    "type": "object",
    "properties": {"start": _MOMENT, "end": _MOMENT, "candidate": _TEXT},
}
_RECURRENCE = {
    "type": "object",
    "required": ["frequency", "count", "interval"],
    "properties": {
        "frequency": {"enum": ["daily", "weekdays", "weekly", "monthly"]},
        "count": {"type": "integer", "description": "How often in all, the first included"},
        "interval": {"type": "integer"},
    },
}
_STATE = {"enum": ["proposed", "confirmed", "declined", "cancelled", "expired"]}
_SHARED = {
    "state": _STATE,
    "kind": {"enum": ["web", "visit_us", "visit_them", "phone"]},
    "platform": {"enum": ["zoom", "meet", "teams", "url", "none"]},
    "place": _TEXT,
    "title": _TEXT,
    "deadline": {"type": ["string", "null"], "format": "date-time"},
    "candidates": {"type": "array", "items": _CANDIDATE},
    "confirmed": {"oneOf": [_CONFIRMED, _NULL]},
    "recurrence": {"oneOf": [_RECURRENCE, _NULL]},
    "occurrences": {
        "type": "array",
        "description": "Every fixed time that was not called off; more than one where it repeats.",
        "items": _CONFIRMED,
    },
    "meeting": {"oneOf": [_MEETING, _NULL]},
}
_CALENDAR = {
    "type": "object",
    "description": "How far the calendars have come: done means settled = wanted and removing = 0.",
    "properties": {
        "wanted": {"type": "integer"},
        "settled": {"type": "integer"},
        "removing": {"type": "integer"},
        "failed": {
            "type": "array",
            "items": {"type": "object", "properties": {"member": _TEXT, "reason": _TEXT, "since": _MOMENT}},
        },
    },
}
_NOT_YET = ("id", "revision", "guest_url")
_QUESTION = {
    "type": "object",
    "description": "An entry was deleted (gone) or moved by hand on the owner's calendar; to be decided.",
    "required": ["owner", "candidate", "gone", "start", "end", "since"],
    "properties": {
        "owner": _TEXT,
        "candidate": _TEXT,
        "gone": {"type": "boolean"},
        "start": {"type": ["string", "null"], "format": "date-time"},
        "end": {"type": ["string", "null"], "format": "date-time"},
        "since": _MOMENT,
    },
}
_APPOINTMENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state", "revision", "guest_url", "candidates", "confirmed", "meeting", "calendar"],
    "properties": _SHARED
    | {
        "id": _TEXT,
        "revision": {"type": "integer"},
        "direct": {"type": "boolean", "description": "The time was fixed by the staff, not picked"},
        "guest_url": _TEXT,
        "shown_title": _TEXT,
        "attendees": {"type": "array", "items": _TEXT},
        "organizer": _TEXT,
        "author": _TEXT,
        "round": {"type": ["object", "null"]},
        "meeting_options": {"$ref": _REF.format(name="MeetingOptionsBody")},
        "calendar": _CALENDAR,
        "question": {"oneOf": [_QUESTION, _NULL]},
    },
}
_GUEST_VIEW = {"type": "object", "properties": _SHARED | {"company": _TEXT, "organizer": _TEXT}}
_TRIAL = {
    "type": "object",
    "required": ["would_create", "findings"],
    "properties": {
        "would_create": {
            "type": "object",
            "description": "The appointment without id, revision and guest_url; and the mails that would go.",
            "properties": {n: s for n, s in _APPOINTMENT["properties"].items() if n not in _NOT_YET}
            | {
                "mails": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"to": _TEXT, "rule": _TEXT}},
                }
            },
        },
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["who", "kind", "level", "reason"],
                "properties": {
                    "who": {"type": "string", "description": "A member's address or a room's id"},
                    "kind": {"enum": ["calendar", "host"]},
                    "level": {"enum": ["ok", "attention", "fails"]},
                    "reason": {"type": "string", "description": "A stable code; empty when ok"},
                },
            },
        },
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": _TEXT, "code": _TEXT, "message": _TEXT}},
        },
    },
}

# (method, path, summary, body, answer, status)
_ROUTES: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("get", "/members", "Members, found by name, kana or Latin letters", "", "", 200),
    ("post", "/members", "Register a member (administrators)", "MemberBody", "", 201),
    ("get", "/rooms", "Rooms", "", "", 200),
    ("get", "/freebusy", 'Busy intervals, or "unknown"', "", "", 200),
    ("post", "/appointments", "Propose an appointment", "ProposalBody", "Appointment", 201),
    ("get", "/appointments", "A page of the list", "", "", 200),
    ("get", "/appointments/{id}", "One appointment", "", "Appointment", 200),
    ("patch", "/appointments/{id}", "Change words or attendees", "EditBody", "Appointment", 200),
    ("post", "/appointments/{id}/candidates", "Offer more", "CandidatesBody", "Appointment", 201),
    ("delete", "/appointments/{id}/candidates/{candidate}", "Withdraw one", "", "Appointment", 200),
    ("post", "/appointments/{id}/cancel", "Cancel", "CancelBody", "Appointment", 200),
    (
        "post",
        "/appointments/{id}/occurrences/{candidate}/cancel",
        "Cancel one of several times",
        "CancelBody",
        "Appointment",
        200,
    ),
    ("post", "/appointments/{id}/move", "Fix another time", "MoveBody", "Appointment", 200),
    ("post", "/appointments/{id}/meeting", "Issue the web meeting, or reissue it", "", "Appointment", 202),
    ("post", "/appointments/{id}/question", "Answer its question", "QuestionBody", "Appointment", 200),
    ("post", "/appointments/{id}/resend", "Mail the request again", "", "Appointment", 200),
    ("post", "/appointments/{id}/link", "Reissue the guest link", "", "Appointment", 200),
    ("get", "/appointments/{id}/history", "The timeline", "", "", 200),
    ("get", "/organization/reminders", "When people are reminded", "", "RemindersBody", 200),
    (
        "put",
        "/organization/reminders",
        "Choose all the rules (administrators)",
        "RemindersBody",
        "RemindersBody",
        200,
    ),
    ("get", "/guest/{secret}", "What the guest sees", "", "GuestView", 200),
    ("post", "/guest/{secret}/confirm", "Pick one candidate", "ConfirmBody", "GuestView", 200),
)
_QUERIES = {
    "get /members": ("q",),
    "get /rooms": ("q",),
    "get /freebusy": ("start", "end", "members", "rooms"),
    "get /appointments": ("state", "q", "cursor"),
    "post /appointments": ("dry_run",),
}
# What a route answers in place of its usual answer, when it is asked for.
_OTHERWISE = {"post /appointments": ("200", "With dry_run=true: nothing was recorded", "Trial")}


@cache
def description(base_url: str) -> dict[str, Any]:
    """The whole document for a server at that address."""
    _, schemas = msgspec.json.schema_components(_BODIES, ref_template=_REF)
    paths: dict[str, Any] = {}
    for method, path, summary, body, answer, status in _ROUTES:
        paths.setdefault(path, {})[method] = _operation(method, path, summary, body, answer, status)
    return {
        "openapi": "3.1.0",
        "info": {"title": "chouseiapo", "version": "1", "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": f"{base_url}/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {
                **schemas,
                "Appointment": _APPOINTMENT,
                "GuestView": _GUEST_VIEW,
                "Trial": _TRIAL,
                "Problem": _PROBLEM,
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(method: str, path: str, summary: str, body: str, answer: str, status: int) -> dict[str, Any]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": n, "in": "path", "required": True, "schema": _TEXT} for n in names]
    route = f"{method} {path}"
    parameters += [{"name": n, "in": "query", "schema": _TEXT} for n in _QUERIES.get(route, ())]
    if method == "post":
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": _TEXT})
    content = _content("application/json", answer) if answer else _content("application/json", "")
    found: dict[str, Any] = {
        "summary": summary,
        "operationId": f"{method}{path}".translate(str.maketrans("/-", "__", "{}")),
        "parameters": parameters,
        "responses": {
            str(status): {"description": "Done", "content": content},
            "default": {"description": "Refused", "content": _content("application/problem+json", "Problem")},
        },
    }
    if route in _OTHERWISE:
        code, when, schema = _OTHERWISE[route]
        found["responses"][code] = {"description": when, "content": _content("application/json", schema)}
    if path.startswith("/guest/"):
        found["security"] = []
    if body:
        found["requestBody"] = {"required": True, "content": _content("application/json", body)}
    return found


def _content(kind: str, schema: str) -> dict[str, Any]:
    return {kind: {"schema": {"$ref": _REF.format(name=schema)} if schema else {"type": "object"}}}
