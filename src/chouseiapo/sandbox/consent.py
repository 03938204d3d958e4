"""The vendors' pages on which a person gives consent. Nothing happens by GET."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox.oauth import SignIn, with_parameters
from chouseiapo.sandbox.pages import language
from chouseiapo.sandbox.site import Site
from chouseiapo.sandbox.words import permission


def consents(site: Site) -> Blueprint:
    routes = Blueprint("consent", __name__)
    for consent in site.consents:
        _page(routes, consent.path, consent.sign_in)
    return routes


def _page(routes: Blueprint, path: str, sign_in: SignIn) -> None:
    def show() -> ResponseReturnValue:
        if problem := sign_in.problem(request.args):
            return render_template("problem.html", lang=language(), problem=problem), 400
        hint = request.args.get("login_hint", "")
        people = sorted(sign_in.choices(), key=lambda each: each.email != hint)
        wanted = sign_in.wanted(request.args)
        return render_template(
            "consent.html",
            lang=language(),
            vendor=sign_in.vendor,
            people=people,
            scopes=sorted(wanted),
            optional=sign_in.optional(wanted),
            permission=lambda scope: permission(scope, language()),
        )

    def decide() -> ResponseReturnValue:
        """The query is still that of the page: the form posts to where it came from."""
        if problem := sign_in.problem(request.args):
            return render_template("problem.html", lang=language(), problem=problem), 400
        email = request.form.get("email", "")
        known = email in {each.email for each in sign_in.choices()}
        if known and "request" in request.form:
            sign_in.ask_for_approval(email)
        if known and (state := sign_in.approval(email)):
            return _not_approved(sign_in, email, state)
        shown, ticked = request.form.getlist("shown"), request.form.getlist("scope")
        refused = frozenset(shown) - frozenset(ticked)
        answer = sign_in.agreed(request.args, email, refused) if known else sign_in.denied(request.args)
        target = request.args["redirect_uri"]
        if request.args.get("response_mode") == "form_post":
            return render_template("form_post.html", lang=language(), target=target, answer=answer)
        return redirect(with_parameters(target, answer), 303)

    routes.add_url_rule(path, f"show {sign_in.vendor}", show, methods=["GET"])
    routes.add_url_rule(path, f"decide {sign_in.vendor}", decide, methods=["POST"])


def _not_approved(sign_in: SignIn, email: str, state: str) -> ResponseReturnValue:
    """The person stays here: the product hears nothing of it."""
    return render_template(
        "not_approved.html", lang=language(), vendor=sign_in.vendor, email=email, state=state
    )
