"""The web application: pages for staff and guests, the HTTP API, and what operators look at."""

from __future__ import annotations

from flask import Flask

from chouseiapo.bootstrap import Services
from chouseiapo.web import refusals
from chouseiapo.web.app import install


def create_app(services: Services) -> Flask:
    """The WSGI application over the given services."""
    app = Flask("chouseiapo.web", static_folder=None)
    install(app, services)
    refusals.install(app)
    return app
