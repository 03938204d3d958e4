"""The one map from refusals to answers: a status and a code for programs, a sentence for people."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from flask import Response
from werkzeug.exceptions import HTTPException

from chouseiapo.domain import errors
from chouseiapo.domain.errors import DomainError, Invalid, Problem
from chouseiapo.event_store import StoreTrouble
from chouseiapo.storage import DatabaseTrouble
from chouseiapo.web.i18n import translate
from chouseiapo.web.messages import PROBLEMS, REFUSALS

STATUS: dict[type[DomainError], int] = {
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.AlreadyConfirmed: 409,
    errors.CandidateMoved: 409,
    errors.CandidateTaken: 409,
    errors.CandidateWithdrawn: 409,
    errors.CandidatePassed: 409,
    errors.NotProposed: 409,
    errors.NotConfirmed: 409,
    errors.NoConference: 409,
    errors.SeriesStands: 409,
    errors.LastOccurrence: 409,
    errors.LastCandidate: 409,
    errors.Over: 409,
    errors.NotOver: 409,
    errors.Erased: 410,
    errors.Cancelled: 410,
    errors.Expired: 410,
    errors.Declined: 410,
    errors.Revoked: 410,
    errors.Busy: 503,
}
BUSY_RETRY_S = 2

_HTTP_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_acceptable",
    429: "too_many_requests",
}


class Refused(Exception):
    """A request that the web layer itself refuses."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Answer(msgspec.Struct, frozen=True):
    """What a refusal becomes, before it is worded for whoever asked."""

    status: int
    code: str
    problems: tuple[Problem, ...] = ()
    headers: dict[str, str] = {}


def answer_to(error: Exception) -> Answer:
    """The status and code of any error; one we did not expect says nothing about itself."""
    match error:
        case Invalid():
            return Answer(422, error.code, tuple(error.problems))
        case errors.Busy() | StoreTrouble() | DatabaseTrouble():
            return Answer(503, errors.Busy.code, headers={"Retry-After": str(BUSY_RETRY_S)})
        case DomainError():
            return Answer(STATUS[type(error)], error.code)
        case Refused():
            return Answer(error.status, error.code, headers=error.headers)
        case HTTPException() if error.code:
            methods: list[str] | None = getattr(error, "valid_methods", None)
            headers = {"Allow": ", ".join(methods)} if methods else {}
            return Answer(error.code, _HTTP_CODES.get(error.code, "bad_request"), headers=headers)
    return Answer(500, "internal")


def sentence(problem: Problem, locale: str) -> str:
    """What is wrong at a field, in the person's language."""
    return translate(PROBLEMS[problem.code], locale, **problem.values)


def problem_json(answer: Answer, locale: str, **more: Any) -> Response:
    """RFC 9457, with our stable `code`."""
    content = {
        "type": "about:blank",
        "title": translate(REFUSALS[answer.code], locale),
        "status": answer.status,
        "code": answer.code,
        **more,
    }
    if answer.problems:
        content["errors"] = [
            {"field": p.field, "code": p.code, "message": sentence(p, locale)} for p in answer.problems
        ]
    response = Response(json.dumps(content, ensure_ascii=False), answer.status, answer.headers)
    response.content_type = "application/problem+json"
    return response
