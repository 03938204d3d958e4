"""The one Flask application: vendors, the sandbox's own endpoints, and its pages."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox.calls import Call, Reply, parse_query
from chouseiapo.sandbox.consent import consents
from chouseiapo.sandbox.control import control
from chouseiapo.sandbox.oauth import SignIn
from chouseiapo.sandbox.pages import pages
from chouseiapo.sandbox.server import DROP
from chouseiapo.sandbox.site import Site
from chouseiapo.sandbox.vendor import Vendor
from chouseiapo.sandbox.zoom_pages import zoom_pages

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'; object-src 'none'"


def create_app(site: Site) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(control(site.world))
    app.register_blueprint(consents(site))
    app.register_blueprint(pages(site))
    app.register_blueprint(zoom_pages(site))
    for root, vendor in site.mounts:
        _mount(app, root, vendor)
        _refuse_below(app, root, vendor)

    @app.after_request
    def guard(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", POLICY)
            response.headers.setdefault("Referrer-Policy", "no-referrer")
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def _mount(app: Flask, root: str, vendor: Vendor) -> None:
    def serve(path: str) -> ResponseReturnValue:
        reply = vendor.serve(_call(path))
        if reply is None:
            request.environ[DROP] = True
            return ""
        return _response(reply)

    app.add_url_rule(f"{root}/<path:path>", f"vendor {vendor.service}", serve, methods=METHODS)


def _refuse_below(app: Flask, root: str, vendor: Vendor) -> None:
    """Another version of an API, say: not found, in the vendor's own form."""
    prefix = f"/{root.split('/')[1]}"
    if prefix != root and not isinstance(vendor, SignIn):
        app.add_url_rule(
            f"{prefix}/<path:path>",
            f"beside {vendor.service}",
            lambda path: _response(vendor.not_found(_call(path))),
            methods=METHODS,
        )


def _call(path: str) -> Call:
    return Call(
        method=request.method,
        path=f"/{path}",
        query=parse_query(request.query_string.decode("latin-1")),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(),
    )


def _response(reply: Reply) -> Response:
    response = Response(reply.encoded(), reply.status, dict(reply.headers))
    if reply.body is not None:
        response.headers["Content-Type"] = reply.content_type
    else:
        response.headers.pop("Content-Type", None)
    return response
