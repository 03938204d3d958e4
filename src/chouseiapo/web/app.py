"""What every request has: the time, a language, and headers that keep the browser strict."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request

from chouseiapo.bootstrap import Services
from chouseiapo.web import feeds, origin, staff, static_files
from chouseiapo.web.api.guest import guest_api
from chouseiapo.web.api.openapi import description
from chouseiapo.web.api.organization import organization
from chouseiapo.web.api.routes import api
from chouseiapo.web.asking import Asking
from chouseiapo.web.dry_run import DryRun
from chouseiapo.web.errors import Refused, sentence
from chouseiapo.web.freebusy import FreeBusy
from chouseiapo.web.guest.pages import guest
from chouseiapo.web.i18n import LOCALES, translate
from chouseiapo.web.live_check import LiveCheck
from chouseiapo.web.operations import operations
from chouseiapo.web.request import services
from chouseiapo.web.webhooks import webhooks

MOST_BYTES = 2 * 1024 * 1024
POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "img-src 'self' data:",
    )
)


def install(app: Flask, given: Services) -> None:
    """Routes, hooks and settings of the application."""
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's provider has it, its base not
    app.extensions["chouseiapo"] = given
    app.extensions["asking"] = asking = Asking(given)
    app.extensions["freebusy"] = FreeBusy(given, asking)
    app.extensions["live_check"] = LiveCheck(given, asking)
    app.extensions["dry_run"] = DryRun(given, asking)
    app.before_request(_prepare)
    app.before_request(lambda: origin.must_be_our_own(given.settings.base_url))
    app.after_request(_harden)
    for blueprint in (api, organization, guest_api, guest, operations, webhooks):
        app.register_blueprint(blueprint)
    staff.install(app)
    feeds.install(app, given)
    static_files.install(app)
    app.add_url_rule("/api/v1/openapi.json", "openapi", lambda: description(given.settings.base_url))
    app.jinja_env.globals["_"] = lambda text, **values: translate(text, g.locale, **values)
    app.jinja_env.globals["message"] = lambda problem: sentence(problem, g.locale)


def _prepare() -> None:
    g.now = services().clock()
    g.locale = _locale()
    if "\0" in request.path or any("\0" in value for value in request.args.values()):
        raise Refused(400, "bad_request")


def _locale() -> str:
    asked = request.args.get("lang") or request.cookies.get("lang", "")
    if asked in LOCALES:
        return asked
    return request.accept_languages.best_match(LOCALES, services().settings.locale)


def _harden(response: Response) -> Response:
    headers: dict[str, Any] = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
