"""How a refusal is shown: as problem+json to a program, on the guest's page, in the frame of the staff's."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, render_template, request

from chouseiapo.web.errors import answer_to, problem_json
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.staff import session

log = logging.getLogger(__name__)
# Only these are asked who reads them: whatever else went wrong may be the very store that would tell.
_ABOUT_THE_ADDRESS = ("not_found", "forbidden", "method_not_allowed")


def install(app: Flask) -> None:
    """Every error of every route goes through here."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        found = answer_to(error)
        if found.status == 500:
            log.error("%s %s failed", request.method, request.endpoint, exc_info=error)
        if request.path.startswith("/api/"):
            return problem_json(found, g.locale)
        return Response(_page(found.code), found.status, found.headers)


def _page(code: str) -> str:
    for_guests = request.path.startswith("/g/")
    if not for_guests and code in _ABOUT_THE_ADDRESS and "member" not in g:
        session.enter()
    template = "refused.html" if for_guests else "staff/refused.html"
    return render_template(template, sentence=REFUSALS[code], code=code)
